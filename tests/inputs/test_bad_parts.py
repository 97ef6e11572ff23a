"""Parts that a file marks as bad, in each kind of file, and what leaves them out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from odd_files import LABELS, RATE, edf_signals, write_brainvision, write_edf, write_set
from signals import alpha_in_noise

from psychopy_nfb.cli import main

mne = pytest.importorskip("mne")
TOLD = "The file marks 1 part as bad, together 2.0 s: filters are found and trainings rehearsed "
PART = (128, 384)


def edf(folder):
    return write_edf(
        folder / "odd.edf",
        edf_signals(),
        {1.0: b"BAD_movement", 4.0: b"bad answer", 5.0: b"go"},
        lengths={1.0: 2.0, 5.0: 0.5},
    )


def bdf(folder):
    signals = edf_signals(low="-8388608", high="8388607")
    return write_edf(
        folder / "odd.bdf", signals, {1.0: b"bad"}, kind="BDF+C", bdf=True, lengths={1.0: 2.0}
    )


def brainvision(folder):
    marks = "Mk2=Comment,BAD_movement,129,256,0\nMk3=Stimulus,bad tone,513,1,0\n"
    return write_brainvision(folder / "odd.vhdr", marks=marks)


def analyzer(folder):
    marks = "Mk2=Bad Interval,Bad Min-Max,129,256,0\nMk3=Stimulus,S  1,513,1,0\n"
    return write_brainvision(folder / "odd.vhdr", marks=marks)


def eeglab(folder):
    events = [
        {"type": "BAD_movement", "latency": 129.0, "duration": 256.0},
        {"type": "bad_answer", "latency": 513.0, "duration": 1.0},
    ]
    return write_set(folder / "odd.set", events)


def fif(folder):
    raw = mne.io.RawArray(np.ones((3, 768)), mne.create_info(list(LABELS), RATE, "eeg"), verbose=40)
    raw.set_annotations(mne.Annotations([1.0, 4.0], [2.0, 0.0], ["bad", "bad answer"]))
    raw.save(folder / "odd_raw.fif", verbose=40)
    return folder / "odd_raw.fif"


@pytest.mark.kind("part marked as bad, in EDF+, BDF+, BrainVision, EEGLAB and fif", "corrected")
@pytest.mark.parametrize("write", [edf, bdf, brainvision, analyzer, eeglab, fif])
def test_a_part_that_is_marked_as_bad_is_left_out_and_told(read, tmp_path, write):
    recording = read(write(tmp_path))
    assert recording.bad_parts == (PART,)
    assert np.isnan(recording.usable[slice(*PART)]).all()
    assert np.isfinite(recording.usable[PART[1] :]).all()
    assert sum(text.startswith(TOLD) for text in recording.assumptions) == 1
    assert any("bad" in text.casefold() for _, text in recording.markers)


@pytest.mark.kind("EDF+D with a part marked as bad across a pause", "corrected")
def test_a_bad_part_across_a_pause_covers_the_samples_on_both_sides(read, tmp_path):
    path = write_edf(
        tmp_path / "odd.edf",
        edf_signals(),
        {2.5: b"BAD"},
        starts=[0.0, 1.0, 2.0, 13.0, 14.0, 15.0],
        kind="EDF+D",
        lengths={2.5: 11.0},  # to 0.5 s after the pause
    )
    recording = read(path)
    assert recording.bad_parts == ((2 * 128 + 64, 3 * 128 + 64),)
    assert recording.gaps == ((3 * 128, pytest.approx(10.0)),)


@pytest.mark.kind("parts marked as bad that overlap", "corrected")
def test_parts_that_overlap_are_counted_once(read, tmp_path):
    path = write_edf(
        tmp_path / "odd.edf",
        edf_signals(),
        {1.0: b"BAD_a", 2.0: b"BAD_b"},
        lengths={1.0: 2.0, 2.0: 2.0},
    )
    assert "The file marks 2 parts as bad, together 3.0 s" in " ".join(read(path).assumptions)


def cut_edf(folder):
    texts = {1.0: b"BAD_ACQ_SKIP", 2.0: b"in", 4.0: b"EDGE boundary", 5.0: b"go"}
    return write_edf(folder / "odd.edf", edf_signals(), texts, lengths={1.0: 2.0})


def cut_brainvision(folder):
    marks = (
        "Mk2=Comment,BAD_ACQ_SKIP,129,256,0\nMk3=Comment,in,257,1,0\n"
        "Mk4=Comment,EDGE boundary,513,1,0\nMk5=Comment,go,641,1,0\n"
    )
    return write_brainvision(folder / "odd.vhdr", marks=marks)


def cut_eeglab(folder):
    events = [
        {"type": "BAD_ACQ_SKIP", "latency": 129.0, "duration": 256.0},
        {"type": "in", "latency": 257.0, "duration": 0.0},
        {"type": "EDGE boundary", "latency": 513.0, "duration": 0.0},
        {"type": "go", "latency": 641.0, "duration": 0.0},
    ]
    return write_set(folder / "odd.set", events)


@pytest.mark.kind("part not stored, in EDF+, BrainVision and EEGLAB", "corrected")
@pytest.mark.parametrize("write", [cut_edf, cut_brainvision, cut_eeglab])
def test_a_part_that_was_not_stored_is_a_gap_and_no_bad_part(read, tmp_path, write):
    """Its two seconds count once: taken out of the samples, they are the length of the gap."""
    recording = read(write(tmp_path))
    assert recording.bad_parts == ()
    assert len(recording.samples) == 4 * 128
    (first, missing), (cut, unknown) = recording.gaps
    assert (first, missing, cut) == (128, pytest.approx(2.0), 256)
    assert np.isnan(unknown)
    assert [(row, text.removeprefix("Comment/")) for row, text in recording.markers] == [
        (128, "in"),
        (384, "go"),
    ]
    assert sum("not stored (BAD_ACQ_SKIP)" in text for text in recording.assumptions) == 1


def test_a_part_marked_in_a_brainvision_file_is_in_no_rehearsal(tmp_path, capsys):
    """Ten seconds in which the electrode is off: marked, they are flagged; unmarked, they count."""
    rng = np.random.default_rng(2)
    alpha = alpha_in_noise(90.0, RATE, 2)
    samples = alpha[:, None] * [0.1, 0.4, 1.0] + 2 * rng.standard_normal((len(alpha), 3))
    found = []
    settings = tmp_path / "alpha.json"
    from psychopy_nfb.engine.presets import standard_training
    from psychopy_nfb.settings import write_json

    write_json(standard_training(channels="Oz", band=(8, 12)), settings)
    for marks in ("", "Mk2=Comment,BAD_off,8961,1280,0\n"):
        path = write_brainvision(tmp_path / "odd.vhdr", marks=marks, stored="IEEE_FLOAT_32")
        path.with_suffix(".eeg").write_bytes((2 * samples).astype("<f4").tobytes())
        out = tmp_path / "out.json"
        command = ["rehearse", str(path), "--settings", str(settings), "--baseline", "30"]
        assert main([*command, "--out", str(tmp_path / "out"), "--json", str(out)]) == 0
        (told,) = json.loads(out.read_text(encoding="utf-8"))["recordings"]
        found.append(told["spoilt"].get("INVALID", 0.0))
    capsys.readouterr()
    assert found[0] == 0.0
    assert found[1] == pytest.approx(10 / 60, abs=0.01)
