"""Spatial filters that are found on a recording: planted sources, and plain references."""

from __future__ import annotations

import json

import numpy as np
import pytest
import signals
from scipy import linalg, signal

from psychopy_nfb import dsp
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.settings import from_dict, to_dict

RATE = 250.0
BAND = (8.0, 12.0)
LABELS = ("Fp1", "Fp2", "Fz", "C3", "Cz", "C4", "P3", "Pz", "P4", "O1", "Oz", "O2")
N = len(LABELS)
fits = pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.campaign) for seed in (2, 3))]
)


def mixed_noise(random, n):
    """Return 1/f noise that the channels share, (n, N)."""
    return signals.background(random, n, RATE, N) @ random.standard_normal((N, N))


def rhythm(random, n, amplitude=1.0):
    return amplitude * signals.rhythm(random, n, RATE, (9.5, 10.5))


def similar(one, other):
    return abs(np.corrcoef(one, other)[0, 1])


def passed(step, samples):
    step.prepare(dsp.SignalInfo(RATE, LABELS))
    return step.process(samples)


def narrow(samples):
    sos = signal.butter(2, BAND, "bandpass", fs=RATE, output="sos")
    return signal.sosfiltfilt(sos, samples, axis=0)


@fits
def test_row_018_the_first_component_of_ssd_is_the_planted_rhythm(seed):
    random = np.random.default_rng(seed)
    n = 60 * 250
    planted, pattern = rhythm(random, n), random.standard_normal(N)
    samples = mixed_noise(random, n) + np.outer(planted, pattern)
    fit = dsp.ssd(samples[: n // 2], RATE, LABELS, BAND)
    assert (np.diff(fit.scores) <= 0).all()
    found = passed(fit.step(), samples)[n // 2 :, 0]
    assert similar(narrow(found), narrow(planted)[n // 2 :]) > 0.95
    assert similar(fit.patterns[:, 0], pattern) > 0.95


@fits
def test_row_017_csp_finds_what_two_states_differ_in_and_reloads_identically(seed, tmp_path):
    random = np.random.default_rng(seed)
    n = 40 * 250
    pattern = random.standard_normal(N)
    noise = mixed_noise(random, 2 * n)
    planted = rhythm(random, 2 * n)
    planted[n:] *= 0.1
    samples = noise + np.outer(planted, pattern)
    fit = dsp.csp(samples[:n], samples[n:], RATE, LABELS, BAND)
    found = passed(fit.step(), samples)[:n, 0]
    assert similar(narrow(found), narrow(planted[:n])) > 0.95
    assert fit.scores[0] > 0.9
    path = tmp_path / "filter.json"
    path.write_text(json.dumps(to_dict(fit.step())))
    again = from_dict(dsp.Step, json.loads(path.read_text()))
    assert (passed(again, samples)[:n, 0] == found).all()


@fits
def test_row_020_spoc_finds_the_rhythm_whose_power_follows_a_target(seed):
    random = np.random.default_rng(seed)
    n = 120 * 250
    target = np.repeat(np.exp(0.8 * random.standard_normal(n // 250)), 250)
    planted = rhythm(random, n) * np.sqrt(target)
    pattern = random.standard_normal(N)
    samples = mixed_noise(random, n) + 0.7 * np.outer(planted, pattern)
    fit = dsp.spoc(samples, target, RATE, LABELS, BAND)
    found = passed(fit.step(), samples)[:, 0]
    assert similar(narrow(found), narrow(planted)) > 0.95
    assert fit.scores[0] > 0
    assert fit.by_chance[0] <= 0.01


def test_spoc_tells_what_follows_a_target_by_chance():
    n, strong = 90 * 250, []
    for seed in range(10):
        random = np.random.default_rng(seed)
        slow = np.cumsum(random.standard_normal(n // 250))  # as heart rate or skin do
        target = np.repeat(slow if seed % 2 else random.standard_normal(n // 250), 250)
        fit = dsp.spoc(mixed_noise(random, n), target, RATE, LABELS, BAND)
        assert fit.by_chance.shape == fit.scores.shape
        strong.append(fit.by_chance[0] < 0.05)
    assert sum(strong) <= 2  # of ten unrelated ones, at 5 %


@fits
def test_row_018_the_problem_solved_is_scipy_s_generalised_one(seed):
    random = np.random.default_rng(seed)
    first, second = mixed_noise(random, 5000), mixed_noise(random, 5000)
    fit = dsp.csp(first, second, RATE, LABELS, BAND)
    powers = [np.cov(narrow(one).T) for one in (first, second)]
    values, vectors = linalg.eigh(powers[0], powers[0] + powers[1])
    order = np.argsort(-np.abs(values - 0.5))
    assert fit.scores == pytest.approx(values[order], abs=1e-9)
    for column, plain in enumerate(vectors[:, order].T):
        own = fit.weights[:, column]
        assert own / own[0] == pytest.approx(plain / plain[0], rel=1e-6)


def blinking(random, n):
    """Return blinks (n,), how they spread, alpha (n,), how it spreads, and all with noise."""
    blinks = np.zeros(n)
    shape = np.hanning(round(0.3 * RATE))
    for start in range(300, n - 200, 700):
        at = start + random.integers(0, 200)
        blinks[at : at + len(shape)] += 150 * shape
    spread = np.array([1, 0.95, 0.45, 0.2, 0.2, 0.2, 0.08, 0.08, 0.08, 0.04, 0.04, 0.04])
    alpha = rhythm(random, n, 10)
    posterior = np.array([0.05, 0.05, 0.1, 0.2, 0.3, 0.2, 0.6, 0.8, 0.6, 1, 1, 1])
    samples = np.outer(blinks, spread) + np.outer(alpha, posterior) + 0.7 * mixed_noise(random, n)
    return blinks, spread, alpha, posterior, samples


def blink_power(out, blinks):
    """Return the power in `out` that goes along with the blinks, by channel."""
    centred = blinks - blinks.mean()
    return (centred @ (out - out.mean(axis=0)) / (centred @ centred)) ** 2


@fits
def test_row_019_rejected_blinks_are_20_db_down_and_alpha_is_kept(seed):
    pytest.importorskip("mne")
    random = np.random.default_rng(seed)
    blinks, spread, alpha, posterior, samples = blinking(random, 90 * 250)
    step, fit, rejected = dsp.reject_blinks(samples, RATE, LABELS, ["Fp1", "Fp2"])
    assert similar(fit.patterns[:, rejected[0]], spread) > 0.99
    assert 10 * np.log10(blink_power(samples, blinks)[0]) > -1
    out = passed(step, samples)
    assert 10 * np.log10((blink_power(out, blinks) / blink_power(samples, blinks))[:6]).max() < -20
    pure = passed(step, np.outer(alpha, posterior))
    for channel in ("P3", "Pz", "P4", "O1", "Oz", "O2"):
        at = LABELS.index(channel)
        assert pure[:, at].std() == pytest.approx((alpha * posterior[at]).std(), rel=0.05)


@fits
def test_row_019_regression_on_an_eog_takes_20_db_of_blinks(seed):
    random = np.random.default_rng(seed)
    blinks, _, _, _, samples = blinking(random, 90 * 250)
    eog = 2 * blinks + random.standard_normal(len(blinks))
    labels = (*LABELS, "EOG")
    step = dsp.regress_out(np.column_stack([samples, eog]), labels, ["EOG"])
    assert step.prepare(dsp.SignalInfo(RATE, labels)).labels == LABELS
    out = step.process(np.column_stack([samples, eog]))
    assert 10 * np.log10((blink_power(out, blinks) / blink_power(samples, blinks))[:6]).max() < -20
    plain = np.linalg.lstsq(
        (eog - eog.mean())[:, None], samples - samples.mean(axis=0), rcond=None
    )[0]
    assert out == pytest.approx(samples - np.outer(eog, plain), abs=1e-8)


@pytest.mark.row(16)
@pytest.mark.row(21)
@pytest.mark.parametrize("seed", [1, 2])
def test_row_016_a_known_mix_is_recovered_by_weights_from_a_file(seed, tmp_path):
    random = np.random.default_rng(seed)
    sources, mixing = random.standard_normal((500, 3)), random.standard_normal((3, 3))
    table = np.linalg.inv(mixing).T
    lines = ["name,Fz,C3,Cz"]
    lines += [f"S{row}," + ",".join(map(repr, table[row].tolist())) for row in range(3)]
    path = tmp_path / "unmix.csv"
    path.write_text("\n".join(lines) + "\n")
    samples = np.zeros((500, N))
    samples[:, 2:5] = sources @ mixing
    assert passed(dsp.SpatialFilter(file=str(path)), samples) == pytest.approx(sources, abs=1e-9)


def test_an_average_reference_takes_a_direction_and_nothing_fails():
    random = np.random.default_rng(4)
    n = 40 * 250
    planted, pattern = rhythm(random, n), random.standard_normal(N)
    samples = mixed_noise(random, n) + np.outer(planted, pattern)
    samples -= samples.mean(axis=1, keepdims=True)
    fit = dsp.ssd(samples, RATE, LABELS, BAND)
    assert len(fit.scores) == N - 1
    assert similar(narrow(samples @ fit.weights[:, 0]), narrow(planted)) > 0.95


def test_a_component_is_as_large_as_on_its_strongest_channel():
    random = np.random.default_rng(5)
    n = 40 * 250
    pattern = np.linspace(-1, 0.5, N)
    planted = rhythm(random, n, 20)
    samples = 0.05 * mixed_noise(random, n) + np.outer(planted, pattern)
    out = passed(dsp.ssd(samples, RATE, LABELS, BAND).step(), samples)[:, 0]
    assert narrow(out).std() == pytest.approx(narrow(samples[:, 0]).std(), rel=0.05)


def test_what_cannot_be_fitted_is_refused_in_a_sentence():
    random = np.random.default_rng(6)
    samples = mixed_noise(random, 3000)
    with pytest.raises(SettingsError, match=r"samples.*too few"):
        dsp.ssd(samples[:100], RATE, LABELS, BAND)
    holed = samples.copy()
    holed[:, 3] = np.nan
    with pytest.raises(SettingsError, match=rf"samples='{LABELS[3]}': holds no usable numbers"):
        dsp.ssd(holed, RATE, LABELS, BAND)
    holed[100:, 3] = samples[100:, 3]
    with pytest.raises(SettingsError, match=rf"samples='{LABELS[3]}': holds what is no number"):
        dsp.regress_out(holed, LABELS, [LABELS[0]])
    assert np.isfinite(dsp.ssd(holed, RATE, LABELS, BAND).weights).all()
    with pytest.raises(SettingsError, match=r"samples.*flat.*electrodes"):
        dsp.ssd(np.zeros((3000, N)), RATE, LABELS, BAND)
    with pytest.raises(SettingsError, match=r"band.*125 Hz"):
        dsp.ssd(samples, RATE, LABELS, (100, 130))
    with pytest.raises(SettingsError, match=r"target.*constant.*must change"):
        dsp.spoc(samples, np.ones(3000), RATE, LABELS, BAND)
    with pytest.raises(SettingsError, match=r"regressors.*copies"):
        dsp.regress_out(np.column_stack([samples, samples[:, 0]]), (*LABELS, "E"), ["Fp1", "E"])
    with pytest.raises(SettingsError, match=r"regressors.*'EOG'.*no such channel"):
        dsp.regress_out(samples, LABELS, ["EOG"])


def test_a_recording_without_blinks_has_no_blink_component():
    pytest.importorskip("mne")
    samples = mixed_noise(np.random.default_rng(7), 5000)
    samples[:, 0] = np.random.default_rng(8).standard_normal(5000)
    with pytest.raises(SettingsError, match=r"eyes.*similar to no component"):
        dsp.reject_blinks(samples[:, ::-1], RATE, LABELS, ["Fz"])


@fits
@pytest.mark.row(76)
def test_row_076_the_individual_frequency_is_found_to_a_tenth(seed):
    random = np.random.default_rng(seed)
    n = 120 * 250
    t = np.arange(n) / RATE
    phase = 2 * np.pi * 9.3 * t + 0.3 * np.cumsum(random.standard_normal(n)) / np.sqrt(RATE)
    noise = mixed_noise(random, n)[:, 0]
    samples = noise / noise.std() * 10 + 5 * np.sin(phase)
    assert dsp.individual_frequency(samples, RATE) == pytest.approx(9.3, abs=0.1)


def test_no_peak_is_not_made_up():
    noise = mixed_noise(np.random.default_rng(9), 60 * 250)
    with pytest.raises(SettingsError, match=r"search.*no peak.*eyes closed"):
        dsp.individual_frequency(noise, RATE)
    with pytest.raises(SettingsError, match=r"recording.*too short.*12 s"):
        dsp.individual_frequency(noise[:1000], RATE)
