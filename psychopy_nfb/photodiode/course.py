"""How light goes along with flips over a recording: a part of the display's rate, lasting steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from psychopy_nfb.photodiode.lost import switched
from psychopy_nfb.photodiode.shown import Decoded
from psychopy_nfb.photodiode.turns import FEWEST_UNSEEN, Turns, turns_of

LASTS = 48
"""Refreshes before and after a step in the lag from which on it lasts."""


@dataclass(frozen=True)
class PartOfRate:
    """A time in which the display showed only a part of its frames, in turn."""

    every: int
    """Frames in a turn; 2 if every second frame was shown."""
    shown: int
    """How many of them were shown."""
    first: int
    """Refresh, counted in the arrays given, with which it begins."""
    refreshes: int
    """How many it lasted for, all of its stretches together."""


def part_of_rate(numbers: np.ndarray, light: np.ndarray, log: np.ndarray) -> PartOfRate | None:
    """Return when a display showed only a part of its frames, in turn; None if it never did.

    Parameters
    ----------
    numbers : ndarray of int, shape (r,)
        Numbers of the refreshes.
    light : ndarray, shape (r,)
        Light in each, 0 to 1; NaN where it was not seen.
    log : ndarray of bool, shape (r,)
        Whether the patch was at its high level, by the log.

    Examples
    --------
    >>> log = np.random.default_rng(1).random(200) > 0.5
    >>> part_of_rate(np.arange(200), np.repeat(log[::2], 2).astype(float), log).every
    2
    >>> part_of_rate(np.arange(200), log.astype(float), log) is None
    True
    """
    changes = numbers[switched(light)]
    due = numbers[switched(log.astype(float))]
    stretches: dict[tuple[int, int], list[Turns]] = {}
    for one in turns_of(changes):
        inside = due[one.inside(due)]
        if (~one.begin_a_frame(inside)).sum() >= FEWEST_UNSEEN:
            stretches.setdefault((one.every, one.shown), []).append(one)
    lasts = {
        part: sum(one.last - one.first for one in several) for part, several in stretches.items()
    }
    if not lasts:
        return None
    every, shown = max(lasts, key=lambda part: lasts[part])
    first = int(np.searchsorted(numbers, stretches[every, shown][0].first))
    return PartOfRate(every, shown, first, lasts[every, shown])


@dataclass(frozen=True)
class LastingSteps:
    """Steps in the lag by whole refreshes, all in one direction."""

    refreshes: int
    """By how many refreshes light came later in the end; negative if earlier."""
    steps: int
    """Number of steps."""
    first: int
    """Refresh, counted in the array given, with which the first one comes."""
    last: int
    """The same of the last one."""


def lasting_steps(slips: np.ndarray) -> LastingSteps | None:
    """Return by how many refreshes light came later, or earlier, for good; None if it did not.

    Parameters
    ----------
    slips : ndarray of int, shape (r,)
        Refreshes by which each came later than the log and the usual lag say.

    Examples
    --------
    >>> lasting_steps(np.repeat([0, 1], 100))
    LastingSteps(refreshes=1, steps=1, first=100, last=100)

    Light that comes later for a while is no lasting step:

    >>> lasting_steps(np.repeat([0, 1, 0], 100)) is None
    True
    """
    at = np.flatnonzero(np.diff(slips)) + 1
    by = np.diff(slips)[at - 1]
    if not len(at) or len(set(np.sign(by))) > 1:
        return None
    if at[0] < LASTS or len(slips) - at[-1] < LASTS:
        return None
    return LastingSteps(int(by.sum()), len(at), int(at[0]), int(at[-1]))


def course_figures(
    table: pd.DataFrame, decoded: Decoded, flips: np.ndarray, levels: np.ndarray
) -> dict[str, float]:
    """Return the fields of `LightSummary` that tell of a part of the rate and of lasting steps.

    Parameters
    ----------
    table : DataFrame
        `LightTimes.frames`.
    decoded : Decoded
        What each refresh showed.
    flips, levels : ndarray, shape (f,)
        The log's flip times in seconds, and whether the patch was at its high level.
    """
    figures: dict[str, float] = {}
    if decoded.tied == "neither":
        return figures
    begins, rows = float(table.t_flip.iloc[0]), decoded.rows
    part = part_of_rate(decoded.numbers, decoded.brightness, levels[rows])
    if part:
        period = decoded.grid.period
        figures |= {
            "part": part.every,
            "part_shown": part.shown,
            "part_at": max(0.0, float(flips[rows[part.first]]) - begins),
            "part_seconds": part.refreshes * period,
        }
    steps = lasting_steps(decoded.slips)
    timed = table[table.edge]
    if steps:
        first, last = flips[rows[steps.first]], flips[rows[steps.last]]
        before, after = timed.lag[timed.t_flip < first], timed.lag[timed.t_flip > last]
        if len(before) and len(after):
            figures |= {
                "shifted": steps.refreshes,
                "shifts": steps.steps,
                "shifted_at": float(first) - begins,
                "lag_before_ms": 1e3 * float(before.median()),
                "lag_after_ms": 1e3 * float(after.median()),
            }
    return figures
