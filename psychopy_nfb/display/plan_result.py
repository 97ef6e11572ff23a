"""How a planned session went: in all, and block by block."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from psychopy_nfb.course import Plan
from psychopy_nfb.settings import to_dict


@dataclass(frozen=True)
class TurnResult:
    """How one block of a plan went."""

    number: int
    label: str
    kind: str
    seconds: float
    """As planned, with the extra time that was drawn."""
    ended_early: bool
    """Whether its criterion was reached before its time."""
    rewards: int
    """Within it."""
    points: float
    """Within it; what a missed trial cost is in `lost`."""
    lost: float
    share: float | None
    """Of its clean time beyond the thresholds; None if it was not judged."""
    success: bool | None


BY_WHAT_IS_SHOWN = ("ended_early", "rewards", "points", "lost", "share", "success")
"""Of `TurnResult`: would tell the arm in the files of a blinded session."""


@dataclass
class PlanResult:
    """How a session went."""

    seed: int
    """With which the same plan gives the same course."""
    turns: list[TurnResult] = field(default_factory=list)
    """Blocks that were completed."""
    answers: dict[str, Any] = field(default_factory=dict)
    """Answers by question; None for what was not answered."""
    escaped: bool = False
    """Whether Escape ended it."""
    baseline_failed: bool = False
    """Whether a baseline did not succeed: then there was no feedback compared with it."""

    @property
    def success_rate(self) -> float | None:
        """Share of the judged trials that were a success; None if none was judged."""
        judged = [turn.success for turn in self.turns if turn.success is not None]
        return sum(judged) / len(judged) if judged else None

    def rows(self, blinded: bool = False) -> list[dict[str, Any]]:
        """Return a row for each block that was completed, by column, for a table.

        Parameters
        ----------
        blinded : bool
            Leave out what would tell the arm of a blinded study; see `Neurofeedback.blinded`.
        """
        rows = [asdict(turn) for turn in self.turns]
        hidden = BY_WHAT_IS_SHOWN if blinded else ()
        return [{name: row[name] for name in row if name not in hidden} for row in rows]

    def facts(self, plan: Plan, blinded: bool) -> dict[str, Any]:
        """Return what the session's settings file keeps of it."""
        found = to_dict({"plan": plan, **vars(self), "turns": self.rows(blinded)})
        return dict(found)
