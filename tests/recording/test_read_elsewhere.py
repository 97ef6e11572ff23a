"""A session's XDF in the programs of others: pyxdf without a warning, MNE-Python with its date."""

from __future__ import annotations

import csv
import json
import logging
import os
import signal
import subprocess
import sys
import warnings
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from psychopy_nfb.protocol import value_names
from psychopy_nfb.recording import (
    FRAME_COLUMNS,
    SessionRecord,
    SessionWriter,
    new_session,
    read_session,
)

VALUE_NAMES = value_names(["trained"])

pyxdf = pytest.importorskip("pyxdf")

ABOUT = {
    "date": "2026-03-01T12:00:00.250+02:00",
    "participant": "07",
    "session": "pre",
    "task": "alpha",
    "run": 3,
}
FACTS = {
    "session": ABOUT,
    "stream": {"microvolts_per_unit": [1.0, 1.0]},
    "wall_clock": {"offset": 1772359200.0 - 1000.0, "uncertainty": 0.0, "t": 1000.0},
}


def amplifier(**changes):
    eeg = {
        "name": "Amp",
        "labels": ["Cz", "Oz"],
        "rate": 250.0,
        "format": "float32",
        "units": "microvolts",
        "source_id": "abc",
        "positions": {},
    }
    return {**eeg, **changes}


def record(writer, start, seconds):
    """Hand over some seconds of samples and what they became, at 1000 s of LSL's clock."""
    numbers = np.arange(round(250 * start), round(250 * (start + seconds)))
    stamps = 1000.0 + numbers / 250
    samples = np.stack((numbers, -numbers), axis=1).astype(np.float32)
    writer.eeg(samples, stamps)
    values = np.zeros((len(numbers), len(VALUE_NAMES)))
    writer.signals(values, stamps, np.zeros(len(numbers), np.uint32), numbers)


def load_strictly(path, caplog, **options):
    """Return what pyxdf reads and its header; fail at any warning."""
    caplog.clear()
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        streams, header = pyxdf.load_xdf(path, **options)
    assert [record.getMessage() for record in caplog.records] == []
    return {stream["info"]["name"][0]: stream for stream in streams}, header["info"]


@pytest.mark.parametrize("dejitter", [True, False])
@pytest.mark.parametrize("events", [0, 2])
def test_pyxdf_has_nothing_to_warn_of(tmp_path, caplog, dejitter, events):
    files = new_session(tmp_path)
    aux = {"labels": ["pulse"], "rate": 50.0}
    writer = SessionWriter(files, amplifier(), VALUE_NAMES, aux=aux, about=ABOUT)
    record(writer, 0, 12)
    for number in range(events):
        writer.event("mark", 1000.0 + number, 0, kind="experiment", value="here")
    writer.close()
    again = SessionWriter(files, amplifier(), VALUE_NAMES, append=True, aux=aux, about=ABOUT)
    record(again, 13, 3)  # a second is lost while a worker is started again
    again.close()
    streams, header = load_strictly(files.eeg, caplog, dejitter_timestamps=dejitter)
    assert {name: len(stream["time_stamps"]) for name, stream in streams.items()} == {
        "Amp": 3750,
        "Feedback": 3750,
        "Frames": 0,
        "Events": events,
        "Aux": 0,
    }
    assert header["datetime"] == ["2026-03-01T12:00:00+02:00"]
    desc = streams["Amp"]["info"]["desc"][0]
    assert desc["subject"][0]["id"] == ["07"]
    experiment = desc["experiment"][0]
    assert experiment["session"][0]["id"] == ["pre"]
    assert experiment["task"][0]["label"] == ["alpha"]
    assert experiment["run"] == ["3"]


def test_values_that_are_fewer_than_samples_have_their_own_rate(tmp_path, caplog):
    files = new_session(tmp_path)
    writer = SessionWriter(files, amplifier(), VALUE_NAMES, value_rate=50.0)
    numbers = np.arange(0, 750, 5)
    values = np.zeros((len(numbers), len(VALUE_NAMES)))
    writer.signals(values, 1000 + numbers / 250, np.zeros(len(numbers), np.uint32), numbers)
    writer.close()
    streams, _ = load_strictly(files.eeg, caplog)
    assert streams["Feedback"]["info"]["effective_srate"] == pytest.approx(50.0)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_row_109_pyxdf_has_nothing_to_warn_of_after_a_kill(tmp_path, caplog):
    code = (
        "import sys\n"
        "from test_read_elsewhere import *\n"
        "writer = SessionWriter(new_session(sys.argv[1]), amplifier(), VALUE_NAMES)\n"
        "record(writer, 0, 3)\n"
        "time.sleep(1)\n"
        "print('written', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", "import time\n" + code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path])},
    )
    assert process.stdout.readline() == b"written\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    (path,) = tmp_path.glob("*.xdf")
    streams, _ = load_strictly(path, caplog)
    assert len(streams["Amp"]["time_stamps"]) == 750


@pytest.mark.parametrize("name", ["Feedback", "Frames", "Events", "Aux"])
def test_an_amplifier_may_be_named_as_our_own_streams_are(tmp_path, caplog, name):
    files = new_session(tmp_path)
    channels = [f"E{number}" for number in range(len(VALUE_NAMES) + 2)]
    eeg = amplifier(name=name, labels=channels, format="double64", source_id="")
    for append in (False, True):
        aux = {"labels": ["p"], "rate": 1.0}
        writer = SessionWriter(files, eeg, VALUE_NAMES, append=append, aux=aux)
        assert writer.before.n_samples == 250 * append
        stamps = 1000.0 + append + np.arange(250) / 250
        writer.eeg(np.ones((250, len(channels))), stamps)
        values = np.zeros((100, len(VALUE_NAMES)))
        writer.signals(values, stamps[:100], np.zeros(100, np.uint32), np.arange(100))
        writer.close()
    assert writer.error is None
    assert sorted(writer.counts().values()) == [0, 0, 0, 200, 500]
    SessionRecord(files.settings).update(**FACTS)
    session = read_session(files.stem)
    assert session.eeg.labels == channels
    assert session.eeg.samples.shape == (500, len(channels))
    assert len(session.signals) == 200


@pytest.mark.parametrize("text", ["O\x01z", "O\0z", "O\x1bz", "O\ud800z", "O\uffffz"])
def test_no_name_can_make_the_recording_unreadable(tmp_path, caplog, text):
    files = new_session(tmp_path)
    eeg = amplifier(name=text, labels=["Cz", text], source_id=text)
    for append in (False, True):
        writer = SessionWriter(files, eeg, VALUE_NAMES, append=append)
        record(writer, append, 1)
        writer.event("mark", 1000.0, 0, kind="experiment", value=text, detail={text: text})
        writer.close()
        assert writer.error is None
    streams, _ = load_strictly(files.eeg, caplog)
    assert {len(stream["time_stamps"]) for stream in streams.values()} == {500, 0, 2}
    SessionRecord(files.settings).update(**FACTS)
    assert read_session(files.stem).eeg.labels == ["Cz", "O\ufffdz"]


@pytest.mark.parametrize("text", ["O\rz", "O\r\nz", " Oz "])
def test_a_name_that_xml_changes_is_the_same_stream_after_a_restart(tmp_path, caplog, text):
    files = new_session(tmp_path)
    for append in (False, True):
        writer = SessionWriter(
            files, amplifier(name=text, source_id=text), VALUE_NAMES, append=append
        )
        record(writer, append, 1)
        writer.close()
    streams, _ = load_strictly(files.eeg, caplog)
    assert {len(stream["time_stamps"]) for stream in streams.values()} == {500, 0}


MARKS = [
    "n/a",
    "'n/a",
    "NA",
    "None",
    "=1+1",
    "'=1+1",
    "@SUM(A1)",
    "-2+3+cmd|' /C calc'!A0",
    "+cmd",
    "-5",
    "+0.5e3",
    "'quoted'",
]
NUMBERS = [0.0] * (len(FRAME_COLUMNS) - 3)
"""Of a frame, between its own number and the texts of mark and block."""


def test_what_a_spreadsheet_would_execute_comes_back_as_it_was(tmp_path):
    files = new_session(tmp_path)
    writer = SessionWriter(files, amplifier(), VALUE_NAMES)
    record(writer, 0, 1)
    for number, text in enumerate(MARKS):
        writer.event("mark", 1000.0 + number / 10, number, kind="experiment", value=text)
    values = [0.0] * len(VALUE_NAMES)
    writer.frames([(n, *NUMBERS, text, text, *values) for n, text in enumerate(MARKS)])
    writer.close()
    SessionRecord(files.settings).update(**FACTS)
    session = read_session(files.stem)
    assert session.events.value.tolist() == MARKS
    assert session.frames.mark.tolist() == session.frames.block.tolist() == MARKS
    cells = [line.split("\t")[3] for line in files.events.read_text("utf-8").splitlines()[1:]]
    assert [cell for cell in cells if cell[0] in "=@+-"] == ["-5", "+0.5e3"]


def test_a_mark_of_any_length_ends_no_recording(tmp_path):
    files = new_session(tmp_path)
    long = "x" * 200_000  # Python's own reader of tables refuses more than 131 072
    for append in (False, True):
        writer = SessionWriter(files, amplifier(), VALUE_NAMES, append=append)
        record(writer, append, 1)
        writer.event("mark", 1000.5, 0, kind="experiment", value=long, detail={"text": long})
        writer.event("mark", 1000.2, 0, kind="experiment", value="short")  # so that it is sorted
        writer.frames([(int(append), *NUMBERS, long, "", *[0.0] * len(VALUE_NAMES))])
        writer.close()
        assert writer.error is None
    SessionRecord(files.settings).update(**FACTS)
    session = read_session(files.stem)
    assert session.events.value.str.len().tolist() == [5, 5, 10_000, 10_000]
    assert session.events.value.iloc[-1].endswith("x… (200000 characters)")
    assert session.frames.mark.str.len().tolist() == [10_000, 10_000]


def recorded(tmp_path):
    files = new_session(tmp_path)
    writer = SessionWriter(files, amplifier(), VALUE_NAMES, about=ABOUT)
    record(writer, 0.5, 3)
    detail = {"block": 1, "feedback": True}
    writer.event("block_end", 1003.0, 625, kind="e", value="rest", duration=2.0, detail=detail)
    writer.event("block_begin", 1001.0, 125, kind="e", value="rest", detail=detail)
    writer.close()
    SessionRecord(files.settings).update(**FACTS)
    return read_session(files.stem)


def test_mne_has_date_participant_and_blocks(tmp_path):
    mne = pytest.importorskip("mne")
    from psychopy_nfb.recording import to_mne

    session = recorded(tmp_path)
    raw = to_mne(session)
    path = tmp_path / "sub-07_raw.fif"
    raw.save(path)
    for one in (raw, mne.io.read_raw(path)):
        begin = datetime(2026, 3, 1, 10, 0, 0, 500_000, tzinfo=timezone.utc)
        assert abs(one.info["meas_date"] - begin) < timedelta(milliseconds=1)
        assert one.info["subject_info"]["his_id"] == "07"
        blocks = {note["description"]: note for note in one.annotations}
        assert blocks["block_begin/rest"]["onset"] == pytest.approx(0.5)
        assert blocks["block_begin/rest"]["duration"] == pytest.approx(2.0)
        assert blocks["block_end/rest"]["duration"] == 0


def test_mne_has_no_date_of_a_session_that_holds_none(tmp_path):
    pytest.importorskip("mne")
    from psychopy_nfb.recording import to_mne

    session = recorded(tmp_path)
    for name in ("session", "wall_clock"):
        del session.settings[name]
    assert to_mne(session).info["meas_date"] is None


def test_stamps_of_another_clock_do_not_move_the_date(tmp_path):
    pytest.importorskip("mne")
    from psychopy_nfb.recording import to_mne

    session = recorded(tmp_path)
    session.eeg.stamps += 1.7e9  # some amplifiers stamp with the seconds since 1970
    begin = datetime.fromisoformat(ABOUT["date"])
    assert to_mne(session).info["meas_date"] == begin


def test_a_session_as_it_was_written_before_is_read(tmp_path):
    """Events in the order of writing, empty cells, JSON within quotes; no session, no date."""
    session = recorded(tmp_path)
    old = [
        ("onset", "duration", "trial_type", "value", "sample", "t", "detail"),
        ("0.4", "0.0", "start", "", "0", "1000.9", ""),
        ("0.0", "0.0", "flags", "SETTLING", "0", "1000.5", ""),
        ("1.0", "0.0", "mark", "None", "125", "1001.0", '{"a": "say \\"x\\""}'),
    ]
    with open(session.files.events, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\r\n").writerows(old)
    events = read_session(session.files.stem).events
    assert events.trial_type.tolist() == ["flags", "start", "mark"]
    assert events.value.fillna("").tolist() == ["SETTLING", "", "None"]
    assert json.loads(events.detail[2]) == {"a": 'say "x"'}
    assert events.detail[:2].isna().all()


def test_mne_has_blocks_over_gaps_without_a_warning(tmp_path, recwarn):
    """Time is counted in samples there: a block lasts as long as its samples."""
    pytest.importorskip("mne")
    from psychopy_nfb.recording import to_mne

    files = new_session(tmp_path)
    writer = SessionWriter(files, amplifier(), VALUE_NAMES, about=ABOUT)
    record(writer, 0, 2)
    record(writer, 3, 1)
    detail = {"block": 1, "feedback": True}
    writer.event("block_begin", 1000.5, 125, kind="e", value="rest", detail=detail)
    writer.event("gap", 1003.0, 500, kind="stream", duration=1.0, detail={"seconds": 1.0})
    writer.event("block_end", 1005.0, 749, kind="e", value="rest", duration=4.5, detail=detail)
    writer.close()
    SessionRecord(files.settings).update(**FACTS)
    raw = to_mne(read_session(files.stem))
    assert [str(one.message) for one in recwarn] == []
    notes = {note["description"]: note for note in raw.annotations}
    block, gap = notes["block_begin/rest"], notes["gap"]
    assert block["onset"] == pytest.approx(0.5)
    assert block["onset"] + block["duration"] == pytest.approx(raw.times[-1])
    assert (gap["onset"], gap["duration"]) == (pytest.approx(2.0), 0.0)
