"""Light of displays by what is published of their physics, seen by a sensor with an aperture.

Nothing is shared with the other simulations but the patch's code: pixels of liquid crystal approach
their level exponentially, at a speed that depends on the level, and may be overdriven [1]_; organic
pixels follow in microseconds and are dimmed by going dark for a part of each period [2]_; phosphors
decay exponentially after the beam has passed, row by row [3]_. The sensor sees some rows, which are
lit one after the other, and has a low-pass filter of its own; the converter averages from sample to
sample.

References
----------
.. [1] T. Elze, T. G. Tanner, "Temporal properties of liquid crystal displays: implications for
   vision science experiments", PLoS ONE 7:e44048, 2012.
.. [2] H. Ito, M. Ogawa, S. Sunaga, "Evaluation of an organic light-emitting diode display for
   precise visual stimulation", Journal of Vision 13(7):6, 2013.
.. [3] T. Elze, "Achieving precise display timing in visual neuroscience experiments", Journal of
   Neuroscience Methods 191:171-179, 2010.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from psychopy_nfb.display.photodiode_patch import sequence

FINE_HZ = 20_000.0
"""Steps a second in which light is computed."""


@dataclass(frozen=True)
class Physics:
    """What display and sensor are made of; seconds and shares of the patch's light."""

    kind: str
    """``lcd``, ``oled`` or ``crt``."""
    rise: float = 0.003
    """Time constant of liquid crystal that gets light."""
    fall: float = 0.002
    """The same that gets dark."""
    overdriven: float = 0.0
    """Share of the way by which liquid crystal is driven too far for one refresh."""
    pulses: int = 1
    """Periods of the dimming in a refresh."""
    duty: float = 1.0
    """Part of each period in which an organic pixel is on."""
    decay: float = 0.001
    """Time constant of a phosphor."""
    aperture: float = 0.03
    """Share of the screen's height that the sensor sees."""
    sensor: float = 0.0002
    """Time constant of the sensor."""
    height: float = 0.5
    """Where on the screen the sensor is, from its top."""

    def light(self, levels: np.ndarray, refresh: float) -> np.ndarray:
        """Return what the sensor gives at `FINE_HZ`, from when the first refresh begins on."""
        n = int(len(levels) / refresh * FINE_HZ)
        t = np.arange(n) / FINE_HZ
        rows = np.linspace(-0.5, 0.5, 5) * self.aperture + self.height
        seen = np.mean([self._row(levels, refresh, t - row / refresh) for row in rows], axis=0)
        share = 1 - np.exp(-1 / (FINE_HZ * self.sensor))
        return lfilter([share], [1, share - 1], seen)

    def _row(self, levels: np.ndarray, refresh: float, since: np.ndarray) -> np.ndarray:
        """Return the light of one row of pixels, seconds after it was addressed first."""
        number = np.floor(since * refresh).astype(int)
        before = number < 0
        number = number.clip(0)
        goal, part = levels[number], since - number / refresh
        if self.kind == "oled":
            return np.where(before, 0, goal * ((part * refresh * self.pulses) % 1 < self.duty))
        if self.kind == "crt":
            one = 1 - np.exp(-1 / (refresh * self.decay))
            left = lfilter([1], [1, one - 1], levels)[number]  # of the refreshes before
            return np.where(before, 0, left * np.exp(-part / self.decay))
        changes = np.diff(levels, prepend=levels[0])
        goals = levels + self.overdriven * changes
        state, begins = levels[0], np.empty(len(levels))
        for row, (level, way) in enumerate(zip(goals, changes, strict=True)):
            begins[row] = state
            slow = self.rise if level > state or way > 0 else self.fall
            state = level + (state - level) * np.exp(-1 / (refresh * slow))
        goal, begin = goals[number], begins[number]
        slow = np.where((goal > begin) | (changes[number] > 0), self.rise, self.fall)
        return np.where(before, levels[0], goal + (begin - goal) * np.exp(-part / slow))

    def half_way(self, refresh: float, *, up: bool) -> float:
        """Return when light is half-way, or a first pulse half-way up, after its refresh began."""
        levels = np.array([0.0] * 8 + [1.0] * 8)
        light = self.light(levels if up else 1 - levels, refresh)
        begin = int(8 / refresh * FINE_HZ)
        if self.kind == "lcd" or (self.kind == "oled" and self.duty == 1.0):
            way = (light - 0.5) if up else (0.5 - light)
            return float(np.flatnonzero(way[begin:] > 0)[0] / FINE_HZ)
        first = light[begin : begin + int(1.2 / refresh * FINE_HZ)]
        peak = int(np.argmax(first > 0.95 * first.max()))
        return float(np.flatnonzero(first[: peak + 1] > first.max() / 2)[0] / FINE_HZ)


@dataclass
class Recorded:
    """A recording and its truth."""

    frames: pd.DataFrame
    values: np.ndarray
    stamps: np.ndarray
    t_light: np.ndarray
    """(frames,) seconds; NaN where a frame's light cannot be timed by an edge of its own."""
    missed: set
    """Frames that were not shown and whose level is a new one."""


def record(
    rng: np.random.Generator,
    physics: Physics,
    *,
    refresh: float = 60.0,
    rate: float = 1000.0,
    seconds: float = 8.0,
    missed: int = 0,
    noise: float = 0.003,
    hum: float = 0.0,
    mains: float = 50.0,
    inverted: bool = False,
    waiting: float = 0.0,
) -> Recorded:
    """Return what a sensor gives; `waiting` seconds pass from flip to scan-out."""
    n = int(seconds * refresh)
    levels = sequence()[rng.integers(40000) + np.arange(n)].astype(float)
    new = np.flatnonzero(levels[1:] != levels[:-1]) + 1
    new = new[(new > 40) & (new < n - 40)]
    missing = rng.permutation(new[::9])[:missed]
    shown = np.arange(n)
    shown[missing] -= 1
    begin = 500 + rng.uniform(0, 10)
    flips = begin + np.arange(n) / refresh + np.abs(rng.normal(0, 5e-5, n))
    light = physics.light(levels[shown], refresh)
    # Each sample is the mean since the one before; the converter keeps its own time.
    first = rng.uniform(0, 1 / rate)
    ends = np.arange(first + 1 / rate, len(light) / FINE_HZ, 1 / rate)
    total = np.concatenate(([0.0], np.cumsum(light))) / FINE_HZ
    fine = np.arange(len(total)) / FINE_HZ
    value = np.diff(np.interp(np.concatenate(([ends[0] - 1 / rate], ends)), fine, total)) * rate
    t = ends - 0.5 / rate
    value += hum * np.sin(2 * np.pi * mains * t + rng.uniform(0, 6))
    value += noise * rng.normal(size=len(t))
    truth = np.full(n, np.nan)
    seen = levels[shown]
    pulsed = physics.kind == "crt" or (physics.kind == "oled" and physics.duty < 1)
    first_on = np.flatnonzero((np.diff(shown, prepend=-1) > 0) & (seen > 0.5))
    for up in (True,) if pulsed else (True, False):
        turns = np.flatnonzero(np.diff(seen) == (1 if up else -1)) + 1
        at = first_on if pulsed else turns
        truth[shown[at]] = begin + at / refresh + physics.half_way(refresh, up=up)
    frames = pd.DataFrame({"frame": np.arange(n), "t_flip": flips - waiting, "patch": levels})
    value = 400 + (-2500 if inverted else 2500) * value
    return Recorded(frames, value, begin + t, truth, {int(one) for one in missing})


def drawn(rng: np.random.Generator) -> tuple[Physics, dict[str, float]]:
    """Return a display with a sensor, and the conditions of a recording, by chance."""
    kind = str(rng.choice(["lcd", "lcd", "oled", "crt"]))
    physics = Physics(
        kind,
        rise=10 ** rng.uniform(-3.3, -2.2),
        fall=10 ** rng.uniform(-3.3, -2.2),
        overdriven=float(rng.choice([0, 0, 0.05, 0.15])),
        pulses=int(rng.choice([1, 1, 2, 4, 8])),
        duty=float(rng.choice([1.0, 0.9, 0.5, 0.25])),
        decay=10 ** rng.uniform(-3.5, -2.7),
        aperture=rng.uniform(0.01, 0.06),
        sensor=10 ** rng.uniform(-4.5, -3.2),
        height=rng.uniform(0.05, 0.95),
    )
    refresh = float(
        rng.choice([60, 60, 75, 85, 100, 120, 144] if kind != "lcd" else [60, 75, 144, 240])
    )
    conditions = {
        "refresh": refresh,
        "rate": float(rng.choice([500, 1000, 1000, 2048, 5000])),
        "seconds": rng.uniform(4, 8),
        "missed": int(rng.integers(0, 6)),
        "noise": 10 ** rng.uniform(-3, -1.7),
        "hum": float(rng.choice([0, 0, 0.03, 0.1])),
        "mains": float(rng.choice([50, 60])),
        "inverted": bool(rng.random() < 0.3),
        "waiting": rng.uniform(0, 0.02),
    }
    if kind == "lcd":
        physics = replace(physics, pulses=1, duty=1.0)
    return physics, conditions
