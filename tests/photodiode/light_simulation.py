"""A light sensor's recording of a coded patch whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from psychopy_nfb.display.photodiode_patch import sequence

TO_90 = 0.5903
"""Part of a raised cosine from a tenth to nine tenths."""
LINE_TO_90 = 0.8
"""The same of a straight line."""


@dataclass
class Simulated:
    """Log, recording, and what happened."""

    frames: pd.DataFrame
    values: np.ndarray
    stamps: np.ndarray
    t_light: np.ndarray
    """(frames,) when light was half-way, on the sensor's clock; NaN for frames never shown."""
    missed: set = field(default_factory=set)
    """Frames that were never light, and whose light differs from what was shown instead."""
    delays: list = field(default_factory=list)
    """Frames before which the display repeated one that the log does not know of."""


CLEAR_SECONDS = 0.5
"""Before and after a lost stretch in which nothing goes wrong: there nobody could tell."""


def _stretches(rng: np.random.Generator, lost: float, seconds: float) -> list[tuple[float, float]]:
    """Return five stretches, seconds since the beginning, that are `lost` of all."""
    if not lost:
        return []
    each, length = seconds / 5, lost * seconds / 5
    starts = np.arange(5) * each + rng.uniform(0.3, 0.6, 5) * each
    return [(start, start + length) for start in starts]


def _raised_cosines(t, first_level, onsets, ups, rise, fall):
    """Return light as a sum of answers; `rise` and `fall` in seconds from 0 to 100 %."""
    value = np.full(len(t), first_level)
    for onset, up in zip(onsets, ups, strict=True):
        length = rise if up else fall
        first, last = np.searchsorted(t, [onset, onset + length])
        way = (1 - np.cos(np.pi * (t[first:last] - onset) / length)) / 2
        value[first:last] += way if up else -way
        value[last:] += 1 if up else -1
    return value


def _at_constant_speed(t, first_level, onsets, ups, rise, fall):
    """Return light of pixels that move at one speed in each direction, from where they are."""
    value = np.full(len(t), first_level)
    level = first_level
    until = np.append(onsets[1:], t[-1] + 1)
    for onset, up, end in zip(onsets, ups, until, strict=True):
        speed = 1 / rise if up else -1 / fall
        first, last = np.searchsorted(t, [onset, end])
        value[first:last] = (level + speed * (t[first:last] - onset)).clip(0, 1)
        level = float(np.clip(level + speed * (end - onset), 0, 1))
    return value


def simulate_light(
    rng: np.random.Generator,
    rate: float,
    seconds: float = 20.0,
    refresh: float = 60.0,
    rise: float = 0.005,
    fall: float = 0.005,
    lag: float = 0.0123,
    noise: float = 0.0,
    hum: float = 0.0,
    mains: float = 50.0,
    flicker: float = 0.0,
    wander: float = 0.0,
    drift: float = 0.0,
    lost: float = 0.0,
    missed: int = 0,
    dropped: int = 0,
    delays: int = 0,
    inverted: bool = False,
    saturated: bool = False,
    constant_speed: bool = False,
    gain: float = 830.0,
) -> Simulated:
    """Return a recording; `rise` and `fall` in seconds from 10 to 90 %.

    `lost` is the share of the edges in stretches that the sensor did not see, `dropped` are frames
    that the log knows to have lasted longer, `delays` refreshes it does not know of. Pixels of
    `constant_speed` turn back from wherever they are, so that light is no sum of answers.
    """
    n = int(seconds * refresh)
    levels = sequence()[rng.integers(40000) + np.arange(n)].astype(float)
    period = 1 / refresh
    lasts = np.ones(n, dtype=int)
    lasts[rng.choice(np.arange(20, n - 20), dropped, replace=False)] += 1
    ticks = np.concatenate(([0], np.cumsum(lasts)[:-1]))
    begin = 1000 + rng.uniform(0, 5)
    flips = begin + ticks * period + np.abs(rng.normal(0, 2e-4, n))
    # What the display shows in each refresh. What goes wrong does so where the sensor sees it.
    shown = np.repeat(np.arange(n), lasts)
    unseen = _stretches(rng, lost, seconds)
    changing = np.flatnonzero(levels[1:] != levels[:-1]) + 1
    changing = changing[(changing > 40) & (changing < n - 40)]
    since_begin = ticks[changing] * period
    for start, end in unseen:
        clear = (since_begin < start - CLEAR_SECONDS) | (since_begin > end + CLEAR_SECONDS)
        changing, since_begin = changing[clear], since_begin[clear]
    places = rng.permutation(changing[::12])
    missing = sorted(int(place) for place in places[:missed])
    for frame in missing:
        shown[shown == frame] = frame - 1
    late = sorted(int(place) for place in places[missed : missed + delays])
    for frame in late:
        at = int(np.flatnonzero(shown >= frame)[0])
        shown = np.insert(shown, at, shown[at - 1])[: len(shown)]
    light = levels[shown]
    edges = np.flatnonzero(np.diff(light)) + 1
    ups = light[edges] > 0.5
    onsets = begin + edges * period + lag
    first_seen = np.full(n, np.nan)
    to_90 = LINE_TO_90 if constant_speed else TO_90
    middles = onsets + np.where(ups, rise, fall) / to_90 / 2  # after a rest
    first_seen[shown[edges]] = middles
    # The sensor samples light on its own clock.
    t = np.arange(begin - 0.5, begin + len(shown) * period - 0.1, 1 / rate)
    change = _at_constant_speed if constant_speed else _raised_cosines
    value = change(t, light[0], onsets, ups, rise / to_90, fall / to_90)
    since = t - t[0]
    value = value * (1 + flicker * np.sin(2 * np.pi * 200 * since + rng.uniform(0, 6)))
    value += hum * np.sin(2 * np.pi * mains * since + rng.uniform(0, 6))
    value += hum / 3 * np.sin(2 * np.pi * 3 * mains * since + rng.uniform(0, 6))
    value += wander * np.sin(2 * np.pi * since / 15 + rng.uniform(0, 6))
    value += noise * rng.normal(size=len(t))
    if saturated:
        value = value.clip(0.03, 0.97)
    kept = np.ones(len(t), dtype=bool)
    for start, end in unseen:
        kept &= (t - begin < start) | (t - begin > end)
    stamps = begin + (t - begin) * (1 + drift)
    seen = begin + (first_seen - begin) * (1 + drift)
    if inverted:
        value = -value
    frames = pd.DataFrame(
        {
            "frame": np.arange(n),
            "t_flip": flips,
            "interval": np.diff(flips, prepend=np.nan),
            "dropped": np.cumsum(lasts - 1),
            "patch": levels,
        }
    )
    return Simulated(frames, gain * value[kept] + 12, stamps[kept], seen, set(missing), late)
