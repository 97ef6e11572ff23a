"""Envelopes from one complex FIR filter of chosen delay: cFIR and wcFIR.

The filter approximates the analytic signal of a band, delayed by D, at once: no band-pass whose
delay comes on top of a rectifier's and a smoother's. Formulas after Smetanin, Belinskaya, Lebedev
and Ossadtchi 2020, Digital filters for low-latency quantification of brain rhythms in real time,
Journal of Neural Engineering 17, 046022.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import linalg, signal

from psychopy_nfb.checks import check_band, check_number
from psychopy_nfb.dsp.group_delay import envelope_delay
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import SettingsError

REGULARISATION = 1e-6
"""Of the weighted fit, as a share of its diagonal: enough for the solver, too little to be seen."""
DEFAULT_SLOPE = 1.5
"""Exponent of 1/f where no spectrum has been learned: the middle of what resting EEG has."""
SPECTRUM_POINTS = 257
SHORT_BLOCK = 16
"""Up to so many samples a dot product with the last ones is faster than a convolution."""


class _ComplexFIR(Step):
    """The envelope |b * x| of each channel, for complex taps b."""

    band: tuple[float, float]
    delay: float
    taps: float
    predict: bool

    def __post_init__(self) -> None:
        check_number("taps", self.taps, above=0, unit="s")
        check_number("delay", self.delay, unit="s")
        if self.delay < 0 and not self.predict:
            raise SettingsError(
                "delay", self.delay, "is a prediction; say predict = true if that is meant"
            )
        if self.delay >= self.taps:
            raise SettingsError("delay", self.delay, f"must be below the taps' {self.taps:g} s")

    def _design(self, rate: float, n_taps: int) -> np.ndarray:
        """Return the complex taps, newest sample first: (n_taps,)."""
        raise NotImplementedError

    def prepare(self, info: SignalInfo) -> SignalInfo:
        check_band("band", self.band, info.rate)
        self._rate = info.rate
        self._n_channels = info.n_channels
        self._n_taps = max(4, round(self.taps * info.rate))
        self.settle = self.taps
        self._redesign()
        self.reset()
        return info

    def _redesign(self) -> None:
        taps = self._design(self._rate, self._n_taps)
        # A short filter passes less than the whole band. Scaled, which changes no correlation, so
        # that a sine at the band's centre has its own amplitude as envelope.
        centre = sum(self.band) / 2
        taps = taps * (2 / abs(taps_response(taps, self._rate, np.array([centre]))[0]))
        self._taps = taps
        # Real and imaginary part as two real rows, oldest sample first: one product gives both.
        self._rows = np.stack((taps.real[::-1], taps.imag[::-1]))
        # A short delay is aimed at, not reached: what is declared is what the taps really do.
        self.declared_delay = envelope_delay(
            lambda frequencies: taps_response(taps, self._rate, frequencies), centre
        )

    def reset(self) -> None:
        # Twice as long as needed, so that the last samples always lie in one piece.
        self._history = np.zeros((self._n_channels, 4 * self._n_taps))
        self._end = self._n_taps

    def process(self, samples: np.ndarray) -> np.ndarray:
        n = len(samples)
        out = np.empty((n, self._n_channels))
        if n <= SHORT_BLOCK:
            for row in range(n):
                self._push(samples[row])
                window = self._history[:, self._end - self._n_taps : self._end]
                for channel in range(self._n_channels):
                    real, imaginary = self._rows @ window[channel]
                    out[row, channel] = (real * real + imaginary * imaginary) ** 0.5
            return out
        before = self._history[:, self._end - self._n_taps : self._end]
        whole = np.concatenate((before, samples.T), axis=1)
        for channel in range(self._n_channels):
            analytic = signal.oaconvolve(whole[channel], self._taps)
            out[:, channel] = np.abs(analytic[self._n_taps : self._n_taps + n])
        self._history[:, : self._n_taps] = whole[:, -self._n_taps :]
        self._end = self._n_taps
        return out

    def _push(self, sample: np.ndarray) -> None:
        if self._end == self._history.shape[1]:
            last = self._history[:, -self._n_taps :].copy()
            self._history[:, : self._n_taps] = last
            self._end = self._n_taps
        self._history[:, self._end] = sample
        self._end += 1


@dataclass
class CFIR(_ComplexFIR):
    """Envelope by the complex FIR filter nearest to the ideal band at every frequency alike.

    Examples
    --------
    >>> step = CFIR(band=(8, 12), delay=0.1)
    >>> info = step.prepare(SignalInfo(rate=250.0, labels=("Oz",)))
    >>> t = np.arange(1000)[:, None] / 250
    >>> bool(abs(step.process(5 * np.sin(2 * np.pi * 10 * t))[-1, 0] - 5) < 0.5)
    True
    """

    band: tuple[float, float] = (8.0, 12.0)
    """In Hz."""
    delay: float = 0.1
    """Aimed at, in seconds: a shorter one costs quality, and is not quite reached by short taps."""
    taps: float = 1.0
    """Length of the filter in seconds."""
    predict: bool = False
    """Whether a negative delay is meant."""

    def _design(self, rate: float, n_taps: int) -> np.ndarray:
        frequencies, wanted = ideal_response(self.band, self.delay, rate, n_taps)
        n_fft = len(frequencies)
        # b = F^H H / Nfft, F[k, n] = exp(-2 pi i k n / Nfft): the first taps of the inverse FFT.
        return np.fft.ifft(wanted, n_fft)[:n_taps]


@dataclass
class WCFIR(_ComplexFIR):
    """Envelope by the complex FIR filter whose errors count as much as the signal has power there.

    Where 1/f is steep this is far better than `CFIR`. It learns the power spectrum from the
    baseline (`fit`); before that it uses 1/f to the power of 1.5.
    """

    band: tuple[float, float] = (8.0, 12.0)
    """In Hz."""
    delay: float = 0.1
    """Aimed at, in seconds: a shorter one costs quality, and is not quite reached by short taps."""
    taps: float = 1.0
    """Length of the filter in seconds."""
    predict: bool = False
    """Whether a negative delay is meant."""
    spectrum: list[float] | None = None
    """Power at equal steps from 0 Hz to half the rate, as learned; None before."""
    learned: ClassVar[tuple[str, ...]] = ("spectrum",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.spectrum is not None and (
            len(self.spectrum) < 2 or min(self.spectrum) < 0 or max(self.spectrum) <= 0
        ):
            raise SettingsError(
                "spectrum", "list", "must be two powers or more, none negative, not all 0"
            )

    def fit(self, samples: np.ndarray) -> None:
        """Learn the spectrum from `samples`, (n, n_channels), as they reach this step.

        Welch's method, 2 s windows, averaged over channels. A recording that is too short, or in
        which nothing happens, is left unused.
        """
        window = min(len(samples), round(2 * self._rate))
        if window < self._n_taps // 2:
            return
        frequencies, power = signal.welch(samples, self._rate, nperseg=window, axis=0)
        power = power.mean(axis=1)
        if not power.max() > np.finfo(float).tiny:
            return  # a flat electrode
        grid = np.linspace(0, self._rate / 2, SPECTRUM_POINTS)
        self.spectrum = np.interp(grid, frequencies, power).tolist()
        self._redesign()

    def _design(self, rate: float, n_taps: int) -> np.ndarray:
        frequencies, wanted = ideal_response(self.band, self.delay, rate, n_taps)
        weights = self._weights(np.abs(frequencies), rate)
        # (F^H W F) b = F^H W H. The matrix depends on the difference of its indices alone, so it is
        # Toeplitz and its first column is the inverse FFT of the weights.
        column = np.fft.ifft(weights)[:n_taps]
        column[0] *= 1 + REGULARISATION
        right = np.fft.ifft(weights * wanted)[:n_taps]
        return linalg.solve_toeplitz(column, right)

    def _weights(self, frequencies: np.ndarray, rate: float) -> np.ndarray:
        if self.spectrum is None:
            return 1 / np.maximum(frequencies, 1.0) ** DEFAULT_SLOPE
        grid = np.linspace(0, rate / 2, len(self.spectrum))
        power = np.interp(frequencies, grid, self.spectrum)
        return power / power.max()


def ideal_response(
    band: tuple[float, float], delay: float, rate: float, n_taps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the frequencies of an FFT grid and the delayed analytic band on it.

    Returns
    -------
    frequencies : ndarray, shape (n_fft,)
        In Hz, in the order of the FFT.
    response : ndarray of complex, shape (n_fft,)
        2 exp(-2 pi i f delay) inside the band, 0 outside and at negative frequencies.
    """
    n_fft = max(2048, 1 << (4 * n_taps - 1).bit_length())
    frequencies = np.fft.fftfreq(n_fft, 1 / rate)
    inside = (frequencies >= band[0]) & (frequencies <= band[1])
    return frequencies, 2 * np.exp(-2j * np.pi * frequencies * delay) * inside


def taps_response(taps: np.ndarray, rate: float, frequencies: np.ndarray) -> np.ndarray:
    """Return the complex response of FIR `taps` at `frequencies` in Hz."""
    turns = np.outer(frequencies / rate, np.arange(len(taps)))
    return np.exp(-2j * np.pi * turns) @ taps
