"""Which frame was on the screen in each refresh, as its light tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychopy_nfb.errors import NfbError
from psychopy_nfb.light.channel import LightSignal
from psychopy_nfb.light.refreshes import RefreshGrid

EARLIEST, LATEST = -0.1, 0.5
"""Seconds from flip to light between which the beginning is sought."""
SEGMENT = 128
"""Refreshes that are laid over the log at once: by chance 128 bits never agree so well."""
AGREES = 0.7
"""Correlation of a segment's light with the log's levels from which on it counts as found."""
FEWEST_SEGMENTS = 0.3
"""Share of the segments that must be found."""
SHORTEST = 32
"""Refreshes; in less the code cannot be told from chance."""
WIDEST = 12
"""Refreshes by which the light may come to lie before or after the log's account."""
SLIP_COST = 4.0
"""Cost of one refresh more or less than the log has, in refreshes with the wrong light."""
UNKNOWN = 0.5
"""Cost of a refresh before or after the log."""
READ_FROM, READ_TO = 0.3, 1.0
"""Part of a refresh, counted from its edge, in which its light may be looked at."""
LOOKS, AT_ONCE = 15, 7
"""Places in that part, between samples if need be, and how many of them side by side are used."""


class NoMatch(NfbError):
    """Light and log do not belong together: said in one sentence, never as a number."""


@dataclass
class Decoded:
    """What was shown in each refresh of the sensor's recording."""

    drift: float
    """How much longer a refresh is on the sensor's clock than on the log's, as a share of it."""
    grid: RefreshGrid
    """The display's refreshes in the sensor's clock; the edges of light lie on it."""
    numbers: np.ndarray
    """(r,) number of each refresh in the grid."""
    rows: np.ndarray
    """(r,) row of the frame log that was on the screen."""
    brightness: np.ndarray
    """(r,) 0 to 1, 1 for the high level; NaN where the signal was lost."""
    inverted: bool
    """Whether the channel falls in light."""


def decode(
    light: LightSignal, flips: np.ndarray, levels: np.ndarray, period: float, channel: str
) -> Decoded:
    """Lay the light over the log.

    Parameters
    ----------
    light : LightSignal
        The sensor's channel.
    flips : ndarray, shape (f,)
        When each frame was flipped, in seconds, on the sensor's clock to within half a second.
    levels : ndarray of bool, shape (f,)
        Whether the patch was at its high level.
    period : float
        Seconds a frame of the display lasts.
    channel : str
        The channel's name, for what is said.

    Raises
    ------
    NoMatch
        If they do not overlap, are too short, or do not agree.

    Notes
    -----
    Both the flips and the edges lie on the grid of the display's refreshes, each in its own clock,
    so that only a whole number of refreshes between them is to be found. It is sought in segments,
    as the log may not know of a refresh in which a frame was repeated; the path through them with
    the least wrong light and the fewest slips is found by dynamic programming (Viterbi).
    """
    first, last = light.stamps[0] - LATEST, light.stamps[-1] - EARLIEST
    rows = np.flatnonzero((flips >= first) & (flips <= last))
    overlap = min(light.stamps[-1], flips[-1]) - max(light.stamps[0], flips[0])
    if len(rows) < SHORTEST or overlap < SHORTEST * period:
        raise NoMatch(
            "signal",
            channel,
            f"overlaps with the frame log in {max(overlap, 0.0):.1f} s only (the recording spans "
            f"{light.stamps[0]:.1f} to {light.stamps[-1]:.1f} s, the log {flips[0]:.1f} to "
            f"{flips[-1]:.1f} s); both must come from the same session, on LSL's clock, and share "
            f"at least {SHORTEST * period:.1f} s",
        )
    if len(light.edges) < SHORTEST / 8:
        raise NoMatch(
            "channel",
            channel,
            f"goes from dark to light or back {len(light.edges)} times only in {overlap:.1f} s; "
            "check that the sensor is on the patch, and choose its channel",
        )
    flip_grid = RefreshGrid.fit(flips[rows], period)
    grid = RefreshGrid.fit(light.edges, flip_grid.period)
    numbers = np.arange(
        np.ceil(grid.number(light.stamps[0])), np.floor(grid.number(light.stamps[-1]))
    ).astype(np.int64)
    brightness = _brightness(light, grid, numbers)
    # The log's account of each of its own refreshes: the frame that was flipped last.
    ticks = flip_grid.nearest(flips)
    first_tick = ticks[rows[0]]
    account = np.searchsorted(ticks, np.arange(first_tick, ticks[rows[-1]] + 1), side="right") - 1
    # Where each refresh would lie in that account if light came at once. Both grids are the same
    # refreshes, so that they are counted and not timed: clocks drift, their number does not.
    middle = len(numbers) // 2
    at_middle = flip_grid.nearest(grid.time(float(numbers[middle]))) - first_tick
    place = numbers - numbers[middle] + at_middle
    signs = np.where(levels, 1.0, -1.0)
    shift, sign = _shift(2 * brightness - 1, place, signs[account], period, channel)
    place = place - shift
    if sign < 0:
        brightness = 1 - brightness
    near = (place >= -WIDEST) & (place < len(account) + WIDEST)
    numbers, brightness, place = numbers[near], brightness[near], place[near]
    at = place - _path(brightness, levels[account], place)
    inside = (at >= 0) & (at < len(account))
    seen = np.flatnonzero(inside & ~np.isnan(brightness))
    inside[: seen[0]] = inside[seen[-1] + 1 :] = False
    numbers, brightness, shown = numbers[inside], brightness[inside], account[at[inside]]
    return Decoded(grid.period / flip_grid.period - 1, grid, numbers, shown, brightness, sign < 0)


def _brightness(light: LightSignal, grid: RefreshGrid, numbers: np.ndarray) -> np.ndarray:
    """Return the mean light in a part of each refresh; NaN where it was not seen.

    The part is the one in which light is furthest from half-way. When slow pixels have answered and
    the next frame has not begun depends on rising and falling edges, between which the grid lies.
    """
    looks = grid.time(numbers[:, None] + np.linspace(READ_FROM, READ_TO, LOOKS))
    after = np.searchsorted(light.stamps, looks).clip(1, len(light.stamps) - 1)
    seen = light.seen[after] & light.seen[after - 1]
    value = np.interp(looks, light.stamps, light.smooth)
    best, found = -1.0, np.full(len(numbers), np.nan)
    for first in range(LOOKS - AT_ONCE + 1):
        part = slice(first, first + AT_ONCE)
        mean = np.where(seen[:, part].all(axis=1), value[:, part].mean(axis=1).clip(0, 1), np.nan)
        known = mean[~np.isnan(mean)]
        if len(known) and (clear := np.abs(known - 0.5).mean()) > best:
            best, found = clear, mean
    return found


def _shift(
    light: np.ndarray, place: np.ndarray, log: np.ndarray, period: float, channel: str
) -> tuple[int, int]:
    """Return by how many refreshes the light comes after the log, and whether it is inverted."""
    seen = np.where(np.isnan(light), 0.0, light)
    shifts = np.arange(int(np.floor(EARLIEST / period)), int(np.ceil(LATEST / period)) + 1)
    n = max(1, len(seen) // SEGMENT)
    segments = np.array_split(np.arange(len(seen)), n)
    found = np.zeros((len(shifts), n))
    for row, shift in enumerate(shifts):
        at = place - shift
        inside = (at >= 0) & (at < len(log))
        product = np.where(inside, seen * log[at.clip(0, len(log) - 1)], 0.0)
        for column, segment in enumerate(segments):
            weight = np.abs(seen[segment][inside[segment]]).sum()
            if inside[segment].sum() >= SHORTEST and weight > SHORTEST / 4:
                found[row, column] = product[segment].sum() / weight
    best = np.abs(found).argmax(axis=0)
    peak = found[best, np.arange(n)]
    good = np.abs(peak) >= AGREES
    if good.sum() < max(1, FEWEST_SEGMENTS * n):
        agreement = 50 + 50 * float(np.abs(peak).max(initial=0.0))
        raise NoMatch(
            "channel",
            channel,
            f"does not show the levels of this frame log: at best {agreement:.0f} % of a stretch "
            f"of {SEGMENT} refreshes agree, by chance it would be about 65 %; choose the sensor's "
            "channel and the frame log of the same session",
        )
    if np.median((np.abs(found[:, good]) >= AGREES).sum(axis=0)) > 1:
        raise NoMatch(
            "frames",
            "patch",
            "fits the light equally well at several lags, so that the lag is not known; draw the "
            "PhotodiodePatch in mode 'code', whose levels do not repeat",
        )
    sign = 1 if peak[good].sum() > 0 else -1
    return int(shifts[np.bincount(best[good]).argmax()]), sign


def _path(brightness: np.ndarray, levels: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return how many refreshes the light lags behind `place` in each refresh."""
    slips = np.arange(-WIDEST, WIDEST + 1)
    n, n_slips = len(brightness), len(slips)
    at = place[:, None] - slips
    wrong = np.abs(levels[at.clip(0, len(levels) - 1)] - brightness[:, None])
    wrong[(at < 0) | (at >= len(levels))] = UNKNOWN
    wrong = np.nan_to_num(wrong, nan=0.0)
    price = SLIP_COST * np.abs(slips[:, None] - slips)
    came_from = np.empty((n, n_slips), dtype=np.int8)
    cost = wrong[0] + SLIP_COST * np.abs(slips)
    for number in range(1, n):
        total = cost[:, None] + price
        came_from[number] = total.argmin(axis=0)
        cost = total[came_from[number], np.arange(n_slips)] + wrong[number]
    path = np.empty(n, dtype=np.int64)
    state = int(cost.argmin())
    for number in range(n - 1, -1, -1):
        path[number] = slips[state]
        if number:
            state = came_from[number, state]
    return path
