"""What all estimators of a rhythm have in common: its analytic signal, and what is made of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import interpolate

from psychopy_nfb.checks import check_choice
from psychopy_nfb.dsp.step import SignalInfo, Step

END_SECONDS = 1.0
"""Length of the ends of a recording whose level and slope are taken."""
OUTPUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "envelope": np.abs,
    "phase": np.angle,
    "rhythm": np.real,
}
"""What comes out of an estimator: the rhythm's amplitude, its phase in radians (0 at the crest), or
its wave."""
OUTPUTS_OF_ONE: dict[str, Callable[[float, float], float]] = {
    "envelope": math.hypot,
    "phase": lambda real, imaginary: math.atan2(imaginary, real),
    "rhythm": lambda real, _: real,
}
"""The same of one sample, given by its real and imaginary part."""


class _RhythmStep(Step):
    """Estimates each channel's analytic signal within a band, as it was a known time ago.

    A subclass has the settings ``band`` and ``output`` and gives `analytic`.
    """

    band: tuple[float, float]
    output: str

    def __post_init__(self) -> None:
        check_choice("output", self.output, tuple(OUTPUTS))

    def analytic(self, samples: np.ndarray) -> np.ndarray:
        """Map samples (n, n_channels) to complex ones: |y| is the amplitude, its angle the phase.

        Keeps state as `process` does; for a block call the one or the other.
        """
        raise NotImplementedError

    def process(self, samples: np.ndarray) -> np.ndarray:
        return OUTPUTS[self.output](self.analytic(samples))

    def _told(self, info: SignalInfo) -> SignalInfo:
        """Return what comes out: phases are no microvolts."""
        return replace(info, units="rad") if self.output == "phase" else info


def acausal_analytic(
    samples: np.ndarray, rate: float, band: tuple[float, float], delay: float = 0.0
) -> np.ndarray:
    """Return a band's analytic signal as only the whole recording can give it.

    The Fourier transform of all samples, without what lies outside of the band and without negative
    frequencies: what estimators in real time are compared with, and are fitted to. Offset and drift
    do not matter; jumps of the level do, see `psychopy_nfb.dsp.whole`.

    Parameters
    ----------
    samples : ndarray, shape (n, ...)
        Along the first axis.
    rate : float
        Samples per second.
    band : (float, float)
        In Hz.
    delay : float
        Seconds by which it is delayed; any fraction of a sample.

    Returns
    -------
    ndarray of complex, shape (n, ...)

    References
    ----------
    .. [1] N. Smetanin, A. Belinskaya, M. Lebedev, A. Ossadtchi, "Digital filters for low-latency
       quantification of brain rhythms in real time", J. Neural Eng. 17, 046022, 2020.

    Examples
    --------
    >>> t = np.arange(2501) / 250
    >>> drifting = 3 * np.cos(2 * np.pi * 10 * t) + 1000 * t
    >>> inner = np.abs(acausal_analytic(drifting, 250, (8, 12)))[250:-250]
    >>> bool(np.allclose(inner, 3, atol=0.01))
    True
    """
    # A Fourier transform takes a recording for a period that repeats: a drift would be a jump from
    # its end back to its start. Followed by its mirror image it ends where it began.
    level = samples - _end_to_end(samples, rate)
    mirrored = np.concatenate((level, level[-2:0:-1]))
    frequencies = np.fft.fftfreq(len(mirrored), 1 / rate)
    wanted = 2 * np.exp(-2j * np.pi * frequencies * delay)
    wanted[(frequencies < band[0]) | (frequencies > band[1])] = 0
    spectrum = np.fft.fft(mirrored, axis=0)
    spectrum *= wanted.reshape(-1, *[1] * (samples.ndim - 1))
    return np.fft.ifft(spectrum, axis=0)[: len(samples)]


def _end_to_end(samples: np.ndarray, rate: float) -> np.ndarray:
    """Return the smoothest curve (n, ...) with the level and slope that the ends have.

    Without it nothing slow is left that would be a kink where the mirror image begins.
    """
    n, n_end = len(samples), min(len(samples) // 2, round(END_SECONDS * rate))
    if n_end < 2:
        return np.zeros_like(samples)
    time = np.arange(n_end) - (n_end - 1) / 2
    ends = [samples[:n_end], samples[-n_end:]]
    levels = [end.mean(axis=0) for end in ends]
    slopes = [np.tensordot(time, end, 1) / (time @ time) for end in ends]
    middle = (n_end - 1) / 2
    curve = interpolate.CubicHermiteSpline([middle, n - 1 - middle], levels, slopes)
    return curve(np.arange(n))
