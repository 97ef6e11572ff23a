"""The options of ``psychopy-nfb selftest``, and which of them it refuses."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from psychopy_nfb.checks import check_number
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.photodiode.selftest_rhythm import DELAY, SMOOTH

SHORTEST_SECONDS = 15.0
LONGEST_LAG_MS = 800.0
"""Of a chosen lag: the light has to answer a step before the next one comes."""
INJECTED = {
    "pipeline": "filter_delay_ms",
    "stream": "sample_to_received_ms",
    "display": "flip_to_light_ms",
}
"""Where a delay can be put in, and the stage that has to show it."""


@dataclass
class Injected:
    """Delays put in on purpose, in milliseconds."""

    pipeline: float = 0.0
    stream: float = 0.0
    display: float = 0.0

    @classmethod
    def parse(cls, given: list[str]) -> Injected:
        """Return what ``["stream=25", …]`` says.

        Raises
        ------
        SettingsError
            If a place is not known or its delay is no number from 0 to 300.
        """
        found = {}
        for text in given:
            place, _, delay = text.partition("=")
            if place not in INJECTED:
                raise SettingsError(
                    "inject", text, f"must be one of {', '.join(INJECTED)}, then =MS"
                )
            try:
                found[place] = float(delay)
            except ValueError:
                raise SettingsError("inject", text, "needs a number of milliseconds") from None
            check_number(f"inject {place}", found[place], at_least=0, at_most=300, unit="ms")
        return cls(**found)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb selftest``."""
    add = parser.add_argument
    add(
        "--seconds",
        type=float,
        default=60.0,
        metavar="S",
        help=f"length in seconds, at least {SHORTEST_SECONDS:g} (default %(default)g)",
    )
    add(
        "--sensor",
        metavar="NAME",
        help="name of the LSL stream of a real light sensor (default: read pixels of the screen)",
    )
    add("--channel", metavar="NAME", help="the sensor's channel (default: the only one)")
    add(
        "--inject",
        action="append",
        default=[],
        metavar="PLACE=MS",
        help="add a delay of so many milliseconds, which the result has to show; PLACE is "
        f"{', '.join(INJECTED)}",
    )
    add(
        "--lag",
        type=float,
        metavar="MS",
        help="choose the lag from brain to flip, in milliseconds, as the lag of a block does; the "
        "result has to show it (default: as little as there must be)",
    )
    add("--out", metavar="DIR", default="data", help="folder for the files (default %(default)s)")
    add("--json", metavar="FILE", help="write the lag budget to this file, too")
    add("--fullscreen", action="store_true", help="use the whole screen, as for a real sensor")


def check_lag(lag: float, injected: Injected) -> None:
    """Check a chosen lag in milliseconds before anything is started.

    Raises
    ------
    SettingsError
        If it is impossible, looks like one in seconds, or is less than the filter alone takes.

    Examples
    --------
    >>> check_lag(0.15, Injected())
    Traceback (most recent call last):
    psychopy_nfb.errors.SettingsError: lag='0.15 ms': is less than one millisecond; did you mean \
150 ms?
    """
    check_number("lag", lag, above=0, at_most=LONGEST_LAG_MS, unit="ms")
    shown = f"{lag:g} ms"
    if lag < 1:
        raise SettingsError(
            "lag", shown, f"is less than one millisecond; did you mean {1e3 * lag:g} ms?"
        )
    takes = 1e3 * (DELAY + SMOOTH / 2) + injected.pipeline
    if lag < takes:
        raise SettingsError(
            "lag",
            shown,
            f"is less than the {takes:.0f} ms that the filter takes here; stream and screen come "
            f"on top, so choose {takes + 50:.0f} ms or more",
        )
