"""A threshold that rises as planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from psychopy_nfb.checks import check_number
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.baseline import Baseline
from psychopy_nfb.protocol.thresholds.rule import (
    SHORTEST_UPDATE,
    Follower,
    PacedFollower,
    Situation,
    ThresholdRule,
    samples,
)


@dataclass(kw_only=True)
class Trend(ThresholdRule):
    """The mean of the baseline, or `start`, and `slope` more with each minute.

    Minutes are those of clean samples in blocks with feedback.

    Examples
    --------
    >>> follower = Trend(slope=0.6, update=1, start=1.0).follower(Situation(1.0, threshold=1.0))
    >>> follower.take(0.0, False), round(follower.threshold, 6)
    ('a rise of 0.6 a minute, after 1 s', 1.01)
    """

    slope: float
    """What is added to the threshold each minute, in units of z; below 0 it falls."""
    update: float = 5.0
    """Seconds from one change to the next."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.slope = check_number("slope", self.slope)
        self.update = check_number("update", self.update, at_least=SHORTEST_UPDATE, unit="s")

    def check(self, normalise: str) -> None:
        """Check that there is something to rise from."""
        if normalise == "none" and self.start is None:
            raise SettingsError(
                "slope",
                self.slope,
                'has no baseline to rise from with normalise="none"; set start, or compare the '
                "signal with a baseline",
            )

    def of_baseline(self, baseline: Baseline, up: bool, inhibits: bool) -> float:
        """Return the mean."""
        return baseline.mean

    def follower(self, situation: Situation) -> Follower:
        """Return what moves the threshold of one signal."""
        return _Line(self, situation)


class _Line(PacedFollower):
    """A straight line over the time that was trained."""

    kept: ClassVar[tuple[str, ...]] = (*Follower.kept, "begun_at")

    def __init__(self, rule: Trend, situation: Situation):
        every = samples(rule.update, situation.rate)
        super().__init__(situation.threshold, every, every)
        self.begun_at = situation.threshold
        self._slope = rule.slope
        self._rate = situation.rate

    def _wanted(self) -> tuple[float, str]:
        seconds = self.n / self._rate
        why = f"a rise of {self._slope:g} a minute, after {seconds:.4g} s"
        return self.begun_at + self._slope * seconds / 60, why
