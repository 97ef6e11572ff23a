"""The lag of a session, stage by stage, from its frame log."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from psychopy_nfb.errors import FileError, cause

STAGES = {
    "sample_to_received_ms": ("t_sample", "t_received", "sample → received", "amplifier, LSL"),
    "received_to_published_ms": ("t_received", "t_published", "received → published", "filters"),
    "sample_to_published_ms": ("t_sample", "t_published", "sample → published", "both together"),
    "published_to_read_ms": ("t_published", "t_read", "published → read", "waiting for the frame"),
    "read_to_flip_ms": ("t_read", "t_flip", "read → flip", "drawing, late read's margin"),
    "age_at_flip_ms": ("t_sample", "t_flip", "sample → flip", "age of the sample shown"),
}


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
    """Frames missed."""
    frame_rate: float
    """Frames a second, from the median interval."""
    stale_frames: int
    """Frames whose newest sample was older than 0.1 s when it was read."""

    def to_dict(self) -> dict[str, object]:
        """Return all of it for JSON: ``{"read_to_flip_ms": {"median": …}, …, "dropped": 0}``."""
        content = asdict(self)
        return {**content.pop("stages"), **content}

    def table(self) -> str:
        """Return it as a table for people."""
        rows = [(title, meaning, name) for name, (_, _, title, meaning) in STAGES.items()]
        rows += [
            ("filter delay", "declared by the pipeline", "filter_delay_ms"),
            ("total", "age of the brain signal shown", "total_ms"),
        ]
        lines = [f"{'lag in ms':22s} {'median':>8s} {'p95':>8s} {'p99':>8s} {'max':>8s}"]
        for title, meaning, name in rows:
            stage = self.stages[name]
            figures = (stage.median, stage.p95, stage.p99, stage.max)
            cells = " ".join(f"{figure:8.2f}" for figure in figures)
            lines.append(f"{title:22s} {cells}   {meaning}")
        lines.append(
            f"{self.frames} frames at {self.frame_rate:.2f} Hz, {self.dropped} dropped, "
            f"{self.stale_frames} stale, {self.frames_without_value} before the first value"
        )
        return "\n".join(lines)


STALE_SECONDS = 0.1


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
        try:
            frames = pd.read_csv(frames)
        except (OSError, ValueError) as error:
            raise FileError(
                "frames", os.fspath(frames), f"cannot be read ({cause(error)})"
            ) from None
    with_value = frames[frames.t_sample.notna()]
    stages = {
        name: StageSummary.of(1e3 * (with_value[end] - with_value[begin]).to_numpy())
        for name, (begin, end, _, _) in STAGES.items()
    }
    stages["filter_delay_ms"] = StageSummary.of(1e3 * with_value.delay.to_numpy())
    total = with_value.t_flip - (with_value.t_sample - with_value.delay)
    stages["total_ms"] = StageSummary.of(1e3 * total.to_numpy())
    intervals = frames.interval.dropna()
    age_at_read = with_value.t_read - with_value.t_received
    return LagSummary(
        stages=stages,
        frames=len(frames),
        frames_without_value=len(frames) - len(with_value),
        dropped=int(frames.dropped.max()) if len(frames) else 0,
        frame_rate=float(1 / intervals.median()) if len(intervals) else float("nan"),
        stale_frames=int((age_at_read > STALE_SECONDS).sum()),
    )
