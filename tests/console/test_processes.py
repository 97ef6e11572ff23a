"""Processes that die: the page's, the experiment's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import psutil
import pytest

from psychopy_nfb.console.program import running_page
from psychopy_nfb.engine.running_sessions import running_sessions

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


def test_a_browser_that_is_killed_is_missed_by_nobody(nfb, serve, until, chromium, tmp_path):
    """Its page is forgotten, so that its control is free; session and server go on."""
    server, address = serve()
    options = ("--headless=new", "--no-sandbox", "--no-first-run", "--remote-debugging-port=0")
    command = [chromium, *options, f"--user-data-dir={tmp_path / 'profile'}"]
    with subprocess.Popen(
        [*command, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as browser:
        until(lambda: connections(server) > 0, 90, "the page's socket")
        for process in (*psutil.Process(browser.pid).children(recursive=True), browser):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    seen = nfb.records.newest_seq
    until(lambda: connections(server) == 0, 60, "the end of the socket")
    until(lambda: nfb.records.newest_seq > seen + 50, 30, "further values")
    assert nfb.restarts == 0
    assert server.poll() is None


def connections(server):
    """Return how many connections to browsers a page's process has."""
    port = int(running_page(next(iter(running_sessions()))).split(":")[2].split("/")[0])
    established = psutil.Process(server.pid).net_connections("tcp")
    return sum(one.laddr.port == port and one.status == "ESTABLISHED" for one in established)


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
