"""A light sensor's stamps without the jitter of arrival, broken where samples are lost.

Edges are timed to a fraction of a sample, so that each stamp's own jitter must go. A straight line
through all stamps, as usual readers of .xdf files draw it, would also smear a gap over its
surroundings: the line is broken wherever samples are missing.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

WINDOW_SECONDS = 0.5
"""Before and after a longer step, in which it is judged whether samples stay late."""
LEAST_MISSING = 0.7
"""Samples; what stays late by less is no lost sample."""
TIMES_SPREAD = 8.0
"""The same in spreads of the stamps' jitter, over the root of how many arrivals tell of it."""
MOST_STEPS = 2000
"""Longest steps that are looked at: each of them could be a gap."""
OWN_LINE_SECONDS = 30.0
"""A stretch so long has a slope of its own; shorter ones share one."""


def steady_stamps(stamps: np.ndarray) -> tuple[np.ndarray, list[tuple[int, float]]]:
    """Return evenly spaced stamps from gap to gap, and the gaps.

    Parameters
    ----------
    stamps : ndarray, shape (n,), n >= 2
        As they were recorded, in seconds; NaN where there is none.

    Returns
    -------
    steady : ndarray, shape (n,)
        Seconds, never falling.
    gaps : list of (int, float)
        Row of the sample after each gap, and how many seconds are missing; negative where the clock
        was set back.

    Examples
    --------
    >>> recorded = np.arange(4000) / 1000 + np.where(np.arange(4000) < 2000, 0, 0.012)
    >>> steady, gaps = steady_stamps(recorded)
    >>> [(row, round(seconds, 3)) for row, seconds in gaps]
    [(2000, 0.012)]
    """
    rows = np.arange(len(stamps))
    known = np.isfinite(stamps)
    if known.sum() < 2:
        return np.array(stamps, dtype=float), []
    stamps = np.interp(rows, rows[known], stamps[known])
    apart = max(1, min(len(stamps) // 2, round(1 / _usual_step(stamps))))
    step = float(np.median(stamps[apart:] - stamps[:-apart])) / apart
    if not step > 0:
        return np.maximum.accumulate(stamps), []
    late = stamps - rows * step
    gaps = _gaps(late, step)
    edges = [0, *(row for row, _ in gaps), len(stamps)]
    return np.maximum.accumulate(_lines(stamps, edges, step)), gaps


def _usual_step(stamps: np.ndarray) -> float:
    """Return roughly the seconds from sample to sample; those of a chunk may share a stamp."""
    steps = np.diff(stamps)
    usual = float(np.median(steps))
    return usual if usual > 0 else max(float(steps.clip(0, 1).mean()), 1e-5)


def _gaps(late: np.ndarray, step: float) -> list[tuple[int, float]]:
    """Return where samples stay late, longest steps first, each judged between those found."""
    width = max(4, round(WINDOW_SECONDS / step))
    size = np.abs(np.diff(late))
    jitter = _spread(late - _local_median(late, width))
    arrivals = 1 + int((size > max(jitter / 4, LEAST_MISSING * step / 4)).sum())
    chunk = len(late) / min(len(late), arrivals)
    candidates = np.flatnonzero(size > LEAST_MISSING * step / 2) + 1
    candidates = candidates[np.argsort(-size[candidates - 1], kind="stable")][:MOST_STEPS]
    found: dict[int, float] = {}
    borders = [0, len(late)]
    for row in candidates.tolist():
        first = max(row - width, max(border for border in borders if border <= row))
        last = min(row + width, min(border for border in borders if border >= row))
        before, after = late[first:row], late[row:last]
        if min(len(before), len(after)) < 1:
            continue
        stays = float(np.median(after) - np.median(before))
        told_by = max(1.0, min(len(before), len(after)) / chunk)
        if abs(stays) > max(LEAST_MISSING * step, TIMES_SPREAD * jitter / np.sqrt(told_by)):
            found[row] = stays
            borders.append(row)
    return sorted(found.items())


def _spread(values: np.ndarray) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _local_median(values: np.ndarray, width: int) -> np.ndarray:
    """Return the median around each value, from pieces of `width`."""
    pieces = np.array_split(values, max(1, len(values) // width))
    return np.concatenate([np.full(len(piece), np.median(piece)) for piece in pieces])


def _lines(stamps: np.ndarray, edges: list[int], step: float) -> np.ndarray:
    """Return a straight line through the stamps of each stretch."""
    rows = np.arange(len(stamps), dtype=float)
    parts = [slice(first, last) for first, last in pairwise(edges)]
    across = [rows[part] - rows[part].mean() for part in parts]
    spreads = [float(one @ one) for one in across]
    told = [float(one @ stamps[part]) for one, part in zip(across, parts, strict=True)]
    common = sum(told) / sum(spreads) if sum(spreads) > 0 else step
    steady = np.empty(len(stamps))
    for part, one, spread, own in zip(parts, across, spreads, told, strict=True):
        slope = own / spread if len(one) * step > OWN_LINE_SECONDS else common
        steady[part] = stamps[part].mean() + slope * one
    return steady
