"""All files of a session, as the worker's loop hands things over."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.recording.names import SessionFiles
from psychopy_nfb.recording.open_files import Left, OpenFiles

logger: logging.Logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.25
"""How much a kill can cost."""
TRY_AGAIN_SECONDS = 5.0
"""How often files are tried anew where nothing can be written."""
MOST_WAITING = 100_000
"""Blocks, events and rows that wait in memory meanwhile; of more the oldest are dropped."""


class SessionWriter:
    """Takes what happens and writes it from a thread of its own.

    What the methods are handed is queued, which costs the caller microseconds. Nothing raises into
    the caller. When the files can no longer be written, because the disk is full or the folder
    gone, what was flushed stays readable, and the rest of the session goes into new files in a
    temporary folder, from the first entry on that was not flushed: none is lost, and none comes
    twice. Where that is not possible either it waits in memory and is tried again.

    Parameters
    ----------
    files : SessionFiles
        Where to.
    append : bool
        Go on with files that another process left.
    *args, **kwargs
        What else `OpenFiles` takes, from ``eeg`` on.

    Attributes
    ----------
    before : Left
        What the files held already.
    files : SessionFiles
        Where is written now.
    error : Exception or None
        Why it is not written where it should be, or not at all.
    writes : bool
        Whether it is written at all.
    left : frozenset of int
        Commands whose events are in files that could no longer be written, and not in those of now.

    Raises
    ------
    FileError
        If a file cannot be written.
    """

    def __init__(self, files: SessionFiles, *args: Any, append: bool = False, **kwargs: Any):
        self._open = lambda files, **more: OpenFiles(files, *args, **kwargs, **more)
        self._files = self._open(files, append=append)
        self.files: SessionFiles = files
        self.before: Left = self._files.before
        self.error: Exception | None = None
        self.writes: bool = True
        self._try_again_at = 0.0
        self._left_behind = 0  # EEG samples in files that were left
        self._unflushed: list[tuple[str, tuple[Any, ...]]] = []  # written since the last flush
        self._kept: deque[int] = deque()
        self._flushed: set[int] = set()  # commands whose events are in the files
        self.left: frozenset[int] = frozenset()
        self._jobs: deque[tuple[str, tuple[Any, ...]]] = deque()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    def eeg(self, samples: np.ndarray, stamps: np.ndarray) -> None:
        """Take EEG samples (n, n_channels), in the stream's own format, and their stamps (n,)."""
        self._jobs.append(("eeg", (samples.copy(), stamps)))

    def aux(self, samples: np.ndarray, stamps: np.ndarray) -> None:
        """Take the second stream's samples and stamps, which the caller must not change."""
        self._jobs.append(("aux", (samples, stamps)))

    def signals(
        self, values: np.ndarray, stamps: np.ndarray, flags: np.ndarray, samples: np.ndarray
    ) -> None:
        """Take what samples became: values (n, n_values), flags (n,), sample numbers (n,)."""
        self._jobs.append(("signals", (values, stamps, flags, samples)))

    def event(
        self,
        label: str,
        t: float,
        sample: int,
        *,
        kind: str,
        value: str | None = None,
        duration: float = 0.0,
        detail: dict[str, Any] | None = None,
        command: int | None = None,
    ) -> None:
        """Take an event: ``trial_type`` `label` at LSL time `t`, at `sample`.

        One that has the number of a `command` is written once, in whatever process it comes.
        """
        self._jobs.append(("event", (label, t, sample, kind, value, duration, detail, command)))

    def frames(self, rows: list[tuple[Any, ...]]) -> None:
        """Take rows of the frame log; those that are in it already are passed over."""
        self._jobs.append(("frames", (rows,)))

    def kept(self) -> list[int]:
        """Return the numbers of commands whose events are with the operating system since."""
        return [self._kept.popleft() for _ in range(len(self._kept))]

    def counts(self) -> dict[str, int]:
        """Return how many samples of each stream, events and frames are in the files."""
        return self._files.counts()

    def close(self) -> None:
        """Write what is left and close the files. Harmless when called again."""
        self._ended.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ended.wait(FLUSH_SECONDS):
            self._drain()
        self._try_again_at = 0.0
        self._drain()
        for error in self._files.close():
            self._failed(error)

    def _drain(self) -> None:
        """Write what is queued, and hand it to the operating system; elsewhere if it must be."""
        while True:
            if not self.writes and not self._move():
                while len(self._jobs) > MOST_WAITING:
                    self._jobs.popleft()
                return
            try:
                self._write_queued()
                self._files.flush()
            except Exception as error:
                self._failed(error)
                continue
            commands = [job[-1] for what, job in self._unflushed if what == "event"]
            self._unflushed.clear()
            self._kept.extend(number for number in commands if number is not None)
            self._flushed.update(number for number in commands if number is not None)
            return

    def _write_queued(self) -> None:
        """Write what is queued; it may still be in this process's memory.

        Raises
        ------
        OSError
            If a file cannot be written.
        """
        while self._jobs:
            what, arguments = self._jobs[0]
            try:
                getattr(self._files, what)(*arguments)
            except OSError:
                raise
            except Exception:  # its own fault: no single entry is worth the end of the recording
                logger.exception("An entry of the recording (%s) is left out.", what)
            self._unflushed.append(self._jobs.popleft())

    def _failed(self, error: Exception) -> None:
        """Note that the files of now can no longer be written."""
        self.error = error
        if isinstance(error, OSError):  # which names no file
            remedy = f"cannot be written any more: {cause(error)}"
            self.error = FileError("file", str(self.files), remedy)
        self.writes = False
        # In these files it may be whole, in part or not at all: in the next ones it is in any case.
        self._jobs.extendleft(reversed(self._unflushed))
        self._unflushed.clear()
        logger.error("The recording stopped: %s", self.error, exc_info=error)

    def _move(self) -> bool:
        """Go on in new files, in a temporary folder; return whether that was possible."""
        now = time.monotonic()
        if now < self._try_again_at:
            return False
        self._try_again_at = now + TRY_AGAIN_SECONDS
        n_here = self._files.abandon()
        files = temporary_files(self.files)
        try:
            new = self._open(files, first_sample=self._left_behind + n_here)
        except Exception:
            logger.exception("Nor can it be written to %s.", files.stem)
            return False
        self._left_behind += n_here
        self.left = frozenset(self._flushed)
        self._files, self.files, self.writes = new, files, True
        return True


def temporary_files(files: SessionFiles) -> SessionFiles:
    """Return files of the same name in a new temporary folder."""
    folder = tempfile.mkdtemp(prefix="psychopy_nfb_rest_")
    return SessionFiles(Path(folder, files.stem.name))
