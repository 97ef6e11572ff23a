"""One signal of a training, as settings."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.dsp.pipeline import Pipeline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.families import own_faults
from psychopy_nfb.protocol.baseline import Baseline
from psychopy_nfb.protocol.thresholds import ThresholdRule
from psychopy_nfb.settings import from_dict

ROLES = ("reward", "inhibit", "watch")
"""What a signal may be for."""
NORMALISATIONS = ("zscore", "percent", "max", "none")
THRESHOLD_KINDS = ("fixed", "percentile", "bursts")


@dataclass
class Signal:
    """One number over time with its threshold, such as the amplitude of a rhythm.

    Examples
    --------
    >>> from psychopy_nfb.dsp import CFIR, Pick
    >>> muscles = Signal(
    ...     Pipeline([Pick(["T7"]), CFIR(band=(30, 45))]), threshold=2.0, role="inhibit"
    ... )
    >>> muscles.changed(threshold=3.0).threshold
    3.0
    """

    pipeline: Pipeline = field(default_factory=Pipeline)
    """From EEG samples to this signal. All signals of a training have the same rate."""
    role: Literal["reward", "inhibit", "watch"] = "reward"
    """What it is for. Reward is due while every signal with the role ``"reward"`` is beyond its
    threshold and none with the role ``"inhibit"`` is. A signal to ``"watch"`` changes nothing."""
    normalise: Literal["zscore", "percent", "max", "none"] = "zscore"
    """The signal against the baseline: in its standard deviations from its mean, in percent of its
    mean above it, as a share of its maximum, or not at all. The result is called z throughout."""
    threshold: float | ThresholdRule = 0.5
    """In units of z; with ``threshold_kind="percentile"`` a baseline percentile, 0 to 100; with
    ``"bursts"`` how many bursts of 0.2 s or more a minute of the baseline has above it. Or a rule
    by which it follows the person, such as ``Success(target=0.6)``."""
    threshold_kind: Literal["fixed", "percentile", "bursts"] = "fixed"
    """Whether a number as `threshold` is the threshold, or what of the baseline to take it from."""
    frozen: bool = False
    """Whether a threshold that moves by a rule stays where it is for now."""
    direction: Literal["up", "down"] = "up"
    """Which side of the threshold is beyond it: z at or above it, or z at or below it."""
    display_range: tuple[float, float] | None = None
    """The z shown as empty and as full; for ``direction="down"`` full is the low one. None takes
    them from the baseline, see `psychopy_nfb.protocol.Comparison`."""
    display_smoothing: float = 0.0
    """Time constant in seconds with which displays follow z, by which they are later. Reward does
    not wait for it."""
    display_hold: float | None = 1.0
    """Seconds for which displays keep their last value while samples cannot be trusted or none
    come; after them they are empty. The default is longer than a blink. None keeps it for ever."""
    baseline: Baseline | None = None
    """A baseline recorded earlier; None until one is recorded."""

    live: ClassVar[tuple[str, ...]] = (
        "threshold",
        "threshold_kind",
        "frozen",
        "direction",
        "display_range",
        "display_smoothing",
        "display_hold",
    )
    """What may change during a run."""

    def __post_init__(self) -> None:
        check_choice("role", self.role, ROLES)
        check_choice("normalise", self.normalise, NORMALISATIONS)
        check_choice("threshold_kind", self.threshold_kind, THRESHOLD_KINDS)
        check_choice("direction", self.direction, ("up", "down"))
        self._check_threshold()
        if self.threshold_kind == "bursts" and self.direction == "down":
            raise SettingsError("direction", self.direction, "has no bursts; choose a percentile")
        check_number("display_smoothing", self.display_smoothing, at_least=0, at_most=10, unit="s")
        if self.display_hold is not None:
            check_number("display_hold", self.display_hold, at_least=0, unit="s")
        if self.display_range is not None:
            if len(self.display_range) != 2:
                raise SettingsError("display_range", self.display_range, "must be two numbers")
            low = check_number("display_range[0]", self.display_range[0])
            check_number("display_range[1]", self.display_range[1], above=low)
            self.display_range = tuple(self.display_range)

    def _check_threshold(self) -> None:
        if isinstance(self.threshold, dict):  # of a command or a file
            self.threshold = from_dict(ThresholdRule, self.threshold, "threshold")
        if not isinstance(self.threshold, ThresholdRule):
            check_number("threshold", self.threshold, **_THRESHOLDS[self.threshold_kind])
            return
        if self.threshold_kind != "fixed":
            raise SettingsError(
                "threshold_kind",
                self.threshold_kind,
                "says what a number as threshold means; leave it out where threshold is a rule",
            )
        if self.role == "inhibit" and not self.threshold.for_inhibits:
            raise SettingsError(
                "threshold.type",
                type(self.threshold).__name__,
                "is for signals that are rewarded; take Success for an inhibit",
            )
        try:
            with own_faults(self.threshold, "rule", "cannot be checked"):
                self.threshold.check(self.normalise)
        except SettingsError as error:
            raise error.within("threshold") from None

    @property
    def needs_baseline(self) -> bool:
        """Whether there is nothing to compare with before a baseline is recorded."""
        if isinstance(self.threshold, ThresholdRule):
            return self.normalise != "none" or self.threshold.start is None
        return self.normalise != "none" or self.threshold_kind != "fixed"

    def changed(self, **changes: object) -> Signal:
        """Return a copy with live settings changed.

        A rule as `threshold` needs no change of `threshold_kind` beside it.

        Raises
        ------
        SettingsError
            If a setting does not exist, must stay as it is during a run, or cannot have this value.
        """
        check_live(changes, self.live)
        if isinstance(changes.get("threshold"), dict | ThresholdRule):
            changes = {"threshold_kind": "fixed", **changes}
        changed = dataclasses.replace(self, **changes)
        rule, lacks = changed.threshold, changed.needs_baseline and not self.needs_baseline
        if isinstance(rule, ThresholdRule) and lacks and self.baseline is None:
            raise SettingsError(
                "threshold.start",
                rule.start,
                "must be a number, as there is no baseline to take the threshold from",
            )
        return changed


def check_live(changes: dict[str, object], live: tuple[str, ...]) -> None:
    """Check that all `changes` are of settings that may change during a run.

    Raises
    ------
    SettingsError
        Naming the first that is not, and those that may.
    """
    for name, value in changes.items():
        if name not in live:
            raise SettingsError(
                name, value, f"cannot change during a run; these can: {', '.join(live)}"
            )


_THRESHOLDS = {
    "fixed": {},
    "percentile": {"at_least": 0, "at_most": 100},
    "bursts": {"above": 0, "unit": "bursts a minute"},
}
