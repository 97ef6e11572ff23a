"""Why a run did not start, or goes on no more: told at once, in words that help."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from psychopy_nfb import Neurofeedback
from psychopy_nfb.engine import worker_health
from psychopy_nfb.engine.worker_process import WorkerProcess
from psychopy_nfb.errors import StreamError, WorkerError
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.recording import read_session
from psychopy_nfb.settings import to_dict

pytestmark = pytest.mark.slow
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
TEST_SIGNAL = StreamSelection(test_signal=True)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals on this system")
def test_a_worker_that_was_killed_during_its_start_is_explained(training, tmp_path):
    missing = StreamSelection(name="Nobody", timeout=60.0)
    nfb = Neurofeedback(training("nobody", stream=missing), data=tmp_path)
    ended = threading.Event()

    def kill_it():
        while not ended.wait(0.01):
            if nfb.worker_pid is not None:
                os.kill(nfb.worker_pid, signal.SIGKILL)
                return

    killer = threading.Thread(target=kill_it)
    killer.start()
    try:
        with pytest.raises(WorkerError) as caught:
            nfb.start()
    finally:
        ended.set()
        killer.join()
    said = str(caught.value)
    assert "it was killed (SIGKILL), by hand or by the system, as when memory runs out" in said
    assert "close other programs and start again" in said
    assert "_worker.log" not in said  # which has nothing to tell and is not kept
    assert [path.name for path in tmp_path.iterdir()] == [nfb.files.failed.name]
    assert nfb.files.failed.read_text(encoding="utf-8").rstrip().endswith(said)


def test_what_a_crashed_worker_wrote_last_is_in_the_sentence(training, tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "psutil.py").write_text("raise ImportError('this installation is broken')\n")
    earlier = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(broken), earlier]))
    nfb = Neurofeedback(training(None, stream=TEST_SIGNAL), data=tmp_path / "data")
    with pytest.raises(WorkerError, match="it ended with status 1") as caught:
        nfb.start()
    said = str(caught.value)
    assert "the last line of its log: ImportError: this installation is broken" in said
    log = nfb.files.stem.with_name(nfb.files.stem.name + "_worker.log")
    assert f"all of it is in {log}." in said
    assert "Traceback" in log.read_text(encoding="utf-8")


class ReadLate(WorkerProcess):
    """A worker's handle on a computer that runs the thread of the messages late."""

    def _receive(self, process):
        process.wait()
        threading.Event().wait(0.5)
        super()._receive(process)


def test_what_the_worker_refused_wins_over_that_it_ended(training, caplog):
    missing = StreamSelection(name="Nobody", timeout=0.5)
    configuration = training("nobody", stream=missing)
    worker = ReadLate(
        to_dict(configuration), configuration.value_names, None, {}, on_message=lambda _: None
    )
    with pytest.raises(StreamError, match=r"no such stream within 0.5 s"):
        worker.start()
    assert "again" not in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows shared memory as files")
def test_a_successor_without_shared_memory_is_told_at_once(
    training, tmp_path, until, listen, caplog
):
    with Neurofeedback(training(None, stream=TEST_SIGNAL), data=tmp_path) as nfb:
        listen(nfb, 2.0)
        (block,) = Path("/dev/shm").glob(f"nfb_{os.getpid()}_*")
        block.unlink()
        listen(nfb, 1.0)
        assert nfb.recording_error is None
        os.kill(nfb.worker_pid, signal.SIGKILL)
        until(lambda: nfb.recording_error is not None, 60, "the word")
        assert f"'{block.name}': is gone; start the experiment again." in nfb.recording_error
        assert "what was recorded until then is kept" in nfb.recording_error
        restarts = nfb.restarts
        listen(nfb, 2.0)
        assert nfb.restarts == restarts == 1  # no other can join it either
    told = [one for one in caplog.records if "is gone" in one.getMessage()]
    assert [one.levelno for one in told] == [logging.ERROR]
    assert len(read_session(nfb.files.stem).eeg.samples) > 250


def test_a_baseline_without_a_worker_says_why_it_failed(training, until, monkeypatch):
    monkeypatch.setattr(worker_health, "MOST_RESTARTS", 0)
    monkeypatch.setattr(worker_health, "WORKED_SECONDS", 600.0)
    with Neurofeedback(training(None, stream=TEST_SIGNAL)) as nfb:
        os.kill(nfb.worker_pid, KILL)
        until(lambda: nfb.recording_error is not None, 60, "the word that there is no worker")
        assert "is not started any more; end the experiment" in nfb.recording_error
        nfb.begin_baseline()
        assert not nfb.end_baseline(wait=0.5)
        assert nfb.refusal == (
            "The background process did not answer within 0.5 s: whether the baseline is in use is "
            "told once it answers. If it does not, record the baseline again."
        )


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_process_that_cannot_be_started_is_told_in_a_sentence(training, tmp_path, monkeypatch):
    python = tmp_path / "python"
    python.write_text("may not be run")
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(WorkerError, match="could not be started .Permission denied"):
        Neurofeedback(training("any", stream=TEST_SIGNAL), data=tmp_path / "data").start()
    assert [path.name.split("_")[-1] for path in (tmp_path / "data").iterdir()] == ["failed.txt"]
