"""What all estimators of a rhythm have in common: its analytic signal, and what is made of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from psychopy_nfb.checks import check_choice
from psychopy_nfb.dsp.step import SignalInfo, Step

OUTPUTS = {"envelope": np.abs, "phase": np.angle, "rhythm": np.real}
"""What comes out of an estimator: the rhythm's amplitude, its phase in radians (0 at the crest), or
its wave."""


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
    frequencies: what estimators in real time are compared with, and are fitted to.

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
    >>> t = np.arange(500) / 250
    >>> bool(np.allclose(np.abs(acausal_analytic(3 * np.cos(2 * np.pi * 10 * t), 250, (8, 12))), 3))
    True
    """
    frequencies = np.fft.fftfreq(len(samples), 1 / rate)
    wanted = 2 * np.exp(-2j * np.pi * frequencies * delay)
    wanted[(frequencies < band[0]) | (frequencies > band[1])] = 0
    spectrum = np.fft.fft(samples, axis=0)
    return np.fft.ifft(spectrum * wanted.reshape(-1, *[1] * (samples.ndim - 1)), axis=0)
