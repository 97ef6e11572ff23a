"""One thing that a report has found."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was found."""

    harm: float
    """Share of the feedback that it spoiled, 0 to 1; what spoils it only in part weighs less."""
    problem: bool
    """Whether it has to be put right; otherwise it is worth a look."""
    what: str
    """A sentence with the figure."""
    remedy: str
    """What to do, a sentence; may be empty."""
    beside: bool = False
    """Whether it is said beside the worst problem, whatever that is, and never in its place."""

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()

    def to_dict(self) -> dict[str, object]:
        """Return it for JSON."""
        return asdict(self)
