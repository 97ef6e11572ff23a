"""What became of one block of samples, and what of it is an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

import numpy as np

from psychopy_nfb.dsp import flag_names
from psychopy_nfb.protocol import ThresholdChange
from psychopy_nfb.settings import finite


@dataclass(slots=True)
class Block:
    """What became of one block of samples.

    In plain numbers, as they come about: what is published of a single sample needs no array, and
    what is recorded becomes one only when many are joined.

    Examples
    --------
    >>> block = Block([(0.5, 3.0)], [0], np.arange(1), n_values=2)
    >>> block.values, block.flags
    (array([[0.5, 3. ]]), array([0], dtype=uint32))
    """

    value_rows: Sequence[tuple[float, ...]]
    """The values of each output row, in the order of `Configuration.value_names`."""
    bits: Sequence[int]
    """Their `Flags`."""
    rows: np.ndarray
    """(n_out,) which input row each output row stands for."""
    n_values: int
    """How many values a row has."""
    changes: Sequence[tuple[str, ThresholdChange]] = ()
    """Signals whose threshold has moved, and how; the row is the first input row that follows."""

    @property
    def values(self) -> np.ndarray:
        """The values as an array, (n_out, n_values) float64."""
        return np.array(self.value_rows, float).reshape(len(self.bits), self.n_values)

    @property
    def flags(self) -> np.ndarray:
        """The flags as an array, (n_out,) uint32."""
        return np.array(self.bits, np.uint32)


def join_blocks(blocks: Sequence[Block], first_rows: Sequence[int]) -> Block:
    """Return blocks that follow each other as one.

    Parameters
    ----------
    blocks : sequence of Block
        One or more.
    first_rows : sequence of int
        Which input row of the whole the first one of each block is.
    """
    places = np.repeat(first_rows, [len(block.rows) for block in blocks])
    return Block(
        [row for block in blocks for row in block.value_rows],
        [bits for block in blocks for bits in block.bits],
        np.concatenate([block.rows for block in blocks]) + places,
        blocks[0].n_values,
        [
            (name, replace(change, row=change.row + first))
            for block, first in zip(blocks, first_rows, strict=True)
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
        names = flag_names(block.bits[place])
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
