"""Light that falls back while the patch holds its level: a sensor behind a high-pass filter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.signal import lfilter
from scipy.stats import trim_mean

from psychopy_nfb.photodiode.refreshes import median_spread

FROM, TO = 1.4, 3.4
"""Refreshes after an edge between which held light is compared: pixels have answered, and what a
low-pass filter or overdrive overshoots by is over; the next edge has not begun."""
SETTLED, BETWEEN = 2.0, 2.7
"""Refreshes after an edge from which on even slow pixels have answered, and half-way from there to
`TO`: how fast light falls back is read from both halves."""
HELD = 3.7
"""Refreshes to the next edge from which on light was held for four of them."""
OUTLIERS = 0.1
"""Part of the holds at either end that is left out of an average."""
FEWEST_HOLDS = 8
"""Such holds of each level that tell something."""
LEAST_HZ = 0.4
"""Corner from which on a high-pass filter is undone; below, edges are timed as well without it."""
LEFT_HZ = 0.1
"""Corner of what is left: an integral would grow with any offset."""
FASTER_AT_FIRST, SLOWER_AT_FIRST = 0.15, 0.35
"""Parts of the way, in logarithms, by which light may fall back faster or slower in the first half
of that time, behind one pole: overshoot is faster, pixels that still answer are slower."""
CERTAIN = 2.0
"""Standard errors that are granted to both halves."""
SURE = 10.0
"""Standard errors by which light falls back behind a filter that is undone. Behind one of 0.5 Hz it
is 28 or more; where a lamp's flicker makes light seem to fall back, it is 4."""
BLOCK_SECONDS, FEWEST_BLOCKS = 0.5, 2
"""Length of a block whose levels tell what a stretch began with, and how many are needed."""
LOW, HIGH = 10.0, 90.0
"""Percentiles of a block between which its middle lies."""


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
    heights = _heights(smooth, stamps, covered, edges, rising, period, (FROM, TO))
    if heights is None or not heights[0][0] > 0:
        return None
    return heights[0][1] / heights[0][0]


def corner_of(
    smooth: np.ndarray,
    stamps: np.ndarray,
    covered: np.ndarray,
    edges: np.ndarray,
    rising: np.ndarray,
    period: float,
) -> float:
    """Return the corner of the high-pass filter that light is behind, in Hz; 0 if behind none.

    Parameters
    ----------
    smooth, stamps, covered, edges, rising, period
        As in `kept_of_height`.

    Returns
    -------
    float
        0 as well where light does not fall back as behind a single pole, or falls back so slowly
        that it does no harm.

    Examples
    --------
    >>> t = np.arange(0, 20, 1e-3)
    >>> since = t % (5 / 60)
    >>> light = (-1.0) ** (t // (5 / 60)) * np.exp(-2 * np.pi * 2 * since)
    >>> edges = np.arange(1, 240) * 5 / 60
    >>> used = np.ones(len(t), dtype=bool)
    >>> round(corner_of(light, t, used, edges, np.arange(239) % 2 > 0, 1 / 60), 2)
    2.0
    """
    found = _heights(smooth, stamps, covered, edges, rising, period, (SETTLED, BETWEEN, TO))
    if found is None or min(found[0]) <= 0:
        return 0.0
    heights, error = found
    first, second = -np.diff(np.log(heights))
    both, unsure = first + second, CERTAIN * error / min(heights)
    corner = both / (2 * np.pi * (TO - SETTLED) * period)
    if corner < LEAST_HZ or both < SURE * error / min(heights):
        return 0.0
    faster = first - second
    if not -SLOWER_AT_FIRST * both - unsure < faster < FASTER_AT_FIRST * both + unsure:
        return 0.0
    return float(corner)


def without_high_pass(
    values: np.ndarray, stamps: np.ndarray, corner: float, longest: float
) -> np.ndarray:
    """Return a channel as it was before a high-pass filter of one pole.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Samples; NaN where there is none.
    stamps : ndarray, shape (n,)
        Seconds, rising.
    corner : float
        The filter's corner in Hz.
    longest : float
        Seconds without samples up to which they are taken to lie in between; after more, what the
        filter was left with is not known, and is learnt anew.

    Returns
    -------
    ndarray, shape (n,)
        In the channel's unit, around 0.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> light = np.repeat(rng.integers(0, 2, 1200), 16) * 100.0
    >>> share = np.exp(-2 * np.pi * 3 / 1000)
    >>> passed = lfilter([1, -1], [1, -share], light)
    >>> restored = without_high_pass(passed, np.arange(len(light)) / 1000, 3.0, 0.01)
    >>> [round(float(np.corrcoef(light, one)[0, 1]), 2) for one in (passed, restored)]
    [0.93, 1.0]
    """
    known = np.flatnonzero(np.isfinite(values))
    restored = np.full(len(values), np.nan)
    breaks = np.flatnonzero(np.diff(stamps[known]) > longest) + 1
    step = float(np.median(np.diff(stamps[known])))
    for rows in np.split(known, breaks):
        even = np.arange(stamps[rows[0]], stamps[rows[-1]] + step / 2, step)
        part = _restored(np.interp(even, stamps[rows], values[rows]), corner, 1 / step)
        restored[rows] = np.interp(stamps[rows], even, part)
    return restored


def _restored(values: np.ndarray, corner: float, rate: float) -> np.ndarray:
    """Return a stretch of evenly spaced samples with the filter's corner at `LEFT_HZ` instead."""
    zero, pole = np.pi * corner / rate, np.pi * LEFT_HZ / rate
    # Bilinear: (s + corner) / (s + what is left).
    over = np.array([1 + zero, zero - 1]) / (1 + pole)
    under = np.array([1.0, (pole - 1) / (1 + pole)])
    given = lfilter(over, under, values)
    # What it began with is not known, and dies away.
    n_blocks = int(len(values) / rate / BLOCK_SECONDS)
    blocks = np.array_split(given, max(1, n_blocks))
    middles = np.array([np.percentile(block, (LOW, HIGH)).mean() for block in blocks])
    if n_blocks < FEWEST_BLOCKS:
        return given - middles.mean()
    dying = np.exp(-2 * np.pi * LEFT_HZ * np.arange(len(values)) / rate)
    columns = [[1.0, block.mean()] for block in np.array_split(dying, n_blocks)]
    offset, begun = np.linalg.lstsq(np.array(columns), middles, rcond=None)[0]
    return given - offset - begun * dying


def _heights(
    smooth: np.ndarray,
    stamps: np.ndarray,
    covered: np.ndarray,
    edges: np.ndarray,
    rising: np.ndarray,
    period: float,
    after: Sequence[float],
) -> tuple[list[float], float] | None:
    """Return the distance between held levels so many refreshes after an edge; None if too few.

    Beside it stands the standard error of its second difference.
    """
    begins, up = edges[:-1], rising[:-1]
    held = (np.diff(edges) > HELD * period) & (up != rising[1:])
    missing = np.concatenate(([0], np.cumsum(~covered)))
    first = np.searchsorted(stamps, begins)
    last = np.searchsorted(stamps, begins + TO * period, side="right")
    held &= missing[last] == missing[first]
    if min((held & up).sum(), (held & ~up).sum()) < FEWEST_HOLDS:
        return None
    levels = [np.interp(begins + one * period, stamps, smooth) for one in after]
    # Flicker of 100 Hz has three phases to refreshes of 60 Hz: a median would take one of them.
    heights = [
        float(trim_mean(one[held & up], OUTLIERS) - trim_mean(one[held & ~up], OUTLIERS))
        for one in levels
    ]
    # Of how fast it falls back at first and later: what went before an edge shifts all of them.
    bends = np.diff(levels, n=2, axis=0)
    parts = [bends[:, held & which] for which in (up, ~up)]
    spreads = [median_spread(part) / np.sqrt(part.size) for part in parts if part.size]
    return heights, np.sqrt(2) * max(spreads, default=0.0)
