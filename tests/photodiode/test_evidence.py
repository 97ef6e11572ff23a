"""Light of something else seldom passes for the log's, however it is laid over it."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.photodiode.evidence import evidence

WIDEST, LAGS = 12, 50


def bits(wrong, lost=None, path=None):
    lost = np.zeros(len(wrong), dtype=bool) if lost is None else lost
    path = np.zeros(len(wrong), dtype=int) if path is None else path
    return evidence(wrong & ~lost, ~lost, lost, path, WIDEST, 2 * LAGS)


def laid(rng, n):
    """Return which refreshes of random light are wrong at each lag and polarity."""
    light, log = rng.integers(0, 2, n), rng.integers(0, 2, n + LAGS)
    return [(light ^ log[lag : lag + n] ^ turned) > 0 for lag in range(LAGS) for turned in (0, 1)]


@pytest.mark.parametrize("n", [16, 32, 64])
def test_the_best_of_all_lags_has_k_bits_no_more_often_than_said(n):
    rng = np.random.default_rng(n)
    best = np.array([max(bits(wrong) for wrong in laid(rng, n)) for _ in range(60)])
    assert best.max() < 8
    for k in (0, 1, 2, 3):
        assert (best >= k).mean() <= 2.0**-k


def test_the_stretch_that_agrees_best_of_a_long_recording_is_paid_for():
    rng, kept = np.random.default_rng(0), 40
    for _ in range(100):
        wrong = min(laid(rng, 256), key=lambda one: moving(one, kept).min())
        begin = int(moving(wrong, kept).argmin())
        lost = np.ones(256, dtype=bool)
        lost[begin : begin + kept] = False
        assert wrong[~lost].mean() < 0.3
        assert bits(wrong, lost) < 8


def moving(wrong, kept):
    return np.convolve(wrong, np.ones(kept), mode="valid")


def test_what_agrees_has_about_a_bit_for_each_refresh():
    right = np.zeros(1280, dtype=bool)
    assert 1200 < bits(right) < 1280
    later = np.where(np.arange(1280) < 700, 0, 1)
    assert 10 < bits(right) - bits(right, path=later) < 25
    lost = (np.arange(1280) > 300) & (np.arange(1280) < 400)
    assert 99 < bits(right) - bits(right, lost) < 130


def test_half_of_a_recording_beside_the_patch_does_not_undo_the_other():
    wrong = np.random.default_rng(1).random(1280) < 0.5
    wrong[640:] = False
    assert bits(wrong) > 600
