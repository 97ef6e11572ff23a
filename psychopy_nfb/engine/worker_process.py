"""The PsychoPy side of the worker: starts it, holds it, starts it again, ends it.

Nothing here is waited for by the frame loop. Commands go through an `Outbox` to a thread, because a
pipe to a stopped process fills up and blocks.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from psychopy_nfb import errors
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.engine.donor_files import folder_for_blocks
from psychopy_nfb.engine.frame_rows import append_frames
from psychopy_nfb.engine.memory import SHARED_MEMORY, SharedBlock
from psychopy_nfb.engine.operator_commands import source_entry
from psychopy_nfb.engine.outbox import Outbox
from psychopy_nfb.engine.reached_state import ReachedState
from psychopy_nfb.engine.spare_worker import SpareWorker
from psychopy_nfb.engine.worker_health import START_SECONDS, WorkerHealth, start_seconds
from psychopy_nfb.engine.worker_launch import (
    POLL_SECONDS,
    WorkerLogs,
    close_pipes,
    ended_in_time,
    how_it_ended,
    remove_abandoned_logs,
    start_worker,
)
from psychopy_nfb.engine.worker_lines import receive_messages, send_commands, write_line
from psychopy_nfb.errors import NfbError, WorkerError, cause
from psychopy_nfb.interrupts import PostponedInterrupts

logger: logging.Logger = logging.getLogger(__name__)

WORKER = "engine.worker"
RECEIVER = "remote.receiver"
"""What runs in the process, where the EEG is processed on this computer and on another one."""
LOOK_SECONDS = 0.1
STOP_SECONDS = 3.0
REMOTE_STOP_SECONDS = 12.0
"""The same where the files are finished on another computer, over a network that may be cut."""
LAST_WORDS_SECONDS = 10.0
"""How long to wait for the last messages in the pipe of a process that has ended. A successor that
starts without them goes on from settings that are older than the events in the files."""


class WorkerProcess:
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
        Whether points and hits count, and thresholds follow, before the first block.
    plugins : sequence of dict
        A lab's own parts that the worker loads, as `Plugin.order`.
    donors : str, optional
        File with the recorded blocks that are shown in place of the own feedback.
    seal : dict, optional
        `Seal` of a blinded session, as plain JSON.
    remote : dict, optional
        ``name`` and ``token`` of ``psychopy-nfb worker`` on another computer, which does the work.
    relay : str, optional
        ``source_id`` of a stream with each record, for a screen that is at another computer.
    """

    def __init__(
        self,
        configuration: dict[str, Any],
        value_names: Sequence[str],
        session: str | None,
        facts: dict[str, Any],
        on_message: Callable[[dict[str, Any]], None],
        counting: bool = True,
        plugins: Sequence[dict[str, Any]] = (),
        donors: str | None = None,
        seal: dict[str, Any] | None = None,
        remote: dict[str, Any] | None = None,
        relay: str | None = None,
    ):
        self._configuration = configuration
        self._session = session
        self._facts = facts
        self._plugins = list(plugins)
        self._donors = donors
        self._kept = folder_for_blocks(configuration.get("shown", {}))
        self._seal = seal
        self._remote = remote
        self._relay = relay
        self._on_message = on_message
        self._outbox = Outbox()
        self._reached = ReachedState(counting)
        self._closing = False
        self._changing = threading.Lock()  # a worker is either being restarted or being ended
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="nfb-watch", daemon=True)
        self._told = False  # whether ready or error has come from the first worker
        self._creator = os.getpid()
        self._error: NfbError | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._receiver: threading.Thread | None = None
        self._refusal = ""  # of a successor, as it was told last
        self._lately: list[dict[str, Any]] = []  # restarts whose events may be in no file yet
        self.ready: dict[str, Any] = {}
        self.block: SharedBlock = SharedBlock.create(value_names)
        self.logs: WorkerLogs = WorkerLogs(self.block.name)
        self._spare = SpareWorker(self.block.name) if remote is None else None
        self._health = WorkerHealth(self.block)
        self.restarts: int = 0

    def start(self) -> None:
        """Start the worker and wait until it is ready.

        Raises
        ------
        NfbError
            What the worker found wrong: no such stream, a setting that does not fit it.
        """
        timeout = start_seconds(self._configuration)
        if self._remote is not None:  # one process here and one there, which is to be found first
            timeout *= 2
        remove_abandoned_logs()
        with PostponedInterrupts() as interrupts:
            try:
                self._spawn(restore=None)
            except OSError as error:  # a Python that may not be run, no memory, too many processes
                self.close()
                said = f"could not be started ({cause(error)}); start the experiment again"
                raise WorkerError("worker", None, said) from None
            threading.Thread(
                target=send_commands, args=(self._outbox,), name="nfb-commands", daemon=True
            ).start()
            self._watcher.start()
            ends = time.monotonic() + timeout
            while not self._told:
                time.sleep(POLL_SECONDS)
                if interrupts.asked:
                    self.close()
                    raise KeyboardInterrupt
                if time.monotonic() > ends:
                    said = "the background process did not start in so many seconds"
                    self._error = WorkerError("timeout", timeout, f"{said}; {self._ended_how()}")
                    break
            if (error := self._error) is not None:
                self.close()  # the process may yet say that its shared memory is gone
                raise error

    @property
    def pid(self) -> int | None:
        """Process id of the current worker."""
        return None if self._process is None else self._process.pid

    def command(self, name: str, **content: object) -> int:
        """Queue a command for the worker; never waits. A worker that dies cannot lose it.

        Returns
        -------
        int
            Its number, as in the message that it was obeyed.
        """
        self._reached.name(name, content)
        return self._outbox.add({"command": name, "called": lsl_now(), **source_entry(), **content})

    def _spawn(self, restore: dict[str, Any] | None) -> None:
        module = WORKER if self._remote is None else RECEIVER
        process = None if self._spare is None else self._spare.take()
        if process is None:
            process = start_worker(module, self.block.name, self.logs.new(self._session))
        self.block["worker_pid"] = process.pid
        self._health.begin()
        order = {
            "configuration": self._configuration,
            "session": self._session,
            "facts": self._facts,
            "counting": self._reached.counting,
            "training": self._reached.training,
            "plugins": self._plugins,
            "donors": self._donors,
            "kept": self._kept,
            "seal": self._seal,
            "remote": self._remote,
            "relay": self._relay,
            "streams": self.ready.get("streams"),
            "restore": restore,
        }
        write_line(process, order)
        # Only now: a command that waits for this process must not come before its order.
        self._health.is_ready = False
        self._process = process
        self._receiver = threading.Thread(
            target=receive_messages, args=(process, self._take), name="nfb-messages", daemon=True
        )
        self._receiver.start()
        self._outbox.target(process)

    def _take(self, process: subprocess.Popen[bytes], message: dict[str, Any]) -> None:
        kind = message["kind"]
        if kind == "ready":
            self.ready = message
            self._health.become_ready(process is self._process)
            self._told = True
        elif kind == "error":
            refusal = getattr(errors, message["error"])(
                message["parameter"], message["value"], message["remedy"]
            )
            if not self._told:
                self._error = refusal
                self._told = True
            elif str(refusal) != self._refusal:  # each of its successors may say the same
                self._refusal = str(refusal)
                if message["parameter"] == SHARED_MEMORY:  # none can join it any more
                    self._give_up(refusal)
                else:
                    logger.error("The background process could not start again: %s", refusal)
        elif kind == "recording_moved":
            self._session = message["stem"]
            if self._spare is not None:  # its log is in the folder that was left
                self._spare.end()
        elif kind == "streams":
            self.ready["streams"] = message["streams"]
        elif kind == "configuration":
            self._configuration = message["configuration"]
        elif kind == "baseline_signals":
            self._reached.baseline_signals = message["signals"]
        elif kind == "thresholds":
            self._reached.thresholds.add(process, message["sample"], message["reached"])
        elif kind == "losses":
            self._reached.add_losses(message["sample"], message["reached"])
        elif kind == "obeyed":
            command = self._outbox.obeyed(message["number"], message["event"])
            self._reached.note(command, message["sample"])
        elif kind == "kept":
            self._outbox.kept(message["numbers"])
        self._on_message(message)

    def _give_up(self, error: NfbError) -> None:
        """Start no other worker, and tell so at once."""
        self._error = error
        self._on_message({"kind": "given_up", "why": str(error)})

    def _ended_how(self) -> str:
        """Return how the current process ended, with the last line of its log."""
        return how_it_ended(self._process.poll(), self.logs.newest, self._session is not None)

    def _watch(self) -> None:
        """Start another worker when this one has died or no longer goes round its loop."""
        while not self._ended.wait(LOOK_SECONDS):
            try:
                if self._looked_after():
                    return
            except Exception:  # without this thread a dead worker would never be replaced
                logger.exception("Looking after the background process failed; going on.")

    def _looked_after(self) -> bool:
        """Look once; return whether there is nothing to look after any more."""
        process = self._process
        dead = process.poll() is not None
        if not (self._health.is_lost(process.pid, first=not self._told) or dead):
            # At first the experiment itself still loads; in the middle of a run it does not.
            may_load = self._health.is_ready if self.restarts else self._health.has_worked
            if self._spare is not None and may_load:
                self._spare.begin(lambda: self.logs.new(self._session))
            # Where one after another ends, the next is needed before it had loaded unhurriedly.
            if self._spare is not None and (self._health.is_doubtful or self._health.in_vain):
                self._spare.hurry()
            return False
        if not self._told:
            self._receiver.join(LAST_WORDS_SECONDS)  # it may have said why
        if not self._told:
            self._error = WorkerError(
                "worker",
                process.returncode,
                f"the background process did not start: {self._ended_how()}",
            )
            self._told = True
        if self._error is not None:
            return True
        with self._changing:
            if self._closing:
                return True
            try:
                self._restart(process, "died" if dead else "stalled")
            except OSError as error:
                self._give_up(
                    WorkerError(
                        "worker",
                        None,
                        f"could not be started ({cause(error)}); start the experiment again",
                    )
                )
        return False

    def _restart(self, process: subprocess.Popen[bytes], why: str) -> None:
        process.kill()
        process.wait()
        self._receiver.join(LAST_WORDS_SECONDS)  # what it had reached is in its last messages
        close_pipes(process)
        if self._error is not None:  # its last words were that no other can work either
            return
        if (hopeless := self._health.end()) is not None:
            remedy = "end the experiment and start it again. The last time"
            self._give_up(
                WorkerError("worker", self.restarts, f"{hopeless}; {remedy} {self._ended_how()}")
            )
            return
        self.restarts += 1
        self.block["generation"] = self.restarts
        logger.warning("The background process %s; starting it again.", why)
        reached = self._reached.order(self.block, self.ready["rate"])
        if self._health.in_vain == 0:  # the last one worked for long, and had files
            self._lately.clear()
        restart = {"why": why, "restarts": self.restarts, "at": lsl_now()}
        self._spawn(restore={**restart, "earlier": list(self._lately), **reached})
        self._lately.append(restart)

    def close(self) -> int:
        """End the worker, let it finish its files, and give the shared block back.

        Never raises. A process that was forked from the experiment's leaves all of it alone.

        Returns
        -------
        int
            How many processes the run took beyond the first. Harmless when called again.
        """
        if os.getpid() != self._creator:
            return self.restarts
        with PostponedInterrupts() as interrupts:
            with self._changing:
                if self._closing:
                    return self.restarts
                self._closing = True
            self._ended.set()
            try:
                if self._watcher.is_alive():
                    self._watcher.join()
                self._end_worker(interrupts)
            finally:
                self._outbox.close()
                if self._spare is not None:
                    self._spare.end()
                self._release()
                if self._kept is not None:
                    shutil.rmtree(self._kept, ignore_errors=True)
        return self.restarts

    def _end_worker(self, interrupts: PostponedInterrupts) -> None:
        process = self._process
        if process is None:
            return
        if not self._told:
            process.kill()  # it is still looking for its stream and has nothing to finish
            process.wait()
            return
        if self._stopped_in_time(process, interrupts):
            return
        if self._session is None or self._error is not None or interrupts.asked:
            return
        # It died or stood still: a successor completes the files.
        try:
            self._restart(process, "died")
        except OSError as error:
            logger.error("The files are not complete: no process could be started: %s", error)
        else:
            self._stopped_in_time(self._process, interrupts)

    def _stopped_in_time(
        self, process: subprocess.Popen[bytes], interrupts: PostponedInterrupts
    ) -> bool:
        """Tell a process to finish its files; return whether it did, and kill it if it did not."""
        if process.poll() is not None:
            return False
        self._outbox.add({"command": "stop"})
        patience = STOP_SECONDS if self._remote is None else REMOTE_STOP_SECONDS
        if not self._health.is_ready:
            patience = START_SECONDS
        return ended_in_time(process, patience, interrupts)

    def _release(self) -> None:
        try:
            if self._process is None or self._process.poll() is not None:
                self._log_left_frames()
        except (OSError, NfbError) as error:
            logger.error("The last frames could not be written to the frame log: %s", error)
        self.block.close()
        if self._process is not None:
            close_pipes(self._process)
        self.logs.remove(if_empty=self._session is not None)

    def _log_left_frames(self) -> None:
        """Write the frames that no worker lived to write."""
        if self._session is not None and self.block.frames.newest_seq:
            append_frames(self.block, self._session, self._reached.labels, self._seal)
