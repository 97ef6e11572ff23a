"""What tests of two computers share."""

import os
import subprocess
import sys
import time
import uuid

import pytest

TOKEN = "a token of tests"


class Worker:
    """`psychopy-nfb worker` in a process of its own."""

    def __init__(self, folder, *arguments, before=(), environment=None):
        self.name = f"worker-{uuid.uuid4().hex[:8]}"
        self.data = folder
        self.process = subprocess.Popen(
            [
                *before,
                *(sys.executable, "-m", "psychopy_nfb.cli", "worker", "--name", self.name),
                *("--data", str(folder), "--token", TOKEN, *arguments),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=environment or os.environ,
        )
        assert b"waits for experiments" in self.process.stdout.readline()

    def stem(self):
        """Return the stem of its only session, once there is one."""
        (settings,) = self.data.glob("*_nfb.json")
        return settings.with_name(settings.name.removesuffix("_nfb.json"))

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
        self.process.stdout.close()


@pytest.fixture
def worker(tmp_path):
    """Return a function that starts a worker."""
    running = []

    def start(*arguments, **more):
        one = Worker(tmp_path / f"eeg_{len(running)}", *arguments, **more)
        running.append(one)
        return one

    yield start
    for one in running:
        one.end()


@pytest.fixture
def token(monkeypatch):
    """Put the worker's token where experiments look for it."""
    monkeypatch.setenv("PSYCHOPY_NFB_TOKEN", TOKEN)
    return TOKEN


@pytest.fixture
def listen():
    """Return a function that updates for some time and returns the records that came."""
    from psychopy_nfb.engine.records import NUMBER

    def go_on(nfb, seconds):
        seen, records = nfb.records.newest_seq, []
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            nfb.update()
            for record in nfb.records.since(seen):
                seen = record[NUMBER]
                records.append(record)
            time.sleep(0.005)
        return records

    return go_on
