"""The PsychoPy side of the worker: starts it, holds it, starts it again, ends it.

Nothing here is waited for by the frame loop. Commands go through a queue to a thread, because a
pipe to a stopped process fills up and blocks.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from psychopy_nfb import errors
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.engine.frame_rows import append_frames
from psychopy_nfb.engine.memory import FEEDBACK_VALUES, SharedBlock
from psychopy_nfb.errors import NfbError, WorkerError
from psychopy_nfb.process import CREATION_FLAGS, child_environment, python_command
from psychopy_nfb.protocol import VALUE_NAMES

logger = logging.getLogger(__name__)

START_SECONDS = 20.0
"""How long a worker may take to be ready, beyond the stream's timeout: cold disk, virus scanner."""
STALLED_SECONDS = 2.0
"""Without a heartbeat a worker is killed and started again."""
LOOK_SECONDS = 0.1
STOP_SECONDS = 3.0
MOST_RESTARTS = 20


class WorkerHandle:
    """One worker for one run, through as many processes as it takes.

    Parameters
    ----------
    configuration : dict
        The whole configuration, as JSON knows it.
    value_names : sequence of str
        What a feedback record holds of it.
    session : str or None
        Stem of the files to write, or None to keep nothing.
    facts : dict
        Sections for the session's settings file.
    on_message : callable
        Called from a thread with each message of the worker.
    counting : bool
        Whether points and hits count before the first block.
    """

    def __init__(
        self,
        configuration: dict,
        value_names: Sequence[str],
        session: str | None,
        facts: dict,
        on_message: Callable[[dict], None],
        counting: bool = True,
    ):
        self._configuration = configuration
        self._session = session
        self._facts = facts
        self._on_message = on_message
        self._commands: queue.SimpleQueue[dict | None] = queue.SimpleQueue()
        self._labels: dict[str, dict] = {"mark": {}, "block": {}}
        self._paused = False
        self._counting = counting
        self._watching = False
        self._baseline: str | None = None
        self._closing = False
        self._changing = threading.Lock()  # a worker is either being restarted or being ended
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="nfb-watch", daemon=True)
        self._told = threading.Event()  # ready or error has come from the first worker
        self._error: NfbError | None = None
        self._process: subprocess.Popen | None = None
        self.ready: dict = {}
        self.block = SharedBlock.create(value_names)
        self.restarts = 0

    def start(self) -> None:
        """Start the worker and wait until it is ready.

        Raises
        ------
        NfbError
            What the worker found wrong: no such stream, a setting that does not fit it.
        """
        timeout = START_SECONDS + 2 * self._configuration["stream"]["timeout"]
        self._spawn(restore=None)
        threading.Thread(target=self._send, name="nfb-commands", daemon=True).start()
        self._watcher.start()
        if not self._told.wait(timeout):
            self._error = WorkerError(
                "timeout", timeout, f"the background process did not start; see {self.log_path}"
            )
        if self._error is not None:
            self.close()
            raise self._error

    @property
    def pid(self) -> int | None:
        """Process id of the current worker."""
        return None if self._process is None else self._process.pid

    @property
    def log_path(self) -> str:
        """Where the worker's stderr goes; it is never inherited, which would freeze Runner."""
        stem = self._session or str(Path(tempfile.gettempdir()) / f"{self.block.name}")
        return f"{stem}_worker.log"

    def command(self, name: str, **content: object) -> None:
        """Queue a command for the worker; never waits."""
        if name in self._labels and "id" in content:
            self._labels[name][content["id"]] = content["label"]
            self._counting = content.get("points", self._counting)
        elif name in ("pause", "resume"):
            self._paused = name == "pause"
        elif name in ("baseline_begin", "baseline_end"):
            self._baseline = content.get("label")
        elif name == "watch_channels":
            self._watching = content["on"]
        self._commands.put({"command": name, **content})

    def _spawn(self, restore: dict | None) -> None:
        environment = child_environment()
        # Matrix products of a few channels gain nothing from more threads, which wait by spinning.
        for library in ("OPENBLAS", "MKL", "OMP"):
            environment.setdefault(f"{library}_NUM_THREADS", "1")
        with open(self.log_path, "ab") as log:
            process = subprocess.Popen(
                python_command(
                    "engine.worker",
                    "--block",
                    self.block.name,
                    "--experiment-pid",
                    str(os.getpid()),
                ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                creationflags=CREATION_FLAGS,
            )
        self.block["worker_pid"] = process.pid
        self.block["busy"] = 0
        self.block.heartbeat = 0.0
        self._process = process
        order = {
            "configuration": self._configuration,
            "session": self._session,
            "facts": self._facts,
            "counting": self._counting,
            "restore": restore,
        }
        self._write(process, order)
        threading.Thread(
            target=self._receive, args=(process,), name="nfb-messages", daemon=True
        ).start()

    def _write(self, process: subprocess.Popen, content: dict) -> None:
        try:
            process.stdin.write(json.dumps(content).encode() + b"\n")
            process.stdin.flush()
        except (OSError, ValueError):
            pass  # it has died: the watch starts another, which is told the state reached

    def _send(self) -> None:
        while (command := self._commands.get()) is not None:
            self._write(self._process, command)

    def _receive(self, process: subprocess.Popen) -> None:
        for line in process.stdout:
            message = json.loads(line)
            kind = message["kind"]
            if kind == "ready":
                self.ready = message
                self._told.set()
            elif kind == "error":
                self._error = getattr(errors, message["error"])(
                    message["parameter"], message["value"], message["remedy"]
                )
                self._told.set()
            elif kind == "configuration":
                self._configuration = message["configuration"]
            self._on_message(message)

    def _watch(self) -> None:
        """Start another worker when this one has died or no longer goes round its loop."""
        while not self._ended.wait(LOOK_SECONDS):
            process = self._process
            dead = process.poll() is not None
            beat = self.block.heartbeat
            stalled = beat and not self.block["busy"] and lsl_now() - beat > STALLED_SECONDS
            if not (dead or stalled):
                continue
            if not self._told.is_set():
                if self._error is None:
                    self._error = WorkerError(
                        "worker", process.returncode, f"ended while starting; see {self.log_path}"
                    )
                self._told.set()
                return
            if self._error is not None:
                return
            with self._changing:
                if not self._closing:
                    self._restart(process, "died" if dead else "stalled")

    def _restart(self, process: subprocess.Popen, why: str) -> None:
        process.kill()
        process.wait()
        _close_pipes(process)
        if self.restarts >= MOST_RESTARTS:
            self._error = WorkerError(
                "worker", self.restarts, f"kept ending and is left alone; see {self.log_path}"
            )
            logger.error("%s", self._error)
            return
        self.restarts += 1
        self.block["generation"] = self.restarts
        logger.warning("The background process %s; starting it again.", why)
        self._spawn(restore=self._reached(why))

    def _reached(self, why: str) -> dict:
        """Return the state that the next worker goes on from."""
        record = self.block.feedback.newest()
        feedback: dict[str, float] = {}
        n_samples = 0
        if record is not None:
            n_samples = record[5] + 1
            values = dict(zip(VALUE_NAMES, record[FEEDBACK_VALUES], strict=True))
            feedback = {"score": values["score"], "hits": int(values["hits"])}
        return {
            "why": why,
            "restarts": self.restarts,
            "n_samples": n_samples,
            "feedback": feedback,
            "paused": self._paused,
            "baseline": self._baseline,
            "watching": self._watching,
            "labels": self._labels,
        }

    def close(self) -> int:
        """End the worker, let it finish its files, and give the shared block back.

        Returns
        -------
        int
            How many processes the run took beyond the first. Harmless when called again.
        """
        with self._changing:
            if self._closing:
                return self.restarts
            self._closing = True
        self._ended.set()
        if self._watcher.is_alive():
            self._watcher.join()
        process = self._process
        if process is not None:
            self._commands.put({"command": "stop"})
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._commands.put(None)
        self._log_left_frames()
        self.block.close()
        if process is not None:
            _close_pipes(process)
        if self._session is None or _is_empty(self.log_path):
            _remove(self.log_path)
        return self.restarts

    def _log_left_frames(self) -> None:
        """Write the frames that no worker lived to write."""
        if self._session is not None and self.block.frames.newest_seq:
            append_frames(self.block, self._session, self._labels)


def _close_pipes(process: subprocess.Popen) -> None:
    for pipe in (process.stdin, process.stdout):
        try:
            pipe.close()
        except (OSError, ValueError):
            pass  # what was still to be sent to a dead process


def _is_empty(path: str) -> bool:
    try:
        return os.path.getsize(path) == 0
    except OSError:
        return True


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError:
        pass
