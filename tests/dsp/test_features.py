"""Shapes, connectivity and coupling: analytic signals, planted pairs, plain references."""

from __future__ import annotations

import numpy as np
import pytest
import signals
from scipy import signal

from psychopy_nfb import dsp
from psychopy_nfb.errors import SettingsError

RATE = 250.0


def run(step, samples, labels=None):
    step.prepare(dsp.SignalInfo(RATE, labels or tuple(f"E{n}" for n in range(samples.shape[1]))))
    return step.process(samples)


def sine(frequency, seconds=10.0, amplitude=5.0):
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)


# -- shapes


@pytest.mark.row(78)
def test_row_078_hjorth_of_sines_is_as_by_formula():
    samples = np.column_stack([sine(10), sine(4, amplitude=8), sine(10) + sine(25)])
    activity = run(dsp.Hjorth("activity"), samples)[-1]
    assert activity == pytest.approx([12.5, 32, 25], rel=0.01)
    mobility = run(dsp.Hjorth("mobility"), samples)[-1]
    # The slope from sample to sample of a sine is 2 sin(pi f / rate) * rate as steep.
    steep = 2 * RATE * np.sin(np.pi * np.array([10, 4, 25]) / RATE)
    assert mobility[:2] == pytest.approx(steep[:2], rel=0.01)
    assert mobility[2] == pytest.approx(np.hypot(steep[0], steep[2]) / np.sqrt(2), rel=0.01)
    complexity = run(dsp.Hjorth("complexity"), samples)[-1]
    assert complexity[:2] == pytest.approx(1, rel=0.01)
    assert complexity[2] > 1.1


@pytest.mark.row(78)
def test_row_078_spectral_entropy_and_centroid_of_a_line_and_of_noise():
    noise = np.random.default_rng(1).standard_normal(round(60 * RATE))
    samples = np.column_stack([sine(10, 60), noise])
    entropy = run(dsp.SpectralShape((5, 40), "entropy"), samples)[1000:].mean(axis=0)
    assert entropy[0] < 0.3
    assert 0.8 < entropy[1] < 1
    centroid = run(dsp.SpectralShape((5, 40), "centroid"), samples)[1000:].mean(axis=0)
    assert centroid == pytest.approx([10, 22.5], abs=0.5)


@pytest.mark.row(78)
@pytest.mark.parametrize("frequency", [9.3, 10.0, 11.21])
def test_row_078_the_peak_s_frequency_is_found_between_the_bins(frequency):
    found = run(dsp.SpectralShape((7, 14)), sine(frequency)[:, None])
    assert found[-1, 0] == pytest.approx(frequency, abs=0.05)


def test_shapes_of_nothing_are_zero_and_too_short_windows_are_refused():
    nothing = np.zeros((1000, 1))
    for step in (dsp.Hjorth(), dsp.Hjorth("complexity"), dsp.SpectralShape((8, 12), "entropy")):
        assert (run(step, nothing) == 0).all()
    with pytest.raises(SettingsError, match=r"window.*0\.2.*3 bins"):
        run(dsp.SpectralShape((8, 12), window=0.2), nothing)
    with pytest.raises(SettingsError, match=r"output='area'.*activity"):
        dsp.Hjorth("area")


@pytest.mark.row(108)
def test_row_108_a_frequency_that_wanders_is_followed_as_late_as_declared():
    t = np.arange(round(120 * RATE)) / RATE
    wander = 1.5 * np.sin(2 * np.pi * 0.2 * t)
    wave = np.sin(2 * np.pi * np.cumsum(10 + wander) / RATE)[:, None]
    step = dsp.SpectralShape((5, 15), "centroid", window=1.0, hop=1 / RATE)
    found = run(step, wave)[:, 0]
    inner = slice(1000, -1000)
    late = signals.lag_in_samples(found[inner], wander[inner], 300)
    assert late == pytest.approx(step.declared_delay * RATE, abs=1)


# -- two sites


def pair(seed, shift, share=0.7, n=30_000):
    """Return four channels: a rhythm, the same `shift` samples later in noise, two others."""
    random = np.random.default_rng(seed)
    sos = signal.butter(2, (8, 12), "bandpass", fs=RATE, output="sos")
    waves = signal.sosfilt(sos, random.standard_normal((n, 4)), axis=0)
    waves /= waves.std(axis=0)
    waves[:, 1] = share * np.roll(waves[:, 0], shift) + np.sqrt(1 - share**2) * waves[:, 1]
    return waves + 0.1 * random.standard_normal((n, 4))


LABELS = ("A", "B", "C", "D")
PAIRS = [["C", "D"], ["A", "B"], ["A", "C"], ["B", "D"]]


@pytest.mark.row(26)
@pytest.mark.row(81)
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("measure", ["coherence", "imaginary", "plv", "wpli"])
def test_row_081_a_lagged_pair_ranks_first(measure, seed):
    found = run(dsp.Connectivity(PAIRS, measure, memory=4.0), pair(seed, 6), LABELS)
    mean = found[2500:].mean(axis=0)
    assert np.argmax(mean) == 1
    assert mean[1] > 1.5 * np.delete(mean, 1).max()
    assert ((found >= 0) & (found <= 1 + 1e-9)).all()


@pytest.mark.row(81)
@pytest.mark.parametrize("measure", ["imaginary", "wpli"])
def test_row_081_what_is_shared_without_a_lag_is_not_counted(measure):
    found = run(dsp.Connectivity(PAIRS, measure, memory=4.0), pair(4, 0), LABELS)[2500:]
    lagged = run(dsp.Connectivity(PAIRS, measure, memory=4.0), pair(4, 6), LABELS)[2500:]
    assert found[:, 1].mean() < 0.5 * lagged[:, 1].mean()
    shared = run(dsp.Connectivity(PAIRS, "coherence", memory=4.0), pair(4, 0), LABELS)[2500:]
    assert shared[:, 1].mean() > 0.6


@pytest.mark.row(81)
@pytest.mark.parametrize("measure", ["coherence", "imaginary", "plv", "wpli"])
def test_row_081_it_is_what_plain_averages_give(measure):
    samples = pair(5, 6, n=3000)
    step = dsp.Connectivity([["A", "B"]], measure, memory=0.8)
    found = run(step, samples, LABELS)[:, 0]
    rhythms = dsp.CFIR((8, 12), 0.1, 0.5)
    rhythms.prepare(dsp.SignalInfo(RATE, LABELS))
    z, w = signal.lfilter(rhythms._taps, 1, samples, axis=0)[:, :2].T
    cross = z * w.conj()

    def average(x):
        keep = np.exp(-1 / (0.8 * RATE))
        state = np.array([keep * x[0]])
        return signal.lfilter([1 - keep], [1, -keep], x, zi=state)[0]

    def mean(x):
        return average(x.real) + 1j * average(x.imag) if np.iscomplexobj(x) else average(x)

    powers = np.sqrt(mean(np.abs(z) ** 2) * mean(np.abs(w) ** 2))
    plain = {
        "coherence": np.abs(mean(cross)) / powers,
        "imaginary": np.abs(mean(cross.imag)) / powers,
        "plv": np.abs(mean(cross / np.abs(cross))),
        "wpli": np.abs(mean(cross.imag)) / mean(np.abs(cross.imag)),
    }[measure]
    assert found == pytest.approx(plain, abs=1e-9)


@pytest.mark.row(108)
def test_row_108_coherence_that_swells_is_followed_as_late_as_declared():
    t = np.arange(round(200 * RATE)) / RATE
    shared = 0.6 + 0.1 * np.sin(2 * np.pi * 0.5 * t)
    # Both well inside of the band, at whose edges a filter is later; beats are averaged out.
    carrier, other = (np.sin(2 * np.pi * frequency * t) for frequency in (11.0, 13.0))
    samples = np.column_stack([carrier, shared * carrier + np.sqrt(1 - shared**2) * other])
    step = dsp.Connectivity([["E0", "E1"]], "coherence", (4, 18), memory=1.0)
    found = run(step, samples)[:, 0]
    inner = slice(2000, -2000)
    late = signals.lag_in_samples(found[inner], shared[inner], 240)
    assert late == pytest.approx(step.declared_delay * RATE, abs=1)


def test_pairs_that_are_none_are_refused():
    with pytest.raises(SettingsError, match=r"pairs=.*name pairs"):
        dsp.Connectivity()
    with pytest.raises(SettingsError, match=r"pairs\[0\]='Q'.*no such channel"):
        run(dsp.Connectivity([["A", "Q"]]), pair(1, 0), LABELS)


# -- a slow and a fast rhythm


def coupled(depth, seed=1, seconds=60):
    """Return theta and a gamma whose amplitude follows it by `depth`, with noise, (n, 1)."""
    t = np.arange(round(seconds * RATE)) / RATE
    theta = 2 * np.pi * 6 * t
    gamma = (1 + depth * np.cos(theta)) * np.sin(2 * np.pi * 45 * t)
    noise = 0.1 * np.random.default_rng(seed).standard_normal(len(t))
    return (5 * np.cos(theta) + gamma + noise)[:, None]


@pytest.mark.row(79)
@pytest.mark.parametrize("seed", [1, 2])
def test_row_079_a_coupled_pair_has_more_than_an_uncoupled_one(seed):
    found = [
        run(dsp.PhaseAmplitudeCoupling(), coupled(depth, seed))[2500:].mean()
        for depth in (0.0, 0.4, 0.8)
    ]
    assert found[0] < 0.05
    assert found[1] == pytest.approx(
        0.2, abs=0.05
    )  # half the depth, as far as the filter passes it
    assert found[2] == pytest.approx(0.4, abs=0.08)


@pytest.mark.row(108)
def test_row_108_coupling_that_swells_is_followed_as_late_as_declared():
    t = np.arange(round(200 * RATE)) / RATE
    depth = 0.5 + 0.3 * np.sin(2 * np.pi * 0.5 * t)
    step = dsp.PhaseAmplitudeCoupling(memory=0.5)
    theta = 2 * np.pi * 6 * t
    gamma = (1 + depth * np.cos(theta)) * np.sin(2 * np.pi * 45 * t)
    found = run(step, (5 * np.cos(theta) + gamma)[:, None])[:, 0]
    inner = slice(2000, -2000)
    late = signals.lag_in_samples(found[inner], depth[inner], 400)
    assert late == pytest.approx(step.declared_delay * RATE, abs=1)


def test_a_band_too_narrow_for_the_coupling_is_refused():
    with pytest.raises(SettingsError, match=r"amplitude_band.*above 8 Hz and be 8 Hz wide"):
        run(dsp.PhaseAmplitudeCoupling(amplitude_band=(40, 44)), np.zeros((10, 1)))


# -- slow potentials


@pytest.mark.row(80)
@pytest.mark.parametrize("seed", [1, 2])
def test_row_080_a_shift_of_dc_is_followed_and_blinks_are_not(seed):
    random = np.random.default_rng(seed)
    n = round(60 * RATE)
    shift = np.where((np.arange(n) // round(10 * RATE)) % 2, -12.0, 0.0)
    blinks = np.zeros(n)
    for start in range(300, n - 200, 900):
        blinks[start : start + 75] += 200 * np.hanning(75)
    eog = blinks + random.standard_normal(n)
    cz = 20_000 + shift + 0.15 * blinks + 5 * random.standard_normal(n)
    samples, labels = np.column_stack([cz, eog]), ("Cz", "EOG")
    sos = signal.butter(2, 1.0, "highpass", fs=RATE, output="sos")
    regression = dsp.regress_out(signal.sosfiltfilt(sos, samples, axis=0), labels, ["EOG"])
    pipeline = dsp.Pipeline([regression, dsp.MovingAverage(0.5)])
    pipeline.prepare(dsp.SignalInfo(RATE, labels))
    found = pipeline.process(samples)[0][:, 0]
    late = round(pipeline.delay * RATE)
    near = np.convolve(np.abs(np.diff(shift, prepend=0.0)), np.ones(201), "same") > 0
    settled = ~near[: n - late]
    settled[:200] = False
    error = found[late:] - 20_000 - shift[: n - late]
    assert np.abs(error[settled]).max() < 3
    uncorrected = dsp.MovingAverage(0.5)
    plain = run(uncorrected, samples[:, :1])[late:, 0] - 20_000 - shift[: n - late]
    assert np.abs(plain[settled]).max() > 6
