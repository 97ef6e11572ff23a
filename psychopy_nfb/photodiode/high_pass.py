"""Light that falls back while the patch holds its level: a sensor behind a high-pass filter."""

from __future__ import annotations

import numpy as np

FROM, TO = 1.4, 3.4
"""Refreshes after an edge between which held light is compared: pixels have answered, and what a
low-pass filter or overdrive overshoots by is over; the next edge has not begun."""
HELD = 3.7
"""Refreshes to the next edge from which on light was held for four of them."""
FEWEST_HOLDS = 8
"""Such holds of each level that tell something."""


def kept_of_height(
    smooth: np.ndarray,
    stamps: np.ndarray,
    covered: np.ndarray,
    edges: np.ndarray,
    rising: np.ndarray,
    period: float,
) -> float | None:
    """Return how much of the distance between held levels is left after two refreshes.

    Parameters
    ----------
    smooth : ndarray, shape (n,)
        The signal without noise and flicker, in any unit.
    stamps : ndarray, shape (n,)
        Seconds, rising.
    covered : ndarray of bool, shape (n,)
        Which samples can be used.
    edges : ndarray, shape (e,)
        When it crossed the middle, in seconds, rising.
    rising : ndarray of bool, shape (e,)
        Whether upwards.
    period : float
        Seconds a refresh lasts.

    Returns
    -------
    float or None
        1 where levels are held; less where they come back to their middle, which drifting levels
        do not; None where too few holds are long enough.

    Examples
    --------
    Behind a high-pass filter of 5 Hz, on a display of 60 Hz:

    >>> t = np.arange(0, 20, 1e-3)
    >>> since = t % (5 / 60)
    >>> light = (-1.0) ** (t // (5 / 60)) * np.exp(-2 * np.pi * 5 * since)
    >>> edges = np.arange(1, 240) * 5 / 60
    >>> used = np.ones(len(t), dtype=bool)
    >>> kept = kept_of_height(light, t, used, edges, np.arange(239) % 2 > 0, 1 / 60)
    >>> round(kept, 2), round(float(np.exp(-2 * np.pi * 5 * 2 / 60)), 2)
    (0.35, 0.35)
    """
    begins, up = edges[:-1], rising[:-1]
    held = (np.diff(edges) > HELD * period) & (up != rising[1:])
    missing = np.concatenate(([0], np.cumsum(~covered)))
    first = np.searchsorted(stamps, begins)
    last = np.searchsorted(stamps, begins + TO * period, side="right")
    held &= missing[last] == missing[first]
    if min((held & up).sum(), (held & ~up).sum()) < FEWEST_HOLDS:
        return None
    heights = []
    for after in (FROM, TO):
        level = np.interp(begins + after * period, stamps, smooth)
        heights.append(float(np.median(level[held & up]) - np.median(level[held & ~up])))
    return heights[1] / heights[0] if heights[0] > 0 else None
