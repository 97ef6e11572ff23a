"""Each single frame of a block has the lag that was chosen, also while the worker is stopped."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest
from paced_display import HZ

from psychopy_nfb import FeedbackBar, Neurofeedback, pace
from psychopy_nfb.bench.steal_time import Standstills
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.dsp import CFIR, Pick, Pipeline
from psychopy_nfb.recording import read_session

pytestmark = [pytest.mark.alone, pytest.mark.display, pytest.mark.slow]
FRAME = 1 / HZ
HOLD = 0.15
PART = 120
STOP = 0.1
"""Seconds for which the worker is stopped now and then."""
TURNS = 3
"""What is wrong shows in each turn; what the machine disturbs does not."""
BLOCKS = ("as it is", "held", "worker stopped")


class Stops:
    """Stops a process for a tenth of a second about every second, until the context ends."""

    def __init__(self, pid):
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.spans = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _run(self):
        chance = np.random.default_rng(1)
        while not self._over.wait(chance.uniform(0.4, 1.2)):
            begun = lsl_now()
            os.kill(self._pid, signal.SIGSTOP)
            try:
                time.sleep(STOP)
            finally:
                os.kill(self._pid, signal.SIGCONT)
            self.spans.append((begun, lsl_now()))


def show(nfb, window, n):
    bar = FeedbackBar(window, size=(40, 200))
    for number in nfb.frames(2 * n * FRAME + 10):
        bar.value = nfb.value
        bar.draw()
        if number == n:
            break


@pytest.fixture
def turn(amplifier, training, open_window, tmp_path):
    """Return a function that shows `n` frames in each block; frames, events, whose fault it was."""
    window = open_window()
    pace(window, HZ)
    source = amplifier("--rate", "1000", "--chunk", "4").source_id
    settings = training(
        source,
        pipeline=Pipeline([Pick(["Oz"]), CFIR((8.0, 12.0), delay=0.02)]),
        display_smoothing=0,
    )

    def run(n):
        with Standstills() as standstills, Neurofeedback(settings, data=tmp_path) as nfb:
            nfb.attach(window)
            show(nfb, window, 30)
            with nfb.block(BLOCKS[0]):
                show(nfb, window, n)
            with nfb.block(BLOCKS[1], lag=HOLD):
                show(nfb, window, n)
            with Stops(nfb.worker_pid) as stops, nfb.block(BLOCKS[2], lag=HOLD):
                show(nfb, window, n)
            restarts = nfb.restarts
            nfb.close()
            frames = pd.read_csv(nfb.files.frames)
            stood = standstills.during(frames.t_flip - 2 * HOLD, frames.t_flip)
        assert restarts == 0
        assert len(stops.spans) >= n / HZ / 2
        for begun, over in stops.spans:
            if over - begun > 1.1 * STOP:  # the machine's own part of it
                stood |= frames.t_flip.between(begun, over + HOLD).to_numpy()
        return frames.assign(stood=stood), read_session(nfb.files.stem).events

    return run


@pytest.mark.skipif(sys.platform == "win32", reason="processes cannot be stopped for a while")
@pytest.mark.parametrize("n", [PART, pytest.param(3600, marks=pytest.mark.campaign)])
def test_row_120_every_frame_has_the_chosen_lag(turn, n):
    turns = []
    for _ in range(TURNS):
        log, events = turn(n)
        log["dropped_now"] = log.interval > 1.5 * FRAME
        frames = {block: log[log.block == block] for block in BLOCKS}
        control, *blocks = (part.dropped_now.sum() for part in frames.values())
        wrong, off = {}, {}
        for block in BLOCKS[1:]:
            part = frames[block]
            assert (part.wanted_lag == HOLD).all()
            off[block] = part.t_flip - (part.t_sample - part.delay) - HOLD
            far = off[block].abs() > FRAME
            wrong[block] = int((far & ~part.stood & ~part.dropped_now).sum())
        turns.append((wrong, control, blocks, int(log.stood.sum())))
        if not any(wrong.values()) and max(blocks) <= control:
            break
    else:
        if all(control or stood for _, control, _, stood in turns):
            pytest.skip(f"this machine stood still or dropped frames by itself: {turns}")
        pytest.fail(f"frames without the wanted lag, or dropped for it, in each turn: {turns}")
    assert log.wanted_lag[log.block == BLOCKS[0]].isna().all()
    for block in BLOCKS[1:]:
        assert off[block].median() == pytest.approx(0, abs=0.005)
        ends = events[(events.value == block) & (events.trial_type == "block_end")]
        (told,) = (json.loads(detail)["lag"] for detail in ends.detail)
        assert told["frames"] == len(off[block])
        assert told["not_held"] == pytest.approx((off[block].abs() > FRAME).sum(), abs=1)
