"""Reward after so many hits."""

from __future__ import annotations

from dataclasses import dataclass

from psychopy_nfb.checks import check_whole
from psychopy_nfb.protocol.schedules.lots import DrawsLots
from psychopy_nfb.protocol.schedules.schedule import Schedule

MOST_HITS = 1000


@dataclass(kw_only=True)
class FixedRatio(Schedule):
    """Each n-th hit is rewarded (FR).

    Examples
    --------
    >>> [FixedRatio(n=3).due(hits, 0, 250.0) for hits in (1, 2, 3)]
    [False, False, True]
    """

    n: int
    """Hits for one reward."""

    def __post_init__(self) -> None:
        self.n = check_whole("n", self.n, at_least=1, at_most=MOST_HITS)

    def due(self, since: int, rewards: int, rate: float) -> bool:
        """Return whether the hit that comes now is rewarded; see `Schedule.due`."""
        return since >= self.n


@dataclass(kw_only=True)
class VariableRatio(DrawsLots, Schedule):
    """A hit is rewarded after a number that is drawn anew for each reward (VR).

    Each number from 1 to 2 n - 1 is as likely as the others; their mean is n.

    Examples
    --------
    >>> schedule = VariableRatio(n=3, seed=1)
    >>> [schedule.hits(rewards) for rewards in range(8)]
    [3, 3, 4, 3, 4, 5, 4, 4]
    """

    n: int
    """Hits for one reward, on average."""

    def __post_init__(self) -> None:
        self.n = check_whole("n", self.n, at_least=1, at_most=MOST_HITS)
        super().__post_init__()

    def hits(self, rewards: int) -> int:
        """Return how many hits the reward takes that comes after so many others."""
        return int(self.lots(rewards).integers(1, 2 * self.n))

    def due(self, since: int, rewards: int, rate: float) -> bool:
        """Return whether the hit that comes now is rewarded; see `Schedule.due`."""
        return since >= self.hits(rewards)
