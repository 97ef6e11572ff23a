"""Clocks and rates of recordings: stamps that are wrong, and rates other than declared."""

from __future__ import annotations

import numpy as np
import pytest
from odd_files import (
    MARKS,
    RATE,
    START,
    amplifier,
    eeg,
    notes,
    refusal,
    stamps_of,
    write_xdf,
)

pytest.importorskip("pyxdf")


@pytest.mark.kind("XDF stamped by another clock (Unix time)", "corrected")
def test_markers_of_another_clock_are_told_not_lost_without_a_word(read, tmp_path):
    lsl = stamps_of()
    path = write_xdf(tmp_path / "odd.xdf", amplifier(lsl + 1.7e9), notes(MARKS, lsl))
    recording = read(path)
    assert recording.markers == ()
    assert recording.rate == RATE
    (told,) = recording.assumptions
    assert told.startswith("The markers of 'Notes' and the samples were stamped by clocks")


@pytest.mark.kind("XDF with stamps of 0 or none", "corrected")
@pytest.mark.parametrize("wrong", [0.0, np.nan, 1.7e9, -5.0])
def test_stamps_that_are_none_are_taken_from_their_neighbours(read, tmp_path, wrong):
    stamps = stamps_of()
    marked = notes(MARKS, stamps)
    stamps[380:400] = wrong
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(stamps), marked))
    assert recording.markers == tuple(MARKS.items())
    assert recording.gaps == ()
    assert recording.assumptions == (
        "20 of 768 samples have no stamp, or one that is far off (such as 0): their times are "
        "taken from their neighbours.",
    )


@pytest.mark.kind("XDF whose stamps fall from sample to sample", "corrected")
def test_stamps_that_fall_are_not_used(read, tmp_path):
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(stamps_of()[::-1])))
    assert recording.rate == RATE
    assert recording.real_rate is None
    assert recording.start is None
    assert recording.assumptions == (
        "The stamps fall from sample to sample: they are not used, and the samples are counted at "
        "the declared 128 Hz, which nothing confirms.",
    )
    path = write_xdf(tmp_path / "odd.xdf", amplifier(stamps_of()[::-1], rate=0.0))
    assert "has stamps that fall from sample to sample, no rate" in refusal(path)


@pytest.mark.kind("XDF that declares another rate than its stamps say", "corrected")
@pytest.mark.parametrize(("declared", "real"), [(256.0, 200.0), (256.0, 128.0), (250.0, 245.0)])
def test_the_real_rate_counts(read, tmp_path, declared, real):
    samples = eeg(8, real)
    stamps = stamps_of(len(samples), real)
    stream = amplifier(stamps, samples, rate=declared)
    marked = notes({400: "open", 800: "closed"}, stamps)
    recording = read(write_xdf(tmp_path / "odd.xdf", stream, marked))
    assert (recording.rate, recording.declared_rate) == (real, declared)
    assert recording.markers == ((400, "open"), (800, "closed"))
    assert recording.gaps == ()
    assert recording.assumptions == (
        f"The stream declares {declared:g} Hz, but its stamps say {real:g} Hz: {real:g} Hz is "
        "used.",
    )


@pytest.mark.kind("XDF whose amplifier is slower than it declares, by less than 1 %", "read")
def test_a_small_difference_is_a_clock_that_is_only_not_exact(read, tmp_path):
    stream = amplifier(stamps_of(768, 127.5))
    recording = read(write_xdf(tmp_path / "odd.xdf", stream))
    assert (recording.rate, recording.declared_rate) == (128.0, 128.0)
    assert recording.real_rate == pytest.approx(127.5, abs=1e-6)
    assert (recording.start, recording.chunk_seconds) == (START, 0.0)
    assert recording.assumptions == ()
    assert recording.gaps == ()


@pytest.mark.kind("XDF whose rate changes while it runs", "refused")
def test_a_rate_that_is_not_steady_is_refused(tmp_path):
    stamps = START + np.cumsum(np.r_[np.full(800, 1 / 128), np.full(800, 1 / 110)])
    stream = amplifier(stamps, eeg(12.5), rate=250.0)
    said = refusal(write_xdf(tmp_path / "odd.xdf", stream))
    assert said.startswith("stream='Amp': declares 250 Hz, but its samples come at no steady rate")
    assert "128 Hz at first, 110 Hz later" in said


@pytest.mark.kind("XDF EEG that declares no rate", "corrected")
def test_an_undeclared_rate_is_taken_from_regular_stamps(read, tmp_path):
    stamps = stamps_of()
    jitter = np.random.default_rng(2).uniform(-0.002, 0.002, len(stamps))
    stream = amplifier(stamps + jitter, rate=0.0)
    recording = read(write_xdf(tmp_path / "odd.xdf", stream, notes(MARKS, stamps)))
    assert recording.rate == 128.0
    assert [label for _, label in recording.markers] == list(MARKS.values())
    assert np.abs(np.subtract([row for row, _ in recording.markers], list(MARKS))).max() <= 1
    rate, scatter = recording.assumptions
    assert rate == "The stream declares no rate; its stamps say 128 Hz, which is used."
    assert scatter.startswith("Half of the stamps are more than 1.0 ms early or late (jitter)")


@pytest.mark.kind("XDF EEG without a rate, irregular", "refused")
def test_an_irregular_stream_is_refused(tmp_path):
    stamps = START + np.cumsum(np.random.default_rng(1).exponential(1.0, 200))
    stream = amplifier(stamps, eeg()[:200], rate=0.0)
    said = refusal(write_xdf(tmp_path / "odd.xdf", stream))
    assert said.startswith("stream='Amp': declares no rate")


@pytest.mark.kind("XDF whose chunks of 250 ms are stamped on arrival", "corrected")
def test_chunks_stamped_on_arrival_have_no_gaps_and_markers_keep_their_sample(read, tmp_path):
    true = stamps_of(1536)
    arrival = np.repeat(true[31::32], 32)  # the newest of a chunk has just been taken
    arrival += np.repeat(np.random.default_rng(3).uniform(0, 0.03, 48), 32)
    arrival[640:672] += 0.4  # one chunk was held up, and the next follow at once
    arrival = np.maximum.accumulate(arrival)
    stream = amplifier(arrival, eeg(12))
    recording = read(write_xdf(tmp_path / "odd.xdf", stream, notes(MARKS, true)))
    assert recording.rate == RATE
    assert recording.gaps == ()
    assert np.abs(np.subtract([row for row, _ in recording.markers], list(MARKS))).max() <= 2
    assert recording.chunk_seconds == pytest.approx(0.25, abs=0.01)
    (said,) = recording.assumptions
    assert said.startswith("Samples were stamped in chunks of 25")


UNIT_TOLD = (
    "The stamps of {} are in {}, but those of an .xdf file are in seconds: they are divided by {}."
)


@pytest.mark.kind("XDF with stamps in milliseconds or microseconds", "corrected")
@pytest.mark.parametrize("chunk", [1, 16])
@pytest.mark.parametrize(
    ("factor", "unit", "by"), [(1e3, "milliseconds", "1,000"), (1e6, "microseconds", "1,000,000")]
)
@pytest.mark.parametrize("marked", ["seconds", "same", "none"])
def test_stamps_in_another_unit_are_converted(read, tmp_path, factor, unit, by, marked, chunk):
    lsl = stamps_of()
    stamps = lsl[np.arange(768) // chunk * chunk + chunk - 1]
    streams = [amplifier(stamps * factor)]
    if marked != "none":
        streams.append(notes(MARKS, lsl * (factor if marked == "same" else 1)))
    recording = read(write_xdf(tmp_path / "odd.xdf", *streams))
    assert (recording.rate, recording.gaps) == (RATE, ())
    assert recording.real_rate == pytest.approx(RATE, rel=1e-3)
    assert recording.start == pytest.approx(lsl[0], abs=1 / RATE)
    assert recording.markers == (tuple(MARKS.items()) if marked != "none" else ())
    names = "'Amp' and 'Notes'" if marked == "same" else "'Amp'"
    assert UNIT_TOLD.format(names, unit, by) in recording.assumptions


@pytest.mark.parametrize("factor", [1, 1e3])
def test_clock_offsets_beside_stamps_in_milliseconds(read, tmp_path, factor):
    """LSL measures offsets in seconds; a program may have converted them with the stamps."""
    lsl, ahead = stamps_of(), 70.0
    measured = START + np.arange(0, 6)
    offsets = tuple((factor * (t + ahead), factor * -ahead) for t in measured)
    amp = amplifier((lsl + ahead) * 1e3, offsets=offsets)
    recording = read(write_xdf(tmp_path / "odd.xdf", amp, notes(MARKS, lsl)))
    assert recording.start == pytest.approx(START, abs=1e-3)
    assert recording.markers == tuple(MARKS.items())
    assert recording.assumptions == (UNIT_TOLD.format("'Amp'", "milliseconds", "1,000"),)


@pytest.mark.kind("XDF with stamps in a unit that nothing tells", "refused")
@pytest.mark.parametrize(("declared", "factor"), [(0.0, 1e3), (0.0, 1e6), (500.0, 1e3)])
def test_stamps_that_cannot_be_seconds_are_refused_where_no_unit_fits(tmp_path, declared, factor):
    stream = amplifier(stamps_of() * factor, rate=declared)
    said = refusal(write_xdf(tmp_path / "odd.xdf", stream))
    assert f"has stamps that are {factor / RATE:g} apart from sample to sample" in said
    assert "milliseconds" in said


@pytest.mark.kind("XDF with stamps that do not change", "corrected")
def test_stamps_that_do_not_change_are_not_used(read, tmp_path):
    same = np.full(768, START)
    marked = notes(MARKS, stamps_of())
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(same), marked))
    assert (recording.rate, recording.start, recording.real_rate) == (RATE, None, None)
    assert recording.markers == ()
    assert recording.assumptions == (
        "The stamps do not change from sample to sample: they are not used, and the samples are "
        "counted at the declared 128 Hz, which nothing confirms.",
        "The 3 markers of 'Notes' cannot be placed, because nothing says when the samples were "
        "taken: record again with stamps.",
    )
    path = write_xdf(tmp_path / "odd.xdf", amplifier(same, rate=0.0))
    assert "has stamps that do not change, and no rate" in refusal(path)


@pytest.mark.kind("XDF without any stamp", "corrected")
def test_samples_without_any_stamp_are_counted_and_nothing_else_is_claimed(read, tmp_path):
    none = [None] * 768
    marked = notes(MARKS, stamps_of())
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(none, rate=130.0), marked))
    assert (recording.rate, recording.real_rate, recording.start) == (130.0, None, None)
    assert recording.markers == ()
    assert recording.assumptions == (
        "The stream has no stamps: its samples are counted at the declared 130 Hz, which nothing "
        "confirms.",
        "The 3 markers of 'Notes' cannot be placed, because nothing says when the samples were "
        "taken: record again with stamps.",
    )


def test_samples_before_the_first_stamp_are_counted_back_from_it(read, tmp_path):
    stamps = [None] * 5 + stamps_of()[5:].tolist()
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(stamps), notes(MARKS, stamps_of())))
    assert recording.gaps == ()
    assert recording.start == pytest.approx(START, abs=1e-6)
    assert recording.markers == tuple(MARKS.items())
