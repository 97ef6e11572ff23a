"""A threshold beyond which the signal is as often as wanted."""

from __future__ import annotations

import base64
import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from psychopy_nfb.budget import check_length
from psychopy_nfb.checks import check_number
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.baseline import Baseline
from psychopy_nfb.protocol.thresholds.rule import (
    Follower,
    PacedFollower,
    Situation,
    ThresholdRule,
    check_look_back,
    samples,
)

USUAL_TARGET = 0.6
"""Share beyond the threshold where none is chosen; 0.6 to 0.9 are in use."""
USUAL_INHIBITED = 0.1
"""The same of a signal that withholds reward."""
MOST_SAMPLES = 500_000
"""Samples of a window: 33 minutes at 250 Hz. To sort them takes milliseconds."""


@dataclass(kw_only=True)
class Success(ThresholdRule):
    """The share of time beyond the threshold is kept at `target`.

    Every `update` seconds the threshold becomes the value beyond which `target` of the last
    `window` seconds were. It first moves after half a window. Seconds are those of clean samples in
    blocks with feedback: what is lost to artifacts, pauses and rests does not count.

    A threshold that looks back is late wherever the signal's level changes, and then fewer samples
    are beyond it than are wanted. `make_up` keeps account of them from the first move on: what was
    too few is added to the share that is aimed at until the next change, what was too many taken
    from it. What the first threshold gave is not made up for: it says how well that was chosen, and
    one far too high would be followed by minutes of reward for nearly everything.

    Examples
    --------
    >>> rule = Success(target=0.75, window=4, update=1, make_up=False)
    >>> follower = rule.follower(Situation(rate=1.0, threshold=0.5))
    >>> [follower.take(z, z >= follower.threshold) for z in (1.0, 2.0)]
    [None, '1.00 of the last 2 s were beyond it, 0.75 is wanted']
    >>> follower.threshold
    1.25
    """

    target: float | None = None
    """Share of the time that the signal shall be beyond the threshold, between 0 and 1. None is
    0.6; of a signal that withholds reward 0.1."""
    window: float = 60.0
    """Seconds that are looked back."""
    update: float = 5.0
    """Seconds from one change to the next."""
    freeze_after: float | None = None
    """Seconds after which the threshold stays where it is; None lets it follow to the end."""
    make_up: bool = True
    """Whether samples beyond it that were too few or too many are made up for. The share aimed at
    is at least half the target and at most half-way from the target to 1."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.target is not None:
            self.target = check_number("target", self.target, above=0, below=1)
        self.window, self.update = check_look_back("window", self.window, self.update)
        if self.freeze_after is not None:
            self.freeze_after = check_number("freeze_after", self.freeze_after, above=0, unit="s")
            if self.freeze_after < self.window / 2:
                raise SettingsError(
                    "freeze_after",
                    self.freeze_after,
                    f"comes before the threshold has moved at all, which it first does after half "
                    f"of window, {self.window / 2:g} s; choose at least that",
                )

    def share(self, inhibits: bool) -> float:
        """Return the wanted share, for a signal that withholds reward or for another."""
        if self.target is None:
            return USUAL_INHIBITED if inhibits else USUAL_TARGET
        return self.target

    def of_baseline(self, baseline: Baseline, up: bool, inhibits: bool) -> float:
        """Return the value beyond which the wanted share of the baseline was."""
        share = self.share(inhibits)
        return baseline.percentile(100 * (1 - share if up else share))

    def follower(self, situation: Situation) -> Follower:
        """Return what moves the threshold of one signal."""
        size = check_length("window", self.window, situation.rate, most=MOST_SAMPLES)
        return _Quantile(self, situation, max(1, size))


class _Quantile(PacedFollower):
    """The last clean values of z, and the quantile of them that is wanted."""

    kept: ClassVar[tuple[str, ...]] = (*PacedFollower.kept, "owed")

    def __init__(self, rule: Success, situation: Situation, size: int):
        rate, last = situation.rate, math.inf
        if rule.freeze_after is not None:
            last = samples(rule.freeze_after, rate)
        first = samples(rule.window / 2, rate)
        super().__init__(situation.threshold, first, samples(rule.update, rate), last)
        self._rate = rate
        self._up = situation.up
        self._share = rule.share(situation.inhibits)
        self._makes_up = rule.make_up
        self._most_owed = size / 2
        self._size = size
        self.owed = 0.0
        """Samples that should have been beyond the threshold since it first moved and were not."""
        self._ring = array("d", bytes(8 * size))  # a sample goes into it without a new object
        self._told = 0  # of the samples, by the last `reached`

    def take(self, z: float, beyond: bool) -> str | None:
        """Take the next sample; see `Follower.take`."""
        if self.n >= self._first:
            owed = self.owed + self._share - beyond
            self.owed = min(max(owed, -self._most_owed), self._most_owed)
        return super().take(z, beyond)

    def _add(self, z: float) -> None:
        self._ring[(self.n - 1) % self._size] = z

    def _aim(self) -> float:
        """Return the share that shall be beyond the threshold until the next change."""
        last_change = self.n + self._every > self._last  # what would be made up never ends
        if not self._makes_up or last_change:
            return self._share
        aim = self._share + self.owed / self._every
        return min(max(aim, self._share / 2), (1 + self._share) / 2)

    def _wanted(self) -> tuple[float, str]:
        last = np.frombuffer(self._ring)[: min(self.n, self._size)]
        aim = self._aim()
        quantile = 1 - aim if self._up else aim
        was = np.mean(last >= self.threshold if self._up else last <= self.threshold)
        why = (
            f"{was:.2f} of the last {len(last) / self._rate:.4g} s were beyond it, "
            f"{self._share:.4g} is wanted"
        )
        if aim != self._share:
            amount = "few" if self.owed > 0 else "many"
            why += f", and {abs(self.owed) / self._rate:.2f} s too {amount} are made up"
        return float(np.quantile(last, quantile)), why

    def reached(self) -> dict[str, Any]:
        new = range(max(self._told, self.n - self._size), self.n)
        values = np.array([self._ring[place % self._size] for place in new], "<f8")
        self._told = self.n
        coded = base64.b64encode(values.tobytes()).decode()
        return {**super().reached(), "size": self._size, "z": coded}

    def go_on(self, parts: Sequence[dict[str, Any]]) -> bool:
        at = parts[-1]["n"]
        oldest = max(0, at - self._size)
        ring = array("d", self._ring)
        for part in reversed(parts):
            if at <= oldest:
                break
            values = np.frombuffer(base64.b64decode(part["z"]), "<f8")[-self._size :].tolist()
            first = part["n"] - len(values)
            if part["n"] < at:
                return False  # what was in between is lost
            for place in range(max(first, oldest), at):
                ring[place % self._size] = values[place - first]
            at = min(at, first)
        if at > oldest:
            return False
        self._ring = ring
        return super().go_on(parts)
