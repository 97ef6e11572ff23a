"""A threshold by QUEST, PsychoPy's, on the success of trials.

It lives here and not among the other rules as it needs PsychoPy, of which they know nothing. It
works in the background process as they do: it moves by samples alone, so that a rerun gives the
same thresholds, a successor of a killed process goes on with the trials that were told, and a
recording can be rehearsed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from psychopy_nfb.checks import check_flag, check_number
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Baseline, Follower, Situation, ThresholdRule
from psychopy_nfb.protocol.thresholds.rule import SHORTEST_UPDATE, bounded, check_bounds, samples
from psychopy_nfb.protocol.trial import FEWEST_SECONDS

USUAL_START, USUAL_SD = 0.75, 0.15
"""In standard deviations of the baseline."""
GRAIN, HALF_RANGE = 0.01, 2.5
"""Of QUEST's table, for an `sd` of `USUAL_SD`; for others in proportion."""
MOST_TRIALS = 20_000


@dataclass(kw_only=True)
class Quest(ThresholdRule):
    """The threshold at which a share `aim` of the trials succeeds, found by QUEST.

    A trial is a block with feedback, or `trial` seconds. It succeeds when the signal was beyond the
    threshold for `share` of its clean time. After each the threshold becomes what QUEST proposes:
    where the next trial tells most. A trial with less than a clean second changes nothing.

    Examples
    --------
    >>> rule = Quest(start=1.0, trial=2, share=0.5)
    >>> follower = rule.follower(Situation(rate=1.0, threshold=1.0))
    >>> [follower.take(0.0, False), follower.take(0.0, False)]
    [None, '0.00 of 2 s were beyond it, missed; QUEST after 1 trial']
    >>> follower.threshold < 1
    True

    Notes
    -----
    Watson & Pelli 1983, https://doi.org/10.3758/BF03202828; the code is that of PsychoPy's
    ``QuestHandler``.
    """

    for_inhibits: ClassVar[bool] = False  # no trial succeeds by what withholds reward

    share: float = 0.25
    """Share of a trial's clean time beyond the threshold from which on it is a success."""
    aim: float = 0.75
    """Share of the trials that shall succeed."""
    sd: float | None = None
    """How uncertain `start` is, as a standard deviation in units of z. None is 0.15 with
    ``normalise="zscore"``; otherwise it must be given."""
    slope: float = 3.5
    """How steeply success falls with the threshold: QUEST's beta, for `sd` 0.15, and with another
    one in proportion."""
    guess: float = 0.01
    """Share of the trials that succeed however high the threshold is."""
    lapse: float = 0.01
    """Share of the trials that fail however low it is."""
    trial: float | None = None
    """Seconds of clean samples that are a trial; None takes each block as one."""
    lowest: float | None = None
    """The threshold does not fall below it; None sets no bound."""
    highest: float | None = None
    """The threshold does not rise above it; None sets no bound."""
    trials: list[tuple[float, bool]] = field(default_factory=list)
    """Threshold and success of each trial of earlier sessions, from which QUEST goes on."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.share = check_number("share", self.share, above=0, at_most=1)
        self.guess = check_number("guess", self.guess, at_least=0.001, at_most=0.5)
        self.lapse = check_number("lapse", self.lapse, at_least=0.001, at_most=0.5)
        self.aim = check_number("aim", self.aim, above=self.guess, below=1 - self.lapse)
        self.slope = check_number("slope", self.slope, at_least=0.5, at_most=20)
        if self.sd is not None:
            self.sd = check_number("sd", self.sd, above=0)
        if self.trial is not None:
            self.trial = check_number("trial", self.trial, at_least=SHORTEST_UPDATE, unit="s")
        self.lowest, self.highest = check_bounds(self.start, self.lowest, self.highest)
        if not isinstance(self.trials, (list, tuple)):
            raise SettingsError("trials", self.trials, "must be a list")
        if len(self.trials) > MOST_TRIALS:
            raise SettingsError(
                "trials", len(self.trials), f"are more than the {MOST_TRIALS} that can be used"
            )
        self.trials = [_trial(f"trials[{n}]", one) for n, one in enumerate(self.trials)]

    def check(self, normalise: str) -> None:
        """Check that `sd` is given where its usual value means nothing."""
        if normalise != "zscore" and self.sd is None:
            raise SettingsError(
                "sd",
                None,
                f'has no usual value with normalise="{normalise}"; say how uncertain the start is, '
                "in the unit of the threshold",
            )

    def of_baseline(self, baseline: Baseline, up: bool, inhibits: bool) -> float:
        """Return the level 0.75 standard deviations from the mean."""
        return baseline.mean + (USUAL_START if up else -USUAL_START) * baseline.sd

    def follower(self, situation: Situation) -> Follower:
        """Return what moves the threshold of one signal."""
        return _Proposed(self, situation)


def _trial(name: str, trial: Any) -> tuple[float, bool]:
    """Return the threshold and the success of an earlier trial."""
    if not isinstance(trial, (list, tuple)):
        raise SettingsError(name, trial, "must be a list")
    if len(trial) != 2:
        raise SettingsError(name, trial, "must have 2 entries")
    return check_number(f"{name}[0]", trial[0]), check_flag(f"{name}[1]", trial[1])


class _Proposed(Follower):
    """How much of the trial so far was beyond, and the trials before it."""

    kept: ClassVar[tuple[str, ...]] = (*Follower.kept, "n_clean", "n_beyond")

    def __init__(self, rule: Quest, situation: Situation):
        super().__init__(bounded(situation.threshold, rule.lowest, rule.highest))
        self._rule = rule
        self._rate = situation.rate
        self._start = self.threshold
        self._trial = None if rule.trial is None else samples(rule.trial, situation.rate)
        # QUEST's intensity is what makes success more likely: the easier side of the threshold.
        self._scale = (USUAL_SD if rule.sd is None else rule.sd) / USUAL_SD
        self._scale *= -1 if situation.up else 1
        self.n_clean = 0
        self.n_beyond = 0
        self.trials: list[tuple[float, bool]] = []
        self._use(rule.trials)
        if self.trials:
            self.threshold = self._next()

    def _use(self, trials: Sequence[Sequence[Any]]) -> None:
        """Begin with these trials."""
        from psychopy.contrib.quest import QuestObject  # QuestHandler's own, without its window

        rule = self._rule
        self._quest = QuestObject(
            0.0, USUAL_SD, rule.aim, rule.slope, rule.lapse, rule.guess, GRAIN, 2 * HALF_RANGE
        )
        self._quest.normalizePdf = True  # thousands of trials would make it zero
        self.trials = []
        for threshold, success in trials:
            self._add(float(threshold), bool(success))

    def _add(self, threshold: float, success: bool) -> None:
        intensity = (threshold - self._start) / self._scale
        self._quest.update(min(max(intensity, -HALF_RANGE), HALF_RANGE), int(success))
        self.trials.append((threshold, success))

    def _next(self) -> float:
        """Return the threshold of the next trial."""
        threshold = self._start + self._scale * float(self._quest.quantile())
        return bounded(threshold, self._rule.lowest, self._rule.highest)

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
        """Tell QUEST of the trial that has ended, and count anew."""
        share, seconds = self.n_beyond / self.n_clean, self.n_clean / self._rate
        self.n_clean = self.n_beyond = 0
        success = share >= self._rule.share
        self._add(self.threshold, success)
        n = len(self.trials)
        return self._move(
            self._next(),
            f"{share:.2f} of {seconds:.4g} s were beyond it, {'a success' if success else 'missed'}"
            f"; QUEST after {n} {'trial' if n == 1 else 'trials'}",
        )

    def reached(self) -> dict[str, Any]:
        return {**super().reached(), "trials": list(self.trials)}

    def carried(self) -> dict[str, Any]:
        """Return the start that QUEST's table lies around, and all trials."""
        return {"start": self._start, "trials": list(self.trials)}

    def go_on(self, parts: Sequence[dict[str, Any]]) -> bool:
        self._use(parts[-1]["trials"])
        return super().go_on(parts)
