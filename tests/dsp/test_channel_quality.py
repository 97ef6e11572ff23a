"""Bad channels are named, with the reason, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.dsp import ChannelQuality, SignalInfo
from psychopy_nfb.lsl.eeg_model import SimulatedEEG

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
    assert found["C4"].startswith("50 Hz noise, 9")
    assert found["Pz"] == "no valid samples"
    assert found["O1"].startswith("large, ±1")
    assert found["T8"].startswith("muscles or noise")


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
