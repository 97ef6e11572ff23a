"""Kinds of marker streams, and of amplifiers that must be told apart."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from psychopy_nfb import Neurofeedback, read_session
from psychopy_nfb.errors import StreamError
from psychopy_nfb.lsl.find import find_stream, list_streams
from psychopy_nfb.lsl.inlet import Inlet
from psychopy_nfb.lsl.markers import MarkerWatcher
from psychopy_nfb.lsl.selection import StreamSelection, named_stream

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).with_name("odd_markers.py")


@pytest.fixture
def received(until):
    """Return a function that sends markers from another process and watches for them.

    It takes settings of one stream each and gives what came of each stream, and the notes. It
    watches until each stream whose markers end with "last" has sent it; the others are shorter.
    """
    running, watching = [], []

    def receive(*streams):
        names = [f"{number}-{uuid.uuid4().hex[:8]}" for number, _ in enumerate(streams)]
        told = [
            {"name": name, "source_id": name, **stream}
            for name, stream in zip(names, streams, strict=True)
        ]
        ending = [one["name"] for one in told if one["markers"][-1][0] == "last"]
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), json.dumps(told)], stdout=subprocess.PIPE
        )
        running.append(process)
        assert process.stdout.readline().strip() == b"ready"
        watcher = MarkerWatcher()
        watching.append(watcher)
        markers, notes = [], []

        def come():
            markers.extend(watcher.take())
            notes.extend(watcher.take_notes())
            return all(any(one.label.startswith("last") for one in of(name)) for name in ending)

        def of(name):
            return [one for one in markers if one.stream == name]

        until(come, 30, "the last markers")
        return [of(name) for name in names], notes

    yield receive
    for watcher in watching:
        watcher.close()
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def labels(markers):
    return [marker.label for marker in markers]


@pytest.mark.kind("markers of the types Marker, events, EEGStim, StringMarker, stimulus", "read")
@pytest.mark.kind("text of an unknown type, or of none", "read")
@pytest.mark.kind("markers of two channels", "read")
@pytest.mark.kind("text of any length and letters, line breaks and empty texts", "read")
def test_text_is_markers_whatever_its_type(received):
    types = ("Markers", "Marker", "events", "EEGStim", "StringMarker", "stimulus", "Log", "")
    odd = ["müde 疲れ 😴", "x" * 5000, "tab\there, 'quote'\nline", "", " ", "=1+1"]
    rows = [[text] for text in (*odd, "last")]
    several = {"channels": 2, "markers": [["left", "key"], ["", "key"], ["last", ""]]}
    found, notes = received(several, *({"type": one, "markers": rows} for one in types))
    assert labels(found[0]) == ["left;key", ";key", "last;"]
    assert [labels(one) for one in found[1:]] == [[*odd[:3], "=1+1", "last"]] * len(types)
    assert notes == []


@pytest.mark.kind("text markers that declare a rate, one with each sample of the EEG", "read")
@pytest.mark.kind("markers that are integers, or floats without fraction", "read")
@pytest.mark.kind("a trigger line as a stream of its own, at a regular rate", "read")
@pytest.mark.kind("number markers that declare a rate but come one by one", "read")
@pytest.mark.kind("a stream of numbers whose type only sounds like stim", "read")
def test_numbers_are_markers_where_the_type_says_so(received):
    text = [["last"]]
    pulses = [[0], [0], [4], [4], [4], [0], [4], [8], [8]]
    found, notes = received(
        {"type": "Markers", "format": "int32", "markers": [[7], [7], [-1], [0]]},
        {"type": "Trigger", "format": "float32", "markers": [[7], [2.5]]},
        {"type": "Stim", "format": "int16", "rate": 10.0, "markers": pulses},
        {"type": "Events", "format": "int32", "rate": 500.0, "markers": [[5], [5], [0], [5]]},
        {"type": "sampledMarkers", "rate": 500.0, "markers": [[""], ["S 1"], [""], [""], *text]},
        {"type": "Estimates", "format": "int8", "markers": [[1], [2]], "joined": False},
        {"markers": [[""]] * 12 + text},
    )
    assert [labels(one) for one in found[:-1]] == [
        ["7", "7", "-1", "0"],
        ["7", "2.5"],
        ["4", "4", "8"],
        ["5", "5", "5"],
        ["S 1", "last"],
        [],
    ]
    assert notes == []


@pytest.mark.kind("marker text in Latin-1", "corrected")
@pytest.mark.kind("markers with Unix time", "corrected")
@pytest.mark.kind("markers with the clock of a device", "corrected")
@pytest.mark.kind("markers without a valid time (NaN)", "corrected")
def test_markers_in_other_letters_and_by_other_clocks_are_corrected_and_told(received):
    timed = [["{t}"]] * 30 + [["last"]]
    found, notes = received(
        {"encoding": "latin-1", "markers": [["müde"], ["plain"], ["Größe"], ["last"]]},
        {"clock": "unix", "markers": timed},
        {"clock": "device", "markers": timed},
        {"clock": "nan", "markers": timed},
    )
    assert labels(found[0]) == ["müde", "plain", "Größe", "last"]
    for markers in found[1:]:
        late = [marker.t - float(marker.label) for marker in markers[:-1]]
        assert len(late) == 30
        assert min(late) > -0.01
        assert sorted(late)[15] < 0.1  # a busy machine may hold up some
    names = [markers[0].stream for markers in found]
    assert [len([note for note in notes if name in note]) for name in names] == [1, 1, 1, 1]
    assert "Latin-1" in next(note for note in notes if names[0] in note)
    assert all("local_clock()" in note for note in notes if names[0] not in note)


@pytest.fixture
def sent(until):
    """Return a function that sends markers into a running session until all are in its events."""
    running = []

    def send(nfb, **stream):
        command = [sys.executable, str(PROGRAM), json.dumps([{"name": "Odd", **stream}])]
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        n = len(stream["markers"])
        events = nfb.files.events
        until(lambda: events.read_text("utf-8").count("@ ") >= n, 60, "the markers in the events")

    yield send
    for process in running:
        process.kill()
        process.wait()


def lateness(nfb):
    """Return how much later the samples of a session's markers are than their labels say."""
    session = read_session(nfb.files.stem)
    markers = session.events[session.events.trial_type == "marker"]
    markers = markers[markers.value.str.contains("@")]  # the simulated amplifier has some, too
    stamps = session.eeg.stamps[markers["sample"].to_numpy()]
    return session, [
        stamp - float(value.split()[-1]) for stamp, value in zip(stamps, markers.value, strict=True)
    ]


def test_marker_that_cannot_be_trusted_is_told_once_in_the_session(
    amplifier, training, tmp_path, sent, caplog
):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        sent(nfb, encoding="latin-1", clock="unix", markers=[["müde @ {t}"]] * 20)
    session, late = lateness(nfb)
    assert len(late) == 20
    assert abs(sorted(late)[10]) < 0.1  # a busy machine may hold up some
    told = session.events[session.events.trial_type == "marker_stream"]
    assert len(told) == 2
    said = [one.getMessage() for one in caplog.records if "'Odd'" in one.getMessage()]
    assert len(said) == 2
    assert any("Latin-1" in one for one in said)


BEHIND = """
import sys, time, pylsl
from psychopy_nfb.lsl.outlet import make_outlet
out = make_outlet("Behind", "EEG", ["Oz"], 250, source_id=sys.argv[1])
start = pylsl.local_clock()
for number in range(250 * 60):
    due = start + number / 250
    time.sleep(max(0, due - pylsl.local_clock()))
    out.push_sample([float(number % 25)], due - 5)
"""


@pytest.mark.kind("EEG and markers by the same clock, which is 5 s behind", "corrected")
def test_markers_by_the_eegs_own_clock_stay_with_it(training, tmp_path, sent, unique_id):
    eeg = subprocess.Popen([sys.executable, "-c", BEHIND, unique_id])
    try:
        with Neurofeedback(training(unique_id), data=tmp_path) as nfb:
            sent(nfb, clock="5 s behind", markers=[["@ {t}"]] * 10)
    finally:
        eeg.kill()
        eeg.wait()
    _, late = lateness(nfb)
    assert len(late) == 10
    assert abs(sorted(late)[5]) < 0.05


@pytest.mark.kind("two equal streams of one machine", "refused")
@pytest.mark.kind("one of two equal streams, by its uid", "read")
def test_two_equal_streams_are_refused_with_what_tells_them_apart(odd_amplifier, unique_id, until):
    twin = {"name": "Twin", "source_id": unique_id}
    odd_amplifier(**twin)
    odd_amplifier(**twin)
    both = StreamSelection(source_id=unique_id, timeout=10)

    def uids():
        return {info.uid() for info in list_streams(1.0) if info.source_id() == unique_id}

    until(lambda: len(uids()) == 2, 20, "both streams")
    with pytest.raises(StreamError) as told:
        find_stream(both)
    said = str(told.value)
    assert all(f"uid '{uid}'" in said for uid in uids())
    assert "sends twice. Close one of them" in said
    with pytest.raises(StreamError, match="2 streams match"):  # though it opens the first meanwhile
        Inlet(both)
    wanted = max(uids())
    found = find_stream(replace(both, predicate=f"uid='{wanted}'"))
    assert found.uid() == wanted


@pytest.mark.kind("streams that share the name and differ in source_id", "refused")
@pytest.mark.kind("one of two streams, by the machine that sends it", "read")
def test_streams_that_share_a_name_are_refused_with_what_to_add(odd_amplifier, unique_id):
    ids = [odd_amplifier(name=unique_id) for _ in range(2)]
    here = StreamSelection(name=unique_id, hostname=socket.gethostname(), timeout=10)
    with pytest.raises(StreamError, match="2 streams match.*add the source_id of the one") as told:
        find_stream(here)
    assert all(f"'{source_id}'" in str(told.value) for source_id in ids)
    assert find_stream(replace(here, source_id=ids[0])).source_id() == ids[0]
    with pytest.raises(StreamError, match="hostname='another'.*no such stream"):
        find_stream(replace(here, hostname="another", timeout=0.5))


@pytest.mark.kind("a name with both kinds of quotes", "read")
@pytest.mark.parametrize("name", ["Amp 2", "Bob's amp", 'the "amp"', 'Bob\'s "amp"'])
def test_a_stream_is_found_by_its_name_whatever_quotes_it_has(odd_amplifier, name):
    own = f"{name} {uuid.uuid4().hex}"
    source_id = odd_amplifier(name=own)
    for selection in (named_stream(own, timeout=20), StreamSelection(name=own, timeout=20)):
        assert find_stream(selection).source_id() == source_id
    assert find_stream(named_stream(source_id, timeout=20)).name() == own
