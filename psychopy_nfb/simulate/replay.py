"""A recording as a live stream, in real time or faster.

Run it with ``python -m psychopy_nfb.simulate.replay FILE``.
"""

from __future__ import annotations

import argparse
import math
import sys
import threading
from bisect import bisect_left
from collections.abc import Callable
from itertools import count, pairwise
from typing import Any

import numpy as np
import pylsl

from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.lsl.outlet import make_marker_outlet, make_outlet
from psychopy_nfb.reading import RECORDINGS
from psychopy_nfb.recording.eeg_files import Recording, read_recording
from psychopy_nfb.simulate.program import (
    announce,
    progress_line,
    run_as_program,
    stop_on_signals,
    unused_source_id,
    usual_source_id,
    wait_until,
)
from psychopy_nfb.terminal import add_stream, add_units

CHUNK_SECONDS = 0.02
BUFFER_SECONDS = 360
"""How long a receiver may pause, in real time, before it loses samples."""
MARKER_WAIT = 3.0
"""Seconds that a receiver of the samples is given to join the markers too."""


def run_replay(
    recording: Recording,
    *,
    name: str = "Replay",
    source_id: str | None = None,
    speed: float = 1.0,
    loop: bool = False,
    chunk: int | None = None,
    format: str | None = None,  # noqa: A002 - LSL's own word
    wait: bool = True,
    linger: float = 3.0,
    stop: threading.Event | None = None,
    progress: Callable[[float], None] | None = None,
    published: Callable[[list[pylsl.StreamInfo]], None] | None = None,
) -> int:
    """Stream a recording as if it were recorded now.

    Two streams: `name` (type ``EEG``) and ``<name>Markers``, each marker with the very stamp of its
    sample. Sample ``i`` is stamped ``start + i / (speed * rate)``, which is when it is sent, while
    the declared rate stays the recording's: at any speed a receiver that counts samples sees the
    same. Gaps of the recording are not waited for.

    Parameters
    ----------
    recording : Recording
        What to stream.
    name : str
        Name of the EEG stream.
    source_id : str, optional
        source_id of the EEG stream; the marker stream's adds ``-markers``. Default is made of the
        name and this computer's.
    speed : float
        Times real time, up to 100.
    loop : bool
        Whether to begin again at the end, without a pause.
    chunk : int, optional
        Samples sent at once; default is as many as 20 ms of the recording hold.
    format : {"float32", "double64"}, optional
        Of the values on the network. Default is ``"float32"`` if that holds every value exactly,
        else ``"double64"``: what arrives equals ``recording.samples``.
    wait : bool
        Whether to begin only once a receiver is there, so that it gets the first sample.
    linger : float
        Seconds that the streams stay after the last sample for receivers to fetch it; it ends
        earlier once all receivers have left.
    stop : threading.Event, optional
        Ends it when set, within 50 ms.
    progress : callable, optional
        Called with the seconds of the recording streamed so far, after every chunk.
    published : callable, optional
        Called once with the streams' descriptions, the EEG first, when they can be found on LSL.

    Returns
    -------
    int
        Samples sent.

    Raises
    ------
    SettingsError
        If speed, chunk, format or linger cannot be used.

    Notes
    -----
    Samples that a receiver has not fetched are kept for 360 s of real time, or the whole recording
    if that is shorter, so sending faster than real time loses nothing while the receiver keeps
    up. The receiver's own ``max_buflen`` counts seconds at the declared rate: at 20 times real
    time, its default of 360 s holds what comes in 18 s.
    """
    check_number("speed", speed, above=0, at_most=100)
    check_number("linger", linger, at_least=0, unit="s")
    rate, n_samples = recording.rate, len(recording.samples)
    chunk = max(1, round(rate * CHUNK_SECONDS)) if chunk is None else chunk
    check_number("chunk", chunk, at_least=1)
    format = check_choice("format", format or exact_format(recording.samples), tuple(DTYPES))  # noqa: A001
    data = np.ascontiguousarray(recording.samples, dtype=DTYPES[format])
    source_id = source_id or usual_source_id(name)
    buffered = BUFFER_SECONDS * max(speed, 1.0)
    if not loop:
        buffered = min(buffered, recording.seconds + 10)
    samples_out = make_outlet(
        name,
        "EEG",
        recording.labels,
        rate,
        units=recording.units,
        kinds=recording.kinds,
        source_id=source_id,
        format=format,
        max_buffered=math.ceil(buffered),
        positions=recording.positions,
        speed=speed,
        simulated="a recording that is replayed",
    )
    markers_out = make_marker_outlet(f"{name}Markers", f"{source_id}-markers")
    if published is not None:
        published([samples_out.get_info(), markers_out.get_info()])
    if wait:
        _wait_for_receivers(samples_out, markers_out, stop)

    marked = [row for row, _ in recording.markers]
    times, lap_seconds = _times(recording)
    # A pause is never within a chunk, whose first samples would wait for its end.
    edges = sorted({*range(0, n_samples, chunk), *(row for row, _ in recording.gaps), n_samples})
    sent = 0
    start = pylsl.local_clock()
    for lap in count() if loop else range(1):
        for first, last in pairwise(edges):
            stamps = start + (lap * lap_seconds + times[first:last]) / speed
            if not wait_until(float(stamps[-1]), stop):
                return sent
            # Markers go first, so that who has the samples can have their markers.
            for index in range(bisect_left(marked, first), bisect_left(marked, last)):
                row, label = recording.markers[index]
                markers_out.push_sample([label], float(stamps[row - first]))
            # One stamp each: from a single one LSL would derive the others at the declared rate,
            # which is not the pace at any other speed than 1.
            samples_out.push_chunk(data[first:last], stamps.tolist())
            sent += last - first
            if progress is not None:
                progress((lap * n_samples + last) / rate)
    _linger(samples_out, linger, stop)
    return sent


def _times(recording: Recording) -> tuple[np.ndarray, float]:
    """Return when each sample comes, (n,) in seconds with the recording's pauses, and its end."""
    times = np.arange(len(recording.samples)) / recording.rate
    for row, seconds in recording.gaps:
        if math.isfinite(seconds):  # of others it is not known how long they were
            times[row:] += seconds
    return times, float(times[-1]) + 1 / recording.rate


DTYPES: dict[str, type[np.floating[Any]]] = {"float32": np.float32, "double64": np.float64}


def exact_format(samples: np.ndarray) -> str:
    """Return the smallest LSL format that holds every one of `samples` exactly.

    Examples
    --------
    >>> exact_format(np.array([[0.5]])), exact_format(np.array([[0.1]]))
    ('float32', 'double64')
    """
    with np.errstate(over="ignore"):
        rounded = samples.astype(np.float32)
    return "float32" if np.array_equal(rounded, samples, equal_nan=True) else "double64"


def _wait_for_receivers(
    samples: pylsl.StreamOutlet, markers: pylsl.StreamOutlet, stop: threading.Event | None
) -> None:
    while not samples.have_consumers():
        if not wait_until(pylsl.local_clock() + 0.01, stop):
            return
    patience = pylsl.local_clock() + MARKER_WAIT
    while not markers.have_consumers() and pylsl.local_clock() < patience:
        if not wait_until(pylsl.local_clock() + 0.01, stop):
            return


def _linger(outlet: pylsl.StreamOutlet, seconds: float, stop: threading.Event | None) -> None:
    end = pylsl.local_clock() + seconds
    while outlet.have_consumers() and pylsl.local_clock() < end:
        if not wait_until(pylsl.local_clock() + 0.05, stop):
            return


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the replay's command-line arguments to `parser`."""
    add = parser.add_argument
    add("file", metavar="FILE", help=f"a recording: {RECORDINGS} or another of MNE")
    add("--speed", type=float, default=1.0, metavar="X", help="times real time (default 1)")
    add("--loop", action="store_true", help="begin again at the end of the recording")
    add("--chunk", type=int, metavar="N", help="samples sent at once (default: those of 20 ms)")
    add("--name", default="Replay", help="name of the EEG stream (default %(default)s)")
    add(
        "--source-id",
        metavar="ID",
        help="source_id of the EEG stream (default: its name and this computer's)",
    )
    add_stream(parser)
    add_units(parser)
    add(
        "--no-wait",
        action="store_true",
        help="begin at once (default: when an experiment has connected, so that it misses nothing)",
    )
    add(
        "--linger",
        type=float,
        default=3.0,
        metavar="S",
        help="seconds that the streams stay after the last sample (default 3)",
    )
    add(
        "--until-process-ends",
        type=int,
        metavar="PID",
        help="stop when the process with this id has ended, and ignore Ctrl-C",
    )


def main(args: argparse.Namespace) -> int:
    """Run the replay as the parsed `args` say; return the exit status."""
    recording = read_recording(args.file, args.stream, units=args.units)
    source_id = args.source_id or unused_source_id(args.name)
    sys.stdout.write(
        f"{args.file}: {recording.seconds:.0f} s, {len(recording.labels)} channels at "
        f"{recording.rate:g} Hz, {len(recording.markers)} markers; speed {args.speed:g}\n"
    )
    course = "" if args.no_wait else "The recording begins when an experiment connects. "
    if args.loop:
        course += "It is repeated until you press Ctrl-C in this window."
    else:
        course += "The streams stay until its end; Ctrl-C in this window ends them sooner."
    length = None if args.loop else recording.seconds
    with (
        stop_on_signals(args.until_process_ends) as stop,
        progress_line(args.name, length) as progress,
    ):
        run_replay(
            recording,
            name=args.name,
            source_id=source_id,
            speed=args.speed,
            loop=args.loop,
            chunk=args.chunk,
            wait=not args.no_wait,
            linger=args.linger,
            stop=stop,
            progress=progress,
            published=lambda streams: announce(streams, recording.labels, course),
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(run_as_program("Stream a recording over LSL.", add_arguments, main))
