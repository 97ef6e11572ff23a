"""Recordings with stretches that are no numbers: named, left out, and the rest is used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from signals import alpha_in_noise

from psychopy_nfb.cli import main
from psychopy_nfb.dsp.whole import numbers_only
from psychopy_nfb.recording.eeg_files import read_recording

mne = pytest.importorskip("mne")
RATE = 128.0
LABELS = ("Fz", "Cz", "Pz", "O1", "Oz")
TOLD = (
    "Oz: 2.0 s are no numbers, beyond 1 V or marked as bad, from 60.0 to 62.0 s, and were left out."
)
ALPHA_UP = Path(__file__).parents[2] / "experiments" / "alpha_up.json"
SPOILT = slice(round(60 * RATE), round(62 * RATE))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return a recording of 80 s, and the same in which two seconds of Oz are no numbers."""
    folder = tmp_path_factory.mktemp("numbers")
    share = np.array([0.1, 0.2, 0.5, 0.8, 1.0])
    rng = np.random.default_rng(3)
    alpha = alpha_in_noise(80.0, RATE, 2)
    samples = alpha[:, None] * share + 2 * rng.standard_normal((len(alpha), 5))
    paths = []
    for name in ("whole", "spoilt"):
        if name == "spoilt":
            samples[SPOILT, 4] = np.nan
        raw = mne.io.RawArray(1e-6 * samples.T, mne.create_info(LABELS, RATE, "eeg"), verbose=40)
        onsets = np.arange(8) * 10.0
        raw.set_annotations(mne.Annotations(onsets, 0.0, ["open", "closed"] * 4))
        paths.append(folder / f"{name}_raw.fif")
        raw.save(paths[-1], verbose=40)
    return paths


@pytest.mark.kind("samples that are no numbers, for tune", "corrected")
def test_tune_names_them_goes_on_and_scores_as_without(files, tmp_path, capsys):
    scores = []
    for path in files:
        command = ["tune", str(path), "--channel", "Oz", "--delays", "100", "--own-peak"]
        content = tmp_path / f"{path.stem}.json"
        assert main([*command, "--out", str(tmp_path), "--json", str(content)]) == 0
        told = json.loads(content.read_text(encoding="utf-8"))
        scores.append({one["estimator"]: one["envelope_r"] for one in told["scores"]})
    said = capsys.readouterr().out
    assert TOLD in said
    assert (
        "samples that are no numbers, beyond 1 V or marked as bad, with 1 s on both sides" in said
    )
    assert scores[0].keys() == scores[1].keys()
    assert max(abs(scores[0][name] - scores[1][name]) for name in scores[0]) < 0.05


@pytest.mark.kind("samples that are no numbers, for spatial filters", "corrected")
@pytest.mark.parametrize(
    "method",
    [["ssd"], ["csp", "--states", "open", "closed"], ["spoc", "--target", "Fz"]]
    + [["eog", "--eyes", "Fz"]],
    ids=lambda method: method[0],
)
def test_spatial_names_them_goes_on_and_finds_the_same(files, method, tmp_path, capsys):
    found = []
    for path in files:
        out = tmp_path / path.stem
        command = ["spatial", str(path), "--band", "8", "12", "--method", *method]
        assert main([*command, "--out", str(out)]) == 0
        (weights,) = out.glob("spatial_*.json")
        columns = json.loads(weights.read_text(encoding="utf-8"))
        found.append([list(one.values()) for one in columns.values()])
    said = capsys.readouterr().out
    assert TOLD in said
    assert np.isfinite(found[1][0]).all()
    if method[0] in ("ssd", "eog"):  # the others have nothing to find here
        for one, other in zip(*found, strict=True):
            assert abs(np.dot(one, other)) > 0.99 * np.linalg.norm(one) * np.linalg.norm(other)


@pytest.mark.kind("a channel that holds no number at all", "refused")
def test_a_channel_without_any_number_is_named(tmp_path, capsys):
    samples = 5 * np.random.default_rng(1).standard_normal((round(60 * RATE), 5))
    samples[:, 2] = np.nan
    raw = mne.io.RawArray(1e-6 * samples.T, mne.create_info(LABELS, RATE, "eeg"), verbose=40)
    raw.save(tmp_path / "none_raw.fif", verbose=40)
    command = [str(tmp_path / "none_raw.fif"), "--out", str(tmp_path)]
    assert main(["spatial", *command]) == 2
    assert "samples='Pz': holds no usable numbers; leave it out" in capsys.readouterr().err
    assert main(["tune", *command, "--channel", "Pz"]) == 2
    assert "channel=['Pz']: holds no usable numbers; choose another one." in capsys.readouterr().err


def saved(path, samples, marks=((), (), ())):
    raw = mne.io.RawArray(1e-6 * samples.T, mne.create_info(LABELS, RATE, "eeg"), verbose=40)
    raw.set_annotations(mne.Annotations(*marks))
    raw.save(path, verbose=40)
    return str(path)


@pytest.mark.kind("single samples that are no numbers, all over a recording", "corrected")
def test_single_samples_without_numbers_are_bridged(files, tmp_path, capsys):
    samples = 1e6 * mne.io.read_raw(files[0], verbose=40).get_data().T
    scattered = np.random.default_rng(7).random(len(samples)) < 0.005
    scattered[1:] &= ~scattered[:-1]  # single ones
    whole = samples[:, 4].copy()
    samples[scattered, 4] = np.nan
    paths = [str(files[0]), saved(tmp_path / "scattered_raw.fif", samples)]
    # Each is on the straight line between its neighbours; all else is as it was.
    rows = np.arange(len(samples))
    line = np.interp(rows, rows[~scattered], whole[~scattered])
    filled = numbers_only(read_recording(paths[1]).usable)[:, 4]
    assert np.abs(filled - line).max() < 1e-5  # stored in single precision
    found = []
    for path in paths:
        content = tmp_path / "scores.json"
        command = ["tune", path, "--channel", "Oz", "--delays", "100", "--out", str(tmp_path)]
        assert main([*command, "--json", str(content)]) == 0
        told = json.loads(content.read_text(encoding="utf-8"))
        found.append({one["estimator"]: one["envelope_r"] for one in told["scores"]})
    said = capsys.readouterr().out
    assert f"Oz: {scattered.sum() / RATE:.1f} s are no numbers" in said
    assert max(abs(found[0][name] - found[1][name]) for name in found[0]) < 0.05


@pytest.mark.kind("a file that is marked as bad from beginning to end", "refused")
@pytest.mark.parametrize("command", ["tune", "spatial", "rehearse"])
def test_of_a_recording_that_is_all_bad_no_electrode_is_blamed(command, tmp_path, capsys):
    samples = 5 * np.random.default_rng(1).standard_normal((round(90 * RATE), 5))
    path = saved(tmp_path / "bad_raw.fif", samples, ([0.0], [90.0], ["BAD_all"]))
    needed = {
        "tune": ["--channel", "Oz"],
        "rehearse": ["--settings", str(ALPHA_UP)],
    }
    assert main([command, path, "--out", str(tmp_path), *needed.get(command, [])]) == 2
    said = capsys.readouterr().err
    assert "recording='bad_raw.fif': is marked as bad from beginning to end in the file" in said
    assert "electrode" not in said
