"""What editors know of the package: the type of everything that a script can use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import psychopy_nfb
from psychopy_nfb.process import child_environment

CHECKERS = ("basedpyright", "pyright")
"""The second has no node of its own; its Python package loads one when it first runs."""


def checker() -> str | None:
    """Return the program that checks types, of this environment or else of the system."""
    places = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    return next(filter(None, (shutil.which(name, path=places) for name in CHECKERS)), None)


@pytest.fixture(scope="module")
def known(tmp_path_factory) -> dict:
    """What the checker finds in the package, as an editor does in an installed one."""
    program = checker()
    if program is None:
        pytest.skip(f"none of {', '.join(CHECKERS)} is installed")
    found = subprocess.run(
        [
            *(program, "--pythonpath", sys.executable, "--outputjson"),
            *("--verifytypes", "psychopy_nfb", "--ignoreexternal"),
        ],
        cwd=tmp_path_factory.mktemp("elsewhere"),  # where no project's settings are
        env=child_environment(),
        capture_output=True,
        encoding="utf-8",
    )
    assert found.stdout.startswith("{"), found.stderr
    return json.loads(found.stdout)["typeCompleteness"]


@pytest.mark.slow
def test_the_first_script_of_the_readme_has_no_error_of_types(tmp_path):
    pytest.importorskip("mypy")
    house = Path(__file__).parents[1]
    blocks = (house / "README.md").read_text(encoding="utf-8").split("```python\n")[1:]
    (script,) = [block.split("```")[0] for block in blocks]
    (tmp_path / "first.py").write_text(script, encoding="utf-8")
    found = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--config-file=", "--follow-imports=silent"),
            *("--ignore-missing-imports", "first.py"),
        ],
        cwd=tmp_path,
        env={**child_environment(), "MYPYPATH": str(house)},
        capture_output=True,
        encoding="utf-8",
    )
    assert found.stdout == "Success: no issues found in 1 source file\n", found.stderr


def test_it_is_this_package_that_is_looked_at(known):
    folder = Path(psychopy_nfb.__file__).parent
    assert Path(known["packageRootDirectory"]).samefile(folder)
    assert Path(known["pyTypedPath"]).samefile(folder / "py.typed")


def test_each_public_name_has_a_type(known):
    untyped = [one for one in known["symbols"] if one["isExported"] and not one["isTypeKnown"]]
    told = [
        f"{one['name']}: {said['message'] if said else 'see what it is made of'}"
        for one in untyped
        for said in [next((d for d in one["diagnostics"] if d["severity"] == "error"), None)]
    ]
    assert told[:10] == [], f"{len(told)} names have no type, or only a guessed one"
    assert known["completenessScore"] == 1.0
