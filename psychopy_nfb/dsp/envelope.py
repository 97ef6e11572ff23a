"""Envelopes by the older methods, for comparison and for those who need them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import signal

from psychopy_nfb.checks import check_band, check_below_nyquist, check_number, check_whole
from psychopy_nfb.dsp.cascade import Cascade
from psychopy_nfb.dsp.filters import MOST_ORDER, BandPass, LowPass, sections_delay, settle_seconds
from psychopy_nfb.dsp.in_windows import _InWindows
from psychopy_nfb.dsp.rhythm import _RhythmStep
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import SettingsError


@dataclass
class Rectify(Step):
    """Band-pass, absolute value, low-pass: the envelope of most older software.

    Scaled so that a sine of amplitude A gives A.
    """

    band: tuple[float, float] = (8.0, 12.0)
    """In Hz."""
    order: int = 2
    """Order of the band-pass, for each edge."""
    smooth: float = 2.0
    """-3 dB frequency in Hz of the low-pass."""
    smooth_order: int = 2
    """Order of the low-pass."""

    def __post_init__(self) -> None:
        check_whole("order", self.order, at_least=1, at_most=MOST_ORDER)
        check_number("smooth", self.smooth, above=0, unit="Hz")
        check_whole("smooth_order", self.smooth_order, at_least=1, at_most=MOST_ORDER)

    def prepare(self, info: SignalInfo) -> SignalInfo:
        check_below_nyquist("smooth", self.smooth, info.rate)
        self._band = BandPass(self.band, self.order)
        self._low = LowPass(self.smooth, self.smooth_order)
        self._band.prepare(info)
        self._low.prepare(info)
        self.declared_delay: float = self._band.declared_delay + sections_delay(
            self._low._sos, info.rate, 0.0
        )
        self.settle: float = self._band.settle + self._low.settle
        return info

    def process(self, samples: np.ndarray) -> np.ndarray:
        # The mean of |sin| is 2 / pi.
        return self._low.process(np.abs(self._band.process(samples)) * (np.pi / 2))

    def process_one(self, value: float) -> float:
        return self._low.process_one(abs(self._band.process_one(value)) * (np.pi / 2))

    def reset(self) -> None:
        self._band.reset()
        self._low.reset()


@dataclass
class ComplexDemodulation(_RhythmStep):
    """Moves the band's centre to 0 Hz, low-passes there, and moves what is left back."""

    band: tuple[float, float] = (8.0, 12.0)
    """In Hz: its centre is what is moved, half its width the low-pass."""
    order: int = 2
    """Order of the low-pass."""
    output: str = "envelope"
    """``"envelope"``, ``"phase"`` or ``"rhythm"``."""

    def prepare(self, info: SignalInfo) -> SignalInfo:
        low, high = check_band("band", self.band, info.rate)
        check_whole("order", self.order, at_least=1, at_most=MOST_ORDER)
        self._cycles = (low + high) / 2 / info.rate  # a sample
        sos = signal.butter(self.order, (high - low) / 2, fs=info.rate, output="sos")
        self._cascade = Cascade.of_sections(sos)
        self.declared_delay: float = sections_delay(sos, info.rate, 0.0)
        self.settle: float = settle_seconds(sos, info.rate)
        self._n_channels = info.n_channels
        self.reset()
        return self._told(info)

    def reset(self) -> None:
        self._n = 0
        self._cascade.begin(self._n_channels)

    def analytic(self, samples: np.ndarray) -> np.ndarray:
        if len(samples) == 0:
            return samples.astype(complex)
        turns = (np.arange(self._n, self._n + len(samples)) * self._cycles) % 1
        self._n += len(samples)
        carrier = np.exp(2j * np.pi * turns)[:, None]
        moved = samples * carrier.conj()
        return 2 * self._cascade.process(moved) * carrier


@dataclass
class SlidingFFT(_InWindows):
    """Amplitude in the band from a Hann-windowed Fourier transform of the last samples.

    Computed at every `hop` and held in between.
    """

    band: tuple[float, float] = (8.0, 12.0)
    """In Hz."""
    window: float = 1.0
    """Length in seconds."""
    hop: float = 0.1
    """Seconds between two transforms."""

    def prepare(self, info: SignalInfo) -> SignalInfo:
        low, high = check_band("band", self.band, info.rate)
        n = self._prepare_window(info)
        frequencies = np.fft.rfftfreq(n, 1 / info.rate)
        self._inside = (frequencies >= low) & (frequencies <= high)
        if not self._inside.any():
            raise SettingsError("window", self.window, "is too short to resolve the band")
        self._hann = signal.windows.hann(n, sym=False)[:, None]
        # By Parseval a sine of amplitude A has n * A^2 / 4 * sum(w^2) over its positive bins.
        self._scale = 4 / (n * float((self._hann**2).sum()))
        return info

    def _measure(self, window: np.ndarray) -> np.ndarray:
        spectrum = np.fft.rfft(window * self._hann, axis=0)
        return np.sqrt((np.abs(spectrum[self._inside]) ** 2).sum(axis=0) * self._scale)
