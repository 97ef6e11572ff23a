"""What became of one block of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from psychopy_nfb.protocol import ThresholdChange


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
