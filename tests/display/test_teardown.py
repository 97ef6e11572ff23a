"""However an experiment ends, nothing of it stays behind and what was recorded can be read."""

from __future__ import annotations

import json
import os
import random
import signal
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
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
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


fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
shown = pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="only Linux shows shared memory")


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("raise", 1),
        ("exit", 0),
        ("quit", 0),
        pytest.param("fork", 0, marks=fork),
        pytest.param("gone", 0, marks=shown),
    ],
    ids=["an exception", "Escape", "core.quit", "a forked process ends", "the memory is removed"],
)
def test_row_050_nothing_stays_behind(experiment, ending, status):
    process, told = experiment(ending)
    assert process.wait(20) == status
    assert not lives(told["worker"])
    assert shared_blocks(process.pid) == []
    said = process.stderr.read()
    assert ("a mistake in the experiment" in said) == (ending == "raise")
    assert ("Traceback" in said) == (ending == "raise")
    assert "resource_tracker" not in said
    session = read_session(told["stem"])
    assert session.settings["ended"] == "stopped"
    assert len(session.frames) >= 90
    assert len(session.signals) == len(session.eeg.stamps)
    assert session.frames.frame.tolist() == list(range(len(session.frames)))


@pytest.mark.alone
@pytest.mark.skipif(os.name != "posix", reason="the signal goes to a POSIX process group")
def test_ctrl_c_in_a_terminal_leaves_complete_files(experiment):
    process, told = experiment("forever")
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes at once
    assert process.wait(20) in (-signal.SIGINT, 130)
    assert not lives(told["worker"])
    assert shared_blocks(process.pid) == []
    said = process.stderr.read()
    assert said.count("Traceback") == 1  # Python's own, of the experiment's script
    assert "resource_tracker" not in said
    session = read_session(told["stem"])
    assert session.settings["ended"] == "stopped"
    assert session.settings["counts"]["Frames"] == len(session.frames) > 90
    events = pd.read_csv(session.files.events, sep="\t")
    by_the_end = ["flags", "points_off", "trial"]  # the block's end makes these as well
    ends = events[~events.trial_type.isin(by_the_end)]
    assert ends.trial_type.tolist()[-2:] == ["block_end", "stopped"]
    assert (events.value == "values").sum() == 1
    assert not Path(f"{told['stem']}_worker.log").exists()


def interrupted_twice(experiment, first, second):
    """Press Ctrl-C after `first` seconds, and again after `second`; nothing may be left."""
    process, told = experiment("forever")
    time.sleep(first)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(second)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(30) in (-signal.SIGINT, 130)
    deadline = time.monotonic() + 10
    while lives(told["worker"]):  # it finishes by itself
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert shared_blocks(process.pid) == []
    session = read_session(told["stem"])
    assert session.settings["ended"] == "stopped"
    assert len(session.frames) > 90


@pytest.mark.skipif(os.name != "posix", reason="the signal goes to a POSIX process group")
def test_a_second_ctrl_c_while_it_closes_leaves_complete_files(experiment):
    interrupted_twice(experiment, 0.3, 0.05)


@pytest.mark.campaign
@pytest.mark.parametrize("turn", range(40))
@pytest.mark.skipif(os.name != "posix", reason="the signal goes to a POSIX process group")
def test_two_ctrl_c_at_any_moment_leave_complete_files(experiment, turn):
    chance = random.Random(turn)
    interrupted_twice(experiment, chance.uniform(0.0, 1.0), chance.expovariate(10.0))


@pytest.mark.alone
def test_ctrl_c_while_starting_leaves_nothing(tmp_path):
    code = (
        "import sys; from psychopy_nfb import Neurofeedback, standard_training\n"
        "from dataclasses import replace\n"
        "from psychopy_nfb.lsl.selection import StreamSelection\n"
        "training = standard_training(channels='Oz', band=(8, 12))\n"
        "nobody = StreamSelection(source_id='nobody', timeout=30.0)\n"
        "nfb = Neurofeedback(replace(training, stream=nobody), data=sys.argv[1])\n"
        "import psychopy\n"
        "print('starting', flush=True); nfb.start()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "starting\n"
    while not (workers := psutil.Process(process.pid).children()):
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=2.5)  # less than the wait for a worker that has files to finish
    assert not any(lives(worker.pid) for worker in workers)
    assert shared_blocks(process.pid) == []
    (left,) = tmp_path.iterdir()  # the next run has the number that this one had
    assert left.name.endswith("_run-01_failed.txt")
    assert "stopped by Ctrl-C" in left.read_text(encoding="utf-8")


@pytest.mark.alone
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
        said = process.stderr.read().splitlines()  # nothing of "leaked shared_memory objects"
        assert [one.split(":")[0] for one in said] == ["The EEG is simulated"]
        session = read_session(told["stem"])
        assert killed - 1.0 < session.frames.t_flip.max() <= killed
        assert killed - 1.0 < session.eeg.stamps[-1]
        assert session.frames.frame.tolist() == list(range(len(session.frames)))
        assert len(pd.read_csv(session.files.events, sep="\t")) == len(session.events) > 0
        if seconds[-1] <= 1.0:
            return
    pytest.fail(f"worker or shared memory outlived the experiment by {seconds} s")
