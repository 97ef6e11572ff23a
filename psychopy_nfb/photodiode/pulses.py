"""Displays that are light in pulses: cathode rays, strobed backlights, black frames between frames.

One pulse in each refresh tells which level the refresh has and when its light came; a display that
holds its level tells so only when it changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from psychopy_nfb.photodiode.channel import LightSignal, NoLight
from psychopy_nfb.photodiode.refreshes import RefreshGrid
from psychopy_nfb.photodiode.step_response import Answer

LOOKED = 1.05
"""Refreshes within which pulsed light comes and goes, and held light mostly stays."""
HELD, NEVER_HELD = 92.0, 0.35
"""Percentile of the least light within so long, and the share of the way to the high level that
it stays below in pulsed light: a code holds its levels in a quarter of such stretches."""
MOST_OF = 0.5
"""Share of the range of all samples that lies between the levels of a recording that is of use."""
DIPS_LIT = 0.8
"""Share of the time of a light refresh that it is light, beyond which it is held, with dips."""
UP, DOWN = 0.3, 0.15
"""Shares of the height at which a pulse begins and is over; some are sampled on a slope only."""
SINGLE = 0.75
"""Refreshes; pulses closer together are several in one refresh."""
UNSEEN_RATE = 6.0
"""Pulses in a refresh from which on the average in which light is looked at hides them."""
ALIKE = 0.35
"""Share by which intervals between such pulses may differ: some begin between two samples."""
ON_GRID = 0.12
"""Share of a refresh by which pulses may be spread about the display's grid."""
BEFORE, AFTER = 0.35, 0.6
"""Refreshes before and after a pulse begins in which its shape is learnt."""
DARK = (-0.3, -0.08)
"""Refreshes before a pulse between which it is dark."""
BINS_A_SAMPLE, SHORTEST_BIN = 8, 0.05e-3
"""Bins of the shape per sample, and the shortest bin in seconds."""
VISIBLE = 0.15
"""Share of the usual energy that the samples of a pulse must have for its refresh to be known."""
END = 1e-3
"""Refreshes between its beginning or end and the next place at which it is known to be lit."""
CERTAIN = 4.0
"""Standard deviations by which a refresh must be lit or dark for its level to be known."""
FEWEST = 3
"""Samples that tell how much the light differs in a bin of the shape."""
MOST_UNSEEN = 0.5
"""Share of the refreshes whose pulses may fall between the samples."""


@dataclass
class Pulses:
    """Pulsed light, as if each refresh held its level."""

    light: LightSignal
    """The channel: `smooth` is held through each refresh, `edges` are where refreshes begin."""
    rise: Answer
    """The pulse: light over seconds since about its beginning; 1 at its highest."""
    fall: Answer
    """The same backwards."""
    onset: float
    """When half of the pulse's rise is done, in seconds since the refresh began."""
    width: float
    """Seconds for which a pulse is more than half of its height."""


def find_pulses(
    values: np.ndarray, stamps: np.ndarray, period: float, channel: str
) -> Pulses | None:
    """Return the pulses of a light sensor's channel; None if its light is held, or is none at all.

    Parameters
    ----------
    values : ndarray, shape (n,)
        The samples in any unit.
    stamps : ndarray, shape (n,)
        Seconds, rising.
    period : float
        Seconds a frame of the display lasts.
    channel : str
        Its name, for what is said when it cannot be used.

    Raises
    ------
    NoLight
        If there are several pulses in a refresh, or pulses fall between the samples.
    """
    known = np.isfinite(values)
    if known.sum() < 16:
        return None
    values, stamps = np.asarray(values, dtype=float)[known], np.asarray(stamps, dtype=float)[known]
    step = float(np.median(np.diff(stamps)))
    width = max(2, round(LOOKED * period / step))
    if not step > 0 or len(values) < 4 * width:
        return None
    most, least = maximum_filter1d(values, width), minimum_filter1d(values, width)
    low, high = np.percentile(least, 20), np.percentile(most, 80)
    if not high - low > MOST_OF * np.ptp(np.percentile(values, (0.1, 99.9))):
        return None  # it is dark, or light, for most of the recording
    up, down = high - low, low - high
    bright = np.percentile(least, HELD) < low + NEVER_HELD * up
    dark = np.percentile(most, 100 - HELD) > high + NEVER_HELD * down
    if bright == dark:
        return None
    scaled = (values - low) / up if bright else (values - high) / down
    if _dips_only(scaled, period / step):
        return None
    events = _events(scaled, stamps, step)
    if len(events) < 16:
        return None
    intervals = np.diff(events)
    close = intervals[intervals < SINGLE * period]
    if len(close) > 0.2 * len(intervals):
        _refuse_several(close, period, channel)
        return None
    grid = RefreshGrid.fit(events, period)
    spread = grid.spread(events)
    if spread > ON_GRID * period + step:
        return None
    pulses = _held(values, scaled, stamps, step, grid, (low, high), bright, channel)
    return replace(pulses, light=replace(pulses.light, spread=spread))


def _dips_only(scaled: np.ndarray, refresh: float) -> bool:
    """Return whether light is held, and only dark for a moment of each refresh of so many samples.

    Many organic displays do so where a refresh begins.
    """
    width = max(2, round(LOOKED * refresh))
    lit = scaled[: len(scaled) // width * width].reshape(-1, width) > 0.5
    # A code is light for two refreshes in a row in a quarter of its time.
    return float(np.percentile(lit.mean(axis=1), 90)) > DIPS_LIT


def _events(scaled: np.ndarray, stamps: np.ndarray, step: float) -> np.ndarray:
    """Return about when pulses began, in seconds: half a sample before their first sample."""
    state = np.zeros(len(scaled), dtype=np.int8)
    state[scaled > UP] = 1
    state[scaled < DOWN] = -1
    far = np.flatnonzero(state)
    begins = far[1:][(state[far[1:]] > 0) & (state[far[:-1]] < 0)]
    return stamps[begins] - step / 2


def _refuse_several(close: np.ndarray, period: float, channel: str) -> None:
    """Refuse light that has some pulses in each refresh; more than an average sees do no harm."""
    alike = np.abs(close / np.median(close) - 1) < ALIKE
    usual = float(close[alike].mean())
    if alike.mean() < 0.6 or period / usual > UNSEEN_RATE:
        return
    raise NoLight(
        "channel",
        channel,
        f"shows pulsed light, about {1 / usual:.0f} pulses a second or {period / usual:.1f} in a "
        "refresh, so that it is not known when a frame came; set the display to its full "
        "brightness, which ends the pulses of most displays, and switch strobing off",
    )


def _held(
    values: np.ndarray,
    scaled: np.ndarray,
    stamps: np.ndarray,
    step: float,
    grid: RefreshGrid,
    levels: tuple[float, float],
    bright: bool,
    channel: str,
) -> Pulses:
    """Return what pulses on a grid say of each refresh."""
    number = np.floor(grid.number(stamps) + BEFORE).astype(np.int64)
    first = number[0]
    which = number - first
    n = int(which[-1]) + 1
    since = stamps - grid.time(number.astype(float))
    scaled = scaled - _base(scaled, since / grid.period, which, n)
    after = (since > -step) & (since < AFTER * grid.period)
    top = np.full(n, -np.inf)
    np.maximum.at(top, which[after], scaled[after])
    lit = top > UP
    bins = np.arange(-BEFORE * grid.period, AFTER * grid.period, _bin(step))
    chosen = lit[which] & (since < bins[-1])
    shape, spread = _shape(since[chosen], scaled[chosen], bins)
    expected = np.interp(since, bins, shape, left=0.0, right=0.0)
    energy = np.bincount(which, expected**2, minlength=n)
    usual = float(np.median(energy[lit])) if lit.any() else 0.0
    # Where a pulse comes and goes, and where its shape is blurred, a sample tells little.
    unsure = np.bincount(which, (expected * np.interp(since, bins, spread)) ** 2, minlength=n)
    known = (energy > VISIBLE * usual) & (CERTAIN * np.sqrt(unsure) < 0.5 * energy)
    whole = np.bincount(which, minlength=n) > 0.8 * grid.period / step - 1
    known &= whole
    if known[whole].mean() < 1 - MOST_UNSEEN:
        raise NoLight(
            "channel",
            channel,
            f"shows pulsed light, and at {1 / step:.0f} Hz the level of most refreshes is not "
            "known: pulses fall between the samples, or differ from each other; draw the patch in "
            "black and white, record the sensor at 2000 Hz or more, or switch the display's "
            "strobing off",
        )
    height = np.bincount(which, scaled * expected, minlength=n) / np.maximum(energy, 1e-12)
    stamps, values, which = _with_ends(stamps, values, which, grid, first - BEFORE)
    smooth = height[which]
    seen = known[which]
    told = np.flatnonzero(known)
    on = height[told] > 0.5
    turns = np.flatnonzero((on[1:] != on[:-1]) & (np.diff(told) == 1)) + 1
    edges = grid.time(told[turns] + first - BEFORE)
    low, high = levels
    light = LightSignal(
        values=(values - low) / (high - low),
        stamps=stamps,
        rate=1 / step,
        smooth=smooth if bright else 1 - smooth,
        seen=seen,
        covered=seen,
        low=float(low),
        high=float(high),
        edges=edges,
        rising=on[turns] == bright,
    )
    answer = Answer(bins, shape / shape.max())
    onset, end = _half(answer)
    fall = Answer(-answer.since[::-1], answer.level[::-1])
    return Pulses(light, answer, fall, onset + BEFORE * grid.period, end - onset)


def _with_ends(
    stamps: np.ndarray, values: np.ndarray, which: np.ndarray, grid: RefreshGrid, first: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return samples and their refreshes, with one more where each refresh begins and ends.

    A refresh in which samples are missing would take its height from those beside it.
    """
    refreshes = np.repeat(np.arange(which[-1] + 1), 2)
    ends = grid.time(first + refreshes + np.resize([END, 1 - END], len(refreshes)))
    inside = (ends > stamps[0]) & (ends < stamps[-1])
    ends, refreshes = ends[inside], refreshes[inside]
    at = np.searchsorted(stamps, ends)
    between = np.interp(ends, stamps, values)
    return (
        np.insert(stamps, at, ends),
        np.insert(values, at, between),
        np.insert(which, at, refreshes),
    )


def _bin(step: float) -> float:
    return max(step / BINS_A_SAMPLE, SHORTEST_BIN)


def _base(scaled: np.ndarray, part: np.ndarray, which: np.ndarray, n: int) -> np.ndarray:
    """Return the dark level around each sample, from what lies before each pulse."""
    before = (part > DARK[0]) & (part < DARK[1])
    count = np.bincount(which[before], minlength=n)
    if not count.any():
        return np.zeros(len(scaled))
    total = np.bincount(which[before], scaled[before], minlength=n)
    there = np.flatnonzero(count)
    return np.interp(which, there, total[there] / count[there])


def _shape(
    since: np.ndarray, scaled: np.ndarray, bins: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the usual light around a pulse's beginning, and its standard deviation.

    Bins with too few samples lie in between.
    """
    place = np.round((since - bins[0]) / (bins[1] - bins[0])).astype(np.int64)
    place = place.clip(0, len(bins) - 1)
    count = np.bincount(place, minlength=len(bins))
    there = np.flatnonzero(count)
    mean = np.zeros(len(bins))
    mean[there] = np.bincount(place, scaled, minlength=len(bins))[there] / count[there]
    square = np.bincount(place, (scaled - mean[place]) ** 2, minlength=len(bins))
    enough = np.flatnonzero(count >= FEWEST)
    every = np.arange(len(bins))
    if not len(enough):
        return np.interp(every, there, mean[there]), np.ones(len(bins))
    spread = np.sqrt(square[enough] / (count[enough] - 1))
    return np.interp(every, there, mean[there]), np.interp(every, enough, spread)


def _half(shape: Answer) -> tuple[float, float]:
    """Return when a pulse passes half of its height, up and down, in seconds."""
    level, since = shape.level, shape.since
    above = np.flatnonzero(level >= 0.5)
    peak = int(level.argmax())
    below = np.flatnonzero(level[:peak] < 0.5)
    begin = int(below[-1]) + 1 if len(below) else int(above[0])
    later = np.flatnonzero(level[peak:] < 0.5)
    end = peak + int(later[0]) if len(later) else len(level) - 1
    up = np.interp(0.5, level[[begin - 1, begin]], since[[begin - 1, begin]]) if begin else since[0]
    return float(up), float(since[end])
