"""Bad channels are named, with the reason, and no others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from psychopy_nfb.channels import not_eeg
from psychopy_nfb.dsp import ChannelQuality, SignalInfo
from psychopy_nfb.dsp.channel_verdict import REMEDIES
from psychopy_nfb.simulate.eeg_model import SimulatedEEG

SECONDS = 30


@pytest.fixture(scope="module")
def recording():
    """Return 30 s of a simulated participant who blinks, and what describes it."""
    simulation = SimulatedEEG(eyes="open", emg_per_minute=0.0, seed=4)
    samples, _ = simulation.generate(round(SECONDS * simulation.rate))
    return samples.astype(float), SignalInfo(simulation.rate, tuple(simulation.channels))


def bad(samples, info, chunk=50):
    quality = ChannelQuality(info)
    for first in range(0, len(samples), chunk):
        quality.add(samples[first : first + chunk])
    return {one.label: one.reason for one in quality.verdicts() if not one.good}


def planted(samples, info):
    """Spoil five channels, each in its own way."""
    random = np.random.default_rng(1)
    samples = samples.copy()
    t = np.arange(len(samples)) / info.rate
    at = info.labels.index
    samples[:, at("F3")] = 1234.5
    samples[:, at("C4")] += 60 * np.sin(2 * np.pi * 50 * t)
    samples[-100, at("Pz")] = np.nan
    samples[:, at("O1")] += 200 * np.sin(2 * np.pi * 3 * t)
    samples[:, at("T8")] += 60 * random.standard_normal(len(t))
    return samples


def test_row_087_planted_bad_channels_are_named_and_none_else(recording):
    samples, info = recording
    found = bad(planted(samples, info), info)
    assert set(found) == {"F3", "C4", "Pz", "O1", "T8"}
    assert found["F3"] == "flat"
    assert found["C4"].startswith("50 Hz mains hum 4")  # 60 µV / sqrt(2)
    assert found["Pz"] == "no valid values"
    assert found["O1"].startswith("large slow swings 14")  # 200 µV / sqrt(2)
    assert found["T8"].startswith("muscles or noise")


def judged(samples, info):
    quality = ChannelQuality(info)
    quality.add(samples)
    return {one.label: one for one in quality.verdicts()}


@pytest.mark.parametrize(
    ("frequency", "fault"),
    [(0.5, "large slow swings"), (2, "large slow swings"), (3, "large slow swings")]
    + [(hertz, "larger than EEG") for hertz in (5, 10, 20)],
)
def test_what_is_large_is_called_slow_only_if_it_is(recording, frequency, fault):
    samples, info = recording
    t = np.arange(len(samples)) / info.rate
    oscillation = 250 * np.sin(2 * np.pi * frequency * t)
    samples = samples.copy()
    samples[:, info.labels.index("O1")] += oscillation
    found = judged(samples, info)["O1"]
    assert found.fault == fault
    assert found.remedy
    assert found.level > 75


def test_every_bad_channel_has_a_remedy_and_no_good_one_has(recording):
    samples, info = recording
    for verdict in judged(planted(samples, info), info).values():
        assert bool(verdict.remedy) == bool(verdict.reason) == (not verdict.good)
        assert verdict.remedy in ("", *REMEDIES.values())


def test_the_amplitude_is_the_root_mean_square_in_microvolts():
    t = np.arange(1000) / 250
    samples = np.column_stack((10 * np.sin(2 * np.pi * 10 * t), 500 + 30 * t))
    found = judged(samples, SignalInfo(250.0, ("Oz", "Cz")))
    assert found["Oz"].amplitude == pytest.approx(10 / np.sqrt(2), rel=0.01)
    assert found["Cz"].amplitude < 1e-3  # drift alone is no signal


@pytest.mark.parametrize(
    ("gain", "fault"),
    [(7.0, "larger than its neighbours"), (0.05, "weaker than its neighbours"), (2.0, "")],
)
def test_an_electrode_is_compared_with_its_neighbours(recording, gain, fault):
    samples, info = recording
    samples = 0.6 * samples[:500]
    samples[:, info.labels.index("P3")] *= gain
    assert judged(samples, info)["P3"].fault == fault


def test_what_is_no_electrode_is_not_judged_and_eyes_may_be_large():
    labels = ("TRIGGER", "Battery", "Status", "EOG1", "ECG", "Ch1", "Aux7")
    labels = (*labels, "Diode of the lab")
    info = SignalInfo(250.0, labels, kinds={**not_eeg(labels), "Ch1": "MISC"})
    t = np.arange(500) / 250
    samples = np.zeros((500, 8))
    samples[:, 3:5] = 300 * np.sin(2 * np.pi * 1.5 * t)[:, None]
    found = judged(samples, info)
    assert [label for label in info.labels if found[label].judged] == ["EOG1", "ECG"]
    assert all(one.good for one in found.values())
    samples[:, 4] = 0.0
    assert judged(samples, info)["ECG"].reason == "flat"
    assert judged(samples, replace(info, kinds=not_eeg(labels)))["Ch1"].reason == "flat"


def test_traces_are_short_follow_the_signal_and_lose_no_spike():
    rate = 1000.0
    t = np.arange(3500) / rate
    samples = np.column_stack((40 * np.sin(2 * np.pi * 1.0 * t), np.zeros(3500)))
    samples[-777, 1] = 90.0  # a single sample
    quality = ChannelQuality(SignalInfo(rate, ("Oz", "Cz")))
    assert quality.traces() == []
    for first in range(0, len(samples), 37):
        quality.add(samples[first : first + 37])
    sine, spike = np.array(quality.traces()) / 10
    assert len(sine) <= 100
    middles = 1.5 + (np.arange(len(sine)) + 0.5) * 2 / len(sine)
    steps = np.linspace(-1, 1, 2000)
    wanted = samples[-2000:, 0] - np.polyval(np.polyfit(steps, samples[-2000:, 0], 1), steps)
    assert sine == pytest.approx(np.interp(middles, t[-2000:], wanted), abs=5.5)  # half a bin
    assert spike.max() == pytest.approx(90, abs=0.5)
    assert np.argmax(spike) // 2 == (2000 - 777) // 40


def test_blinks_make_no_channel_bad(recording):
    samples, info = recording
    quality = ChannelQuality(info)
    largest = 0.0
    for first in range(0, len(samples), 50):
        quality.add(samples[first : first + 50])
        assert [one for one in quality.verdicts() if not one.good] == []
        largest = max(largest, np.abs(samples[first : first + 50, info.labels.index("Fp1")]).max())
    assert largest > 100


@pytest.mark.parametrize("chunk", [1, 7, 5000])
def test_how_samples_are_cut_changes_nothing(recording, chunk):
    samples, info = recording
    spoilt = planted(samples, info)[-2000:]
    assert bad(spoilt, info, chunk) == bad(spoilt, info, 50)


def test_there_is_no_verdict_before_two_seconds(recording):
    samples, info = recording
    quality = ChannelQuality(info)
    quality.add(samples[: round(1.9 * info.rate)])
    assert quality.verdicts() == []
    quality.add(samples[: round(0.2 * info.rate)])
    assert len(quality.verdicts()) == len(info.labels)
