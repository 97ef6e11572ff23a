"""Evenly spaced stamps for samples whose own stamps do not tell when each of them was taken."""

from __future__ import annotations

import math

import numpy as np

from psychopy_nfb.lsl.stamps_heard import FOREIGN_SECONDS, WRONG_RATE

WINDOW_SECONDS = 2.0
"""Time in which the narrowest arrival is looked for: what does not come at once was on its way."""
LOST_CHUNK = 0.75
"""Share of a chunk's length by which the next one comes late, from which on one was lost."""
DOUBT_SECONDS = 0.05
"""How long after a late block, and a chunk, those held up with it may still come: radio links such
as Bluetooth hand on in a few blocks what they could not send for a quarter of a second."""
LEARNING = 0.5
"""Share of a window's drift by which the pace is changed."""
LEAST_STEP = 0.1
"""Smallest step between two stamps that are put in order, as a share of the usual one."""


class LateBlocks:
    """Tells blocks before which samples were lost from those that were only held up.

    Parameters
    ----------
    chunk_seconds : float
        Time between two chunks.
    """

    def __init__(self, chunk_seconds: float):
        self._chunk_seconds = chunk_seconds
        self._doubt_ends: float | None = None

    def are_lost(self, late: float, limit: float, received: float) -> bool:
        """Return whether samples were lost before a block.

        Parameters
        ----------
        late : float
            Seconds by which it comes later than counted.
        limit : float
            Delay beyond which samples may be lost.
        received : float
            LSL's time when it had arrived.
        """
        if late <= limit:
            self._doubt_ends = None
            return False
        if self._doubt_ends is None:
            self._doubt_ends = received + DOUBT_SECONDS + self._chunk_seconds
        if received < self._doubt_ends and late <= FOREIGN_SECONDS:
            return False
        self._doubt_ends = None
        return True


class SampleCounter:
    """Counts samples from block to block, and follows when blocks arrive.

    The last sample of a block is never later than its arrival: what arrives earlier than counted
    moves the stamps at once. What arrives late may have been on its way; only if nothing comes
    earlier for `WINDOW_SECONDS` do the stamps follow. Samples are lost where a block comes too late
    and those after it do not make up for it.

    Parameters
    ----------
    pace : float
        Samples a second of real time, about; it is learned from there.
    gap_seconds : float
        A delay beyond this counts as lost samples.
    chunk_seconds : float
        Time between two chunks.
    own : bool
        Whether a block's last stamp tells when it was ready, if it is on LSL's clock.

    Examples
    --------
    >>> counter = SampleCounter(100.0, 0.1, 0.02, own=True)
    >>> stamps, lost = counter.count(np.array([50.0, 50.0]), received=50.001, last=-math.inf)
    >>> stamps.round(6).tolist(), lost
    ([49.99, 50.0], False)
    """

    def __init__(self, pace: float, gap_seconds: float, chunk_seconds: float, own: bool):
        self.pace: float = pace
        self._chunk_seconds = chunk_seconds
        self._limit = max(gap_seconds, LOST_CHUNK * chunk_seconds)
        self._own = own
        self._late_blocks = LateBlocks(chunk_seconds)
        self.begin_window(-math.inf)

    def begin_window(self, received: float) -> None:
        """Forget what came early or late until now."""
        self._narrowest = math.inf
        self._early = 0.0
        self._window_ends = received + WINDOW_SECONDS

    def count(self, stamps: np.ndarray, received: float, last: float) -> tuple[np.ndarray, bool]:
        """Return a block's stamps, and whether samples were lost before it.

        Parameters
        ----------
        stamps : ndarray, shape (n,)
            As the stream sent them.
        received : float
            LSL's time when they had arrived.
        last : float
            The stamp given to the sample before.
        """
        n = len(stamps)
        own = float(stamps[-1])
        arrived = own if self._own and abs(received - own) <= FOREIGN_SECONDS else received
        length = n / self.pace
        begin = last if last > -math.inf else arrived - length
        late = arrived - begin - length
        if late < -self._limit - self._chunk_seconds:  # its own clock has jumped
            self._own = False
            arrived, late = received, received - begin - length
        rest = max(0.0, self._chunk_seconds - length)  # of the chunk, on its way
        lost = self._late_blocks.are_lost(late, self._limit + rest, received)
        if lost:
            begin, late = arrived - length, 0.0
            self.begin_window(received)
        end = begin + length
        if late < 0:
            end = max(arrived, begin + LEAST_STEP * length)
            self._narrowest = 0.0
            self._early += min(-late, 2 * WRONG_RATE * length)  # more is a jump, no drift
        else:
            self._narrowest = min(self._narrowest, late)
        if received > self._window_ends:
            slow = self._end_window(received)
            end += slow
            if slow > self._limit:
                begin, lost = begin + slow, True
        return begin + (end - begin) / n * np.arange(1, n + 1), lost

    def _end_window(self, received: float) -> float:
        """Return how late all of a window was, and learn the pace from it."""
        slow = self._narrowest if self._narrowest < math.inf else 0.0
        if slow <= self._limit:
            drift = LEARNING * (slow - self._early) / WINDOW_SECONDS
            self.pace /= 1 + float(np.clip(drift, -WRONG_RATE, WRONG_RATE))
        self.begin_window(received)
        return slow
