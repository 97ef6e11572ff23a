"""A threshold that takes a step after each block or trial, by how it went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from psychopy_nfb.checks import check_number
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.baseline import Baseline
from psychopy_nfb.protocol.thresholds.rule import (
    SHORTEST_UPDATE,
    Follower,
    Situation,
    ThresholdRule,
    bounded,
    check_bounds,
    samples,
)

FEWEST_SECONDS = 1.0
"""Clean seconds of a block below which it says nothing."""


@dataclass(kw_only=True)
class Staircase(ThresholdRule):
    """One `step` outwards after a block that went well, one back after a bad one.

    What counts is the share of the clean time that the signal was beyond its threshold. Outwards is
    where it is beyond less often: up, and down for ``direction="down"``. A block with less than a
    clean second of feedback changes nothing.

    Examples
    --------
    >>> follower = Staircase(step=0.5, trial=2).follower(Situation(rate=1.0, threshold=1.0))
    >>> [follower.take(3.0, True), follower.take(4.0, True)]
    [None, '1.00 of 2 s were beyond it, at least 0.7']
    >>> follower.threshold
    1.5
    """

    step: float
    """How far, in units of z."""
    up_at: float = 0.7
    """Share of the time beyond the threshold from which on it takes a step outwards."""
    down_at: float = 0.4
    """Share up to which it takes a step back."""
    trial: float | None = None
    """Seconds of clean samples after which it is judged; None judges each block at its end."""
    lowest: float | None = None
    """The threshold does not fall below it; None sets no bound."""
    highest: float | None = None
    """The threshold does not rise above it; None sets no bound."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.step = check_number("step", self.step, above=0)
        self.up_at = check_number("up_at", self.up_at, above=0, at_most=1)
        self.down_at = check_number("down_at", self.down_at, at_least=0, below=1)
        if self.down_at >= self.up_at:
            raise SettingsError(
                "down_at", self.down_at, f"must be below up_at, which is {self.up_at:g}"
            )
        if self.trial is not None:
            self.trial = check_number("trial", self.trial, at_least=SHORTEST_UPDATE, unit="s")
        self.lowest, self.highest = check_bounds(self.start, self.lowest, self.highest)

    def of_baseline(self, baseline: Baseline, up: bool, inhibits: bool) -> float:
        """Return the mean."""
        return baseline.mean

    def follower(self, situation: Situation) -> Follower:
        """Return what moves the threshold of one signal."""
        return _Steps(self, situation)


class _Steps(Follower):
    """How much of the block or trial so far was beyond."""

    kept: ClassVar[tuple[str, ...]] = (*Follower.kept, "n_clean", "n_beyond")

    def __init__(self, rule: Staircase, situation: Situation):
        super().__init__(bounded(situation.threshold, rule.lowest, rule.highest))
        self._rule = rule
        self._rate = situation.rate
        self._step = rule.step if situation.up else -rule.step
        self._trial = None if rule.trial is None else samples(rule.trial, situation.rate)
        self.n_clean = 0
        self.n_beyond = 0

    def take(self, z: float, beyond: bool) -> str | None:
        self.n += 1
        self.n_clean += 1
        self.n_beyond += beyond
        return self._judged() if self.n_clean == self._trial else None

    def begin_block(self) -> None:
        if self._trial is None:
            self.n_clean = self.n_beyond = 0

    def end_block(self) -> str | None:
        enough = self.n_clean >= samples(FEWEST_SECONDS, self._rate)
        return self._judged() if self._trial is None and enough else None

    def _judged(self) -> str | None:
        """Take the step that is due, and count anew."""
        rule, seconds = self._rule, self.n_clean / self._rate
        share = self.n_beyond / self.n_clean
        self.n_clean = self.n_beyond = 0
        if share >= rule.up_at:
            step, bound = self._step, f"at least {rule.up_at:g}"
        elif share <= rule.down_at:
            step, bound = -self._step, f"at most {rule.down_at:g}"
        else:
            return None
        return self._move(
            bounded(self.threshold + step, rule.lowest, rule.highest),
            f"{share:.2f} of {seconds:.4g} s were beyond it, {bound}",
        )
