"""What tests of two computers share."""

import time

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


@pytest.fixture
def open_window():
    """Open windows that are closed after the test."""
    opened = []

    def open_one():
        from psychopy import logging, visual

        logging.console.setLevel(logging.ERROR)
        settings = {"units": "pix", "color": "black", "allowGUI": False, "checkTiming": False}
        opened.append(visual.Window((320, 240), waitBlanking=False, **settings))
        return opened[-1]

    yield open_one
    for window in opened:
        window.close()
