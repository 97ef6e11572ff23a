"""What every rule of a moving threshold is: settings, and the state that follows a signal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from psychopy_nfb.checks import check_number
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.families import join
from psychopy_nfb.protocol.baseline import Baseline

SHORTEST_UPDATE = 1.0
"""Seconds from one change of a threshold to the next, at least. What moves more often cannot be
learned from, and would fill the events."""


@dataclass(frozen=True)
class Situation:
    """What a rule is told of the signal whose threshold it moves."""

    rate: float
    """Samples of the signal a second."""
    threshold: float
    """The threshold at first, in z."""
    up: bool = True
    """Whether beyond is at and above the threshold, or at and below it."""
    inhibits: bool = False
    """Whether the signal withholds reward beyond its threshold."""


@dataclass(kw_only=True)
class ThresholdRule:
    """How a threshold moves, as settings.

    A subclass is a dataclass: its fields are its settings, checked in ``__post_init__``. Its name
    is its ``"type"`` in a settings file.
    """

    family: ClassVar[dict[str, type[ThresholdRule]]] = {}
    """Every rule by its class's name."""
    for_inhibits: ClassVar[bool] = True
    """Whether a signal that withholds reward can have it."""

    start: float | None = None
    """The threshold until it first moves, in units of z. None takes it from the baseline, or goes
    on from the threshold there is where a rule is set during a run."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        join(ThresholdRule.family, cls, "threshold rule")

    def __post_init__(self) -> None:
        if self.start is not None:
            self.start = check_number("start", self.start)

    def check(self, normalise: str) -> None:
        """Check what depends on the signal's `normalise`; raises a `SettingsError`."""

    def of_baseline(self, baseline: Baseline, up: bool, inhibits: bool) -> float:
        """Return the threshold at first, in the unit of the signal."""
        raise NotImplementedError

    def follower(self, situation: Situation) -> Follower:
        """Return what moves the threshold of one signal.

        Raises
        ------
        SettingsError
            If a setting does not fit the signal's rate.
        """
        raise NotImplementedError


class Follower:
    """The state of one moving threshold: takes clean samples of blocks with feedback, no others.

    Parameters
    ----------
    threshold : float
        At first, in z.

    Attributes
    ----------
    threshold : float
        In z; holds from the next sample on.
    n : int
        Samples taken.
    """

    kept: ClassVar[tuple[str, ...]] = ("threshold", "n")
    """Names of the numbers that a successor goes on from."""

    def __init__(self, threshold: float):
        self.threshold: float = threshold
        self.n: int = 0

    def take(self, z: float, beyond: bool) -> str | None:
        """Take the next sample, and whether it was beyond the threshold.

        Returns
        -------
        str or None
            Why the threshold is another one from the next sample on; None if it is not.
        """
        raise NotImplementedError

    def begin_block(self) -> None:
        """Note that a block of the experiment begins."""

    def end_block(self) -> str | None:
        """Note that a block ends; return why the threshold has moved, None if it has not."""
        return None

    def _move(self, threshold: float, why: str) -> str | None:
        if threshold == self.threshold or not math.isfinite(threshold):
            return None
        self.threshold = threshold
        return why

    def reached(self) -> dict[str, Any]:
        """Return what a successor needs, beyond what earlier calls gave, ready for JSON."""
        return {name: getattr(self, name) for name in self.kept}

    def carried(self) -> dict[str, Any]:
        """Return settings of the rule with which a later session begins where this one is."""
        return {"start": self.threshold}

    def go_on(self, parts: Sequence[dict[str, Any]]) -> bool:
        """Go on from what another one's `reached` gave, in its order.

        Returns
        -------
        bool
            Whether that was enough; otherwise nothing is changed.
        """
        for name in self.kept:
            setattr(self, name, parts[-1][name])
        return True


class PacedFollower(Follower):
    """A threshold that is put right every so many samples.

    Parameters
    ----------
    threshold : float
        At first, in z.
    first, every : int
        After how many samples it is put right for the first time, and how often then.
    last : float
        After how many it stays as it is.
    """

    def __init__(self, threshold: float, first: int, every: int, last: float = math.inf):
        super().__init__(threshold)
        self.n: int = 0
        self._first = first
        self._every = every
        self._last = last

    def take(self, z: float, beyond: bool) -> str | None:
        """Take the next sample; see `Follower.take`."""
        self.n += 1
        self._add(z)
        since = self.n - self._first
        if since < 0 or since % self._every or self.n > self._last:
            return None
        return self._move(*self._wanted())

    def _add(self, z: float) -> None:
        """Take a value into what the threshold depends on."""

    def _wanted(self) -> tuple[float, str]:
        """Return what the threshold should be now, and why."""
        raise NotImplementedError


def check_look_back(name: str, seconds: float, update: float) -> tuple[float, float]:
    """Return how many seconds a rule looks back, and those from one change to the next.

    Raises
    ------
    SettingsError
        If one of them is impossible, or it looks back less far than from change to change.
    """
    update = check_number("update", update, at_least=SHORTEST_UPDATE, unit="s")
    seconds = check_number(name, seconds, above=0, unit="s")
    if seconds < update:
        raise SettingsError(
            name, seconds, f"is shorter than update, {update:g} s; look back at least as far"
        )
    return seconds, update


def check_bounds(
    start: float | None, lowest: float | None, highest: float | None
) -> tuple[float | None, float | None]:
    """Return the bounds of a threshold, either of them None where there is none.

    Raises
    ------
    SettingsError
        If they are no numbers, leave no room between them, or the start lies outside.
    """
    lowest = None if lowest is None else check_number("lowest", lowest)
    highest = None if highest is None else check_number("highest", highest)
    if lowest is not None and highest is not None and lowest >= highest:
        raise SettingsError("lowest", lowest, f"must be below highest, which is {highest:g}")
    if start is None or bounded(start, lowest, highest) == start:
        return lowest, highest
    side = (
        f"below lowest, which is {lowest:g}"
        if lowest is not None and start < lowest
        else f"above highest, which is {highest:g}"
    )
    raise SettingsError("start", start, f"is {side}; begin within the bounds, or change them")


def bounded(threshold: float, lowest: float | None, highest: float | None) -> float:
    """Return a threshold within its bounds, either of them None where there is none."""
    if lowest is not None:
        threshold = max(threshold, lowest)
    return threshold if highest is None else min(threshold, highest)


def samples(seconds: float, rate: float) -> int:
    """Return how many samples a time has, at least one."""
    return max(1, round(seconds * rate))
