"""Child processes: how they find this package, and how they end with their parent."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

GUARD_SECONDS = 0.25
"""How often the guard looks whether the experiment lives; it has 1 s to notice."""
STOP_SECONDS = 5.0


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
def running(module: str, *arguments: str) -> Iterator[subprocess.Popen]:
    """Run a module of this package in a process of its own, without a voice, until the end."""
    process = subprocess.Popen(
        python_command(module, *arguments),
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen, patience: float = STOP_SECONDS) -> None:
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

    def watch() -> None:
        try:
            experiment = psutil.Process(experiment_pid)
            while experiment.is_running() and experiment.status() != psutil.STATUS_ZOMBIE:
                time.sleep(GUARD_SECONDS)
        except psutil.NoSuchProcess:
            pass
        gone()

    threading.Thread(target=watch, name="guard", daemon=True).start()
