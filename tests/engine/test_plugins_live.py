"""Steps and rules of a lab in a real worker on a real stream, and in a rerun of the session."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import psutil
import pytest
from lab_parts import RULE, STEP, as_it_was, install, write

from psychopy_nfb import Neurofeedback, load_plugins, rerun
from psychopy_nfb.dsp import CFIR, DCBlock, Flags, Pick, Pipeline, Step
from psychopy_nfb.engine.plugins import load_installed
from psychopy_nfb.protocol import ThresholdRule
from psychopy_nfb.recording import read_session

pytestmark = pytest.mark.slow
RERUN = """
import sys
from psychopy_nfb import NfbError, rerun
try:
    rerun(sys.argv[1], plugins=sys.argv[2:])
except NfbError as error:
    print(error)
"""


@pytest.fixture(autouse=True)
def _families():
    with as_it_was():
        yield


def pipeline_with(name):
    steps = [Pick(["Oz"]), DCBlock(), Step.family[name](), CFIR((8.0, 12.0), delay=0.1)]
    return Pipeline(steps)


def check_equal(session, values, flags):
    """Check that a rerun gave what the session has."""
    names = [name for name in session.signals.columns if name not in ("t", "sample", "flags")]
    there = session.signals[names].to_numpy()
    assert there.shape == values.shape
    assert np.nanmax(np.abs(there - values)) < 1e-9
    assert session.signals["flags"].tolist() == flags.tolist()


def said_by_rerun(session, *plugins):
    """Return what a rerun in a process of its own says, where nothing has been loaded."""
    done = subprocess.run(
        [sys.executable, "-c", RERUN, str(session.files.settings), *map(str, plugins)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_a_file_is_the_same_in_the_worker_its_successor_and_a_rerun(
    amplifier, training, tmp_path, listen, until
):
    path, sha256 = write(tmp_path / "lab_a.py")
    load_plugins([path])
    settings = training(amplifier().source_id, pipeline=pipeline_with("Halved"))
    with Neurofeedback(settings, data=tmp_path, plugins=[path]) as nfb:
        listen(nfb, 0.5)
        write(path, "raise RuntimeError('saved in the midst of a session')\n")
        psutil.Process(nfb.worker_pid).kill()
        until(lambda: nfb.restarts == 1, 10, "another worker")
        until(lambda: not nfb.update() and not nfb.stale, 15, "its values")
        listen(nfb, 0.5)
        files = nfb.files
    session = read_session(files.stem)
    assert session.settings["own_parts"] == [
        {"name": "lab_a.py", "file": str(path), "sha256": sha256, "parts": ["Halved"]}
    ]
    step = session.settings["configuration"]["signals"]["trained"]["pipeline"]["steps"][2]
    assert step["from"] == f"lab_a.py (SHA-256 {sha256[:16]})"
    write(path)
    check_equal(session, *rerun(session, plugins=[path]))
    said, _ = said_by_rerun(session)
    assert "steps[2].type='Halved': is not here; it came from lab_a.py (SHA-256 " in said
    write(path, STEP + "# a comment\n")
    said, warned = said_by_rerun(session, path)
    assert said == ""
    assert warned.count("lab_a.py is not the same as in the session") == 1


def test_a_package_is_the_same_in_the_worker_and_a_rerun_and_named_when_it_is_gone(
    amplifier, training, tmp_path, until, monkeypatch
):
    folder = install(tmp_path / "packages", text=STEP + RULE, rules=("Towards",))
    monkeypatch.syspath_prepend(str(folder))
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), before])))
    load_installed()
    rule = ThresholdRule.family["Towards"](start=0.0)
    settings = training(amplifier().source_id, pipeline=pipeline_with("Halved"), threshold=rule)
    with Neurofeedback(settings, data=tmp_path) as nfb:

        def moved():
            nfb.update()
            return np.isfinite(nfb.threshold) and nfb.threshold not in (0.0, 1.0)

        with nfb.block("training"):
            until(moved, 15, "a move")
            nfb.signals["trained"].set(threshold={"type": "Towards", "share": 0.9, "start": 1.0})
            until(lambda: nfb.update() or nfb.threshold == 1.0, 5, "the other rule's start")
            until(moved, 15, "its move")
        files = nfb.files
    session = read_session(files.stem)
    assert session.settings["own_parts"] == [
        {"name": "lab-package", "version": "1.5", "parts": ["Halved", "Towards"]}
    ]
    moves = session.events[session.events.trial_type == "threshold"]
    assert len(moves) >= 3  # the other rule's start is one of them
    thresholds = session.signals.trained_threshold.unique()
    assert len(thresholds) == 1 + len(moves)  # where it began, and each event
    check_equal(session, *rerun(session))
    assert said_by_rerun(session) == ("", "")  # found by its name alone
    monkeypatch.setenv("PYTHONPATH", before)
    said, _ = said_by_rerun(session)
    assert said.strip().endswith(
        "pipeline.steps[2].type='Halved': is not here; it came from lab-package 1.5: install that "
        "package."
    )


def test_a_fault_is_flagged_and_told_once_and_the_worker_lives(
    amplifier, training, tmp_path, until, caplog
):
    # Fails in every other of its blocks from the fiftieth on, and prints: a worker's own lines to
    # the experiment go by its stdout.
    text = STEP.replace(
        "        all_of_them",
        "        print('a block')\n"
        "        self._n = getattr(self, '_n', 0) + 1\n"
        "        if self._n > 50 and self._n % 2:\n"
        "            raise ValueError('not today')\n"
        "        all_of_them",
        1,
    )
    path, _ = write(tmp_path / "lab_a.py", text)
    load_plugins([path])
    settings = training(amplifier().source_id, pipeline=pipeline_with("Halved"))
    with Neurofeedback(settings, data=tmp_path) as nfb:

        def flagged():
            nfb.update()
            return nfb.flags & Flags.INVALID

        until(flagged, 10, "the flag")
        until(lambda: "not today" in caplog.text, 5, "the sentence")
        until(lambda: not flagged() and not nfb.stale, 5, "a good block")
        assert nfb.restarts == 0
        files = nfb.files
    session = read_session(files.stem)
    (detail,) = session.events[session.events.trial_type == "step_failed"].detail
    line = 1 + text.splitlines().index("            raise ValueError('not today')")
    assert "signals.trained.pipeline.steps[2] (Halved of lab_a.py (SHA-256 " in detail
    assert f"failed (ValueError: not today, line {line} of " in detail
    assert caplog.text.count("not today") == 1
    assert np.isfinite(session.signals.trained_signal).all()
    flags = session.signals["flags"].to_numpy() & int(Flags.INVALID)
    assert 0 < np.count_nonzero(flags) < len(flags)


def test_a_rule_that_fails_leaves_the_threshold_and_is_told_once(
    amplifier, training, tmp_path, until, listen, caplog
):
    text = RULE.replace(
        "        self.threshold +=",
        "        if self.n > 1000:\n            1 / 0\n        self.threshold +=",
    )
    path, _ = write(tmp_path / "lab_b.py", text)
    load_plugins([path])
    rule = ThresholdRule.family["Towards"](start=0.0)
    settings = training(amplifier().source_id, threshold=rule)
    with Neurofeedback(settings, data=tmp_path, plugins=[path]) as nfb:
        with nfb.block("training"):
            until(lambda: nfb.update() or "ZeroDivisionError" in caplog.text, 20, "the sentence")
            held = nfb.threshold
            listen(nfb, 2.0)
            assert nfb.threshold == held != 0
        psutil.Process(nfb.worker_pid).kill()
        until(lambda: nfb.restarts == 1, 10, "another worker")
        until(lambda: not nfb.update() and not nfb.stale, 15, "its values")
        assert nfb.threshold == pytest.approx(held, abs=1e-12)
        files = nfb.files
    session = read_session(files.stem)
    details = session.events[session.events.trial_type == "rule_failed"].detail.tolist()
    assert len(details) in (1, 2)  # the successor goes on with it, and says so
    line = 1 + text.splitlines().index("            1 / 0")
    assert "signals.trained.threshold (Towards of lab_b.py (SHA-256 " in details[0]
    assert f"failed (ZeroDivisionError: division by zero, line {line} of " in details[0]
    check_equal(session, *rerun(session, plugins=[path]))
