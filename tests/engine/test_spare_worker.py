"""A process that waits to take the place of a background process that dies."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from psychopy_nfb import Neurofeedback
from psychopy_nfb.engine.spare_worker import WAITING
from psychopy_nfb.recording import read_session

pytestmark = pytest.mark.slow
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def waiting(experiment_pid, worker_pid):
    """Return the processes that an experiment has started ahead and that do not work yet."""
    return [
        child.pid
        for child in psutil.Process(experiment_pid).children()
        if f"psychopy_nfb.{WAITING}" in child.cmdline() and child.pid != worker_pid
    ]


def ahead_of(nfb):
    return waiting(os.getpid(), nfb.worker_pid)


def fresh(nfb):
    nfb.update()
    return not nfb.stale


def test_a_process_that_waits_takes_the_place_of_one_that_dies(
    amplifier, training, tmp_path, until
):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        until(lambda: ahead_of(nfb), 20, "a process that waits")
        first, (spare,) = nfb.worker_pid, ahead_of(nfb)
        os.kill(first, KILL)
        until(lambda: nfb.worker_pid != first and fresh(nfb), 20, "feedback again")
        assert nfb.worker_pid == spare
        until(lambda: ahead_of(nfb), 20, "another process that waits")
        (second,) = ahead_of(nfb)
    assert not psutil.pid_exists(spare)
    assert not psutil.pid_exists(second)
    assert not list(tmp_path.glob("*_worker.log"))
    assert read_session(nfb.files.stem).settings["ended"] == "stopped"


def test_one_that_waits_and_dies_is_not_started_again_and_again(
    amplifier, training, tmp_path, until
):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        until(lambda: ahead_of(nfb), 20, "a process that waits")
        first, (spare,) = nfb.worker_pid, ahead_of(nfb)
        os.kill(spare, KILL)
        until(lambda: not psutil.pid_exists(spare), 10, "its end to be noticed")
        os.kill(first, KILL)
        until(lambda: nfb.worker_pid != first and fresh(nfb), 20, "feedback again")
        assert not ahead_of(nfb)


@pytest.mark.alone
def test_in_the_middle_of_a_run_the_next_one_is_loaded_at_once(
    amplifier, training, tmp_path, until
):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        until(lambda: ahead_of(nfb), 20, "a process that waits")
        first = nfb.worker_pid
        os.kill(first, KILL)
        until(lambda: nfb.worker_pid != first and fresh(nfb), 20, "feedback again")
        until(lambda: ahead_of(nfb), 20, "another process that waits")
        assert not nfb._link.handle._health.has_worked, "it did not wait for the start to be over"


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP on this system")
def test_one_that_was_stopped_is_not_given_the_work(amplifier, training, tmp_path, until):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        until(lambda: ahead_of(nfb), 20, "a process that waits")
        first, (spare,) = nfb.worker_pid, ahead_of(nfb)
        os.kill(spare, signal.SIGSTOP)
        os.kill(first, KILL)
        until(lambda: nfb.worker_pid != first and fresh(nfb), 20, "feedback again")
        assert nfb.restarts == 1
        assert nfb.worker_pid != spare
        assert not psutil.pid_exists(spare)


EXPERIMENT = """
import sys, time
from psychopy_nfb import Neurofeedback, StreamSelection, standard_training
stream = StreamSelection(source_id=sys.argv[1])
nfb = Neurofeedback(standard_training(stream, channels="Oz"), data=sys.argv[2])
nfb.start()
print(nfb.worker_pid, flush=True)
time.sleep(300)
"""


def test_none_waits_after_its_experiment_has_been_killed(amplifier, tmp_path, until):
    """The experiment cannot end it then: it has to notice by itself."""
    command = [sys.executable, "-c", EXPERIMENT, amplifier().source_id, str(tmp_path)]
    experiment = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        worker = int(experiment.stdout.readline())
        ahead = []
        until(lambda: ahead.extend(waiting(experiment.pid, worker)) or ahead, 20, "one that waits")
    finally:
        experiment.kill()
        experiment.wait()
        experiment.stdout.close()
    until(lambda: not psutil.pid_exists(ahead[0]), 10, "its end")
