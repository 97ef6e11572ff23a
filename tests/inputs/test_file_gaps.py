"""Gaps of recordings: pauses, lost samples, stamps that step back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from odd_files import (
    MARKS,
    RATE,
    amplifier,
    edf_signals,
    eeg,
    notes,
    stamps_of,
    write_brainvision,
    write_edf,
    write_set,
    write_xdf,
)

from psychopy_nfb.recording.eeg_files.edf_times import RecordTimes

pytest.importorskip("pyxdf")


@pytest.mark.kind("XDF that stays away for a while", "read")
def test_lost_samples_are_a_gap(read, tmp_path):
    stamps = np.delete(stamps_of(1024), slice(400, 656))
    marked = notes({128: "a", 384: "b", 700: "c"}, stamps)
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(stamps), marked))
    assert recording.markers == ((128, "a"), (384, "b"), (700, "c"))
    assert recording.gaps == ((400, pytest.approx(2.0, abs=1e-6)),)


@pytest.mark.kind("XDF in chunks, one of them lost", "corrected")
def test_a_lost_chunk_is_a_gap(read, tmp_path):
    arrival = np.delete(np.repeat(stamps_of(1536)[31::32], 32), slice(640, 704))
    stream = amplifier(arrival, eeg(12)[:1472])
    ((row, missing),) = read(write_xdf(tmp_path / "odd.xdf", stream)).gaps
    assert row == 640
    assert missing == pytest.approx(0.5, abs=0.01)


@pytest.mark.kind("XDF whose stamps step back", "corrected")
def test_a_step_back_is_a_gap_and_later_markers_keep_their_sample(read, tmp_path):
    stamps = stamps_of()
    marked = notes(MARKS, stamps)
    stamps[384:] -= 2.0
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(stamps), marked))
    assert recording.markers == tuple(MARKS.items())
    ((row, missing),) = recording.gaps
    assert row == 384
    assert math.isnan(missing)
    assert recording.assumptions == (
        "After 3.0 s (sample 384) the stamps jump back by 2.00 s: a gap of unknown length, from "
        "which the samples are counted on.",
    )


@pytest.mark.kind("XDF of an amplifier that was restarted", "corrected")
def test_a_stream_that_is_there_twice_is_joined_with_a_gap(read, tmp_path):
    stamps = stamps_of(1024)
    parts = [amplifier(stamps[:300], eeg()[:300]), amplifier(stamps[556:], eeg()[300:])]
    marked = notes({128: "a", 900: "b"}, stamps)
    recording = read(write_xdf(tmp_path / "odd.xdf", *parts, marked))
    assert np.array_equal(recording.samples, eeg())
    assert recording.gaps == ((300, pytest.approx(2.0, abs=1e-6)),)
    assert recording.markers == ((128, "a"), (644, "b"))
    (said,) = recording.assumptions
    assert said.startswith("The stream 'Amp' is there 2 times, one after the other")


@pytest.mark.kind("EDF in mV, V or nV", "read")
@pytest.mark.parametrize("bdf", [False, True])
def test_a_plain_edf_which_has_no_times_of_records_is_read_without_a_word(read, tmp_path, bdf):
    recording = read(write_edf(tmp_path / "odd.edf", edf_signals(), kind="", bdf=bdf))
    assert recording.assumptions == ()
    assert recording.gaps == ()
    assert recording.samples == pytest.approx(eeg(), abs=0.5)


@pytest.mark.kind("EDF+D: a pause between records", "read")
def test_pauses_of_an_edf_are_gaps_and_later_annotations_keep_their_sample(read, tmp_path):
    texts = {1.5: b"open", 5.0: b"in the pause", 13.5: b"closed"}
    starts = [0, 1, 2, 12, 13, 14]
    path = write_edf(tmp_path / "odd.edf", edf_signals(), texts, starts, "EDF+D")
    recording = read(path)
    assert recording.gaps == ((384, 9.0),)
    assert recording.markers == ((192, "open"), (576, "closed"))
    assert recording.assumptions == ("1 of 3 markers lie outside the EEG and are left out.",)


@pytest.mark.kind("EDF+D whose record times step back", "corrected")
def test_record_times_that_step_back_are_a_gap_of_unknown_length(read, tmp_path):
    starts = [0, 1, 2, 1, 2, 3]
    texts = {0.5: b"before", 1.5: b"in both", 3.5: b"after"}
    recording = read(write_edf(tmp_path / "odd.edf", edf_signals(), texts, starts, "EDF+D"))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    ((row, missing),) = recording.gaps
    assert row == 384
    assert math.isnan(missing)
    assert recording.markers == ((64, "before"), (192, "in both"), (448, "in both"), (704, "after"))
    assert recording.assumptions == (
        "After 3 s (sample 384) the times of the records step back by 2.00 s: a gap of unknown "
        "length, from which the samples are counted on.",
    )


@pytest.mark.kind("EDF+D whose records all have the same time, or overlap by half", "corrected")
@pytest.mark.parametrize("apart", [0.0, 0.5, -1.0])
def test_record_times_that_say_nothing_are_not_used(read, tmp_path, apart):
    starts = [max(0.0, 9 * (apart < 0) + apart * n) for n in range(6)]
    path = write_edf(tmp_path / "odd.edf", edf_signals(), {}, starts, "EDF+D")
    recording = read(path)
    assert recording.gaps == ()
    assert recording.seconds == 6.0
    (said,) = recording.assumptions
    assert said.startswith("Most records begin, by their times, before the one before")


@pytest.mark.kind("EDF+D with one record whose time is far off", "corrected")
@pytest.mark.parametrize("wrong", [90.0, 0.5])
def test_one_wrong_record_time_makes_no_gap(read, tmp_path, wrong):
    starts = [0, 1, 2, wrong, 4, 5]
    path = write_edf(tmp_path / "odd.edf", edf_signals(), {4.5: b"open"}, starts, "EDF+D")
    recording = read(path)
    assert recording.gaps == ()
    assert recording.markers[-1] == (576, "open")
    assert recording.assumptions == (
        "1 of 6 records have a time that is far from those before and after them: they are taken "
        "to follow the records before them.",
    )


@pytest.mark.kind("EDF+D whose record times are not exact to the sample", "read")
@pytest.mark.parametrize("rate", [128, 500, 2000])
@pytest.mark.parametrize(
    ("seconds", "inexact"),
    [
        pytest.param(1.0, lambda n: 0.002 * (n == 7), id="one is 2 ms late"),
        pytest.param(1.0, lambda n: 0.002 * (n % 2), id="every other one is 2 ms late"),
        pytest.param(1.0, lambda n: -0.002 * (n % 5 == 3), id="some are 2 ms early"),
        pytest.param(1 / 3, lambda n: np.round(n / 3, 2) - n / 3, id="written to 10 ms"),
        pytest.param(1 / 3, lambda n: np.round(n / 3, 3) - n / 3, id="written to 1 ms"),
        pytest.param(1.0, lambda n: 1e-4 * n, id="a clock that runs slow"),
    ],
)
def test_record_times_that_are_not_exact_are_no_gaps(rate, seconds, inexact):
    number = np.arange(60)
    times = RecordTimes(seconds * number + inexact(number), seconds, round(rate * seconds))
    assert times.gaps == []
    assert times.notes == []
    assert np.abs(times.begins - times.starts).max() < 0.006


@pytest.mark.kind("EDF+D in which single samples are lost between records", "read")
@pytest.mark.parametrize(
    ("rate", "lost", "digits"), [(128, 1, 3), (256, 1, 4), (500, 1, 3), (500, 20, 2), (2000, 4, 3)]
)
@pytest.mark.parametrize("noise", [0.0, 2e-4])
def test_samples_that_are_lost_between_records_are_gaps(rate, lost, digits, noise):
    number = np.arange(60)
    missing = lost / rate * ((number >= 20).astype(int) + (number >= 40))
    exact = number + missing + np.random.default_rng(2).uniform(-noise, noise, 60)
    times = RecordTimes(np.round(exact, digits), 1.0, rate)
    rows, seconds = zip(*times.gaps, strict=True)
    assert rows == (20 * rate, 40 * rate)
    assert seconds == pytest.approx([lost / rate] * 2, abs=6e-4 + 0.1**digits / 2)
    assert times.notes == []


def test_a_pause_after_every_record_is_told_to_the_millisecond():
    number = np.arange(30)
    times = RecordTimes(1.02 * number, 1.0, 250)
    assert times.gaps == [(250 * n, pytest.approx(0.02)) for n in range(1, 30)]
    assert times.begins == pytest.approx(1.02 * number)


@pytest.mark.kind("EDF+D whose records overlap by some milliseconds", "corrected")
def test_records_that_overlap_a_little_follow_each_other(read, tmp_path):
    starts = [0.98 * n for n in range(6)]
    path = write_edf(tmp_path / "odd.edf", edf_signals(), {4.92: b"open"}, starts, "EDF+D")
    recording = read(path)
    assert recording.gaps == ()
    assert recording.markers == ((5 * 128 + round(0.02 * RATE), "open"),)
    assert recording.assumptions == (
        "5 of 6 records begin up to 20 ms before the one before them has ended: their samples "
        "follow each other without a gap.",
    )


@pytest.mark.kind("EEGLAB with a stretch cut out", "read")
def test_boundaries_of_eeglab_are_gaps(read, tmp_path):
    events = [
        {"type": "open", "latency": 129.0, "duration": 0.0},
        {"type": "boundary", "latency": 256.5, "duration": 10 * RATE},
        {"type": "closed", "latency": 400.0, "duration": 0.0},
    ]
    recording = read(write_set(tmp_path / "odd.set", events))
    assert recording.gaps == ((256, pytest.approx(10.0, abs=1e-4)),)
    assert recording.markers == ((128, "open"), (399, "closed"))


@pytest.mark.kind("EEGLAB whose boundaries are numbers (ERPLAB)", "read")
@pytest.mark.parametrize("kind", [-99.0, "-99"])
def test_boundaries_that_erplab_numbers_are_gaps(read, tmp_path, kind):
    events = [
        {"type": 5.0, "latency": 129.0, "duration": 0.0},
        {"type": kind, "latency": 256.5, "duration": 10 * RATE},
        {"type": 6.0, "latency": 400.0, "duration": 0.0},
    ]
    recording = read(write_set(tmp_path / "odd.set", events))
    assert recording.gaps == ((256, pytest.approx(10.0, abs=1e-4)),)
    assert recording.markers == ((128, "5"), (399, "6"))


@pytest.mark.kind("BrainVision with a new segment", "read")
def test_new_segments_of_brainvision_are_gaps(read, tmp_path):
    marks = (
        "Mk2=Stimulus,S  1,129,1,0\nMk3=New Segment,,385,1,0,20200101120010000000\n"
        "Mk4=Stimulus,S  2,400,1,0\nMk5=New Segment,,700,1,0\n"
    )
    recording = read(write_brainvision(tmp_path / "odd.vhdr", marks=marks))
    assert recording.markers == ((128, "Stimulus/S  1"), (399, "Stimulus/S  2"))
    (first, missing), (second, unknown) = recording.gaps
    assert (first, second) == (384, 699)
    assert missing == pytest.approx(7.0, abs=1e-6)  # 10 s later, of which 3 are there
    assert math.isnan(unknown)


@pytest.mark.kind("BrainVision whose only new segment is not at its begin", "read")
def test_an_only_segment_that_begins_later_is_a_gap(read, tmp_path):
    marks = "Mk2=Stimulus,S  1,129,1,0\nMk3=New Segment,,385,1,0,20200101120010000000\n"
    path = write_brainvision(tmp_path / "odd.vhdr", marks=marks)
    markers = path.with_suffix(".vmrk")
    first = "Mk1=New Segment,,1,1,0,20200101120000000000\n"
    text = markers.read_text("utf-8")
    text = "".join(line for line in text.splitlines(True) if not line.startswith("Mk1="))
    markers.write_text(text, "utf-8")
    ((row, seconds),) = read(path).gaps
    assert row == 384
    assert math.isnan(seconds)
    markers.write_text(first.join(text.split("Mk3=")[:1]) + first, "utf-8")
    assert read(path).gaps == ()
