"""`psychopy-nfb inspect`: what is understood of a stream or of a recording, and what is assumed."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from psychopy_nfb.checks import check_number
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.inspection.listened import Listened
from psychopy_nfb.inspection.understanding import Understanding, of_recording
from psychopy_nfb.lsl.inlet import Inlet
from psychopy_nfb.lsl.markers import MarkerWatcher
from psychopy_nfb.lsl.selection import PATIENT_SECONDS, StreamSelection, named_stream
from psychopy_nfb.terminal import add_stream, add_units, doing

LISTEN_SECONDS = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb inspect``."""
    add = parser.add_argument
    add(
        "input",
        nargs="?",
        metavar="FILE|STREAM",
        help="a recording, or name or source_id of a stream; default the only EEG on the network",
    )
    add_stream(parser)
    add(
        "--seconds",
        type=float,
        default=LISTEN_SECONDS,
        metavar="S",
        help="how long to listen to a stream (default %(default)g)",
    )
    add(
        "--timeout",
        type=float,
        default=PATIENT_SECONDS,
        metavar="S",
        help="seconds to look for a stream (default %(default)g)",
    )
    add("--rate", type=float, metavar="HZ", help="rate of a stream that declares none")
    add_units(parser)
    add("--json", action="store_true", help="print JSON instead of text")


def main(options: argparse.Namespace) -> int:
    """Print what was understood."""
    check_number("seconds", options.seconds, above=0, unit="s")
    check_number("timeout", options.timeout, above=0, unit="s")
    if options.input is not None and not options.input.strip():
        raise SettingsError("input", options.input, "is empty; name a recording or a stream")
    path = None if options.input is None else Path(options.input)
    if path is not None and (path.exists() or _looks_like_a_file(options.input)):
        # Here and not above: pandas and MNE take their time.
        from psychopy_nfb.recording.eeg_files import read_recording

        recording = read_recording(path, options.stream, units=options.units, tell=False)
        found = of_recording(recording, path.suffix)
    else:
        found = listen_to(_selected(options), options.seconds)
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


def _selected(options: argparse.Namespace) -> StreamSelection:
    """Return the stream that a name or a source_id means; without one the only EEG."""
    settings = {key: getattr(options, key) for key in ("units", "rate", "timeout")}
    if options.input is None:
        return StreamSelection(**settings)
    return named_stream(options.input, **settings)


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
    watcher = MarkerWatcher()
    with doing("Looking for the stream"):
        inlet = Inlet(selection)
    came = Listened(inlet)
    came.listen(seconds)
    markers = Counter(marker.label for marker in watcher.take())
    notes = watcher.take_notes()
    watcher.close()
    inlet.close()
    return came.understood(dict(markers), notes)
