"""The worker as an operating-system process: how it is started, and what is left of it."""

from __future__ import annotations

import os
import re
import subprocess

from psychopy_nfb.process import CREATION_FLAGS, child_environment, python_command

_GREETING = re.compile(r"^[\d-]+ [\d:.]+ .*\.cpp:\d+ +(INFO|-?\d)\| ")
"""A line of liblsl that is no warning: time, thread, place in its source, level."""


def start_worker(module: str, block: str, log_path: str) -> subprocess.Popen[bytes]:
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
    with open(log_path, "ab") as log:
        return subprocess.Popen(
            python_command(module, "--block", block, "--experiment-pid", str(os.getpid())),
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


def remove_log(path: str, if_empty: bool) -> None:
    """Remove the worker's log file; with `if_empty` only when it holds no news."""
    try:
        if not if_empty or _holds_no_news(path):
            os.remove(path)
    except OSError:
        pass  # it is gone already


def _holds_no_news(path: str) -> bool:
    """Whether a log holds nothing, or only the lines of liblsl that say how it is set up."""
    with open(path, encoding="utf-8", errors="replace") as log:
        return all(not line.strip() or _GREETING.search(line) for line in log)
