"""An amplifier whose samples tell the time at which they were taken; a process of its own.

The time is that of CLOCK_BOOTTIME, which neither the namespace nor the library of
`other_computer_clock` displaces: what both computers would read off one clock on the wall.
"""

import sys
import time

import pylsl

from psychopy_nfb.lsl.outlet import make_outlet

RATE = 250.0
PERIOD = 0.25
"""Seconds after which the ramp begins again: longer than any usual lag from sample to light."""
READING_ERROR = PERIOD / 255 / 2
"""Seconds by which a grey level of a screen may tell the time wrong: half a level."""
FULL = 100.0
"""Microvolts at the end of the ramp, at which a patch is white."""
LABEL = "Ramp"


def wall_ahead() -> float:
    """Return by how much the clock on the wall is ahead of this process's LSL clock, in seconds."""
    before, wall, after = (
        pylsl.local_clock(),
        time.clock_gettime(time.CLOCK_BOOTTIME),
        pylsl.local_clock(),
    )
    return wall - (before + after) / 2


def main(source_id: str) -> None:
    """Stream until killed."""
    outlet = make_outlet("Clock", "EEG", [LABEL], RATE, source_id=source_id)
    begun, number = pylsl.local_clock(), 0
    while True:
        t = begun + number / RATE
        time.sleep(max(0.0, t - pylsl.local_clock()))
        outlet.push_sample([FULL * ((t + wall_ahead()) % PERIOD) / PERIOD], t)
        number += 1


if __name__ == "__main__":
    main(sys.argv[1])
