"""The display's grid of refreshes, from flips or from edges of light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

LARGEST_DRIFT = 1e-3
"""Between two clocks; cheap oscillators differ by a tenth of it."""
LARGEST_DIFFERENCE = 2e-2
"""Between the rates of flips and display, where flips do not wait for it."""
CLEAR = 0.6
"""Strength of the spectral line, 1 where all events lie on the grid, below which rates that are
further away are looked at."""
EVEN = 0.12
"""Share of a refresh by which events may be spread about a grid; else they are not tied to one."""
SEARCHED_SECONDS, MOST_EVENTS = 10.0, 400
"""Length of the stretch, and number of its events, in which an unknown rate is sought."""
FASTEST_HZ = 500.0
"""Fastest display."""
AS_STRONG = 0.9
"""Share of the strongest line that the rate itself has; its multiples have lines, too."""
RATES_AT_ONCE = 256
FINER = 8
"""Steps of the search in the width of a spectral line."""
ROUNDS = 4
EVENTS_AROUND = 31
"""Events over which the phase around one of them is averaged."""


@dataclass(frozen=True)
class RefreshGrid:
    """Equidistant moments: number `k` is at ``start + k * period``."""

    start: float
    """Seconds."""
    period: float
    """Seconds."""

    def time(self, number: np.ndarray | float) -> np.ndarray | float:
        """Return when a refresh is, in seconds."""
        return self.start + number * self.period

    def number(self, time: np.ndarray | float) -> np.ndarray | float:
        """Return where in the grid a time lies; whole at a refresh."""
        return (time - self.start) / self.period

    def nearest(self, time: np.ndarray | float) -> np.ndarray:
        """Return the number of the refresh next to a time, int64."""
        return np.round(self.number(time)).astype(np.int64)

    @classmethod
    def fit(cls, times: np.ndarray, period: float) -> RefreshGrid:
        """Find the grid that times of events lie on, some of them besides it.

        Parameters
        ----------
        times : ndarray, shape (n,), n >= 2
            Seconds, rising; each on some refresh, not on every refresh one.
        period : float
            The refresh period as it is known, to a thousandth.

        Notes
        -----
        Looks for the spectral line of the events next to the nominal rate, then follows its phase.
        A frame shown one refresh later is still on the grid, so that slips do no harm.
        """
        origin = times[0]
        since = times - origin
        length = max(since[-1], period)
        rate = 1 / period
        few = since[:: max(1, len(since) // 2000)]
        strongest = 0.0
        for largest in (LARGEST_DRIFT, LARGEST_DIFFERENCE):
            n = int(np.ceil(rate * largest * length * FINER))
            rates = rate + np.arange(-n, n + 1) / (length * FINER)
            lines = np.array([np.abs(np.exp(2j * np.pi * one * few).mean()) for one in rates])
            if lines.max() > strongest:
                strongest, period = float(lines.max()), float(1 / rates[int(np.argmax(lines))])
            if strongest > CLEAR:
                break
        phase = np.angle(np.exp(2j * np.pi * since / period).sum()) / (2 * np.pi)
        start = phase * period
        for _ in range(ROUNDS):
            numbers = np.round((since - start) / period)
            away = since - start - numbers * period
            close = np.abs(away - np.median(away)) <= 3 * median_spread(away) + 1e-9
            if np.ptp(numbers[close]) < 1:
                break
            slope, shift = np.polyfit(numbers[close], away[close], 1)
            period, start = period + slope, start + shift
        return cls(float(origin + start), float(period))

    @classmethod
    def find(cls, times: np.ndarray, slowest: float, fastest: float) -> RefreshGrid | None:
        """Find the grid of an unknown rate that times of events lie on, or None.

        Parameters
        ----------
        times : ndarray, shape (n,), n >= 2
            Seconds, rising.
        slowest, fastest : float
            Rates in Hz between which it is sought; there is no grid if `fastest` is not higher.
        """
        if fastest <= slowest:
            return None
        middle = times[len(times) // 2]
        since = times[np.abs(times - middle) < SEARCHED_SECONDS / 2] - middle
        since = since[:MOST_EVENTS]
        length = max(float(np.ptp(since)), 1 / slowest)
        rates = np.arange(slowest, fastest, 1 / (length * FINER / 2))
        blocks = np.array_split(rates, len(rates) // RATES_AT_ONCE + 1)
        lines = np.concatenate(
            [np.abs(np.exp(2j * np.pi * np.outer(block, since)).mean(axis=1)) for block in blocks]
        )
        strong = np.flatnonzero(lines >= max(CLEAR, AS_STRONG * lines.max()))
        if not len(strong):
            return None
        around = slice(strong[0], strong[0] + FINER)
        rate = float(rates[around][int(np.argmax(lines[around]))])
        grid = cls.fit(times, 1 / rate)
        return grid if grid.spread(times) <= EVEN * grid.period else None

    def spread(self, times: np.ndarray) -> float:
        """Return how far times are spread about the grid, in seconds; outliers do not count."""
        number = self.number(times)
        return median_spread((number - np.round(number)) * self.period)


@dataclass(frozen=True)
class OwnRefreshes:
    """Moments at which a display of variable rate refreshes, because it was given a frame."""

    starts: np.ndarray
    """(n,) seconds, rising."""
    period: float
    """Usual seconds from one to the next."""

    def time(self, number: np.ndarray | float) -> np.ndarray:
        """Return when a refresh is, in seconds; parts of a number lie between two refreshes."""
        starts, last = self.starts, len(self.starts) - 1
        inside = np.interp(number, np.arange(last + 1), starts)
        return inside + self.period * (np.maximum(number - last, 0) + np.minimum(number, 0))

    def number(self, time: np.ndarray | float) -> np.ndarray:
        """Return where among them a time lies; whole at a refresh."""
        inside = np.interp(time, self.starts, np.arange(len(self.starts), dtype=float))
        outside = np.maximum(time - self.starts[-1], 0) + np.minimum(time - self.starts[0], 0)
        return inside + outside / self.period


def refresh_period(flips: np.ndarray) -> float:
    """Return how long a refresh lasts by the times of flips, in seconds.

    That is the usual interval between flips, or a part of it where frames last for two refreshes
    and three in turn, as with 24 pictures a second on a display of 60 Hz.

    Examples
    --------
    >>> flips = np.cumsum(np.resize([2, 3], 200)) / 60
    >>> round(1 / refresh_period(flips), 2)
    60.0
    """
    usual = float(np.median(np.diff(flips)))
    if RefreshGrid.fit(flips, usual).spread(flips) <= EVEN * usual:
        return usual
    finer = RefreshGrid.find(flips, 1.02 / usual, FASTEST_HZ)
    return finer.period if finer else usual


def counted(ticks: np.ndarray) -> np.ndarray:
    """Return the refreshes of flips in a row, one after the other.

    A flip may be stamped late, never early: where two fall into one refresh, the first one belongs
    to the refresh before.
    """
    rows = np.arange(len(ticks))
    return np.minimum.accumulate((ticks - rows)[::-1])[::-1] + rows


def phase_around(at: np.ndarray) -> np.ndarray:
    """Return how far the events around each one lie off the grid, in refreshes, -0.5 to 0.5.

    Parameters
    ----------
    at : ndarray, shape (n,)
        Where in a grid events lie, in refreshes, rising.

    Returns
    -------
    ndarray, shape (n,)
        It drifts where clocks drift, and steps where one of them was set.
    """
    usual = uniform_filter1d(np.exp(2j * np.pi * at), EVENTS_AROUND, mode="nearest")
    return np.angle(usual) / (2 * np.pi)


def median_spread(values: np.ndarray) -> float:
    """Return the standard deviation as the median absolute deviation tells it."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))
