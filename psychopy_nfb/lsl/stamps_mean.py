"""Evenly spaced stamps along the mean of stamps that scatter around the times of their samples."""

from __future__ import annotations

import math

import numpy as np

from psychopy_nfb.lsl.stamps_counted import LEAST_STEP, LateBlocks

RATE_UNKNOWN = 0.002
"""Relative difference of the real rate from the expected one at the beginning (standard
deviation)."""
WANDERS = 5e-7
"""By how much the rate of an amplifier's clock changes within a second (standard deviation, as a
share): with noise of 10 ms in 20 stamps a second, the last minute counts."""
FAR = 4.0
"""Standard deviations from which on a stamp's distance counts no more than this."""
WINDOW_SECONDS = 2.0
"""Time in which a step of all stamps is looked for: samples were lost, or the clock was set."""
STEP = 6.0
"""Standard errors by which the stamps of a window are beside the expected ones after a step."""


class MeanCounter:
    """Counts samples from block to block along the mean of stamps that scatter to both sides.

    Time and rate of the amplifier's clock are followed by a Kalman filter of two states, so that
    all stamps of the last minute count, and the first ones do at once. Has the same interface
    as `SampleCounter`.

    Parameters
    ----------
    pace : float
        Samples a second of real time, about.
    gap_seconds : float
        A step of the stamps beyond this counts as lost samples.
    chunk_seconds : float
        Time between two chunks.
    noise : float
        Standard deviation of the stamps, in seconds.

    Examples
    --------
    >>> counter = MeanCounter(100.0, 0.1, 0.02, noise=0.005)
    >>> stamps, lost = counter.count(np.array([49.99, 50.0]), received=50.1, last=-math.inf)
    >>> stamps.round(6).tolist(), lost
    ([49.99, 50.0], False)
    """

    def __init__(self, pace: float, gap_seconds: float, chunk_seconds: float, noise: float):
        self._pace = pace
        self._noise = noise
        self._limit = max(gap_seconds, FAR * noise)
        self._chunk_seconds = chunk_seconds
        self._late_blocks = LateBlocks(chunk_seconds)
        self._drift = 0.0  # seconds that a counted second is too short
        self._end = math.nan  # estimated time of the last sample
        # Variances of the time and of the drift, and their covariance.
        self._time_var, self._both, self._drift_var = noise**2, 0.0, RATE_UNKNOWN**2
        self.begin_window(-math.inf)

    def begin_window(self, received: float) -> None:
        """Forget the steps of the stamps until now."""
        self._window_ends = received + WINDOW_SECONDS
        self._beside: list[float] = []

    @property
    def pace(self) -> float:
        """Samples a second of real time, as they are counted."""
        return self._pace / (1 + self._drift)

    def count(self, stamps: np.ndarray, received: float, last: float) -> tuple[np.ndarray, bool]:
        """Return a block's stamps, and whether samples were lost before it.

        Parameters
        ----------
        stamps : ndarray, shape (n,)
            As the stream sent them.
        received : float
            LSL's time when they had arrived.
        last : float
            The stamp given to the sample before.
        """
        n = len(stamps)
        length = n / self._pace * (1 + self._drift)
        known = np.isfinite(stamps) & (stamps != 0)
        # What the stamps say of the last sample: the others of a block are counted back from it.
        ahead = np.arange(n)[::-1] / n * length
        told = float((stamps + ahead)[known].mean()) if known.any() else math.nan
        if math.isnan(self._end):
            self._end = (told if known.any() else received) - length
        self._end += length
        beside = told - self._end if known.any() else 0.0
        lost = self._late_blocks.are_lost(beside, self._limit, received)
        if lost:
            self._start_at(told, received)
        elif known.any():
            self._follow(beside, length)
            lost = self._stepped(beside, received)
        begin = last if last > -math.inf else self._end - length
        if lost:
            begin = max(begin, self._end - length)
        end = max(self._end, begin + LEAST_STEP * length)
        return begin + (end - begin) / n * np.arange(1, n + 1), lost

    def _follow(self, beside: float, length: float) -> None:
        """Move time and drift by what a block's stamps lie beside the expected time."""
        drift_var = self._drift_var + WANDERS**2 * length
        both = self._both + drift_var * length
        time_var = self._time_var + length * (self._both + both)
        total = time_var + self._noise**2
        limit = FAR * math.sqrt(total)
        beside = min(limit, max(-limit, beside))
        self._end += time_var / total * beside
        self._drift += both / total * beside
        self._time_var = time_var * (1 - time_var / total)
        self._both = both * (1 - time_var / total)
        self._drift_var = drift_var - both**2 / total

    def _stepped(self, beside: float, received: float) -> bool:
        """Follow a step of all stamps of a window; return whether it means lost samples."""
        self._beside.append(beside)
        if received <= self._window_ends:
            return False
        step = float(np.median(self._beside))
        error = 1.25 * self._noise / math.sqrt(len(self._beside))
        far = abs(step) > STEP * math.sqrt(error**2 + self._time_var)
        self.begin_window(received)
        if far:
            self._start_at(self._end + step, received)
        return far and step > self._limit

    def _start_at(self, end: float, received: float) -> None:
        """Take `end` for the time of the last sample; the rate stays known."""
        self._end = end
        self._time_var, self._both = self._noise**2, 0.0
        self.begin_window(received)
