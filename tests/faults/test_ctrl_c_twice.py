"""Ctrl-C pressed twice: the second ends the wait for the files, and adds no traceback."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from campaign import Amplifier
from interrupts import interrupted

pytestmark = pytest.mark.slow

EXPERIMENT = """
import time
from psychopy_nfb import Neurofeedback, StreamSelection, standard_training
training = standard_training(StreamSelection(test_signal=True), channels="Oz")
nfb = Neurofeedback(training)
nfb.start()
print(nfb.worker_pid, flush=True)
while True:
    nfb.update()
    time.sleep(0.01)
"""


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is a POSIX signal here")
def test_a_second_ctrl_c_at_exit_adds_no_traceback(until):
    experiment = subprocess.Popen(
        [sys.executable, "-c", EXPERIMENT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    worker = psutil.Process(int(experiment.stdout.readline()))
    worker.suspend()  # it does not answer: the end waits for it
    experiment.send_signal(signal.SIGINT)
    said = []
    until(lambda: said.append(experiment.stderr.readline()) or "Interrupt" in said[-1], 20, "it")
    experiment.send_signal(signal.SIGINT)
    worker.resume()
    assert experiment.wait(20) in (-signal.SIGINT, 130)
    said.append(experiment.stderr.read())
    experiment.stdout.close()
    experiment.stderr.close()
    assert "".join(said).count("Traceback") == 1, "Python's own, of the experiment's script"
    assert "atexit" not in "".join(said)
    until(lambda: not worker.is_running(), 10, "the end of the background process")


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is a POSIX signal here")
@pytest.mark.parametrize("after", [0.1, 0.6, 2.0, 3.5])
def test_ctrl_c_pressed_twice_leaves_whole_files_and_one_traceback(after, tmp_path):
    """While it starts, in a block, near the end; `interrupts` is the campaign."""
    amplifier = Amplifier()
    try:
        assert list(interrupted(amplifier.source_id, tmp_path, after, 0.05)) == []
    finally:
        amplifier.stop()
