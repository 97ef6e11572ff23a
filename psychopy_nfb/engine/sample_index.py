"""Which sample belongs to a point in time."""

from __future__ import annotations

import numpy as np


class SampleIndex:
    """Remembers the stamps of the last seconds.

    Parameters
    ----------
    rate : float
        Nominal rate in Hz.
    seconds : float
        How far back it can answer.

    Examples
    --------
    >>> index = SampleIndex(rate=100.0)
    >>> index.extend(np.array([5.00, 5.01, 5.02]))
    >>> index.at(5.012), index.at(5.5), index.after(5.012)
    (1, None, 2)
    """

    def __init__(self, rate: float, seconds: float = 20.0, start: int = 0):
        self._stamps = np.full(max(16, round(rate * seconds)), -np.inf)
        self._next = start
        self._first = start
        self.newest: float = -np.inf

    def extend(self, stamps: np.ndarray) -> None:
        """Take the next samples' stamps, (n,) in seconds."""
        size = len(self._stamps)
        kept = stamps[-size:]
        at = self._next + len(stamps) - len(kept)
        places = np.arange(at, at + len(kept)) % size
        self._stamps[places] = kept
        self._next += len(stamps)
        self.newest = float(stamps[-1])

    def after(self, t: float) -> int:
        """Return the number of the first sample later than LSL time `t`, or of the next to come."""
        numbers, stamps = self._remembered()
        place = int(np.searchsorted(stamps, t, side="right"))
        return int(numbers[place]) if place < len(numbers) else self._next

    def at(self, t: float) -> int | None:
        """Return the number of the sample nearest to LSL time `t`.

        None while no sample as late as `t` has come; the oldest remembered for an earlier `t`.
        """
        if t > self.newest:
            return None
        numbers, stamps = self._remembered()
        right = int(np.searchsorted(stamps, t))
        if right > 0 and t - stamps[right - 1] < stamps[right] - t:
            right -= 1
        return int(numbers[right])

    def _remembered(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers and the stamps of the samples that are remembered."""
        size = len(self._stamps)
        numbers = np.arange(max(self._first, self._next - size), self._next)
        return numbers, self._stamps[numbers % size]
