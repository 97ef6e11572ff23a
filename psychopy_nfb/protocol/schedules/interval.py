"""Reward for the first hit after some time."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import ClassVar

from psychopy_nfb.checks import check_number
from psychopy_nfb.protocol.schedules.lots import DrawsLots
from psychopy_nfb.protocol.schedules.schedule import Schedule

LONGEST = 3.0
"""Longest interval of a `VariableInterval`, in means: nobody waits for a reward for ever."""
_RATE = 0.7163752666
"""Of the exponential distribution that, cut at `LONGEST`, has a mean of one: the root of
1 / r - L / (exp(r L) - 1) = 1."""


@dataclass(kw_only=True)
class FixedInterval(Schedule):
    """The first hit is rewarded that comes so many seconds after the last reward (FI).

    Seconds count while points do; neither pauses nor rests.

    Examples
    --------
    >>> [FixedInterval(seconds=2).due(samples, 0, 250.0) for samples in (499, 500)]
    [False, True]
    """

    by: ClassVar[str] = "samples"
    seconds: float

    def __post_init__(self) -> None:
        self.seconds = check_number("seconds", self.seconds, above=0, unit="s")

    def due(self, since: int, rewards: int, rate: float) -> bool:
        """Return whether the hit that comes now is rewarded; see `Schedule.due`."""
        return since >= round(self.seconds * rate)


@dataclass(kw_only=True)
class VariableInterval(DrawsLots, Schedule):
    """The first hit after an interval is rewarded that is drawn anew for each reward (VI).

    Intervals have an exponential distribution with this mean, of which what is longer than three
    times the mean is cut off. Seconds count while points do.

    Examples
    --------
    >>> schedule = VariableInterval(seconds=10, seed=1)
    >>> intervals = [schedule.interval(rewards) for rewards in range(4000)]
    >>> round(sum(intervals) / len(intervals), 1), max(intervals) <= 30
    (10.0, True)
    """

    by: ClassVar[str] = "samples"
    seconds: float
    """Mean of the intervals."""

    def __post_init__(self) -> None:
        self.seconds = check_number("seconds", self.seconds, above=0, unit="s")
        super().__post_init__()

    def interval(self, rewards: int) -> float:
        """Return the seconds before the reward that comes after so many others."""
        share = float(self.lots(rewards).random()) * (1 - exp(-_RATE * LONGEST))
        return -self.seconds * log(1 - share) / _RATE

    def due(self, since: int, rewards: int, rate: float) -> bool:
        """Return whether the hit that comes now is rewarded; see `Schedule.due`."""
        return since >= round(self.interval(rewards) * rate)
