"""Processes of this package: how they start, what they print, how they end with their parent."""

from __future__ import annotations

import codecs
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

GUARD_SECONDS = 0.25
"""How often the guard looks whether the experiment lives; it has 1 s to notice."""
STOP_SECONDS = 5.0
CREATION_FLAGS: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""Value of `creationflags` for every process that the package starts. PsychoPy Runner has no
console, and Windows would open a window with one for each of them, over the stimulus."""


PLAIN = {
    "→": "->",
    "µ": "u",
    "μ": "u",
    "…": "...",
    "–": "-",
    "−": "-",
    "≤": "<=",
    "≥": ">=",
    "·": "*",
    "²": "^2",
    "°": " deg",
    "±": "+-",
}
"""What our own sentences have instead where the output lacks a character."""


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Replace what cannot be encoded: by what looks like it, or by a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(PLAIN.get(character, "?") for character in wrong), error.end


def replace_unprintable() -> None:
    """Let `print` put plain characters in place of those that the output cannot encode.

    Output into a pipe or a file has the system's code page, on Windows often cp1252, cp437 or
    cp932, and would end the program with a UnicodeEncodeError at the first µ or → that it lacks.
    """
    codecs.register_error("psychopy_nfb.plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # PsychoPy's Runner and pytest have others
            stream.reconfigure(errors="psychopy_nfb.plain")


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of this package in a process of its own."""
    return [sys.executable, "-m", f"psychopy_nfb.{module}", *arguments]


def child_environment() -> dict[str, str]:
    """Return an environment in which a child finds this package.

    A plugin folder of Standalone PsychoPy is on this process's path only.
    """
    here = str(Path(__file__).resolve().parents[1])
    known = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(known)}


@contextmanager
def running(module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module of this package in a child process, with output discarded; end it on exit."""
    process = subprocess.Popen(
        python_command(module, *arguments),
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=CREATION_FLAGS,
        start_new_session=True,  # Ctrl-C in a terminal is for this process; it ends the child
    )
    try:
        yield process
    finally:
        end(process)


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the parent, which ends this process: it reaches all of a terminal at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def end(process: subprocess.Popen[bytes], patience: float = STOP_SECONDS) -> None:
    """Ask `process` to end, and kill it when it does not within `patience` seconds."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def guard(experiment_pid: int, gone: Callable[[], None]) -> None:
    """Call `gone` from a thread as soon as the process `experiment_pid` has ended.

    The end of stdin tells the same sooner, unless a process that the experiment forked holds the
    pipe open; a process id can be reused, which the process's start time settles.
    """
    import psutil

    def watch() -> None:
        try:
            experiment = psutil.Process(experiment_pid)
            while experiment.is_running() and not _is_zombie(experiment):
                time.sleep(GUARD_SECONDS)
        except psutil.NoSuchProcess:
            pass
        gone()

    threading.Thread(target=watch, name="guard", daemon=True).start()


def is_suspended(pid: int) -> bool:
    """Return whether a process was stopped by a signal; Windows has none, and is not asked."""
    if sys.platform == "win32":  # there psutil looks at every thread of the machine
        return False
    import psutil

    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False


def _is_zombie(process: psutil.Process) -> bool:
    """Return whether a process has ended and its parent has not noticed; Windows has no such state.

    There psutil looks at every thread of the machine to tell the status.
    """
    return sys.platform != "win32" and process.status() == "zombie"
