"""A start that was killed leaves nothing that a later one, or an analysis, takes for a session."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from psychopy_nfb.engine.configuration import read_configuration
from psychopy_nfb.engine.worker_launch import remove_abandoned_logs
from psychopy_nfb.errors import FileError
from psychopy_nfb.recording import new_session
from psychopy_nfb.settings import write_json

STARTING = """
import sys, time
from psychopy_nfb import Neurofeedback
nfb = Neurofeedback(sys.argv[1], data=sys.argv[2])
print(nfb.files.stem, flush=True)
time.sleep(60)
"""

WORKING = """
import sys, time
from psychopy_nfb import Neurofeedback
nfb = Neurofeedback(sys.argv[1], data=sys.argv[2] or None).start()
print(nfb._link.handle.logs.newest, flush=True)
time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.parametrize("recorded", [True, False])
def test_a_killed_experiment_leaves_no_empty_log(amplifier, training, tmp_path, until, recorded):
    settings = tmp_path / "training.json"
    write_json(training(amplifier().source_id), settings)
    data = str(tmp_path / "data") if recorded else ""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKING, str(settings), data], stdout=subprocess.PIPE, text=True
    )
    with process:
        log = Path(process.stdout.readline().strip())
        assert log.exists()
        process.kill()
    until(lambda: not log.exists(), 20, "the end of the log")


def test_logs_of_experiments_that_are_gone_go_at_the_next_start():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    temporary = Path(tempfile.gettempdir())
    old, own = (temporary / f"nfb_{pid}_test_worker.log" for pid in (gone.pid, os.getpid()))
    for path in (old, own):
        path.write_text("Traceback", encoding="utf-8")
    assert str(old) in remove_abandoned_logs()
    assert not old.exists()
    assert own.exists()
    own.unlink()


@pytest.mark.slow
def test_a_killed_start_leaves_no_settings_and_its_name_is_told_apart(training, tmp_path):
    settings, data = tmp_path / "training.json", tmp_path / "data"
    write_json(training("nobody"), settings)
    process = subprocess.Popen(
        [sys.executable, "-c", STARTING, str(settings), str(data)],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        stem = process.stdout.readline().strip()
        assert stem.endswith("run-01")
        assert new_session(data).stem.name.endswith("run-02")
        process.kill()
    (left,) = data.glob("*run-01*")
    assert left.name.endswith("_starting.txt")
    assert "that start was killed, and this file can be deleted" in left.read_text("utf-8")
    left.unlink()
    assert new_session(data).stem.name.endswith("run-03")  # 02 is still kept


def test_a_name_is_free_only_while_nothing_has_it(tmp_path):
    files = new_session(tmp_path)
    assert not files.keep()
    files.events.touch()
    files.release()  # as of a session that has begun since somebody looked for free names
    assert not files.keep()
    assert not files.starting.exists()
    files.events.unlink()
    assert files.keep()


def test_settings_of_nothing_are_refused(tmp_path):
    path = tmp_path / "sub-01_ses-01_task-alpha_run-01_nfb.json"
    path.write_text("{}\n", encoding="utf-8")
    with pytest.raises(FileError, match="holds no settings; name a settings file"):
        read_configuration(path)
