"""Stamps that scatter around the times of their samples, early as often as late.

A bridge program that makes its stamps from an unsteady clock of its own gives such stamps: their
mean tells when samples were taken. Stamps that are made when samples arrive are late only, never
early, and their earliest tell it (`SampleCounter`). Three things tell the two apart: how far the
stamps lie from the line through them (evenly on both sides, or far on one), whether they go along
with the arrival of their samples, and whether each scatters by itself.
"""

from __future__ import annotations

import numpy as np

LEAST_NOISE_SECONDS = 0.001
"""Standard deviation of stamps from the line through them that is worth a correction."""
LEAST_STAMPS = 40
"""Stamps that tell on which side of the line they lie."""
FEWEST_STAMPS = 4
"""Stamps that a line through them is compared with, at least."""
MOST_SKEWNESS = 0.75
"""Skewness of noise, at most. That of 40 Gaussian values is within 0.75 in 95 of 100 cases; delays
have an exponential distribution or a longer tail, which has 2."""
MOST_ALIKE = 0.5
"""Correlation of neighbouring distances from the line, at most: a rate that changes, a jump and
lost samples move all stamps that follow."""
LEAST_APART = 0.7
"""Spread of the quicker arrivals after their stamps, as a share of the scatter, at least: stamps
that are made on arrival are all as long before it."""


def noise_of(numbers: np.ndarray, stamps: np.ndarray, received: np.ndarray) -> tuple[float, bool]:
    """Return how far stamps scatter to both sides, and whether more of them are needed to tell.

    Parameters
    ----------
    numbers : ndarray, shape (n,)
        Number of the sample that each stamp belongs to.
    stamps : ndarray, shape (n,)
        Seconds.
    received : ndarray, shape (n,)
        LSL's time when each had arrived.

    Returns
    -------
    noise : float
        Standard deviation in seconds; 0 where stamps do not scatter, or are late only.
    undecided : bool
        Whether there are too few stamps to tell on which side they lie.

    Examples
    --------
    >>> numbers, rng = np.arange(400), np.random.default_rng(0)
    >>> stamps = 50 + numbers / 100 + 0.005 * rng.standard_normal(400)
    >>> noise, undecided = noise_of(numbers, stamps, received=50.002 + numbers / 100)
    >>> round(noise, 3), undecided
    (0.005, False)
    """
    if len(stamps) < FEWEST_STAMPS:
        return 0.0, False
    rest = from_line(numbers, stamps)
    noise = float(rest.std())
    quicker, usual = np.percentile(received - stamps, (5, 40))
    if noise < LEAST_NOISE_SECONDS or usual - quicker < LEAST_APART * noise:
        return 0.0, False
    both = len(stamps) >= LEAST_STAMPS // 4 and scatters_to_both_sides(rest)
    return (noise if both else 0.0), len(stamps) < LEAST_STAMPS


def from_line(numbers: np.ndarray, stamps: np.ndarray) -> np.ndarray:
    """Return the distances in seconds of stamps (n,) from the straight line through them."""
    at = numbers - numbers.mean()
    late = stamps - stamps.mean()
    return late - (at @ late) / (at @ at) * at


def scatters_to_both_sides(rest: np.ndarray) -> bool:
    """Return whether distances from a line are noise: early as often as late, each by itself.

    Parameters
    ----------
    rest : ndarray, shape (n,)
        Seconds, as `from_line` gives them.
    """
    power = float((rest**2).mean())
    if not power:
        return False
    skewness = float((rest**3).mean()) / power**1.5
    alike = float((rest[1:] * rest[:-1]).mean()) / power
    return abs(skewness) <= MOST_SKEWNESS and alike <= MOST_ALIKE
