"""Rules that a lab has written: if one fails the threshold stays where it is, and it is told."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from psychopy_nfb.families import failure, owner, source
from psychopy_nfb.protocol.thresholds.rule import (
    SHORTEST_UPDATE,
    Follower,
    Situation,
    ThresholdRule,
    samples,
)

T = TypeVar("T")


class GuardedFollower(Follower):
    """Moves a threshold by a lab's own rule, and no further once that has failed.

    The threshold follows the rule's at most once in `SHORTEST_UPDATE`.

    Parameters
    ----------
    rule : ThresholdRule
        The lab's.
    own : Follower
        What its `follower` gave.
    situation : Situation
        Of the signal.

    Attributes
    ----------
    fault : str or None
        What failed, and where.
    """

    def __init__(self, rule: ThresholdRule, own: Follower, situation: Situation):
        super().__init__(situation.threshold)
        self.n: int = 0
        self.fault: str | None = None
        self._kind = type(rule)
        self._own = own
        self._every = samples(SHORTEST_UPDATE, situation.rate)
        self._next = self._every
        self._why: str | None = None

    def take(self, z: float, beyond: bool) -> str | None:
        """Take the next sample; see `Follower.take`."""
        self.n += 1
        why = self._run(lambda: self._own.take(z, beyond), None)
        self._why = why or self._why
        if self._why is None or self.n < self._next:
            return None
        self._next = self.n + self._every
        return self._adopt()

    def begin_block(self) -> None:
        """Note that a block of the experiment begins."""
        self._run(self._own.begin_block, None)

    def end_block(self) -> str | None:
        """Note that a block ends; return why the threshold has moved, None if it has not."""
        self._why = self._run(self._own.end_block, None) or self._why
        return None if self._why is None else self._adopt()

    def _adopt(self) -> str | None:
        why, self._why = str(self._why), None
        wanted = self._run(lambda: float(self._own.threshold), self.threshold)
        if not math.isfinite(wanted):
            self._note(f"gave the threshold {wanted}")
            return None
        return self._move(wanted, why)

    def reached(self) -> dict[str, Any]:
        """Return what a successor needs, beyond what earlier calls gave, ready for JSON."""

        def own() -> dict[str, Any]:
            reached = self._own.reached()
            return dict(json.loads(json.dumps(reached)))

        return {
            **super().reached(),
            "next": self._next,
            "why": self._why,
            "fault": self.fault,
            "own": self._run(own, {}),
        }

    def carried(self) -> dict[str, Any]:
        """Return settings of the rule with which a later session begins where this one is."""

        def own() -> dict[str, Any]:
            return dict(json.loads(json.dumps(self._own.carried())))

        return self._run(own, super().carried())

    def go_on(self, parts: Sequence[dict[str, Any]]) -> bool:
        """Go on from what another one's `reached` gave, in its order; return if that was enough."""
        own = [part["own"] for part in parts]
        last = parts[-1]
        if last["fault"] is None and not self._run(lambda: bool(self._own.go_on(own)), False):
            return False
        self._next, self._why, self.fault = last["next"], last["why"], last["fault"]
        return super().go_on(parts)

    def _run(self, work: Callable[[], T], otherwise: T) -> T:
        """Return what the lab's code gives, `otherwise` if it fails or has failed before."""
        if self.fault is not None:
            return otherwise
        try:
            return work()
        except (Exception, SystemExit) as error:
            self._note(f"failed ({failure(error, source(self._kind))})")
            return otherwise

    def _note(self, what: str) -> None:
        self.fault = f"({self._kind.__name__} of {owner(self._kind)}) {what}"
