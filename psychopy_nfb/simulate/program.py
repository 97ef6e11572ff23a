"""What the streaming commands have in common: timing, how they end, what they print."""

from __future__ import annotations

import argparse
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pylsl
from tqdm import tqdm

from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.lsl.streams import stream_table
from psychopy_nfb.process import guard, replace_unprintable

LONGEST_SLEEP = 0.05
"""Seconds until a request to stop is noticed."""
LOOK_SECONDS = 1.5
"""How long a stream of this computer may take to answer."""


def usual_source_id(name: str) -> str:
    """Return the source_id of a stream of this computer for which none was given."""
    return f"{name}@{platform.node()}"


def unused_source_id(name: str) -> str:
    """Return the usual source_id of a stream after looking whether another one has it.

    Raises
    ------
    SettingsError
        If such a stream is on LSL: an experiment could not tell the two apart.
    """
    source_id = usual_source_id(name)
    if pylsl.resolve_byprop("source_id", source_id, 1, LOOK_SECONDS):
        raise SettingsError(
            "name",
            name,
            "a stream of this name from this computer is on LSL already; end the program that "
            "sends it, or give this one another --name",
        )
    return source_id


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
def stop_on_signals(parent: int | None = None) -> Iterator[threading.Event]:
    """Give an event that Ctrl-C or a request to terminate sets, in place of an exception.

    Parameters
    ----------
    parent : int, optional
        Process id of the command that started this one. Ctrl-C is then for that command, which
        ends this one; the event is also set when that process has ended.
    """
    stop = threading.Event()
    if parent is not None:
        guard(parent, stop.set)
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may handle signals
        return
    names = ("SIGINT", "SIGTERM", "SIGBREAK")  # the last is Windows' Ctrl-Break
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    if parent is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def announce(streams: Sequence[pylsl.StreamInfo], labels: Sequence[str], course: str) -> None:
    """Print which streams are on LSL now, how an experiment uses them and how to end them.

    Parameters
    ----------
    streams : sequence of pylsl.StreamInfo
        The EEG first.
    labels : sequence of str
        The EEG's channels.
    course : str
        When they begin and end, in a sentence.
    """
    name, source_id = streams[0].name(), streams[0].source_id()
    lines = [
        "On LSL now:",
        *(f"  {line}" for line in stream_table(streams)),
        f"Channels of {name}: {', '.join(labels)}",
        f'Settings file: "stream": {{"source_id": "{source_id}"}}',
        f"Builder: Neuro Feedback, tab Stream, Source id: {source_id}",
        course,
    ]
    tqdm.write("\n".join(lines), file=sys.stdout)  # above a progress bar that is shown already
    sys.stdout.flush()


@contextmanager
def progress_line(what: str, seconds: float | None) -> Iterator[Callable[[float], None]]:
    """Show on a terminal how much has been streamed; report the end in a last line.

    Parameters
    ----------
    what : str
        What is streamed.
    seconds : float or None
        How long in all, if there is an end.

    Yields
    ------
    callable
        To be called with the seconds streamed so far.
    """
    shown = 0.0
    layout = "{desc}: {n:.0f} s" if seconds is None else "{desc}: {n:.0f} of {total:.0f} s |{bar}|"
    with tqdm(desc=what, total=seconds, bar_format=layout, disable=None, leave=False) as line:

        def show(so_far: float) -> None:
            nonlocal shown
            line.update(so_far - shown)
            shown = so_far

        yield show
    sys.stderr.write(f"{what}: ended after {shown:.1f} s. Its streams are no longer on LSL.\n")


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
