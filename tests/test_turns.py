"""The rig of the tests with several at a time: who runs beside whom."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("xdist")

FILES = 4
TESTS = """
import os, time
import pytest

def told(name):
    with open(os.environ["TOLD"], "a") as file:
        file.write(f"{name} {time.monotonic()}\\n")

@pytest.mark.alone
def test_alone():
    told("alone begins")
    time.sleep(0.2)
    told("alone ends")

@pytest.mark.parametrize("number", range(3))
def test_beside(number):
    told("beside begins")
    time.sleep(0.1)
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    told("beside ends")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="turns are taken by locks of POSIX")
def test_alone_tests_run_beside_no_other_and_after_those_of_all_files(tmp_path, monkeypatch):
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    markers = "".join(f"\n    {name}" for name in ("alone", "campaign", "display", "row", "slow"))
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nmarkers ={markers}\n")
    for number in range(FILES):
        (tmp_path / f"test_{number}.py").write_text(TESTS)
    monkeypatch.setenv("TOLD", str(tmp_path / "told.txt"))
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile"]
    done = subprocess.run(
        [*command, "--no-loadscope-reorder"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    lines = (tmp_path / "told.txt").read_text().splitlines()
    told = [
        line.rpartition(" ")[0] for line in sorted(lines, key=lambda one: float(one.split()[-1]))
    ]
    begun = [at for at, what in enumerate(told) if what == "alone begins"]
    assert [told[at + 1] for at in begun] == ["alone ends"] * FILES
    for at in begun:  # nothing else is under way
        assert told[:at].count("beside begins") == told[:at].count("beside ends")
    assert told[: begun[0]].count("beside begins") >= 3 * (FILES - 1)  # of the last some may follow
