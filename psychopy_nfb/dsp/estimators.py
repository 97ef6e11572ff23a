"""The ways to find the amplitude of a rhythm: the one table that settings, dialogs and tuning read.

An estimator is a step of `psychopy_nfb.dsp`; here it gets its name, its words for people, and its
settings for a band. Steps are imported when one is made: this table costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psychopy_nfb.dsp.step import Step

Band = tuple[float, float]
Settings = dict[str, Any]

TAPS_TIMES_WIDTH = 2.0
"""Length of a complex FIR filter in seconds, times the width of its band in Hz: half a second for 8
to 12 Hz. Twice as long, correlations are higher by .005 and steps come through later."""
AR_PERIODS = 3.0
"""Periods of a band's lower edge that the window of an autoregressive forecast holds at least."""
TRIED_TAPS = (0.5, 1.0, 2.0)
"""Lengths of the FIR filters that tuning tries, in seconds."""
TRIED_HOP = 0.02
"""Seconds between two estimates, in tuning, of those that work in windows."""


@dataclass(frozen=True)
class Estimator:
    """One way to find the amplitude of a rhythm.

    Examples
    --------
    >>> squared = Estimator(
    ...     "squared",
    ...     "Squared",
    ...     label="square of the band",
    ...     meaning="the band, squared",
    ...     variants=lambda band, delay: [{"order": order} for order in (1, 2)],
    ... )
    >>> squared.variants((8.0, 12.0), 0.1)
    [{'order': 1}, {'order': 2}]
    """

    name: str
    """In settings, tables and figures."""
    step: str
    """Name of its step, which takes a setting `band`."""
    label: str
    """In dialogs."""
    meaning: str
    """What it does, for pages."""
    variants: Callable[[Band, float], list[Settings]]
    """Settings among which a recording chooses, for a band and a wanted delay."""
    usual: Callable[[Band, float], Settings] = lambda band, delay: {}
    """Settings in the usual training, for a band and a wanted delay."""
    aims: bool = True
    """Whether its variants depend on the wanted delay."""
    chosen_delay: bool = False
    """Whether the delay is chosen in the usual training; otherwise it follows from the band."""
    origin: str = ""
    """The package or file that a lab's own was loaded from; empty for those of this package."""

    def made(self, band: Band, **settings: Any) -> Step:
        """Return its step."""
        from psychopy_nfb.dsp import Step

        kind: Callable[..., Step] = Step.family[self.step]
        return kind(band=band, **settings)


def _tried_fir(band: Band, delay: float) -> list[Settings]:
    return [
        {"delay": delay, "taps": taps, "predict": delay < 0} for taps in TRIED_TAPS if delay < taps
    ]


def _usual_fir(band: Band, delay: float) -> Settings:
    return {"delay": delay, "taps": max(TAPS_TIMES_WIDTH / (band[1] - band[0]), 2 * delay)}


def _usual_forecast(band: Band, delay: float) -> Settings:
    from psychopy_nfb.dsp.ar_hilbert import ARHilbert

    usual = ARHilbert.window
    longest = max(usual, AR_PERIODS / band[0] + 2 * ARHilbert.edge, usual / 4 + delay)
    return {"delay": delay, "window": longest}


_TABLE = (
    Estimator(
        "wcFIR",
        "WCFIR",
        label="weighted complex FIR",
        meaning="complex FIR filter, weighted by the spectrum of this recording",
        variants=_tried_fir,
        usual=_usual_fir,
        chosen_delay=True,
    ),
    Estimator(
        "cFIR",
        "CFIR",
        label="complex FIR",
        meaning="complex FIR filter: the ideal response, cut to its length",
        variants=_tried_fir,
        usual=_usual_fir,
        chosen_delay=True,
    ),
    Estimator(
        "LS-FIR",
        "LSFIR",
        label="FIR fitted to the baseline",
        meaning="FIR filter fitted to this recording by least squares",
        variants=_tried_fir,
        usual=_usual_fir,
        chosen_delay=True,
    ),
    Estimator(
        "AR-Hilbert",
        "ARHilbert",
        label="autoregressive forecast",
        meaning="band-pass, extended into the future by an autoregressive model, then Hilbert "
        "transform",
        variants=lambda band, delay: [{"delay": max(delay, 0.0), "hop": TRIED_HOP}],
        usual=_usual_forecast,
        chosen_delay=True,
    ),
    Estimator(
        "Kalman",
        "KalmanOscillator",
        label="Kalman oscillator",
        meaning="Kalman filter of an oscillator fitted to this recording",
        variants=lambda band, delay: [{"delay": delay}],
    ),
    Estimator(
        "ecHT",
        "ECHT",
        label="endpoint-corrected Hilbert",
        meaning="endpoint-corrected Hilbert transform of the last stretch",
        variants=lambda band, delay: [{"window": window} for window in (0.25, 0.5, 1.0)],
        aims=False,
    ),
    Estimator(
        "rectify",
        "Rectify",
        label="band-pass and rectify",
        meaning="band-pass, rectification, low-pass",
        variants=lambda band, delay: [
            {"order": order, "smooth": smooth} for order in (1, 2, 4) for smooth in (2.0, 4.0)
        ],
        aims=False,
    ),
    Estimator(
        "demodulate",
        "ComplexDemodulation",
        label="complex demodulation",
        meaning="complex demodulation: shifted to 0 Hz, then low-pass",
        variants=lambda band, delay: [{"order": order} for order in (1, 2, 4)],
        aims=False,
    ),
    Estimator(
        "FFT",
        "SlidingFFT",
        label="sliding FFT",
        meaning="Fourier transform of a sliding window",
        variants=lambda band, delay: [{"window": w, "hop": TRIED_HOP} for w in (0.5, 1.0)],
        aims=False,
    ),
)
ESTIMATORS = {one.name: one for one in _TABLE}
"""All estimators by name, labs' own after ours; the first is the usual one."""
