"""Which levels a patch should show: ``python tests/photodiode/compare_codes.py``.

Three sequences are compared on the same displays and sensors. *random*: each frame shows a bit of a
maximal-length sequence, as the patch does. *pairs*: each of its bits is followed by its opposite
(Manchester code), so that three quarters of the frames differ from the one before. *three*: black,
grey and white, so that each frame differs from the one before.

The first two are laid over their logs by `light_times`. There is no such decoder for three levels:
here all three are also decided refresh by refresh, to the nearest level, and with all knowledge
that a decoder would have to find out, namely when refreshes are and the light of each level.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from light_simulation import TO_90
from scipy.ndimage import uniform_filter1d

from psychopy_nfb.display.photodiode_patch import paired_sequence, sequence
from psychopy_nfb.photodiode import NoLight, NoMatch, light_times

RATE, REFRESH = 1000.0, 60.0
KINDS: dict[str, dict[str, float]] = {
    "clean": {},
    "noise": {"noise": 0.05},
    "hum 10 %": {"hum": 0.1},
    "flicker 20 %": {"flicker": 0.2},
    "levels wander 20 %": {"wander": 0.2},
    "slow pixels": {"rise": 0.015, "fall": 0.008},
    "slow pixels, hum": {"rise": 0.015, "fall": 0.008, "hum": 0.1},
    "pulsed (CRT)": {"pulsed": 1.0},
    "120 Hz, 8 ms": {"refresh": 120.0, "rise": 0.008, "fall": 0.008},
    "240 Hz, 4 ms": {"refresh": 240.0, "rise": 0.004, "fall": 0.004},
}
TRUE_MS = 1e3 * (0.009 + 0.004 / TO_90 / 2)
"""Lag at which half of a change is done, where rise and fall are not said."""
GREY = 0.5**2.2
"""Light of the middle grey on a display with the usual gamma."""


def codes(n: int, start: int) -> dict[str, np.ndarray]:
    """Return the levels of `n` frames by each code, 0 to 1 of the patch's light."""
    bits = np.resize(np.roll(sequence(), -start), n)
    steps = np.cumsum(1 + bits) % 3
    return {
        "random": bits.astype(float),
        "pairs": np.resize(np.roll(paired_sequence(), -start), n).astype(float),
        "three": np.array([0.0, GREY, 1.0])[steps],
    }


def recorded(
    rng: np.random.Generator,
    shown: np.ndarray,
    *,
    refresh: float = REFRESH,
    rise: float = 0.004,
    fall: float = 0.004,
    noise: float = 0.005,
    hum: float = 0.0,
    flicker: float = 0.0,
    wander: float = 0.0,
    pulsed: float = 0.0,
    lag: float = 0.009,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the stamps and the samples of a sensor that sees `shown`, a level each refresh."""
    t = np.arange(-0.3, len(shown) / refresh - 0.05, 1 / RATE) + rng.uniform(0, 1 / RATE)
    onsets = np.arange(len(shown)) / refresh + lag
    if pulsed:
        number = np.searchsorted(onsets, t, side="right") - 1
        since = t - onsets[number.clip(0)]
        value = np.where(number >= 0, shown[number.clip(0)] * np.exp(-since / 0.0015), 0.0)
    else:
        value = np.full(len(t), shown[0])
        for number in np.flatnonzero(np.diff(shown)) + 1:
            change = shown[number] - shown[number - 1]
            length = (rise if change > 0 else fall) / TO_90
            part = ((t - onsets[number]) / length).clip(0, 1)
            value += change * (1 - np.cos(np.pi * part)) / 2
    value = value * (1 + flicker * np.sin(2 * np.pi * 200 * t + rng.uniform(0, 6)))
    value += hum * np.sin(2 * np.pi * 50 * t + rng.uniform(0, 6))
    value += wander * np.sin(2 * np.pi * t / 15 + rng.uniform(0, 6))
    return t, value + noise * rng.normal(size=len(t))


def with_missed(
    rng: np.random.Generator, levels: np.ndarray, n: int
) -> tuple[np.ndarray, set[int]]:
    """Return what is shown when `n` frames are missed, and these frames."""
    places = 60 + rng.choice((len(levels) - 120) // 8, n, replace=False) * 8
    places += rng.integers(0, 7, n)
    shown = levels.copy()
    shown[places] = levels[places - 1]
    return shown, set(places.tolist())


def decided_wrongly(t, value, shown, refresh: float, lag: float = 0.009) -> float:
    """Return the share of refreshes that are nearest to another level, by the best choice of when
    to look; the light of each level is what it is on the average."""
    smooth = uniform_filter1d(value, max(1, round(0.3 / refresh * RATE)) | 1)
    known, which = np.unique(shown, return_inverse=True)
    best = 1.0
    for part in np.linspace(0.05, 1.2, 24):
        light = np.interp((np.arange(len(shown)) + part) / refresh + lag, t, smooth)
        usual = np.array([np.median(light[which == one]) for one in range(len(known))])
        nearest = np.abs(light[:, None] - usual).argmin(axis=1)
        best = min(best, float((nearest != which)[2:-30].mean()))
    return best


def compare(seconds: float, n_missed: int, seed: int) -> pd.DataFrame:
    """Return a row for each code on each kind of recording."""
    rows = []
    for kind, conditions in KINDS.items():
        refresh = conditions.get("refresh", REFRESH)
        n = int(seconds * refresh)
        rng = np.random.default_rng([seed, len(rows)])
        start = int(rng.integers(60000))
        for code, levels in codes(n, start).items():
            shown, missing = with_missed(rng, levels, n_missed)
            t, value = recorded(rng, shown, **conditions)
            row = {"recording": kind, "code": code}
            row["decided wrongly"] = f"{100 * decided_wrongly(t, value, shown, refresh):.2f} %"
            if code == "three":
                row["missed seen"] = "100 % at most"
            else:
                row |= _laid(levels, refresh, t, value, missing)
            rows.append(row)
    return pd.DataFrame(rows).fillna("")


def _laid(levels, refresh, t, value, missing) -> dict[str, str]:
    flips = np.arange(len(levels)) / refresh
    frames = pd.DataFrame({"frame": np.arange(len(levels)), "t_flip": flips, "patch": levels})
    try:
        found = light_times(frames, value, t)
    except (NoLight, NoMatch) as refused:
        return {"missed seen": "refused", "RMS (samples)": str(refused)[:60]}
    edged = found.frames[found.frames.edge]
    lag = edged.lag.to_numpy() * RATE
    up = edged.patch.to_numpy() > 0.5
    left = lag - np.where(up, np.median(lag[up]), np.median(lag[~up]) if (~up).any() else 0)
    seen = set(found.frames.frame[found.frames.shown == False])  # noqa: E712
    return {
        "lag (ms)": f"{found.summary.lag_median_ms:.2f}",
        "missed seen": f"{100 * len(seen & missing) / len(missing):.0f} %",
        "false": str(len(seen - missing)),
        "RMS (samples)": f"{float(np.sqrt(np.mean(left**2))):.3f}",
    }


def short_ones(seconds: float, times: int, seed: int) -> pd.DataFrame:
    """Return how many recordings of so many seconds with hum are read, and how many wrongly."""
    read, wrong = {"random": 0, "pairs": 0}, {"random": 0, "pairs": 0}
    for number in range(times):
        rng = np.random.default_rng([seed, 9, number])
        for code in read:
            levels = codes(300, int(rng.integers(60000)))[code]
            t, value = recorded(rng, levels, hum=0.1)
            begin = rng.uniform(1, 3)
            kept = (t > begin) & (t < begin + seconds)
            row = _laid(levels, REFRESH, t[kept], value[kept], {-1})
            read[code] += row["missed seen"] != "refused"
            wrong[code] += abs(float(row.get("lag (ms)", TRUE_MS)) - TRUE_MS) > 4
    return pd.DataFrame(
        [
            {"seconds": seconds, "code": one, "read": f"{read[one]}/{times}", "wrongly": wrong[one]}
            for one in read
        ]
    )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each recording")
    parser.add_argument("--missed", type=int, default=60, help="frames that are missed in each")
    parser.add_argument("--short", type=int, default=20, help="number of short recordings")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(compare(options.seconds, options.missed, options.seed).to_string(index=False))
    for seconds in (0.6, 0.8, 1.0):
        print(short_ones(seconds, options.short, options.seed).to_string(index=False, header=False))


if __name__ == "__main__":
    main()
