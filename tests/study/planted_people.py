"""People of a simulated study: how their alpha rhythm differs from session to session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RATE = 100.0
LABELS = ("Oz",)
ALPHA_HZ = 10.0
SESSION_SD = 0.6
"""How much somebody's rhythm differs between two sessions without learning, in microvolts."""
SWELL = 0.35
"""Standard deviation of the rhythm's amplitude within seconds, as a share of its mean."""
SWELL_SECONDS = 0.3
"""How long a swell lasts, about."""
NOISE_UV = 1.0


@dataclass(frozen=True)
class Person:
    """Somebody who learns, or does not."""

    label: str
    slope: float
    """By how much the rhythm grows from session to session, in microvolts."""
    seed: int
    level: float = 12.0
    """Amplitude in the first session, in microvolts."""

    def eeg(self, session: int, seconds: float, run: int = 1) -> np.ndarray:
        """Return the EEG of a session (from 1), shape (n, 1), in microvolts.

        Runs of one session are of one day: their level is the same, their noise is not.
        """
        day = np.random.default_rng([self.seed, session])
        level = self.level + self.slope * (session - 1) + day.normal(0, SESSION_SD)
        random = np.random.default_rng([self.seed, session, run])
        n = round(seconds * RATE)
        amplitude = level * (1 + SWELL * _smooth(random.standard_normal(n)))
        # A phase that wanders, so that two people's rhythms are not in step.
        phase = 2 * np.pi * ALPHA_HZ * np.arange(n) / RATE + np.cumsum(random.normal(0, 0.02, n))
        return (amplitude * np.sin(phase) + random.normal(0, NOISE_UV, n))[:, None]


def _smooth(noise: np.ndarray) -> np.ndarray:
    """Return noise without what is faster than `SWELL_SECONDS`, with standard deviation 1."""
    n = round(SWELL_SECONDS * RATE)
    window = np.hanning(2 * n + 1)
    return np.convolve(noise, window / np.sqrt((window**2).sum()), "same")


def settings(source_id=None):
    """Return the training of the study, as plain settings; without `source_id` a test signal."""
    stream = {"test_signal": True} if source_id is None else {"source_id": source_id}
    steps = [
        {"type": "Pick", "channels": list(LABELS)},
        {"type": "CFIR", "band": [8.0, 12.0], "delay": 0.2},
    ]
    signal = {
        "pipeline": {"steps": steps},
        "normalise": "zscore",
        "threshold": 0.3,
        "display_range": [-2.0, 6.0],
    }
    return {
        "stream": {**stream, "timeout": 20.0},
        "signals": {"alpha": signal},
        "reward": {"dwell": 0.2},
        "markers": False,
    }
