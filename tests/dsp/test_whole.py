"""Whole recordings that drift, jump and hold artifacts, and what is computed from them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal
from signals import alpha_in_noise, rhythm

from psychopy_nfb import dsp
from psychopy_nfb.dsp.whole import calmed, without_drift

RATE = 250.0
BAND = (8.0, 12.0)


def eeg(seconds=60.0, seed=1):
    return alpha_in_noise(seconds, RATE, seed)[:, None]


def seconds(samples):
    return np.arange(len(samples))[:, None] / RATE


def jumped(samples, at, height):
    return samples + height * (seconds(samples) >= at)


DRIFTS = {
    "offset": lambda t: np.full_like(t, 1e5),
    "ramp": lambda t: 20000 * t / t[-1],
    "settling": lambda t: 16000 * (1 - np.exp(-t / 15)),
    "sway": lambda t: 5000 * np.sin(2 * np.pi * 0.02 * t),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_the_acausal_rhythm_of_a_recording_that_drifts_is_that_of_one_which_does_not(name):
    samples = eeg()
    drifting = samples + DRIFTS[name](seconds(samples))
    wanted, found = (dsp.acausal_analytic(one, RATE, BAND, 0.05) for one in (samples, drifting))
    inner = slice(500, -500)
    # A thousandth of the alpha, which has 10 µV.
    assert np.abs(found - wanted)[inner].max() < 0.1
    assert np.abs(found - wanted)[inner].std() < 0.02


@pytest.mark.parametrize("height", [1000.0, -1000.0, 250.0, -40000.0])
@pytest.mark.parametrize("smeared", [1, 4])
def test_a_jump_is_removed_and_its_height_is_known(height, smeared):
    samples = eeg()
    step = height * (seconds(samples) >= 20)
    step[:, 0] = signal.lfilter(np.ones(smeared) / smeared, 1, step[:, 0])
    found = calmed(samples + step, RATE)
    ((row, channel, told),) = found.jumps
    assert channel == 0
    assert 20 * RATE - 5 <= row <= 20 * RATE + 1
    assert told == pytest.approx(height, abs=30)
    # What is left of it is not larger than the EEG's own changes.
    assert np.ptp(found.samples - samples) < 30
    assert not found.artifacts.any()
    assert f"{abs(told) / 1e3:.2g} mV in Oz" in found.jumps_told(["Oz"])


def test_blinks_spikes_and_strong_alpha_are_no_jumps_and_nothing_else_is_changed():
    samples = eeg()
    blink, spike = np.zeros_like(samples), np.zeros_like(samples)
    blink[2000:2075, 0] = 300 * np.hanning(75)
    spike[9000:9004] = 400
    strong = samples + 30 * np.sin(2 * np.pi * 10 * seconds(samples)) * (seconds(samples) > 40)
    for one in (samples, samples + blink, samples + spike, strong):
        found = calmed(one, RATE)
        assert found.jumps == ()
        assert found.samples is one
    assert not calmed(samples, RATE).artifacts.any()
    assert not calmed(strong, RATE).artifacts.any()
    assert calmed(samples, RATE).bridged() is samples


def test_an_artifact_is_found_with_a_second_on_both_sides_and_bridged():
    samples = eeg()
    spoilt = samples.copy()
    spoilt[5000:5100, 0] += 600 * np.hanning(100)
    found = calmed(spoilt + DRIFTS["settling"](seconds(samples)), RATE)
    rows = np.flatnonzero(found.artifacts[:, 0])
    assert rows[0] == pytest.approx(5050 - 50 - 250, abs=40)
    assert rows[-1] == pytest.approx(5050 + 50 + 250, abs=40)
    assert len(rows) == rows[-1] - rows[0] + 1
    left = without_drift(found.bridged(), RATE)
    assert np.abs(left).max() < 1.5 * np.abs(without_drift(samples, RATE)).max()


@pytest.mark.parametrize("estimator", ["wcFIR", "LS-FIR"])
def test_a_filter_fitted_to_a_drifting_baseline_keeps_the_drift_out(estimator):
    kind = {"wcFIR": dsp.WCFIR, "LS-FIR": dsp.LSFIR}[estimator]
    samples = eeg(120)
    half = len(samples) // 2
    wanted = np.abs(dsp.acausal_analytic(samples, RATE, BAND, 0.02)[:, 0])
    qualities = []
    for slope in (0.0, 178.0):  # 16 mV in 90 s
        front, step = dsp.DCBlock(), kind(BAND, delay=0.02)
        for one in (front, step):
            one.prepare(dsp.SignalInfo(RATE, ("Oz",)))
        passed = front.process(samples + slope * seconds(samples))
        step.fit(passed[500:half])
        step.reset()
        found = step.process(passed)[half + 500 : -500, 0]
        qualities.append(np.corrcoef(found, wanted[half + 500 : -500])[0, 1])
    assert qualities[1] == pytest.approx(qualities[0], abs=0.01)


@pytest.mark.parametrize("estimator", ["wcFIR", "LS-FIR", "Kalman"])
def test_a_jump_and_a_movement_in_the_baseline_change_no_fit(estimator):
    kind = {"wcFIR": dsp.WCFIR, "LS-FIR": dsp.LSFIR, "Kalman": dsp.KalmanOscillator}[estimator]
    samples = eeg(120)
    spoilt = jumped(jumped(samples, 20, 5000), 33, -2000)
    spoilt[10000:10500, 0] += 3000 * np.hanning(500) * np.sin(np.arange(500) / 5)
    half = len(samples) // 2
    wanted = np.abs(dsp.acausal_analytic(samples, RATE, BAND, 0.02)[half + 500 : -500, 0])
    qualities = []
    for baseline in (samples, spoilt):
        front, step = dsp.DCBlock(), kind(BAND, delay=0.02)
        for one in (front, step):
            one.prepare(dsp.SignalInfo(RATE, ("Oz",)))
        step.fit(front.process(baseline[:half]))
        front.reset()
        step.reset()
        found = step.process(front.process(samples))[half + 500 : -500, 0]
        qualities.append(np.corrcoef(found, wanted)[0, 1])
    assert qualities[1] == pytest.approx(qualities[0], abs=0.01)


def test_the_own_peak_does_not_move_with_drift_jumps_and_movements():
    samples = eeg(60) + 5 * np.sin(2 * np.pi * 10.2 * np.arange(15000)[:, None] / RATE)
    spoilt = jumped(samples + DRIFTS["settling"](seconds(samples)), 30, 3000)
    spoilt[2000:2100, 0] += 5000 * np.hanning(100)
    wanted = dsp.individual_frequency(samples, RATE)
    assert dsp.individual_frequency(spoilt, RATE) == pytest.approx(wanted, abs=0.05)


def spread(samples, random):
    """Return four channels that show the rhythm of `samples` by a known pattern, in noise."""
    pattern = np.array([0.2, 0.5, 1.0, 0.7])
    noise = np.column_stack([eeg(len(samples) / RATE, seed)[:, 0] for seed in range(10, 14)])
    return noise @ random.standard_normal((4, 4)) / 4 + samples * pattern


@pytest.mark.parametrize("method", ["ssd", "csp", "spoc"])
def test_a_spatial_filter_is_not_made_of_jumps_and_movements(method):
    samples = eeg(60)
    strength = 1 + 0.9 * np.sin(2 * np.pi * seconds(samples) / 20)
    planted = rhythm(np.random.default_rng(3), len(samples), RATE, (9.5, 10.5))[:, None]
    planted = 10 * strength * planted
    clean = spread(planted, np.random.default_rng(5))
    spoilt = clean.copy()
    for row, channel in ((2000, 0), (6000, 1), (9000, 3), (12500, 0)):
        spoilt[row:, channel] += 2000
        spoilt[row + 700 : row + 760, channel] += 4000 * np.hanning(60)
    strong = strength[:, 0] > 1
    found = []
    for one in (clean, spoilt):
        if method == "ssd":
            fit = dsp.ssd(one, RATE, "ABCD", BAND)
        elif method == "spoc":
            fit = dsp.spoc(one, strength[:, 0], RATE, "ABCD", BAND)
        else:
            fit = dsp.csp(one[strong], one[~strong], RATE, "ABCD", BAND)
        sos = signal.butter(2, BAND, "bandpass", fs=RATE, output="sos")
        component = signal.sosfiltfilt(sos, clean @ fit.weights[:, 0])
        wanted = signal.sosfiltfilt(sos, planted[:, 0])
        found.append(abs(np.corrcoef(component, wanted)[0, 1]))
    assert found[0] > 0.9
    assert found[1] == pytest.approx(found[0], abs=0.02)
