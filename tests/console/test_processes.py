"""Processes that die: the page's, the experiment's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

pytest.importorskip("bokeh")

EXPERIMENT = """
import sys, time
sys.path.insert(0, {engine!r})
from trainings import alpha
from psychopy_nfb import Neurofeedback
with Neurofeedback(alpha({source!r})) as nfb:
    print("ready", flush=True)
    time.sleep(120)
"""


def test_a_page_that_is_killed_is_missed_by_nobody(nfb, serve, until):
    process, first = serve()
    seen = nfb.records.newest_seq
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()
    until(lambda: nfb.records.newest_seq > seen + 50, 30, "further values")
    assert nfb.restarts == 0
    _, second = serve()
    assert second != first


def test_a_page_ends_with_its_session(nfb, serve):
    process, _ = serve()
    nfb.close()
    assert process.wait(60) == 0


def test_a_page_ends_when_the_experiment_is_killed(amplifier, announced, serve, until, tmp_path):
    engine = os.path.join(os.path.dirname(__file__), "..", "engine")
    code = EXPERIMENT.format(engine=engine, source=amplifier().source_id)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as experiment:
        assert experiment.stdout.readline().strip() == b"ready"
        process, _ = serve()
        experiment.kill()
    assert process.wait(60) == 0
