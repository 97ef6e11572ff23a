from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.hardware.crossings import Crossings

RATE = 1000.0


def sine(seconds=2.0, frequency=3.0):
    t = np.arange(int(seconds * RATE)) / RATE
    return np.sin(2 * np.pi * frequency * (t - 0.0104)), t


def test_crossings_of_a_sine_are_where_it_crosses():
    values, times = sine()
    found = Crossings(threshold=0.5, hysteresis=0.3).find(values, times)
    up = 0.0104 + (np.arange(6) + 1 / 12) / 3  # sin is 0.5 at 30 and 150 degrees
    down = 0.0104 + (np.arange(6) + 5 / 12) / 3
    assert [t for t, on in found if on] == pytest.approx(up, abs=5e-6)
    assert [t for t, on in found if not on] == pytest.approx(down, abs=5e-6)


@pytest.mark.parametrize("block", [1, 7, 50, 333])
def test_blocks_of_any_length_have_the_same_crossings(block):
    values, times = sine()
    values = values + np.random.default_rng(1).normal(0, 0.05, len(values))
    whole = Crossings(0.5, 0.2).find(values, times)
    crossings = Crossings(0.5, 0.2)
    parts = []
    for start in range(0, len(values), block):
        parts += crossings.find(values[start : start + block], times[start : start + block])
    assert parts == whole
    assert len(whole) == 12


def test_noise_within_the_hysteresis_makes_no_crossings():
    noise = np.random.default_rng(2).normal(0, 0.1, 5000)
    times = np.arange(5000) / RATE
    assert len(Crossings(0.0, 0.0).find(noise, times)) > 1000
    assert Crossings(0.0, 0.6).find(noise, times) == []


def test_samples_that_are_no_numbers_are_passed_over():
    values = np.array([0, np.nan, 0, np.nan, 1, np.inf, 1, 0], dtype=float)
    found = Crossings(0.5, 0.1).find(values, np.arange(8.0))
    assert found == [(3.0, True), (6.5, False)]


def test_learned_threshold_lies_halfway_whatever_the_sign():
    random = np.random.default_rng(3)
    dark, light = random.normal(100, 1, 250), random.normal(20, 1, 250)
    crossings = Crossings(0.0)
    assert crossings.learn(dark, light)
    assert crossings.inverted
    assert crossings.threshold == pytest.approx(60, abs=0.5)
    assert crossings.hysteresis == pytest.approx(8, abs=0.1)
    assert crossings.find(np.array([100.0, 20.0]), np.array([0.0, 1.0]))[0][1] is True


def test_nothing_is_learned_from_noise():
    random = np.random.default_rng(4)
    crossings = Crossings(0.25)
    assert not crossings.learn(random.normal(0, 1, 250), random.normal(0.5, 1, 250))
    assert not crossings.learn(np.empty(0), np.ones(5))
    assert not crossings.learn(np.zeros(250), np.zeros(250))
    assert crossings.threshold == 0.25
    steps, times = np.arange(20.0) % 2, np.arange(20.0)
    assert crossings.find(steps, times) == []
    crossings.set(crossings.threshold, 0.0, inverted=False)
    assert len(crossings.find(steps, times + 20)) == 20


@pytest.mark.parametrize("threshold", [np.nan, "white", None])
def test_threshold_that_is_no_number_is_refused(threshold):
    with pytest.raises(SettingsError, match=r"^threshold=.*must be a finite number"):
        Crossings(threshold)
