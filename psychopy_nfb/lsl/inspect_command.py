"""`psychopy-nfb inspect`: what is understood of a stream or of a recording, and what is assumed."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pylsl

from psychopy_nfb.checks import check_number
from psychopy_nfb.lsl.amplitude import AmplitudeCheck
from psychopy_nfb.lsl.continuity import Continuity
from psychopy_nfb.lsl.inlet import Inlet, StreamLost
from psychopy_nfb.lsl.markers import MarkerWatcher
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.lsl.understanding import Channel, Understanding, eeg_sd, no_numbers, of_recording
from psychopy_nfb.terminal import add_units

LISTEN_SECONDS = 5.0
PULL_SECONDS = 0.05
LAST_MARKERS_SECONDS = 0.1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb inspect``."""
    add = parser.add_argument
    add(
        "input",
        nargs="?",
        metavar="FILE|STREAM",
        help="a recording, or name or source_id of a stream; default the only EEG on the network",
    )
    add("--stream", metavar="NAME", help="stream to take from an .xdf file (default: its EEG)")
    add(
        "--seconds",
        type=float,
        default=LISTEN_SECONDS,
        metavar="S",
        help="how long to listen to a stream (default %(default)g)",
    )
    add("--rate", type=float, metavar="HZ", help="rate of a stream that declares none")
    add_units(parser)
    add("--json", action="store_true", help="print JSON instead of text")


def main(options: argparse.Namespace) -> int:
    """Print what was understood."""
    check_number("seconds", options.seconds, above=0, unit="s")
    path = None if options.input is None else Path(options.input)
    if path is not None and (path.exists() or _looks_like_a_file(options.input)):
        # Here and not above: pandas and MNE take their time.
        from psychopy_nfb.lsl.files import read_recording

        recording = read_recording(path, options.stream, units=options.units, tell=False)
        found = of_recording(recording, path.suffix)
    else:
        found = listen_to(selected(options.input, options.units, options.rate), options.seconds)
    print(
        json.dumps(found.to_dict(), indent=2, ensure_ascii=False)
        if options.json
        else "\n".join(found.lines())
    )
    return 0


def _looks_like_a_file(text: str) -> bool:
    """Return whether a text that is no file there is meant as one, so that a stream is not sought.

    Examples
    --------
    >>> _looks_like_a_file("data/rest.edf"), _looks_like_a_file("MyAmp 2.1")
    (True, False)
    """
    ending = Path(text).suffix[1:]
    return ending.isalpha() or "/" in text or "\\" in text


def selected(text: str | None, units: str | None, rate: float | None) -> StreamSelection:
    """Return the stream that a name or a source_id means; without one the only EEG."""
    if text is None:
        return StreamSelection(units=units, rate=rate)
    quote = '"' if "'" in text else "'"
    return StreamSelection(
        type=None,
        predicate=f"name={quote}{text}{quote} or source_id={quote}{text}{quote}",
        units=units,
        rate=rate,
    )


def listen_to(selection: StreamSelection, seconds: float) -> Understanding:
    """Listen to a stream and return what was understood of it.

    Parameters
    ----------
    selection : StreamSelection
        Which stream.
    seconds : float
        How long.

    Raises
    ------
    StreamError
        If there is no such stream, more than one, or one that cannot be trained on; it says why.
    """
    from tqdm import tqdm

    watcher = MarkerWatcher()
    inlet = Inlet(selection)
    markers: Counter[str] = Counter()
    notes: list[str] = []
    samples, stamps, arrived = [], [], []
    continuity = Continuity(inlet.info.rate)
    amplitude = AmplitudeCheck(inlet.info)
    gaps: list[tuple[float, float]] = []
    lost = False
    begun = pylsl.local_clock()
    bar_format = "{desc} |{bar}| {remaining} left"
    with tqdm(
        total=seconds, desc="Listening", bar_format=bar_format, disable=None, leave=False
    ) as bar:
        while (now := pylsl.local_clock() - begun) < seconds and not lost:
            bar.update(min(now, seconds) - bar.n)
            try:
                pulled = inlet.pull(PULL_SECONDS)
            except StreamLost:
                lost = True
                break
            if pulled is None:
                continue
            arrived.append(pylsl.local_clock())
            block, times = pulled[0].copy(), pulled[1].copy()
            for gap in continuity.check(times, inlet.clock.breaks):
                gaps.append((gap.t, gap.seconds))
            continuity.learn()
            samples.append(block)
            stamps.append(times)
            wrong = amplitude.add(block)
            if wrong is not None:
                notes.append(wrong)
    for marker in watcher.take():
        markers[marker.label] += 1
    notes += watcher.take_notes()
    watcher.close()
    inlet.close()
    while inlet.clock.events:
        _, detail = inlet.clock.events.popleft()
        if "sentence" in detail:
            notes.append(detail["sentence"])
    if lost:
        notes.append("The stream ended while it was listened to.")
    if not samples:
        notes.append(f"No sample came in {seconds:g} s: is the amplifier switched on?")
    return _of_stream(inlet, samples, stamps, arrived, continuity, gaps, dict(markers), notes)


def _of_stream(
    inlet: Inlet,
    samples: list[np.ndarray],
    stamps: list[np.ndarray],
    arrived: list[float],
    continuity: Continuity,
    gaps: list[tuple[float, float]],
    markers: dict[str, int],
    notes: list[str],
) -> Understanding:
    facts, channels, heard = inlet.facts(), inlet.channels, inlet.heard
    off = f"{-inlet.clock.offset:+,.3f} s"
    clock = {
        "as sent": "stamps are on LSL's clock, taken as sent",
        "moved": f"stamps are {off} off LSL's clock and moved onto it",
        "counted": "stamps do not tell when each sample was taken: samples are counted",
    }[facts["clock"]["stamps"]]
    together = np.concatenate(samples) if samples else np.zeros((0, inlet.info.n_channels))
    first = float(stamps[0][0]) if stamps else 0.0
    places = inlet.info.positions
    waits = np.diff(arrived[1:])  # what came first had waited in a buffer
    kind = facts["type"] or "no type"
    return Understanding(
        what="stream",
        name=str(facts["name"]),
        about=f"an LSL stream ({kind}, {facts['format']}) from the machine '{facts['hostname']}'",
        seconds=len(together) / inlet.info.rate,
        channels=[
            Channel(label, kind, unit, label in places)
            for label, kind, unit in zip(
                channels.labels, channels.kinds, channels.units, strict=True
            )
        ],
        declared_rate=inlet.declared_rate,
        real_rate=heard.rate if continuity.effective_rate is None else continuity.effective_rate,
        used_rate=inlet.info.rate,
        clock=clock,
        chunk=f"{heard.chunk} samples at once, every {1e3 * inlet.clock.chunk_seconds:.1f} ms"
        + (f"; the longest wait was {1e3 * max(waits):.0f} ms" if len(waits) else ""),
        eeg_sd_uv=eeg_sd(together, channels.kinds, inlet.info.rate) if samples else None,
        gaps=[(t - first, seconds) for t, seconds in gaps],
        markers=markers,
        assumptions=[
            *channels.assumptions,
            *no_numbers(together, channels.labels),
            *notes,
        ],
    )
