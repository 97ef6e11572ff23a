"""Displays that do not hold a level, do not keep a grid, or are seen by a sensor that is disturbed.

Physics of its own: refreshes, what each of them shows, the light it emits, a sensor, stamps.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from light_simulation import TO_90, Simulated, _raised_cosines

from psychopy_nfb.display.photodiode_patch import sequence

CRT_DECAY, CRT_RISE = 0.0015, 0.0001
"""Seconds of a phosphor."""
STROBE, EDGE = 0.002, 0.0002
"""Seconds that a strobed backlight is on, and that it takes to come on."""
DUTY = 0.5
"""Share of a refresh without the black frame, and of a period of pulse-width modulation."""
SUBSAMPLES = 16
"""Points over which a sensor with an anti-aliasing filter averages."""


def pulse(kind: str, since: np.ndarray, period: float) -> np.ndarray:
    """Return the light of one refresh, so many seconds after it came on; 1 at its highest."""
    if kind == "crt":
        rise = (since / CRT_RISE).clip(0, 1)
        return np.where(since < CRT_RISE, rise, np.exp(-(since - CRT_RISE).clip(0) / CRT_DECAY))
    width = STROBE if kind == "strobe" else DUTY * period
    edge = EDGE if kind == "strobe" else 0.001
    return (since / edge).clip(0, 1) * ((width + edge - since) / edge).clip(0, 1)


def simulate_display(
    rng: np.random.Generator,
    rate: float = 1000.0,
    seconds: float = 20.0,
    refresh: float = 60.0,
    kind: str = "lcd",
    *,
    pwm: float = 240.0,
    rise: float = 0.004,
    lag: float | None = None,
    noise: float = 0.005,
    hum: float = 0.0,
    mains: float = 50.0,
    averaged: bool = False,
    missed: int = 0,
    never: tuple[int, ...] = (),
    delays: int = 0,
    late: float = 0.0,
    vrr: float = 0.0,
    free: float = 0.0,
    held: tuple[int, ...] = (1,),
    later: np.ndarray | None = None,
    touched: float = 0.0,
    touch: str = "dark",
    inverted: bool = False,
    coupled: float = 0.0,
    code: np.ndarray | None = None,
) -> Simulated:
    """Return log, recording and truth.

    `never` are frames that are not shown, `missed` how many more are not whose level is a new one.
    `kind` is ``lcd``, ``pwm`` (of a backlight that is not locked to the refreshes), ``crt``,
    ``strobe`` or ``bfi``. `late` is the share of flip stamps that are 3 to 12 ms late; `vrr`
    the SD of frame intervals as a share, each shown when it is flipped; `free` the rate of
    flips that do not wait for the display; `held` for how many refreshes frames are shown in
    turn; `later` how many refreshes later than usual each frame is shown; `touched` how many
    seconds the sensor's signal is disturbed; `coupled` the corner of an amplifier's high-pass
    in Hz; `code` the levels of the patch, else those of mode ``code``. `t_light` is when light
    was half-way up or down, or the first pulse of a refresh came on.
    """
    period = 1 / refresh
    lag = rng.uniform(0.004, 0.02) if lag is None else lag
    n = int(seconds * (free or refresh) / np.mean(held))
    bits = sequence() if code is None else code
    levels = bits[rng.integers(40000) + np.arange(n)].astype(float)
    begin = 1000 + rng.uniform(0, 5)
    changing = np.flatnonzero(levels[1:] != levels[:-1]) + 1
    changing = changing[(changing > 40) & (changing < n - 40)]
    places = rng.permutation(changing[::12])
    missing = sorted(int(place) for place in places[:missed])
    slow = sorted(int(place) for place in places[missed : missed + delays])
    # Refreshes, and which frame each of them shows.
    if vrr:
        intervals = period * (1 + vrr * rng.normal(size=n)).clip(0.55, 3)
        refreshes = begin + np.concatenate(([0.0], np.cumsum(intervals)[:-1]))
        flips, shown = refreshes.copy(), np.arange(n)
    elif free:
        flips = begin + np.arange(n) / free
        refreshes = begin + np.arange(int(seconds * refresh)) * period
        shown = np.searchsorted(flips, refreshes - 1e-3, side="right").clip(1) - 1
        never = np.setdiff1d(np.arange(shown[0], shown[-1]), shown)
        missing = [int(one) for one in never if levels[one] != levels[one - 1]]
    else:
        delay = np.zeros(n, dtype=int) if later is None else later[:n].astype(int)
        delay = delay + np.searchsorted(slow, np.arange(n), side="right")
        ticks = np.cumsum(np.resize(held, n)) - held[0]
        due = ticks + delay
        refreshes = begin + np.arange(ticks[-1] + 1) * period
        shown = np.zeros(len(refreshes), dtype=int)
        for frame in range(n):
            if frame not in missing and frame not in never:
                shown[due[frame] :] = np.maximum(shown[due[frame] :], frame)
        flips = begin + ticks * period
    flips = flips + np.abs(rng.normal(0, 1e-4, n))
    stamped_late = rng.random(n) < late
    flips = flips + np.where(stamped_late, rng.uniform(0.003, 0.012, n), 0)
    flips = np.maximum.accumulate(flips) + 1e-9 * np.arange(n)
    light = levels[shown]
    due_at = np.searchsorted(shown, never, side="right") - 1
    hidden = [frame for frame, at in zip(never, due_at, strict=True) if light[at] != levels[frame]]
    ends = np.append(refreshes[1:], refreshes[-1] + period)
    t = np.arange(begin - 0.5, ends[-1] - 0.1, 1 / rate) + rng.uniform(0, 1 / rate)
    points = t
    if averaged:
        points = (
            t[:, None] + (np.arange(SUBSAMPLES) + 0.5) / SUBSAMPLES / rate - 0.5 / rate
        ).ravel()
    edges = np.flatnonzero(np.diff(light)) + 1
    ups = light[edges] > 0.5
    seen = np.full(n, np.nan)
    if kind in ("lcd", "pwm"):
        length = rise / TO_90
        onsets = refreshes[edges] + lag
        value = _raised_cosines(points, light[0], onsets, ups, length, length)
        seen[shown[edges]] = onsets + length / 2
        if kind == "pwm":
            on = ((points - begin) * pwm + rng.random()) % 1 < DUTY
            value = value * on
    else:
        value = np.zeros(len(points))
        first_on = np.concatenate(([True], shown[1:] != shown[:-1])) & (light > 0.5)
        for number in np.flatnonzero(light > 0.5):
            on = refreshes[number] + lag
            first, last = np.searchsorted(points, [on, on + max(0.9 * period, 8 * CRT_DECAY)])
            value[first:last] += pulse(
                kind, points[first:last] - on, ends[number] - refreshes[number]
            )
        edge = {"crt": CRT_RISE, "strobe": EDGE, "bfi": 0.001}[kind]
        seen[shown[first_on]] = refreshes[first_on] + lag + edge / 2
    if averaged:
        value = value.reshape(len(t), SUBSAMPLES).mean(axis=1)
    since = t - t[0]
    value = value + hum * np.sin(2 * np.pi * mains * since + rng.uniform(0, 6))
    value = value + hum / 3 * np.sin(2 * np.pi * 3 * mains * since + rng.uniform(0, 6))
    if touched:
        start = t[0] + rng.uniform(0.3, 0.6) * seconds
        there = (t > start) & (t < start + touched)
        if touch == "dark":
            value = np.where(there, 0.02, value)
        elif touch == "bright":
            value = np.where(there, 1.3, value)
        elif touch == "wobble":
            wave = 0.8 * np.sin(2 * np.pi * 7 * (t - start)) + rng.normal(0, 0.2, len(t))
            value = np.where(there, value * 0.3 + wave, value)
        else:  # half-way off the patch, and another level
            value = np.where(there, 0.4 + 0.25 * value, value)
    value = value + noise * rng.normal(size=len(t))
    if coupled:
        value = _high_passed(value, coupled, rate)
    if inverted:
        value = -value
    frames = pd.DataFrame({"frame": np.arange(n), "t_flip": flips, "patch": levels})
    return Simulated(frames, 830 * value + 12, t, seen, set(missing) | set(hidden), slow)


def _high_passed(value: np.ndarray, corner: float, rate: float) -> np.ndarray:
    from scipy.signal import lfilter

    share = 1 / (1 + 2 * np.pi * corner / rate)
    state = lfilter([share, -share], [1, -share], value - value.mean())
    return state
