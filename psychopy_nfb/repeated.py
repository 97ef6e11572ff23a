"""What is told of a fault that another program can repeat thousands of times a second."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

TOLD_SECONDS = 60.0


class RepeatedFault:
    """Tells the first of many faults of one kind at once, and the others by their number.

    Each line that a log gets costs time and disk, and hides the others. What came since is told
    with the next fault, or by `close`.

    Parameters
    ----------
    tell : callable
        Takes a sentence.
    seconds : float
        How long the next ones are counted only.

    Examples
    --------
    >>> fault = RepeatedFault(print)
    >>> for number in range(1000):
    ...     fault.note(f"Message {number} was not understood.")
    Message 0 was not understood.
    >>> fault.close()
    Message 999 was not understood. It is the last of 999 such faults that were not told.
    >>> fault.close()
    """

    def __init__(self, tell: Callable[[str], object], seconds: float = TOLD_SECONDS):
        self._tell = tell
        self._seconds = seconds
        self._told_at = -math.inf
        self._untold, self._last = 0, ""

    def note(self, sentence: str) -> None:
        """Take one fault."""
        self._untold, self._last = self._untold + 1, sentence
        if time.monotonic() - self._told_at > self._seconds:
            self.close()

    def close(self) -> None:
        """Tell what has not been told. Harmless when called again."""
        n, self._untold = self._untold, 0
        if n:
            self._told_at = time.monotonic()
            more = f" It is the last of {n} such faults that were not told." if n > 1 else ""
            self._tell(self._last + more)
