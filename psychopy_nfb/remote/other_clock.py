"""The other computer's LSL clock: its offset from this one's, from LSL's own measurements.

LSL measures by pairs of packets, whose way there and back may differ by milliseconds on a network
with jitter. A straight line through many of them keeps such errors out of the times and follows the
drift of both clocks. A pair can be wrong by as much as it took longer than the quickest one, and
weighs accordingly. Of a few pairs the slope would be mostly error: it is drawn towards zero by what
clocks usually drift (a normal prior; the weighted least squares of a Bayesian straight line).

Measured with 50 ppm and a way of 20 ± 5 ms there and back: after 24 s 99 of 100 offsets are right
within 2 ms, after two minutes within 1 ms. Where the network is cut 4 s after the beginning, 99 of
100 are right within 4 ms half a minute later.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import pylsl

MOST = 60
"""Measurements that are looked at: two minutes, as LSL has a new one every two seconds."""
USUAL_DRIFT = 5e-5
"""By which clocks of computers differ, in seconds a second: standard deviation of the prior."""
SMALLEST_ERROR = 5e-5
"""No pair is taken for better than that, in seconds."""
LUCK = 4
"""Of pairs of 40 ms it makes errors of 3 ms after 4 s and of 0.8 ms after 24 s, as they have."""


def measure(inlet: pylsl.StreamInlet, timeout: float) -> tuple[float, float]:
    """Return LSL's offset of the other computer's clock and its uncertainty, both in seconds.

    The offset is what is added to a time of the other computer. pylsl itself returns no
    uncertainty.

    Raises
    ------
    TimeoutError, pylsl.LostError
        If there is none yet.
    """
    remote_time, uncertainty, error = ctypes.c_double(), ctypes.c_double(), ctypes.c_int()
    library: Any = pylsl.lib.lib
    library.lsl_time_correction_ex.restype = ctypes.c_double
    offset = library.lsl_time_correction_ex(
        inlet.obj,
        ctypes.byref(remote_time),
        ctypes.byref(uncertainty),
        ctypes.c_double(timeout),
        ctypes.byref(error),
    )
    pylsl.util.handle_error(error)
    return float(offset), float(uncertainty.value)


class OtherClock:
    """Puts times of the other computer onto this one's clock, and back.

    Attributes
    ----------
    uncertainty : float
        That of the best measurement, in seconds: the true offset lies that near.

    Examples
    --------
    >>> clock = OtherClock()
    >>> clock.add(100.0, offset=-3.0, uncertainty=0.001)
    True
    >>> clock.to_here(103.5), clock.to_there(100.5)
    (100.5, 103.5)
    """

    def __init__(self) -> None:
        self._measured: deque[tuple[float, float, float]] = deque(maxlen=MOST)
        # One object, as one thread measures and another one asks: at which time, offset, drift.
        self._line = (0.0, 0.0, 0.0)
        self.uncertainty: float = float("inf")

    def add(self, t: float, offset: float, uncertainty: float) -> bool:
        """Take a measurement of time `t` of this computer; return whether it is a new one."""
        if self._measured and self._measured[-1][1:] == (offset, uncertainty):
            return False
        self._measured.append((t, offset, uncertainty))
        times, offsets, widths = np.array(self._measured).T
        precisions = _errors(widths) ** -2
        middle, mean = np.average([times, offsets], axis=1, weights=precisions)
        away = times - middle
        spread = precisions @ away**2 + USUAL_DRIFT**-2
        drift = precisions @ (away * (offsets - mean)) / spread
        self._line = (float(middle), float(mean), float(drift))
        self.uncertainty = float(max(widths.min(), SMALLEST_ERROR))
        return True

    def offset(self, t: float) -> float:
        """Return what is added to a time of the other computer, at time `t` of this one."""
        at, offset, drift = self._line
        return offset + drift * (t - at)

    def to_here(self, t: float) -> float:
        """Return a time of the other computer on this one's clock."""
        return t + self.offset(t + self._line[1])

    def to_there(self, t: float) -> float:
        """Return a time of this computer on the other one's clock."""
        return t - self.offset(t)

    @classmethod
    def of_facts(cls, facts: Mapping[str, float]) -> OtherClock:
        """Return the clock as `facts` told it."""
        clock = cls()
        clock._line = (facts["t"], facts["offset"], 1e-6 * facts["drift_ppm"])
        clock.uncertainty = facts["uncertainty"]
        return clock

    def facts(self, t: float) -> dict[str, float | int]:
        """Return what is known at time `t`, for the session's settings file."""
        return {
            "offset": self.offset(t),
            "uncertainty": self.uncertainty,
            "drift_ppm": 1e6 * self._line[2],
            "measurements": len(self._measured),
            "t": t,
        }


def _errors(widths: np.ndarray) -> np.ndarray:
    """Return the standard error of each pair, by how much longer than the quickest one it took.

    The difference lies anywhere on the way there or back: the offset is wrong by half of it at
    most, evenly distributed. The quickest ones were lucky too, so half the usual error is added. Of
    a few pairs that took equally long nobody knows how lucky they were: they count as no better
    than their duration, divided by `LUCK` times their number.
    """
    late = (widths - widths.min()) / np.sqrt(12)
    usual = max(float(np.median(late)) / 2, widths.min() / (LUCK * len(widths)))
    return late + max(SMALLEST_ERROR, usual)
