"""The tables: pandas reads them without options, and a torn last line is nobody's row."""

from __future__ import annotations

import csv
import math

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.recording import EVENT_COLUMNS, FRAME_COLUMNS, EventLog, FrameLog

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
    log = FrameLog(tmp_path / "frames.csv")
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
    log = FrameLog(path)
    log.write([frame(number) for number in range(10)])
    log.close()
    path.write_bytes(path.read_bytes()[:-30])  # in the midst of frame 9
    again = FrameLog(path, append=True)
    assert again.last_frame == 8
    kept = again.write([frame(number) for number in range(5, 12)])
    assert [row[0] for row in kept] == [9, 10, 11]
    again.close()
    assert pd.read_csv(path).frame.tolist() == list(range(12))


def test_texts_of_events_come_back_as_they_were(tmp_path):
    path = tmp_path / "events.tsv"
    log = EventLog(path)
    for number, text in enumerate(TEXTS):
        log.write(number * 0.5, 0.0, "mark", text, number, 100.0 + number, {"text": text})
    log.close()
    read = pd.read_csv(path, sep="\t", keep_default_na=False)
    assert tuple(read.columns) == EVENT_COLUMNS
    assert read.value.tolist() == [text or "" for text in TEXTS]
    assert read.onset.tolist() == [number * 0.5 for number in range(len(TEXTS))]
    assert read["sample"].tolist() == list(range(len(TEXTS)))
    more = EventLog(path, append=True)
    more.write(9.0, 0.0, "stop", None, 9, 109.0, None)
    more.close()
    assert len(pd.read_csv(path, sep="\t")) == len(TEXTS) + 1


@pytest.mark.parametrize("text", ["a\rb", "a\r\nb", "\r"])
def test_a_carriage_return_does_not_break_a_row(tmp_path, text):
    path = tmp_path / "events.tsv"
    log = EventLog(path)
    for number in range(2):
        log.write(number, 0.0, "mark", text, number, 100.0, None)
    log.close()
    assert pd.read_csv(path, sep="\t")["value"].tolist() == [text, text]


@pytest.mark.parametrize("text", ["plain", "two\nlines", "ümläut\n🙂\n"])
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


@pytest.mark.parametrize("table", [FrameLog, EventLog])
def test_row_109_a_torn_header_is_written_anew(tmp_path, table):
    path = tmp_path / "table"
    table(path).close()
    header = path.read_bytes()
    path.write_bytes(header[:10])
    table(path, append=True).close()
    assert path.read_bytes() == header


def test_times_keep_microseconds_and_values_nine_digits(tmp_path):
    log = FrameLog(tmp_path / "frames.csv")
    log.write([frame(0, t_flip=987654.1234564, signal=1 / 3)])
    log.close()
    read = pd.read_csv(tmp_path / "frames.csv")
    assert read.t_flip[0] == 987654.123456
    assert read.signal[0] == 0.333333333
