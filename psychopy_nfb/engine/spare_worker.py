"""A background process that waits to take the place of one that dies."""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress

from psychopy_nfb.engine.worker_launch import close_pipes, start_worker
from psychopy_nfb.process import is_suspended

logger: logging.Logger = logging.getLogger(__name__)

WAITING = "engine.waiting_worker"
"""What runs in it."""


class SpareWorker:
    """Holds one process that has loaded everything and waits for its order.

    To start Python and load scipy takes a second, on a busy computer several; a process that is
    there begins at once. It uses no processor while it waits, and 60 to 80 MB of memory.

    Parameters
    ----------
    block : str
        Name of the shared memory.
    """

    def __init__(self, block: str):
        self._block = block
        self._process: subprocess.Popen[bytes] | None = None
        self._failed = False
        self._hurried = False
        self._changing = threading.Lock()

    def begin(self, log_path: Callable[[], str]) -> None:
        """Start the process if there is none; not again once one has ended by itself.

        Parameters
        ----------
        log_path : callable
            Returns the file that its stderr is added to.
        """
        with self._changing:
            if self._failed:
                return
            if self._process is None:
                try:
                    self._process = start_worker(WAITING, self._block, log_path())
                    self._hurried = False
                except OSError as error:  # without it a successor takes longer, no more
                    logger.info("No process could be started ahead: %s", error)
                    self._failed = True
            elif self._process.poll() is not None:
                self._failed = True

    def hurry(self) -> None:
        """Let the process, if any, load at full speed: it may be needed soon."""
        with self._changing:
            if self._process is None or self._hurried:
                return
            self._hurried = True
            with suppress(OSError):  # it has ended
                self._process.stdin.write(b"\n")
                self._process.stdin.flush()

    def take(self) -> subprocess.Popen[bytes] | None:
        """Return the process, which is then no longer held here; None if none can work."""
        with self._changing:
            process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None and not is_suspended(process.pid):
            return process
        _end(process)
        return None

    def end(self) -> None:
        """End the process that waits, if any; it has nothing to finish."""
        with self._changing:
            process, self._process = self._process, None
        if process is not None:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        process.kill()
    process.wait()
    close_pipes(process)
