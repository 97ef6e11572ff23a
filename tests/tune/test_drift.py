"""Scores of recordings that drift, jump and hold artifacts and gaps."""

from __future__ import annotations

import re

import numpy as np
import pytest
from signals import alpha_in_noise, level_steps

from psychopy_nfb.dsp import DCBlock, HighPass, Pick, SignalInfo
from psychopy_nfb.dsp.estimators import ESTIMATORS
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.tune.tuning import tune

RATE = 128.0
BAND = (8.0, 12.0)
QUICK = [
    one
    for one in ESTIMATORS.values()
    if one.name in ("cFIR", "wcFIR", "LS-FIR", "Kalman", "demodulate")
]


def eeg(seconds=100.0, seed=2):
    return alpha_in_noise(seconds, RATE, seed)


def ramp(n):
    return np.linspace(0, 20000, n)


def scores(samples, before=None, **options):
    info = SignalInfo(RATE, ("Oz",))
    before = before or [Pick(["Oz"]), DCBlock()]
    entries = tune(samples[:, None], info, before, BAND, (0.0, 0.1), QUICK, **options)
    return {(one.estimator, one.delay): one.score.envelope_r for one in entries}


def largest_difference(one, other):
    assert one.keys() == other.keys()
    return max(abs(one[key] - other[key]) for key in one)


def test_a_ramp_of_20_mv_and_jumps_of_1_mv_change_no_score():
    samples, told = eeg(), []
    spoilt = samples + ramp(len(samples)) + level_steps(len(samples))
    assert largest_difference(scores(samples), scores(spoilt, told=told.append)) < 0.01
    (sentence,) = told
    assert re.match(r"7 jumps of the level were removed \(the largest of 1 mV in Oz\)", sentence)


def test_electrodes_that_settle_by_16_mv_change_no_score_behind_a_second_order():
    samples = eeg()
    settling = 16000 * (1 - np.exp(-np.arange(len(samples)) / RATE / 15))
    before = [Pick(["Oz"]), HighPass(0.5)]
    assert largest_difference(scores(samples, before), scores(samples + settling, before)) < 0.01


def test_large_artifacts_in_the_scored_part_are_left_out_and_told():
    samples, told = eeg(), []
    spoilt = samples.copy()
    n = len(samples)
    for at in (0.6, 0.75, 0.88):
        row = round(at * n)
        spoilt[row : row + 64] += 2000 * np.hanning(64) * np.sin(np.arange(64) / 2)
    clean = scores(samples)
    found = scores(spoilt, told=told.append)
    # With them all correlations would be near 1; without 8 of 46 s they change by chance.
    assert largest_difference(clean, found) < 0.04
    (sentence,) = told
    left_out, whole = map(float, re.match(r"([\d.]+) of the (\d+) s that are", sentence).groups())
    assert left_out == pytest.approx(3 * 2.4, abs=0.5)
    assert whole == 46
    assert "artifacts beyond 100 µV, with 1 s on both sides" in sentence


def test_a_gap_is_left_out_and_told():
    samples, told = eeg(), []
    joined = np.concatenate([samples[:9000], eeg(seed=8)[9000:]])
    scores(joined, gaps=[9000], told=told.append)
    assert told == [
        "2.0 of the 46 s that are scored were left out: artifacts beyond 100 µV or gaps, with 1 s "
        "on both sides."
    ]


def test_a_recording_of_artifacts_is_refused():
    random = np.random.default_rng(1)
    samples = eeg()
    half = len(samples) // 2
    for row in range(half, len(samples), 160):
        samples[row : row + 20] += 3000 * random.standard_normal(len(samples[row : row + 20]))
    with pytest.raises(
        SettingsError,
        match=r"^recording='\d s usable': must have 10 s without.*100 µV in its second half",
    ):
        scores(samples)
