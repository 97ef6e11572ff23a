"""Lag as a factor: which blocks had a chosen lag, and how well it was held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from psychopy_nfb.analysis import HeldSummary, held_summary
from psychopy_nfb.analysis.chosen_lag import wanted_lags
from psychopy_nfb.display.held_lag import USUAL_FRAME
from psychopy_nfb.report.finding import Finding
from psychopy_nfb.report.numbers import percent
from psychopy_nfb.report.page import Table
from psychopy_nfb.report.session_data import Block, SessionData

MOST_NOT_HELD = 0.01
"""Share of a block's frames without the wanted lag, from which on it is a problem."""


@dataclass(frozen=True)
class ChosenLag:
    """A block with a chosen lag."""

    block: Block
    held: HeldSummary

    @property
    def wanted(self) -> str:
        """What was chosen, in words."""
        return wanted_in_words(self.block.lag or {})

    def __str__(self) -> str:
        name, held = repr(self.block.label), self.held
        if not held.frames:
            return f"In the block {name} a lag of {self.wanted} was chosen; none was shown."
        return (
            f"In the block {name} a lag of {self.wanted} was chosen; it was held within a frame in "
            f"{percent(held.held)} of {held.frames} frames (median {held.lag_median_ms:.1f} ms; "
            f"distance from the wanted lag: 95 % at most {held.off_p95_ms:.1f} ms)."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"block": self.block.label, "lag": self.block.lag, **self.held.to_dict()}


def wanted_in_words(lag: dict[str, Any]) -> str:
    """Return what was chosen, as `Lag.facts` has it, in words.

    Examples
    --------
    >>> wanted_in_words({"hold": 0.15})
    '150 ms'
    >>> wanted_in_words({"jitter": [0.2, 0.5], "every": 1.0, "seed": 4})
    '200 to 500 ms, drawn anew every 1 s'
    """
    if lag.get("hold") is not None:
        return f"{1e3 * lag['hold']:g} ms"
    low, high = lag.get("jitter") or (np.nan, np.nan)
    every = lag.get("every", np.nan)
    return f"{1e3 * low:g} to {1e3 * high:g} ms, drawn anew every {every:g} s"


def chosen_lags(data: SessionData) -> list[ChosenLag]:
    """Return the blocks with a chosen lag, in their order."""
    frames = data.frames
    reads = frames.t_read.to_numpy()  # then it is decided what a frame shows
    owner = np.full(len(frames), -1)
    for number, block in enumerate(data.blocks):  # of two that are open the inner one began later
        if block.lag is not None:
            owner[(reads >= block.begin) & (reads < block.end)] = number
    owner[wanted_lags(frames).isna().to_numpy()] = -1
    within = (data.settings.get("display") or {}).get("frame_period") or USUAL_FRAME
    return [
        ChosenLag(block, held_summary(frames[owner == number], within))
        for number, block in enumerate(data.blocks)
        if block.lag is not None
    ]


def chosen_table(chosen: list[ChosenLag]) -> Table:
    """Return the blocks with a chosen lag as a table."""
    rows = []
    for one in chosen:
        held = one.held
        figures = (held.lag_median_ms, held.off_median_ms, held.off_p95_ms, held.off_max_ms)
        cells = [f"{figure:.1f}" if held.frames else "–" for figure in figures]
        share = percent(held.held) if held.frames else "–"
        rows.append([one.block.label, one.wanted, str(held.frames), share, *cells])
    columns = [
        "block",
        "wanted lag",
        "frames",
        "held within a frame",
        "lag, median (ms)",
        "longer than wanted, median (ms)",
        "distance, 95 % (ms)",
        "distance, max (ms)",
    ]
    return Table(columns, rows)


def of_chosen_lags(data: SessionData) -> Iterator[Finding]:
    """Yield the blocks in which frames did not have the wanted lag."""
    trained = sum(block.seconds for block in data.trained)
    for one in chosen_lags(data):
        held = one.held
        if not held.not_held:
            continue
        share = held.not_held / held.frames
        yield Finding(
            0.5 * share * min(1.0, one.block.seconds / max(1.0, trained)),
            share > MOST_NOT_HELD,
            f"In the block {one.block.label!r} {percent(share)} of the frames did not have the "
            f"wanted lag ({held.not_held} of {held.frames} were more than a frame from it, "
            f"{held.off_max_ms:.0f} ms at most).",
            "Nothing near was there to be shown: dropped frames, a stream or a background process "
            "that stood still, or too little recorded before the block. A longer lag leaves more "
            "room; the column wanted_lag of the frame log tells which frames to leave out.",
        )
