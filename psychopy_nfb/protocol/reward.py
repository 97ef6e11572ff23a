"""When reward is given and what it is worth, as settings."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from psychopy_nfb.checks import check_choice, check_number, check_seconds
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.schedules import Continuous, Schedule
from psychopy_nfb.protocol.signal import check_live
from psychopy_nfb.settings import from_dict

LONGEST_SECONDS = 60.0
"""More seconds of dwell or refractory period are milliseconds by mistake."""


@dataclass
class Reward:
    """From signals beyond their thresholds to hits and points.

    Examples
    --------
    >>> Reward(points=2.0).changed(dwell=0.5).dwell
    0.5
    """

    dwell: float = 0.25
    """Seconds that all rewarded signals must stay beyond their thresholds before there is a hit."""
    refractory: float = 0.0
    """Seconds after a hit in which no next one begins to count."""
    mode: Literal["hit", "time"] = "hit"
    """Points for each hit, or for the time beyond the thresholds once dwell is reached (the dwell
    itself is not paid)."""
    points: float = 1.0
    """Points a hit, or a second."""

    schedule: Schedule = field(default_factory=Continuous)
    """Which of the hits are rewarded."""
    loss: float = 0.0
    """Points that are taken at the end of a trial, a block in which points are counted, that was
    no success. The score may fall below 0."""
    success: float = 0.25
    """Share of a trial's clean time beyond the thresholds from which on it is a success."""

    live: ClassVar[tuple[str, ...]] = (
        *("dwell", "refractory", "points", "schedule"),
        *("loss", "success"),
    )
    """What may change during a run."""

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, ("hit", "time"))
        check_seconds("dwell", self.dwell, at_most=LONGEST_SECONDS)
        check_seconds("refractory", self.refractory, at_most=LONGEST_SECONDS)
        check_number("points", self.points, at_least=0)
        self.loss = check_number("loss", self.loss, at_least=0)
        self.success = check_number("success", self.success, above=0, at_most=1)
        if isinstance(self.schedule, dict):  # of a command
            self.schedule = from_dict(Schedule, self.schedule, "schedule")
        if not isinstance(self.schedule, Schedule):
            raise SettingsError(
                "schedule", self.schedule, "must be a schedule, such as FixedRatio(n=3)"
            )
        if type(self.schedule).due is Schedule.due:
            raise SettingsError(
                "schedule", type(self.schedule).__name__, "has no method due; write one"
            )
        if self.mode == "time" and not isinstance(self.schedule, Continuous):
            raise SettingsError(
                "schedule",
                type(self.schedule).__name__,
                'says which hits are rewarded, and with mode="time" none is; choose mode="hit"',
            )

    def changed(self, **changes: object) -> Reward:
        """Return a copy with live settings changed.

        Raises
        ------
        SettingsError
            If a setting does not exist, must stay as it is during a run, or cannot have this value.
        """
        check_live(changes, self.live)
        return dataclasses.replace(self, **changes)
