"""A session from start to end in Windows: values, a killed worker, files; a killed experiment."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from psychopy_nfb import Neurofeedback
from psychopy_nfb.dsp import CFIR, DCBlock, Pick, Pipeline
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.protocol import Signal
from psychopy_nfb.recording import read_session

pytestmark = pytest.mark.skipif(
    sys.platform != "win32", reason="for Windows; tests/windows/run.sh runs it here, in Wine"
)
SLOW_SECONDS = 120.0
"""For what takes a second or two on Windows: Wine and a busy machine need more."""


def test_a_session_with_a_killed_worker(amplifier, tmp_path, until, listen):
    folder = tmp_path / "Jörg Müller, 50 µV"
    nfb = Neurofeedback(training(amplifier().source_id), data=folder)
    with nfb:
        until(lambda: listen(nfb, 0.1), SLOW_SECONDS, "values")
        assert len(listen(nfb, 2.0)) > 20
        with nfb.baseline("eyes open"):
            listen(nfb, 6.0)
        until(lambda: nfb.calibrated or nfb.refusal, 10, "a baseline")
        assert nfb.calibrated, nfb.refusal
        nfb.mark("before")
        listen(nfb, 1.0)  # a kill may cost what happened in the last quarter of a second
        pid, score = nfb.worker_pid, nfb.score
        psutil.Process(pid).kill()
        until(lambda: nfb.restarts == 1, 10, "another worker")
        before = nfb.records.newest_seq
        until(lambda: listen(nfb, 0.1) and nfb.records.newest_seq > before, SLOW_SECONDS, "values")
        nfb.mark("after")
        listen(nfb, 2.0)
        assert nfb.worker_pid != pid
        assert nfb.score >= score
        pid = nfb.worker_pid
    assert not psutil.pid_exists(pid)
    session = whole(nfb.files.stem)
    marks = session.events[session.events.trial_type == "mark"]
    assert marks["value"].tolist() == ["before", "after"]
    assert session.events.trial_type.tolist().count("worker_restarted") == 1
    assert session.settings["ended"] == "stopped"
    alpha = session.settings["configuration"]["signals"]["alpha"]
    assert alpha["baseline"]["label"] == "eyes open"
    let_go(folder)


def test_a_killed_experiment_leaves_whole_files_and_no_worker(amplifier, tmp_path, until):
    code = (
        "import sys, time\n"
        "sys.path.insert(0, sys.argv[3])\n"
        "from test_session import Neurofeedback, training\n"
        "nfb = Neurofeedback(training(sys.argv[1]), data=sys.argv[2])\n"
        "nfb.start()\n"
        "print(nfb.worker_pid, flush=True)\n"
        "time.sleep(300)\n"
    )
    here = __file__.rsplit("\\", 1)[0]
    command = [sys.executable, "-c", code, amplifier().source_id, str(tmp_path), here]
    experiment = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
    worker = psutil.Process(int(experiment.stdout.readline()))
    time.sleep(4.0)
    started = psutil.Process(experiment.pid).children()  # one waits to take the worker's place
    assert worker in started
    experiment.kill()
    experiment.wait()
    until(lambda: not any(one.is_running() for one in started), 30, "the end of its processes")
    whole(next(tmp_path.glob("*.xdf")))
    let_go(tmp_path)


def training(source_id):
    """Return a training whose stream has time to be found, and the worker time to start."""
    steps = [Pick(["Oz"]), DCBlock(), CFIR((8.0, 12.0), delay=0.1)]
    return Configuration(
        stream=StreamSelection(source_id=source_id, timeout=SLOW_SECONDS),
        signals={"alpha": Signal(Pipeline(steps))},
    )


def whole(stem):
    """Read a session, and see that no sample is missing, doubled or no number."""
    session = read_session(stem)
    steps = np.diff(session.eeg.stamps) * session.eeg.rate
    restarts = session.events.trial_type.tolist().count("worker_restarted")
    assert len(session.eeg.stamps) > 2 * session.eeg.rate
    assert (steps > 0).all()
    assert (steps > 1.5).sum() <= restarts
    assert np.isfinite(session.eeg.samples).all()
    assert len(session.signals) == len(session.eeg.stamps)
    return session


def let_go(folder):
    """Rename and remove all files, which Windows refuses while anybody has them open."""
    for path in list(folder.iterdir()):
        path.rename(path.with_name(f"moved {path.name}")).unlink()
