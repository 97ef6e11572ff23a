"""What tests of two computers share."""

import pytest
from computers import TOKEN, Worker


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
