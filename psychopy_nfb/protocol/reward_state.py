"""The state that each sample moves on towards reward: dwell, hits, score, quality."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from psychopy_nfb.dsp.flags import HOLDING, Flags
from psychopy_nfb.families import failure, is_own, owner, source
from psychopy_nfb.protocol.reward import Reward
from psychopy_nfb.protocol.schedules import Schedule
from psychopy_nfb.protocol.trial import Trial, TrialCount

QUALITY_SECONDS = 1.0
_NO_TIME = int(Flags.PAUSED | Flags.NO_POINTS | Flags.CALIBRATING)
"""In samples with one of these flags no interval of a schedule goes on."""
REACHED = ("score", "hits", "rewards", "progress")
"""What of `REWARD_VALUES` a process that takes over needs."""


class RewardState:
    """Turns "all are beyond their thresholds" into `REWARD_VALUES`, sample by sample.

    Any flag withholds reward and starts the dwell anew.

    Parameters
    ----------
    settings : Reward
        When there is a hit, and what it is worth.
    rate : float
        Of the signals, in Hz; all durations are counted in their samples.

    Examples
    --------
    >>> state = RewardState(Reward(dwell=0.02), rate=100.0)
    >>> [row[:3] for row in state.process([True, True, False], [0, 0, 0])]
    [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.0, 1.0, 1.0)]

    Attributes
    ----------
    score : float
        Points so far.
    hits, rewards : int
        How often the dwell was reached so far, and how often that was rewarded.
    fault : str or None
        What has failed in a lab's own schedule, and where.
    trial : TrialCount
        How the block goes that is judged at its end.
    """

    def __init__(self, settings: Reward, rate: float):
        self.rate = rate
        self.score: float = 0.0
        self.hits: int = 0
        self.rewards: int = 0
        self.fault: str | None = None
        self.trial: TrialCount = TrialCount(rate)
        self._since = 0  # the last reward: hits or samples, as the schedule counts
        self._schedule: Schedule | None = None
        self._by_samples = False
        self._run = 0  # samples in a row beyond the thresholds
        self._refractory_left = 0
        self._window = bytearray(max(1, round(QUALITY_SECONDS * rate)))
        self._at = 0
        self._n_flagged = 0
        self._n_seen = 0
        self.use(settings)

    def use(self, settings: Reward) -> None:
        """Go by these settings from the next sample on."""
        self.settings = settings
        self._dwell = round(settings.dwell * self.rate)
        self._hit_at = max(1, self._dwell)  # samples in a row that make a hit
        self._refractory = round(settings.refractory * self.rate)
        if settings.schedule != self._schedule:
            self._schedule = settings.schedule
            self._by_samples = settings.schedule.by == "samples"
            self._since = 0
            self.fault = None

    def reset_score(self) -> None:
        """Start again at no points, hits and rewards."""
        self.score, self.hits, self.rewards, self._since = 0.0, 0, 0, 0

    def begin_anew(self) -> None:
        """Count the dwell and the time after a hit anew: what is rewarded is something else now."""
        self._run = self._refractory_left = 0

    def grant(self, points: float, hits: float, rewards: float) -> None:
        """Add what was earned elsewhere."""
        self.score += points
        self.hits += int(hits)
        self.rewards += int(rewards)

    def begin_trial(self, counts: bool) -> None:
        """Begin a trial; `counts` says whether points are counted in it."""
        self.trial.begin(counts, self.score, self.rewards)

    def end_trial(self) -> Trial | None:
        """End the trial, and take what a missed one costs; None if there was none to judge."""
        settings = self.settings
        trial = self.trial.end(settings.success, settings.loss, self.score, self.rewards)
        if trial is not None:
            self.score -= trial.lost
        return trial

    def restore(self, reached: dict[str, float]) -> None:
        """Go on from the `REACHED` values that an earlier process had reached."""
        self.score = float(reached.get("score", 0.0))
        self.hits = int(reached.get("hits", 0))
        self.rewards = int(reached.get("rewards", self.hits))
        since = float(reached.get("progress", 0.0))
        self._since = round(since * self.rate if self._by_samples else since)

    def process(
        self, beyond: Sequence[bool], flags: Sequence[int]
    ) -> list[tuple[float, float, float, float]]:
        """Take the next samples.

        Parameters
        ----------
        beyond : sequence of bool, length n
            Whether every signal that is rewarded is beyond its threshold.
        flags : sequence of int, length n
            Their `Flags`.

        Returns
        -------
        list of tuple, length n
            In the order of `REWARD_VALUES`.
        """
        settings, values = self.settings, []
        unit = 1 / self.rate if self._by_samples else 1.0
        if self.trial.open:
            for due, bits in zip(beyond, flags, strict=True):
                self.trial.take(due, bits)
        for due, bits in zip(beyond, flags, strict=True):
            reward = 0.0
            if self._by_samples and not bits & _NO_TIME:
                self._since += 1
            if self._refractory_left > 0:
                self._refractory_left -= 1
                self._run = 0
            elif due and bits == 0:
                self._run += 1
                if settings.mode == "time":
                    if self._run == self._hit_at:
                        self.hits += 1
                        self.rewards += 1
                    if self._run > self._dwell:
                        reward = 1.0
                        self.score += settings.points / self.rate
                elif self._run == self._hit_at:
                    self.hits += 1
                    if self._rewarded():
                        reward = 1.0
                        self.rewards += 1
                        self.score += settings.points
                    self._run = 0
                    self._refractory_left = self._refractory
            else:
                self._run = 0
            quality = self._quality(1 if bits & HOLDING else 0)
            values.append(
                (
                    reward,
                    self.score,
                    float(self.hits),
                    float(self.rewards),
                    self._since * unit,
                    quality,
                )
            )
        return values

    def _rewarded(self) -> bool:
        """Return whether the schedule rewards the hit that has just come."""
        schedule = self.settings.schedule
        if not self._by_samples:
            self._since += 1
        if self.fault is not None:
            return False
        try:
            due = schedule.due(self._since, self.rewards, self.rate)
            if not isinstance(due, (bool, np.bool_)):
                raise TypeError(f"due must return True or False, not {due!r}")
        except (Exception, SystemExit) as error:
            kind = type(schedule)
            if not is_own(kind):
                raise
            self.fault = (
                f"({kind.__name__} of {owner(kind)}) failed ({failure(error, source(kind))})"
            )
            return False
        if due:
            self._since = 0
        return bool(due)

    def _quality(self, flagged: int) -> float:
        """Return the share of clean samples among the last second's."""
        window, at = self._window, self._at
        self._n_flagged += flagged - window[at]
        window[at] = flagged
        self._at = at + 1 if at + 1 < len(window) else 0
        if self._n_seen < len(window):
            self._n_seen += 1
        return 1 - self._n_flagged / self._n_seen
