"""When reward is given and what it is worth, as settings."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, Literal

from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.protocol.signal import check_live


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

    live: ClassVar[tuple[str, ...]] = ("dwell", "refractory", "points")
    """What may change during a run."""

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, ("hit", "time"))
        check_number("dwell", self.dwell, at_least=0, unit="s")
        check_number("refractory", self.refractory, at_least=0, unit="s")
        check_number("points", self.points, at_least=0)

    def changed(self, **changes: object) -> Reward:
        """Return a copy with live settings changed.

        Raises
        ------
        SettingsError
            If a setting does not exist, must stay as it is during a run, or cannot have this value.
        """
        check_live(changes, self.live)
        return dataclasses.replace(self, **changes)
