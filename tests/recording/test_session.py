"""All files of a session together, and what happens when the disk says no."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.errors import FileError
from psychopy_nfb.protocol import value_names
from psychopy_nfb.recording import (
    FRAME_COLUMNS,
    SessionFiles,
    SessionRecord,
    SessionWriter,
    new_session,
)

VALUE_NAMES = value_names(["trained"])

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
    assert again.before.n_samples == 300
    write_second(again, 3)
    again.close()
    assert again.counts()["Amp"] == 400
    events = pd.read_csv(files.events, sep="\t")
    assert events.onset.tolist() == [0, 1, 2, 3]  # from the first sample of all


def both(writer, files):
    """Return the events of a session that moved, of both of its parts."""
    parts = [pd.read_csv(one.events, sep="\t") for one in (files, writer.files)]
    return pd.concat(parts, ignore_index=True)


def test_a_disk_that_fails_is_told_with_where_and_nothing_raises(tmp_path, caplog):
    files = new_session(tmp_path)
    writer = SessionWriter(files, EEG, VALUE_NAMES)
    write_second(writer, 0)
    os.close(writer._files._xdf._file.fileno())  # what an unplugged disk does to a file
    for second in range(1, 4):
        write_second(writer, second)
    writer.close()
    assert writer.error is not None
    assert f"The recording stopped: {writer.error}\nTraceback (most recent" in caplog.text
    assert len(pd.read_csv(files.events, sep="\t")) <= 4  # readable, whole rows
    assert writer.files != files
    assert len(both(writer, files)) == 4
    here, there = lengths(files.eeg), lengths(writer.files.eeg)
    assert here["Amp"] + there["Amp"] == here["Feedback"] + there["Feedback"] == 400
    shutil.rmtree(writer.files.stem.parent)


def test_what_no_file_takes_is_left_out_and_the_rest_goes_on(tmp_path, caplog):
    files = new_session(tmp_path)
    writer = SessionWriter(files, EEG, VALUE_NAMES)
    writer.eeg(np.zeros((3, 99)), np.arange(3.0))  # of another amplifier, by its channels
    for second in range(3):
        write_second(writer, second)
    writer.close()
    assert "left out" in caplog.text
    assert writer.files == files
    assert writer.counts()["Amp"] == 300


def test_what_json_has_no_word_for_becomes_null(tmp_path):
    record = SessionRecord(tmp_path / "a_nfb.json")
    record.update(figures={"nan": math.nan, "list": [math.inf, 1.5]})
    assert SessionRecord.load(record.path).content == {
        "figures": {"nan": None, "list": [None, 1.5]}
    }


def test_a_list_is_no_session(tmp_path):
    (tmp_path / "a_nfb.json").write_text("[]")
    with pytest.raises(FileError, match="does not hold the settings of a session"):
        SessionRecord.load(tmp_path / "a_nfb.json")


def frame_rows(first, end):
    """Return rows of the frame log, flipped at hundredths of a second."""
    texts = {"mark": "", "block": "training"}
    return [
        tuple(
            texts.get(name, number / 100 if name == "t_flip" else number)
            for name in (*FRAME_COLUMNS, *VALUE_NAMES)
        )
        for number in range(first, end)
    ]


def lengths(path):
    """Return the number of samples that pyxdf finds, by stream."""
    pyxdf = pytest.importorskip("pyxdf")
    streams, _ = pyxdf.load_xdf(path, synchronize_clocks=False, dejitter_timestamps=False)
    return {stream["info"]["name"][0]: len(stream["time_stamps"]) for stream in streams}


def test_row_062_the_counts_are_those_of_the_files(tmp_path):
    files = new_session(tmp_path)
    writer = SessionWriter(files, EEG, VALUE_NAMES, aux={"labels": ["pulse"], "rate": 10.0})
    write_second(writer, 0)
    writer.aux(np.arange(10.0)[:, None], np.arange(10) / 10)
    writer.frames(frame_rows(0, 60))
    writer.frames(frame_rows(50, 70))  # ten of them again
    writer.close()
    assert writer.error is None
    assert writer.counts() == {"Amp": 100, "Feedback": 100, "Frames": 70, "Events": 1, "Aux": 10}
    assert lengths(files.eeg) == writer.counts()
    assert pd.read_csv(files.frames).frame.tolist() == list(range(70))


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes on this system")
def test_a_full_disk_is_told_and_what_came_before_is_readable(tmp_path):
    code = (
        "import resource, sys\n"
        "from test_session import *\n"
        "files = new_session(sys.argv[1])\n"
        "writer = SessionWriter(files, EEG, VALUE_NAMES)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "for second in range(5):\n    write_second(writer, second)\n    time.sleep(0.4)\n"
        "writer.close()\n"
        "print(type(writer.error).__name__, files.eeg, writer.files.eeg, sep='|')\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.path.dirname(__file__)},
    )
    error, eeg, rest = process.stdout.strip().split("|")
    assert error == "FileError"
    assert process.returncode == 0
    read = lengths(eeg)["Amp"]
    assert read >= 200
    assert read % 100 == 0
    assert read + lengths(rest)["Amp"] == 500  # none is lost, and none in both
    shutil.rmtree(os.path.dirname(rest))


def test_rows_taken_before_an_error_are_in_one_part_or_the_other_when_closed(tmp_path):
    files = new_session(tmp_path)
    writer = SessionWriter(files, EEG, VALUE_NAMES)
    writer.frames(frame_rows(0, 5))
    os.close(writer._files._xdf._file.fileno())
    writer.close()
    assert isinstance(writer.error, FileError)
    assert f"file='{files}': cannot be written any more: " in str(writer.error)
    frames = [*pd.read_csv(files.frames).frame, *pd.read_csv(writer.files.frames).frame]
    assert frames == list(range(5))
    shutil.rmtree(writer.files.stem.parent)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows renames no folder with open files")
def test_each_entry_is_in_one_part_where_the_folder_is_renamed(tmp_path):
    folder = tmp_path / "data"
    files = new_session(folder)
    writer = SessionWriter(files, EEG, VALUE_NAMES)
    write_second(writer, 0)
    folder.rename(tmp_path / "renamed")
    write_second(writer, 1)
    writer.frames(frame_rows(0, 5))
    writer.close()
    assert isinstance(writer.error, FileError)
    (there,) = (tmp_path / "renamed").glob("*_eeg.xdf")
    first = SessionFiles.from_stem(there)
    assert len(both(writer, first)) == 2
    here, rest = lengths(first.eeg), lengths(writer.files.eeg)
    for stream, n in {"Amp": 200, "Feedback": 200, "Events": 2, "Frames": 5}.items():
        assert here.get(stream, 0) + rest.get(stream, 0) == n, stream
    shutil.rmtree(writer.files.stem.parent)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes on this system")
def test_half_of_a_settings_file_is_not_left_on_a_full_disk(tmp_path):
    code = (
        "import resource, sys\n"
        "from psychopy_nfb.settings import write_json\n"
        "write_json({'a': 1}, sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))\n"
        "write_json({'a': 20_000 * 'b'}, sys.argv[1])\n"
    )
    path = tmp_path / "a_nfb.json"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert f"file='{path}': cannot be written: " in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["a_nfb.json"]
    assert path.read_text(encoding="utf-8") == '{\n  "a": 1\n}\n'


def test_settings_read_while_they_are_written_are_never_torn(tmp_path):
    kept = SessionRecord(tmp_path / "a_nfb.json", {"last": -1})
    kept.update()

    def write():
        for number in range(150):
            kept.update(numbers=list(range(2000)), last=number)

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while writer.is_alive():  # read here: what fails in another thread fails no test
        seen.add(SessionRecord.load(kept.path).content["last"])
        time.sleep(0.0002)
    writer.join()
    assert len(seen) > 10
    assert [path.name for path in tmp_path.iterdir()] == [kept.path.name]
