"""Samples that LSL writes into memory of our own are those that pylsl hands out."""

from __future__ import annotations

import os
import time

import pylsl
import pytest

from psychopy_nfb.lsl.chunk_buffer import ChunkBuffer

OUTLET = "psychopy_nfb.bench.outlet"
STREAM = ("--parent", os.getpid(), "--channels", 5, "--chunk", 3)


def pull_for_10_seconds(buffer):
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        buffer.pull(0.1, 0, 1)


def test_samples_and_stamps_are_those_of_pylsl_until_the_stream_is_lost(start_module, open_inlet):
    process, source_id = start_module(OUTLET, *STREAM, "--rate", 500)
    inlet = open_inlet(source_id, 60)
    other = open_inlet(source_id)  # later: all that it gets, the first one has too
    buffer = ChunkBuffer(inlet, rows=60_000)
    expected, stamps = other.pull_chunk(timeout=10.0, max_samples=300, as_numpy=True)
    n = 0
    while not n or buffer.stamps[n - 1] < stamps[-1]:
        n += buffer.pull(0.0 if n % 2 else 5.0, n, 7)  # what has come, or what is waited for
    assert buffer.samples.dtype == expected.dtype
    ours = {t: row.tolist() for t, row in zip(buffer.stamps[:n], buffer.samples, strict=False)}
    assert len(stamps) == 300
    assert [ours[t] for t in stamps] == expected.tolist()
    assert not buffer.stamps[n:].any()
    process.kill()
    with pytest.raises(pylsl.util.LostError):
        pull_for_10_seconds(buffer)


def test_without_a_sample_the_wait_is_as_long_as_asked(start_module, open_inlet):
    _, source_id = start_module(OUTLET, *STREAM, "--rate", 50)
    buffer = ChunkBuffer(open_inlet(source_id, 60), rows=1000)
    begun = time.monotonic()
    n = buffer.pull(0.3, 0, 1000)
    assert time.monotonic() - begun >= 0.3
    assert n < 1000
