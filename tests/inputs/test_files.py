"""Recordings that people have: read, corrected and told, or refused in one sentence."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from odd_files import (
    LABELS,
    RATE,
    EdfSignal,
    XdfStream,
    channels,
    edf_signals,
    eeg,
    notes,
    refusal,
    write_brainvision,
    write_edf,
    write_set,
    write_xdf,
)

import psychopy_nfb

pytest.importorskip("pyxdf")
mne = pytest.importorskip("mne")
MARKS = {128: "open", 384: "closed", 640: "open"}
PLACES = tuple(MARKS.items())
START = 5000.0


def stamps_of(n=768, rate=RATE):
    return START + np.arange(n) / rate


def amplifier(stamps=None, samples=None, **settings):
    """Return an EEG stream of an XDF file."""
    samples = eeg() if samples is None else samples
    stamps = stamps_of(len(samples)) if stamps is None else stamps
    return XdfStream(samples, stamps, **{"channels": channels(), **settings})


# Units


@pytest.mark.kind("EDF unit spelled .V, UV, uv, microV, mu in any encoding", "read")
@pytest.mark.parametrize(
    "unit",
    [b"uV", b"uv", b"UV", b".V", b"?V", b"uVolt", b"microV"]
    + [b"\xb5V", b"\xc2\xb5V", b"\xce\xbcV", b"[uV]"],
)
def test_spellings_of_microvolts_in_edf(read, tmp_path, unit):
    recording = read(write_edf(tmp_path / "odd.edf", edf_signals(unit)))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert set(recording.units) == {"microvolts"}
    assert recording.assumptions == ()


@pytest.mark.kind("EDF in mV, V or nV", "read")
@pytest.mark.parametrize("bdf", [False, True])
def test_a_plain_edf_which_has_no_times_of_records_is_read_without_a_word(read, tmp_path, bdf):
    recording = read(write_edf(tmp_path / "odd.edf", edf_signals(), kind="", bdf=bdf))
    assert recording.assumptions == ()
    assert recording.gaps == ()
    assert recording.samples == pytest.approx(eeg(), abs=0.5)


@pytest.mark.parametrize(("unit", "per"), [(b"mV", 1e3), (b"V", 1e6), (b"nV", 1e-3)])
def test_other_units_of_voltage_in_edf(read, tmp_path, unit, per):
    high = np.format_float_positional(500 / per, trim="-")  # 1000 microvolts in 65535 steps
    signals = edf_signals(unit, low=f"-{high}", high=high)
    for one in signals:
        one.samples = one.samples / per
    recording = read(write_edf(tmp_path / "odd.edf", signals))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=0.5 * 1000 / 65535 + 1e-9)


@pytest.mark.kind("EDF without a unit", "corrected")
def test_an_edf_without_a_unit_is_taken_as_microvolts_and_told(read, tmp_path):
    recording = read(write_edf(tmp_path / "odd.edf", edf_signals(b"")))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert recording.assumptions == ("The file says no unit for Fz, Cz, Oz: taken as microvolts.",)


@pytest.mark.kind("EDF in counts", "refused")
def test_counts_are_refused_with_the_channel_and_the_option(read, tmp_path):
    path = write_edf(tmp_path / "odd.edf", edf_signals(b"counts"))
    said = refusal(path)
    assert said.startswith("units='counts': is what odd.edf declares for channel 'Fz', and no volt")
    assert "--units" in said
    assert np.allclose(read(path, units="nV").samples, eeg() / 1e3, rtol=0, atol=1e-9)
    assert refusal(path, units="furlong").startswith("units='furlong': is no unit of voltage")


@pytest.mark.kind("EDF whose physical range is empty", "refused")
def test_a_range_of_nothing_is_no_unit(tmp_path):
    path = write_edf(tmp_path / "odd.edf", edf_signals(low="0", high="0"))
    assert "channel 'Fz'" in refusal(path)


@pytest.mark.kind("XDF unit as a power of ten (MNE-LSL)", "read")
@pytest.mark.parametrize(("unit", "per"), [("0", 1e6), ("-3", 1e3), ("-6", 1.0), ("-9", 1e-3)])
def test_units_as_powers_of_ten(read, tmp_path, unit, per):
    stream = amplifier(samples=eeg() / per, channels=channels(unit=unit, kind="eeg"))
    recording = read(write_xdf(tmp_path / "odd.xdf", stream))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert recording.assumptions == ()


@pytest.mark.kind("XDF without units, in volts", "refused")
def test_undeclared_volts_are_not_taken_as_microvolts(read, tmp_path):
    stream = amplifier(samples=eeg() / 1e6, channels=channels(unit=None))
    path = write_xdf(tmp_path / "odd.xdf", stream)
    said = refusal(path)
    assert said.startswith("units=None: odd.xdf says no unit. The EEG has an amplitude of 1.1e-05")
    assert "less than any amplifier's noise; say which with --units" in said
    assert np.allclose(read(path, units="V").samples, eeg(), rtol=0, atol=1e-9)


@pytest.mark.kind("XDF in volts that says microvolts", "corrected")
def test_a_wrong_unit_is_told(read, tmp_path):
    stream = amplifier(samples=eeg() / 1e6)
    path = write_xdf(tmp_path / "odd.xdf", stream)
    (said,) = read(path).assumptions
    assert said.startswith("The EEG has an amplitude of 1.1e-05 µV (standard deviation), which is")
    assert np.allclose(read(path, units="V").samples, eeg(), rtol=0, atol=1e-9)


# Channels


@pytest.mark.kind("EDF with channels of other rates and kinds (ECG, SpO2)", "corrected")
def test_channels_of_an_edf_keep_the_rate_of_the_eeg_and_their_own_unit(read, tmp_path):
    t = np.arange(6 * 512) / 512
    beat = 500 * np.sin(2 * np.pi * 5 * t)
    signals = [
        EdfSignal("EEG Oz", eeg()[:, 2]),
        EdfSignal("ECG", beat, rate=512),
        EdfSignal("SpO2", np.array([97.0, 97, 96, 96, 95, 95]), b"%", rate=1, low="0", high="100"),
        EdfSignal("Trigger", np.repeat([0.0, 4, 0], 2 * 256), b"", rate=256),
    ]
    recording = read(write_edf(tmp_path / "odd.edf", signals))
    assert recording.rate == RATE
    assert recording.kinds == ("EEG", "ECG", "MISC", "STIM")
    assert recording.units == ("microvolts", "microvolts", "%", "unknown")
    assert np.allclose(recording.samples[:, 0], eeg()[:, 2], rtol=0, atol=1e-9)
    middle = slice(64, -64)
    expected = 500 * np.sin(2 * np.pi * 5 * np.arange(768) / RATE)
    assert np.abs(recording.samples[middle, 1] - expected[middle]).max() < 5
    spo2 = recording.samples[:, 2]
    assert np.allclose(spo2, np.repeat([97, 97, 96, 96, 95, 95], 128), rtol=0, atol=0.01)
    assert np.allclose(recording.samples[:, 3], np.repeat([0, 4, 0], 256), rtol=0, atol=0.3)
    assert recording.assumptions == (
        "Channels have different rates: ECG (512 Hz), SpO2 (1 Hz) and Trigger (256 Hz) were "
        "brought to the 128 Hz of the EEG.",
        "No EEG, and so in no reference and not judged as EEG: ECG (ECG, uV), SpO2 (other, %), "
        "Trigger (trigger). What is no voltage keeps its own unit.",
        "1 marker of the trigger channel Trigger was read, where a code begins.",
    )


@pytest.mark.kind("BDF with the status channel of a BioSemi", "corrected")
def test_codes_of_a_biosemi_are_no_eeg_and_lose_the_bits_of_the_amplifier(read, tmp_path):
    whole = {"low": "-8388608", "high": "8388607"}
    status = np.repeat([0.0, 4, 0], 256) + (1 << 20) - (1 << 23)  # in range, and a high bit
    signals = [
        EdfSignal("Oz", np.rint(eeg()[:, 2]), **whole),
        EdfSignal("Status", status, b"Boolean", **whole),
    ]
    path = write_edf(tmp_path / "odd.bdf", signals, {1.5: b"open"}, kind="BDF+C", bdf=True)
    recording = read(path)
    assert recording.kinds == ("EEG", "STIM")
    assert recording.units == ("microvolts", "Boolean")
    assert np.array_equal(recording.samples[:, 0], np.rint(eeg()[:, 2]))
    assert np.array_equal(recording.samples[:, 1], np.repeat([0, 4, 0], 256))
    assert recording.markers == ((192, "open"), (256, "4"))
    said, read_too = recording.assumptions
    assert said.startswith("No EEG, and so in no reference and not judged as EEG: Status (trigger")
    assert read_too == "1 marker of the trigger channel Status was read, where a code begins."


@pytest.mark.kind("XDF with trigger, battery and accelerometer beside the EEG", "corrected")
def test_other_channels_of_an_xdf_are_no_eeg_and_not_rescaled(read, tmp_path):
    labels = [*LABELS, "TRIGGER", "Battery", "AccX"]
    others = np.tile([4.0, 87.0, 0.98], (768, 1))
    stream = amplifier(
        samples=np.hstack([eeg() / 1e3, others]),
        channels=channels(labels, unit=["mV"] * 3 + ["mV", "%", "g"]),
    )
    recording = read(write_xdf(tmp_path / "odd.xdf", stream))
    assert recording.kinds == ("EEG", "EEG", "EEG", "STIM", "MISC", "MISC")
    assert np.allclose(recording.samples[:, :3], eeg(), rtol=0, atol=1e-9)
    assert np.array_equal(recording.samples[:, 3:], others)
    assert recording.units[3:] == ("mV", "%", "g")
    assert recording.assumptions == (
        "No EEG, and so in no reference and not judged as EEG: TRIGGER (trigger, mV), Battery "
        "(other, %), AccX (other, g). What is no voltage keeps its own unit.",
    )


@pytest.mark.kind("XDF channels with <name> instead of <label>", "read")
@pytest.mark.parametrize("key", ["name", "Label"])
def test_names_stand_for_missing_labels(read, tmp_path, key):
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(channels=channels(key=key))))
    assert recording.labels == LABELS
    assert recording.assumptions == ()


@pytest.mark.kind("XDF channels without any description", "corrected")
def test_channels_that_are_not_described_are_numbered(read, tmp_path):
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(channels="")))
    assert recording.labels == ("Ch1", "Ch2", "Ch3")
    assert recording.kinds == ("EEG", "EEG", "EEG")
    assert recording.assumptions == (
        "The file names no channels: they are called Ch1, Ch2, Ch3.",
        "The file says no unit for Ch1, Ch2, Ch3: taken as microvolts.",
    )


@pytest.mark.kind("Channels of the same label", "corrected")
@pytest.mark.parametrize("ending", [".xdf", ".edf", ".vhdr"])
def test_equal_labels_are_numbered(read, tmp_path, ending):
    path, labels = tmp_path / f"odd{ending}", ("Oz", "Cz", "Oz")
    if ending == ".xdf":
        write_xdf(path, amplifier(channels=channels(labels)))
    elif ending == ".edf":
        write_edf(path, edf_signals(labels=labels))
    else:
        write_brainvision(path, labels=labels)
    recording = read(path)
    assert recording.labels == ("Oz", "Cz", "Oz-1")
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert recording.assumptions == (
        "Channels whose name is missing or not the only one are called Oz-1 (channel 3, named "
        "'Oz').",
    )


# Clocks and rates


@pytest.mark.kind("XDF stamped by another clock (Unix time)", "corrected")
def test_markers_of_another_clock_are_told_not_lost_without_a_word(read, tmp_path):
    lsl = stamps_of()
    path = write_xdf(tmp_path / "odd.xdf", amplifier(lsl + 1.7e9), notes(MARKS, lsl))
    recording = read(path)
    assert recording.markers == ()
    assert recording.rate == RATE
    (told,) = recording.assumptions
    assert told.startswith("The markers of 'Notes' and the samples were stamped by clocks")


@pytest.mark.kind("Markers before and after the recording", "corrected")
def test_markers_outside_are_counted(read, tmp_path):
    around = notes({0: "begin", 700: "in", 1900: "late"}, stamps_of(2000) - 2)
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(), around))
    assert recording.markers == ((444, "in"),)
    assert recording.assumptions == ("2 of 3 markers lie outside the EEG and are left out.",)


@pytest.mark.kind("XDF whose stamps step back", "corrected")
def test_a_step_back_is_a_gap_and_later_markers_keep_their_sample(read, tmp_path):
    stamps = stamps_of()
    marked = notes(MARKS, stamps)
    stamps[384:] -= 2.0
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(stamps), marked))
    assert recording.markers == PLACES
    ((row, missing),) = recording.gaps
    assert row == 384
    assert math.isnan(missing)
    assert recording.assumptions == (
        "After 3.0 s (sample 384) the stamps jump back by 2.00 s: a gap of unknown length, from "
        "which the samples are counted on.",
    )


@pytest.mark.kind("XDF with stamps of 0 or none", "corrected")
@pytest.mark.parametrize("wrong", [0.0, np.nan, 1.7e9, -5.0])
def test_stamps_that_are_none_are_taken_from_their_neighbours(read, tmp_path, wrong):
    stamps = stamps_of()
    marked = notes(MARKS, stamps)
    stamps[380:400] = wrong
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(stamps), marked))
    assert recording.markers == PLACES
    assert recording.gaps == ()
    assert recording.assumptions == (
        "20 of 768 samples have no stamp, or one that is far off (such as 0): their times are "
        "taken from their neighbours.",
    )


@pytest.mark.kind("XDF that stays away for a while", "read")
def test_lost_samples_are_a_gap(read, tmp_path):
    stamps = np.delete(stamps_of(1024), slice(400, 656))
    marked = notes({128: "a", 384: "b", 700: "c"}, stamps)
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(stamps), marked))
    assert recording.markers == ((128, "a"), (384, "b"), (700, "c"))
    assert recording.gaps == ((400, pytest.approx(2.0, abs=1e-6)),)


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
    assert recording.assumptions == (
        "The stream declares no rate; its stamps say 128 Hz, which is used.",
    )


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


@pytest.mark.kind("XDF in chunks, one of them lost", "corrected")
def test_a_lost_chunk_is_a_gap(read, tmp_path):
    arrival = np.delete(np.repeat(stamps_of(1536)[31::32], 32), slice(640, 704))
    stream = amplifier(arrival, eeg(12)[:1472])
    ((row, missing),) = read(write_xdf(tmp_path / "odd.xdf", stream)).gaps
    assert row == 640
    assert missing == pytest.approx(0.5, abs=0.01)


# Markers


@pytest.mark.kind("XDF markers as numbers, of a type that says so, or with a rate", "read")
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"type": "Marker", "format": "int32"}, ["1", "2", "1"]),
        ({"type": "Stim", "format": "int32"}, ["1", "2", "1"]),
        ({"type": "Events", "format": "float32"}, ["1", "2", "1"]),
        ({"type": "Markers", "rate": 250.0}, ["open", "closed", "open"]),
        ({"type": "PsychoPy"}, ["open", "closed", "open"]),
        ({"type": "trigger"}, ["open", "closed", "open"]),
    ],
)
def test_markers_of_many_kinds(read, tmp_path, settings, expected):
    codes = {"open": 1, "closed": 2}
    marked = notes(MARKS, stamps_of(), **settings)
    if "format" in settings:
        marked.samples = [[codes[text]] for (text,) in marked.samples]
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(), marked))
    assert recording.markers == tuple(zip(MARKS, expected, strict=True))
    assert recording.assumptions == ()


# Texts


@pytest.mark.kind("XDF in Latin-1", "corrected")
def test_an_xdf_in_latin_1(read, tmp_path):
    stream = amplifier(channels=channels(unit="µV"), encoding="latin-1", name="Verstärker")
    marked = notes({128: "geöffnet", 384: "zu"}, stamps_of(), encoding="latin-1")
    recording = read(write_xdf(tmp_path / "odd.xdf", stream, marked))
    assert recording.name == "Verstärker"
    assert recording.markers == ((128, "geöffnet"), (384, "zu"))
    assert set(recording.units) == {"microvolts"}
    assert np.array_equal(recording.samples, eeg())
    assert recording.assumptions == (
        "The description of a stream is no UTF-8; it was read as Latin-1.",
        "The text of a marker is no UTF-8; it was read as Latin-1.",
    )


@pytest.mark.kind("XDF with control characters in a label", "corrected")
def test_one_bad_character_does_not_make_a_file_unreadable(read, tmp_path):
    stream = amplifier(channels=channels(("Fz", "Cz\x00", "Oz")))
    recording = read(write_xdf(tmp_path / "odd.xdf", stream))
    assert recording.labels == ("Fz", "Cz?", "Oz")
    assert recording.assumptions == (
        "The description of a stream has control characters; they became question marks.",
    )


@pytest.mark.kind("EDF+ annotations in Latin-1", "corrected")
def test_annotations_in_latin_1(read, tmp_path):
    texts = {1.5: "Augen geöffnet".encode("latin-1"), 4.5: b"zu"}
    recording = read(write_edf(tmp_path / "odd.edf", edf_signals(), texts))
    assert recording.markers == ((192, "Augen geöffnet"), (576, "zu"))
    assert recording.assumptions == ("An annotation is no UTF-8; it was read as Latin-1.",)


@pytest.mark.kind("BrainVision in Latin-1 without a code page", "corrected")
def test_brainvision_in_latin_1(read, tmp_path):
    recording = read(write_brainvision(tmp_path / "odd.vhdr", encoding="latin-1", codepage=""))
    assert recording.markers == ((128, "Stimulus/S  1"), (256, "Comment/Augen geöffnet"))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert recording.assumptions == (
        "odd.vhdr is no UTF-8; it was read as Latin-1.",
        "odd.vmrk is no UTF-8; it was read as Latin-1.",
    )


@pytest.mark.kind("BrainVision with decimal commas", "corrected")
def test_decimal_commas_in_brainvision(read, tmp_path):
    recording = read(write_brainvision(tmp_path / "odd.vhdr", resolution="0,5"))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)
    assert recording.rate == RATE
    assert recording.assumptions == ("Numbers with a decimal comma were read as such.",)


@pytest.mark.kind("EDF with decimal commas", "read")
def test_decimal_commas_in_edf(read, tmp_path):
    recording = read(write_edf(tmp_path / "odd.edf", edf_signals(high="16383,5")))
    assert np.allclose(recording.samples, eeg(), rtol=0, atol=1e-9)


@pytest.mark.kind("BrainVision in mV, nV or without a unit", "read")
@pytest.mark.parametrize(
    ("unit", "resolution"), [("mV", "0.0005"), ("nV", "500"), ("", "0.5"), ("uV", "0.5")]
)
def test_units_of_brainvision(read, tmp_path, unit, resolution):
    path = write_brainvision(tmp_path / "odd.vhdr", unit=unit, resolution=resolution)
    assert np.allclose(read(path).samples, eeg(), rtol=0, atol=1e-9)


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


# Pauses


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


@pytest.mark.kind("XDF whose stamps fall from sample to sample", "corrected")
def test_stamps_that_fall_are_not_used(read, tmp_path):
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(stamps_of()[::-1])))
    assert recording.rate == RATE
    assert recording.real_rate is None
    assert recording.start is None
    assert recording.assumptions == (
        "The stamps fall from sample to sample: they are not used, and the samples are counted at "
        "128 Hz.",
    )
    path = write_xdf(tmp_path / "odd.xdf", amplifier(stamps_of()[::-1], rate=0.0))
    assert "has stamps that fall from sample to sample, no rate" in refusal(path)


@pytest.mark.kind("EDF or XDF whose unit is written MV", "corrected")
@pytest.mark.parametrize("unit", ["MV", "Mvolts"])
def test_megavolts_are_millivolts_and_told(read, tmp_path, unit):
    told = (
        f"The file says the unit '{unit}' for Fz, Cz, Oz, which is megavolts: taken as millivolts. "
        "If that is wrong, set the unit.",
    )
    stream = amplifier(samples=1e-3 * eeg(), channels=channels(unit=unit))
    recording = read(write_xdf(tmp_path / "odd.xdf", stream))
    assert recording.assumptions == told
    assert np.allclose(recording.samples, eeg())
    signals = edf_signals(unit.encode(), low="-16.384", high="16.3835")
    for one in signals:
        one.samples = one.samples / 1e3
    recording = read(write_edf(tmp_path / "odd.edf", signals))
    assert recording.assumptions == told
    assert np.allclose(recording.samples, eeg(), atol=1e-9)
    assert read(tmp_path / "odd.edf", units="mV").assumptions == ()


@pytest.mark.kind("own session, whose events are JSON", "read")
def test_events_of_an_own_session_are_words(read, tmp_path):
    texts = [
        '{"event": "mark", "kind": "experiment", "value": "eyes open", "sample": 9}',
        '{"event": "flags", "kind": "flags", "value": "SETTLING", "sample": 0}',
        '{"event": "start", "kind": "worker", "value": null, "sample": 0}',
        '{"event": 5}',
        '{"event',
    ]
    marks = notes(dict(enumerate(texts)), stamps_of())
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(), marks))
    words = ["eyes open", "flags: SETTLING", "start", '{"event": 5}', '{"event']
    assert [text for _, text in recording.markers] == words


# Damage


@pytest.mark.kind("XDF with a broken footer", "corrected")
@pytest.mark.parametrize("count", ["768.0", "nan", "many", "<"])
def test_a_broken_footer_costs_nothing(read, tmp_path, count):
    path = write_xdf(tmp_path / "odd.xdf", amplifier(footer=count), notes(MARKS, stamps_of()))
    recording = read(path)
    assert np.array_equal(recording.samples, eeg())
    assert recording.markers == PLACES
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


# What is no continuous recording


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


@pytest.mark.kind("EDF with annotations only", "refused")
def test_an_edf_without_samples_is_refused(tmp_path):
    path = write_edf(tmp_path / "odd.edf", edf_signals())
    content = path.read_bytes()
    path.write_bytes(content[:1280])
    assert refusal(path).endswith("has no samples.")
    path.write_bytes(content[:700])
    assert "cannot be read (the header is cut off)" in refusal(path)


# Places


def test_positions_of_an_xdf_belong_to_their_channel_also_if_labels_are_equal(read, tmp_path):
    described = "".join(
        f"<channel><label>{label}</label><unit>microvolts</unit><location><X>{x}</X><Y>0</Y>"
        "<Z>80</Z></location></channel>"
        for x, label in enumerate(("Oz", "Cz", "Oz"))
    )
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(channels=described)))
    assert recording.positions == {"Oz": (0, 0, 80), "Cz": (1, 0, 80), "Oz-1": (2, 0, 80)}


# Other ways to the same


def test_a_recording_says_itself_what_it_is():
    recording = psychopy_nfb.Recording(np.zeros((256, 1)), 128.0, ("Oz",))
    assert (recording.declared_rate, recording.assumptions) == (128.0, ())
    assert recording.seconds == 2.0


def test_assumptions_need_not_be_told_twice(tmp_path, caplog):
    path = write_edf(tmp_path / "odd.edf", edf_signals(b""))
    recording = psychopy_nfb.read_recording(path, tell=False)
    assert len(recording.assumptions) == 1
    assert caplog.records == []


@pytest.mark.kind("SET with events that have no place (NaN)", "corrected")
def test_an_event_without_a_place_is_counted_among_those_left_out(read, tmp_path):
    events = [
        {"type": "open", "latency": 129.0, "duration": 0.0},
        {"type": "lost", "latency": np.nan, "duration": 0.0},
    ]
    recording = read(write_set(tmp_path / "odd.set", events))
    assert recording.markers == ((128, "open"),)
    assert recording.assumptions == ("1 of 2 markers lie outside the EEG and are left out.",)


@pytest.mark.kind("fif with an average of epochs", "refused")
def test_a_file_of_averages_is_named_as_one(tmp_path):
    info = mne.create_info(list(LABELS), RATE, "eeg")
    average = mne.EvokedArray(1e-6 * eeg().T, info, verbose="ERROR")
    average.save(tmp_path / "odd-ave.fif", verbose="ERROR")
    said = refusal(tmp_path / "odd-ave.fif")
    assert "holds epochs or averages of a recording; open the continuous recording" in said


@pytest.mark.kind("fif with a part that was not stored", "corrected")
def test_a_part_of_a_fif_that_was_not_stored_is_marked_once(read, tmp_path):
    raw = mne.io.RawArray(
        1e-6 * eeg(60.0).T, mne.create_info(list(LABELS), RATE, "eeg"), verbose="ERROR"
    )
    raw.set_meas_date(1.7e9)
    start = raw.info["meas_date"]
    raw.set_annotations(mne.Annotations([20.0], [10.0], ["BAD_ACQ_SKIP"], orig_time=start))
    raw.save(tmp_path / "odd_raw.fif", verbose="ERROR")
    recording = read(tmp_path / "odd_raw.fif")
    assert recording.markers == ((2560, "BAD_ACQ_SKIP"),)
    assert recording.bad_parts == ((2560, 3840),)
