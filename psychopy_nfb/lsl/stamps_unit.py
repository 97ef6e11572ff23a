"""The unit of a stream's stamps, which LSL expects in seconds."""

from __future__ import annotations

import numpy as np

UNITS = {1e-3: "milliseconds", 1e-6: "microseconds", 1e-9: "nanoseconds"}
"""Names of the units that stamps may be in by mistake, by their length in seconds."""
LEAST_STEPS = 3
"""Steps that a unit is estimated from, at least."""
OTHER_STEP = 0.25
"""Largest share by which the usual step may differ from the one that a unit requires: arrivals
tell a rate roughly, and a step between two units is no mistake of the unit."""


def seconds_per_unit(stamps: np.ndarray, numbers: np.ndarray, pace: float) -> float:
    """Return the length in seconds of the unit that stamps are in; 1 unless it is another one.

    Parameters
    ----------
    stamps : ndarray, shape (n,)
        Stamps as the stream sent them; NaN where a sample has none.
    numbers : ndarray, shape (n,)
        Number of the sample that each stamp belongs to.
    pace : float
        Samples a second of real time.

    Examples
    --------
    >>> numbers = np.arange(10)
    >>> seconds_per_unit(1000 * numbers / 250.0, numbers, pace=250.0)
    0.001
    >>> seconds_per_unit(numbers / 250.0, numbers, pace=250.0)
    1.0
    """
    steps = np.diff(stamps) / np.diff(numbers)
    steps = steps[np.isfinite(steps)]
    if len(steps) < LEAST_STEPS:
        return 1.0
    usual = float(np.median(steps)) * pace  # a jump or a gap is one step of many
    for seconds in UNITS:
        if abs(usual * seconds - 1) < OTHER_STEP:
            return seconds
    return 1.0
