"""Recordings of BrainVision, EEGLAB and MNE-Python: samples beside a header, cut or not there."""

from __future__ import annotations

import numpy as np
import pytest
from odd_files import BRAINVISION, LABELS, RATE, eeg, refusal, write_brainvision, write_set

mne = pytest.importorskip("mne")
CUT = "it does not hold the same number of samples of all 3 channels"
COORDINATES = "[Coordinates]\nCh1=1,45,90\nCh2=1,0,0\nCh3=0,0,0\n"
PLACES = [(85.0, 0.0, 10.0), (0.0, 0.0, 85.0), (-85.0, 0.0, 10.0)]


# BrainVision


@pytest.mark.kind("BrainVision in each binary format and as text, in both orientations", "read")
@pytest.mark.parametrize("stored", [*BRAINVISION, "ASCII"])
@pytest.mark.parametrize("vectorized", [False, True])
def test_all_formats_of_brainvision(read, tmp_path, stored, vectorized):
    path = write_brainvision(
        tmp_path / "odd.vhdr",
        stored=stored,
        vectorized=vectorized,
        more="DataPoints=768\n",
        coordinates=COORDINATES,
    )
    recording = read(path)
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert recording.rate == RATE
    assert recording.assumptions == ()
    if not (stored == "ASCII" and vectorized):  # which MNE-Python does not read
        raw = mne.io.read_raw_brainvision(path, preload=True, verbose="ERROR")
        assert np.allclose(recording.samples, 1e6 * raw.get_data().T, rtol=0, atol=1e-9)
        places = {one["ch_name"]: 1000 * one["loc"][:3] for one in raw.info["chs"]}
        assert list(recording.positions) == ["Fz", "Cz"]
        for label, place in recording.positions.items():
            assert place == pytest.approx(places[label].tolist(), abs=1e-6)


@pytest.mark.kind("BrainVision in multiplexed order that was cut within a sample", "corrected")
@pytest.mark.parametrize("stored", [*BRAINVISION, "ASCII"])
@pytest.mark.parametrize("announced", [768, None])
def test_multiplexed_samples_are_read_up_to_a_cut(read, tmp_path, stored, announced):
    path = write_brainvision(
        tmp_path / "odd.vhdr", stored=stored, more=f"DataPoints={announced}\n" if announced else ""
    )
    samples = path.with_suffix(".eeg")
    content = samples.read_bytes()
    at = 501 * 3 * np.dtype(BRAINVISION.get(stored, "i2")).itemsize - 3
    if stored == "ASCII":
        at = len(b"\n".join(content.split(b"\n")[:502])) - 3
        at = content.rindex(b" ", 0, at)  # the last of three numbers is not there
    samples.write_bytes(content[:at])
    marks = "Mk2=Stimulus,S  1,129,1,0\nMk3=Stimulus,S  2,600,1,0\n"
    path.with_suffix(".vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n[Marker Infos]\n" + marks,
        encoding="utf-8",
    )
    recording = read(path)
    assert np.allclose(recording.samples, eeg()[:500], rtol=0, atol=1e-9)
    assert recording.markers == ((128, "Stimulus/S  1"),)
    assert recording.assumptions == (
        "The header says 768 samples, the file holds 500 and a part of one: it is read up to its "
        "end."
        if announced
        else "After 500 samples the file holds a part of one, which is left out.",
        "1 of 2 markers lie outside the EEG and are left out.",
    )


@pytest.mark.kind("BrainVision in vectorized order that was cut", "refused")
@pytest.mark.parametrize("stored", [*BRAINVISION, "ASCII"])
@pytest.mark.parametrize("cut", [1, 240])
def test_vectorized_samples_that_were_cut_are_refused(tmp_path, stored, cut):
    path = write_brainvision(
        tmp_path / "odd.vhdr", stored=stored, vectorized=True, more="DataPoints=768\n"
    )
    samples = path.with_suffix(".eeg")
    content = samples.read_bytes()
    samples.write_bytes(content[: content.rindex(b" ")] if stored == "ASCII" else content[:-cut])
    assert CUT in refusal(path)


def without_length(tmp_path, n_kept, marks):
    """Write a vectorized file of 3 channels and 768 samples that does not say so, and cut it."""
    path = write_brainvision(tmp_path / "odd.vhdr", vectorized=True, marks=marks)
    samples = path.with_suffix(".eeg")
    samples.write_bytes(samples.read_bytes()[: 3 * 2 * n_kept])
    return path


@pytest.mark.kind("BrainVision in vectorized order, cut, that says no length", "corrected")
def test_a_vectorized_file_that_says_no_length_is_told_or_refused_by_its_markers(read, tmp_path):
    marks = "Mk2=Stimulus,S  1,600,1,0\n"
    recording = read(without_length(tmp_path, 768, marks))
    assert np.array_equal(recording.samples, eeg())
    (said,) = recording.assumptions
    assert "if the file was cut off, its channels are mixed up" in said
    assert "Compare its length, 6 s" in said
    assert CUT in refusal(without_length(tmp_path, 512, marks))
    (said,) = read(without_length(tmp_path, 512, "")).assumptions
    assert "Compare its length, 4 s" in said


@pytest.mark.kind(
    "BrainVision marker with a comma that is not escaped, or without a sample", "corrected"
)
def test_a_marker_with_a_plain_comma_is_kept_and_told(read, tmp_path):
    marks = (
        "Mk2=Comment,left, then 3, right,129,1,0\nMk3=Stimulus,S  1,257,1,0\n"
        "Mk4=Comment,a\\1b,300,1,0\nMk5=Comment,nowhere\n"
    )
    recording = read(write_brainvision(tmp_path / "odd.vhdr", marks=marks))
    assert recording.markers == (
        (128, "Comment/left, then 3, right"),
        (256, "Stimulus/S  1"),
        (299, "Comment/a,b"),
    )
    comma, unread = recording.assumptions
    assert comma.startswith("1 of the markers has a comma in the text")
    assert unread.startswith("1 line of odd.vmrk names no sample and was left out")


@pytest.mark.kind("BrainVision in a format that nobody knows, or of spectra", "refused")
@pytest.mark.parametrize(
    ("more", "stored", "sentence"),
    [
        ("DataType=FREQUENCYDOMAIN\n", "INT_16", "holds spectra"),
        ("BinaryFormat=INT_12\n", "INT_16", "the format of its samples, 'INT_12', is not known"),
    ],
)
def test_what_brainvision_has_beside_recordings(tmp_path, more, stored, sentence):
    assert sentence in refusal(write_brainvision(tmp_path / "odd.vhdr", more=more, stored=stored))


# EEGLAB


@pytest.mark.kind("EEGLAB with equal and missing labels", "corrected")
@pytest.mark.parametrize("fdt", ["", "odd.fdt"])
def test_labels_of_eeglab_are_numbered_as_those_of_streams(read, tmp_path, fdt):
    labels = ("Oz", "Cz", "Oz", "", 7.0)
    recording = read(write_set(tmp_path / "odd.set", [], labels=labels, fdt=fdt))
    assert recording.labels == ("Oz", "Cz", "Oz-1", "Ch4", "7")
    assert np.array_equal(recording.samples, eeg(n=5))
    assert recording.assumptions == (
        "Channels whose name is missing or not the only one are called Oz-1 (channel 3, named "
        "'Oz'), Ch4 (channel 4, named '').",
    )


@pytest.mark.kind("EEGLAB without channel locations", "corrected")
def test_an_eeglab_file_that_names_no_channel(read, tmp_path):
    recording = read(write_set(tmp_path / "odd.set", [], chanlocs=[]))
    assert recording.labels == ("Ch1", "Ch2", "Ch3")
    assert recording.assumptions == ("The file names no channels: they are called Ch1, Ch2, Ch3.",)


@pytest.mark.kind("EEGLAB that describes more or fewer channels than it has", "refused")
@pytest.mark.parametrize("n", [2, 4])
def test_an_eeglab_file_with_other_channel_locations(tmp_path, n):
    locations = [{"labels": f"E{place}"} for place in range(n)]
    path = write_set(tmp_path / "odd.set", [], chanlocs=locations)
    assert f"has 3 channels and describes {n} (EEG.chanlocs)" in refusal(path)


def test_positions_of_eeglab_are_those_of_mne_and_belong_to_their_channel(read, tmp_path):
    path = write_set(tmp_path / "odd.set", [], places=PLACES)
    raw = mne.io.read_raw_eeglab(path, preload=True, verbose="ERROR")
    recording = read(path)
    for label, one in zip(LABELS, raw.info["chs"], strict=True):
        assert recording.positions[label] == pytest.approx((1000 * one["loc"][:3]).tolist())
    equal = read(write_set(path, [], places=PLACES, labels=("Oz", "Cz", "Oz")))
    assert equal.positions["Oz"] == recording.positions["Fz"]
    assert equal.positions["Oz-1"] == recording.positions["Oz"]


@pytest.mark.kind("EEGLAB whose .fdt was cut", "corrected")
@pytest.mark.parametrize(("left", "part"), [(500 * 12, ""), (500 * 12 + 5, " and a part of one")])
def test_a_cut_fdt_is_read_up_to_the_cut(read, tmp_path, left, part):
    path = write_set(tmp_path / "odd.set", [], fdt="odd.fdt")
    (tmp_path / "odd.fdt").write_bytes((tmp_path / "odd.fdt").read_bytes()[:left])
    recording = read(path)
    assert np.array_equal(recording.samples, eeg()[:500])
    assert recording.assumptions == (
        f"The header says 768 samples, the file holds 500{part}: it is read up to its end.",
    )


@pytest.mark.kind("EEGLAB whose .fdt was renamed or is not there", "corrected")
def test_an_fdt_of_another_name(read, tmp_path):
    path = write_set(tmp_path / "odd.set", [], fdt="before.fdt")
    (tmp_path / "before.fdt").rename(tmp_path / "odd.fdt")
    recording = read(path)
    assert np.array_equal(recording.samples, eeg())
    assert recording.assumptions == ("The header names another file of samples; odd.fdt is taken.",)
    (tmp_path / "odd.fdt").unlink()
    assert refusal(path).endswith(
        "names its samples 'before.fdt', which are not beside it; put that file there, or give it "
        "the header's own name."
    )


@pytest.mark.kind("EEGLAB in MATLAB's format 7.3, and other files of MATLAB", "refused")
def test_other_files_of_matlab(tmp_path):
    path = tmp_path / "odd.set"
    path.write_bytes(
        b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" + b"\0" * 384 + b"\x89HDF\r\n\x1a\n"
    )
    pytest.importorskip("mne")
    try:
        import pymatreader  # noqa: F401
    except ImportError:
        assert "needs one more package: pip install pymatreader" in refusal(path)
    write_set(path, [], data=np.zeros((4, 5)))
    assert "EEG.data is not channels by samples" in refusal(path)
    write_set(path, [], srate=0.0)
    assert "it says no rate, or no channels" in refusal(path)
    write_set(path, [], srate=0.0001)
    assert "says 0.0001 samples a second, which no EEG has (1 to 1e+06); export it" in refusal(path)


# What MNE-Python reads


def saved(path, n=4096, **options):
    raw = mne.io.RawArray(
        1e-6 * np.random.default_rng(1).normal(0, 10, (3, n)),
        mne.create_info(list(LABELS), RATE, "eeg"),
        verbose="ERROR",
    )
    raw.save(path, buffer_size_sec=1, verbose="ERROR", **options)
    return 1e6 * raw.get_data().T


@pytest.mark.kind(".fif that was cut off", "corrected")
@pytest.mark.parametrize("left", [0.5, 0.501, 0.9999])
def test_a_cut_fif_is_read_up_to_its_last_whole_buffer(read, tmp_path, left):
    path = tmp_path / "odd_raw.fif"
    samples = saved(path)
    content = path.read_bytes()
    path.write_bytes(content[: round(left * len(content))])
    recording = read(path)
    n = len(recording.samples)
    assert left * 4096 - 256 <= n <= 4096
    assert np.abs(recording.samples - samples[:n]).max() < 1e-4  # stored as single
    (said,) = recording.assumptions
    assert said == f"The file was cut off: it is read up to its last whole buffer, {n / 128:.6g} s."


@pytest.mark.kind(".fif that was cut off in its header", "refused")
@pytest.mark.parametrize("left", [3, 40, 500])
def test_a_fif_without_samples_is_refused_in_our_words(tmp_path, left):
    path = tmp_path / "odd_raw.fif"
    saved(path)
    path.write_bytes(path.read_bytes()[:left])
    assert refusal(path).endswith("cannot be read (it was cut off before its first sample).")


@pytest.mark.kind(".fif in parts, the second of which is not there", "corrected")
def test_a_part_of_a_fif_is_read_and_the_missing_one_named(read, tmp_path):
    path = tmp_path / "odd_raw.fif"
    samples = saved(path, n=200_000, split_size="2MB")
    recording = read(path)
    assert len(recording.samples) == 200_000
    assert recording.assumptions == ()
    (tmp_path / "odd_raw-1.fif").unlink()
    recording = read(path)
    n = len(recording.samples)
    assert 50_000 < n < 190_000
    assert np.abs(recording.samples - samples[:n]).max() < 1e-4
    assert recording.assumptions == (
        "The recording goes on in odd_raw-1.fif, which is not beside this file: it is read up to "
        f"the end of this file, {n / 128:.6g} s.",
    )
