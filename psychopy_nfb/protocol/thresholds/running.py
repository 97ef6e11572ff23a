"""A threshold at so many standard deviations from the running mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from psychopy_nfb.checks import check_number
from psychopy_nfb.protocol.baseline import Baseline
from psychopy_nfb.protocol.thresholds.rule import (
    Follower,
    PacedFollower,
    Situation,
    ThresholdRule,
    check_look_back,
    samples,
)


@dataclass(kw_only=True)
class Running(ThresholdRule):
    """The running mean of z plus `k` of its running standard deviations.

    Both are over an exponential window: a sample counts 1/e of the newest one when it is `tau`
    seconds old. The threshold first moves after half of `tau`. Seconds are those of clean samples
    in blocks with feedback.

    Examples
    --------
    >>> follower = Running(k=1.0, tau=4, update=1).follower(Situation(rate=1.0, threshold=0.5))
    >>> [follower.take(z, False) for z in (0.0, 2.0)]
    [None, 'running mean 1.124 + 1 of the running SD 0.992']
    >>> round(follower.threshold, 3)
    2.117
    """

    k: float
    """Standard deviations between the mean and the threshold; below 0 for ``direction="down"``."""
    tau: float = 60.0
    """Time constant of the exponential window, in seconds."""
    update: float = 5.0
    """Seconds from one change to the next."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.k = check_number("k", self.k)
        self.tau, self.update = check_look_back("tau", self.tau, self.update)

    def of_baseline(self, baseline: Baseline, up: bool, inhibits: bool) -> float:
        """Return the same of the whole baseline."""
        return baseline.mean + self.k * baseline.sd

    def follower(self, situation: Situation) -> Follower:
        """Return what moves the threshold of one signal."""
        return _Moments(self, situation)


class _Moments(PacedFollower):
    """Mean and variance of z in which older samples count less."""

    kept: ClassVar[tuple[str, ...]] = (*Follower.kept, "weight", "mean", "variance")

    def __init__(self, rule: Running, situation: Situation):
        rate = situation.rate
        super().__init__(
            situation.threshold, samples(rule.tau / 2, rate), samples(rule.update, rate)
        )
        self._k = rule.k
        self._fades = math.exp(-1 / (rule.tau * rate))
        self.weight = 0.0
        """Of all samples so far, the newest one's being 1."""
        self.mean = 0.0
        self.variance = 0.0

    def _add(self, z: float) -> None:
        self.weight = self.weight * self._fades + 1
        share, off = 1 / self.weight, z - self.mean
        self.mean += share * off
        self.variance = (1 - share) * (self.variance + share * off * off)

    def _wanted(self) -> tuple[float, str]:
        sd = math.sqrt(self.variance)
        why = f"running mean {self.mean:.4g} + {self._k:g} of the running SD {sd:.3g}"
        return self.mean + self._k * sd, why
