"""The tables: pandas reads them without options, and a torn last line is nobody's row."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

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
