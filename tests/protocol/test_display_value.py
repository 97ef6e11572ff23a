"""What displays show of z: where it lies between empty and full, and how soon it follows."""

import numpy as np
import pytest
from feedback import Feedback

from psychopy_nfb import standard_training
from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Baseline, BaselineRecorder, Comparison, Signal

RATE = 250.0


def skewed_baseline(n=20_000):
    recorder = BaselineRecorder(RATE)
    signal = np.random.default_rng(5).gamma(2.0, 4.0, n)
    recorder.add(signal, np.zeros(n, np.uint32))
    return recorder.finish(), signal


@pytest.mark.parametrize("normalise", ["zscore", "percent", "max", "none"])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_the_baselines_percentiles_are_empty_half_and_full(normalise, direction):
    baseline, signal = skewed_baseline()
    threshold = {"zscore": 0.2, "percent": 10.0, "max": 0.3, "none": 8.0}[normalise]
    settings = Signal(
        normalise=normalise, direction=direction, threshold=threshold, baseline=baseline
    )
    comparison = Comparison(settings)
    low, middle, high = np.percentile(signal, [5, 50, 95]) * comparison.scale + comparison.shift
    shown = [comparison.shown(z) for z in (low, middle, high, low - 9, high + 9)]
    expected = [0, 0.5, 1, 0, 1] if direction == "up" else [1, 0.5, 0, 1, 0]
    assert shown == pytest.approx(expected, abs=1e-9)
    z = signal * comparison.scale + comparison.shift
    bar = np.array([comparison.shown(one) for one in z])
    assert np.mean(bar == 0) == pytest.approx(0.05, abs=0.001)
    assert np.mean(bar == 1) == pytest.approx(0.05, abs=0.001)
    assert np.median(bar) == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize("threshold", [-4.0, 6.0])
def test_a_threshold_out_of_the_baselines_range_still_lies_within_the_display(threshold):
    baseline, _ = skewed_baseline()
    shown = Comparison(Signal(threshold=threshold, baseline=baseline)).shown(threshold)
    assert 0 < shown < 1


@pytest.mark.parametrize(
    ("threshold", "points"),
    [(10.0, (0.0, 10.0, 20.0)), (-3.0, (-6.0, -3.0, 0.0)), (0.0, (-1.0, 0.0, 1.0))],
)
def test_without_a_baseline_the_threshold_is_in_the_middle(threshold, points):
    comparison = Comparison(Signal(normalise="none", threshold=threshold))
    assert comparison.display_points == points
    assert comparison.shown(threshold) == 0.5


def test_a_range_that_was_set_is_linear_and_stays():
    baseline, _ = skewed_baseline()
    comparison = Comparison(Signal(display_range=(-1.0, 3.0), baseline=baseline))
    shown = [comparison.shown(z) for z in (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0)]
    assert shown == pytest.approx([0, 0, 0.25, 0.5, 0.75, 1, 1], abs=1e-12)


def test_a_baseline_without_percentiles_is_shown_from_its_mean_and_deviation():
    baseline = Baseline(mean=5.0, sd=2.0, minimum=0.0, maximum=9.0)
    comparison = Comparison(Signal(baseline=baseline))
    assert comparison.display_points == pytest.approx((-2.0, 0.0, 2.0))


def follow(seconds, signal, sizes, flags=None):
    settings = {"normalise": "none", "display_range": (0.0, 1.0), "display_smoothing": seconds}
    return Feedback(RATE, **settings).run(signal, flags, sizes)["value"]


@pytest.mark.parametrize("seconds", [0.03, 0.05, 0.2])
def test_displays_are_later_by_their_time_constant(seconds):
    t = np.arange(round(40 * RATE)) / RATE
    shown = follow(seconds, 0.5 + 0.4 * np.sin(2 * np.pi * 0.1 * t), [50])
    # The delay of a slow sine, from its phase in whole periods.
    phase = np.angle(np.sum(shown[2500:] * np.exp(-2j * np.pi * 0.1 * t[2500:])) * 1j)
    assert -phase / (2 * np.pi * 0.1) == pytest.approx(seconds, abs=1 / RATE)


def test_displays_follow_alike_in_chunks_of_any_size():
    signal = np.random.default_rng(1).uniform(0, 1, 500)
    whole = follow(0.05, signal, [500])
    for sizes in ([1], [7], [1, 5, 50]):
        assert follow(0.05, signal, sizes) == pytest.approx(whole, abs=1e-12)


def test_a_blink_moves_no_display_and_reward_does_not_wait_for_it():
    signal = np.array([0.2] * 50 + [1.0] * 50 + [0.2] * 50)
    flags = np.zeros(150, np.uint32)
    flags[50:100] = Flags.AMPLITUDE
    assert follow(0.1, signal, [150], flags) == pytest.approx(np.full(150, 0.2))
    slow = {"threshold": 0.5, "dwell": 0.0, "display_range": (0.0, 1.0), "display_smoothing": 1.0}
    values = Feedback(RATE, normalise="none", **slow).run(signal)
    assert np.flatnonzero(values["reward"])[0] == 50  # rewarded at once
    assert values["value"][50] < 0.21


def test_a_time_constant_below_nothing_is_refused():
    with pytest.raises(SettingsError, match=r"display_smoothing=-1.*at least 0"):
        Signal(display_smoothing=-1.0)


def test_a_display_is_empty_a_second_after_the_last_sample_that_can_be_trusted():
    held = {"normalise": "none", "display_range": (0.0, 1.0)}
    flags = np.zeros(1000, np.uint32)
    flags[100:600] = Flags.FLAT
    values = {}
    for hold in (1.0, None):
        feedback = Feedback(RATE, **held, display_hold=hold)
        values[hold] = feedback.run(np.full(1000, 0.8), flags)["value"]
    assert (values[None] == 0.8).all()
    empty = np.flatnonzero(values[1.0] == 0)
    assert empty.tolist() == list(range(100 + round(RATE), 600))
    assert (values[1.0][600:] == 0.8).all()


def test_displays_hold_alike_however_the_training_was_made():
    ready = standard_training(channels="Oz", band=(8.0, 12.0))
    assert {one.display_hold for one in ready.signals.values()} == {Signal().display_hold} == {1.0}


def test_after_a_gap_the_display_does_not_come_back_with_the_value_from_before():
    flags = np.zeros(300, np.uint32)
    flags[100] = Flags.GAP
    flags[101:200] = Flags.SETTLING
    feedback = Feedback(RATE, normalise="none", display_range=(0.0, 1.0), display_hold=1.0)
    shown = feedback.run(np.full(300, 0.8), flags)["value"]
    assert (shown[:100] == 0.8).all()
    assert (shown[100:200] == 0).all()
    assert (shown[200:] == 0.8).all()
