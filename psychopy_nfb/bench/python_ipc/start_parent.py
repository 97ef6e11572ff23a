"""Starts child processes in every way and tells how long each took to its first message.

``python -m psychopy_nfb.bench.python_ipc.start_parent ROUNDS [--window]`` prints a JSON object a
line. It is a program of its own, so that the parent holds nothing but what it is meant to: Python,
or a window.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from psychopy_nfb.process import CREATION_FLAGS

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

IMPORTS = {"bare": "", "numpy": "numpy", "scipy.signal": "scipy.signal", "pylsl": "pylsl"}
WAYS = ("fork", "forkserver", "spawn", "subprocess")


def child(connection: Connection, module: str, begun: float) -> None:
    """Import a module, and tell how long that took since `begun` and how much memory is held."""
    if module:
        __import__(module)
    seconds = time.perf_counter() - begun
    connection.send((seconds, _megabytes()))
    connection.close()


def _megabytes() -> float:
    """Return what only this process holds, or all it holds where the system does not say."""
    import psutil

    try:
        return psutil.Process().memory_full_info().uss / 1e6
    except (psutil.Error, AttributeError):
        return psutil.Process().memory_info().rss / 1e6


def start_once(way: str, module: str) -> tuple[float, float]:
    """Start a child, wait for its message; return seconds to it and the child's megabytes."""
    if way == "subprocess":
        # The same clock in both: on the systems of today it counts from the machine's start.
        code = f"from {__spec__.name} import as_subprocess; as_subprocess({module!r})"
        begun = time.perf_counter()
        told = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            creationflags=CREATION_FLAGS,
        )
        ended, megabytes = map(float, told.stdout.split())
        return ended - begun, megabytes
    import multiprocessing

    context: Any = multiprocessing.get_context(way)  # a type for each way
    receiver, sender = context.Pipe(duplex=False)
    begun = time.perf_counter()
    process = context.Process(target=child, args=(sender, module, begun))
    process.start()
    sender.close()
    answer = receiver.recv()
    process.join()
    receiver.close()
    return answer


def as_subprocess(module: str) -> None:
    """Be the child that `subprocess` starts."""
    if module:
        __import__(module)
    ended = time.perf_counter()
    print(ended, _megabytes())


def main(rounds: int, window: bool) -> None:
    """Start each kind of child `rounds` times, in turns."""
    parent = "window" if window else "bare"
    if window:
        from psychopy import visual

        visual.Window((320, 240), allowGUI=False, checkTiming=False)
    import multiprocessing

    known = (*multiprocessing.get_all_start_methods(), "subprocess")
    for way in WAYS:
        if way not in known:
            reason = "not on this system"
            print(json.dumps({"parent": parent, "way": way, "reason": reason}), flush=True)
        elif way == "forkserver":
            start_once(way, "")  # starts the server, which happens once
    for number in range(rounds):
        for way in WAYS:
            for name, module in IMPORTS.items():
                if way in known:
                    seconds, megabytes = start_once(way, module)
                    row = {"parent": parent, "way": way, "imports": name, "round": number}
                    row |= {"ms": 1e3 * seconds, "megabytes": megabytes}
                    print(json.dumps(row), flush=True)
    sys.stdout.flush()
    os._exit(0)  # the window's own end is not measured, and may take its time


if __name__ == "__main__":
    main(int(sys.argv[1]), "--window" in sys.argv)
