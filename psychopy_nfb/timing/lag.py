"""The lag of a session, stage by stage, from its frame log."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.reading import read_table

STAGES = {
    "sample_to_received_ms": ("t_sample", "t_received", "sample → received", "amplifier, LSL"),
    "received_to_published_ms": ("t_received", "t_published", "received → published", "filters"),
    "sample_to_published_ms": ("t_sample", "t_published", "sample → published", "both together"),
    "published_to_read_ms": ("t_published", "t_read", "published → read", "waiting for the frame"),
    "read_to_flip_ms": ("t_read", "t_flip", "read → flip", "drawing, late read's margin"),
    "age_at_flip_ms": ("t_sample", "t_flip", "sample → flip", "age of the sample shown"),
}
"""Where each stage begins and ends in the frame log, its title, and what it is."""
TITLES = {
    **{name: (title, meaning) for name, (_, _, title, meaning) in STAGES.items()},
    "filter_delay_ms": ("filter delay", "as declared, with the display's smoothing"),
    "total_ms": ("total", "age of the brain signal shown"),
}
"""Title and meaning of all that a `LagSummary` has."""


@dataclass(frozen=True)
class StageSummary:
    """One stage over all frames, in milliseconds."""

    n: int
    min: float
    median: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, milliseconds: np.ndarray) -> StageSummary:
        """Summarise finite values; NaN throughout if there are none."""
        if len(milliseconds) == 0:
            return cls(0, *[float("nan")] * 5)
        low, median, p95, p99, high = np.percentile(milliseconds, [0, 50, 95, 99, 100])
        return cls(
            len(milliseconds), float(low), float(median), float(p95), float(p99), float(high)
        )


@dataclass(frozen=True)
class LagSummary:
    """What a frame log says about lag."""

    stages: dict[str, StageSummary]
    """By name: those of `STAGES`, ``filter_delay_ms`` and ``total_ms``."""
    frames: int
    """Rows of the log."""
    frames_without_value: int
    """Rows shown before the first value; they count in no stage."""
    dropped: int
    """Frames that were due and not shown."""
    frame_rate: float
    """Frames a second, from the median interval."""
    stale_frames: int
    """Frames whose newest sample was older than 0.1 s when it was read (with a `clock_offset`:
    that had arrived more than 0.1 s before)."""
    clock_offset: float | None = None
    """Seconds by which the amplifier's stamps differ from LSL's clock, None if they are on it. With
    an offset nothing is known of the stages that begin at the sample."""

    @property
    def due(self) -> int:
        """Frames that were due: shown and dropped ones."""
        return self.frames + self.dropped

    def to_dict(self) -> dict[str, object]:
        """Return all of it for JSON: ``{"read_to_flip_ms": {"median": …}, …, "dropped": 0}``."""
        content = asdict(self)
        return {**content.pop("stages"), **content}

    def table(self) -> str:
        """Return it as a table for people."""
        lines = [f"{'lag in ms':22s} {'median':>8s} {'p95':>8s} {'p99':>8s} {'max':>8s}"]
        for name, (title, meaning) in TITLES.items():
            stage = self.stages[name]
            figures = (stage.median, stage.p95, stage.p99, stage.max)
            if stage.n:
                cells = " ".join(f"{figure:8.2f}" for figure in figures)
            else:
                cells = f"{'not known':>8s}" + 30 * " "
            lines.append(f"{title:22s} {cells}   {meaning}")
        share = 100 * self.dropped / max(1, self.due)
        lines.append(
            f"{self.frames} frames at {self.frame_rate:.2f} Hz, {self.dropped} of {self.due} due "
            f"frames dropped ({share:.2g} %), {self.stale_frames} stale, "
            f"{self.frames_without_value} before the first value"
        )
        if self.clock_offset is not None:
            lines.append(
                f"The amplifier's stamps are {self.clock_offset:+,.0f} s off LSL's clock: the age "
                "of samples cannot be told."
            )
        return "\n".join(lines)


STALE_SECONDS = 0.1
FOREIGN_SECONDS = 10.0
"""Stamps further than this from their arrival are on another clock: no amplifier is so late."""


def lag_summary(frames: pd.DataFrame | str | os.PathLike) -> LagSummary:
    """Summarise a session's lag.

    Parameters
    ----------
    frames : DataFrame or path
        A frame log, as ``pandas.read_csv`` gives it, or its file.

    Raises
    ------
    FileError
        If the file cannot be read.

    Notes
    -----
    Lag without an adjective is ``t_flip - (t_sample - delay)``: how old the brain signal is that
    the person sees. The display's own delay from flip to light comes on top; only a photodiode
    shows it.
    """
    if not isinstance(frames, pd.DataFrame):
        frames = read_table(frames, "frames")
    with_value = frames[frames.t_sample.notna()]
    offset = _clock_offset(with_value)
    fresh = with_value[~_repeated(with_value)]
    stages = {}
    for name, (begin, end, _, _) in STAGES.items():
        rows = fresh if end in ("t_received", "t_published") else with_value
        stages[name] = _stage(rows[end] - rows[begin], offset if begin == "t_sample" else None)
    stages["filter_delay_ms"] = _stage(with_value.delay, None)
    total = with_value.t_flip - (with_value.t_sample - with_value.delay)
    stages["total_ms"] = _stage(total, offset)
    intervals = frames.interval.dropna()
    newest = with_value.t_sample if offset is None else with_value.t_received
    return LagSummary(
        stages=stages,
        frames=len(frames),
        frames_without_value=len(frames) - len(with_value),
        dropped=int(missed_frames(frames).sum()),
        frame_rate=float(1 / intervals.median()) if len(intervals) else float("nan"),
        stale_frames=int((with_value.t_read - newest > STALE_SECONDS).sum()),
        clock_offset=offset,
    )


def missed_frames(frames: pd.DataFrame) -> pd.Series:
    """Return for each row of a frame log how many frames were missed before it.

    The log counts them from `attach` on; where the count begins again, so does another part.
    """
    steps = frames.dropped.diff()
    return steps.where(steps >= 0, frames.dropped)


def _repeated(frames: pd.DataFrame) -> np.ndarray:
    """Return which rows show what was published once more because no new sample came."""
    if "flags" not in frames:
        return np.zeros(len(frames), bool)
    return (frames["flags"].fillna(0).astype(int).to_numpy() & int(Flags.NO_DATA)) != 0


def _stage(seconds: pd.Series, offset: float | None) -> StageSummary:
    """Summarise one stage; nothing is known of one that begins on another clock."""
    known = seconds.dropna() if offset is None else seconds.iloc[:0]
    return StageSummary.of(1e3 * known.to_numpy(float))


def _clock_offset(with_value: pd.DataFrame) -> float | None:
    """Return by how much the stamps are before the clock; None if they are on it."""
    ahead = (with_value.t_sample - with_value.t_received).median()
    return float(ahead) if abs(ahead) > FOREIGN_SECONDS else None
