"""Recordings with values that no amplifier can measure: they are told, left out, and do no harm."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from signals import alpha_in_noise

from psychopy_nfb.cli import main
from psychopy_nfb.dsp import SignalInfo
from psychopy_nfb.dsp.lasting_faults import lasting_faults
from psychopy_nfb.recording.eeg_files import read_recording

mne = pytest.importorskip("mne")
RATE = 128.0
LABELS = ("Fz", "Cz", "Pz", "O1", "Oz")
ALPHA_UP = Path(__file__).parents[2] / "experiments" / "alpha_up.json"
ROW = round(65 * RATE)
WHERE = {
    "Oz": [4],
    "all": [0, 1, 2, 3, 4],
}


def eeg():
    """Return EEG (n, 5) of 80 s in microvolts."""
    share = np.array([0.1, 0.2, 0.5, 0.8, 1.0])
    alpha = alpha_in_noise(80.0, RATE, 2)
    noise = np.random.default_rng(3).standard_normal((len(alpha), 5))
    return alpha[:, None] * share + 2 * noise


def saved(path, samples, kinds="eeg", labels=LABELS):
    """Write a .fif of microvolts in double precision; a trigger channel stays as it is."""
    scales = [1.0 if kind == "stim" else 1e-6 for kind in np.broadcast_to(kinds, len(labels))]
    raw = mne.io.RawArray((samples * scales).T, mne.create_info(labels, RATE, kinds), verbose=40)
    raw.save(path, fmt="double", verbose=40)
    return str(path)


@pytest.fixture
def with_one(tmp_path):
    """Return a function that writes a recording in which one sample has a value, or none."""

    def write(value=None, channels=(4,), row=ROW):
        samples = eeg()
        if value is not None:
            samples[row, list(channels)] = value
        return saved(tmp_path / f"{value}_raw.fif", samples)

    return write


def scores(path, folder):
    """Return what `tune` finds for Oz at 100 ms, by estimator, and what it says."""
    content = folder / "scores.json"
    command = ["tune", path, "--channel", "Oz", "--delays", "100", "--out", str(folder)]
    assert main([*command, "--json", str(content)]) == 0
    told = json.loads(content.read_text(encoding="utf-8"))
    return {one["estimator"]: one["envelope_r"] for one in told["scores"]}, told["corrected"]


@pytest.mark.kind("a sample that no amplifier can measure, for tune", "corrected")
@pytest.mark.parametrize("value", [1e7, 1e30, -1e30, 1e200])
@pytest.mark.parametrize("row", [ROW, round(15 * RATE)], ids=["scored", "fitted"])
def test_tune_scores_as_if_it_were_no_number(with_one, tmp_path, value, row):
    expected, _ = scores(with_one(np.nan, row=row), tmp_path)
    found, told = scores(with_one(value, row=row), tmp_path)
    assert found == expected
    assert any(one.startswith("Oz: 0.008 s are no numbers, beyond 1 V") for one in told)
    assert not any("drifts" in one for one in told)


@pytest.mark.kind("a sample that no amplifier can measure, for spatial filters", "corrected")
@pytest.mark.parametrize("where", WHERE)
def test_spatial_leaves_out_no_more_than_around_it(with_one, tmp_path, capsys, where):
    found = []
    for value in (None, 1e30):
        path, out = with_one(value, WHERE[where]), tmp_path / str(value)
        assert main(["spatial", path, "--band", "8", "12", "--out", str(out)]) == 0
        (weights,) = out.glob("spatial_*.json")
        (column,) = json.loads(weights.read_text(encoding="utf-8")).values()
        found.append(np.array(list(column.values())))
    assert abs(found[0] @ found[1]) > 0.999 * np.linalg.norm(found[0]) * np.linalg.norm(found[1])
    said = capsys.readouterr().out
    assert "0.008 s are no numbers, beyond 1 V or marked as bad, at 65.0 s" in said
    (left_out,) = (line for line in said.splitlines() if "s were left out: large" in line)
    assert float(left_out.split()[0]) < 5.0


@pytest.mark.kind("a target with a sample that no amplifier can measure", "corrected")
def test_spoc_goes_on_without_what_its_target_lacks(tmp_path, capsys):
    samples = eeg()
    samples[ROW, 0] = 1e30
    path = saved(tmp_path / "target_raw.fif", samples)
    command = ["spatial", path, "--method", "spoc", "--target", "Fz", "--out", str(tmp_path)]
    assert main([*command, "--band", "8", "12"]) == 0
    assert "Fz: 0.008 s are no numbers, beyond 1 V" in capsys.readouterr().out


@pytest.mark.kind("a sample infinite or impossible in all channels, for rehearse", "corrected")
@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e30, 1e200])
def test_rehearse_goes_on_and_warns_of_nothing(with_one, tmp_path, capsys, value):
    outcomes = []
    for spoilt in (np.nan, value):
        content = tmp_path / "outcome.json"
        command = ["rehearse", with_one(spoilt, WHERE["all"]), "--settings", str(ALPHA_UP)]
        command += ["--baseline", "20", "--out", str(tmp_path), "--json", str(content)]
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            assert main(command) == 0
        (outcome,) = json.loads(content.read_text(encoding="utf-8"))["recordings"]
        outcomes.append({**outcome, "recording": ""})
    assert outcomes[0] == outcomes[1]
    assert outcomes[1]["clean"] > 0.9
    assert outcomes[1]["failed"] == []


@pytest.mark.kind("a sample that no amplifier can measure, for inspect", "corrected")
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("value", [1e7, 1e30, 1e200])
def test_inspect_counts_it_and_doubts_no_unit(with_one, capsys, where, value):
    assert main(["inspect", with_one(value, WHERE[where])]) == 0
    said = capsys.readouterr().out
    named = "Oz" if where == "Oz" else "Fz, Cz, Pz, O1, Oz"
    expected = f"{named}: 1 of 10240 samples are beyond 1 V, more than an amplifier can measure."
    assert sum(expected in line for line in said.splitlines()) == 1
    assert "another unit" not in said
    assert "Bad        no channel" in said


@pytest.mark.kind("EEG in volts that says microvolts, with an infinite sample", "corrected")
def test_an_infinite_sample_hides_no_wrong_unit(tmp_path, capsys):
    samples = 1e-6 * eeg()
    samples[ROW] = np.inf
    assert main(["inspect", saved(tmp_path / "small_raw.fif", samples)]) == 0
    assert "less than any amplifier's noise: if the file is in another unit" in (
        capsys.readouterr().out
    )


@pytest.mark.kind("voltages that are all beyond 1 V", "refused")
@pytest.mark.parametrize("command", ["tune", "spatial", "rehearse"])
def test_of_a_wrong_unit_no_electrode_is_blamed(command, tmp_path, capsys):
    path = saved(tmp_path / "counts_raw.fif", eeg() + 1e7)
    needed = {"tune": ["--channel", "Oz"], "rehearse": ["--settings", str(ALPHA_UP)]}
    assert main([command, path, "--out", str(tmp_path), *needed.get(command, [])]) == 2
    said = capsys.readouterr().err
    assert "has only voltages beyond 1 V, more than an amplifier can measure" in said
    assert "--units" in said
    assert main(["inspect", path]) == 0
    said = capsys.readouterr().out
    assert "10240 of 10240 samples are beyond 1 V" in said
    assert "no valid values for 100 % of the time" in said


def test_channels_that_are_no_voltage_keep_any_finite_value(tmp_path):
    samples = np.c_[eeg(), np.full(round(80 * RATE), 3e9)]
    samples[ROW] = 1e7
    path = saved(
        tmp_path / "counter_raw.fif", samples, ["eeg"] * 5 + ["stim"], [*LABELS, "COUNTER"]
    )
    recording = read_recording(path)
    assert np.isnan(recording.usable[ROW, :5]).all()
    assert np.isfinite(recording.usable[:, 5]).all()
    assert np.isnan(recording.usable).sum() == 5


def test_a_channel_is_not_bad_for_one_impossible_sample():
    samples = eeg()[: round(5 * RATE)]
    samples[100, 4] = 1e30
    assert lasting_faults(samples, SignalInfo(RATE, LABELS)) == {}
