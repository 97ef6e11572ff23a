"""Files of electrodes that drift, jump and move, beside channels that are no EEG."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from signals import alpha_in_noise, level_steps
from trainings import the_signal

from psychopy_nfb.channels import not_eeg
from psychopy_nfb.cli import main
from psychopy_nfb.dsp import (
    DCBlock,
    HighPass,
    Pick,
    Reference,
    SignalInfo,
    individual_frequency,
)
from psychopy_nfb.dsp.estimators import ESTIMATORS
from psychopy_nfb.engine.configuration import read_configuration
from psychopy_nfb.recording.eeg_files import read_recording
from psychopy_nfb.tune.tuning import tune

mne = pytest.importorskip("mne")
RATE = 128.0
LABELS = ("Fz", "Cz", "Pz", "O1", "Oz", "ECG", "Status")
KINDS = [*["eeg"] * 5, "ecg", "stim"]


def eeg(seconds=80.0, seed=2):
    return alpha_in_noise(seconds, RATE, seed)


def saved(path, to_oz):
    """Write five channels of EEG, a heart and a trigger, with `to_oz`, (n,), added to Oz."""
    n = len(eeg())
    samples = np.column_stack([eeg(seed=seed) for seed in range(5)])
    samples[:, 4] += to_oz
    samples = np.column_stack([samples, 800 * np.sin(np.arange(n) / 20), np.full(n, 65280.0)])
    scale = np.array([1e-6] * 6 + [1.0])
    raw = mne.io.RawArray((samples * scale).T, mne.create_info(LABELS, RATE, KINDS), verbose=40)
    raw.save(path, verbose=40)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return a recording, and the same whose Oz drifts by 20 mV and jumps seven times by 1 mV."""
    folder = tmp_path_factory.mktemp("drift")
    n = len(eeg())
    level = np.linspace(0, 20000, n) + level_steps(n)
    return [
        saved(folder / "calm_raw.fif", np.zeros(n)),
        saved(folder / "drift_raw.fif", level),
    ]


@pytest.mark.kind("electrode that drifts by 20 mV and jumps by 1 mV", "corrected")
def test_the_command_scores_both_alike_says_what_it_did_and_trains_without_the_drift(
    files, tmp_path, capsys
):
    found = []
    for path in files:
        out = tmp_path / path.stem
        assert (
            main(
                ["tune", str(path), "--channel", "Oz", "--delays", "100", "--out", str(out)]
                + ["--json", str(tmp_path / f"{path.stem}.json")]
            )
            == 0
        )
        told = json.loads((tmp_path / f"{path.stem}.json").read_text(encoding="utf-8"))
        found.append({(s["estimator"], s["delay_ms"]): s["envelope_r"] for s in told["scores"]})
    assert found[0].keys() == found[1].keys()
    assert max(abs(found[0][key] - found[1][key]) for key in found[0]) < 0.01
    said = capsys.readouterr().out
    assert "7 jumps of the level were removed (the largest of 1 mV in Oz)" in said
    assert re.search(r"Oz drifts by 2[45]\d µV/s, so offsets are removed", said)
    assert len(told["corrected"]) == 2
    page = (tmp_path / "drift_raw" / "tune_drift_raw.html").read_text(encoding="utf-8")
    assert all(sentence.split("(")[0] in page for sentence in told["corrected"])
    training = read_configuration(tmp_path / "drift_raw" / "tune_drift_raw.json")
    assert [type(step) for step in the_signal(training).pipeline.steps[:2]] == [Pick, HighPass]
    training = read_configuration(tmp_path / "calm_raw" / "tune_calm_raw.json")
    assert [type(step) for step in the_signal(training).pipeline.steps[:2]] == [Pick, DCBlock]


@pytest.mark.kind("trigger channel, named as the one to train", "refused")
def test_a_channel_that_no_electrode_measures_is_refused_by_its_name(files, tmp_path, capsys):
    assert main(["tune", str(files[0]), "--channel", "Status", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "channel='Status': is no electrode (STIM); choose one of Fz, Cz, Pz, O1, Oz" in said


@pytest.mark.kind("heart and trigger channels in a search for a spatial filter", "corrected")
def test_spatial_leaves_out_what_is_no_eeg_and_says_so(files, tmp_path, capsys):
    weights = []
    for path in files:
        assert main(["spatial", str(path), "--out", str(tmp_path)]) == 0
        (file,) = tmp_path.glob(f"spatial_ssd_{path.stem}.json")
        (parts,) = json.loads(file.read_text(encoding="utf-8")).values()
        assert set(parts) == {"Fz", "Cz", "Pz", "O1", "Oz"}
        weights.append(np.array(list(parts.values())))
    said = capsys.readouterr().out
    assert said.count("Left out, because they are no EEG: ECG, Status.") == 2
    assert "7 jumps of the level were removed" in said
    alike = np.dot(*weights) / np.prod([np.linalg.norm(one) for one in weights])
    assert abs(alike) > 0.99


@pytest.mark.kind("electrode that settles by 16 mV", "corrected")
def test_the_own_peak_of_an_electrode_that_settles_is_found(tmp_path):
    t = np.arange(len(eeg())) / RATE
    found = []
    for name, settling in (("calm", 0.0), ("settling", 16000.0)):
        rhythm = 6 * np.sin(2 * np.pi * 9.4 * t) + settling * (1 - np.exp(-t / 15))
        recording = read_recording(saved(tmp_path / f"{name}_raw.fif", rhythm))
        found.append(individual_frequency(recording.samples[:, 4], recording.rate))
    assert found[0] == pytest.approx(9.4, abs=0.1)
    assert found[1] == pytest.approx(found[0], abs=0.03)


@pytest.mark.kind("electrode that moves all the time", "refused")
def test_a_recording_of_movements_is_refused_in_one_sentence(tmp_path, capsys):
    def moving(rows):
        moves = np.zeros(len(eeg()))
        for row in range(0, len(moves) - 40, rows):
            moves[row : row + 40] = 3000 * np.hanning(40)
        return saved(tmp_path / f"moves{rows}_raw.fif", moves)

    path = moving(200)
    assert main(["tune", str(path), "--channel", "Oz", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "must have 10 s without artifacts beyond 100 µV in its second half" in said
    assert main(["spatial", str(moving(160)), "--out", str(tmp_path)]) == 2
    assert "most of which are in Oz; leave that channel out" in capsys.readouterr().err


@pytest.mark.kind("heart and trigger channels under an average reference, offline", "corrected")
def test_under_an_average_reference_scores_are_those_of_the_eeg_alone(files):
    recording = read_recording(files[1])
    candidates = [one for one in ESTIMATORS.values() if one.name in ("cFIR", "LS-FIR")]
    found = []
    for n_channels in (5, 7):
        labels = recording.labels[:n_channels]
        kinds = not_eeg(labels, recording.kinds[:n_channels], recording.units[:n_channels])
        info = SignalInfo(recording.rate, labels, kinds=kinds)
        before = [Reference("average"), Pick(["Oz"]), DCBlock()]
        samples = recording.samples[:, :n_channels]
        entries = tune(samples, info, before, (8.0, 12.0), (0.1,), candidates)
        found.append([one.score.envelope_r for one in entries])
    assert found[1] == pytest.approx(found[0], abs=1e-9)
