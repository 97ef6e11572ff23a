"""Runs the project's tests in the Windows Python; see run.sh, which calls this."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import make_python
from wine import ROOT, Wine, windows_path

FOLDER = os.environ.get("PSYCHOPY_NFB_WINDOWS") or "~/.cache/psychopy_nfb/windows"
SMOKE = ["tests/windows"]
SUITES = [
    *SMOKE,
    "tests/recording tests/protocol tests/timing tests/test_settings.py tests/test_process.py",
    "tests/test_cli.py tests/doctor/test_check.py",
    "tests/engine/test_memory.py tests/lsl/test_files.py",
    "tests/engine/test_worker.py tests/engine/test_recorder.py",
    "tests/lsl/test_outlet.py tests/lsl/test_replay.py",
    "tests/study",
    "tests/course tests/analysis tests/report/bids",
    "tests/console",
]
"""Each line is a run of its own: one that hangs costs no other."""
SUITE_SECONDS = 600
TRIES = 2
"""A test that failed is tried once more: on a busy machine Wine may be too slow for its limits."""


def left_out() -> list[str]:
    """Return the tests that cannot pass here; the file says the reason of each."""
    lines = (Path(__file__).parent / "left_out.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def run_suite(wine: Wine, names: str, outcomes: dict[str, str]) -> None:
    """Run some tests and put their outcomes, "passed", "failed" or "skipped", into `outcomes`."""
    wanted = names.split()
    for attempt in range(TRIES):
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder, "outcomes.jsonl")
            arguments = ["-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]
            arguments += ["-m", "not display"]  # Wine is given none
            arguments += ["-p", "report_outcomes", f"--outcomes={windows_path(told)}"]
            arguments += [f"--deselect={test}" for test in left_out()]
            status, _ = wine.python([*arguments, *wanted], SUITE_SECONDS, show=True)
            lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
        found = dict(map(json.loads, lines))
        if status not in (0, 1) and "failed" not in found.values():
            found[names] = "failed"  # it hung or could not begin
        if attempt and "failed" not in found.values():
            outcomes.pop(names, None)
        outcomes.update(found)
        failed = [name for name, outcome in found.items() if outcome == "failed"]
        wanted = names.split() if names in failed else failed
        if not wanted:
            return


def main(arguments: list[str]) -> int:
    """Make the Windows Python if need be, and run what is asked for."""
    folder = Path(FOLDER).expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one run at a time: it ends all processes of this Windows
        make_python.main(folder)
        wine = Wine(folder)
        try:
            if arguments[:1] == ["--python"]:
                return wine.python(arguments[1:], seconds=3600, show=True)[0]
            began, outcomes = time.monotonic(), {}
            for names in SMOKE if arguments == ["--smoke"] else SUITES:
                run_suite(wine, names, outcomes)
        finally:
            wine.end_all()
    for name, outcome in outcomes.items():
        if outcome == "failed":
            print(f"windows: failed: {name}")
    n = {word: list(outcomes.values()).count(word) for word in ("passed", "failed", "skipped")}
    print(f"windows: took {time.monotonic() - began:.0f} s")
    print(f"windows: {n['passed']} passed, {n['failed']} failed, {n['skipped']} skipped")
    return int(n["failed"] > 0 or n["passed"] == 0)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
