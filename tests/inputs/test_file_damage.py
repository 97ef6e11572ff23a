"""Recordings that were cut off, damaged or renamed."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from odd_files import (
    MARKS,
    amplifier,
    edf_signals,
    eeg,
    notes,
    refusal,
    stamps_of,
    write_brainvision,
    write_edf,
    write_set,
    write_xdf,
)

pytest.importorskip("pyxdf")


@pytest.mark.kind("XDF with a broken footer", "corrected")
@pytest.mark.parametrize("count", ["768.0", "nan", "many", "<"])
def test_a_broken_footer_costs_nothing(read, tmp_path, count):
    path = write_xdf(tmp_path / "odd.xdf", amplifier(footer=count), notes(MARKS, stamps_of()))
    recording = read(path)
    assert np.array_equal(recording.samples, eeg())
    assert recording.markers == tuple(MARKS.items())
    assert recording.assumptions == (
        "The summary of a stream at the end of the file is wrong; it is not used.",
    )


@pytest.mark.kind("XDF that was cut off", "corrected")
@pytest.mark.parametrize("left", [1000, 3, 1])
def test_a_cut_off_xdf_is_read_up_to_the_break(read, tmp_path, left):
    path = write_xdf(tmp_path / "odd.xdf", notes({128: "open"}, stamps_of()), amplifier())
    content = path.read_bytes()
    last = content.rindex(struct.pack("<BI", 4, 128))  # the number of samples of the last chunk
    path.write_bytes(content[: last + left])
    recording = read(path)
    assert np.array_equal(recording.samples, eeg()[:640])
    assert recording.markers == ((128, "open"),)
    (said,) = recording.assumptions
    assert said.startswith("The file breaks off in the middle")


@pytest.mark.kind("XDF that is damaged in the middle", "corrected")
def test_a_damaged_stretch_is_a_gap(read, tmp_path):
    path = write_xdf(tmp_path / "odd.xdf", amplifier(), boundaries=True)
    content = bytearray(path.read_bytes())
    third = [at for at in range(len(content)) if content[at : at + 5] == struct.pack("<BI", 4, 128)]
    content[third[2] - 15 : third[2] + 900] = b"\xff" * 915
    path.write_bytes(content)
    recording = read(path)
    assert np.array_equal(recording.samples, np.delete(eeg(), slice(256, 384), axis=0))
    assert recording.gaps == ((256, pytest.approx(1.0, abs=1e-6)),)
    (said,) = recording.assumptions
    assert said.startswith("The file is damaged: ")


@pytest.mark.kind("EDF that was cut off, or never ended", "corrected")
def test_a_cut_off_edf_is_read_up_to_the_break(read, tmp_path):
    path = write_edf(tmp_path / "odd.edf", edf_signals())
    path.write_bytes(path.read_bytes()[:-200])
    recording = read(path)
    assert np.allclose(recording.samples, eeg()[:640], rtol=0, atol=1e-9)
    assert recording.assumptions == (
        "The header says 6 records, the file holds 5 and a part of one: it is read up to its end, "
        "5 s.",
    )
    recording = read(write_edf(path, edf_signals(), n_records=-1))
    assert len(recording.samples) == 768
    assert recording.assumptions == (
        "The recording was not ended properly: the file is read up to its end.",
    )


@pytest.mark.kind("EEGLAB that was cut off", "refused")
def test_a_cut_off_eeglab_file_is_one_sentence(tmp_path):
    path = write_set(tmp_path / "odd.set", [])
    path.write_bytes(path.read_bytes()[:5000])
    assert refusal(path).endswith(
        "cannot be read (could not read bytes): it was cut off, is damaged, or is of another "
        "program."
    )


@pytest.mark.kind("BrainVision that was cut off", "corrected")
def test_a_cut_off_brainvision_is_read_up_to_the_break(read, tmp_path):
    path = write_brainvision(tmp_path / "odd.vhdr", more="DataPoints=768\n")
    samples = path.with_suffix(".eeg")
    samples.write_bytes(samples.read_bytes()[: 500 * 6 + 1])
    recording = read(path)
    assert np.allclose(recording.samples, eeg()[:500], rtol=0, atol=1e-9)
    assert recording.assumptions == (
        "The header says 768 samples, the file holds 500 and a part of one: it is read up to its "
        "end.",
    )


@pytest.mark.kind("BrainVision whose header stands for its own name ($b)", "read")
def test_brainvision_with_its_own_name(read, tmp_path):
    recording = read(write_brainvision(tmp_path / "odd.vhdr", data_file="$b.eeg"))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert recording.assumptions == ()


@pytest.mark.kind("BrainVision with renamed files", "corrected")
def test_renamed_brainvision(read, tmp_path):
    recording = read(write_brainvision(tmp_path / "odd.vhdr", data_file="before.eeg"))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert len(recording.markers) == 2
    assert recording.assumptions == ("The header names another file of samples; odd.eeg is taken.",)
    (tmp_path / "odd.eeg").unlink()
    assert "names its samples 'before.eeg', which are not beside it" in refusal(
        tmp_path / "odd.vhdr"
    )


@pytest.mark.kind("EDF with annotations only", "refused")
def test_an_edf_without_samples_is_refused(tmp_path):
    path = write_edf(tmp_path / "odd.edf", edf_signals())
    content = path.read_bytes()
    path.write_bytes(content[:1280])
    assert refusal(path).endswith("has no samples.")
    path.write_bytes(content[:700])
    assert "cannot be read (the header is cut off)" in refusal(path)


@pytest.mark.kind("another kind of file, renamed to .edf", "refused")
def test_a_renamed_file_is_no_edf(tmp_path):
    path = tmp_path / "odd.edf"
    path.write_bytes(struct.pack(">5i", 100, 31, 20, 0, 65540) + bytes(2000))  # begins as .fif does
    assert "it is no EDF file" in refusal(path)


@pytest.mark.kind("GDF that MNE-Python does not read", "refused")
def test_a_gdf_that_is_not_read_is_told_in_plain_words(tmp_path):
    pytest.importorskip("mne")
    path = tmp_path / "odd.gdf"
    path.write_bytes(b"GDF 2.20" + bytes(2000))
    said = refusal(path)
    assert said.endswith(
        "cannot be read; the file is damaged or of a kind that MNE-Python does not read."
    )


@pytest.mark.kind("recording of near-infrared light (SNIRF)", "refused")
@pytest.mark.parametrize("content", [b"\x89HDF\r\n\x1a\n", b"text", b""])
def test_a_recording_of_light_is_refused_as_one(tmp_path, content):
    path = tmp_path / "odd.snirf"
    path.write_bytes(content)
    assert refusal(path).endswith(
        "is a recording of near-infrared light, no EEG; open a recording of EEG."
    )


@pytest.mark.kind("packed recording (.xdfz, .xdf.gz)", "refused")
@pytest.mark.parametrize("name", ["odd.xdfz", "odd.xdf.gz", "odd.edf.gz", "odd.zip"])
def test_a_packed_recording_is_to_be_unpacked(tmp_path, name):
    plain = write_xdf(tmp_path / "odd.xdf", amplifier())
    path = tmp_path / name
    path.write_bytes(gzip.compress(plain.read_bytes()))
    assert refusal(path).endswith("is packed; unpack it first, and open what is in it.")


def test_a_packed_fif_is_read(read, tmp_path):
    mne = pytest.importorskip("mne")
    info = mne.create_info(["Fz", "Cz", "Oz"], 128.0, "eeg")
    path = tmp_path / "odd_raw.fif.gz"
    mne.io.RawArray(1e-6 * eeg().T, info, verbose="ERROR").save(path, verbose="ERROR")
    assert np.allclose(read(path).samples, eeg(), atol=1e-4)
