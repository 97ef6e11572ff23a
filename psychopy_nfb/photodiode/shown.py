"""What each refresh showed: its light, laid over an account of the log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from psychopy_nfb.photodiode.align import Alignment, NoMatch, align
from psychopy_nfb.photodiode.channel import LightSignal
from psychopy_nfb.photodiode.lost import SHORTEST, between_refreshes, switched
from psychopy_nfb.photodiode.refreshes import OwnRefreshes, RefreshGrid
from psychopy_nfb.photodiode.step_response import kinds_of
from psychopy_nfb.photodiode.turns import begin_a_frame, of_the_display, turns_of

OFF_SCALE = 0.4
"""Share of the way between the levels by which light may lie outside of them."""
READ_FROM, READ_TO = 0.3, 1.0
"""Part of a refresh, counted from its edge, in which its light may be looked at."""
LOOKS, AT_ONCE = 15, 7
"""Places in that part, between samples if need be, and how many of them side by side are used."""

Tied = Literal["display", "flips", "neither"]


@dataclass
class Decoded:
    """What was shown in each refresh of the sensor's recording."""

    drift: float
    """How much longer a refresh is on the sensor's clock than on the log's, as a share of it."""
    grid: RefreshGrid | OwnRefreshes
    """The display's refreshes in the sensor's clock; the edges of light lie on it."""
    numbers: np.ndarray
    """(r,) number of each refresh in the grid."""
    rows: np.ndarray
    """(r,) row of the frame log that was on the screen."""
    brightness: np.ndarray
    """(r,) 0 to 1, 1 for the high level; NaN where the signal was lost."""
    inverted: bool
    """Whether the channel falls in light."""
    lasts: np.ndarray
    """(f,) refreshes that each frame of the log should be shown, by its flips."""
    touched: np.ndarray
    """(r,) bool: where the sensor saw something else than the patch."""
    disturbed: int
    """Number of times that light changed though no frame did."""
    slips: np.ndarray
    """(r,) refreshes by which each came later than the log and the usual lag say."""
    tied: Tied
    """What refreshes keep with: the display's own grid, each flip (variable refresh rate), or the
    display's grid while flips do not wait for it."""
    flips_hz: float
    """Rate of the flips on the log's clock."""


def lay(
    light: LightSignal,
    grid: RefreshGrid | OwnRefreshes,
    numbers: np.ndarray,
    place: np.ndarray,
    account: np.ndarray,
    levels: np.ndarray,
    lasts: np.ndarray,
    flip_grid: RefreshGrid,
    tied: Tied,
    channel: str,
    unsure: float = 0.0,
) -> tuple[float, Decoded]:
    """Lay the light over an account of the log.

    Parameters
    ----------
    light : LightSignal
        The sensor's channel.
    grid : RefreshGrid or OwnRefreshes
        The display's refreshes in the sensor's clock.
    numbers : ndarray of int, shape (r,)
        Refreshes of the recording, in `grid`.
    place : ndarray of int, shape (r,)
        Where each would lie in the account if light came at once.
    account : ndarray of int, shape (a,)
        Row of the log that was flipped last, at each place of the account.
    levels : ndarray of bool, shape (f,)
        Whether the patch was at its high level in each row.
    lasts : ndarray of int, shape (f,)
        Refreshes that each row should be shown.
    flip_grid : RefreshGrid
        The flips' grid on the log's clock.
    tied : {"display", "flips", "neither"}
        What refreshes keep with.
    channel : str
        The channel's name, for what is said.
    unsure : float
        Seconds by which the two clocks may differ at `place`.

    Returns
    -------
    cost : float
        Wrong light and slips, in refreshes.
    decoded : Decoded

    Raises
    ------
    NoMatch
        If too few refreshes were seen whole, or light does not follow the log.
    """
    brightness = brightness_of(light, grid, numbers)
    known = int((~np.isnan(brightness)).sum())
    if known < SHORTEST:
        raise NoMatch(
            "signal",
            channel,
            f"shows only {known} refreshes whole, at least {SHORTEST} are needed; record longer "
            "and look for gaps in the recording",
        )
    waits = tied != "neither"
    due = np.flatnonzero(switched(levels[account].astype(float))) + numbers[0] - place[0]
    turns = of_the_display(turns_of(numbers[switched(brightness)]), due) if waits else []
    begin = begin_a_frame(numbers, turns)
    way = align(
        brightness[begin],
        place[begin],
        levels[account],
        grid.period,
        channel,
        strange=_strange(light, grid, numbers, begin),
        waits=waits,
        unsure=unsure,
        in_turn=tuple({(one.every, one.shown): None for one in turns}),
    )
    way = _spread_over(way, place, begin)
    return way.cost, _decoded(way, grid, numbers, brightness, account, lasts, flip_grid, tied)


def _strange(
    light: LightSignal,
    grid: RefreshGrid | OwnRefreshes,
    numbers: np.ndarray,
    begin: np.ndarray,
) -> np.ndarray:
    """Return in which of the refreshes that `begin` a frame, or after them, light changed between.

    Pulses were laid on the grid, and none of theirs does.
    """
    signs = np.where(light.rising, 1.0, -1.0)
    at = grid.number(light.edges)
    odd = np.floor(at[between_refreshes(at, kinds_of(light.edges, signs, grid.period))])
    frame = (np.cumsum(begin) - 1).clip(0)
    found = np.zeros(int(begin.sum()), dtype=bool)
    found[frame[np.isin(numbers, odd)]] = True
    return found


def _spread_over(way: Alignment, place: np.ndarray, begin: np.ndarray) -> Alignment:
    """Return the alignment of all refreshes from that of those that `begin` a frame."""
    frame = (np.cumsum(begin) - 1).clip(0)
    shift = place[begin] - way.at
    return replace(way, at=place - shift[frame], slips=way.slips[frame], lost=way.lost[frame])


def _decoded(
    way: Alignment,
    grid: RefreshGrid | OwnRefreshes,
    numbers: np.ndarray,
    brightness: np.ndarray,
    account: np.ndarray,
    lasts: np.ndarray,
    flip_grid: RefreshGrid,
    tied: Tied,
) -> Decoded:
    """Return what was shown in the refreshes that the log knows of."""
    if way.inverted:
        brightness = 1 - brightness
    brightness = np.where(way.lost, np.nan, brightness)
    inside = (way.at >= 0) & (way.at < len(account))
    seen = np.flatnonzero(inside & ~np.isnan(brightness))
    inside[: seen[0]] = inside[seen[-1] + 1 :] = False
    drift = grid.period / flip_grid.period - 1 if tied == "display" else 0.0
    return Decoded(
        drift=drift,
        grid=grid,
        numbers=numbers[inside],
        rows=account[way.at[inside]],
        brightness=brightness[inside],
        inverted=way.inverted,
        lasts=lasts,
        touched=way.lost[inside],
        disturbed=way.disturbed,
        slips=way.slips[inside],
        tied=tied,
        flips_hz=1 / flip_grid.period,
    )


def brightness_of(
    light: LightSignal, grid: RefreshGrid | OwnRefreshes, numbers: np.ndarray
) -> np.ndarray:
    """Return the mean light in a part of each refresh; NaN where it was not seen.

    The part is the one in which light is furthest from half-way. When slow pixels have answered and
    the next frame has not begun depends on rising and falling edges, between which the grid lies.
    """
    looks = grid.time(numbers[:, None] + np.linspace(READ_FROM, READ_TO, LOOKS))
    after = np.searchsorted(light.stamps, looks).clip(1, len(light.stamps) - 1)
    seen = light.covered[after] & light.covered[after - 1]
    value = np.interp(looks, light.stamps, light.smooth)
    best, found = -1.0, np.full(len(numbers), np.nan)
    for first in range(LOOKS - AT_ONCE + 1):
        part = slice(first, first + AT_ONCE)
        mean = value[:, part].mean(axis=1)
        # Light that belongs to neither level tells nothing, but that something is wrong.
        mean = np.where(np.abs(mean - 0.5) > 0.5 + OFF_SCALE, 0.5, mean.clip(0, 1))
        mean = np.where(seen[:, part].all(axis=1), mean, np.nan)
        known = mean[~np.isnan(mean)]
        if len(known) and (clear := np.abs(known - 0.5).mean()) > best:
            best, found = clear, mean
    return found
