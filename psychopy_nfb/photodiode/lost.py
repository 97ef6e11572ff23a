"""Refreshes whose light comes from something else than the patch: a hand, a lamp, a trigger.

A display that misses a frame goes on with the frame before, however many it misses. Light that
changes where no frame does, between two refreshes, or that is wrong in one direction only, is no
missed frame.
"""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr

from psychopy_nfb.photodiode.refreshes import EVEN, median_spread, phase_around

TOUCHED, TOUCHED_COST = 12, 4.5
"""Refreshes in a row, and the wrong light in them, from which on the sensor saw something else."""
UNCLEAR, UNCLEAR_TIMES = 0.2, 4.0
"""Share of the way by which light lies off both levels, and how many times further than usual, from
which on it is unclear."""
BESIDE = 9
"""Refreshes before and after a lost stretch in which wrong light is lost light."""
LONG_UNSEEN = 6
"""Refreshes without a signal, beside which wrong light is lost light as well."""
WRONG = 0.3
"""Wrong light or slips of a refresh, in refreshes, from which on it does not follow the log."""
SURELY_WRONG = 0.56
"""Difference from the log's level from which on hum alone cannot have made light wrong."""
FEWEST_ODD, SHARE_ODD = 2, 0.25
"""Stretches of light that no missed frame explains, and their share of all stretches with wrong
light, from which on no wrong light is taken for a missed frame: what disturbs the sensor makes both
equally often."""
OFF_TIMES = 6.0
"""Times its usual distance from the edges around it by which an edge lies between two refreshes.
The display's own are spread by noise, hum and slow pixels."""
MOST_DISTURBED = 0.1
"""Share of the refreshes with wrong light, beyond which it is no disturbance: light and log do not
belong together, or pixels are too slow."""
SHORTEST = 16
"""Refreshes; fewer occur at several places of the code."""
SURE = 32
"""Refreshes in a row that agree at another displacement than the light around them, from which on
this is not by chance: one of 25 displacements and of 1000 places does so with a probability of
25 000 / 2**32, below 1e-5."""
UNLIKE = np.iinfo(np.int64).min
"""Stands for the displacement of a refresh that is lost."""
ONE_SIDED = 1e-9
"""Probability with which missed frames may leave so many more stretches dark than light, or light
than dark."""


def impossible(light: np.ndarray, levels: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return in which refreshes light changed to what neither this frame nor the one before shows.

    Parameters
    ----------
    light : ndarray, shape (r,)
        Light in each refresh, 0 to 1; NaN where it was not seen.
    levels : ndarray of bool, shape (a,)
        The log's account: whether the patch was at its high level in each refresh.
    at : ndarray of int, shape (r,)
        Which entry of the account each refresh should show; may lie outside of it.

    Returns
    -------
    ndarray of bool, shape (r,)

    Examples
    --------
    A frame that was missed leaves the light as it was; light that goes off and on again while the
    patch stays light is none:

    >>> levels = np.array([0, 1, 0, 0, 1, 1, 1, 0], dtype=bool)
    >>> light = np.array([0, 0, 0, 0, 1, 0, 1, 0.0])
    >>> np.flatnonzero(impossible(light, levels, np.arange(8)))
    array([5])
    """
    inside = (at >= 0) & (at < len(levels)) & ~np.isnan(light)
    log = levels[at.clip(0, len(levels) - 1)]
    right = inside & ((light > 0.5) == log)
    wrong = inside & (np.abs(light - log) > SURELY_WRONG)
    found = np.zeros(len(light), dtype=bool)
    found[1:] = wrong[1:] & right[:-1] & (log[1:] == log[:-1]) & (np.diff(at) == 1)
    return found


def out_of_turn(light: np.ndarray, levels: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return in which refreshes light changed to the wrong level.

    Light changes when a frame is shown, so that no missed frame explains it; light that is wrong
    because it stayed as it was is explained by one.

    Parameters
    ----------
    light, levels, at
        As in `impossible`.

    Returns
    -------
    ndarray of bool, shape (r,)

    Examples
    --------
    Every second frame is missed, and each of the others stays for two refreshes:

    >>> levels = np.array([0, 1, 1, 1, 0, 0, 1, 0], dtype=bool)
    >>> light = np.repeat(levels[::2], 2).astype(float)
    >>> np.flatnonzero(out_of_turn(light, levels, np.arange(8)))
    array([], dtype=int64)

    Taken for light that comes a refresh later, it changes too early:

    >>> np.flatnonzero(out_of_turn(light, levels, np.arange(8) - 1))
    array([4, 6])
    """
    log = levels[at.clip(0, len(levels) - 1)]
    inside = (at >= 0) & (at < len(levels))
    wrong = inside & (np.abs(light - log) > SURELY_WRONG)
    return wrong & switched(light)


def switched(light: np.ndarray) -> np.ndarray:
    """Return in which refreshes light has another level than in the refresh before; both seen."""
    seen, high = ~np.isnan(light), light > 0.5
    found = np.zeros(len(light), dtype=bool)
    found[1:] = seen[1:] & seen[:-1] & (high[1:] != high[:-1])
    return found


def between_refreshes(at: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Return which edges of light lie off the refreshes that the edges around them lie on.

    Whatever a display shows, it begins with a refresh; a hand, a flash or a trigger begins and ends
    at any time.

    Parameters
    ----------
    at : ndarray, shape (e,)
        When edges are, in refreshes, rising.
    kinds : ndarray of int, shape (e,)
        Kind of each, as of `kinds_of`: those of one kind are equally long after their refresh.

    Returns
    -------
    ndarray of bool, shape (e,)

    Examples
    --------
    >>> at = np.cumsum(np.resize([1.0, 2.0, 4.0], 60))
    >>> at[20] += 0.4
    >>> np.flatnonzero(between_refreshes(at, np.zeros(60, dtype=int)))
    array([20])
    """
    found = np.zeros(len(at), dtype=bool)
    for kind in np.unique(kinds):
        same = np.flatnonzero(kinds == kind)
        away = at[same] - phase_around(at[same])
        away = np.abs(away - np.round(away))
        found[same] = away > max(EVEN, OFF_TIMES * median_spread(away))
    return found


def lost_light(
    light: np.ndarray,
    levels: np.ndarray,
    at: np.ndarray,
    costs: np.ndarray,
    before: np.ndarray | None = None,
    *,
    strange: np.ndarray,
    waits: bool,
) -> np.ndarray:
    """Return in which refreshes light has nothing to do with the log.

    Parameters
    ----------
    light, levels, at
        As in `impossible`.
    costs : ndarray, shape (r,)
        Wrong light and slips of each refresh, in refreshes.
    before : ndarray of bool, shape (r,), optional
        Refreshes that are known to be lost.
    strange : ndarray of bool, shape (r,)
        Refreshes within which light changed, and not where they begin.
    waits : bool
        Whether flips wait for the display, so that no frame is light before its turn.

    Returns
    -------
    ndarray of bool, shape (r,)

    Notes
    -----
    A display that misses frames shows the right light in most of the refreshes around them, and
    never the light of a frame that is still to come.
    """
    lost = np.zeros(len(light), dtype=bool) if before is None else before.copy()
    seen = (at >= 0) & (at < len(levels)) & ~np.isnan(light)
    costs = np.where(seen & ~lost, costs, 0.0)
    off = np.minimum(light, 1 - light)
    unclear = off > max(UNCLEAR, UNCLEAR_TIMES * float(np.nanmedian(off)))
    wrong = costs > WRONG
    counted = np.maximum(costs, unclear / 2)
    sums = np.convolve(counted, np.ones(TOUCHED), mode="valid")
    touched = sums > TOUCHED_COST
    if waits:
        touched &= ~_missing_explains(light, levels, at, counted, (wrong | unclear) & seen)
    for first in np.flatnonzero(touched):
        part = np.arange(first, first + TOUCHED)
        bad = part[(wrong | unclear)[part]]
        lost[bad[0] : bad[-1] + 1] = True
    mislit = seen & (np.abs(levels[at.clip(0, len(levels) - 1)] - light) > 0.5)
    if waits and (mislit & ~lost).sum() <= MOST_DISTURBED * seen.sum():
        odd = unexplained(light, levels, at, costs, lost, strange=strange)
        lost |= odd
        if _disturbed(light, mislit & ~lost, n_disturbances(odd)):
            lost |= mislit
    _join(lost, wrong, _long_unseen(light))
    if waits:
        lost |= _islands(at, seen & ~lost)
    return lost


def _missing_explains(
    light: np.ndarray, levels: np.ndarray, at: np.ndarray, costs: np.ndarray, bad: np.ndarray
) -> np.ndarray:
    """Return at which refreshes stretches begin whose wrong light is that of frames that stayed.

    Light that changes in the turn of the frames, and only then, comes from the patch, even if most
    of the frames are missed. Light that does not change over many wrong refreshes may be a hand.
    """
    odd = out_of_turn(light, levels, at)
    stays = bad & ~odd & (np.abs(light - 0.5) > UNCLEAR)
    explained = np.convolve(bad & ~stays, np.ones(TOUCHED), mode="valid") < 0.5
    runs = np.cumsum(switched(light))
    for first in np.flatnonzero(explained):
        part = slice(first, first + TOUCHED)
        most = np.bincount(runs[part] - runs[first], weights=costs[part]).max()
        explained[first] = most <= TOUCHED_COST
    return explained


def unexplained(
    light: np.ndarray,
    levels: np.ndarray,
    at: np.ndarray,
    costs: np.ndarray,
    lost: np.ndarray | None = None,
    *,
    strange: np.ndarray,
) -> np.ndarray:
    """Return in which refreshes light is wrong and no missed frame explains it.

    Parameters
    ----------
    light, levels, at, costs, strange
        As in `lost_light`.
    lost : ndarray of bool, shape (r,), optional
        Refreshes that are left out.

    Returns
    -------
    ndarray of bool, shape (r,)
    """
    seen = (at >= 0) & (at < len(levels)) & ~np.isnan(light)
    left = light if lost is None else np.where(lost, np.nan, light)
    beside = _beside_strange(light, strange) & seen & ~np.isnan(left)
    return impossible(left, levels, at) | (beside & (costs > WRONG))


def n_disturbances(odd: np.ndarray) -> int:
    """Return how many times something disturbed the sensor; what is close together is one time."""
    return int(odd.any()) + int((np.diff(np.flatnonzero(odd)) > BESIDE).sum())


def _beside_strange(light: np.ndarray, strange: np.ndarray) -> np.ndarray:
    """Return the refreshes from one change of light to the next, if one of both is strange."""
    changes = switched(light)
    runs = np.cumsum(changes)
    at = np.flatnonzero(strange)
    # A change late in a refresh is seen in the next one.
    after = (at + 1).clip(max=len(light) - 1)
    at = np.where(changes[at] | ~changes[after], at, after)
    beside = np.zeros(runs[-1] + 1, dtype=bool)
    beside[runs[at]] = beside[runs[(at - 1).clip(0)]] = True
    return beside[runs]


def _disturbed(light: np.ndarray, mislit: np.ndarray, n_odd: int) -> bool:
    """Return whether something disturbs the sensor that makes wrong light of all kinds."""
    begins = mislit & ~np.concatenate(([False], mislit[:-1]))
    n, n_light = int(begins.sum()), int((begins & (light > 0.5)).sum())
    if n_odd >= max(FEWEST_ODD, SHARE_ODD * (n + n_odd)):
        return True
    return n > 0 and 2 * bdtr(min(n_light, n - n_light), n, 0.5) < ONE_SIDED


def _islands(at: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the short stretches beside lost ones that agree only because they were displaced.

    Fewer refreshes than `SURE` agree with some place of the log by chance.
    """
    offset = np.where(known, at - np.arange(len(at)), UNLIKE)
    turns = np.flatnonzero(np.diff(offset)) + 1
    bounds = np.concatenate(([0], turns, [len(at)]))
    kept = offset[bounds[:-1]] != UNLIKE
    long = kept & (np.diff(bounds) >= SURE)
    island = np.zeros(len(at), dtype=bool)
    for number in np.flatnonzero(kept & ~long):
        first, last = bounds[number], bounds[number + 1]
        alone = not known[first - 1 : first].all() or not known[last : last + 1].all()
        before, after = np.flatnonzero(long[:number]), np.flatnonzero(long[number:])
        beside = [before[-1]] if len(before) else []
        beside += [number + after[0]] if len(after) else []
        same = [offset[bounds[one]] == offset[first] for one in beside]
        island[first:last] = alone and len(same) > 0 and not any(same)
    return island


def _long_unseen(light: np.ndarray) -> np.ndarray:
    """Return which refreshes belong to a long stretch without a signal."""
    unseen = np.isnan(light)
    turns = np.flatnonzero(np.diff(np.concatenate(([False], unseen, [False])).astype(np.int8)))
    long = np.zeros(len(light), dtype=bool)
    for first, last in turns.reshape(-1, 2):
        long[first:last] = last - first >= LONG_UNSEEN
    return long


def _join(lost: np.ndarray, wrong: np.ndarray, unseen: np.ndarray) -> None:
    """Add to `lost`, in place, what lies between it, or what is unseen, and wrong light beside it.

    There light was right by chance.
    """
    dark = lost | unseen
    near = np.convolve(dark, np.ones(2 * BESIDE + 1), mode="same")[: len(lost)] > 0.5
    for place in np.flatnonzero(near & wrong & ~lost):
        first = max(0, place - BESIDE)
        around = np.flatnonzero(dark[first : place + BESIDE + 1]) + first
        nearest = around[np.argmin(np.abs(around - place))]
        lost[min(nearest, place) : max(nearest, place) + 1] = True
