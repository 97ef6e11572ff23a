"""Which entry of the log was on the screen in each refresh: the likeliest path through both."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from psychopy_nfb.errors import NfbError
from psychopy_nfb.photodiode.evidence import evidence
from psychopy_nfb.photodiode.lost import (
    SHORTEST,
    lost_light,
    n_disturbances,
    out_of_turn,
    switched,
    unexplained,
)
from psychopy_nfb.photodiode.turns import in_words

EARLIEST, LATEST = -0.1, 0.5
"""Seconds from flip to light between which the beginning is sought."""
SEGMENT = 128
"""Refreshes that are judged together: in some the sensor may have been off the patch."""
CLOSE = 0.7
"""Correlation from which on light and log agree for a moment, and not by chance."""
AGREES = 0.3
"""Correlation of a segment's light with the log's levels from which on its lag is looked at."""
MOST_WRONG = 0.2
"""Share of refreshes with the wrong light, slips counted in, up to which light follows the log."""
FEWEST_SEGMENTS = 0.3
"""Share of the segments that must follow the log."""
BY_CHANCE = 1e-5
"""Probability up to which light of something else may follow the log as well as this light does."""
WIDEST = 12
"""Refreshes by which the light may come to lie before or after the log's account."""
SLIP_COST = 1.7
"""Cost of one refresh more or less than the log has, in refreshes with the wrong light. A frame
that was missed costs one; a stretch that came later costs two slips."""
SWITCH_COST = 1.5
"""Cost of light that changes to the wrong level, in refreshes with light that stays at it."""
STAYED_COST = 0.5
"""Part that light of a frame that stayed has in what speaks against the log: at half rate, light of
a quarter of the refreshes is wrong and follows the log all the same."""
UNKNOWN = 0.5
"""Cost of a refresh before or after the log."""
LEAST_MARGIN = 5.0
"""Refreshes with wrong light by which the best way of laying light over the log must be better than
the next: with less, hum and chance could have chosen it."""
COMPARED = 256
"""Refreshes over which it is compared with the next."""


class NoMatch(NfbError):
    """Light and log do not belong together: said in one sentence, never as a number."""


@dataclass
class Alignment:
    """Light laid over the log."""

    at: np.ndarray
    """(r,) entry of the log's account that each refresh showed; may lie outside of it."""
    slips: np.ndarray
    """(r,) refreshes by which each came later than the log and the usual lag say."""
    inverted: bool
    """Whether the channel falls in light."""
    lost: np.ndarray
    """(r,) bool: refreshes in which the sensor saw something else than the patch."""
    disturbed: int
    """Number of times that light changed though no frame did."""
    cost: float
    """Wrong light and slips within the log, in refreshes."""


def align(
    brightness: np.ndarray,
    place: np.ndarray,
    levels: np.ndarray,
    period: float,
    channel: str,
    *,
    strange: np.ndarray,
    waits: bool,
    unsure: float = 0.0,
    in_turn: tuple[tuple[int, int], ...] = (),
) -> Alignment:
    """Return the alignment with the least wrong light and the fewest slips.

    Parameters
    ----------
    brightness : ndarray, shape (r,)
        Light in each refresh, 0 to 1; NaN where it was not seen.
    place : ndarray of int, shape (r,)
        Where each would lie in the log's account if light came at once.
    levels : ndarray of bool, shape (a,)
        The log's account: whether the patch was at its high level in each refresh.
    period : float
        Seconds a refresh lasts.
    channel : str
        The channel's name, for what is said.
    strange : ndarray of bool, shape (r,)
        Refreshes within which light changed, and not where they begin.
    waits : bool
        Whether flips wait for the display, so that no frame is light before its turn.
    unsure : float
        Seconds by which the two clocks may differ at `place`.
    in_turn : tuple of (int, int)
        Frames in a turn, and how many of them are shown, where the display shows only a part of
        them; refreshes that begin no frame are then left out of `brightness` and `place`.

    Raises
    ------
    NoMatch
        If light does not follow the log, does so by chance, or equally well in several ways.
    """
    shifts = _shifts(period, unsure)
    shift, sign, agreement = _shift(brightness, place, levels, shifts)
    place = place - shift
    light = brightness if sign > 0 else 1 - brightness
    light = np.where((place < -WIDEST) | (place >= len(levels) + WIDEST), np.nan, light)
    path = _path(light, levels, place, waits=waits)
    costs = _costs(light, levels, place, path, waits=waits)
    lost = lost_light(light, levels, place - path, costs, strange=strange, waits=waits)
    odd = unexplained(light, levels, place - path, costs, strange=strange)
    n_odd = n_disturbances(odd) if waits else 0
    if lost.any():
        path = _path(np.where(lost, np.nan, light), levels, place, waits=waits)
        costs = _costs(light, levels, place, path, waits=waits)
        lost = lost_light(light, levels, place - path, costs, lost, strange=strange, waits=waits)
    light = np.where(lost, np.nan, light)
    costs = _costs(light, levels, place, path, waits=waits)
    at = place - path
    known = ~np.isnan(light) & (at >= 0) & (at < len(levels))
    against = np.where(known, costs, 0.0)
    if waits:
        against[~switched(light)] *= STAYED_COST
    n_good, n_needed, n_all = _follows(against, known, lost | known)
    if n_good < n_needed and agreement > CLOSE:
        raise NoMatch(
            "channel",
            channel,
            f"follows this frame log for moments only, in {n_good} of {n_all} stretches of about "
            f"{SEGMENT} refreshes, at least {n_needed} are needed; record the sensor without a "
            "high-pass filter (DC), keep it on the patch, and choose the frame log of the same "
            "session",
        )
    if n_good < n_needed:
        raise NoMatch(
            "channel",
            channel,
            f"does not show the levels of this frame log: at best {50 + 50 * agreement:.0f} % of a "
            f"stretch of {SEGMENT} refreshes agree, by chance it would be about 65 %; choose the "
            "sensor's channel and the frame log of the same session",
        )
    wrong = np.abs(levels[at.clip(0, len(levels) - 1)] - light) > 0.5
    ways = 2 * (len(shifts) + 2 * WIDEST)
    if 2.0 ** -evidence(wrong, known, lost, path, WIDEST, ways) > BY_CHANCE:
        raise NoMatch(
            "channel",
            channel,
            f"agrees with this frame log hardly better than other light would by chance: "
            f"{int((wrong & known).sum())} of {int(known.sum())} refreshes have the wrong light, "
            f"{int(lost.sum())} more are lost; choose the sensor's channel and the frame log of "
            "the same session, keep the sensor on the patch, and record at least 2 s",
        )
    _require_one_way(
        light, levels, place, path, shifts, channel, period, waits=waits, in_turn=in_turn
    )
    # Ways in which flips wait, and in which they do not, are compared by this.
    cost = _costs(light, levels, place, path, waits=False)[known].sum()
    return Alignment(at, path, sign < 0, lost, n_odd, float(cost))


def _shift(
    brightness: np.ndarray, place: np.ndarray, levels: np.ndarray, shifts: np.ndarray
) -> tuple[int, int, float]:
    """Return the lag in refreshes, the polarity, and how well the best segment agrees."""
    light = np.where(np.isnan(brightness), 0.0, 2 * brightness - 1)
    log = np.where(levels, 1.0, -1.0)
    n = max(1, len(light) // SEGMENT)
    edges = np.linspace(0, len(light), n + 1).astype(int)[:-1]
    found = np.zeros((len(shifts), n))
    for row, shift in enumerate(shifts):
        at = place - shift
        inside = (at >= 0) & (at < len(log))
        product = np.where(inside, light * log[at.clip(0, len(log) - 1)], 0.0)
        weight = np.add.reduceat(np.abs(light) * inside, edges)
        found[row] = np.add.reduceat(product, edges) / np.maximum(weight, SHORTEST / 2)
    clear = np.where(np.abs(found) >= AGREES, found, 0.0)
    scores = np.stack((clear.clip(0).sum(axis=1), (-clear).clip(0).sum(axis=1)))
    which, best = np.unravel_index(int(scores.argmax()), scores.shape)
    return int(shifts[best]), 1 - 2 * int(which), float(np.abs(found).max())


def _shifts(period: float, unsure: float) -> np.ndarray:
    """Return the lags in refreshes that are possible."""
    first, last = (EARLIEST - unsure) / period, (LATEST + unsure) / period
    return np.arange(int(np.floor(first)), int(np.ceil(last)) + 1)


def _compared(light: np.ndarray) -> slice:
    """Return the stretch of the recording in which ways of laying it over the log are compared."""
    known = np.flatnonzero(~np.isnan(light))
    middle = int(known[len(known) // 2])
    return slice(max(0, middle - COMPARED // 2), middle + COMPARED // 2)


def _least_far(
    light: np.ndarray, levels: np.ndarray, place: np.ndarray, shifts: np.ndarray
) -> float:
    """Return the least wrong light at lags that are further away than slips can go."""
    known = ~np.isnan(light)
    wrong = [np.inf]
    for shift in shifts - int(shifts[0]):
        for way in {shift, -shift}:
            if abs(way) > WIDEST:
                at = place[known] - way
                log = np.where(
                    (at < 0) | (at >= len(levels)), 0.5, levels[at.clip(0, len(levels) - 1)]
                )
                off = float(np.abs(log - light[known]).sum())
                wrong += [off, known.sum() - off]
    return min(wrong)


def _misfits(
    light: np.ndarray, levels: np.ndarray, place: np.ndarray, *, waits: bool
) -> np.ndarray:
    """Return how wrong the light of each refresh would be with each slip; 0 where not seen."""
    at = place[:, None] - np.arange(-WIDEST, WIDEST + 1)
    wrong = np.abs(levels[at.clip(0, len(levels) - 1)] - light[:, None])
    if waits:
        wrong[switched(light)] *= SWITCH_COST
    wrong[(at < 0) | (at >= len(levels))] = UNKNOWN
    return np.nan_to_num(wrong, nan=0.0)


def _path(
    light: np.ndarray,
    levels: np.ndarray,
    place: np.ndarray,
    barred: np.ndarray | None = None,
    *,
    waits: bool,
) -> np.ndarray:
    """Return how many refreshes the light lags behind `place` in each refresh (Viterbi)."""
    slips = np.arange(-WIDEST, WIDEST + 1)
    n, n_slips = len(light), len(slips)
    wrong = _misfits(light, levels, place, waits=waits)
    if barred is not None:
        wrong[:, barred] = np.inf
    price = SLIP_COST * np.abs(slips[:, None] - slips)
    came_from = np.empty((n, n_slips), dtype=np.int8)
    cost = wrong[0] + SLIP_COST * np.abs(slips)
    if barred is not None:
        cost = wrong[0]  # another way altogether, from its beginning on
    reach = np.arange(n_slips)
    for number in range(1, n):
        total = cost[:, None] + price
        before = total.argmin(axis=0)
        came_from[number] = before
        cost = total[before, reach] + wrong[number]
    path = np.empty(n, dtype=np.int64)
    state = int(cost.argmin())
    for number in range(n - 1, -1, -1):
        path[number] = slips[state]
        if number:
            state = came_from[number, state]
    return _without_needless_slips(light, levels, place, path) if waits else path


def _without_needless_slips(
    light: np.ndarray, levels: np.ndarray, place: np.ndarray, path: np.ndarray
) -> np.ndarray:
    """Return the path without the slips to stretches that missed frames explain as well.

    Where a display misses every second frame, light fits the log a refresh later half of the time.
    """
    bounds = np.flatnonzero(np.diff(path)) + 1
    while len(bounds):
        starts, ends = np.append(0, bounds), np.append(bounds, len(path))
        shortest = np.argsort(ends - starts, kind="stable")
        for number in shortest:
            inside = slice(starts[number], ends[number])
            before = path[starts[number] - 1] if number else None
            after = path[ends[number]] if number < len(bounds) else None
            beside = {one for one in (before, after) if one is not None}
            if len(beside) > 1:
                continue
            slip = beside.pop()
            if not out_of_turn(light, levels, place - slip)[inside].any():
                path[inside] = slip
                break
        else:
            break
        bounds = np.flatnonzero(np.diff(path)) + 1
    return path


def _costs(
    light: np.ndarray, levels: np.ndarray, place: np.ndarray, path: np.ndarray, *, waits: bool
) -> np.ndarray:
    """Return the wrong light and the slips of each refresh along a path."""
    wrong = _misfits(light, levels, place, waits=waits)[np.arange(len(path)), path + WIDEST]
    return wrong + SLIP_COST * np.abs(np.diff(path, prepend=path[0]))


def _follows(costs: np.ndarray, known: np.ndarray, counted: np.ndarray) -> tuple[int, int, int]:
    """Return how many segments of the light follow the log, how many must, and how many count."""
    rows = np.flatnonzero(counted)
    parts = np.array_split(rows, max(1, len(rows) // SEGMENT))
    good = [
        known[part].sum() >= len(part) / 4 and costs[part].sum() <= MOST_WRONG * known[part].sum()
        for part in parts
    ]
    return sum(good), max(1, ceil(FEWEST_SEGMENTS * len(parts))), len(parts)


def _require_one_way(
    light: np.ndarray,
    levels: np.ndarray,
    place: np.ndarray,
    path: np.ndarray,
    shifts: np.ndarray,
    channel: str,
    period: float,
    *,
    waits: bool,
    in_turn: tuple[tuple[int, int], ...],
) -> None:
    """Refuse light that fits nearly as well at another lag, or upside down."""
    # A part of the rate may last for a part of the recording, and leave open what the rest tells.
    part = slice(None) if in_turn else _compared(light)
    light, place, path = light[part], place[part], path[part]
    best = float(_costs(light, levels, place, path, waits=waits).sum())
    used = np.isin(np.arange(-WIDEST, WIDEST + 1), path)
    others = [_least_far(light, levels, place, shifts)]
    for other, barred in ((light, used), (1 - light, np.zeros(len(used), dtype=bool))):
        if not barred.all():
            way = _path(other, levels, place, barred, waits=waits)
            others.append(float(_costs(other, levels, place, way, waits=waits).sum()))
    n, second = int((~np.isnan(light)).sum()), min(others)
    if second - best >= LEAST_MARGIN:
        return
    if in_turn and second <= MOST_WRONG * n:
        every, shown = in_turn[0]
        raise NoMatch(
            "frames",
            "patch",
            "fits the light equally well at several lags, as the display shows only "
            f"{in_words(every, shown)} ({shown / every / period:.1f} Hz in place of "
            f"{1 / period:.1f} Hz): "
            "look for a frame limit, energy saving and a slower second display, and record again "
            "with the PhotodiodePatch in mode 'code', which tells the lag also then",
        )
    if n >= SEGMENT / 2 and second <= MOST_WRONG * n:
        raise NoMatch(
            "frames",
            "patch",
            "fits the light equally well at several lags, so that the lag is not known; draw the "
            "PhotodiodePatch in mode 'code', whose levels do not repeat",
        )
    raise NoMatch(
        "signal",
        channel,
        f"is too short, or too disturbed, to tell which frame is which: its {n} refreshes agree "
        "with the log about equally well at two lags or more; record at least "
        f"{max(2.0, 2 * n * period):.0f} s",
    )
