"""Lag as a factor: the lag that was wanted of each frame, and the one that it had."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class HeldSummary:
    """How frames kept to the lag that was wanted of them, in milliseconds."""

    frames: int
    """Frames with a value and a wanted lag."""
    not_held: int
    """Frames of them whose lag was further from it than allowed."""
    wanted_low_ms: float
    """Smallest and largest lag that was wanted; the same if it was held constant."""
    wanted_high_ms: float
    lag_median_ms: float
    """The lag that they had."""
    off_median_ms: float
    """By how much it was longer than the wanted one; below 0: shorter."""
    off_p95_ms: float
    """95th percentile of the distance between the two."""
    off_max_ms: float
    """The largest distance."""

    @property
    def held(self) -> float:
        """Share of the frames that had the wanted lag; NaN if there are none."""
        return 1 - self.not_held / self.frames if self.frames else float("nan")

    def to_dict(self) -> dict[str, float]:
        """Return all of it for JSON."""
        return {**asdict(self), "held": self.held}


def wanted_lags(frames: pd.DataFrame) -> pd.Series:
    """Return the lag in seconds that was wanted of each row of a frame log; NaN for none.

    Examples
    --------
    >>> wanted_lags(pd.DataFrame({"frame": [0, 1]})).tolist()  # of an earlier version
    [nan, nan]
    """
    if "wanted_lag" in frames:
        return frames.wanted_lag.astype(float)
    return pd.Series(np.nan, index=frames.index)


def held_summary(frames: pd.DataFrame, within: float) -> HeldSummary:
    """Summarise how the frames kept to the wanted lag.

    Parameters
    ----------
    frames : DataFrame
        Rows of a frame log, e.g. those of one block. Rows without a wanted lag do not count.
    within : float
        Seconds by which a frame's lag may differ from the wanted one: a frame.

    Examples
    --------
    >>> frames = pd.DataFrame({"t_flip": [1.0, 1.1], "t_sample": [0.8, 0.9], "delay": 0.05})
    >>> held = held_summary(frames.assign(wanted_lag=[0.25, 0.2]), within=1 / 60)
    >>> held.frames, held.not_held, round(held.off_max_ms)
    (2, 1, 50)
    """
    wanted = wanted_lags(frames)
    known = wanted.notna() & frames.t_sample.notna()
    frames, wanted = frames[known], wanted[known]
    if not len(frames):
        return HeldSummary(0, 0, *[float("nan")] * 6)
    lag = frames.t_flip - (frames.t_sample - frames.delay)
    off = lag - wanted
    far = off.abs()
    return HeldSummary(
        frames=len(frames),
        not_held=int((far > within).sum()),
        wanted_low_ms=1e3 * float(wanted.min()),
        wanted_high_ms=1e3 * float(wanted.max()),
        lag_median_ms=1e3 * float(lag.median()),
        off_median_ms=1e3 * float(off.median()),
        off_p95_ms=1e3 * float(far.quantile(0.95)),
        off_max_ms=1e3 * float(far.max()),
    )
