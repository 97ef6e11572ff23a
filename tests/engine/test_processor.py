"""The processor on recordings made here: what comes out depends on samples and commands alone."""

from __future__ import annotations

import numpy as np
import pytest
from trainings import AT, one_signal, the_signal

from psychopy_nfb.dsp import (
    CFIR,
    WCFIR,
    ArtifactGate,
    DCBlock,
    Decimate,
    Flags,
    MovingAverage,
    Notch,
    Pick,
    Reference,
    SignalInfo,
)
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.rerun import run_offline
from psychopy_nfb.errors import SettingsError

RATE = 250.0
INFO = SignalInfo(RATE, ("Fz", "Cz", "Oz", "Trigger"))
VALUE, SIGNAL, THRESHOLD = AT["value"], AT["signal"], AT["threshold"]
REWARD, SCORE, HITS = AT["reward"], AT["score"], AT["hits"]
COMMANDS = [
    (500, "baseline_begin", {"label": "eyes open"}),
    (1313, "gap", {}),
    (3001, "baseline_end", {}),
    (3600, "set", {"threshold": -0.25, "dwell": 0.1}),
    (4003, "pause", {}),
    (4203, "resume", {}),
    (4499, "reset_score", {}),
    (5100, "gap", {}),
]


def eeg(n=6000, seed=3):
    """Return noise with 10 Hz that waxes and wanes, and a silent trigger channel."""
    random = np.random.default_rng(seed)
    t = np.arange(n)[:, None] / RATE
    rhythm = 12 * (1 + np.sin(2 * np.pi * 0.3 * t)) * np.sin(2 * np.pi * 10 * t)
    samples = 8 * random.standard_normal((n, 4)) + 50 + rhythm * [0.2, 0.4, 1.0, 0.0]
    samples[:, 3] = 0.0
    return samples


def spoilt():
    """Return the same with what amplifiers do at times."""
    samples = eeg()
    samples[700:703, 2] = np.nan
    samples[2000, 0] = np.inf
    samples[3800:3810, 2] += 800.0
    samples[5300:5700, 2] = 17.0
    return samples


def training(*steps, **protocol):
    steps = steps or (
        Reference("average", exclude=["Trigger"]),
        Pick(["Oz"]),
        DCBlock(),
        Notch(50.0),
        ArtifactGate(),
        WCFIR((8.0, 12.0), delay=0.1),
        MovingAverage(0.02),
    )
    return one_signal(*steps, **protocol)


def simple(**protocol):
    """Return a training without baseline that rewards everything clean."""
    easy = {"normalise": "none", "threshold": -1.0, "display_range": (0.0, 20.0), **protocol}
    return training(Pick(["Oz"]), DCBlock(), CFIR((8.0, 12.0), delay=0.1), **easy)


@pytest.mark.parametrize("chunk", [1, 7, 50])
@pytest.mark.parametrize("decimated", [False, True])
def test_row_010_how_samples_are_cut_changes_nothing(chunk, decimated):
    def make():
        if not decimated:
            return training()
        return training(Pick(["Oz"]), Decimate(2), DCBlock(), WCFIR((8.0, 12.0), delay=0.1))

    samples = spoilt()
    whole, whole_flags = run_offline(make(), samples, INFO, COMMANDS, chunk=len(samples))
    values, flags = run_offline(make(), samples, INFO, COMMANDS, chunk=chunk)
    assert len(values) == len(whole) == (2999 if decimated else 6000)  # a gap splits one pair
    assert np.abs(values - whole).max() < 1e-9
    assert (flags == whole_flags).all()
    for bit in (Flags.INVALID, Flags.FLAT, Flags.GAP, Flags.SETTLING, Flags.CALIBRATING):
        assert (flags & bit).any(), bit
    assert values[:, HITS].max() > 3


def test_commands_hold_from_their_sample_on():
    values, flags = run_offline(training(), spoilt(), INFO, COMMANDS, chunk=40)
    rows = np.arange(len(values))
    assert np.flatnonzero(flags & Flags.CALIBRATING).tolist() == list(range(500, 3001))
    assert np.flatnonzero(flags & Flags.UNCALIBRATED).tolist() == list(range(3001))
    assert np.flatnonzero(flags & Flags.GAP).tolist() == [1313, 5100]
    assert np.flatnonzero(flags & Flags.PAUSED).tolist() == list(range(4003, 4203))
    assert (values[:, THRESHOLD] == np.where(rows < 3600, 0.5, -0.25)).all()
    assert values[4498, SCORE] > 0 == values[4499, SCORE]
    assert not values[flags != 0, REWARD].any()
    assert (values[:3001, VALUE] == 0).all()


def test_the_fitted_filter_is_that_of_the_baseline():
    clean = eeg()
    fitted = training()
    commands = [(500, "baseline_begin", {"label": "rest"}), (3000, "baseline_end", {})]
    values, _ = run_offline(fitted, clean, INFO, commands)
    unfitted, _ = run_offline(training(), clean, INFO)
    assert the_signal(fitted).pipeline.steps[5].spectrum is not None
    assert np.abs(values[:3000, SIGNAL] - unfitted[:3000, SIGNAL]).max() < 1e-9
    assert np.abs(values[3000:, SIGNAL] - unfitted[3000:, SIGNAL]).max() > 0.1


def test_after_a_gap_everything_is_as_at_the_start():
    samples = eeg()
    processor = Processor(simple(), INFO)
    processor.process(samples[:2000])
    processor.gap()
    after = processor.process(samples[3000:])
    fresh = Processor(simple(), INFO).process(samples[3000:])
    assert np.abs(after.values[:, SIGNAL] - fresh.values[:, SIGNAL]).max() < 1e-9
    assert after.flags[0] == Flags.GAP | Flags.SETTLING
    settle = round(processor.settle * RATE)
    assert np.flatnonzero(after.flags).tolist() == list(range(settle)) != []
    assert processor.n_samples == 5000


@pytest.mark.parametrize(("channel", "withheld"), [("Trigger", False), ("Cz", False), ("Oz", True)])
def test_only_a_flat_channel_that_is_used_withholds_reward(channel, withheld):
    samples = eeg()
    samples[:, INFO.labels.index(channel)] = 3.0
    values, flags = run_offline(simple(dwell=0.2), samples, INFO)
    assert bool((flags & Flags.FLAT).any()) == withheld
    assert bool(values[-1, HITS]) != withheld


def test_a_reference_uses_the_channels_that_it_averages():
    samples = eeg()
    samples[:, 1] = 3.0
    _, flags = run_offline(training(), samples, INFO)
    assert (flags[int(RATE) :] & Flags.FLAT).all()


def test_a_baseline_ends_only_after_it_began():
    with pytest.raises(
        SettingsError, match=r"^signals\.trained\.baseline=None: has not begun; call begin_baseline"
    ):
        Processor(training(), INFO).end_baseline()


def with_baseline(samples):
    """Return a processor that has taken these samples as its baseline."""
    processor = Processor(training(), INFO)
    processor.begin_baseline()
    processor.process(samples)
    processor.end_baseline()
    return processor


def test_a_baseline_too_short_is_refused_and_the_earlier_one_stays():
    samples = eeg()
    processor = with_baseline(samples[:2500])
    earlier = the_signal(processor.configuration).baseline
    processor.begin_baseline("again")
    processor.process(samples[2500:2900])
    with pytest.raises(
        SettingsError, match=r"^signals\.trained\.baseline='again': has .* s of clean signal out of"
    ):
        processor.end_baseline()
    assert the_signal(processor.configuration).baseline is earlier
    assert not processor.process(samples[3500:]).flags[-1]


@pytest.mark.parametrize("seconds", [0.1, 1.0, 2.4])
def test_a_baseline_too_short_leaves_the_filter_as_it_was(seconds):
    """The earlier baseline is that filter's own: with another it would mean something else."""
    samples = eeg()
    n = 2500 + round(seconds * RATE)
    refused, undisturbed = with_baseline(samples[:2500]), with_baseline(samples[:2500])
    refused.begin_baseline("again")
    for processor in (refused, undisturbed):
        processor.process(samples[2500:n])
    with pytest.raises(SettingsError):
        refused.end_baseline()
    after, expected = (each.process(samples[n:]) for each in (refused, undisturbed))
    assert np.abs(after.values[:, SIGNAL] - expected.values[:, SIGNAL]).max() < 1e-9
    assert (after.flags == expected.flags).all()


def test_two_signals_cannot_be_trained():
    with pytest.raises(SettingsError, match="gives 2 channels but a signal is one"):
        Processor(training(Pick(["Cz", "Oz"])), INFO)
