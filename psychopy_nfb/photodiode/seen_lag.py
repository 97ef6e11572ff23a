"""A lag that was chosen, as light shows it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pandas as pd

from psychopy_nfb.analysis import held_summary
from psychopy_nfb.photodiode.budget import Budget
from psychopy_nfb.report.numbers import percent


@dataclass(frozen=True)
class SeenLag:
    """The lag that was chosen for a test, and what the light sensor saw of it.

    Examples
    --------
    >>> print(SeenLag(wanted_ms=150.0, seen_ms=151.24, to_light_ms=152.5, held=1.0))
    Chosen lag: wanted 150 ms, seen 151.2 ms (152.5 ms until light); held within a frame in 100 %.
    """

    wanted_ms: float
    """From brain to flip, in milliseconds."""
    seen_ms: float
    """The same: until light, less the time from flip to light."""
    to_light_ms: float
    """From the step of the rhythm to its light."""
    held: float
    """Share of the frames whose lag was within a frame of the wanted one, by the log."""

    def __str__(self) -> str:
        return (
            f"Chosen lag: wanted {self.wanted_ms:g} ms, seen {self.seen_ms:.1f} ms "
            f"({self.to_light_ms:.1f} ms until light); held within a frame in {percent(self.held)}."
        )

    def to_dict(self) -> dict[str, float]:
        """Return all of it for JSON."""
        return asdict(self)


def seen_lag(wanted_ms: float, budget: Budget, frames: pd.DataFrame) -> SeenLag:
    """Return what is seen of a chosen lag.

    Parameters
    ----------
    wanted_ms : float
        What was chosen, in milliseconds.
    budget : Budget
        The measured steps of these frames.
    frames : DataFrame
        The frame log of the block with this lag.
    """
    figures = budget.printed()
    held = held_summary(frames, within=float(frames.interval.median())).held
    to_light = figures["measured"]
    return SeenLag(wanted_ms, to_light - figures["flip_to_light_ms"], to_light, held)
