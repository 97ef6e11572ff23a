"""What may be wrong with a sample, as bits that can be combined."""

from __future__ import annotations

from enum import IntFlag


class Flags(IntFlag):
    """Bits carried by every processed sample, feedback record and row of the frame log.

    Any bit withholds reward. 0 is a clean sample.
    """

    INVALID = 1
    """Not a number, infinite or beyond what an amplifier can deliver: replaced before filtering."""
    AMPLITUDE = 2
    """Above the absolute amplitude limit of the artifact step."""
    BURST = 4
    """Many times the channel's own running standard deviation."""
    FLAT = 8
    """No variation: an electrode off, an input saturated."""
    GAP = 16
    """Samples were lost right before this one; the filters start anew."""
    SETTLING = 32
    """The filters have not yet seen enough samples since their start or a gap."""
    CALIBRATING = 64
    """A baseline is being recorded: there is nothing yet to compare with."""
    NO_DATA = 128
    """The stream has stopped: the record repeats the last value."""
    PAUSED = 256
    """The experiment has paused the feedback; data are still recorded."""
    UNCALIBRATED = 512
    """A signal needs a baseline and has none: value and reward stay 0."""
    INHIBITED = 1024
    """A signal that inhibits is beyond its threshold, e.g. muscle activity."""
    DRIFTING = 2048
    """Volumes of an MR sequence drift against the samples: the two clocks are not locked."""
    NO_POINTS = 4096
    """Outside of the blocks in which points and hits are counted, such as in a rest."""

    RATE = 8192
    """The stream has left the rate that the filters were made for: they pass another band."""


HOLDING = int(
    Flags.INVALID
    | Flags.AMPLITUDE
    | Flags.BURST
    | Flags.FLAT
    | Flags.GAP
    | Flags.SETTLING
    | Flags.RATE
)
"""Flags which say that the sample itself is not to be trusted."""
ARTIFACT = HOLDING & ~int(Flags.SETTLING)
"""Flags which say that the EEG is not good; filters that settle say nothing of it."""
NOT_COMPARED = int(Flags.UNCALIBRATED | Flags.CALIBRATING)
"""Flags which say that there is no baseline to compare the signal with."""


def flag_names(bits: int) -> list[str]:
    """Return the names of the set bits, lowest first.

    Examples
    --------
    >>> flag_names(10)
    ['AMPLITUDE', 'FLAT']
    """
    return [flag.name for flag in Flags if bits & flag]
