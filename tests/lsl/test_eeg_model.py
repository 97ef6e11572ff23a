from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.settings import from_dict, to_dict
from psychopy_nfb.simulate.eeg_model import SimulatedEEG

SITES = ("Fp1", "Fp2", "Fz", "Cz", "Pz", "O1", "Oz", "T7", "T8", "AUX")
QUIET = {"blinks_per_minute": 0, "emg_per_minute": 0, "line_frequency": 0}


def make(seconds, **settings):
    person = SimulatedEEG(**{"channels": SITES, "seed": 3, **settings})
    samples, envelope = person.generate(round(seconds * person.rate))
    return person, dict(zip(SITES, samples.T, strict=True)), envelope


def spectrum(samples, rate=250.0):
    return signal.welch(samples, rate, nperseg=int(4 * rate))


def band_amplitude(samples, low, high, rate=250.0):
    sections = signal.butter(3, (low, high), "bandpass", fs=rate, output="sos")
    return np.abs(signal.hilbert(signal.sosfiltfilt(sections, samples)))


@pytest.mark.parametrize("chunk", [1, 7, 50, 333])
def test_the_same_samples_however_they_are_cut(chunk):
    whole = SimulatedEEG(channels=SITES, seed=9, eyes_seconds=2)
    samples, envelope = whole.generate(1500)
    cut = SimulatedEEG(channels=SITES, seed=9, eyes_seconds=2)
    pieces, markers = [], []
    for first in range(0, 1500, chunk):
        pieces.append(cut.generate(min(chunk, 1500 - first)))
        new = cut.collect_markers()
        assert all(first <= sample < first + chunk for sample, _ in new)
        markers += new
    assert np.array_equal(np.concatenate([piece[0] for piece in pieces]), samples)
    assert np.array_equal(np.concatenate([piece[1] for piece in pieces]), envelope)
    assert markers == whole.collect_markers()


def test_seeds_and_settings_reproduce_and_differ():
    first, _ = SimulatedEEG(channels=SITES, seed=1).generate(1000)
    again = from_dict(SimulatedEEG, to_dict(SimulatedEEG(channels=SITES, seed=1)))
    assert np.array_equal(again.generate(1000)[0], first)
    other, _ = SimulatedEEG(channels=SITES, seed=2).generate(1000)
    assert abs(np.corrcoef(first[:, 3], other[:, 3])[0, 1]) < 0.5
    again.reset()
    assert np.array_equal(again.generate(1000)[0], first)


def test_alpha_is_stronger_with_eyes_closed_and_strongest_at_the_back():
    _, opened, _ = make(120, eyes="open")
    _, closed, _ = make(120, eyes="closed")
    ratio = band_amplitude(closed["Oz"], 8, 12).mean() / band_amplitude(opened["Oz"], 8, 12).mean()
    assert 2.0 < ratio < 3.0
    # What alpha adds at each site: the same person without it is the same but for the alpha.
    _, without, _ = make(120, eyes="closed", alpha_amplitude=0)
    added = {site: np.std(closed[site] - without[site]) for site in SITES}
    assert added["Oz"] > added["O1"] > added["Pz"] > added["Cz"] > added["Fp1"]
    assert added["AUX"] == 0


@pytest.mark.parametrize("frequency", [8.6, 10.0, 11.4])
def test_spectrum_peaks_at_the_individual_alpha_frequency(frequency):
    _, sites, _ = make(120, eyes="closed", alpha_frequency=frequency)
    hertz, power = spectrum(sites["Oz"])
    near = (hertz > 6) & (hertz < 14)
    assert hertz[near][np.argmax(power[near])] == pytest.approx(frequency, abs=0.3)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 1.8])
def test_background_falls_as_one_over_f(exponent):
    _, sites, _ = make(
        240, background_exponent=exponent, alpha_amplitude=0, sensor_noise=0, **QUIET
    )
    hertz, power = spectrum(np.array([sites["Cz"], sites["AUX"]]))
    fitted = (hertz >= 1) & (hertz <= 40)
    slope = np.polyfit(np.log(hertz[fitted]), np.log(power[:, fitted]).mean(axis=0), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.1)
    assert np.std(sites["AUX"]) == pytest.approx(10, rel=0.25)


def test_neighbours_share_their_background():
    _, sites, _ = make(60, alpha_amplitude=0, **QUIET)
    near, far = (np.corrcoef(sites["Oz"], sites[other])[0, 1] for other in ("O1", "Fp1"))
    assert near > 0.5 > 0.25 > far
    assert abs(np.corrcoef(sites["Oz"], sites["AUX"])[0, 1]) < 0.25


def test_blinks_are_frontal_large_short_and_only_with_open_eyes():
    person, sites, _ = make(120, eyes_seconds=20)
    _, without, _ = make(120, eyes_seconds=20, blinks_per_minute=0)
    markers = person.collect_markers()
    onsets = [sample for sample, label in markers if label == "blink"]
    assert 5 <= len(onsets) <= 30
    assert not any(int(onset / 250 / 20) % 2 for onset in onsets)
    added = {site: sites[site] - without[site] for site in SITES}
    for onset in onsets:
        blink = {site: added[site][onset : onset + 100].max() for site in SITES}
        assert 115 < blink["Fp1"] < 200
        assert blink["Fz"] < 0.5 * blink["Fp1"]
        assert blink["Oz"] < 1
    lasting = np.diff(np.flatnonzero(np.diff((added["Fp1"] > 1e-6).astype(int))))[::2] / 250
    assert 0.17 < lasting.min()
    assert lasting.max() <= 0.41


def test_eyes_alternate_and_can_be_told():
    person, _, _ = make(11, eyes_seconds=4, blinks_per_minute=0)
    assert person.collect_markers() == [
        (0, "eyes_open"),
        (1000, "eyes_closed"),
        (2000, "eyes_open"),
    ]
    person.eyes = "closed"
    person.generate(250)
    ((sample, label),) = person.collect_markers()
    assert label == "eyes_closed"
    assert 2750 <= sample <= 2750 + 63


def test_muscle_bursts_are_fast_and_local():
    _, sites, _ = make(120, emg_per_minute=30)
    _, without, _ = make(120, emg_per_minute=0)
    added = {site: sites[site] - without[site] for site in SITES}
    assert np.std(added["T7"]) > 5 * np.std(added["Cz"])
    hertz, power = spectrum(added["T7"])
    assert power[hertz >= 19].sum() > 20 * power[hertz < 15].sum()
    assert abs(np.corrcoef(added["T7"], added["T8"])[0, 1]) < 0.1


@pytest.mark.parametrize("frequency", [50.0, 60.0])
def test_the_mains_are_one_line(frequency):
    # The same person without mains: what is left is a sine of 0.5 to 1.5 times 2 microvolts.
    _, sites, _ = make(60, line_frequency=frequency)
    _, without, _ = make(60, line_frequency=0)
    added = sites["Cz"] - without["Cz"]
    hertz, power = spectrum(added)
    line = np.abs(hertz - frequency) < 1
    assert power[line].sum() > 0.999 * power.sum()
    assert 1 <= np.sqrt(2) * np.std(added) <= 3
    hertz, power = spectrum(sites["Cz"])
    assert hertz[hertz > 30][np.argmax(power[hertz > 30])] == frequency


def test_true_envelope_is_what_a_filter_finds_at_oz():
    _, sites, envelope = make(300, closed_gain=3)
    found = band_amplitude(sites["Oz"], 7.5, 12.5)
    assert np.corrcoef(found, envelope)[0, 1] > 0.93
    assert found.mean() == pytest.approx(envelope.mean(), rel=0.15)
    # With nothing but alpha, the envelope is the rhythm's amplitude to a few per cent.
    _, alone, envelope = make(120, background_amplitude=0, sensor_noise=0, **QUIET)
    inner = slice(250, -250)
    found = np.abs(signal.hilbert(alone["Oz"]))
    assert np.median(np.abs(found[inner] / envelope[inner] - 1)) < 0.05


def test_alpha_comes_in_bursts():
    _, _, envelope = make(300, eyes="open")
    assert 0.4 < np.std(envelope) / np.mean(envelope) < 1.0
    assert envelope.mean() == pytest.approx(7, rel=0.15)
    assert envelope.min() > 0


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"channels": ("Oz", "Oz")}, "channels"),
        ({"rate": 10}, "rate"),
        ({"eyes": "shut"}, "eyes"),
        ({"line_frequency": 125.0}, "line_frequency"),
        ({"background_exponent": 2.5}, "background_exponent"),
        ({"alpha_amplitude": -1}, "alpha_amplitude"),
    ],
)
def test_impossible_settings_are_named(settings, named):
    with pytest.raises(SettingsError, match=f"^{named}="):
        SimulatedEEG(**settings)
