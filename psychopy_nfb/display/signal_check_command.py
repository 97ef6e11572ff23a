"""`psychopy-nfb signal-check`: which channels of an amplifier are good, live."""

from __future__ import annotations

import argparse
import sys

from psychopy_nfb.checks import check_number
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.lsl.selection import PATIENT_SECONDS, StreamSelection, named_stream
from psychopy_nfb.terminal import doing

PACED_HZ = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb signal-check``."""
    add = parser.add_argument
    add("stream", nargs="?", metavar="STREAM", help="name or source_id of the stream, or:")
    add("--device", metavar="NAME", help="an LSL amplifier of PsychoPy's Device Manager, or:")
    add("--name", metavar="NAME", help="name of the stream (default: any)")
    add(
        "--type",
        default="EEG",
        metavar="TYPE",
        help="content type of the stream (default %(default)s)",
    )
    add("--source-id", metavar="ID", help="serial number or other unique mark of the amplifier")
    add("--hostname", metavar="NAME", help="the machine that sends the stream")
    add("--units", choices=("uV", "mV", "V", "nV"), help="unit of the samples (default: declared)")
    add("--rate", type=float, metavar="HZ", help="samples a second, if the stream declares none")
    add(
        "--timeout",
        type=float,
        default=PATIENT_SECONDS,
        metavar="S",
        help="seconds to look for it (default %(default)g)",
    )
    add("--seconds", type=float, metavar="S", help="end by itself after this time (default: a key)")
    add("--fullscreen", action="store_true", help="use the whole screen (default: a window)")


def main(options: argparse.Namespace) -> int:
    """Show the page until a key is pressed; exit status 1 if a channel is bad or none judged."""
    check_number("timeout", options.timeout, above=0, unit="s")
    if options.seconds is not None:
        check_number("seconds", options.seconds, above=0, unit="s")
    from psychopy_nfb.display.neurofeedback import Neurofeedback
    from psychopy_nfb.display.signal_check import show_signal_check
    from psychopy_nfb.display.window import check_screen, open_window, pacing_note
    from psychopy_nfb.dsp import DCBlock, Pick, Pipeline
    from psychopy_nfb.engine.configuration import Configuration
    from psychopy_nfb.lsl.ask import ask_channels
    from psychopy_nfb.lsl.find import find_stream
    from psychopy_nfb.protocol import Signal

    stream = _stream(options)
    with doing("Looking for the stream"):
        found = find_stream(stream)
        channels = ask_channels(found, options.timeout, stream.units)
    # Nothing is trained: a signal is needed, and any will do.
    eeg = [label for label in channels.labels if label not in channels.not_eeg]
    nfb = Neurofeedback(
        Configuration(
            stream=stream,
            signals={
                "any": Signal(
                    Pipeline([Pick([(eeg or channels.labels)[0]]), DCBlock()]),
                    role="watch",
                    normalise="none",
                    display_range=(0.0, 20.0),
                )
            },
            markers=False,
        )
    )
    check_screen()
    with doing("Starting the background process"):
        nfb.start()
    with nfb:
        with doing("Opening the window"):
            win = open_window((1000, 700), fullscr=options.fullscreen, units="pix", allowGUI=True)
        try:
            nfb.attach(win, pace=PACED_HZ)
            which = f" ({found.source_id()})" if found.source_id() else ""
            title = f"Signal check of {found.name()}{which}"  # two amplifiers may have one name
            result = show_signal_check(nfb, win, wait=options.seconds, text=title)
            note = pacing_note(win)
        finally:
            win.close()
    lines = [f"{label}: {reason}" for label, reason in result.bad.items()]
    if lines:
        lines.append(
            "A bad channel spoils a reference that it is in: mend it, or leave it out of the "
            "training's reference (exclude; in Builder: Left out of the reference)."
        )
    if not result.judged:
        lines = [
            "No channel was judged: the check was left before its first result, no samples "
            "arrived, or the stream has no EEG channel."
        ]
    lines = lines or [f"All {len(eeg)} channels of EEG are good."]
    sys.stdout.write("\n".join([*filter(None, [note]), *lines]) + "\n")
    return int(bool(result.bad) or not result.judged)


def _stream(options: argparse.Namespace) -> StreamSelection:
    """Return the stream that the options mean."""
    if options.stream is not None:
        for other in ("device", "name", "source_id", "hostname"):
            if getattr(options, other):
                raise SettingsError(
                    f"--{other.replace('_', '-')}",
                    getattr(options, other),
                    f"names another stream beside {options.stream!r}; leave one of them out",
                )
    if options.device:
        from psychopy_nfb.hardware.amplifier import device_stream

        return device_stream(options.device, options.timeout)
    keys = ("name", "source_id", "hostname", "units", "rate", "timeout")
    settings = {key: getattr(options, key) for key in keys}
    if options.stream is not None:
        return named_stream(options.stream, **settings)
    return StreamSelection(type=options.type, **settings)
