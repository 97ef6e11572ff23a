"""Lag as a factor: which record a frame shows, and what its log says of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb import FeedbackBar, Lag, Neurofeedback, pace
from psychopy_nfb.display.chosen_lag import nearest_record, read_lag
from psychopy_nfb.engine.memory import FEEDBACK_SLOTS, SharedBlock
from psychopy_nfb.engine.records import NUMBER
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import value_names
from psychopy_nfb.recording import read_session

HZ = 60
FRAME = 1 / HZ


@pytest.fixture
def ring():
    """Return a ring of records 4 ms apart; the sample of record n is of 100 + n / 250 s."""
    block = SharedBlock.create(value_names(["alpha"]))
    values = [0.0] * len(value_names(["alpha"]))
    for number in range(1, FEEDBACK_SLOTS + 1000):
        t = 100 + number / 250
        block.feedback.write(t, t, t, 0.1, number, 0, *values)
    yield block.feedback
    block.close()
    block.remove()


@pytest.mark.parametrize("lag", [0.15, 0.2, 0.3337, 1.0, 2.0])
def test_row_120_the_record_is_the_nearest_to_the_wanted_lag(ring, lag):
    newest = ring.newest()
    t_flip = 100 + newest[NUMBER] / 250 + 0.011
    record = nearest_record(ring, newest, t_flip, lag, smoothing=0.05)
    numbers = np.arange(newest[NUMBER] - FEEDBACK_SLOTS + 2, newest[NUMBER] + 1)
    lags = t_flip - (100 + numbers / 250 - 0.1 - 0.05)
    if lag < 0.16:  # less than there is: the newest
        assert record[NUMBER] == newest[NUMBER]
    assert record[NUMBER] == numbers[np.argmin(np.abs(lags - lag))]


def test_what_is_older_than_the_ring_is_its_oldest(ring):
    newest = ring.newest()
    record = nearest_record(ring, newest, 100 + newest[NUMBER] / 250, 60.0, smoothing=0.0)
    assert record[NUMBER] == newest[NUMBER] - FEEDBACK_SLOTS + 2


def test_row_120_jitter_is_drawn_once_in_a_while_by_its_seed():
    lag, again = (Lag(jitter=(0.2, 0.6), every=0.5, seed=9) for _ in range(2))
    times = np.arange(0, 500, 0.1) + 1e-9
    drawn = [lag.wanted(seconds) for seconds in times]
    assert drawn == [again.wanted(seconds) for seconds in times]
    assert [drawn[n] for n in range(5)] == [drawn[0]] * 5 != [drawn[5]] * 5
    assert 0.2 <= min(drawn) < 0.21 < 0.59 < max(drawn) <= 0.6
    assert np.mean(drawn) == pytest.approx(0.4, abs=0.02)
    assert lag.facts() == {"jitter": (0.2, 0.6), "every": 0.5, "seed": 9}


@pytest.mark.parametrize(
    ("lag", "sentence"),
    [
        ({}, "needs either hold, in seconds, or jitter"),
        ({"hold": 0.2, "jitter": (0.2, 0.3)}, "needs either hold"),
        ({"hold": 0}, "lag.hold=0: must be above 0"),
        ({"hold": 150}, "lag.hold=150"),
        ({"jitter": (0.3, 0.2)}, "lag.jitter[1]=0.2: must be at least 0.3"),
        ({"jitter": (0.3,)}, "lag.jitter="),
        ({"jitter": (0.2, 0.3), "every": 0}, "lag.every=0"),
        ({"jitter": (0.2, 0.3), "seed": -1}, "lag.seed=-1"),
    ],
)
def test_an_impossible_lag_is_told(lag, sentence):
    with pytest.raises(SettingsError) as told:
        Lag(**lag)
    assert sentence in str(told.value)


@pytest.mark.parametrize("lag", ["soon", {"hold": "soon"}, {"hould": 0.2}])
def test_what_is_no_lag_is_told(lag):
    with pytest.raises(SettingsError, match=r"^lag"):
        read_lag(lag)


@pytest.fixture
def window(open_window):
    window = open_window()
    pace(window, HZ)
    return window


def show(nfb, window, seconds):
    bar = FeedbackBar(window, size=(40, 200))
    for _ in nfb.frames(seconds):
        bar.value = nfb.value
        bar.draw()


def lags(files, block):
    """Return the total lag of each frame of a block, and its frames."""
    frames = pd.read_csv(files.frames)
    frames = frames[(frames.block == block) & frames.t_sample.notna()]
    return frames.t_flip - (frames.t_sample - frames.delay), frames


@pytest.mark.alone
@pytest.mark.display
@pytest.mark.slow
@pytest.mark.parametrize("late_read", [True, False])
def test_row_120_frames_have_the_lag_that_their_block_wants(
    amplifier, training, window, tmp_path, late_read
):
    source = amplifier("--rate", "1000", "--chunk", "4").source_id
    with Neurofeedback(training(source), data=tmp_path, late_read=late_read) as nfb:
        nfb.attach(window)
        show(nfb, window, 1.0)
        with pytest.raises(SettingsError, match=r"lag=0\.01: is less than the 0\.\d+ s that it"):
            nfb.begin_block("too early", lag=0.01)
        with nfb.block("late", lag=0.3):
            show(nfb, window, 5.0)
            stale = nfb.stale
        with nfb.block("as it is"):
            show(nfb, window, 2.0)
        with nfb.block("drawn", lag={"jitter": [0.25, 0.5], "every": 0.5, "seed": 4}):
            show(nfb, window, 3.0)
        files = nfb.files
    assert not stale  # though what is shown is 0.3 s old
    held, frames = lags(files, "late")
    on_time = frames.interval < 1.5 * FRAME  # others were flipped later than could be foreseen
    assert held[on_time].median() == pytest.approx(0.3, abs=0.005)
    assert (held[on_time] - 0.3).abs().quantile(0.9) <= FRAME
    usual, _ = lags(files, "as it is")
    assert usual.median() < 0.25
    drawn, frames = lags(files, "drawn")
    begun = read_session(files.stem).events
    begun = begun[(begun.trial_type == "block_begin") & (begun.value == "drawn")].iloc[0]
    assert '"lag": {"jitter": [0.25, 0.5], "every": 0.5, "seed": 4}' in begun.detail
    lag = Lag(jitter=(0.25, 0.5), every=0.5, seed=4)
    wanted = np.array([lag.wanted(t_read - begun.t) for t_read in frames.t_read])
    assert np.median(np.abs(drawn - wanted)) < 0.5 * FRAME
    assert len(np.unique(wanted)) in (6, 7)  # the block is a little longer than 3 s


@pytest.mark.alone
@pytest.mark.display
@pytest.mark.slow
def test_a_reward_is_shown_once_and_as_late_as_the_rest(amplifier, training, window, tmp_path):
    settings = training(amplifier().source_id, threshold=-1.0, dwell=0.5)
    shown = []
    with Neurofeedback(settings, data=tmp_path) as nfb:
        nfb.attach(window)
        show(nfb, window, 1.0)
        for label, lag in (("as it is", None), ("late", 0.6), ("again", None)):
            with nfb.block(label, lag=lag):
                for _ in nfb.frames(3.0):
                    if nfb.reward:
                        shown.append((label, nfb.rewards))
    numbers = [number for _, number in shown]
    assert len(numbers) == len(set(numbers)) >= 12
    assert numbers == sorted(numbers)
