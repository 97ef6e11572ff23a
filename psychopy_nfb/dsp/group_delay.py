"""How much later an amplitude comes out of a filter: the delay that steps declare."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MODULATION_HZ = 0.5
"""How fast the amplitude is taken to swell: the envelope of a rhythm of 4 Hz bandwidth has most of
its power below 1 Hz. A filter's delay differs a little between slow and fast changes."""
SURELY_SHORT = 0.25
"""Seconds. A phase tells a delay but for whole periods of the swelling, 2 s; up to here there is no
doubt."""
SLOWEST_HZ = 1e-3
"""A swelling so slow that no delay of minutes is longer than half its period."""
SEEN = 0.1
"""Share of a swelling that must come through for its delay to mean anything: a long smoother lets
pass only slower ones."""

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
    slow = np.array([SLOWEST_HZ, MODULATION_HZ])
    swelling = _swelling(response, frequency, slow)
    if np.abs(np.angle(swelling[0])) > 2 * np.pi * SLOWEST_HZ * SURELY_SHORT:
        # Follow the phase up from where it is unambiguous, as far as the swelling comes through.
        slow = np.arange(SLOWEST_HZ, MODULATION_HZ + SLOWEST_HZ / 2, SLOWEST_HZ)
        swelling = _swelling(response, frequency, slow)
        faint = np.flatnonzero(np.abs(swelling) < SEEN * np.abs(swelling[0]))
        last = faint[0] if len(faint) else len(slow)
        slow, swelling = slow[:last], swelling[:last]
        return float(-np.unwrap(np.angle(swelling))[-1] / (2 * np.pi * slow[-1]))
    return float(-np.angle(swelling[-1]) / (2 * np.pi * MODULATION_HZ))


def _swelling(
    response: Callable[[np.ndarray], np.ndarray], frequency: float, slow: np.ndarray
) -> np.ndarray:
    """Return what becomes of an amplitude that swells at `slow` Hz, complex, shape (n,)."""
    at = response(np.array([frequency]))
    above, below = response(frequency + slow), response(frequency - slow)
    return above / at + np.conj(below / at)


def try_out_envelope(
    envelope: Callable[[np.ndarray], np.ndarray], frequency: float, rate: float, about: float
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
    about : float
        The delay in seconds as it is known before, to within half a period of the swelling: 1 s.
    """
    n = round(PERIODS / MODULATION_HZ * rate)
    t = np.arange(n) / rate
    swelling = 2 * np.pi * MODULATION_HZ * t
    found = envelope((1 + 0.4 * np.sin(swelling)) * np.sin(2 * np.pi * frequency * t))
    # The phase of the swelling in whole periods of it, once the start is over.
    last = slice(n - round((PERIODS - 1) / MODULATION_HZ * rate), n)
    phase = np.angle((found[last] * np.exp(-1j * swelling[last])).sum()) + np.pi / 2
    # The phase tells it but for whole periods.
    delay = about + (-phase / (2 * np.pi * MODULATION_HZ) - about + 0.5 / MODULATION_HZ) % (
        1 / MODULATION_HZ
    )
    delay -= 0.5 / MODULATION_HZ
    return float(delay), float(found[last].mean())
