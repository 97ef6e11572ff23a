"""Files from outside: whatever stands in them, a sentence, soon and in little memory."""

from __future__ import annotations

import math
import os
import sys

import pytest

from psychopy_nfb import standard_training
from psychopy_nfb.budget import MOST_TEXT
from psychopy_nfb.dsp.channels import read_weights
from psychopy_nfb.engine.carry_over import with_carry_over
from psychopy_nfb.engine.configuration import read_configuration
from psychopy_nfb.errors import FileError, NfbError, cause
from psychopy_nfb.hardware.marker_output import read_codes
from psychopy_nfb.photodiode.command import read_log
from psychopy_nfb.photodiode.sensor_files import read_channels
from psychopy_nfb.reading import read_table
from psychopy_nfb.recording import read_session
from psychopy_nfb.remote.join import join
from psychopy_nfb.report.bids.export import export_session
from psychopy_nfb.report.session_data import load_session_data

FRAMES = "frame,t_flip,patch\n"


def refusal(read, path):
    with pytest.raises(FileError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


READERS = [
    (read_configuration, "settings.json"),
    (read_weights, "weights.json"),
    (read_weights, "weights.csv"),
    (read_codes, "codes.csv"),
    (read_codes, "codes.json"),
    (read_log, "x_frames.csv"),
    (read_channels, "sensor.csv"),
    (read_channels, "sensor.xdf"),
]


@pytest.mark.parametrize(("read", "name"), READERS)
def test_what_is_no_file_is_refused_before_it_is_opened(read, name, tmp_path):
    path = tmp_path / name
    assert "No such file" in refusal(read, path)
    assert "cannot be read" in refusal(read, f"{tmp_path}/a\0{name}")
    path.mkdir()
    assert "it is a folder" in refusal(read, path)
    path.rmdir()
    if sys.platform == "linux":
        path.symlink_to("/dev/zero")
        assert "it is a device or a pipe" in refusal(read, path)
        path.unlink()
        os.mkfifo(path)  # a read would wait for ever
        assert "it is a device or a pipe" in refusal(read, path)


@pytest.mark.parametrize(("read", "name"), READERS[:5])
def test_what_is_too_large_is_not_read(read, name, tmp_path):
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate((MOST_TEXT if "json" in name or "codes" in name else 2**31) + 1)
    assert "MB are read; is it the file that is meant?" in refusal(read, path)


@pytest.mark.parametrize(("read", "name"), READERS)
@pytest.mark.parametrize("content", [b"", b"\xff\xfe{\0}\0", b"[" * 200_000, b"\0" * 1000, b"\xe4"])
def test_what_is_in_it_is_a_sentence(read, name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NfbError) as caught:
        read(tmp_path / name)
    assert len(str(caught.value)) < 1000 + len(str(tmp_path))


def test_a_spreadsheet_s_table_is_told_as_such(tmp_path):
    path = tmp_path / "sub-01_ses-01_task-a_run-01_frames.csv"
    path.write_text("frame;t_flip;patch\n0;1.234.567,5;1\n", encoding="utf-8")
    for read in (read_log, load_session_data):
        assert "saved by a spreadsheet with semicolons" in refusal(read, path)


@pytest.mark.parametrize("cell", ["1e300", "12.345.678", "soon", "inf", "9" * 500])
def test_a_cell_that_is_no_number_is_named(cell, tmp_path):
    path = tmp_path / "x_frames.csv"
    path.write_text(f"{FRAMES}0,1.5,0\n1,{cell},1\n", encoding="utf-8")
    said = refusal(read_log, path)
    assert "column t_flip" in said
    assert cell in said or cell not in ("12.345.678", "soon")
    assert len(said) < 500 + len(str(path))


def test_a_table_is_read_as_it_is(tmp_path):
    path = tmp_path / "x_frames.csv"
    path.write_text(f"\ufeff{FRAMES}0,1.5,0\n1,,1\n", encoding="utf-8")
    table = read_table(path, numbers=("frame", "t_flip"))
    assert table.frame.tolist() == [0, 1]
    assert table.t_flip.isna().tolist() == [False, True]


def test_the_name_of_a_session_may_be_too_long_for_any_file(tmp_path):
    assert "does not exist" in refusal(load_session_data, tmp_path / ("x" * 300))


def test_a_threshold_without_a_baseline_is_infinite_and_read(tmp_path):
    path = tmp_path / "frames.csv"
    path.write_text("frame,threshold\n0,inf\n1,-inf\n2,\n", encoding="utf-8")
    read = read_table(path, "frames", numbers=("frame",), numbers_if_there=str.islower)
    assert read.threshold.tolist()[:2] == [math.inf, -math.inf]
    with pytest.raises(FileError, match="holds inf in column threshold"):
        read_table(path, "frames", numbers=("frame", "threshold"))


def test_why_a_file_cannot_be_read_is_told_in_english_on_a_german_windows_too():
    error = FileNotFoundError(2, "Das System kann die angegebene Datei nicht finden", "x.json")
    assert cause(error) == "No such file or directory"
    assert cause(OSError("the disk is gone")) == "the disk is gone"


def test_a_folder_is_no_session(tmp_path):
    said = refusal(load_session_data, tmp_path)
    assert said.endswith("is a folder; name any file of a session with feedback.")


def test_another_program_s_file_is_not_said_to_be_missing(tmp_path):
    path = tmp_path / "01_alpha_2026-11-27.csv"
    path.write_text("thisN,key\n0,space\n", encoding="utf-8")
    assert "is no file of a session with feedback" in refusal(load_session_data, path)


def test_a_file_that_is_no_session_s_is_told_alike_wherever_it_is_named(tmp_path):
    path = tmp_path / "null.json"
    path.write_text("null", encoding="utf-8")
    for read in (read_session, lambda one: export_session(one, tmp_path / "bids")):
        assert refusal(read, path) == (
            f"session='{path}': is no file of a session; name one that is, such as the one that "
            "ends with _nfb.json."
        )
    for read in (
        lambda one: join(one, one),
        lambda one: with_carry_over(standard_training(), one, "01", "alpha", None),
    ):
        assert f"'{path}': is no file of a session; name one that is" in refusal(read, path)
    assert "does not exist; name any file of a session" in refusal(read_session, "nobody_nfb.json")
