"""However an experiment ends, nothing of it stays behind and what was recorded can be read."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.recording import read_session

pytestmark = [pytest.mark.display, pytest.mark.slow]
EXPERIMENT = Path(__file__).with_name("experiment.py")
SHARED_MEMORY = Path("/dev/shm")
TURNS = 3
"""A busy machine can hold up one of them, not each."""


@pytest.fixture
def experiment(amplifier, tmp_path):
    """Run the experiment until values have come; give its process and what it told."""
    running = []

    def run(ending):
        command = [sys.executable, str(EXPERIMENT), amplifier().source_id, str(tmp_path), ending]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        line = process.stdout.readline()
        assert line, process.stderr.read()
        return process, json.loads(line)

    yield run
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def shared_blocks(pid):
    return list(SHARED_MEMORY.glob(f"nfb_{pid}_*")) if SHARED_MEMORY.is_dir() else []


def lives(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("ending", "status"),
    [("raise", 1), ("exit", 0), ("quit", 0)],
    ids=["an exception", "Escape", "core.quit"],
)
def test_row_050_nothing_stays_behind(experiment, ending, status):
    process, told = experiment(ending)
    assert process.wait(20) == status
    assert not lives(told["worker"])
    assert shared_blocks(process.pid) == []
    assert ("a mistake in the experiment" in process.stderr.read()) == (ending == "raise")
    session = read_session(told["stem"])
    assert session.settings["ended"] == "stopped"
    assert len(session.frames) >= 90
    assert len(session.signals) == len(session.eeg.stamps)
    assert session.frames.frame.tolist() == list(range(len(session.frames)))


def test_row_109_what_a_killed_experiment_showed_is_on_disk(experiment):
    seconds = []
    for _ in range(TURNS):
        process, told = experiment("forever")
        assert not SHARED_MEMORY.is_dir() or len(shared_blocks(process.pid)) == 1
        time.sleep(2.0)
        killed = lsl_now()
        process.kill()
        while lives(told["worker"]) or shared_blocks(process.pid):
            assert lsl_now() - killed < 10
            time.sleep(0.01)
        seconds.append(lsl_now() - killed)
        session = read_session(told["stem"])
        assert killed - 1.0 < session.frames.t_flip.max() <= killed
        assert killed - 1.0 < session.eeg.stamps[-1]
        assert session.frames.frame.tolist() == list(range(len(session.frames)))
        assert len(pd.read_csv(session.files.events, sep="\t")) == len(session.events) > 0
        if seconds[-1] <= 1.0:
            return
    pytest.fail(f"worker or shared memory outlived the experiment by {seconds} s")
