"""Signals like a baseline's: the same spectrum and the same amplitudes, at random phases.

Schreiber and Schmitz 1996 (https://doi.org/10.1103/PhysRevLett.77.635): phases are drawn, then the
baseline's own amplitudes and its own spectrum are imposed in turn.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from psychopy_nfb.protocol.shown.series import SignalSeries

ROUNDS = 30
"""How often amplitudes and spectrum are imposed in turn; the amplitudes come last and are exact."""


def surrogate(signals: Mapping[str, np.ndarray], seed: int) -> SignalSeries:
    """Return signals like these, whose course says nothing of the person.

    Signals are moved by the same phases, so that what they have in common stays.

    Parameters
    ----------
    signals : mapping of str to ndarray
        Clean samples of a baseline, by signal; of different lengths the shortest is used.
    seed : int
        What the phases are drawn from.
    """
    n = min(map(len, signals.values()))
    turns = np.random.default_rng(seed).uniform(0, 2 * np.pi, n // 2 + 1)
    made = {name: _moved(signal[:n], turns) for name, signal in signals.items()}
    return SignalSeries(made, {name: np.zeros(n, np.uint32) for name in made})


def _moved(signal: np.ndarray, turns: np.ndarray) -> np.ndarray:
    n = len(signal)
    spectrum = np.fft.rfft(signal)
    strengths, ordered = np.abs(spectrum), np.sort(signal)
    turned = spectrum * np.exp(1j * turns)
    turned[0] = spectrum[0]
    found = signal
    for _ in range(ROUNDS):
        found = np.empty(n)
        found[np.argsort(np.fft.irfft(turned, n), kind="stable")] = ordered
        now = np.fft.rfft(found)
        turned = strengths * np.exp(1j * np.angle(now))
    return found
