"""The tables: pandas reads them without options, and a torn last line is nobody's row."""

from __future__ import annotations

import ast
import csv
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import psychopy_nfb
from psychopy_nfb.reading import read_table
from psychopy_nfb.recording import EVENT_COLUMNS, FRAME_COLUMNS, EventLog, FrameLog
from psychopy_nfb.recording.sidecars import EVENTS
from psychopy_nfb.recording.text import safe_text

TEXTS = ["plain", "tab\tinside", 'say "hello", please', "two\nlines", "ümläut 🙂", "", None]


def frame(number, **given):
    row = dict.fromkeys(FRAME_COLUMNS, float(number)) | {
        "frame": number,
        "seq": number,
        "sample": number,
        "flags": 0,
        "dropped": 0,
        "mark": "",
        "block": "training",
        **given,
    }
    return tuple(row[name] for name in FRAME_COLUMNS)


def test_row_067_pandas_reads_the_frame_log_without_options(tmp_path):
    log = FrameLog(tmp_path / "frames.csv", ())
    nothing = dict.fromkeys(("t_sample", "t_received", "t_published", "seq", "sample"), math.nan)
    marks = ["start", *(text for text in TEXTS if text)]
    log.write([frame(0, **nothing)])
    log.write([frame(1 + n, mark=mark, t_flip=1234.567891 + n) for n, mark in enumerate(marks)])
    log.close()
    read = pd.read_csv(tmp_path / "frames.csv")
    assert tuple(read.columns) == FRAME_COLUMNS
    assert read.frame.tolist() == list(range(1 + len(marks)))
    assert read[list(nothing)].isna().to_numpy().tolist()[0] == [True] * 5
    assert read.mark.tolist()[1:] == marks
    assert np.allclose(read.t_flip[1:], 1234.567891 + np.arange(len(marks)), atol=5e-7, rtol=0)
    numeric = read.drop(columns=["mark", "block"])
    assert all(kind.kind in "if" for kind in numeric.dtypes)


def test_row_109_a_torn_row_is_cut_and_frames_are_not_written_twice(tmp_path):
    path = tmp_path / "frames.csv"
    log = FrameLog(path, ())
    log.write([frame(number) for number in range(10)])
    log.close()
    path.write_bytes(path.read_bytes()[:-30])  # in the midst of frame 9
    again = FrameLog(path, (), append=True)
    assert again.last_frame == 8
    kept = again.write([frame(number) for number in range(5, 12)])
    assert [row[0] for row in kept] == [9, 10, 11]
    again.close()
    assert pd.read_csv(path).frame.tolist() == list(range(12))


def test_row_109_half_a_number_at_the_end_is_no_value(tmp_path, caplog):
    path = tmp_path / "frames.csv"
    log = FrameLog(path, ())
    log.write([frame(number) for number in range(4)])
    log.close()
    content = path.read_bytes()
    whole = read_table(path, whole_rows=True)
    assert not caplog.records
    third = content[: content.rstrip().rindex(b"\n") + 1]
    for place in range(len(third) + 1, len(content)):
        path.write_bytes(content[:place])
        pd.testing.assert_frame_equal(read_table(path, whole_rows=True), whole[:3])
    assert caplog.messages[-1] == "frames.csv ends within a row, which is left out."


def test_texts_of_events_come_back_as_they_were(tmp_path):
    path = tmp_path / "events.tsv"
    log = EventLog(path)
    for number, text in enumerate(TEXTS):
        log.write(number * 0.5, 0.0, "mark", text, number, 100.0 + number, {"text": text})
    log.close()
    read = pd.read_csv(path, sep="\t", keep_default_na=False)
    assert tuple(read.columns) == EVENT_COLUMNS
    assert read.value.tolist() == [text or "n/a" for text in TEXTS]
    assert [json.loads(detail)["text"] for detail in read.detail] == TEXTS
    assert read.onset.tolist() == [number * 0.5 for number in range(len(TEXTS))]
    assert read["sample"].tolist() == list(range(len(TEXTS)))
    more = EventLog(path, append=True)
    more.write(9.0, 0.0, "stop", None, 9, 109.0, None)
    more.close()
    assert len(pd.read_csv(path, sep="\t")) == len(TEXTS) + 1


def event(log, onset, text="here", detail=None):
    log.write(onset, 0.0, "mark", text, round(250 * onset), 100.0 + onset, detail)


def test_events_read_the_same_with_and_without_quotes(tmp_path):
    path = tmp_path / "events.tsv"
    log = EventLog(path)
    event(log, 0.0, None, {"threshold": 6.0, "say": 'a "word"'})
    event(log, 1.0, '5" screen')
    log.close()
    lines = path.read_text(encoding="utf-8").splitlines()
    plain = [line.split("\t") for line in lines]  # as readers of BIDS do
    assert plain[1][3:7] == ["n/a", "0", "100.000000", r'{"threshold": 6.0, "say": "a \"word\""}']
    assert plain[2][3] == '5" screen'
    read = pd.read_csv(path, sep="\t", keep_default_na=False, dtype=str)
    assert [list(read.columns), *read.to_numpy().tolist()] == plain


def test_events_are_in_order_once_closed_and_whole_before(tmp_path):
    path = tmp_path / "events.tsv"
    log = EventLog(path)
    for onset in (0.4, 0.0, 2.0, 1.0, 1.0):
        event(log, onset, f"{onset}\nof {len(path.read_bytes())}", {"onset": onset})
        log.flush()
    written = pd.read_csv(path, sep="\t")
    assert written.onset.tolist() == [0.4, 0.0, 2.0, 1.0, 1.0]  # what a kill would leave
    log.close()
    log.close()
    read = pd.read_csv(path, sep="\t")
    pd.testing.assert_frame_equal(
        read, written.sort_values("onset", kind="stable", ignore_index=True)
    )
    more = EventLog(path, append=True)
    event(more, 0.5)
    more.close()
    assert pd.read_csv(path, sep="\t").onset.tolist() == [0.0, 0.4, 0.5, 1.0, 1.0, 2.0]
    assert [path.name for path in tmp_path.iterdir()] == ["events.tsv"]


def test_events_as_they_were_written_before_are_continued(tmp_path):
    path = tmp_path / "events.tsv"
    old = [["0.5", "0", "set", "", "125", "100.5", '{"threshold": 6.0}', ""]]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\r\n")
        writer.writerows([EVENT_COLUMNS, *old])
    log = EventLog(path, append=True)
    event(log, 0.25, 'half a "quote')
    log.close()
    read = pd.read_csv(path, sep="\t", keep_default_na=False)
    assert read.value.tolist() == ['half a "quote', "n/a"]
    assert read.detail.tolist() == ["n/a", '{"threshold": 6.0}']


@pytest.mark.parametrize("text", ["a\0b", "\ud800 alone", "\x1b[1m", "\ufffe"])
def test_no_text_can_make_a_table_unreadable(tmp_path, text):
    safe = safe_text(text)
    assert "\N{REPLACEMENT CHARACTER}" in safe
    log, frames = EventLog(tmp_path / "events.tsv"), FrameLog(tmp_path / "frames.csv", ())
    event(log, 0.0, text, {"text": text})
    frames.write([frame(0, mark=text, block=text)])
    log.close()
    frames.close()
    assert pd.read_csv(tmp_path / "events.tsv", sep="\t").value.tolist() == [safe]
    assert pd.read_csv(tmp_path / "frames.csv").mark.tolist() == [safe]


@pytest.mark.parametrize("text", ["a\rb", "a\r\nb", "\r"])
def test_a_carriage_return_does_not_break_a_row(tmp_path, text):
    path = tmp_path / "events.tsv"
    log = EventLog(path)
    for number in range(2):
        log.write(number, 0.0, "mark", text, number, 100.0, None)
    log.close()
    assert pd.read_csv(path, sep="\t")["value"].tolist() == [text, text]


@pytest.mark.parametrize("text", ["plain", "two\nlines", "ümläut\n🙂\n", '5" screen', '"said"'])
def test_row_109_events_torn_anywhere_go_on_with_whole_rows(tmp_path, text):
    whole = tmp_path / "whole.tsv"
    log = EventLog(whole)
    header = whole.stat().st_size
    log.write(0.0, 0.0, "mark", "first", 0, 100.0, None)
    log.flush()
    first = whole.stat().st_size
    log.write(1.0, 0.0, "mark", text, 1, 101.0, None)
    log.close()
    content = whole.read_bytes()
    wrong = []
    for place in range(header, len(content)):
        torn = tmp_path / "torn.tsv"
        torn.write_bytes(content[:place])
        again = EventLog(torn, append=True)
        again.write(2.0, 0.0, "mark", "after", 2, 102.0, None)
        again.close()
        # csv, as pandas refuses the whole file where a quoted cell never ends.
        with open(torn, encoding="utf-8", newline="") as file:
            values = [row[3] for row in csv.reader(file, delimiter="\t")][1:]
        if values != (["first"] if place >= first else []) + ["after"]:
            wrong.append(place)
    assert wrong == []


@pytest.mark.parametrize(("table", "more"), [(FrameLog, [()]), (EventLog, [])])
def test_row_109_a_torn_header_is_written_anew(tmp_path, table, more):
    path = tmp_path / "table"
    table(path, *more).close()
    header = path.read_bytes()
    path.write_bytes(header[:10])
    table(path, *more, append=True).close()
    assert path.read_bytes() == header


def test_times_keep_microseconds_and_values_nine_digits(tmp_path):
    log = FrameLog(tmp_path / "frames.csv", ())
    log.write([frame(0, t_flip=987654.1234564, shown=1 / 3)])
    log.close()
    read = pd.read_csv(tmp_path / "frames.csv")
    assert read.t_flip[0] == 987654.123456
    assert read.shown[0] == 0.333333333


def test_each_event_that_the_package_writes_is_described():
    """Looked up in the code: most of these happen in no test that also reads the sidecar."""
    package = Path(psychopy_nfb.__file__).parent
    written = set()
    for path in [*package.glob("engine/*.py"), *package.glob("lsl/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called.endswith("events.append") and isinstance(node.args[0], ast.Tuple):
                name = node.args[0].elts[0]
            elif called.endswith((".event", "events.write", "_command_event")) and node.args:
                name = node.args[0]
            else:
                continue
            if isinstance(name, ast.Constant):
                written.add(name.value)
    assert {"stream_lost", "clock_jump", "set", "start"} <= written
    assert written <= set(EVENTS["trial_type"]["Levels"])
