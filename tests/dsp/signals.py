"""Signals with known answers."""

import numpy as np

LABELS = ("Fz", "C3", "Cz", "C4", "Pz", "O1", "Oz", "O2")


def noise(n=2000, n_channels=8, seed=0):
    return np.random.default_rng(seed).normal(0, 10, (n, n_channels))


def swelling_sine(n, rate, frequency=10.0, slow=0.5, amplitude=5.0, depth=2.0):
    """Return a sine whose amplitude swells at `slow` Hz, and that amplitude, both (n,)."""
    t = np.arange(n) / rate
    envelope = amplitude + depth * np.sin(2 * np.pi * slow * t)
    return envelope * np.sin(2 * np.pi * frequency * t), envelope


def lag_in_samples(out, reference, longest):
    """Return by how many samples `out` follows `reference`: best correlation, with parabola."""
    out, reference = out - out.mean(), reference - reference.mean()
    n = len(out)
    lags = np.arange(-longest, longest + 1)
    scores = np.array(
        [
            np.corrcoef(
                out[max(0, lag) : n + min(0, lag)], reference[max(0, -lag) : n - max(0, lag)]
            )[0, 1]
            for lag in lags
        ]
    )
    best = int(np.argmax(scores))
    if 0 < best < len(scores) - 1:
        left, middle, right = scores[best - 1 : best + 2]
        best += 0.5 * (left - right) / (left - 2 * middle + right)
    return best - longest
