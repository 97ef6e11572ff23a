"""Complex FIR filters for a rhythm's analytic signal: cFIR, wcFIR, LS-FIR and ecHT.

The filter approximates the analytic signal of a band, delayed by D, at once: no band-pass whose
delay comes on top of a rectifier's and a smoother's. cFIR and wcFIR after Smetanin, Belinskaya,
Lebedev and Ossadtchi 2020, Digital filters for low-latency quantification of brain rhythms in real
time, Journal of Neural Engineering 17, 046022.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import linalg, signal

from psychopy_nfb.checks import check_number
from psychopy_nfb.dsp.complex_fir import _ChosenDelay, _ComplexFIR
from psychopy_nfb.dsp.rhythm import acausal_analytic
from psychopy_nfb.dsp.whole import calmed, without_drift
from psychopy_nfb.errors import SettingsError

REGULARISATION = 1e-6
"""Regularisation of the weighted fit, as a share of its diagonal: without visible effect."""
RIDGE = 1e-3
"""Ridge of the regression on a recording, as a share of the signal's variance without drift."""
DEFAULT_SLOPE = 1.5
"""Exponent of 1/f where no spectrum has been learned: the middle of what resting EEG has."""
FEWEST_POINTS = 257
"""Of a learned spectrum: as many as at 256 Hz, also at lower rates, as sessions were computed from
the beginning, so that these can be computed again."""
SPECTRUM_HZ = 0.5
"""Largest distance between two points of a learned spectrum, whatever the rate: the resolution of
Welch's 2 s windows. Wider ones let the peak of a rhythm fall between them."""
DESIGN_HZ = 0.25
"""Largest distance between the frequencies at which a filter is designed, whatever the rate."""
MOST_DRIFT = 100.0
"""Power of an offset that fitted filters keep out, over that of the recording without it: more
would leave nothing of the EEG in the fit."""
FEWEST_LENGTHS = 4
"""A regression on less than so many lengths of the filter learns the recording by heart."""
EDGE_SECONDS = 1.0
"""At the ends of a recording its acausal analytic signal is not to be trusted."""


@dataclass
class CFIR(_ChosenDelay):
    """Envelope by the complex FIR filter nearest to the ideal band at every frequency alike.

    Examples
    --------
    >>> from psychopy_nfb.dsp import CFIR, SignalInfo
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
    output: str = "envelope"
    """``"envelope"``, ``"phase"`` or ``"rhythm"``."""

    def _design(self, rate: float, n_taps: int) -> np.ndarray:
        frequencies, wanted = ideal_response(self.band, self.delay, rate, n_taps)
        n_fft = len(frequencies)
        # b = F^H H / Nfft, F[k, n] = exp(-2 pi i k n / Nfft): the first taps of the inverse FFT.
        return np.fft.ifft(wanted, n_fft)[:n_taps]


@dataclass
class WCFIR(_ChosenDelay):
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
    output: str = "envelope"
    """``"envelope"``, ``"phase"`` or ``"rhythm"``."""
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

        Welch's method, 2 s windows, averaged over channels, without jumps and large artifacts. The
        power of an offset, which a steady drift becomes in a high-pass, is put at 0 Hz. A recording
        that is too short, or in which nothing happens, is left unused.
        """
        samples = samples[:, self._learned_from]
        window = min(len(samples), round(2 * self._rate))
        if window < self._n_taps // 2:
            return
        samples, offset = _without_line(calmed(samples, self._rate).bridged())
        frequencies, power = signal.welch(samples, self._rate, nperseg=window, axis=0)
        power = power.mean(axis=1)
        if not power.max() > np.finfo(float).tiny:
            return  # a flat electrode
        n_points = max(FEWEST_POINTS, 1 + math.ceil(self._rate / 2 / SPECTRUM_HZ))
        grid = np.linspace(0, self._rate / 2, n_points)
        spectrum = np.interp(grid, frequencies, power)
        spectrum[0] += min(offset, MOST_DRIFT * samples.var()) / grid[1]
        self.spectrum = spectrum.tolist()
        self._redesign()

    def _design(self, rate: float, n_taps: int) -> np.ndarray:
        return weighted_taps(self.band, self.delay, rate, n_taps, self.spectrum)


@dataclass
class LSFIR(_ChosenDelay):
    """The complex FIR filter with the least mean squared error on a recording.

    It learns from the baseline (`fit`): the recording's own acausal analytic signal, delayed, is
    regressed on the last samples. Before that it is the `WCFIR` of a 1/f spectrum.
    """

    band: tuple[float, float] = (8.0, 12.0)
    """In Hz."""
    delay: float = 0.1
    """Aimed at, in seconds: a shorter one costs quality, and is not quite reached by short taps."""
    taps: float = 1.0
    """Length of the filter in seconds."""
    predict: bool = False
    """Whether a negative delay is meant."""
    output: str = "envelope"
    """``"envelope"``, ``"phase"`` or ``"rhythm"``."""
    coefficients: list[list[float]] | None = None
    """Real and imaginary parts of the taps, newest sample first, as learned; None before."""
    learned: ClassVar[tuple[str, ...]] = ("coefficients",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.coefficients is not None and (
            len(self.coefficients) != 2 or len(self.coefficients[0]) != len(self.coefficients[1])
        ):
            raise SettingsError(
                "coefficients", "list", "must be two lists of one length, real and imaginary parts"
            )

    def fit(self, samples: np.ndarray) -> None:
        """Learn the taps from `samples`, (n, n_channels), as they reach this step.

        One filter for all channels, without jumps and large artifacts. A recording shorter than
        four lengths of the filter, or in which nothing happens, is left unused.
        """
        samples = samples[:, self._learned_from]
        n, n_taps = len(samples), self._n_taps
        if n < FEWEST_LENGTHS * n_taps or not np.var(samples) > np.finfo(float).tiny:
            return
        samples, offset = _without_line(calmed(samples, self._rate).bridged())
        # The sum of squares of the EEG alone: a drift's may be a million times as large.
        power = np.square(without_drift(samples, self._rate)).sum()
        wanted = acausal_analytic(samples, self._rate, self.band, self.delay)
        edge = min(n // 8, round(EDGE_SECONDS * self._rate))
        wanted[:edge] = wanted[-edge:] = 0
        # Normal equations from correlations: sums of products at each lag, over all channels.
        n_fft = 1 << (2 * n - 1).bit_length()
        spectrum = np.fft.fft(samples, n_fft, axis=0)
        own = np.fft.ifft((np.abs(spectrum) ** 2).sum(axis=1))[:n_taps].real
        own *= 1 - 2 * edge / n  # as much of it as there is of what is wanted
        crossed = (np.fft.fft(wanted, n_fft, axis=0) * spectrum.conj()).sum(axis=1)
        cross = np.fft.ifft(crossed)[:n_taps]
        # An offset is the same at all lags, and nothing of it is wanted.
        own += min(offset * samples.size, MOST_DRIFT * power)
        own[0] += RIDGE * power
        taps = linalg.solve_toeplitz(own, cross)
        self.coefficients = [taps.real.tolist(), taps.imag.tolist()]
        self._redesign()

    def _design(self, rate: float, n_taps: int) -> np.ndarray:
        if self.coefficients is None:
            return weighted_taps(self.band, self.delay, rate, n_taps, None)
        real, imaginary = np.array(self.coefficients)
        if len(real) != n_taps:
            raise SettingsError(
                "coefficients",
                f"{len(real)} taps",
                f"do not fit the {n_taps} taps of {self.taps:g} s at {rate:g} Hz; record a new "
                "baseline",
            )
        return real + 1j * imaginary


@dataclass
class ECHT(_ComplexFIR):
    """Endpoint-corrected Hilbert transform: its newest value, as one complex FIR filter.

    The window's Fourier transform is multiplied by twice the positive frequencies and by a causal
    Butterworth band-pass, and of the inverse transform the last value is taken: a sum over the
    window with fixed complex weights.

    References
    ----------
    .. [1] S. R. Schreglmann et al., "Non-invasive suppression of essential tremor via phase-locked
       disruption of its temporal coherence", Nature Communications 12, 363, 2021.
    """

    band: tuple[float, float] = (8.0, 12.0)
    """In Hz."""
    window: float = 0.5
    """Length in seconds."""
    order: int = 2
    """Order of the band-pass, for each edge."""
    output: str = "envelope"
    """``"envelope"``, ``"phase"`` or ``"rhythm"``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("window", self.window, above=0, unit="s")
        check_number("order", self.order, at_least=1, at_most=12)

    def _seconds(self) -> float:
        return self.window

    def _design(self, rate: float, n_taps: int) -> np.ndarray:
        frequencies = np.fft.fftfreq(n_taps, 1 / rate)
        sos = signal.butter(self.order, self.band, "bandpass", fs=rate, output="sos")
        _, response = signal.sosfreqz(sos, np.abs(frequencies), fs=rate)
        # The k-th newest sample of the window has the inverse transform's k-th value as its weight.
        return np.fft.ifft(np.where(frequencies > 0, 2 * response, 0))


def _without_line(samples: np.ndarray) -> tuple[np.ndarray, float]:
    """Return samples (n, n_channels) without offset and linear drift, and the mean square of it."""
    left = signal.detrend(samples, axis=0)
    return left, float(np.square(samples - left).mean())


def weighted_taps(
    band: tuple[float, float],
    delay: float,
    rate: float,
    n_taps: int,
    spectrum: list[float] | None,
) -> np.ndarray:
    """Return the taps whose errors against the ideal band count as the signal has power.

    Parameters
    ----------
    band : (float, float)
        In Hz.
    delay : float
        Seconds.
    rate : float
        Samples per second.
    n_taps : int
        Length of the filter.
    spectrum : list of float or None
        Power at equal steps from 0 Hz to half the rate; None is 1/f to the power of 1.5.

    Returns
    -------
    ndarray of complex, shape (n_taps,)
        Newest sample first.
    """
    frequencies, wanted = ideal_response(band, delay, rate, n_taps)
    if spectrum is None:
        weights = 1 / np.maximum(np.abs(frequencies), 1.0) ** DEFAULT_SLOPE
    else:
        grid = np.linspace(0, rate / 2, len(spectrum))
        weights = np.interp(np.abs(frequencies), grid, spectrum) / max(spectrum)
    # (F^H W F) b = F^H W H. The matrix depends on the difference of its indices alone, so it is
    # Toeplitz and its first column is the inverse FFT of the weights.
    column = np.fft.ifft(weights)[:n_taps]
    column[0] *= 1 + REGULARISATION
    return linalg.solve_toeplitz(column, np.fft.ifft(weights * wanted)[:n_taps])


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
    n_wanted = max(2048, 4 * n_taps, math.ceil(rate / DESIGN_HZ))
    n_fft = 1 << (n_wanted - 1).bit_length()
    frequencies = np.fft.fftfreq(n_fft, 1 / rate)
    inside = (frequencies >= band[0]) & (frequencies <= band[1])
    return frequencies, 2 * np.exp(-2j * np.pi * frequencies * delay) * inside
