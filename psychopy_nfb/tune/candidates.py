"""The estimators that are tried, each with the variants among which a recording chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from psychopy_nfb.dsp import (
    CFIR,
    ECHT,
    LSFIR,
    WCFIR,
    ARHilbert,
    ComplexDemodulation,
    KalmanOscillator,
    Rectify,
    SlidingFFT,
    Step,
)

TAPS = (0.5, 1.0, 2.0)
"""Lengths of the FIR filters in seconds."""
HOP = 0.02
"""Seconds between two estimates of those that work in windows."""


@dataclass(frozen=True)
class Candidate:
    """A method, and how to make its variants for a band and a wanted delay."""

    name: str
    variants: Callable[[tuple[float, float], float], list[Step]]
    aims: bool = True
    """Whether its variants depend on the wanted delay."""


def _fir(kind: type[Step]) -> Callable[[tuple[float, float], float], list[Step]]:
    return lambda band, delay: [
        kind(band, delay=delay, taps=taps, predict=delay < 0) for taps in TAPS if delay < taps
    ]


CANDIDATES = (
    Candidate("cFIR", _fir(CFIR)),
    Candidate("wcFIR", _fir(WCFIR)),
    Candidate("LS-FIR", _fir(LSFIR)),
    Candidate("Kalman", lambda band, delay: [KalmanOscillator(band, delay=delay)]),
    Candidate("AR-Hilbert", lambda band, delay: [ARHilbert(band, delay=max(delay, 0.0), hop=HOP)]),
    Candidate(
        "ecHT", lambda band, _: [ECHT(band, window) for window in (0.25, 0.5, 1.0)], aims=False
    ),
    Candidate(
        "rectify",
        lambda band, _: [
            Rectify(band, order, smooth) for order in (1, 2, 4) for smooth in (2.0, 4.0)
        ],
        aims=False,
    ),
    Candidate(
        "demodulate",
        lambda band, _: [ComplexDemodulation(band, order) for order in (1, 2, 4)],
        aims=False,
    ),
    Candidate(
        "FFT",
        lambda band, _: [SlidingFFT(band, window, HOP) for window in (0.5, 1.0)],
        aims=False,
    ),
)
NAMES = tuple(candidate.name for candidate in CANDIDATES)
