"""A chosen lag: is it possible, which record a frame shows, and what log and events say of it."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import psutil
import pytest
from paced_display import HZ, show

from psychopy_nfb import Lag, Neurofeedback
from psychopy_nfb.display.held_lag import HeldLag, check_possible, nearest_record
from psychopy_nfb.engine.memory import FEEDBACK_SLOTS, SharedBlock
from psychopy_nfb.engine.records import NUMBER, T_SAMPLE
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import value_names
from psychopy_nfb.recording import read_session
from psychopy_nfb.report.command import write_report

FRAME = 1 / HZ


VALUES = [0.0] * len(value_names(["alpha"]))


@pytest.fixture
def empty_ring():
    block = SharedBlock.create(value_names(["alpha"]))
    yield block.feedback
    block.close()


@pytest.fixture
def ring(empty_ring):
    """Return a ring of records 4 ms apart; the sample of record n is of 100 + n / 250 s."""
    for number in range(1, FEEDBACK_SLOTS + 1000):
        t = 100 + number / 250
        empty_ring.write(t, t, t, math.nan, 0.1, number, 0, *VALUES)
    return empty_ring


def fill(ring, rate, per_chunk, seconds=1.0, transport=0.003, delay=0.1, network=math.nan):
    """Write records of a stream whose chunks hold several of them."""
    chunk = per_chunk / rate
    for first in range(0, round(seconds * rate), per_chunk):
        arrived = 100 + first / rate + chunk + transport
        for number in range(first + 1, first + per_chunk + 1):
            t, published = 100 + number / rate, arrived + 0.001
            ring.write(t, arrived, published, published + network, delay, number, 0, *VALUES)


def test_the_way_over_a_network_is_part_of_the_least_lag(empty_ring):
    fill(empty_ring, 250, 1, network=0.02)
    with pytest.raises(SettingsError, match=r"stream and background process 0\.028 s"):
        check_possible(Lag(hold=0.12), empty_ring, 0.1, 0.004, 0.0, FRAME)


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


@pytest.mark.parametrize(("rate", "per_chunk"), [(250, 1), (1000, 4), (100, 10), (2000, 1)])
def test_less_than_there_must_be_is_refused_with_what_is_possible(empty_ring, rate, per_chunk):
    fill(empty_ring, rate, per_chunk)
    age = per_chunk / rate + 0.003 + 0.001  # just before the next chunk
    needed = 0.1 + 0.05 + age + FRAME
    check_possible(Lag(hold=needed + 0.001), empty_ring, 9.0, 9.0, 0.05, FRAME)
    with pytest.raises(SettingsError, match=r"lag=0\.\d+: is less than the 0\.") as told:
        check_possible(Lag(jitter=(needed - 0.001, 1.0)), empty_ring, 9.0, 9.0, 0.05, FRAME)
    said = str(told.value)
    assert f"stream and background process {age:.3f} s" in said
    least = float(said.removesuffix(" s.").rpartition(" ")[2])
    assert needed <= least < needed + 0.001
    check_possible(Lag(hold=least), empty_ring, 9.0, 9.0, 0.05, FRAME)


def test_before_the_first_value_what_is_declared_counts(empty_ring):
    check_possible(Lag(hold=0.2), empty_ring, 0.1, 0.02, 0.05, FRAME)
    with pytest.raises(SettingsError, match="filters 0.100 s, .* process 0.020 s"):
        check_possible(Lag(hold=0.18), empty_ring, 0.1, 0.02, 0.05, FRAME)


def test_a_standstill_of_the_worker_does_not_count_as_what_is_usual(empty_ring):
    fill(empty_ring, 250, 1)
    last = 100 + 1.0
    for number in range(1, 251):  # the first of them came half a second late
        t = last + number / 250
        arrived = max(t + 0.003, last + 0.5)
        empty_ring.write(t, arrived, arrived + 0.001, math.nan, 0.1, number, 0, *VALUES)
    check_possible(Lag(hold=0.18), empty_ring, 0.1, 0.004, 0.05, FRAME)


@pytest.mark.parametrize(("rate", "possible"), [(2000, 2.0), (4000, 1.1)])
def test_row_120_more_than_is_kept_is_refused_with_the_seconds(empty_ring, rate, possible):
    fill(empty_ring, rate, 1, seconds=2.5)
    check_possible(Lag(hold=possible), empty_ring, 0.1, 0.0, 0.0, FRAME)
    record = nearest_record(empty_ring, empty_ring.newest(), 102.5, possible, 0.0)
    assert 102.5 - (record[T_SAMPLE] - 0.1) == pytest.approx(possible, abs=1 / rate)
    if possible < 2:
        with pytest.raises(SettingsError, match=r"is more than the 1\.12\d s .* 4000 values a sec"):
            check_possible(Lag(hold=1.13), empty_ring, 0.1, 0.0, 0.0, FRAME)


def test_frames_without_the_wanted_lag_are_counted(ring):
    held = HeldLag(Lag(hold=0.2), 0.0, FRAME)
    assert held.facts() == {"hold": 0.2}
    newest = ring.newest()
    held.record(ring, newest, 1.0, newest[T_SAMPLE], 0.0)
    for lag in (0.2, 0.2 + 0.9 * FRAME, 0.2 - 1.1 * FRAME, 0.25):
        held.flipped(lag)
    assert held.facts() == {
        "hold": 0.2,
        "frames": 4,
        "not_held": 2,
        "within": pytest.approx(FRAME, abs=1e-6),
        "farthest": pytest.approx(0.05),
    }
    assert "2 of 4 frames were more than a frame (16.7 ms) from" in held.told("late")


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
            show(nfb, window, 2.0)
            stale = nfb.stale
        with nfb.block("as it is"):
            show(nfb, window, 1.0)
        with nfb.block("drawn", lag={"jitter": [0.25, 0.5], "every": 0.5, "seed": 4}):
            show(nfb, window, 2.0)
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
    assert frames.wanted_lag.to_numpy() == pytest.approx(wanted, abs=1e-6)
    assert np.median(np.abs(drawn - wanted)) < 0.5 * FRAME
    assert len(np.unique(wanted)) in (4, 5)  # the block is a little longer than 2 s


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
                for _ in nfb.frames(2.0):
                    if nfb.reward:
                        shown.append((label, nfb.rewards))
    numbers = [number for _, number in shown]
    assert len(numbers) == len(set(numbers)) >= 7
    assert numbers == sorted(numbers)


@pytest.mark.alone
@pytest.mark.display
@pytest.mark.slow
def test_frames_that_nothing_near_was_there_for_are_told(
    amplifier, training, window, tmp_path, caplog
):
    source = amplifier("--rate", "500", "--chunk", "5").source_id
    with Neurofeedback(training(source), data=tmp_path) as nfb:
        nfb.attach(window)
        show(nfb, window, 1.0)
        with nfb.block("late", lag=0.3):
            show(nfb, window, 0.5)
            psutil.Process(nfb.worker_pid).kill()
            back = 0
            for _ in nfb.frames(30):
                back += nfb.restarts == 1 and not nfb.stale
                if back == 60:
                    break
        files = nfb.files
        assert nfb.restarts == 1
    held, frames = lags(files, "late")
    off = (held - 0.3).abs()
    not_held = (off > FRAME).sum()
    assert not_held > 0.3 / FRAME  # until the successor has values, less what was there
    assert off.tail(20).median() < FRAME  # and goes on
    session = read_session(files.stem)
    ends = session.events[session.events.trial_type == "block_end"]
    (told,) = (json.loads(detail)["lag"] for detail in ends.detail)
    assert told["frames"] == len(frames)
    assert told["not_held"] == pytest.approx(not_held, abs=1)
    assert told["farthest"] == pytest.approx(off.max(), abs=1e-5)
    assert (
        f"'late' {told['not_held']} of {len(frames)} frames were more than a frame" in caplog.text
    )
    report = write_report(files.stem, str(tmp_path / "report"))
    assert any("did not have the wanted lag" in one.what for one in report.findings)
    # The log says of each of them what was shown.
    kept = session.signals.trained_signal.set_axis(session.signals.t.round(5))
    known = frames[
        frames.t_sample.round(5).isin(kept.index)
    ]  # what died with the worker is not kept
    assert len(known) >= 50  # of those after the successor came
    values = kept.loc[known.t_sample.round(5)].to_numpy()
    assert values == pytest.approx(known.trained_signal.to_numpy(), rel=1e-8)
