"""A running session, its announcement and its page."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys

import psutil
import pytest

from psychopy_nfb.bench.operator_page import BROWSERS
from psychopy_nfb.console.program import running_page
from psychopy_nfb.engine.running_sessions import FOLDER_VARIABLE, running_sessions


@pytest.fixture(autouse=True)
def sessions(tmp_path, monkeypatch):
    """Return the folder in which the test's sessions announce themselves."""
    folder = tmp_path / "running"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return folder


@pytest.fixture(scope="session")
def chromium():
    """Return where a real Chromium is."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium on PATH")
    return path


@pytest.fixture
def host():
    """Return an address of this computer that others can reach."""
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            if one.family == socket.AF_INET and not one.address.startswith("127."):
                return one.address
    pytest.skip("this computer has no address beside loopback")


@pytest.fixture
def certificate(host, tmp_path):
    """Return the files of a certificate for `host` and its key, as a lab makes them."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on PATH")
    files = tmp_path / "lab.pem", tmp_path / "lab.key"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=lab", "-addext", f"subjectAltName=IP:{host}"]
    command += ["-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run(command, check=True, capture_output=True)
    return files


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
def serve(announced, until, tmp_path):
    """Return a function that serves a page and returns its process and address.

    What it reports in the terminal is in ``page.log`` of the test's folder.
    """
    started = []

    def start(*options):
        path, _ = announced()
        command = [sys.executable, "-m", "psychopy_nfb.console.program"]
        command += ["--announcement", str(path), *options]
        with open(tmp_path / "page.log", "ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log
            )
        started.append(process)
        until(lambda: process.poll() is not None or running_page(path), 60, "the page")
        assert process.poll() is None, "the page's process has ended"
        return process, running_page(path)

    yield start
    for process in started:
        process.kill()
        process.wait()
