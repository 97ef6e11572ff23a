"""Sessions whose files were damaged later are read as far as they can be, or refused."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb import read_recording
from psychopy_nfb.errors import FileError
from psychopy_nfb.protocol import value_names
from psychopy_nfb.recording import SessionRecord, SessionWriter, new_session, read_session

VALUE_NAMES = value_names(["trained"])

pytest.importorskip("pyxdf")
AMPLIFIER = {
    "name": "Amp",
    "labels": ["Cz", "Oz"],
    "rate": 100.0,
    "format": "float32",
    "units": "microvolts",
    "source_id": "abc",
    "positions": {},
}


@pytest.fixture
def files(tmp_path):
    """Return the files of a session of three seconds, written second by second."""
    files = new_session(tmp_path)
    writer = SessionWriter(files, AMPLIFIER, VALUE_NAMES)
    for second in range(3):
        numbers = np.arange(100 * second, 100 * second + 100)
        stamps = 1000 + numbers / 100
        writer.eeg(np.stack((numbers, -numbers), axis=1).astype(np.float32), stamps)
        values = np.zeros((100, len(VALUE_NAMES)))
        writer.signals(values, stamps, np.zeros(100, np.uint32), numbers)
        writer.event("mark", stamps[0], int(numbers[0]), kind="experiment", value=str(second))
    writer.close()
    SessionRecord(files.settings).update(stream={"microvolts_per_unit": [1.0, 1.0]})
    return files


def test_a_torn_end_costs_what_is_torn(files, caplog):
    whole = read_session(files.stem)
    assert len(whole.eeg.samples) == 300
    assert caplog.messages == []
    content = files.eeg.read_bytes()
    for cut in (len(content) // 2, len(content) - 40):
        files.eeg.write_bytes(content[:cut])
        caplog.clear()
        torn = read_session(files.stem)
        n = len(torn.eeg.samples)
        assert 0 < n <= 300
        assert np.array_equal(torn.eeg.samples, whole.eeg.samples[:n])
        (said,) = caplog.messages
        assert said.startswith(f"{files.eeg.name}: The file breaks off in the middle")


def test_a_session_that_was_continued_is_a_recording_with_a_gap(files):
    writer = SessionWriter(files, AMPLIFIER, VALUE_NAMES, append=True)
    numbers = np.arange(300, 400)
    writer.eeg(np.stack((numbers, -numbers), axis=1).astype(np.float32), 1002 + numbers / 100)
    writer.close()
    recording = read_recording(files.eeg)
    assert recording.samples[:, 0].tolist() == list(range(400))
    assert recording.gaps == ((300, pytest.approx(2.0, abs=1e-6)),)
    assert [row for row, _ in recording.markers] == [0, 100, 200]
    assert recording.labels == ("Cz", "Oz")
    assert recording.assumptions == ()


def test_what_is_no_session_is_one_sentence(files):
    files.eeg.write_bytes(files.eeg.read_bytes()[:120])
    with pytest.raises(FileError, match="is no recording of a session, or broke off at its very"):
        read_session(files.stem)
    files.eeg.write_bytes(b"PK" * 100)
    with pytest.raises(FileError, match="cannot be read .it is no XDF file"):
        read_session(files.stem)


def test_a_folder_is_no_session(tmp_path):
    with pytest.raises(FileError, match="is a folder; name any file of a session"):
        read_session(tmp_path)


def test_an_xdf_file_without_streams_says_so(tmp_path):
    path = tmp_path / "tiny.xdf"
    content = b"<?xml version='1.0'?><info><version>1.0</version></info>"
    path.write_bytes(b"XDF:" + bytes([1, len(content) + 2]) + b"\x01\x00" + content)
    with pytest.raises(FileError, match="tiny.xdf': holds no stream at all"):
        read_recording(path)
