"""What a training rewards, as settings."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, Literal

from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.errors import SettingsError


@dataclass
class Protocol:
    """From the signal to value, reward and score.

    Examples
    --------
    >>> Protocol(direction="down", threshold=-0.5).changed(dwell=0.5).dwell
    0.5
    """

    normalise: Literal["zscore", "percent", "max", "none"] = "zscore"
    """The signal against the baseline: in its standard deviations from its mean, in percent of its
    mean above it, as a share of its maximum, or not at all. The result is called z throughout."""
    threshold: float = 0.5
    """In units of z; with ``threshold_kind="percentile"`` a baseline percentile, 0 to 100; with
    ``"bursts"`` how many bursts of 0.2 s or more a minute of the baseline has above it."""
    threshold_kind: Literal["fixed", "percentile", "bursts"] = "fixed"
    """Whether `threshold` is the threshold, or what of the baseline to take it from."""
    direction: Literal["up", "down"] = "up"
    """Whether z at or above the threshold is rewarded, or z at or below it."""
    dwell: float = 0.25
    """Seconds that z must stay on the rewarded side before there is a hit."""
    refractory: float = 0.0
    """Seconds after a hit in which no next one begins to count."""
    reward_mode: Literal["hit", "time"] = "hit"
    """Points for each hit, or for the time on the rewarded side once dwell is reached (the dwell
    itself is not paid)."""
    points: float = 1.0
    """Points a hit, or a second."""
    display_range: tuple[float, float] | None = None
    """The z shown as empty and as full; for ``direction="down"`` full is the low one. None takes
    them from the baseline, see `psychopy_nfb.protocol.Comparison`."""
    display_smoothing: float = 0.0
    """Time constant in seconds with which displays follow z, by which they are later. Reward does
    not wait for it."""

    display_hold: float | None = None
    """Seconds for which displays keep their last value while samples cannot be trusted or none
    come; after them they are empty. None keeps it for ever."""

    live: ClassVar[tuple[str, ...]] = (
        "threshold",
        "threshold_kind",
        "direction",
        "dwell",
        "refractory",
        "points",
        "display_range",
        "display_smoothing",
        "display_hold",
    )
    """What may change during a run."""

    def __post_init__(self) -> None:
        check_choice("normalise", self.normalise, ("zscore", "percent", "max", "none"))
        check_choice("threshold_kind", self.threshold_kind, ("fixed", "percentile", "bursts"))
        check_choice("direction", self.direction, ("up", "down"))
        check_choice("reward_mode", self.reward_mode, ("hit", "time"))
        check_number("threshold", self.threshold, **_THRESHOLDS[self.threshold_kind])
        if self.threshold_kind == "bursts" and self.direction == "down":
            raise SettingsError("direction", self.direction, "has no bursts; choose a percentile")
        check_number("dwell", self.dwell, at_least=0, unit="s")
        check_number("refractory", self.refractory, at_least=0, unit="s")
        check_number("points", self.points, at_least=0)
        check_number("display_smoothing", self.display_smoothing, at_least=0, at_most=10, unit="s")
        if self.display_hold is not None:
            check_number("display_hold", self.display_hold, at_least=0, unit="s")
        if self.display_range is not None:
            if len(self.display_range) != 2:
                raise SettingsError("display_range", self.display_range, "must be two numbers")
            low = check_number("display_range[0]", self.display_range[0])
            check_number("display_range[1]", self.display_range[1], above=low)
            self.display_range = tuple(self.display_range)

    @property
    def needs_baseline(self) -> bool:
        """Whether there is nothing to compare with before a baseline is recorded."""
        return self.normalise != "none" or self.threshold_kind != "fixed"

    def changed(self, **changes: object) -> Protocol:
        """Return a copy with live settings changed.

        Raises
        ------
        SettingsError
            If a setting does not exist, must stay as it is during a run, or cannot have this value.
        """
        for name, value in changes.items():
            if name not in self.live:
                raise SettingsError(
                    name, value, f"cannot change during a run; these can: {', '.join(self.live)}"
                )
        return dataclasses.replace(self, **changes)


_THRESHOLDS = {
    "fixed": {},
    "percentile": {"at_least": 0, "at_most": 100},
    "bursts": {"above": 0, "unit": "bursts a minute"},
}
