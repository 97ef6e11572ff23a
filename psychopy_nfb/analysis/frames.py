"""Single frames of a frame log: stalls, stamps out of order, hits and when they showed."""

from __future__ import annotations

import pandas as pd

from psychopy_nfb.recording.tables import given

ORDER = ("t_sample", "t_received", "t_published", "t_read", "t_flip")


def frame_stalls(frames: pd.DataFrame, period: float) -> pd.DataFrame:
    """Return the rows whose interval exceeded one and a half frames.

    Parameters
    ----------
    frames : DataFrame
        A frame log.
    period : float
        Seconds a frame lasts.

    Returns
    -------
    DataFrame
        These rows, with a column ``missed``: how many frames each of them cost.
    """
    stalls = frames[frames.interval > 1.5 * period].copy()
    stalls["missed"] = (stalls.interval / period).round().astype(int) - 1
    return stalls


def out_of_order(frames: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in which a stamp lies before that of an earlier stage; rightly none."""
    stamps = frames[frames.t_sample.notna()][list(ORDER)]
    wrong = (stamps.diff(axis=1).iloc[:, 1:] < 0).any(axis=1)
    return frames.loc[wrong[wrong].index]


def in_order(frames: pd.DataFrame) -> pd.DataFrame:
    """Return the rows without those that showed a record from before one already shown.

    Where a block with a chosen lag begins, frames go back by that lag, and what they show of the
    time before the block was shown already.
    """
    return frames[frames.seq >= frames.seq.cummax()]


def hit_to_display(frames: pd.DataFrame) -> pd.DataFrame:
    """Return for each frame that first showed a hit how old the sample was that it came from.

    Where something else than the own feedback was shown, hits are those of what was shown.

    Returns
    -------
    DataFrame
        Columns ``frame``, ``hits`` and ``delay_ms``: from the newest sample of the record that
        brought the hit to the flip.
    """
    known = in_order(frames[given(frames, "hits").notna()])
    hits = given(known, "hits")
    hits = hits[hits.diff().fillna(hits) > 0]
    first = known.loc[hits.index]
    delays = 1e3 * (first.t_flip - first.t_sample)
    return pd.DataFrame(
        {"frame": first.frame, "hits": hits.astype(int), "delay_ms": delays}
    ).reset_index(drop=True)
