"""Estimators that are one complex FIR filter: how it runs, and what its taps do."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy import signal

from psychopy_nfb.budget import MOST_TAPS, check_length
from psychopy_nfb.checks import check_band, check_delay, check_number
from psychopy_nfb.dsp.group_delay import envelope_delay
from psychopy_nfb.dsp.rhythm import OUTPUTS_OF_ONE, _RhythmStep
from psychopy_nfb.dsp.step import SignalInfo
from psychopy_nfb.errors import SettingsError

SHORT_BLOCK = 64
"""Up to so many samples a dot product with the last ones is faster than a convolution."""


class _ComplexFIR(_RhythmStep):
    """The analytic signal b * x of each channel, for complex taps b."""

    _length: ClassVar[str] = "window"
    """Name of the setting that holds the filter's length."""

    def _seconds(self) -> float:
        """Return the length of the filter."""
        raise NotImplementedError

    def _design(self, rate: float, n_taps: int) -> np.ndarray:
        """Return the complex taps, newest sample first: (n_taps,)."""
        raise NotImplementedError

    def prepare(self, info: SignalInfo) -> SignalInfo:
        check_band("band", self.band, info.rate)
        self._rate = info.rate
        self._n_channels = info.n_channels
        self._learned_from = info.eeg_or_all
        n = check_length(
            self._length, self._seconds(), info.rate, channels=4 * info.n_channels, most=MOST_TAPS
        )
        self._n_taps = max(4, n)
        self.settle: float = self._seconds()
        self._redesign()
        self.reset()
        return self._told(info)

    def _redesign(self) -> None:
        taps = self._design(self._rate, self._n_taps)
        # A short filter passes less than the whole band. Scaled, which changes no correlation, so
        # that a sine at the band's centre has its own amplitude as envelope.
        centre = sum(self.band) / 2
        passed = abs(taps_response(taps, self._rate, np.array([centre]))[0])
        if not (np.isfinite(passed) and passed > 0 and np.isfinite(taps * (2 / passed)).all()):
            raise SettingsError(
                "band",
                list(self.band),
                f"cannot be filtered with this delay and {self._seconds():g} s of taps; choose a "
                "wider band or a longer filter",
            )
        taps = taps * (2 / passed)
        self._taps = taps
        # Real and imaginary part as two real rows, oldest sample first: one product gives both.
        self._rows = np.stack((taps.real[::-1], taps.imag[::-1]))
        # A short delay is aimed at, not reached: what is declared is what the taps really do.
        self.declared_delay: float = envelope_delay(
            lambda frequencies: taps_response(taps, self._rate, frequencies), centre
        )

    def reset(self) -> None:
        # Twice as long as needed, so that the last samples always lie in one piece.
        self._history = np.zeros((self._n_channels, 4 * self._n_taps))
        self._end = self._n_taps

    def analytic(self, samples: np.ndarray) -> np.ndarray:
        n = len(samples)
        if n <= SHORT_BLOCK:
            parts = np.empty((n, self._n_channels, 2))
            for row in range(n):
                self._push(samples[row])
                for channel in range(self._n_channels):
                    np.dot(self._rows, self._window(channel), out=parts[row, channel])
            return parts.view(complex)[:, :, 0]
        out = np.empty((n, self._n_channels), dtype=complex)
        before = self._history[:, self._end - self._n_taps : self._end]
        whole = np.concatenate((before, samples.T), axis=1)
        for channel in range(self._n_channels):
            filtered = signal.oaconvolve(whole[channel], self._taps)
            out[:, channel] = filtered[self._n_taps : self._n_taps + n]
        self._history[:, : self._n_taps] = whole[:, -self._n_taps :]
        self._end = self._n_taps
        return out

    def process_one(self, value: float) -> float:
        self._push(value)
        real, imaginary = self._rows.dot(self._window(0)).tolist()
        return OUTPUTS_OF_ONE[self.output](real, imaginary)

    def _window(self, channel: int) -> np.ndarray:
        """Return the last samples of a channel, the oldest first: (n_taps,)."""
        return self._history[channel, self._end - self._n_taps : self._end]

    def _push(self, sample: np.ndarray | float) -> None:
        if self._end == self._history.shape[1]:
            last = self._history[:, -self._n_taps :].copy()
            self._history[:, : self._n_taps] = last
            self._end = self._n_taps
        self._history[:, self._end] = sample
        self._end += 1


class _ChosenDelay(_ComplexFIR):
    """A complex FIR filter whose delay one chooses."""

    delay: float
    taps: float
    predict: bool
    _length = "taps"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("taps", self.taps, above=0, unit="s")
        check_delay("delay", self.delay)
        if self.delay < 0 and not self.predict:
            raise SettingsError(
                "delay",
                self.delay,
                "is a prediction; set predict to true if that is meant",
            )
        if self.delay >= self.taps:
            raise SettingsError("delay", self.delay, f"must be below the taps' {self.taps:g} s")

    def _seconds(self) -> float:
        return self.taps


def taps_response(taps: np.ndarray, rate: float, frequencies: np.ndarray) -> np.ndarray:
    """Return the complex response of FIR `taps` at `frequencies` in Hz."""
    turns = np.outer(frequencies / rate, np.arange(len(taps)))
    return np.exp(-2j * np.pi * turns) @ taps
