"""How often a rhythm bursts above a threshold, by the threshold."""

from __future__ import annotations

import numpy as np

MULTIPLIERS = np.arange(0.5, 6.001, 0.05)
"""Thresholds for which bursts are counted, in units of the amplitude's mode."""
SHORTEST_BURST = 0.2
"""Seconds above the threshold that make a burst."""
_BINS, _RANGE = 500, 5.0
_TOP_SHARE = 0.8
"""A parabola is fitted to what of the histogram is above this share of its peak."""


def amplitude_mode(amplitude: np.ndarray) -> float:
    """Return the most frequent amplitude.

    A histogram of 500 bins up to five times the median, and a parabola through its top (after
    van der Meer's nf-rtime).

    Parameters
    ----------
    amplitude : ndarray, shape (n,)
        Not negative.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> round(amplitude_mode(random.rayleigh(3.0, 100_000)), 1)
    3.0
    """
    high = _RANGE * float(np.median(amplitude))
    if not high > 0:
        return 0.0
    counts, edges = np.histogram(amplitude, _BINS, (0.0, high))
    # Of few samples the single bins are mostly chance.
    width = max(1, round(_BINS / 20))
    smooth = np.convolve(counts, np.ones(width) / width, "same")
    middles = (edges[:-1] + edges[1:]) / 2
    top = int(np.argmax(smooth))
    below = np.flatnonzero(smooth < _TOP_SHARE * smooth[top])
    first = below[below < top].max(initial=-1) + 1
    last = below[below > top].min(initial=_BINS)
    if last - first < 3:
        return float(middles[top])
    bent, slope, _ = np.polyfit(middles[first:last], counts[first:last], 2)
    return float(np.clip(-slope / (2 * bent), middles[first], middles[last - 1]))


def burst_rates(amplitude: np.ndarray, mode: float, rate: float) -> list[float]:
    """Return the bursts a minute above each of the `MULTIPLIERS` of the mode.

    Parameters
    ----------
    amplitude : ndarray, shape (n,)
    mode : float
        Of the amplitude.
    rate : float
        Samples per second.
    """
    shortest = max(1, round(SHORTEST_BURST * rate))
    minutes = len(amplitude) / rate / 60
    rates = []
    for multiplier in MULTIPLIERS:
        above = np.concatenate(([0], amplitude >= multiplier * mode, [0])).astype(np.int8)
        edges = np.flatnonzero(np.diff(above))
        rates.append(float((edges[1::2] - edges[::2] >= shortest).sum() / minutes))
    return rates


def multiplier_for(rates: list[float], wanted: float) -> float | None:
    """Return the highest multiplier above which there are `wanted` bursts a minute, if any.

    Examples
    --------
    >>> rates = [30.0] * 20 + [20.0, 10.0] + [0.0] * 89
    >>> round(multiplier_for(rates, 15.0), 3)
    1.525
    """
    enough = np.flatnonzero(np.array(rates) >= wanted)
    if len(enough) == 0 or enough[-1] + 1 == len(rates):
        return None
    last = enough[-1]
    step = (rates[last] - wanted) / (rates[last] - rates[last + 1])
    return float(MULTIPLIERS[last] + step * (MULTIPLIERS[last + 1] - MULTIPLIERS[last]))
