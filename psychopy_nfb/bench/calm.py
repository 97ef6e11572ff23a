"""Measuring on a virtual machine, whose host gives its processor time to others now and then."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psutil

Outcome = TypeVar("Outcome")

TURN_SECONDS = 4.0
"""Conditions take turns of this length, so that a slow spell of the machine meets all of them."""
CALM_SECONDS = 0.015
"""When the host gave more of a turn to others, the turn says nothing about this program. One unit
of the system's count, ten milliseconds and less than one frame, is let pass."""


def stolen_seconds() -> float:
    """Return the processor seconds that the host has given to others, 0 on a real machine."""
    return getattr(psutil.cpu_times(), "steal", 0.0)


class Turns:
    """Repeats turns that the host disturbed.

    Parameters
    ----------
    repeats : int
        How many may be repeated before disturbed ones count as well.

    Attributes
    ----------
    repeated : int
        Turns that were repeated.
    disturbed : int
        Turns that counted although they were disturbed.
    """

    def __init__(self, repeats: int) -> None:
        self.repeats = repeats
        self.repeated = 0
        self.disturbed = 0

    def calm(self, measure: Callable[[], tuple[Outcome, float]]) -> Outcome:
        """Return a calm turn's outcome; `measure` gives an outcome and the stolen seconds."""
        while True:
            outcome, stolen = measure()
            if stolen <= CALM_SECONDS:
                return outcome
            if self.repeated == self.repeats:
                self.disturbed += 1
                return outcome
            self.repeated += 1
