"""Twelve blocks of forty minutes at once, as fast as the computer can: nothing grows."""

from __future__ import annotations

import gc

import numpy as np
import psutil
import pytest

from psychopy_nfb.dsp import CFIR, Pick, Pipeline, SignalInfo
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.protocol import Replay, Reward, Running, Signal, Success, VariableInterval

RATE = 50.0
BLOCK_SECONDS, BLOCKS = 40 * 60, 12
SETTLED = 3
"""After so many blocks all that is kept for later is there."""
MOST_MB = 5.0


def training():
    """Return two signals whose thresholds move, a schedule, and a block that is shown again."""
    return Configuration(
        signals={
            "a": Signal(
                Pipeline([Pick(["A"]), CFIR((8.0, 12.0), delay=0.1)]),
                normalise="none",
                threshold=Success(start=5.0),
                display_range=(0.0, 20.0),
            ),
            "b": Signal(
                Pipeline([Pick(["B"])]), role="inhibit", normalise="none", threshold=Running(k=1.5)
            ),
        },
        reward=Reward(dwell=0.2, schedule=VariableInterval(seconds=4.0, seed=1), loss=1.0),
        shown={
            "again": Replay(session="this", block="training", seconds=BLOCK_SECONDS, seed=2),
        },
    )


@pytest.mark.campaign
@pytest.mark.slow
def test_twelve_blocks_of_forty_minutes_leave_memory_flat():
    processor = Processor(training(), SignalInfo(RATE, ("A", "B")))
    random, process = np.random.default_rng(3), psutil.Process()
    memory, trials, changes = [], 0, 0
    for number in range(1, BLOCKS + 1):
        processor.block_edge(True, True, True)
        processor.keep_block(("training", number))
        processor.shown.show("again" if number > 1 else "own", max(0, number - 2))
        for _ in range(BLOCK_SECONDS):
            block = processor.process(10 * random.standard_normal((round(RATE), 2)))
            changes += len(block.changes)
        trials += processor.block_edge(False, False, False) is not None
        processor.keep_block(None)
        gc.collect()
        memory.append(process.memory_info().rss / 1e6)
    processor.shown.close()
    print("MB after each block:", np.round(memory, 1).tolist())
    assert processor.n_samples == BLOCKS * BLOCK_SECONDS * RATE
    assert trials == BLOCKS
    assert changes > BLOCKS * BLOCK_SECONDS / 6  # the one moves every 5 s
    assert processor.shown.reward.rewards > 1000
    assert memory[-1] - memory[SETTLED - 1] < MOST_MB
