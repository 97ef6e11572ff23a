"""A clock that was set while light was recorded: the lag steps by no whole number of refreshes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEWEST_BESIDE = 20
"""Edges before and after a step that tell it from chance."""
PLACES = 100
"""Places that are looked at first; the best is improved between its neighbours."""
SMALLEST = 1e-3
"""Seconds; steps from one frame to the next that are smaller may be the display's own."""
EXPLAINS = 0.4
"""Share of the lag's spread that may be left when a step is taken away."""
WHOLE = 0.1
"""Difference from a whole number of refreshes up to which a frame waited, and no clock was set."""


@dataclass(frozen=True)
class ClockStep:
    """A step in the lag."""

    seconds: float
    """By how much light came later, by its stamps."""
    at: float
    """Time of the last edge before it, in the unit of the times given."""


def clock_step(times: np.ndarray, lags: np.ndarray, period: float) -> ClockStep | None:
    """Return the step in a lag that otherwise drifts evenly; None if there is none.

    Parameters
    ----------
    times, lags : ndarray, shape (n,)
        When frames were flipped and how long after it they were light, in seconds.
    period : float
        Seconds a refresh lasts. Steps by a whole number of refreshes are the display's.

    Examples
    --------
    >>> times = np.arange(300) / 30
    >>> clock_step(times, np.where(times > 4, 0.017, 0.012), 1 / 60)
    ClockStep(seconds=0.005, at=4.0)
    """
    n = len(times)
    if n < 2 * FEWEST_BESIDE + 1:
        return None
    since = times - times.mean()

    def fitted(place: int) -> tuple[float, float, np.ndarray]:
        columns = np.stack([np.ones(n), since, np.arange(n) >= place], axis=1)
        solved = np.linalg.lstsq(columns, lags, rcond=None)[0]
        left = lags - columns @ solved
        return float(left @ left), float(solved[2]), left

    first, last = FEWEST_BESIDE, n - FEWEST_BESIDE
    every = max(1, (last - first) // PLACES)
    best = min(range(first, last, every), key=lambda place: fitted(place)[0])
    around = range(max(first, best - every), min(last, best + every + 1))
    best = min(around, key=lambda place: fitted(place)[0])
    _, step, left = fitted(best)
    even = lags - np.polyval(np.polyfit(since, lags, 1), since)
    refreshes = step / period
    if (
        abs(step) < SMALLEST
        or abs(refreshes - round(refreshes)) < WHOLE
        or left.std() > EXPLAINS * even.std()
    ):
        return None
    return ClockStep(round(step, 7), float(times[best - 1]))
