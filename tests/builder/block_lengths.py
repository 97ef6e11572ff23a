"""How long the blocks of a session were, and what was gained in them, by its own files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from attended import Attended

from psychopy_nfb.recording import Session

FRAME = 1 / 60


def block_flips(frames: pd.DataFrame, label: str) -> list[tuple[float, float, float, float]]:
    """Return of each block of this name when its first, last but one and last frame were shown.

    The fourth is the first frame after it, infinite where no frame is logged any more.
    """
    named = (frames.block == label).to_numpy()
    first = np.flatnonzero(named & ~np.concatenate([[False], named[:-1]]))
    last = np.flatnonzero(named & ~np.concatenate([named[1:], [False]]))
    flips = np.append(frames.t_flip.to_numpy(), np.inf)  # none is logged where there is no signal
    return list(zip(flips[first], flips[last - 1], flips[last], flips[last + 1], strict=True))


def check_flips(session: Session, label: str, seconds: list[float]) -> list[float]:
    """Fail unless each block of this name lasted its length by the frame log, to the frame.

    The last frame of the block was due before its time was over and the next flip came after it,
    however many frames the machine misses. Return the times from each block's first flip to the one
    after its last, infinite where no frame is logged any more.
    """
    blocks = block_flips(session.frames, label)
    for (begin, before_last, _, next_flip), due in zip(blocks, seconds, strict=True):
        # PsychoPy ends it where the next flip is due within a millisecond of the end, or later
        assert before_last + FRAME - begin < due, label
        assert next_flip - begin > due - FRAME / 4, label
    return [next_flip - begin for begin, _, _, next_flip in blocks]


def check_lengths(
    run: Attended, session: Session, label: str, component: str, seconds: list[float]
) -> None:
    """Fail unless each block of this name lasted its length, to the frame.

    By the frame log, and by PsychoPy's own data file, in which `component` was there from the
    block's first flip to the one after its last.
    """
    flipped = check_flips(session, label, seconds)
    rows = [row for row in run.table() if row[f"{component}.started"]]
    shown = [
        float(row[f"{component}.stopped"]) - float(row[f"{component}.started"]) for row in rows
    ]
    assert len(shown) == len(seconds)
    for lasted, to_flip, due in zip(shown, flipped, seconds, strict=True):
        assert lasted > due - FRAME / 4, component
        if np.isfinite(to_flip):
            assert lasted == pytest.approx(to_flip, abs=FRAME / 2), component


def gained(frames: pd.DataFrame, label: str) -> float:
    """Return the points of the first block of this name, from half a second after its beginning."""
    frames = frames[frames.block == label]
    frames = frames[frames.t_flip > frames.t_flip.iloc[0] + 0.5]
    return frames.score.iloc[-1] - frames.score.iloc[0]
