"""How much later an amplitude comes out of a filter: the delay that steps declare."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MODULATION_HZ = 0.5
"""How fast the amplitude is taken to swell: the envelope of a rhythm of 4 Hz bandwidth has most of
its power below 1 Hz. A filter's delay differs a little between slow and fast changes."""


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
