"""All files of a session together, and what happens when the disk says no."""

from __future__ import annotations

import json
import math
import threading

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.errors import FileError
from psychopy_nfb.protocol import VALUE_NAMES
from psychopy_nfb.recording import SessionRecord, SessionWriter, new_session

EEG = {
    "name": "Amp",
    "labels": ["Cz", "Oz"],
    "rate": 100.0,
    "format": "float32",
    "units": "microvolts",
    "source_id": "abc",
    "positions": {},
}


def write_second(writer, second):
    """Hand over one second of samples, what they became, and an event."""
    numbers = np.arange(second * 100, second * 100 + 100)
    stamps = numbers / 100
    writer.eeg(np.stack((numbers, -numbers), axis=1).astype(np.float32), stamps)
    values = np.repeat(numbers[:, None], len(VALUE_NAMES), axis=1).astype(float)
    writer.signals(values, stamps, np.zeros(100, np.uint32), numbers)
    writer.event("mark", stamps[0], int(numbers[0]), kind="experiment", value=str(second))


def test_row_062_counts_are_what_was_handed_over(tmp_path):
    files = new_session(tmp_path)
    writer = SessionWriter(files, EEG, VALUE_NAMES)
    for second in range(3):
        write_second(writer, second)
    writer.close()
    assert writer.error is None
    assert writer.counts() == {"Amp": 300, "Feedback": 300, "Frames": 0, "Events": 3}
    again = SessionWriter(files, EEG, VALUE_NAMES, append=True)
    assert again.eeg_before == 300
    write_second(again, 3)
    again.close()
    assert again.counts()["Amp"] == 400
    events = pd.read_csv(files.events, sep="\t")
    assert events.onset.tolist() == [0, 1, 2, 3]  # from the first sample of all


def test_a_disk_that_fails_is_told_and_nothing_raises(tmp_path):
    files = new_session(tmp_path)
    writer = SessionWriter(files, EEG, VALUE_NAMES)
    write_second(writer, 0)
    writer._xdf._file.close()  # what an unplugged disk does to a file
    for second in range(1, 4):
        write_second(writer, second)
    writer.close()
    assert writer.error is not None
    assert len(pd.read_csv(files.events, sep="\t")) <= 4  # readable, whole rows


def test_settings_are_whole_at_any_moment(tmp_path):
    files = new_session(tmp_path)
    record = SessionRecord.load(files.settings)
    seen, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            seen.append(json.loads(files.settings.read_text()))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        record.update(numbers=list(range(number * 10)), last=number)
    stop.set()
    reader.join()
    assert len(seen) > 10
    assert all(len(content.get("numbers", [])) == 10 * content.get("last", 0) for content in seen)
    assert [path.name for path in tmp_path.iterdir()] == [files.settings.name]


def test_what_json_has_no_word_for_becomes_null(tmp_path):
    record = SessionRecord(tmp_path / "a_nfb.json")
    record.update(figures={"nan": math.nan, "list": [math.inf, 1.5]})
    assert SessionRecord.load(record.path).content == {
        "figures": {"nan": None, "list": [None, 1.5]}
    }


def test_a_list_is_no_session(tmp_path):
    (tmp_path / "a_nfb.json").write_text("[]")
    with pytest.raises(FileError, match="holds no session's settings"):
        SessionRecord.load(tmp_path / "a_nfb.json")
