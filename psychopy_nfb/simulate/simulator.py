"""A simulated amplifier: a synthetic participant's EEG as a live stream.

Run it with ``python -m psychopy_nfb.simulate.simulator --help``.
"""

from __future__ import annotations

import argparse
import math
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pylsl

from psychopy_nfb.checks import check_number
from psychopy_nfb.dsp.montage import standard_positions
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.lsl.outlet import make_marker_outlet, make_outlet
from psychopy_nfb.settings import read_json
from psychopy_nfb.simulate.eeg_model import SimulatedEEG
from psychopy_nfb.simulate.faults import Faults, Spoil
from psychopy_nfb.simulate.program import (
    announce,
    progress_line,
    run_as_program,
    stop_on_signals,
    unused_source_id,
    usual_source_id,
    wait_until,
)

HEAD_RADIUS_MM = 95.0
"""Radius in millimetres of the sphere of the standard positions, for the stream's description."""
CHUNK_SECONDS, LONGEST_CHUNK_SECONDS = 0.01, 60.0
FAREWELL_SECONDS = 0.5
"""How long the streams stay after their last sample, for receivers to fetch it."""


@dataclass
class _Second:
    """About a second of the streams, ready to be sent."""

    samples: np.ndarray
    truth: np.ndarray
    markers: deque[tuple[int, str]]
    taken: list[float]
    """When each sample is taken, in seconds since the start."""
    sent: list[bool] | None
    """Which samples are not lost in an outage; None for all."""


def run_simulator(
    simulation: SimulatedEEG,
    *,
    name: str = "SimulatedEEG",
    source_id: str | None = None,
    chunk: int | None = None,
    seconds: float | None = None,
    stop: threading.Event | None = None,
    markers: bool = True,
    faults: Faults | None = None,
    progress: Callable[[float], None] | None = None,
    published: Callable[[list[pylsl.StreamInfo]], None] | None = None,
) -> int:
    """Stream a synthetic participant until `stop` is set or `seconds` are over.

    Three streams: `name` (type ``EEG``), ``<name>Truth`` (type ``Envelope``: the alpha envelope
    that is hidden in the EEG, in microvolts at Oz, with the same stamps) and ``<name>Markers``
    (``eyes_open``, ``eyes_closed``, ``blink``, stamped as their samples). Sample ``i`` is taken at
    ``start + i / rate``, is stamped with that time, and is sent when its chunk is complete.

    Parameters
    ----------
    simulation : SimulatedEEG
        The participant.
    name : str
        Of the EEG stream.
    source_id : str, optional
        Of the EEG stream; the others add ``-truth`` and ``-markers``. Default is made of the name
        and this machine's.
    chunk : int, optional
        Samples sent at once; default is as many as 10 ms hold.
    seconds : float, optional
        Length; default is without end.
    stop : threading.Event, optional
        Ends it when set, within 50 ms.
    markers : bool
        Whether there is a marker stream.
    faults : Faults, optional
        What goes wrong; outages and spoilt samples concern the EEG alone.
    progress : callable, optional
        Called with the seconds streamed so far, about once a second and at the end.
    published : callable, optional
        Called once with the streams' descriptions, the EEG first, when they can be found on LSL.

    Returns
    -------
    int
        Samples taken, outages included.

    Raises
    ------
    SettingsError
        If chunk, seconds or faults do not fit.
    """
    faults = faults or Faults()
    rate, labels = simulation.rate, simulation.channels
    chunk = max(1, round(rate * CHUNK_SECONDS)) if chunk is None else chunk
    check_number("chunk", chunk, at_least=1, at_most=math.floor(rate * LONGEST_CHUNK_SECONDS))
    total = None
    if seconds is not None:
        total = round(check_number("seconds", seconds, above=0, unit="s") * rate)
    source_id = source_id or usual_source_id(name)
    faults.apply(np.empty((0, len(labels))), 0, labels)  # an unknown channel shows before the start
    at_once = chunk * max(1, round(rate / chunk))
    true_rate = faults.true_rate(rate)

    def prepare(first: int) -> _Second:
        samples, envelope = simulation.generate(at_once)
        samples = samples.astype(np.float32)
        faults.apply(samples, first, labels)
        taken = np.arange(first, first + at_once) / true_rate
        kept = faults.kept(taken)
        return _Second(
            samples=samples,
            truth=envelope.astype(np.float32)[:, None],
            markers=deque(simulation.collect_markers()),
            taken=taken.tolist(),
            sent=None if kept is None else kept.tolist(),
        )

    places = {
        label: [HEAD_RADIUS_MM * value for value in place]
        for label, place in standard_positions(labels).items()
    }
    eeg = make_outlet(
        name,
        "EEG",
        labels,
        rate,
        source_id=source_id,
        positions=places,
        simulated="synthetic EEG",
    )
    truth = make_outlet(f"{name}Truth", "Envelope", ["alpha"], rate, source_id=f"{source_id}-truth")
    noted = make_marker_outlet(f"{name}Markers", f"{source_id}-markers") if markers else None
    if published is not None:
        published([one.get_info() for one in (eeg, truth, noted) if one is not None])

    sent = 0
    # The next second is made in a thread, so that making it keeps no sample of this one waiting.
    with ThreadPoolExecutor(1, thread_name_prefix="simulated EEG") as ahead:
        coming = ahead.submit(prepare, 0)
        coming.result()
        start = pylsl.local_clock()
        while total is None or sent < total:
            second = coming.result()
            coming = ahead.submit(prepare, sent + at_once)
            left = at_once if total is None else min(at_once, total - sent)
            for first in range(0, left, chunk):
                last = min(first + chunk, left)
                if not wait_until(start + second.taken[last - 1], stop):
                    if progress is not None:
                        progress((sent + first) / rate)
                    return sent + first
                stamps = [start - faults.stamp_delay + t for t in second.taken[first:last]]
                while noted is not None and second.markers:
                    row = second.markers[0][0] - sent
                    if row >= last:
                        break
                    noted.push_sample([second.markers.popleft()[1]], stamps[row - first])
                _push(truth, second.truth[first:last], stamps)
                if second.sent is None or all(second.sent[first:last]):
                    _push(eeg, second.samples[first:last], stamps)
                else:
                    kept = np.array(second.sent[first:last])
                    _push(eeg, second.samples[first:last][kept], np.array(stamps)[kept].tolist())
            sent += left
            if progress is not None:
                progress(sent / rate)
    wait_until(pylsl.local_clock() + FAREWELL_SECONDS, stop)
    return sent


def _push(outlet: pylsl.StreamOutlet, samples: np.ndarray, stamps: list[float]) -> None:
    if not stamps:
        return  # all of the chunk fell into an outage
    # A list gives each sample its own stamp; with one number, LSL derives the others from the
    # nominal rate, which is not the true one when the amplifier's clock is off.
    outlet.push_chunk(samples, stamps if len(stamps) > 1 else stamps[0])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the simulator's command-line arguments to `parser`."""
    usual = SimulatedEEG()
    add = parser.add_argument
    add("--name", default="SimulatedEEG", help="name of the EEG stream (default %(default)s)")
    add(
        "--source-id",
        metavar="ID",
        help="source_id of the EEG stream (default: its name and this computer's)",
    )
    add("--settings", metavar="FILE", help="JSON file with settings of the simulated participant")
    add(
        "--rate",
        type=float,
        metavar="HZ",
        help=f"sampling rate in Hz, 50 to 20000 (default {usual.rate:g})",
    )
    add(
        "--channels",
        metavar="LABELS",
        help="channel labels, separated by commas: Fz,Cz,Oz (default: 32 of the 10-20 system)",
    )
    add("--seed", type=int, help="another number gives another participant (default 0)")
    add(
        "--alpha-frequency",
        type=float,
        metavar="HZ",
        help=f"frequency of the alpha rhythm in Hz (default {usual.alpha_frequency:g})",
    )
    add(
        "--alpha-amplitude",
        type=float,
        metavar="UV",
        help="mean amplitude of the alpha rhythm at Oz with eyes open, in microvolts (default "
        f"{usual.alpha_amplitude:g})",
    )
    add(
        "--eyes",
        choices=("alternate", "open", "closed"),
        help=f"eyes of the participant; alternate: each {usual.eyes_seconds:g} s (default "
        f"{usual.eyes})",
    )
    add(
        "--line-frequency",
        type=float,
        metavar="HZ",
        help="mains frequency in Hz, 50 or 60; 0: no mains noise (default 50)",
    )
    add("--chunk", type=int, metavar="N", help="samples sent at once (default: those of 10 ms)")
    add("--seconds", type=float, metavar="S", help="length in seconds (default: until Ctrl-C)")
    add("--no-markers", action="store_true", help="do not publish the marker stream")
    add(
        "--until-process-ends",
        type=int,
        metavar="PID",
        help="stop when the process with this id has ended, and ignore Ctrl-C",
    )
    faults = parser.add_argument_group("faults, for tests of an experiment")
    add = faults.add_argument
    add(
        "--drop",
        action="append",
        default=[],
        metavar="START:LENGTH",
        help="lose the samples of LENGTH seconds, START seconds after the beginning",
    )
    add(
        "--rate-error-ppm",
        type=float,
        default=0.0,
        metavar="PPM",
        help="sample faster than the nominal rate, in parts per million (default 0)",
    )
    add(
        "--stamp-delay",
        type=float,
        default=0.0,
        metavar="S",
        help="send each sample so many seconds after its time stamp (default 0)",
    )
    add(
        "--spoil",
        action="append",
        default=[],
        metavar="KIND:FIRST:LAST[:CHANNEL]",
        help="make samples FIRST to LAST nan, inf, flat or huge (KIND)",
    )


def main(args: argparse.Namespace) -> int:
    """Run the simulator as the parsed `args` say; return the exit status."""
    simulation = read_json(SimulatedEEG, args.settings) if args.settings else SimulatedEEG()
    given = {
        key: getattr(args, key)
        for key in (
            "rate",
            "seed",
            "alpha_frequency",
            "alpha_amplitude",
            "eyes",
            "line_frequency",
        )
        if getattr(args, key) is not None
    }
    if args.channels:
        if args.channels.strip().isdecimal():
            raise SettingsError(
                "channels", args.channels, "must be labels, separated by commas: Fz,Cz,Oz"
            )
        given["channels"] = tuple(label.strip() for label in args.channels.split(","))
    mains, rate = simulation.line_frequency, given.get("rate", simulation.rate)
    left_out = "line_frequency" not in given and mains >= rate / 2
    if left_out:
        given["line_frequency"] = 0.0
    simulation = replace(simulation, **given)
    if left_out:
        sys.stderr.write(
            f"Mains noise is left out: {rate:g} samples a second hold no rhythm of {mains:g} Hz.\n"
        )
    faults = Faults(
        drop=tuple(map(_outage, args.drop)),
        rate_error_ppm=args.rate_error_ppm,
        stamp_delay=args.stamp_delay,
        spoil=tuple(map(Spoil.parse, args.spoil)),
    )
    course = "The streams stay until you press Ctrl-C in this window."
    if args.seconds is not None:
        course = f"The streams stay for {args.seconds:g} s; Ctrl-C in this window ends them sooner."
    with (
        stop_on_signals(args.until_process_ends) as stop,
        progress_line(args.name, args.seconds) as progress,
    ):
        run_simulator(
            simulation,
            name=args.name,
            source_id=args.source_id or unused_source_id(args.name),
            chunk=args.chunk,
            seconds=args.seconds,
            stop=stop,
            markers=not args.no_markers,
            faults=faults,
            progress=progress,
            published=lambda streams: announce(streams, simulation.channels, course),
        )
    return 0


def _outage(text: str) -> tuple[float, float]:
    try:
        start, length = map(float, text.split(":"))
    except ValueError:
        raise SettingsError("drop", text, "must be START:LENGTH in seconds") from None
    return start, length


if __name__ == "__main__":
    raise SystemExit(run_as_program("Stream simulated EEG over LSL.", add_arguments, main))
