"""When the light of a patch changed that shows `clock_amplifier`, and what time it showed."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
from clock_amplifier import PERIOD

FEWEST = 3
"""Readings of the sensor at one level in a row: one alone may have met half of a new picture."""
NEAR = 0.02
"""Seconds from a frame's flip within which its level has to come to light."""
SAME = 0.5 / 255


def seen_ramp(file: str | os.PathLike[str], frames: pd.DataFrame) -> pd.DataFrame:
    """Return when the frames of a log were light, and how old the sample was that they showed.

    Parameters
    ----------
    file : path
        What ``screen.py --light`` has written.
    frames : DataFrame
        The frame log of the screen's computer. Only the flips and the patch's levels are looked at,
        to tell which frame a new level belongs to.

    Returns
    -------
    DataFrame
        One row a frame from the first one with a level of its own on. ``new``: whether it brought
        another level than the one before. ``to_light``: from its flip to its light. ``lag``: from
        the sample that its light shows to the light, less than `PERIOD`. All in seconds, and
        nothing of it by the clock of the EEG's computer. Light of a frame without a new level began
        before: it is taken for as long after its flip as the others' median.
    """
    levels, t_light, wall_ahead = _new_levels(file)
    flips, patch = frames.t_flip.to_numpy(), frames.patch.to_numpy()
    shown, light = np.full((2, len(frames)), np.nan)
    for level, t in zip(levels, t_light, strict=True):
        first, last = np.searchsorted(flips, [t - NEAR, t + NEAR])
        fits = first + np.flatnonzero(np.abs(patch[first:last] - level) < SAME)
        if len(fits):
            nearest = fits[np.abs(flips[fits] - t).argmin()]
            shown[nearest], light[nearest] = level, t
    table = pd.DataFrame({"new": np.isfinite(shown), "to_light": light - flips})
    taken = wall_ahead + flips + table.to_light.fillna(table.to_light.median())
    table["lag"] = (taken - PERIOD * pd.Series(shown).ffill()) % PERIOD
    return table[table.new.cummax()]


def _new_levels(file: str | os.PathLike[str]) -> tuple[np.ndarray, np.ndarray, float]:
    """Return levels that came to light, when on the screen's LSL clock, and the wall's advance."""
    with np.load(file) as light:
        levels, stamps, wall_ahead = light["levels"], light["stamps"], float(light["wall_ahead"])
    firsts = np.flatnonzero(np.diff(levels, prepend=np.nan) != 0)
    lengths = np.diff(firsts, append=len(levels))
    came = firsts[(lengths >= FEWEST) & (firsts > 0)]
    # The picture came between this reading and the one before.
    return levels[came], (stamps[came - 1] + stamps[came]) / 2, wall_ahead
