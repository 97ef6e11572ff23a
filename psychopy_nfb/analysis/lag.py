"""The lag of a session, stage by stage, from its frame log."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from psychopy_nfb.analysis.chosen_lag import wanted_lags
from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.errors import FileError
from psychopy_nfb.lsl.stamps_heard import SILENCE_SECONDS, is_foreign, silence_seconds
from psychopy_nfb.lsl.stamps_words import apart_in_words
from psychopy_nfb.reading import read_table
from psychopy_nfb.recording.names import SessionFiles
from psychopy_nfb.recording.settings_file import SessionRecord

STAGES = {
    "sample_to_received_ms": ("t_sample", "t_received", "sample → received", "amplifier, LSL"),
    "received_to_published_ms": ("t_received", "t_published", "received → published", "filters"),
    "sample_to_published_ms": ("t_sample", "t_published", "sample → published", "both together"),
    "published_to_arrived_ms": (
        *("t_published", "t_arrived", "published → arrived"),
        "network, part of published → read",
    ),
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
ONLY_REMOTE = ("published_to_arrived_ms",)
"""Stages that only sessions have whose EEG is processed on another computer."""
CHOSEN = "The lag was chosen in all frames: published → read contains the wait for it."


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
    """By name: those of `STAGES`, ``filter_delay_ms`` and ``total_ms``. Frames whose lag was chosen
    count only where there are no others."""
    frames: int
    """Rows of the log."""
    frames_without_value: int
    """Rows shown before the first value; they count in no stage."""
    dropped: int | None
    """Frames that were due and not shown; None if that is not known, as the display's frame period
    could not be measured."""
    frame_rate: float
    """Frames a second, from the median interval."""
    stale_frames: int
    """Frames whose newest sample was older than `stale_seconds` when it was read (with a
    `clock_offset`: that had arrived longer before); with a chosen lag, frames that were so much
    later than wanted."""
    clock_offset: float | None = None
    """Seconds by which the amplifier's stamps differ from LSL's clock, None if they are on it. With
    an offset nothing is known of the stages that begin at the sample."""
    stale_seconds: float = SILENCE_SECONDS
    """Seconds after which a sample is old: 0.1, or more if the stream sends long chunks."""
    clock_note: str | None = None
    """What was done to the amplifier's stamps, and what the lag lacks therefore; a sentence."""
    chosen_frames: int = 0
    """Frames with a value in blocks with a chosen lag."""

    @property
    def all_chosen(self) -> bool:
        """Whether the lag of each frame was chosen, so that the stages contain the wait for it."""
        return 0 < self.chosen_frames == self.frames - self.frames_without_value

    @property
    def due(self) -> int | None:
        """Frames that were due: shown and dropped ones; None if that is not known."""
        return None if self.dropped is None else self.frames + self.dropped

    def to_dict(self) -> dict[str, object]:
        """Return all of it for JSON: ``{"read_to_flip_ms": {"median": …}, …, "dropped": 0}``."""
        content = asdict(self)
        return {**content.pop("stages"), **content}

    def table(self) -> str:
        """Return it as a table for people."""
        lines = [f"{'lag in ms':22s} {'median':>8s} {'p95':>8s} {'p99':>8s} {'max':>8s}"]
        for name, (title, meaning) in TITLES.items():
            stage = self.stages[name]
            if name in ONLY_REMOTE and not stage.n:
                continue
            figures = (stage.median, stage.p95, stage.p99, stage.max)
            if stage.n:
                cells = " ".join(f"{figure:8.2f}" for figure in figures)
            else:
                cells = f"{'not known':>8s}" + 30 * " "
            lines.append(f"{title:22s} {cells}   {meaning}")
        rate, dropped = "", "how many were dropped is not known"
        if self.dropped is not None and self.due is not None:
            share = 100 * self.dropped / max(1, self.due)
            rate = f" at {self.frame_rate:.2f} Hz"
            dropped = f"{self.dropped} of {self.due} due frames dropped ({share:.2g} %)"
        lines.append(
            f"{self.frames} frames{rate}, {dropped}, {self.stale_frames} "
            f"stale, {self.frames_without_value} before the first value"
        )
        if self.all_chosen:
            lines.append(CHOSEN)
        elif self.chosen_frames:
            lines.append(
                f"{self.chosen_frames} frames with a chosen lag are in none of the stages."
            )
        if self.clock_offset is not None:
            apart = apart_in_words(-self.clock_offset, past=True)
            lines.append(f"{apart}: the age of samples cannot be told.")
        if self.clock_note is not None:
            lines.append(self.clock_note)
        return "\n".join(lines)


def lag_summary(
    frames: pd.DataFrame | str | os.PathLike[str], settings: Mapping[str, Any] | None = None
) -> LagSummary:
    """Summarise a session's lag.

    Parameters
    ----------
    frames : DataFrame or path
        A frame log, as ``pandas.read_csv`` gives it, or its file.
    settings : mapping, optional
        The session's settings file, which tells what was done to the amplifier's stamps. Default
        the one beside a frame log that is given as a file.

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
        settings = _settings_beside(frames) if settings is None else settings
        frames = read_table(frames, "frames", whole_rows=True)
    with_value = frames[frames.t_sample.notna()]
    offset = _clock_offset(with_value)
    measured = without_chosen(with_value)
    fresh = measured[~_repeated(measured)]
    stages = {}
    for name, (begin, end, _, _) in STAGES.items():
        rows = fresh if end in ("t_received", "t_published", "t_arrived") else measured
        ends = rows[end] if end in rows else pd.Series(dtype=float)  # logs of earlier versions
        stages[name] = _stage(ends - rows[begin], offset if begin == "t_sample" else None)
    stages["filter_delay_ms"] = _stage(measured.delay, None)
    total = measured.t_flip - (measured.t_sample - measured.delay)
    stages["total_ms"] = _stage(total, offset)
    intervals = frames.interval.dropna()
    stale_after = stale_seconds(settings or {})
    known = knows_dropped(settings or {})
    return LagSummary(
        stages=stages,
        frames=len(frames),
        frames_without_value=len(frames) - len(with_value),
        dropped=int(missed_frames(frames).sum()) if known else None,
        frame_rate=float(1 / intervals.median()) if len(intervals) else float("nan"),
        stale_frames=int((ages(with_value, foreign=offset is not None) > stale_after).sum()),
        clock_offset=offset,
        stale_seconds=stale_after,
        clock_note=clock_note(settings or {}),
        chosen_frames=int(wanted_lags(with_value).notna().sum()),
    )


def without_chosen(frames: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose lag nobody chose; all of them if there are no such rows."""
    own = frames[wanted_lags(frames).isna()]
    return own if len(own) else frames


def ages(frames: pd.DataFrame, foreign: bool) -> pd.Series:
    """Return how old the newest sample was when each frame was read, in seconds.

    With a chosen lag: by how much the frame was later than wanted, as an earlier sample than the
    newest is shown. With `foreign` stamps, of another clock: how long ago it had arrived.
    """
    newest = frames.t_received if foreign else frames.t_sample
    late = frames.t_flip - (frames.t_sample - frames.delay) - wanted_lags(frames)
    return late.fillna(frames.t_read - newest)


def _settings_beside(frames: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the settings of the session that a frame log belongs to, as far as they are there."""
    try:
        path = SessionFiles.from_stem(frames).settings
        return SessionRecord.load(path).content if path.exists() else {}
    except FileError:
        return {}


def _stamps(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was made of the stamps: at the start, and by the end if it was reached."""
    at_start = (settings.get("stream") or {}).get("clock") or {}
    return {**at_start, **(settings.get("stamps") or {})}


def stale_seconds(settings: Mapping[str, Any]) -> float:
    """Return after how many seconds a sample is old, by the length of the stream's chunks."""
    return silence_seconds(_stamps(settings).get("chunk_seconds") or 0.0)


def clock_note(settings: Mapping[str, Any]) -> str | None:
    """Return what was done to the amplifier's stamps; None if they were right as they were.

    Examples
    --------
    >>> clock_note({"stamps": {"stamps": "as sent", "offset": 0.0}})
    >>> clock_note({"stamps": {"stamps": "moved", "offset": -20.0}})[:56]
    "The amplifier's stamps were +20.0 s off LSL's clock, and"
    """
    stamps = _stamps(settings)
    unknown = "the amplifier's own delay is not known and is in none of these figures."
    if stamps.get("stamps") == "moved":
        return (
            f"{apart_in_words(stamps['offset'], past=True)}, and stamps were moved onto LSL's "
            f"clock by when samples arrived: {unknown}"
        )
    if stamps.get("stamps") == "counted":
        return f"Samples were stamped by when their chunks arrived: {unknown}"
    if stamps.get("stamps") == "averaged":
        return (
            f"The amplifier's stamps scattered by {1e3 * stamps['noise']:.1f} ms (standard "
            "deviation) to both sides, and samples were placed along their mean."
        )
    return None


def knows_dropped(settings: Mapping[str, Any]) -> bool:
    """Return whether a session's log tells how many frames were dropped.

    Without the display's frame period nobody knows how many were due.

    Examples
    --------
    >>> knows_dropped({}), knows_dropped({"display": {"frame_period": None}})
    (True, False)
    """
    return (settings.get("display") or {}).get("frame_period", 1) is not None


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
    return float(ahead) if is_foreign(-float(ahead)) else None
