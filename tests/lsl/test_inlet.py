"""How long a pull waits for the rest of a chunk."""

from __future__ import annotations

import threading
import time
import uuid

import numpy as np
import pylsl
import pytest

from psychopy_nfb.lsl.inlet import Inlet
from psychopy_nfb.lsl.outlet import make_outlet
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.lsl.stamps_heard import Heard

pytestmark = pytest.mark.slow
REST_SECONDS = 5.0
"""So long that a busy machine does not make it."""


class Amplifier:
    """Sends what it is told to, and when."""

    def __init__(self):
        self.source_id = f"chunks_{uuid.uuid4().hex[:8]}"
        self._outlet = make_outlet("Chunks", "EEG", ["Cz", "Oz"], 100.0, source_id=self.source_id)

    def send(self, n):
        stamps = pylsl.local_clock() - np.arange(n)[::-1] / 100.0
        self._outlet.push_chunk(np.ones((n, 2), np.float32), stamps.tolist())


@pytest.fixture
def amplifier():
    return Amplifier()


@pytest.fixture
def make_inlet(amplifier):
    inlets = []

    def make(rest):
        selection = StreamSelection(source_id=amplifier.source_id, timeout=20.0)
        # As if it had been listened to: there are no samples but those of the test.
        inlets.append(Inlet(selection, rest=rest, heard=Heard(samples=1)))
        return inlets[-1]

    yield make
    for one in inlets:
        one.close()


@pytest.fixture
def inlet(make_inlet):
    return make_inlet(REST_SECONDS)


@pytest.fixture
def unhurried(make_inlet):
    """An inlet for which parts of a chunk that come together soon are one."""
    return make_inlet(1.0)


def pulled(inlet):
    """Return how many samples came with a pull, and how long it took."""
    begun = time.monotonic()
    _, stamps = inlet.pull(10.0)
    return len(stamps), time.monotonic() - begun


def test_single_samples_are_not_kept_waiting_because_two_came_together_once(amplifier, inlet):
    found = []
    for n in (1, 1, 2, 1, 1):
        amplifier.send(n)
        time.sleep(0.05)
        found.append(pulled(inlet))
    assert [n for n, _ in found] == [1, 1, 2, 1, 1]
    assert max(seconds for _, seconds in found) < REST_SECONDS / 2


def test_the_rest_of_a_chunk_is_waited_for_where_chunks_are_long(amplifier, inlet):
    for _ in range(2):
        amplifier.send(5)
        time.sleep(0.05)
        assert pulled(inlet)[0] == 5
    amplifier.send(2)
    late = threading.Timer(0.2, lambda: amplifier.send(3))
    late.start()
    n, seconds = pulled(inlet)
    late.join()
    assert n == 5
    assert seconds < REST_SECONDS / 2


def test_chunks_of_which_one_came_in_two_parts_are_still_waited_for(amplifier, unhurried):
    """As on a busy machine, whose first part then came after the wait for the rest was over."""
    for n in (5, 5, 5, 2, 3):
        amplifier.send(n)
        time.sleep(0.05)
        assert pulled(unhurried)[0] == n
    amplifier.send(2)
    late = threading.Timer(0.1, lambda: amplifier.send(3))
    late.start()
    assert pulled(unhurried)[0] == 5
    late.join()
