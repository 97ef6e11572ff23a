"""Smoothers: quieter feedback for more delay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import signal

from psychopy_nfb.budget import check_length
from psychopy_nfb.checks import check_number, check_whole
from psychopy_nfb.dsp.cascade import Cascade
from psychopy_nfb.dsp.group_delay import envelope_delay
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import SettingsError

# With a denominator of one coefficient lfilter takes another path, 50 us a call in place of 6.
_RECURSIVE = np.array([1.0, 0.0])
MOST_ORDER = 12


class _Smoother(Step):
    """A linear filter given by its two polynomials, started at the first sample's level."""

    def _design(self, rate: float) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def prepare(self, info: SignalInfo) -> SignalInfo:
        self._numerator, self._denominator = self._design(info.rate)
        self.declared_delay: float = envelope_delay(
            lambda f: signal.freqz(self._numerator, self._denominator, f, fs=info.rate)[1], 0.0
        )
        self._order = max(len(self._numerator), len(self._denominator)) - 1
        self._cascade = Cascade([(self._numerator, self._denominator)])
        return info

    def reset(self) -> None:
        self._cascade.reset()

    def process(self, samples: np.ndarray) -> np.ndarray:
        if len(samples) == 0 or self._order == 0:
            return samples * self._numerator[0]
        if not self._cascade.begun:
            self._cascade.begin_settled(samples[0], [self._settled()])
        return self._cascade.process(samples)

    def process_one(self, value: float) -> float:
        if self._order == 0:
            return value * float(self._numerator[0])
        if not self._cascade.begun:
            self._cascade.begin_settled(np.array([value]), [self._settled()])
        return self._cascade.process_one(value)

    def _settled(self) -> np.ndarray:
        """Return the state after a signal that was 1 for ever."""
        if self._denominator is not _RECURSIVE:
            return signal.lfilter_zi(self._numerator, self._denominator)
        # Without recursion it is the sum of the taps still to come. scipy's way makes a matrix of
        # as many rows and columns as there are taps.
        coming = np.cumsum(self._numerator[:0:-1])[::-1]
        return coming if len(coming) else np.zeros(1)


@dataclass
class MovingAverage(_Smoother):
    """Mean of the last samples; delays by half its length."""

    seconds: float = 0.1
    """Length."""

    def __post_init__(self) -> None:
        check_number("seconds", self.seconds, above=0, unit="s")

    def _design(self, rate: float) -> tuple[np.ndarray, np.ndarray]:
        n = max(1, check_length("seconds", self.seconds, rate))
        self.settle: float = n / rate
        return np.full(n, 1 / n), _RECURSIVE


@dataclass
class ExponentialAverage(_Smoother):
    """y = y + (x - y) * k, with k from the time constant; delays slow changes by that constant."""

    time_constant: float = 0.1
    """In seconds."""

    def __post_init__(self) -> None:
        check_number("time_constant", self.time_constant, above=0, unit="s")

    def _design(self, rate: float) -> tuple[np.ndarray, np.ndarray]:
        forget = np.exp(-1 / (self.time_constant * rate))
        self.settle: float = 5 * self.time_constant
        return np.array([1 - forget]), np.array([1.0, -forget])


@dataclass
class SavitzkyGolay(_Smoother):
    """A polynomial fitted to the last samples, read in their middle; delays by half its length."""

    seconds: float = 0.2
    """Length; rounded to an odd number of samples."""
    order: int = 2
    """Order of the polynomial."""

    def __post_init__(self) -> None:
        check_number("seconds", self.seconds, above=0, unit="s")
        check_whole("order", self.order, at_least=0, at_most=MOST_ORDER)

    def _design(self, rate: float) -> tuple[np.ndarray, np.ndarray]:
        n = 2 * (check_length("seconds", self.seconds, rate) // 2) + 1
        if n <= self.order:
            raise SettingsError(
                "seconds", self.seconds, f"is {n} samples, but order {self.order} needs more"
            )
        self.settle: float = n / rate
        return signal.savgol_coeffs(n, self.order, use="conv"), _RECURSIVE
