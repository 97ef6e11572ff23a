"""What became of one block of samples, and what of it is an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from psychopy_nfb.dsp import flag_names
from psychopy_nfb.protocol import ThresholdChange
from psychopy_nfb.settings import finite


class Block(NamedTuple):
    """What became of one block of samples."""

    values: np.ndarray
    """(n_out, n_values) float64, in the order of `Configuration.value_names`."""
    flags: np.ndarray
    """(n_out,) uint32 `Flags`."""
    rows: np.ndarray
    """(n_out,) which input row each output row stands for."""
    changes: Sequence[tuple[str, ThresholdChange]] = ()
    """Signals whose threshold has moved, and how; the row is the first input row that follows."""


def join_blocks(blocks: Sequence[Block], first_rows: Sequence[int]) -> Block:
    """Return blocks that follow each other as one.

    Parameters
    ----------
    blocks : sequence of Block
        One or more.
    first_rows : sequence of int
        Which input row of the whole the first one of each block is.
    """
    pairs = list(zip(blocks, first_rows, strict=True))
    return Block(
        np.concatenate([block.values for block in blocks]),
        np.concatenate([block.flags for block in blocks]),
        np.concatenate([block.rows + first for block, first in pairs]),
        [
            (name, replace(change, row=change.row + first))
            for block, first in pairs
            for name, change in block.changes
        ],
    )


def events_of(block: Block, flags_before: int) -> list[tuple[int, dict[str, Any]]]:
    """Return row and event of each change of flags and each move of a threshold, in their order.

    Parameters
    ----------
    block : Block
        What became of the samples.
    flags_before : int
        Flags of the sample before them.
    """
    events: list[tuple[int, dict[str, Any]]] = []
    for place in np.flatnonzero(np.diff(block.flags, prepend=np.uint32(flags_before))):
        names = flag_names(int(block.flags[place]))
        event = {"label": "flags", "value": "+".join(names) or "clean", "kind": "flags"}
        events.append((int(block.rows[place]), event))
    for name, change in block.changes:
        detail = {"signal": name, "old": change.old, "new": change.new, "why": change.why}
        event = {
            "label": "threshold",
            "value": f"{name} {change.new:.4g}",
            "kind": "threshold",
            "detail": finite(detail),
        }
        events.append((change.row, event))
    return sorted(events, key=itemgetter(0))
