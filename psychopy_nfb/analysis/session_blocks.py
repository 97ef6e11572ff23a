"""The blocks of a session, in the samples of its recording."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from psychopy_nfb.dsp.flags import Flags

if TYPE_CHECKING:
    import pandas as pd

BASELINE, FEEDBACK, NO_FEEDBACK = "baseline", "feedback", "no feedback"
"""Kinds of blocks."""
CALIBRATING_SHARE = 0.5
"""Of a block's samples, from which on it is the recording of a baseline."""


@dataclass(frozen=True)
class SessionBlock:
    """A part of a session, as the experiment named it."""

    number: int
    """Counted from 1, in the order of beginning."""
    label: str
    begin: int
    """Number of its first sample."""
    end: int
    """Number of the first sample after it."""
    kind: str
    """`BASELINE`, `FEEDBACK` or `NO_FEEDBACK`."""
    detail: dict[str, Any] = field(default_factory=dict)
    """What its begin says: ``feedback``, and ``shown`` and ``lag`` if they were chosen."""
    whole: bool = True
    """Whether it got to its end; else a crash, an exception or the operator has cut it off."""

    def inside(self, signals: pd.DataFrame) -> pd.Series:
        """Return which rows of a session's signals are the block's."""
        return (signals["sample"] >= self.begin) & (signals["sample"] < self.end)


def session_blocks(events: pd.DataFrame, signals: pd.DataFrame) -> list[SessionBlock]:
    """Return all blocks of a session in their order; one that was never ended lasts to its end.

    Parameters
    ----------
    events, signals : DataFrame
        Of a `Session`.
    """
    found = []
    ends = events[events.trial_type == "block_end"]
    said = [json.loads(text) for text in ends.detail]
    cut_off = {one["block"] for one in said if one.get("cut_off")}
    numbers = [one["block"] for one in said]
    last = int(signals["sample"].max()) + 1 if len(signals) else 0
    for begin in events[events.trial_type == "block_begin"].itertuples():
        detail = json.loads(begin.detail)
        own = ends["sample"][[number == detail["block"] for number in numbers]]
        end = int(own.iloc[0]) if len(own) else last
        whole = bool(len(own)) and detail["block"] not in cut_off
        place = len(found) + 1, str(begin.value), int(begin.sample), end
        block = SessionBlock(*place, "", detail, whole)
        found.append(replace(block, kind=_kind(block, signals)))
    return found


def _kind(block: SessionBlock, signals: pd.DataFrame) -> str:
    flags = signals["flags"][block.inside(signals)]
    calibrating = ((flags & int(Flags.CALIBRATING)) != 0).mean() if len(flags) else 0.0
    if calibrating > CALIBRATING_SHARE:
        return BASELINE
    return FEEDBACK if block.detail.get("feedback", True) else NO_FEEDBACK
