"""What editors know of the package: the type of everything that a script can use."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import psychopy_nfb
from psychopy_nfb.engine.preset_parameters import PipelineParameters, SignalParameters
from psychopy_nfb.engine.presets import band_amplitude, standard_pipeline
from psychopy_nfb.process import child_environment

HOUSE = Path(__file__).parents[1]
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


@pytest.fixture
def mypy_says(tmp_path):
    """Check a script's types with mypy, as its author would; returns mypy's output."""
    pytest.importorskip("mypy")

    def check(script: str) -> str:
        (tmp_path / "script.py").write_text(script, encoding="utf-8")
        found = subprocess.run(
            [
                *(sys.executable, "-m", "mypy", "--config-file=", "--follow-imports=silent"),
                *("--ignore-missing-imports", "script.py"),
            ],
            cwd=tmp_path,
            env={**child_environment(), "MYPYPATH": str(HOUSE)},
            capture_output=True,
            encoding="utf-8",
        )
        assert found.stderr == ""
        return found.stdout

    return check


@pytest.mark.slow
def test_the_first_script_of_the_readme_has_no_error_of_types(mypy_says):
    blocks = (HOUSE / "README.md").read_text(encoding="utf-8").split("```python\n")[1:]
    (script,) = [block.split("```")[0] for block in blocks]
    assert mypy_says(script) == "Success: no issues found in 1 source file\n"


@pytest.mark.slow
def test_a_misspelt_parameter_of_a_preset_is_an_error_of_types(mypy_says):
    script = """
from psychopy_nfb import band_amplitude, standard_training

standard_training(chanels="Oz")
standard_training(channels="Oz", band=(8, 12), direction="down", artifact_uv=None)
band_amplitude(channels="T7", rolle="inhibit")
band_amplitude(channels=["T7", "T8"], band=(30, 45), role="inhibit", display_range=None)
standard_training(delay="10 ms")
"""
    errors = [line for line in mypy_says(script).splitlines() if "error" in line]
    assert [error.split(": ")[0] for error in errors[:-1]] == [f"script.py:{n}" for n in (4, 6, 8)]
    for wrong, error in zip(("chanels", "rolle", "delay"), errors, strict=False):
        assert f'"{wrong}"' in error


def test_what_a_preset_passes_on_is_named_as_the_next_one_names_it():
    def own(preset):
        taken = inspect.signature(preset).parameters.values()
        return {one.name for one in taken if one.kind is not one.VAR_KEYWORD}

    of_pipeline, of_signal = own(standard_pipeline), own(band_amplitude)
    assert set(PipelineParameters.__annotations__) == of_pipeline
    assert set(SignalParameters.__annotations__) == of_pipeline | of_signal


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
