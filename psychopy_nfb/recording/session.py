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
    gone, what was written stays readable, and the rest of the session goes into new files in a
    temporary folder. Where that is not possible either it waits in memory and is tried again.

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
        self._written: list[tuple[Any, ...]] = []  # events of commands, since the last flush
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
        """Write what is queued, and hand it to the operating system."""
        if not self.writes and not self._move():
            while len(self._jobs) > MOST_WAITING:
                self._jobs.popleft()
            return
        while self._jobs:
            what, arguments = self._jobs[0]
            try:
                getattr(self._files, what)(*arguments)
            except OSError as error:
                self._failed(error)
                if not self._move():
                    return
                continue  # the same once more, in the new files
            except Exception:  # its own fault: no single entry is worth the end of the recording
                logger.exception("An entry of the recording (%s) is left out.", what)
            self._jobs.popleft()
            if what == "event" and arguments[-1] is not None:
                self._written.append(arguments)
        try:
            self._files.flush()
        except Exception as error:
            self._failed(error)
            # They may be in the old files or not: in the new ones they are in any case.
            self._jobs.extendleft(("event", event) for event in reversed(self._written))
            self._written.clear()
            self._move()
            return
        self._kept.extend(event[-1] for event in self._written)
        self._flushed.update(event[-1] for event in self._written)
        self._written.clear()

    def _failed(self, error: Exception) -> None:
        self.error = error
        self.writes = False
        logger.error("The recording stopped.", exc_info=error)  # where, is in the worker's log

    def _move(self) -> bool:
        """Go on in new files, in a temporary folder; return whether that was possible."""
        now = time.monotonic()
        if now < self._try_again_at:
            return False
        self._try_again_at = now + TRY_AGAIN_SECONDS
        old = self._files
        old.close()  # what it held and is in the files stays readable
        files = temporary_files(self.files)
        try:
            new = self._open(files, first_sample=self._left_behind + old.n_samples)
        except Exception:
            logger.exception("Nor can it be written to %s.", files.stem)
            return False
        self._left_behind += old.n_samples
        self.left = frozenset(self._flushed)
        self._files, self.files, self.writes = new, files, True
        return True


def temporary_files(files: SessionFiles) -> SessionFiles:
    """Return files of the same name in a new temporary folder."""
    folder = tempfile.mkdtemp(prefix="psychopy_nfb_rest_")
    return SessionFiles(Path(folder, files.stem.name))
