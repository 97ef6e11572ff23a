"""How much later an amplitude comes out of a filter: the delay that steps declare."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MODULATION_HZ = 0.5
"""How fast the amplitude is taken to swell: the envelope of a rhythm of 4 Hz bandwidth has most of
its power below 1 Hz. A filter's delay differs a little between slow and fast changes."""

PERIODS = 4
"""Periods of the amplitude modulation that measures the delay; the first is for settling."""


def envelope_delay(response: Callable[[np.ndarray], np.ndarray], frequency: float) -> float:
    """Return the delay in seconds of a swelling amplitude at `frequency` Hz.

    Parameters
    ----------
    response : callable
        Complex frequency response: frequencies in Hz, shape (n,), to values of shape (n,).
    frequency : float
        Of the rhythm whose amplitude swells; 0 for a signal that is an envelope already.

    Notes
    -----
    A sine at f whose amplitude swells at d has lines at f - d, f and f + d. The swelling comes out
    with the phase of H(f + d) / H(f) + conj(H(f - d) / H(f)); for small d this is the group delay.
    """
    below, at, above = response(
        np.array([frequency - MODULATION_HZ, frequency, frequency + MODULATION_HZ])
    )
    swelling = above / at + np.conj(below / at)
    return float(-np.angle(swelling) / (2 * np.pi * MODULATION_HZ))


def try_out_envelope(
    envelope: Callable[[np.ndarray], np.ndarray], frequency: float, rate: float
) -> tuple[float, float]:
    """Return delay in seconds and gain of an estimator that is no linear filter, by trying it.

    Parameters
    ----------
    envelope : callable
        From samples, shape (n,), to their envelope, shape (n,).
    frequency : float
        Of the rhythm, in Hz.
    rate : float
        Samples per second.
    """
    n = round(PERIODS / MODULATION_HZ * rate)
    t = np.arange(n) / rate
    swelling = 2 * np.pi * MODULATION_HZ * t
    found = envelope((1 + 0.4 * np.sin(swelling)) * np.sin(2 * np.pi * frequency * t))
    # The phase of the swelling in whole periods of it, once the start is over.
    last = slice(n - round((PERIODS - 1) / MODULATION_HZ * rate), n)
    phase = np.angle((found[last] * np.exp(-1j * swelling[last])).sum()) + np.pi / 2
    delay = -((phase + np.pi) % (2 * np.pi) - np.pi) / (2 * np.pi * MODULATION_HZ)
    return float(delay), float(found[last].mean())
