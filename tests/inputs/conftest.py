"""Inputs that people have: odd amplifiers on LSL, and the table of kinds that the tests make."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

import psychopy_nfb

DONE = ("read", "corrected", "refused")
"""What may be done with a kind of input: understood as it is; corrected and told; refused in one
sentence."""
AMPLIFIER = Path(__file__).with_name("odd_amplifier.py")


def pytest_configure(config):
    """Declare the mark that makes a test a line of the table."""
    config.addinivalue_line("markers", "kind(name, done): a kind of input and what is done with it")


def pytest_collection_modifyitems(items):
    """Refuse a line of the table that says nothing known."""
    for item in items:
        for mark in item.iter_markers("kind"):
            if len(mark.args) != 2 or mark.args[1] not in DONE:
                raise pytest.UsageError(f"{item.nodeid}: kind(name, one of {DONE})")


@pytest.fixture
def odd_amplifier():
    """Start odd amplifiers; each call returns the stream's source_id once it is on the network."""
    running = []

    def start(**settings):
        settings = {"source_id": f"odd-{uuid.uuid4().hex}", **settings}
        process = subprocess.Popen(
            [sys.executable, str(AMPLIFIER), json.dumps(settings)], stdout=subprocess.PIPE
        )
        running.append(process)
        assert process.stdout.readline().strip() == b"ready"
        return settings["source_id"]

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def read():
    """Read a file; its assumptions must be sentences that were logged, each once."""

    def read_one(path, **options):
        messages = []
        handler = logging.Handler()
        handler.emit = lambda record: messages.append(record.getMessage())
        logger = logging.getLogger("psychopy_nfb")
        logger.addHandler(handler)
        try:
            recording = psychopy_nfb.read_recording(path, **options)
        finally:
            logger.removeHandler(handler)
        assert messages == [f"{path.name}: {text}" for text in recording.assumptions]
        assert all(text.endswith(".") and "\n" not in text for text in recording.assumptions)
        assert len(recording.samples.shape) == 2
        assert len(recording.labels) == len(recording.kinds) == len(recording.units)
        return recording

    return read_one
