"""Recordings as a whole: which of several streams is read, and what is no recording at all."""

from __future__ import annotations

import numpy as np
import pytest
from odd_files import (
    LABELS,
    RATE,
    amplifier,
    channels,
    edf_signals,
    eeg,
    refusal,
    stamps_of,
    write_brainvision,
    write_edf,
    write_set,
    write_xdf,
)

import psychopy_nfb

pytest.importorskip("pyxdf")
mne = pytest.importorskip("mne")


def test_a_recording_says_itself_what_it_is():
    recording = psychopy_nfb.Recording(np.zeros((256, 1)), 128.0, ("Oz",))
    assert (recording.declared_rate, recording.assumptions) == (128.0, ())
    assert recording.seconds == 2.0


def test_assumptions_need_not_be_told_twice(tmp_path, caplog):
    path = write_edf(tmp_path / "odd.edf", edf_signals(b""))
    recording = psychopy_nfb.read_recording(path, tell=False)
    assert len(recording.assumptions) == 1
    assert caplog.records == []


@pytest.mark.kind("XDF with several EEG streams", "corrected")
def test_which_of_several_eeg_streams_is_taken_is_told(read, tmp_path):
    path = write_xdf(tmp_path / "odd.xdf", amplifier(), amplifier(name="Other"))
    recording = read(path)
    assert recording.name == "Amp"
    assert recording.assumptions == (
        "Of several streams of type EEG the first is taken, 'Amp'; not 'Other'.",
    )
    assert read(path, stream="Other").assumptions == ()


@pytest.mark.kind("XDF with an accelerometer of type EEG before the amplifier", "corrected")
def test_of_several_eeg_streams_the_one_with_eeg_channels_is_taken(read, tmp_path):
    moves = channels("XYZ", unit="g", kind=None)
    path = write_xdf(tmp_path / "odd.xdf", amplifier(name="ACC", channels=moves), amplifier())
    recording = read(path)
    assert recording.name == "Amp"
    assert recording.assumptions == (
        "Of several streams of type EEG the first with EEG channels is taken, 'Amp'; not 'ACC'.",
    )


@pytest.mark.kind("XDF with two unlike streams of one name", "refused")
def test_unlike_streams_of_one_name_are_refused_and_can_be_told_apart(read, tmp_path):
    other = amplifier(stamps_of() + 20, eeg(n=2), channels=channels(LABELS[:2]))
    path = write_xdf(tmp_path / "odd.xdf", amplifier(), other)
    assert refusal(path) == (
        "stream='Amp': is in odd.xdf more than once, and not alike: number 1 (3 channels, 128 Hz, "
        "6.0 s) and number 2 (2 channels, 128 Hz, 6.0 s); name one by its number."
    )
    assert read(path, stream="2").labels == LABELS[:2]
    write_xdf(path, amplifier(), amplifier(stamps_of() + 2))
    assert "more than once at one time" in refusal(path)


@pytest.mark.kind("Recordings cut into epochs", "refused")
def test_epochs_are_refused_in_our_words(tmp_path):
    said = [refusal(write_set(tmp_path / "odd.set", [], trials=4))]
    info = mne.create_info(list(LABELS), RATE, "eeg")
    epochs = mne.EpochsArray(
        eeg().T.reshape(3, 6, 128).swapaxes(0, 1) * 1e-6, info, verbose="ERROR"
    )
    epochs.save(tmp_path / "odd-epo.fif", verbose="ERROR")
    said.append(refusal(tmp_path / "odd-epo.fif"))
    path = write_brainvision(tmp_path / "odd.vhdr", more="SegmentationType=MARKERBASED\n")
    said.append(refusal(path))
    assert ["epochs" in one and "continuous recording" in one for one in said] == [True] * 3
    assert not any("mne" in one.casefold() for one in said)


@pytest.mark.kind("fif with an average of epochs", "refused")
def test_a_file_of_averages_is_named_as_one(tmp_path):
    info = mne.create_info(list(LABELS), RATE, "eeg")
    average = mne.EvokedArray(1e-6 * eeg().T, info, verbose="ERROR")
    average.save(tmp_path / "odd-ave.fif", verbose="ERROR")
    said = refusal(tmp_path / "odd-ave.fif")
    assert "holds epochs or averages of a recording; open the continuous recording" in said


@pytest.mark.kind("fif with a part that was not stored", "corrected")
def test_a_part_of_a_fif_that_was_not_stored_is_a_gap(read, tmp_path):
    raw = mne.io.RawArray(
        1e-6 * eeg(60.0).T, mne.create_info(list(LABELS), RATE, "eeg"), verbose="ERROR"
    )
    raw.set_meas_date(1.7e9)
    start = raw.info["meas_date"]
    raw.set_annotations(mne.Annotations([20.0], [10.0], ["BAD_ACQ_SKIP"], orig_time=start))
    raw.save(tmp_path / "odd_raw.fif", verbose="ERROR")
    recording = read(tmp_path / "odd_raw.fif")
    assert recording.markers == recording.bad_parts == ()
    assert recording.gaps == ((2560, pytest.approx(10.0)),)
    assert len(recording.samples) == 50 * 128
    assert recording.assumptions[0] == (
        "The file says that 1 part was not stored (BAD_ACQ_SKIP), together 10.0 s: what fills them "
        "is taken out, and each is a gap."
    )
