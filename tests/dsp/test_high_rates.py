"""Estimators at the rates of all amplifiers: the same EEG gives the same envelope."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy import signal

from psychopy_nfb import StreamSelection, dsp, standard_training
from psychopy_nfb.engine.processor import Processor

LOW = 250.0
SECONDS = 40
BASELINE_SECONDS = 20
SAME = 1.1
"""Spreads differ by up to 7 % with the noise and with lags in whole samples; 257 points of a
spectrum made it 3.4 times as large at 5000 Hz."""


@functools.cache
def eeg(times: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the amplitude of a 10 Hz rhythm, (n,) at 250 Hz, and the EEG at `times` that rate."""
    random = np.random.default_rng(3)
    n = round(SECONDS * LOW)
    t = np.arange(n) / LOW
    amplitude = 20 * (1 + 0.8 * np.sin(2 * np.pi * t / 5))
    frequencies = np.fft.rfftfreq(n, 1 / LOW)
    shape = 1 / np.maximum(frequencies, 0.5) ** 0.75
    background = np.fft.irfft(np.fft.rfft(random.standard_normal(n)) * shape, n)
    low = amplitude * np.sin(2 * np.pi * 10 * t) + 8 * background / background.std()
    noise = random.standard_normal(n * times)  # of an amplifier
    return amplitude, (signal.resample(low, n * times) + noise)[:, None]


def judged(amplitude: np.ndarray, envelope: np.ndarray) -> tuple[float, float, float]:
    """Return correlation with the amplitude at the best lag, and middle and spread of the ratio.

    The spread is from the 5th to the 95th percentile, all of the second half.
    """
    half = slice(round(BASELINE_SECONDS * LOW) + 1000, None)
    found = []
    for lag in range(60):
        true = np.roll(amplitude, lag)[half]
        ratio = envelope[half] / true
        low, middle, high = np.percentile(ratio, (5, 50, 95))
        found.append((float(np.corrcoef(true, envelope[half])[0, 1]), middle, high - low))
    return max(found)


def trained(times: int) -> tuple[float, float, float]:
    """Return how well a training's signal follows the amplitude after its baseline."""
    amplitude, samples = eeg(times)
    training = standard_training(
        StreamSelection(name="amplifier"), channels="Oz", band=(8, 12), reference="as recorded"
    )
    processor = Processor(training, dsp.SignalInfo(LOW * times, ("Oz",)))
    rows = training.value_names.index("trained_signal")
    until = round(BASELINE_SECONDS * LOW) * times
    processor.begin_baseline()
    parts = [processor.process(samples[:until]).values]
    processor.end_baseline()
    parts.append(processor.process(samples[until:]).values)
    return judged(amplitude, np.concatenate(parts)[::times, rows])


@pytest.mark.slow
@pytest.mark.parametrize("times", [8, 20])
def test_a_training_at_a_high_rate_follows_the_amplitude_as_well_as_at_250_hz(times):
    r, middle, spread = trained(times)
    r_low, middle_low, spread_low = trained(1)
    assert r > r_low - 0.005
    assert abs(middle - middle_low) < 0.02
    assert spread < SAME * spread_low


@pytest.mark.parametrize("times", [8, 20, 40])
@pytest.mark.parametrize(
    "step",
    [
        lambda: dsp.WCFIR(delay=0.05, taps=0.1),
        lambda: dsp.WCFIR(delay=0.1, taps=0.3),
        lambda: dsp.CFIR(delay=0.05, taps=0.1),
        lambda: dsp.LSFIR(delay=0.05, taps=0.1),
    ],
    ids=["wcFIR 0.1 s", "wcFIR 0.3 s", "cFIR 0.1 s", "LS-FIR 0.1 s"],
)
def test_an_estimator_of_any_length_is_as_good_at_any_rate(step, times):
    found = []
    for one in (1, times):
        amplitude, samples = eeg(one)
        estimator = step()
        estimator.prepare(dsp.SignalInfo(LOW * one, ("Oz",)))
        if hasattr(estimator, "fit"):
            estimator.fit(samples[: round(BASELINE_SECONDS * LOW) * one])
        estimator.reset()
        found.append(judged(amplitude, estimator.process(samples)[::one, 0]))
    (r_low, middle_low, spread_low), (r, middle, spread) = found
    assert r > r_low - 0.005
    assert abs(middle - middle_low) < 0.02
    assert spread < SAME * spread_low


def test_a_learned_spectrum_has_a_point_each_half_hertz_at_any_rate():
    for times in (1, 4, 20):
        _, samples = eeg(times)
        step = dsp.WCFIR()
        step.prepare(dsp.SignalInfo(LOW * times, ("Oz",)))
        step.fit(samples)
        distance = LOW * times / 2 / (len(step.spectrum) - 1)
        assert 0 < distance <= 0.5
        assert np.argmax(step.spectrum[round(5 / distance) :]) * distance + 5 == pytest.approx(
            10.0, abs=0.25
        )
