"""Light and clocks that could pass for a display's faults: the right cause is named."""

from __future__ import annotations

import re

import numpy as np
import pytest
from display_simulation import simulate_display
from examined_light import examine, lost, missed
from light_seed import SEED
from light_simulation import simulate_light
from scipy.signal import butter, lfilter, sosfilt

from psychopy_nfb.photodiode import NoLight, NoMatch


def make(seed, rate=1000.0, seconds=15.0, **conditions):
    return simulate_display(np.random.default_rng([SEED, 77, seed]), rate, seconds, **conditions)


@pytest.mark.parametrize(
    ("seconds", "times", "change"),
    [
        (0.05, 20, lambda values: values + 0.7 * 830),  # triggers on the sensor's channel
        (0.08, 25, lambda values: np.full_like(values, 12.0)),  # something passes before it
        (0.03, 15, lambda values: values + 830),  # flashes
    ],
    ids=["triggers", "shadows", "flashes"],
)
def test_light_that_changes_where_no_frame_does_is_no_missed_frame(seconds, times, change):
    made = make(1, seconds=20)
    values, since = made.values.copy(), made.stamps - made.stamps[0]
    for begin in np.random.default_rng(SEED).uniform(1, 19, times):
        there = (since > begin) & (since < begin + seconds)
        values[there] = change(values[there])
    found, said, errors = examine(made, values)
    assert not missed(found), f"seed {SEED}"
    assert found.summary.repeated == 0
    assert found.summary.disturbed > 0
    assert "something else than the patch" in said
    assert abs(np.nanmedian(errors)) < 0.0005


def shadow(made, seconds, light):
    """Return a recording with a shadow that begins and ends while the patch is light, or dark.

    Its beginning and end lie between two refreshes. It also returns the flips during the shadow.
    """
    step = made.stamps[1] - made.stamps[0]
    high, beside, length = made.values > 12 + 830 / 2, round(0.005 / step), round(seconds / step)

    def steady(at):
        return (high[at - beside : at + beside] == light).all()

    first = next(
        at
        for at in np.flatnonzero(made.stamps > made.stamps[0] + 9)
        if steady(at) and steady(at + length)
    )
    values = made.values.copy()
    values[first : first + length] = 12.0
    begin, end = made.stamps[[first, first + length]]
    during = (made.frames.t_flip > begin - 0.05) & (made.frames.t_flip < end)
    return values, set(made.frames.frame[during])


def test_frames_that_were_missed_elsewhere_than_beside_a_disturbance_are_found():
    made = make(2, seconds=20, missed=6)
    values, during = shadow(made, 0.07, light=True)
    found, said, _ = examine(made, values)
    assert missed(found) == made.missed - lost(found), f"seed {SEED}"
    assert lost(found) <= during
    assert len(missed(found)) >= 5
    assert "something else than the patch" in said


def test_a_shadow_that_begins_and_ends_in_the_dark_tells_of_its_own_frames_only():
    # Light that stays dark is what frames that are missed leave, too: nothing tells them apart.
    made = make(2, seconds=20, missed=6)
    values, during = shadow(made, 0.07, light=False)
    found, _, _ = examine(made, values)
    assert made.missed - lost(found) <= missed(found) <= made.missed | during, f"seed {SEED}"
    assert lost(found) <= during
    assert found.summary.repeated == 0


def test_a_lamp_that_is_switched_on_is_lost_light_on_both_sides_of_it():
    made = make(3)
    found, _, _ = examine(made, made.values + 660.0 * (made.stamps > made.stamps[0] + 6))
    assert not missed(found), f"seed {SEED}"
    assert found.summary.repeated == 0


def test_noise_as_large_as_the_light_tells_no_missed_frames_without_a_word():
    made = make(4, noise=0.5)
    found, said, _ = examine(made)
    assert not missed(found) or "something else than the patch" in said, f"seed {SEED}"


def test_rise_and_fall_of_different_speed_are_no_jitter():
    made = simulate_light(np.random.default_rng(SEED), 1000.0, 15.0, rise=0.011, fall=0.003)
    found, said, _ = examine(made)
    assert "flip to light is steady" in said, f"seed {SEED}"
    # Half of a raised cosine, of which 10 to 90 % are 0.5903.
    expected = 1e3 * (0.003 - 0.011) / 2 / 0.5903
    assert abs(found.summary.falls_later_ms - expected) < 0.3
    assert "half-way 6." in said
    assert "ms earlier than one that gets light" in said


def test_a_low_pass_that_overshoots_is_no_high_pass():
    made = make(5)
    light = (made.values - made.values[0]) / 830
    found, said, _ = examine(made, sosfilt(butter(2, 35, fs=1000.0, output="sos"), light))
    assert found.summary.rise_ms > 8
    assert "high-pass" not in said, f"seed {SEED}"


@pytest.mark.parametrize("number", [6, 16])
@pytest.mark.parametrize(("corner", "refresh"), [(4.0, 60.0), (5.0, 60.0), (9.0, 120.0)])
def test_a_high_pass_that_is_too_fast_is_named_when_light_cannot_be_read(number, corner, refresh):
    made = make(number, refresh=refresh)
    share = np.exp(-2 * np.pi * corner / 1000)
    with pytest.raises(NoLight) as caught:
        examine(made, lfilter([1, -1], [1, -share], made.values - made.values[0]))
    back = re.search(r"falls back by (\d+) % .* as behind a high-pass filter", str(caught.value))
    expected = 100 * (1 - np.exp(-2 * np.pi * corner * 2 / refresh))
    assert abs(int(back.group(1)) - expected) < 5, f"seed {SEED}"


def test_a_high_pass_of_which_nothing_can_be_read_is_named():
    made = make(6)
    share = np.exp(-2 * np.pi * 10.0 / 1000)
    with pytest.raises((NoLight, NoMatch), match="high-pass"):
        examine(made, lfilter([1, -1], [1, -share], made.values - made.values[0]))


@pytest.mark.parametrize("held", [(2, 3), (1, 2, 1), (2, 2, 3, 2, 2, 2)], ids=str)
def test_frames_that_last_for_several_refreshes_are_no_variable_rate(held):
    made = make(7, seconds=20, held=held, missed=2)
    found, said, errors = examine(made)
    assert found.summary.tied == "display", f"seed {SEED}"
    assert abs(found.summary.refresh_hz - 60) < 0.05
    assert "at a variable rate" not in said
    assert missed(found) == made.missed
    assert np.abs(errors).max() < 0.0005


@pytest.mark.parametrize(("free", "refresh"), [(75.0, 60.0), (50.0, 60.0), (100.0, 60.0)])
def test_the_rate_of_a_display_that_flips_do_not_wait_for_is_its_own(free, refresh):
    found, said, errors = examine(make(8, free=free, refresh=refresh))
    assert found.summary.tied == "neither", f"seed {SEED}"
    assert abs(found.summary.refresh_hz - refresh) < 0.05
    assert "do not wait for the display" in said
    assert np.nanmax(np.abs(errors)) < 0.0005


@pytest.mark.parametrize("step", [0.005, -0.007])
def test_a_clock_that_was_set_is_named(step):
    made = make(9, seconds=20)
    late = made.stamps > made.stamps[0] + 9
    kept = np.concatenate(([True], np.diff(made.stamps + step * late) > 0))
    kept &= made.stamps + step * late > np.maximum.accumulate(made.stamps + step * late) - 1e-9
    made.values, stamps = made.values[kept], (made.stamps + step * late)[kept]
    found, said, _ = examine(made, stamps=stamps)
    assert abs(found.summary.step_ms - 1e3 * step) < 0.3, f"seed {SEED}"
    assert abs(found.summary.rise_ms - 4) < 0.3
    assert abs(found.summary.fall_ms - 4) < 0.3
    assert "a clock was set" in said
    assert "do not wait" not in said
    assert found.summary.missed == found.summary.repeated == 0


def test_light_of_another_second_is_lost_when_a_clock_was_set_by_one():
    made = make(10, seconds=20)
    found, _, errors = examine(made, stamps=made.stamps + (made.stamps > made.stamps[0] + 9))
    assert found.summary.missed == found.summary.repeated == 0, f"seed {SEED}"
    assert np.abs(errors).max() < 0.001
    assert found.summary.lost > 400


@pytest.mark.parametrize("share", [1.001, 0.99])
def test_a_sensor_whose_rate_is_wrong_is_not_the_display_s_fault(share):
    made = make(11, seconds=40)
    found, said, _ = examine(made, stamps=made.stamps[0] + share * (made.stamps - made.stamps[0]))
    assert found.summary.tied == "display", f"seed {SEED}"
    assert "the sensor's clock is wrong by" in said
    assert "game mode" not in said
    assert found.summary.missed == found.summary.repeated == 0


def test_a_lag_that_a_wrong_rate_makes_impossible_is_looked_for():
    # In the middle of 40 s at 99 % light lies 0.2 s before its flip, by its stamps.
    made = simulate_display(np.random.default_rng([4711, 77, 11]), 1000.0, 40.0)
    found, _, _ = examine(made, stamps=made.stamps[0] + 0.99 * (made.stamps - made.stamps[0]))
    assert found.summary.tied == "display"
    assert found.summary.missed == found.summary.repeated == found.summary.lost == 0


def test_a_sensor_that_repeats_its_values_is_refused_with_its_own_rate():
    made = make(12)
    stale = np.repeat(made.values[::20], 20)[: len(made.values)]
    with pytest.raises(NoLight, match=r"holds each value for 20 ms: .* read 50 times"):
        examine(made, stale)


@pytest.mark.parametrize("between", [0.0, 0.02])
def test_a_comparator_that_says_light_or_dark_only_is_read(between):
    made = make(13)
    values = 5.0 * (made.values > 12 + 830 / 2)
    rng = np.random.default_rng(SEED)  # some samples are taken while it switches
    edges = np.flatnonzero(np.diff(values)) + 1
    some = rng.choice(edges, max(6, int(between * len(edges)))) if between else edges[:0]
    values[some] = rng.uniform(1, 4, len(some))
    found, _, errors = examine(made, values)
    assert np.sqrt(np.mean(errors**2)) < 0.0005, f"seed {SEED}"
    assert found.summary.missed == found.summary.repeated == 0


@pytest.mark.parametrize(
    ("rate", "after"),
    [(500.0, 0.0036), (500.0, 0.011), (2000.0, 0.0012), (2000.0, 0.0036), (2000.0, 0.011)],
)
def test_a_display_that_is_dark_for_a_moment_of_each_refresh_holds_its_light(rate, after):
    lag = 0.018
    made = make(14, rate, rise=0.0006, missed=3, lag=lag)
    since = (made.stamps - made.frames.t_flip[0] - lag - after) % (1 / 60)
    dips = 1 - 0.9 * (since < 0.0012)  # as organic displays have them
    found, _, errors = examine(made, 12 + (made.values - 12) * dips)
    assert found.summary.pulse_ms == 0
    assert missed(found) == made.missed, f"seed {SEED}"
    assert np.sqrt(np.mean(errors**2)) < 0.5 / rate


def test_overshoot_that_dies_away_is_not_undone_as_a_high_pass():
    made = make(15)
    light = (made.values - made.values[0]) / 830
    # Two fifths of the way too far, over 20 ms: what is left of it after 3 refreshes is small.
    share = np.exp(-1 / (0.02 * 1000))
    slow = lfilter([1 - share], [1, -share], light)
    found, said, errors = examine(made, 1.4 * light - 0.4 * slow)
    assert found.summary.high_pass_hz == 0, f"seed {SEED}"
    assert "too short" in said
    assert "overdrive" in said
    assert not missed(found)


def test_flicker_of_the_room_is_no_high_pass():
    made = make(16)
    lamp = 0.4 * 830 * np.sin(2 * np.pi * 100 * made.stamps)
    found, said, errors = examine(made, made.values + lamp)
    assert found.summary.high_pass_hz == 0, f"seed {SEED}"
    assert "falls back" not in said
    assert missed(found) == made.missed
    assert np.sqrt(np.nanmean(errors**2)) < 0.0005
