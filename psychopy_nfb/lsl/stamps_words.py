"""What is told of a stream's stamps: sentences for the log, the events and the reports."""

from __future__ import annotations

from psychopy_nfb.lsl.stamps_heard import FOREIGN_SECONDS

HELD_SECONDS = 60.0
"""Programs hold samples back for less: what comes later has stamps of another clock."""

NOT_IN_LAG = "the amplifier's own delay is not known and is in no figure of the lag"
COUNTED = (
    "The amplifier's stamps do not tell when each sample was taken; samples are counted and spaced "
    f"evenly, chunk by chunk: {NOT_IN_LAG}."
)
UNCHANGING = (
    "The amplifier's stamps do not change from sample to sample; samples are counted and spaced "
    f"evenly as they arrive: {NOT_IN_LAG}. Set the amplifier's program to LSL's clock "
    "(local_clock)."
)
NOISY = (
    "The amplifier's stamps are early as often as late, by {:.1f} ms (standard deviation), and not "
    "by when samples arrive: this is taken for noise around the times of the samples, which are "
    "counted and spaced evenly along its mean. If the program delays its stamps at random, samples "
    "are that much older than they are said to be."
)
JUMPS = (
    "The clock of the amplifier's stamps jumped {} times in {:.0f} s: its stamps are used no "
    f"longer, and samples are counted and spaced evenly as they arrive: {NOT_IN_LAG}. See whether "
    "two programs set the clock of the amplifier's computer, or send stamps of two clocks."
)
JUMP = (
    "The clock of the amplifier's stamps jumped by {:+.1f} s. From there on its stamps are moved "
    "onto LSL's clock by when samples arrive, and filters begin anew."
)
JUMP_BACK = (
    "The clock of the amplifier's stamps jumped by {:+.1f} s, onto LSL's clock. From there on its "
    "stamps are taken as sent, and filters begin anew."
)
MISSING = (
    "Samples came without a valid stamp; they are stamped by counting from the samples beside them."
)
UNIT = (
    "The amplifier's stamps are in {}, but LSL's are in seconds: they are divided by {:,.0f}. Set "
    "the amplifier's program to LSL's clock (local_clock, in seconds) if it can be set."
)


def may_be_held(late: float) -> bool:
    """Return whether samples that arrive `late` seconds after their stamps may have been held back.

    Otherwise their stamps are of another clock.

    Examples
    --------
    >>> may_be_held(2.0), may_be_held(-2.0), may_be_held(1.7e9)
    (True, False, False)
    """
    return FOREIGN_SECONDS < late <= HELD_SECONDS


def apart_in_words(late: float, *, past: bool = False) -> str:
    """Return how far stamps are from LSL's clock, as the beginning of a sentence.

    Parameters
    ----------
    late : float
        Seconds from the stamps to the arrival of their samples.
    past : bool
        Whether it is told of a session that is over.

    Examples
    --------
    >>> apart_in_words(-20.0)
    "The amplifier's stamps are +20.0 s off LSL's clock"
    >>> print(apart_in_words(2.0))
    Samples arrive 2.0 s after the times of their stamps (the amplifier's clock is behind LSL's, or
    its program holds samples back)
    """
    is_, arrive, holds = ("were", "arrived", "held") if past else ("are", "arrive", "holds")
    if not may_be_held(late):
        return f"The amplifier's stamps {is_} {-late:+,.1f} s off LSL's clock"
    clock = "was" if past else "is"
    return (
        f"Samples {arrive} {late:.1f} s after the times of their stamps (the amplifier's clock "
        f"{clock} behind LSL's, or its program {holds} samples back)"
    )


def offset_told(late: float) -> str:
    """Return the sentence on stamps of another clock, or of samples that are held back.

    Examples
    --------
    >>> print(offset_told(2.0))
    Samples arrive 2.0 s after the times of their stamps (...). Their stamps are moved onto LSL's
    clock by when samples arrive. If it is the program, feedback is 2.0 s later than all figures of
    the lag say: tap on an electrode and look how late it shows, and shorten the program's buffer.
    If it is the clock, set the program to LSL's (local_clock).
    """
    if may_be_held(late):
        return (
            f"{apart_in_words(late)}. Their stamps are moved onto LSL's clock by when samples "
            f"arrive. If it is the program, feedback is {late:.1f} s later than all figures of the "
            "lag say: tap on an electrode and look how late it shows, and shorten the program's "
            "buffer. If it is the clock, set the program to LSL's (local_clock)."
        )
    return (
        f"{apart_in_words(late)}. They are moved onto it by when samples arrive: {NOT_IN_LAG}. Set "
        "the amplifier's program to LSL's clock (local_clock) if it can be set."
    )
