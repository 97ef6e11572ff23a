"""When a signal crossed a threshold, between its samples."""

from __future__ import annotations

import numpy as np

from psychopy_nfb.checks import check_number

HYSTERESIS = 0.1
"""Hysteresis of the threshold, as a share of the difference between two learned levels."""
TAIL = 0.05
"""Share of outliers among the samples of a level."""


class Crossings:
    """Finds crossings of a threshold in a signal that comes in blocks of any length.

    The signal counts as on once it lies further than the hysteresis beyond the threshold, and as
    off once it lies as far on the other side, so that noise around the threshold makes no
    crossings. The time told is the one at which the threshold itself was crossed, by a straight
    line between the two samples around it: the hysteresis delays the news, not the time.

    Parameters
    ----------
    threshold : float
        In the signal's unit.
    hysteresis : float
        In the signal's unit, 0 or more.
    inverted : bool
        On is below the threshold.

    Attributes
    ----------
    on : bool
        The state after the last sample; False before the first.
    usable : bool
        False after `learn` has failed, until the next `set`: nothing is found, `on` is False.

    Raises
    ------
    SettingsError
        If a number cannot be used.

    Examples
    --------
    >>> crossings = Crossings(threshold=5.0, hysteresis=1.0)
    >>> crossings.find([0.0, 0.0, 10.0, 10.0], [0.1, 0.2, 0.3, 0.4])
    [(0.25, True)]
    >>> crossings.find([4.5, 0.0], [0.5, 0.6])  # 4.5 lies within the hysteresis
    [(0.4909090909090909, False)]
    """

    def __init__(self, threshold: float, hysteresis: float = 0.0, inverted: bool = False):
        self._last: tuple[float, float] | None = None
        self._crossed = {True: 0.0, False: 0.0}  # when the threshold was, in either direction
        self.on: bool = False
        self.set(threshold, hysteresis, inverted)

    def set(self, threshold: float, hysteresis: float, inverted: bool) -> None:
        """Use another threshold from here on; `on` says at once what the last sample is by it."""
        self.threshold: float = check_number("threshold", threshold)
        self.hysteresis: float = check_number("hysteresis", hysteresis, at_least=0)
        self.inverted = inverted
        self.usable: bool = True
        if self._last is not None:
            self.on = self.sees(self._last[0])

    def learn(self, off: np.ndarray, on: np.ndarray) -> bool:
        """Set everything from samples of either state.

        Parameters
        ----------
        off, on : array, shape (n,)
            Samples; a twentieth of them may be outliers.

        Returns
        -------
        bool
            False if there are none or they overlap: then it is not `usable`.
        """
        self.usable = self.on = False
        if not (len(off) and len(on)):
            return False
        low, high = float(np.median(off)), float(np.median(on))
        sign = -1.0 if high < low else 1.0
        if np.quantile(sign * on, TAIL) <= np.quantile(sign * off, 1 - TAIL):
            return False
        self.set((low + high) / 2, HYSTERESIS * abs(high - low), inverted=high < low)
        return True

    def sees(self, value: float) -> bool:
        """Return whether `value` lies beyond the threshold."""
        return bool(self._beyond(value) > 0)

    def find(self, values: np.ndarray, times: np.ndarray) -> list[tuple[float, bool]]:
        """Return the crossings in the next block.

        Parameters
        ----------
        values : array, shape (n,)
            Samples; those that are not finite are passed over.
        times : array, shape (n,)
            When each was taken, in seconds.

        Returns
        -------
        list of (float, bool)
            Time of each crossing in seconds, and whether the signal went on.
        """
        values, times = np.asarray(values, dtype=float), np.asarray(times, dtype=float)
        finite = np.isfinite(values)
        values, times = values[finite], times[finite]
        if not len(values):
            return []
        if self._last is None:
            self._last = (float(values[0]), float(times[0]))
            self.on = self.usable and self.sees(values[0])
        x = self._beyond(np.concatenate(([self._last[0]], values)))
        t = np.concatenate(([self._last[1]], times))
        self._last = (float(values[-1]), float(times[-1]))
        if not self.usable:
            return []
        above = x > 0
        passed = {
            True: np.flatnonzero(~above[:-1] & above[1:]),
            False: np.flatnonzero(above[:-1] & ~above[1:]),
        }
        far = np.flatnonzero(np.abs(x[1:]) > self.hysteresis)  # numbered as the crossing before it
        found = []
        for at in far[np.flatnonzero(np.diff(above[1:][far], prepend=self.on))]:
            on = bool(above[at + 1])
            place = np.searchsorted(passed[on], at, side="right") - 1
            when = _between(x, t, passed[on][place]) if place >= 0 else self._crossed[on]
            found.append((when, on))
            self.on = on
        for direction, places in passed.items():
            if len(places):
                self._crossed[direction] = _between(x, t, places[-1])
        return found

    def _beyond(self, values: np.ndarray | float) -> np.ndarray | float:
        """Return how far beyond the threshold, on the side that counts as on."""
        return (self.threshold - values) if self.inverted else (values - self.threshold)


def _between(x: np.ndarray, t: np.ndarray, place: int) -> float:
    """Return when the line from sample `place` to the next goes through zero."""
    share = x[place] / (x[place] - x[place + 1])
    return float(t[place] + share * (t[place + 1] - t[place]))
