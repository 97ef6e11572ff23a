"""Markers and other texts of recordings: their kinds, places and encodings."""

from __future__ import annotations

import numpy as np
import pytest
from odd_files import (
    MARKS,
    amplifier,
    channels,
    edf_signals,
    eeg,
    notes,
    stamps_of,
    write_brainvision,
    write_edf,
    write_set,
    write_xdf,
)

pytest.importorskip("pyxdf")


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


@pytest.mark.kind("Markers before and after the recording", "corrected")
def test_markers_outside_are_counted(read, tmp_path):
    around = notes({0: "begin", 700: "in", 1900: "late"}, stamps_of(2000) - 2)
    recording = read(write_xdf(tmp_path / "odd.xdf", amplifier(), around))
    assert recording.markers == ((444, "in"),)
    assert recording.assumptions == ("2 of 3 markers lie outside the EEG and are left out.",)


@pytest.mark.kind("SET with events that have no place (NaN)", "corrected")
def test_an_event_without_a_place_is_counted_among_those_left_out(read, tmp_path):
    events = [
        {"type": "open", "latency": 129.0, "duration": 0.0},
        {"type": "lost", "latency": np.nan, "duration": 0.0},
    ]
    recording = read(write_set(tmp_path / "odd.set", events))
    assert recording.markers == ((128, "open"),)
    assert recording.assumptions == ("1 of 2 markers lie outside the EEG and are left out.",)


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
