"""A running session, its announcement and its page."""

from __future__ import annotations

import subprocess
import sys

import pytest

from psychopy_nfb.console.program import running_page
from psychopy_nfb.engine.running_sessions import FOLDER_VARIABLE, running_sessions


@pytest.fixture(autouse=True)
def sessions(tmp_path, monkeypatch):
    """Return the folder in which the test's sessions announce themselves."""
    folder = tmp_path / "running"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return folder


@pytest.fixture
def nfb(amplifier, training, tmp_path):
    """Return a started session that is recorded."""
    from psychopy_nfb import Neurofeedback

    source = amplifier()
    with Neurofeedback(training(source.source_id), data=tmp_path / "data") as started:
        yield started


@pytest.fixture
def announced():
    """Return a function that gives the file and the content of the only announcement."""

    def only():
        [(path, about)] = running_sessions().items()
        return path, about

    return only


@pytest.fixture
def serve(announced, until):
    """Return a function that serves a page and returns its process and address."""
    started = []

    def start(*options):
        path, _ = announced()
        command = [sys.executable, "-m", "psychopy_nfb.console.program"]
        command += ["--announcement", str(path), *options]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        started.append(process)
        until(lambda: process.poll() is not None or running_page(path), 60, "the page")
        assert process.poll() is None, "the page's process has ended"
        return process, running_page(path)

    yield start
    for process in started:
        process.kill()
        process.wait()
