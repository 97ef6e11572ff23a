"""LSL's clock, PsychoPy's clock, and the offset between them; and waiting for a point in time.

`lsl_now` is LSL's ``local_clock()``, in seconds: the one clock of this package.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from pylsl import local_clock as lsl_now

__all__ = ["ClockOffset", "PsychoPyClock", "Sleeper", "lsl_now", "measure_offset"]

SANDWICHES = 50
SMALLEST_GUARD, LARGEST_GUARD = 0.001, 0.003
COARSE_GUARD = 0.016
"""Windows below Python 3.11 sleeps in steps of 15.6 ms."""
GUARD_FORGET = 0.999
"""Share of the guard that stays after a sleep that did not need it: half of it in 700 frames."""


@dataclass(frozen=True)
class ClockOffset:
    """How far one clock is ahead of another."""

    offset: float
    """Seconds to subtract from the first clock's reading to have the second's."""
    uncertainty: float
    """Half the width in seconds of the sandwich that it was read in."""
    t: float
    """When, on the second clock."""


def measure_offset(
    first: Callable[[], float], second: Callable[[], float], repeats: int = SANDWICHES
) -> ClockOffset:
    """Measure how far clock `first` is ahead of clock `second`.

    Reads second, first, second in a row; of several such sandwiches the narrowest is the one that
    nothing came between.

    Examples
    --------
    >>> import time
    >>> ahead = measure_offset(lambda: time.perf_counter() + 5, time.perf_counter)
    >>> abs(ahead.offset - 5) < 0.001
    True
    """
    best: ClockOffset | None = None
    for _ in range(repeats):
        before = second()
        reading = first()
        after = second()
        half = (after - before) / 2
        if best is None or half < best.uncertainty:
            middle = before + half
            best = ClockOffset(reading - middle, half, middle)
    return best


class PsychoPyClock:
    """The mapping between PsychoPy's clock and LSL's.

    On Linux PsychoPy counts by CLOCK_REALTIME and LSL by CLOCK_MONOTONIC, whose offset the network
    time protocol moves: `measure` again during a run.

    Parameters
    ----------
    read : callable, optional
        Reads PsychoPy's clock; default is ``psychopy.clock.getTime``.

    Attributes
    ----------
    history : list of ClockOffset
        Every measurement, for the session's settings file.
    """

    def __init__(self, read: Callable[[], float] | None = None):
        self._read = read
        self.history: list[ClockOffset] = []

    def measure(self) -> ClockOffset:
        """Measure the offset now, which takes well under a millisecond, and use it from here on."""
        if self._read is None:
            from psychopy import clock

            self._read = clock.getTime
        measured = measure_offset(self._read, lsl_now)
        self.history.append(measured)
        return measured

    @property
    def offset(self) -> float:
        """Seconds that PsychoPy's clock is ahead of LSL's, as last measured."""
        return (self.history[-1] if self.history else self.measure()).offset

    def to_lsl(self, t: float) -> float:
        """Turn a time of ``psychopy.clock.getTime()`` into LSL's."""
        return t - self.offset

    def from_lsl(self, t: float) -> float:
        """Turn an LSL time into that of ``psychopy.clock.getTime()``."""
        return t + self.offset


class Sleeper:
    """Waits for points in time without coming late: sleeps short of them and spins the rest.

    How far short follows what sleeping has overshot so far, because that is a property of the
    machine and its load: here 0.12 ms median and 3.5 ms at the 99th percentile.

    Attributes
    ----------
    guard : float
        Seconds before the deadline at which sleeping ends and spinning begins.
    """

    def __init__(self) -> None:
        coarse = sys.platform == "win32" and sys.version_info < (3, 11)
        self._largest = COARSE_GUARD if coarse else LARGEST_GUARD
        self.guard: float = self._largest if coarse else SMALLEST_GUARD
        self._smallest = self.guard if coarse else SMALLEST_GUARD

    def wait_until(self, deadline: float) -> float:
        """Return at LSL time `deadline`, or at once if it has passed; returns the time it is.

        Runs once a frame and allocates nothing but floats.
        """
        now = lsl_now()
        sleep = deadline - self.guard - now
        if sleep > 0:
            time.sleep(sleep)
            woke = lsl_now()
            overshoot = woke - now - sleep
            # Grow at once to what was needed and a half more; forget slowly.
            needed = min(1.5 * overshoot, self._largest)
            self.guard = max(needed, self.guard * GUARD_FORGET, self._smallest)
            now = woke
        while now < deadline:
            now = lsl_now()
        return now
