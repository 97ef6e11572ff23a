"""The worker as an operating-system process: how it is started, and what is left of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from psychopy_nfb.engine.named_memory import PREFIX, creator_lives
from psychopy_nfb.interrupts import PostponedInterrupts
from psychopy_nfb.process import CREATION_FLAGS, child_environment, python_command

_GREETING = re.compile(r"^[\d-]+ [\d:.]+ .*\.cpp:\d+ +(INFO|-?\d)\| ")
"""A line of liblsl that is no warning: time, thread, place in its source, level."""
LONGEST_LINE = 300
"""Characters of a log's last line that a sentence repeats."""
LOG_SUFFIX = "_worker.log"
HELD_SECONDS = 0.5
"""How long the process that waits to take over, and ends, may still hold a log that goes."""
POLL_SECONDS = 0.02
"""How often is looked for what the main thread waits for. A wait at a lock would leave it locked
where Ctrl-C ends it, and on Windows not notice Ctrl-C."""
FREE_IT = "close other programs and start again"


def start_worker(module: str, block: str, log_path: str, *options: str) -> subprocess.Popen[bytes]:
    """Start the worker on a block of shared memory, with pipes to its stdin and stdout.

    Parameters
    ----------
    module : str
        What runs in it: the worker itself, or what receives from one on another computer.
    block : str
        Name of the shared memory.
    log_path : str
        File that stderr is added to; it is never inherited, which would freeze PsychoPy Runner.
    """
    environment = child_environment()
    # Matrix products of a few channels gain nothing from more threads, which wait by spinning.
    for library in ("OPENBLAS", "MKL", "OMP"):
        environment.setdefault(f"{library}_NUM_THREADS", "1")
    parent = str(os.getpid())
    with open(log_path, "ab") as log:
        return subprocess.Popen(
            python_command(module, "--block", block, "--experiment-pid", parent, "--log", log_path),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            creationflags=CREATION_FLAGS,
            start_new_session=True,  # Ctrl-C in a terminal is for the experiment alone
        )


def close_pipes(process: subprocess.Popen[bytes]) -> None:
    """Close both pipes, whatever was still to be sent to a dead process.

    A process that still runs ends once its stdin is closed; the thread that reads its stdout needs
    that pipe until then.
    """
    runs = process.poll() is None
    for pipe in (process.stdin,) if runs else (process.stdin, process.stdout):
        try:
            pipe.close()
        except (OSError, ValueError):
            pass


def ended_in_time(
    process: subprocess.Popen[bytes], patience: float, interrupts: PostponedInterrupts
) -> bool:
    """Return whether a process that was told to stop did it well; kill it after `patience` seconds.

    Ctrl-C ends the wait: the process then finishes by itself.
    """
    ends = time.monotonic() + patience
    while process.poll() is None:
        if interrupts.asked:
            return False
        if time.monotonic() > ends:
            process.kill()
            process.wait()
            return False
        time.sleep(POLL_SECONDS)
    return process.returncode == 0


def how_it_ended(status: int | None, log_path: str, log_stays: bool) -> str:
    """Return how a process ended, and what its log says of that, for the end of a sentence.

    Parameters
    ----------
    status : int or None
        Its exit status, as `subprocess.Popen` gives it; None while it runs.
    log_path : str
        Where its stderr went.
    log_stays : bool
        Whether a log with news is still there when the sentence is read.

    Examples
    --------
    >>> how_it_ended(1, "no such file", log_stays=True)
    'it ended with status 1'
    """
    if status is None:
        told = f"it was still starting, as on a very busy computer: {FREE_IT}"
    elif status >= 0:
        told = f"it ended with status {status}"
    else:
        name = f"signal {-status}"
        with suppress(ValueError):  # of a real-time signal, which has no name
            name = signal.Signals(-status).name
        told = (
            f"it was killed ({name}), by hand or by the system, as when memory runs out: {FREE_IT}"
        )
    news = _news(log_path)
    if news:
        told += f"; the last line of its log: {news[-1].strip()[:LONGEST_LINE]}"
        if log_stays:
            told += f"; all of it is in {log_path}"
    return told


class WorkerLogs:
    """The files that stderr of a session's processes goes to.

    It is never inherited, which would freeze PsychoPy Runner.

    Parameters
    ----------
    block : str
        Name of the shared memory.

    Attributes
    ----------
    newest : str
        That of the process that was started last.
    """

    def __init__(self, block: str):
        self._block = block
        self._paths: set[str] = set()
        self.newest: str = ""

    def new(self, stem: str | None) -> str:
        """Return the file for a process that is to be started.

        Beside the session's files if there are any and one can be written there; their folder may
        be deleted or full meanwhile, or no longer be writable.
        """
        stems = [os.path.join(tempfile.gettempdir(), self._block)]
        if stem is not None:
            stems.insert(0, stem)
        for one in stems:
            self.newest = f"{one}{LOG_SUFFIX}"
            with suppress(OSError), open(self.newest, "ab"):
                break
        self._paths.add(self.newest)
        return self.newest

    def remove(self, if_empty: bool) -> None:
        """Remove all of them; with `if_empty` only those that hold no news."""
        for path in self._paths:
            remove_log(path, if_empty)


def remove_log(path: str, if_empty: bool) -> None:
    """Remove the worker's log file; with `if_empty` only when it holds no news."""
    try:
        if not (if_empty and _news(path)):
            os.remove(path)
    except OSError:
        pass  # it is gone already


def leave_log(path: str) -> None:
    """Remove the log of this process, whose experiment is gone, unless it holds news."""
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), sys.__stderr__.fileno())  # Windows removes no file that is open
    ends = time.monotonic() + HELD_SECONDS
    while os.path.exists(path) and not _news(path) and time.monotonic() < ends:
        remove_log(path, if_empty=True)
        time.sleep(0.02)


def remove_abandoned_logs() -> list[str]:
    """Remove logs in the temporary folder of experiments that no longer run; return their paths."""
    removed = []
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}_*_*{LOG_SUFFIX}"):
        with suppress(OSError, ValueError):  # gone already, another user's, another program's
            if not creator_lives(int(path.name.split("_")[1])):
                path.unlink()
                removed.append(str(path))
    return removed


def _news(path: str) -> list[str]:
    """Return a log's lines but those of liblsl that say how it is set up; none without a file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            return [line for line in log if line.strip() and not _GREETING.search(line)]
    except OSError:
        return []
