"""Which frame was on the screen in each refresh: by count, by time, or flip by flip."""

from __future__ import annotations

import numpy as np

from psychopy_nfb.photodiode.align import EARLIEST, LATEST, NoMatch
from psychopy_nfb.photodiode.channel import LightSignal
from psychopy_nfb.photodiode.lost import SHORTEST
from psychopy_nfb.photodiode.refreshes import EVEN, OwnRefreshes, RefreshGrid, counted
from psychopy_nfb.photodiode.shown import Decoded, brightness_of, lay

CLEARLY = 1.5
"""Refreshes with wrong light by which flips that do not wait must explain it better than flips that
do and a clock that is wrong."""
SLOWEST_SHARE, FASTEST_SHARE = 0.15, 2.5
"""Rates of a display that flips do not wait for, as shares of theirs."""
CLOCKS_PPM = 300.0
"""Two clocks keep closer together; beyond it, flips may not wait for the display."""
CERTAIN = 3.0
"""Standard errors of the display's period by which it must differ more than clocks do."""
LAG_STEPS = 12
"""Steps per refresh in which a lag is looked for by time."""


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
        raise NoMatch("signal", channel, _too_short(light, flips, overlap, period))
    if len(light.edges) < SHORTEST / 8:
        raise NoMatch(
            "channel",
            channel,
            f"changes between dark and light only {len(light.edges)} times in {overlap:.1f} s; "
            "check that the sensor is on the patch, and choose its channel",
        )
    flip_grid = RefreshGrid.fit(flips[rows], period)
    if flip_grid.spread(flips[rows]) <= EVEN * period:
        ways = [lambda: _counted(light, flips, levels, rows, flip_grid, channel)]
        even = flip_grid.time(counted(flip_grid.nearest(flips)).astype(float))
        grid = RefreshGrid.fit(light.edges, flip_grid.period)
        rate, own = 1 / flip_grid.period, None
        if grid.spread(light.edges) > EVEN * grid.period:
            own = RefreshGrid.find(light.edges, SLOWEST_SHARE * rate, FASTEST_SHARE * rate)
        beyond = abs(grid.period * rate - 1) - CLOCKS_PPM * 1e-6
        if own is not None:
            ways.insert(0, lambda: _timed(light, even, levels, rows, own, channel))
        elif beyond > CERTAIN * _period_error(light, grid):
            ways.append(lambda: _timed(light, even, levels, rows, grid, channel))
    else:
        grid = RefreshGrid.fit(light.edges, period)
        ways = [
            lambda: _own(light, flips, levels, rows, period, channel),
            lambda: _timed(light, flips, levels, rows, grid, channel),
        ]
    found, reason = [], None
    for way in ways:
        try:
            found.append(way())
        except NoMatch as error:
            reason = reason or error
    if not found:
        raise reason
    # The ways are in the order in which they are to be preferred.
    first, *others = found
    return min([(first[0] - CLEARLY, first[1]), *others], key=lambda one: one[0])[1]


def _period_error(light: LightSignal, grid: RefreshGrid) -> float:
    """Return the standard error of the period that edges tell, as a share of it."""
    spread = max(grid.spread(light.edges), light.spread)
    return spread / (float(light.edges.std()) * np.sqrt(len(light.edges)))


def _too_short(light: LightSignal, flips: np.ndarray, overlap: float, period: float) -> str:
    """Return what is said of a recording that shares too little with the log, or nothing."""
    spans = (
        f"the recording spans {light.stamps[0]:.1f} to {light.stamps[-1]:.1f} s, the log "
        f"{flips[0]:.1f} to {flips[-1]:.1f} s"
    )
    if overlap <= 0:
        return (
            f"overlaps nowhere with the frame log ({spans}); both must come from the same session, "
            "on LSL's clock"
        )
    return (
        f"overlaps with the frame log in {overlap:.2f} s only ({spans}); they must share at least "
        f"{SHORTEST * period:.1f} s, better 2 s: record longer"
    )


def _counted(
    light: LightSignal,
    flips: np.ndarray,
    levels: np.ndarray,
    rows: np.ndarray,
    flip_grid: RefreshGrid,
    channel: str,
) -> tuple[float, Decoded]:
    """Take the grids of flips and of light for the same refreshes, and count them.

    Clocks drift, the number of refreshes does not.
    """
    grid = RefreshGrid.fit(light.edges, flip_grid.period)
    numbers = _numbers(light, grid)
    # The log's account of each of its own refreshes: the frame that was flipped last.
    ticks = counted(flip_grid.nearest(flips))
    first_tick = ticks[rows[0]]
    account = np.searchsorted(ticks, np.arange(first_tick, ticks[rows[-1]] + 1), side="right") - 1
    # Where each refresh would lie in that account if light came at once.
    middle = len(numbers) // 2
    at_middle = flip_grid.nearest(grid.time(float(numbers[middle]))) - first_tick
    place = numbers - numbers[middle] + at_middle
    lasts = np.append(np.diff(ticks), 1)
    # Two clocks of different rates agreed at some time of the recording, and nobody knows when.
    drift, unsure = abs(grid.period / flip_grid.period - 1), 0.0
    if drift > CLOCKS_PPM * 1e-6:
        unsure = drift * float(light.stamps[-1] - light.stamps[0]) / 2
    return lay(
        light, grid, numbers, place, account, levels, lasts, flip_grid, "display", channel, unsure
    )


def _timed(
    light: LightSignal,
    flips: np.ndarray,
    levels: np.ndarray,
    rows: np.ndarray,
    grid: RefreshGrid,
    channel: str,
) -> tuple[float, Decoded]:
    """Take it that a refresh shows what was flipped before it, as the display does not wait."""
    numbers = _numbers(light, grid)
    brightness = brightness_of(light, grid, numbers)
    begins = grid.time(numbers.astype(float))
    lag = _lag(brightness, levels[rows], flips[rows], begins, grid.period)
    at = _flipped_before(begins, flips[rows], lag)
    lasts = np.append(np.round(np.diff(flips) / grid.period), 1).astype(np.int64).clip(1)
    flip_period = (flips[rows[-1]] - flips[rows[0]]) / (len(rows) - 1)
    even = RefreshGrid(float(flips[rows[0]]), float(flip_period))
    return lay(light, grid, numbers, at, rows, levels, lasts, even, "neither", channel)


def _own(
    light: LightSignal,
    flips: np.ndarray,
    levels: np.ndarray,
    rows: np.ndarray,
    period: float,
    channel: str,
) -> tuple[float, Decoded]:
    """Take it that the display refreshes when it is given a frame: each flip has its own light."""
    numbers = np.arange(len(rows))

    def looked(lag: float) -> np.ndarray:
        return OwnRefreshes(flips[rows] + lag, period).time(numbers + 0.65)

    def brightness(lag: float) -> np.ndarray:
        return np.interp(looked(lag), light.stamps, light.smooth)

    lags = np.arange(EARLIEST, LATEST, period / LAG_STEPS)
    signs = np.where(levels[rows], 1.0, -1.0)
    fits = [abs(float(signs @ (brightness(lag).clip(0, 1) - 0.5))) for lag in lags]
    starts = flips[rows] + lags[int(np.argmax(fits))]
    away = (
        light.edges
        - starts[(np.searchsorted(starts, light.edges - period / 2)).clip(0, len(starts) - 1)]
    )
    near = np.abs(away) < period / 2
    if near.any():
        starts = starts + np.median(away[near])
    grid = OwnRefreshes(starts, period)
    even = RefreshGrid(float(flips[rows[0]]), period)
    ones = np.ones(len(flips), dtype=np.int64)
    return lay(light, grid, numbers, numbers, rows, levels, ones, even, "flips", channel)


def _lag(
    brightness: np.ndarray, levels: np.ndarray, flips: np.ndarray, begins: np.ndarray, period: float
) -> float:
    """Return the time from flip to light at which the light agrees best with the log.

    Flips that hardly differ in rate from the display pass by its refreshes in steps of microseconds
    a refresh: around the best of evenly spaced lags, all at which a refresh shows another frame are
    compared.
    """
    light = np.where(np.isnan(brightness), 0.0, 2 * brightness - 1)
    signs = np.where(levels, 1.0, -1.0)

    def shown(lag: float) -> np.ndarray:
        return _flipped_before(begins, flips, lag).clip(0, len(signs) - 1)

    lags = np.arange(EARLIEST, LATEST, period / LAG_STEPS)
    fits = np.array([abs(light @ signs[shown(lag)]) for lag in lags])
    lag = float(lags[np.flatnonzero(fits >= fits.max() - 1e-9)].mean())
    shortest, longest = lag - period / LAG_STEPS, lag + period / LAG_STEPS
    newest, oldest = shown(shortest), shown(longest)
    refresh = np.repeat(np.arange(len(begins)), newest - oldest)
    ends = np.cumsum(newest - oldest)
    row = newest[refresh] - (ends[refresh] - 1 - np.arange(len(refresh)))
    # From this lag on, the refresh shows the frame before this one.
    at = begins[refresh] - flips[row]
    order = np.argsort(at)
    changes = (light[refresh] * (signs[row - 1] - signs[row]))[order]
    fits = np.abs(light @ signs[newest] + np.concatenate(([0.0], np.cumsum(changes))))
    bounds = np.concatenate(([shortest], at[order], [longest]))
    best = np.flatnonzero(fits >= fits.max() - 1e-9)
    return float(bounds[best[0]] + bounds[best[-1] + 1]) / 2


def _flipped_before(begins: np.ndarray, flips: np.ndarray, lag: float) -> np.ndarray:
    """Return the row of the last frame that was flipped `lag` before each refresh; -1 if none."""
    return np.searchsorted(flips + lag, begins, side="right") - 1


def _numbers(light: LightSignal, grid: RefreshGrid) -> np.ndarray:
    """Return the numbers of the refreshes in the recording."""
    first, last = grid.number(light.stamps[0]), grid.number(light.stamps[-1])
    return np.arange(np.ceil(first), np.floor(last)).astype(np.int64)
