"""A light sensor's channel: its two levels, and roughly when it goes from one to the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import (
    maximum_filter1d,
    minimum_filter1d,
    percentile_filter,
    uniform_filter1d,
)

from psychopy_nfb.errors import NfbError
from psychopy_nfb.photodiode.high_pass import corner_of, kept_of_height
from psychopy_nfb.photodiode.turns import LONGEST_RUN, PATTERNS, turns_of
from psychopy_nfb.report.numbers import percent

SMOOTH_SHARE = 0.3
"""Length of the moving average before the threshold, as a share of a refresh. About a period of a
backlight's flicker."""
LEVEL_SECONDS = 3.0
"""The levels may drift; they are looked for in pieces so long, in which a code has both."""
POINTS_A_REFRESH = 4
"""Points of the signal per refresh in which the levels are looked for."""
LOW, HIGH = 15.0, 85.0
"""Percentiles of a piece that stand for its levels: a code is low and high half of the time."""
HYSTERESIS = 0.15
"""Hysteresis of the threshold, as a share of the difference between the levels."""
SEPARATE = 3.0
"""Times its own spread a level must lie away from the other."""
LEAST_KEPT = 0.5
"""Share of the distance between the levels that must be left after two refreshes. A code changes
every second refresh on average: with less, most light lies nearer to the middle than to its level.
"""
FEW_SAMPLES = 6
"""Samples a refresh with which pulses of light may be missed."""
AROUND_ZERO = 0.15
"""Share of the way between the levels by which their middle lies off zero without light, or behind
a high-pass filter."""
FEWEST_CHANGES, FEW_VALUES = 16, 4
"""Changes of the value, and different values, beyond which repeated ones are stale."""
STALE_SHARE = 0.5
"""Share of a refresh for which each value may be held."""
SHORT_GAP = 0.3
"""Refreshes; samples further apart have a gap between them, in which an edge could hide."""
LONGEST_HOLD = 30
"""Refreshes; a code is never the same for longer than 16, so that a longer hold is a pause."""
HELD_LONGER = 2
"""Refreshes by which the display may hold a level longer than the log knows."""
FLAT_SHARE = 0.45
"""Share of the signal's usual change below which a stretch counts as flat: hum and noise only."""
LEAST_MOVING = 0.1
"""Share of the samples that must lie outside such stretches."""
STILL_POINTS = 120
"""Number of points of a long stretch that are compared."""
PAUSE_SECONDS = 0.6
"""By which light may begin and end later than a pause in the log."""


class NoLight(NfbError):
    """A channel in which nothing can be read: said in one sentence, never as a number."""


@dataclass
class LightSignal:
    """A light sensor's channel, ready for its edges to be measured."""

    values: np.ndarray
    """(n,) the signal, about 0 where it is low and 1 where it is high, whatever its polarity."""
    stamps: np.ndarray
    """(n,) seconds."""
    rate: float
    """Samples per second, from the stamps."""
    smooth: np.ndarray
    """(n,) `values` without noise and flicker."""
    seen: np.ndarray
    """(n,) bool: where the signal can be used."""
    covered: np.ndarray
    """(n,) bool: where it can be used, single samples that are missing counted in."""
    low: float
    """Median low level in the channel's unit."""
    high: float
    """Median high level in the channel's unit."""
    edges: np.ndarray
    """(e,) seconds: coarse times at which it crossed the middle."""
    rising: np.ndarray
    """(e,) bool: whether the signal, whatever its polarity, went up at each of them."""
    spread: float = 0.0
    """Seconds by which light came off the grid that `edges` were laid on; 0 if on none."""
    high_pass_hz: float = 0.0
    """Corner of the high-pass filter that it is behind, in Hz; 0 if behind none that does harm."""


def read_light(
    values: np.ndarray, stamps: np.ndarray, period: float, channel: str, changes: np.ndarray
) -> LightSignal:
    """Find the two levels and the edges of a light sensor's channel.

    Parameters
    ----------
    values : array, shape (n,)
        The samples in any unit; NaN where there are none.
    stamps : array, shape (n,)
        Seconds, rising; gaps are allowed.
    period : float
        Seconds a frame of the display lasts.
    channel : str
        Its name, for what is said when it cannot be used.
    changes : array, shape (c,)
        When the log begins, changes its level, and ends, in seconds, rising. Where it holds a level
        for long, light may do so too.

    Raises
    ------
    NoLight
        If it is flat, changes too seldom, or has no two levels.
    """
    values, stamps = np.asarray(values, dtype=float), np.asarray(stamps, dtype=float)
    seen = np.isfinite(values)
    if seen.sum() < 16 or np.ptp(values[seen]) == 0:
        what = "has no samples" if seen.sum() < 16 else "never changes"
        raise NoLight(
            "channel", channel, f"{what}; choose the channel that the light sensor is connected to"
        )
    step = float(np.median(np.diff(stamps)))
    _require_fresh(values[seen], step, period, channel)
    values, stamps = _without_gaps(values, stamps, step, max(1.5 * step, SHORT_GAP * period))
    seen = np.isfinite(values)
    filled = np.interp(stamps, stamps[seen], values[seen])
    width = max(1, round(SMOOTH_SHARE * period / step)) | 1
    smooth = uniform_filter1d(filled, width)
    still = _still_in_turns(smooth, seen, stamps, _longest(changes, period), period, step)
    moving = seen & ~still
    if moving.sum() < LEAST_MOVING * seen.sum():
        raise NoLight(
            "channel",
            channel,
            "changes between dark and light too seldom for a patch in mode 'code'; check "
            "that the sensor is on the patch, and choose its channel",
        )
    low, high = _levels(smooth, moving, period, step)
    usable = ~still | _pauses(stamps, changes, LONGEST_HOLD * period)
    covered = usable & _bridged(seen, round(SHORT_GAP * period / step))
    seen &= usable
    span = high - low
    if np.median(span) <= 0:
        raise NoLight("channel", channel, "never changes; check the connection of the light sensor")
    scaled = (smooth - low) / span
    _require_two_levels(scaled[seen], channel, np.median(low), np.median(high), step, period)
    edges, rising = _crossings(scaled, stamps)
    nearest = np.searchsorted(stamps, edges).clip(max=len(stamps) - 1)
    inside = covered[nearest] & covered[nearest - 1]
    told = scaled, stamps, covered, edges, rising, period
    _require_held(kept_of_height(*told), channel)
    return LightSignal(
        values=(filled - np.median(low)) / np.median(span),
        stamps=stamps,
        rate=1 / step,
        smooth=scaled,
        seen=seen,
        covered=covered,
        low=float(np.median(low)),
        high=float(np.median(high)),
        edges=edges[inside],
        rising=rising[inside],
        high_pass_hz=corner_of(*told),
    )


def _require_fresh(values: np.ndarray, step: float, period: float, channel: str) -> None:
    """Refuse a sensor that repeats each value for most of a refresh.

    One that says light or dark only has a reason to.
    """
    changed = np.flatnonzero(np.diff(values))
    if len(changed) < FEWEST_CHANGES or len(np.unique(values)) <= FEW_VALUES:
        return
    held = float(np.diff(changed).min()) * step
    if held > STALE_SHARE * period:
        raise NoLight(
            "channel",
            channel,
            f"holds each value for {1e3 * held:.0f} ms: its sensor is read {1 / held:.0f} times a "
            f"second only, and stamped {1 / step:.0f} times; at least {2 / period:.0f} are needed, "
            "better 1000: set a higher rate in the sensor's own program",
        )


def _without_gaps(
    values: np.ndarray, stamps: np.ndarray, step: float, short: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the signal with NaN in place of samples that are missing for longer than `short`."""
    missing = np.round(np.diff(stamps) / step).astype(np.int64) - 1
    gaps = np.flatnonzero((missing > 0) & (np.diff(stamps) > short))
    if not len(gaps):
        return values, stamps
    counts = missing[gaps]
    at = np.repeat(gaps + 1, counts)
    within = np.concatenate([np.arange(1, count + 1) for count in counts])
    width = np.repeat((stamps[gaps + 1] - stamps[gaps]) / (counts + 1), counts)
    filled_in = np.repeat(stamps[gaps], counts) + within * width
    return np.insert(values, at, np.nan), np.insert(stamps, at, filled_in)


def _bridged(seen: np.ndarray, longest: int) -> np.ndarray:
    """Return where samples are there, or missing for no longer than so many in a row."""
    turns = np.flatnonzero(np.diff(np.concatenate(([True], seen, [True])).astype(np.int8)))
    bridged = seen.copy()
    for first, last in turns.reshape(-1, 2):
        if last - first <= longest:
            bridged[first:last] = True
    return bridged


def _still(smooth: np.ndarray, seen: np.ndarray, longest: float, refresh: float) -> np.ndarray:
    """Return which samples belong to stretches in which light goes neither on nor off for too long.

    There something covers the sensor, or it fell off, or its amplifier is saturated. `longest`, a
    level that is held, and a `refresh` are in samples.
    """
    every = max(1, int(longest / STILL_POINTS))
    thin, known = smooth[::every], seen[::every]
    width = max(2, min(len(thin), round(longest / every)))
    # A stretch in which samples are missing may have had light go on and off.
    most = maximum_filter1d(np.where(known, thin, np.inf), width)
    moves = most - minimum_filter1d(thin, width)
    if not np.isfinite(moves).any():
        return np.zeros(len(smooth), dtype=bool)
    usual = np.percentile(moves[np.isfinite(moves)], HIGH)
    # The refreshes in which that begins and ends tell nothing either.
    wider = width + 2 * round(refresh / every)
    still = maximum_filter1d((moves < FLAT_SHARE * usual).astype(np.int8), wider) > 0
    return np.repeat(still, every)[: len(smooth)]


def _still_in_turns(
    smooth: np.ndarray,
    seen: np.ndarray,
    stamps: np.ndarray,
    longest: float,
    period: float,
    step: float,
) -> np.ndarray:
    """Return the still samples; a display that shows a part of its frames holds them for longer.

    By which turns it does so is read from the light as a whole, `longest` is in seconds.
    """
    refresh, most = (
        period / step,
        {every: every * LONGEST_RUN + HELD_LONGER for every, _ in PATTERNS},
    )
    still = _still(smooth, seen, longest / step, refresh)
    moving = seen & ~_still(smooth, seen, max(most.values()) * refresh, refresh)
    if not still.any() or not moving.any():
        return still
    low, high = _levels(smooth, moving, period, step)
    edges, _ = _crossings((smooth - low) / np.maximum(high - low, 1e-12), stamps)
    if len(edges) < 2:
        return still
    changes = np.concatenate(([0.0], np.cumsum(np.round(np.diff(edges) / period)))).astype(np.int64)
    for one in turns_of(changes):
        # A frame that was held may lie beside the first and the last change in turn.
        at = np.searchsorted(changes, [one.first, one.last]) + [-1, 1]
        first, last = edges[at.clip(0, len(edges) - 1)]
        inside = slice(*np.searchsorted(stamps, [first - period, last + period]))
        slower = _still(smooth[inside], seen[inside], most[one.every] * refresh, refresh)
        still[inside] &= slower
    return still


def _longest(changes: np.ndarray, period: float) -> float:
    """Return the seconds that light may hold a level by this log, pauses not counted."""
    holds = np.diff(changes)
    # A single frame that was missed makes one of the two holds beside it.
    joined = holds[:-2] + holds[1:-1] + holds[2:]
    holds = np.concatenate((holds, joined[holds[1:-1] < 1.5 * period]))
    return holds[holds < LONGEST_HOLD * period].max(initial=0.0) + HELD_LONGER * period


def _pauses(stamps: np.ndarray, changes: np.ndarray, longest: float) -> np.ndarray:
    """Return which samples lie where the log, too, holds a level for longer than `longest`."""
    inside = np.zeros(len(stamps), dtype=bool)
    for number in np.flatnonzero(np.diff(changes) > longest):
        begin, end = changes[number] - PAUSE_SECONDS, changes[number + 1] + PAUSE_SECONDS
        inside |= (stamps > begin) & (stamps < end)
    return inside


def _levels(
    smooth: np.ndarray, seen: np.ndarray, period: float, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the low and the high level around each sample."""
    every = max(1, round(period / POINTS_A_REFRESH / step))
    places = np.flatnonzero(seen)[::every]
    thin = smooth[places]
    width = min(len(thin), max(3, round(LEVEL_SECONDS / (every * step)))) | 1
    found = []
    for percentile in (LOW, HIGH):
        level = percentile_filter(thin, percentile, size=width, mode="nearest")
        level = uniform_filter1d(level, width, mode="nearest")
        found.append(np.interp(np.arange(len(smooth)), places, level))
    return found[0], found[1]


def _require_two_levels(
    scaled: np.ndarray, channel: str, low: float, high: float, step: float, period: float
) -> None:
    above = scaled > 0.5
    for level, part in ((0.0, scaled[~above]), (1.0, scaled[above])):
        if len(part) < 0.02 * len(scaled):
            break
        spread = 1.4826 * np.median(np.abs(part - np.median(part)))
        if abs(np.median(part) - (1 - level)) < SEPARATE * spread:
            break
    else:
        return
    hint = ""
    if step * FEW_SAMPLES > period:
        hint = (
            f", and record at 1000 samples a second or more: with {1 / step:.0f}, light that comes "
            "in pulses falls between them"
        )
    elif abs(low + high) < AROUND_ZERO * (high - low):
        hint = (
            "; it lies around zero, as a sensor that sees no light does, or one behind a high-pass "
            "filter: hold a lamp to it, and the former stays as it is, the latter jumps and comes "
            "back"
        )
    raise NoLight(
        "channel",
        channel,
        f"has no two distinct levels (it is mostly from {low:g} to {high:g}); "
        f"check that the sensor is on the patch, and choose its channel{hint}",
    )


def _require_held(kept: float | None, channel: str) -> None:
    """Refuse light that falls back too fast for its levels to be read."""
    if kept is not None and kept < LEAST_KEPT:
        raise NoLight(
            "channel",
            channel,
            f"falls back by {percent(1 - max(kept, 0.0))} within two refreshes in which the patch "
            "holds its level, as behind a high-pass filter; record the sensor without the "
            "amplifier's high-pass filter (DC), or with one below 0.1 Hz",
        )


def _crossings(scaled: np.ndarray, stamps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return when the signal crossed the middle, and whether upwards.

    Noise within the hysteresis is passed over.
    """
    state = np.zeros(len(scaled), dtype=np.int8)
    state[scaled > 0.5 + HYSTERESIS] = 1
    state[scaled < 0.5 - HYSTERESIS] = -1
    far = np.flatnonzero(state)
    turns = np.flatnonzero(np.diff(state[far]))
    found = np.empty(len(turns))
    for place, turn in enumerate(turns):
        first, last = far[turn], far[turn + 1]
        part = (scaled[first : last + 1] - 0.5) * state[last]
        at = int(np.flatnonzero((part[:-1] <= 0) & (part[1:] > 0))[-1])
        share = part[at] / (part[at] - part[at + 1])
        before, after = stamps[first + at], stamps[first + at + 1]
        found[place] = before + share * (after - before)
    return found, state[far[turns + 1]] > 0
