"""What only Windows does: its pipes, open files, waiting threads and libraries."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from psychopy_nfb.doctor.libraries import check_runtime
from psychopy_nfb.engine import worker
from psychopy_nfb.engine.named_memory import remove_abandoned
from psychopy_nfb.errors import FileError
from psychopy_nfb.recording import SessionFiles, new_session
from psychopy_nfb.settings import read_plain_json, write_json

pytestmark = pytest.mark.skipif(
    sys.platform != "win32", reason="for Windows; tests/windows/run.sh runs it here, in Wine"
)
LISTENS_AND_LOADS = """
import sys
from psychopy_nfb.engine.control import standard_lines
control = standard_lines()
control.first()
control.listen()
import scipy.linalg, scipy.optimize
control.send("loaded")
while control.take() is None and not control.ended.is_set():
    pass
control.send("ended" if control.ended.wait(10) else "went on")
"""


def test_libraries_load_while_commands_are_awaited():
    """A thread in a read of stdin would keep the Fortran libraries of scipy from being loaded."""
    process = subprocess.Popen(
        [sys.executable, "-c", LISTENS_AND_LOADS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    killer = threading.Timer(120, process.kill)
    killer.start()
    process.stdin.write(b'{"command": "first"}\n')
    process.stdin.flush()
    assert json.loads(process.stdout.readline() or "null") == {"kind": "loaded"}
    process.stdin.write(b'{"command": "another"}\n')
    process.stdin.close()
    assert json.loads(process.stdout.readline() or "null") == {"kind": "ended"}
    killer.cancel()
    process.wait()
    process.stdout.close()


def test_a_file_that_is_open_is_replaced_once_it_is_closed(tmp_path):
    path = tmp_path / "run_nfb.json"
    write_json({"a": 1}, path)
    scanner = path.open()
    threading.Timer(0.3, scanner.close).start()
    write_json({"a": 2}, path)
    assert read_plain_json(path) == {"a": 2}
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_file_that_stays_open_is_told_and_the_new_text_kept(tmp_path):
    path = tmp_path / "run_nfb.json"
    write_json({"a": 1}, path)
    with path.open(), pytest.raises(FileError, match="cannot be replaced") as caught:
        write_json({"a": 2}, path)
    assert f"file='{path}':" in str(caught.value)  # with single backslashes
    assert read_plain_json(path) == {"a": 1}
    assert read_plain_json(path.with_name(path.name + ".part")) == {"a": 2}


def test_waiting_threads_sleep():
    """Windows waits in whole milliseconds: with a shorter interval they would ask without a pause.

    Told by the number and not by the processor time, of which a busy machine gives too little.
    """
    assert worker.SWITCH_SECONDS >= 0.001


@pytest.mark.parametrize("participant", ["CON", "nul"])
@pytest.mark.parametrize("task", ["aux", "a:b", "what?", "dot.", "Jörg", "x" * 90])
def test_labels_that_windows_forbids_in_names_do(tmp_path, participant, task):
    files = new_session(tmp_path, participant=participant, task=task)
    files.eeg.write_bytes(b"x")
    files.events.write_bytes(b"x")
    assert SessionFiles.from_stem(files.eeg) == files
    assert files.eeg.exists()


def test_the_shared_memory_of_linux_programs_stays_theirs():
    """In Wine their folder is seen, and none of their processes."""
    folder = Path("/dev/shm")
    if not folder.is_dir():
        pytest.skip("no Wine: there is no /dev/shm")
    theirs = folder / "nfb_4000000_beside"
    theirs.write_bytes(b"x")
    try:
        assert remove_abandoned() == []
        assert theirs.exists()
    finally:
        theirs.unlink(missing_ok=True)


def test_the_runtime_of_liblsl_is_there():
    (finding,) = check_runtime()
    assert finding.good, finding.found
