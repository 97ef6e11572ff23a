"""What the streaming commands have in common: keeping time, being stopped, telling people."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pylsl
from tqdm import tqdm

from psychopy_nfb.errors import NfbError
from psychopy_nfb.process import replace_unprintable

LONGEST_SLEEP = 0.05
"""Seconds until a request to stop is noticed."""


def wait_until(deadline: float, stop: threading.Event | None) -> bool:
    """Sleep until the LSL clock shows `deadline`; return False if asked to stop before.

    It never spins: a deadline is overstepped by what the system's sleep oversteps (0.1 ms on
    Linux, 1 to 2 ms on Windows, where liblsl sets the timer to 1 ms). Deadlines are absolute, so
    that this does not add up.
    """
    while stop is None or not stop.is_set():
        left = deadline - pylsl.local_clock()
        if left <= 0:
            return True
        time.sleep(min(left, LONGEST_SLEEP))
    return False


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C or a request to terminate sets, in place of an exception."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may handle signals
        return
    names = ("SIGINT", "SIGTERM", "SIGBREAK")  # the last is Windows' Ctrl-Break
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def progress_line(what: str, seconds: float | None) -> Iterator[Callable[[float], None]]:
    """Show on a terminal how much has been streamed; say so in a last line.

    Parameters
    ----------
    what : str
        What is streamed.
    seconds : float or None
        How long in all, if there is an end.

    Yields
    ------
    callable
        To be told the seconds streamed so far.
    """
    shown = 0.0
    layout = "{desc}: {n:.0f} s" if seconds is None else "{desc}: {n:.0f} of {total:.0f} s |{bar}|"
    with tqdm(desc=what, total=seconds, bar_format=layout, disable=None, leave=False) as line:

        def show(so_far: float) -> None:
            nonlocal shown
            line.update(so_far - shown)
            shown = so_far

        yield show
    sys.stderr.write(f"{what}: ended after {shown:.1f} s.\n")


def run_as_program(
    description: str,
    add_arguments: Callable[[argparse.ArgumentParser], None],
    main: Callable[[argparse.Namespace], int],
    arguments: Sequence[str] | None = None,
) -> int:
    """Run one command by itself; a mistake of the user's is one sentence and exit status 2."""
    parser = argparse.ArgumentParser(description=description)
    add_arguments(parser)
    replace_unprintable()
    try:
        return main(parser.parse_args(arguments))
    except NfbError as error:
        sys.stderr.write(f"{error}\n")
        return 2
