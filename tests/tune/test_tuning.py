"""Choosing the filter by measurement."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from signals import alpha_in_noise
from trainings import the_signal

from psychopy_nfb.cli import main
from psychopy_nfb.dsp import CFIR, DCBlock, Pick, SignalInfo, acausal_analytic
from psychopy_nfb.dsp.estimators import ESTIMATORS
from psychopy_nfb.engine.configuration import read_configuration
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.tune.tuning import pareto_front, recommended, tune

RATE = 128.0
BAND = (8.0, 12.0)
EEGLAB = Path(__file__).parents[3] / "shared" / "data" / "eeglab_data.set"
FIRS = [
    candidate for candidate in ESTIMATORS.values() if candidate.name in ("cFIR", "wcFIR", "LS-FIR")
]


def eeg(seconds=80.0, seed=2):
    samples = alpha_in_noise(seconds, RATE, seed)
    return np.column_stack([np.random.default_rng(9).normal(0, 10, len(samples)), samples])


def tried(samples, delays=(0.0, 0.1), candidates=FIRS, **kwargs):
    info = SignalInfo(RATE, ("Cz", "Oz"))
    return tune(samples, info, [Pick(["Oz"]), DCBlock()], BAND, delays, candidates, **kwargs)


@pytest.mark.row(106)
def test_row_106_the_held_out_half_changes_no_filter_and_the_fit_half_no_score():
    samples = eeg()
    spoilt = samples.copy()
    half = len(samples) // 2
    spoilt[half:] = 100 * np.random.default_rng(5).standard_normal(spoilt[half:].shape)
    for one, other in zip(tried(samples), tried(spoilt), strict=True):
        assert one.step == other.step, "chosen and fitted without the held-out half"
        assert one.score != other.score, "scored on the held-out half"
    # The score is what anyone finds on the second half with that filter.
    entry = next(one for one in tried(samples) if one.estimator == "cFIR" and one.delay == 0.1)
    front = DCBlock()
    front.prepare(SignalInfo(RATE, ("Oz",)))
    again = CFIR(BAND, delay=0.1, taps=entry.step.taps)
    again.prepare(SignalInfo(RATE, ("Oz",)))
    envelope = again.process(front.process(samples[:, 1:]))[:, 0]
    wanted = np.abs(acausal_analytic(samples[:, 1], RATE, BAND, 0.1))
    part = slice(half + 256, len(samples) - 256)
    r = np.corrcoef(envelope[part], wanted[part])[0, 1]
    assert entry.score.envelope_r == pytest.approx(r, abs=1e-9)


def test_more_delay_is_better_and_the_front_has_nothing_worse():
    entries = tried(eeg(), (0.0, 0.05, 0.1, 0.15))
    for name in ("cFIR", "wcFIR", "LS-FIR"):
        own = [one.score.envelope_r for one in entries if one.estimator == name]
        assert own == sorted(own)
    front = pareto_front(entries)
    assert [one.delay for one in front] == sorted({one.delay for one in entries})
    for one in entries:
        assert any(
            better.delay <= one.delay and better.score.envelope_r >= one.score.envelope_r
            for better in front
        )


def test_recommendation_keeps_to_what_is_wanted():
    entries = tried(eeg(), (0.0, 0.05, 0.1))
    best = recommended(entries, delay=0.06)
    assert best.delay == 0.05
    assert best.score.envelope_r == max(
        one.score.envelope_r for one in entries if one.delay <= 0.06
    )
    wanted = best.score.envelope_r - 1e-6
    assert recommended(entries, quality=wanted).delay == 0.05
    with pytest.raises(SettingsError, match=r"quality.*0\.999.*the best is"):
        recommended(entries, quality=0.999)
    with pytest.raises(SettingsError, match=r"delay.*-10.*0, 50, 100 ms"):
        recommended(entries, delay=-0.01)


@pytest.mark.row(107)
def test_row_107_a_prediction_is_recommended_to_those_alone_who_ask_for_it():
    entries = tried(eeg(), (-0.05, 0.0))
    assert recommended(entries, quality=0.1).delay == 0.0
    assert recommended(entries, delay=0.0).delay == 0.0
    asked = recommended(entries, delay=-0.05)
    assert asked.delay == -0.05
    assert asked.step.predict


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (eeg(30), "recording.*too short.*40"),
        (np.full_like(eeg(), np.nan), "holds no usable numbers; choose another"),
        (eeg() * [1.0, 0.0], "channel.*flat"),
    ],
)
def test_recordings_that_cannot_be_used_are_refused_in_a_sentence(samples, said):
    with pytest.raises(SettingsError, match=said):
        tried(samples)


@pytest.mark.row(106)
def test_row_106_the_command_meets_its_bars_on_a_real_recording(tmp_path, capsys):
    if not EEGLAB.exists():
        pytest.skip(f"{EEGLAB} is not there")
    pytest.importorskip("mne")
    figures = tmp_path / "tune.json"
    status = main(
        ["tune", str(EEGLAB), "--channel", "Oz", "--band", "8", "12", "--delay", "60"]
        + ["--delays", "-50", "0", "50", "100", "150"]
        + ["--out", str(tmp_path), "--json", str(figures)]
    )
    assert status == 0
    told = json.loads(figures.read_text())
    assert {one["estimator"] for one in told["scores"]} == set(ESTIMATORS)
    bars = {0: (0.835, 0.853), 50: (0.918, 0.920), 100: (0.964, 0.960), 150: (0.976, 0.970)}
    for delay, (r, plv) in bars.items():
        own = [one for one in told["scores"] if one["delay_ms"] == delay]
        assert max(one["envelope_r"] for one in own) >= r
        assert max(one["plv"] for one in own if one["plv"] is not None) >= plv
    assert told["recommended"]["delay_ms"] == 50
    said = capsys.readouterr().out
    best = told["recommended"]["estimator"]
    assert f"Recommended: {best} with a delay of 50 ms" in said
    # What is recommended can be trained with: the filter is in the file as it was fitted.
    training = read_configuration(told["files"]["settings"])
    pipeline = the_signal(training).pipeline
    estimator = pipeline.steps[-1]
    pipeline.prepare(SignalInfo(RATE, ("Oz", "Pz")))
    assert estimator.band == BAND
    assert getattr(estimator, "coefficients", None) or getattr(estimator, "spectrum", None)
    assert "data:image/png" in Path(told["files"]["page"]).read_text(encoding="utf-8")
