"""What the participant saw: the frames with feedback, and for how long nothing new came.

Shares are of time: a frame counts as long as it was on the screen, a standstill a second at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from psychopy_nfb.analysis.frames import in_order
from psychopy_nfb.analysis.lag import ages, lag_summary, missed_frames
from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.recording.tables import given
from psychopy_nfb.report.session_data import SessionData, within

BREAK_SECONDS = 1.0
"""The frame log counts no missed frames in longer intervals."""
BAD = {
    "flat, as with an electrode off": Flags.FLAT,
    "impossible values": Flags.INVALID,
    "above the artifact limit": Flags.AMPLITUDE,
    "sudden bursts": Flags.BURST,
    "a sampling rate that the filters were not made for": Flags.RATE,
}
"""What makes a signal useless, in words."""
_ELECTRODE = "Look at the electrode, its gel and cable before the next run (Signal Check)"
_REMEDIES = {
    Flags.FLAT: f"{_ELECTRODE}.",
    Flags.INVALID: "Look at the amplifier's program: what it sends are no numbers at times.",
    Flags.AMPLITUDE: f"{_ELECTRODE}, also those of the reference, and ask the participant to sit "
    "still.",
    Flags.BURST: "Ask the participant to sit still and to relax the jaw.",
    Flags.RATE: "Look at the amplifier's battery, radio link and program.",
}
LEAST_LOSS_SECONDS = 0.5
"""A silence at the end of the run that is shorter is the end itself."""
LEAST_GAP_SECONDS = 0.05
"""A shorter gap is a jump of the amplifier's clock: no samples are known to be lost."""
NEAR_SECONDS = 1.0
"""An event this close to a standstill of the values is its cause."""


@dataclass(frozen=True)
class Loss:
    """Samples that did not arrive."""

    begin: float
    """LSL time of the last sample before."""
    seconds: float
    back: bool
    """Whether the stream came back."""


def all_frames(data: SessionData) -> pd.DataFrame:
    """Return the frame log with what was seen: ``seconds, missed, standstill`` and the flags.

    ``missed`` are the frames dropped before the row's own, ``seconds`` how long the row's own frame
    was on the screen; ``uncalibrated, bad, inhibited`` are what its flags say, ``newest`` is
    the time of its newest sample (of its arrival, if its stamp is of another clock), ``old``
    whether that was more than 0.1 s ago (or longer, where the stream sends long chunks); with a
    chosen lag, whether the frame was so much later than wanted.
    """
    frames = data.frames.copy()
    frames["missed"] = missed_frames(frames).fillna(0).astype(int)
    usual = frames.interval.median()
    stayed = frames.interval.shift(-1).fillna(0.0 if pd.isna(usual) else usual)
    frames["seconds"] = stayed.clip(upper=BREAK_SECONDS)
    frames["standstill"] = frames.interval > BREAK_SECONDS
    flags = frames["flags"].fillna(0).astype(int)
    frames["flags"] = flags
    frames["uncalibrated"] = (flags & int(Flags.UNCALIBRATED)) != 0
    frames["bad"] = (flags & sum(int(flag) for flag in BAD.values())) != 0
    frames["inhibited"] = (flags & int(Flags.INHIBITED)) != 0
    summary = lag_summary(data.frames, data.settings)
    foreign = summary.clock_offset is not None
    frames["newest"] = frames.t_received if foreign else frames.t_sample
    frames["old"] = ages(frames, foreign) > summary.stale_seconds
    return frames


def feedback_frames(data: SessionData) -> pd.DataFrame:
    """Return `all_frames` of the blocks with feedback."""
    frames = all_frames(data)
    return frames[frames.shown.notna() & within(frames.t_flip, data.trained)]


def share(frames: pd.DataFrame, which: pd.Series) -> float:
    """Return the share of the time that frames were on the screen; NaN if there are none."""
    total = frames.seconds.sum()
    return float(frames.seconds[which].sum() / total) if total > 0 else float("nan")


def bad_parts(frames: pd.DataFrame) -> dict[str, float]:
    """Return the share of each kind of bad signal, the largest first."""
    parts = {
        title: share(frames, (frames["flags"] & int(flag)) != 0) for title, flag in BAD.items()
    }
    return dict(sorted(parts.items(), key=lambda item: -item[1]))


def remedy(title: str) -> str:
    """Return what to do about a kind of bad signal, one of those of `bad_parts`."""
    return _REMEDIES[BAD.get(title, Flags.AMPLITUDE)]


def hits(data: SessionData) -> int:
    """Return how many hits there were in blocks with feedback, as the frames tell."""
    known = in_order(data.frames[given(data.frames, "hits").notna()])
    steps = given(known, "hits").diff().clip(lower=0)
    return int(steps[within(known.t_flip, data.trained)].sum())


def trained_channels(data: SessionData) -> str:
    """Return ``"of Oz "``, or nothing where many channels make the signal."""
    for step in (data.first.get("pipeline") or {}).get("steps") or []:
        if step.get("type") == "Pick":
            return f"of {', '.join(step['channels'])} "
    return ""


def stream_losses(data: SessionData) -> list[Loss]:
    """Return where the EEG stream did not arrive, in the order of time."""
    gaps = data.events_of("gap")
    gaps = gaps[(gaps.duration > LEAST_GAP_SECONDS) & ~_by_restart(data, gaps)]
    losses = [Loss(row.t, float(row.duration), True) for row in gaps.itertuples()]
    lost = data.events_of("stream_lost")
    if len(lost):
        begin = float(lost.t.iloc[-1])
        back = data.events_of("stream_back")
        came = len(back) and back.t.iloc[-1] > begin
        came = came or any(loss.begin + loss.seconds > begin for loss in losses)
        if not came and data.span[1] - begin > LEAST_LOSS_SECONDS:
            losses.append(Loss(begin, data.span[1] - begin, False))
    return losses


def unrecorded_seconds(data: SessionData) -> float:
    """Return how much EEG is missing because the background process was being restarted."""
    gaps = data.events_of("gap")
    return float(gaps.duration[_by_restart(data, gaps)].sum())


def _by_restart(data: SessionData, gaps: pd.DataFrame) -> pd.Series:
    """Return which gaps end with a new background process, while the stream was there."""
    restarts = data.events_of("worker_restarted")["sample"]
    lost = data.events_of("stream_lost").t.to_numpy()
    stream = [((lost >= gap.t) & (lost <= gap.t + gap.duration)).any() for gap in gaps.itertuples()]
    return gaps["sample"].isin(restarts) & ~pd.Series(stream, index=gaps.index, dtype=bool)


def still_seconds(data: SessionData) -> dict[str, float]:
    """Return for how long the values stood still in blocks with feedback, by cause.

    Returns
    -------
    dict of float
        Seconds beyond the 0.1 s (or the length of a chunk) that are usual, by ``"stream"``,
        ``"restart"`` and ``"other"``.
    """
    found = {"stream": 0.0, "restart": 0.0, "other": 0.0}
    frames = feedback_frames(data)
    frames = frames[frames.t_sample.notna()]
    if not len(frames):
        return found
    old = frames.old.to_numpy()
    edges = np.flatnonzero(np.diff(old, prepend=False, append=False))
    losses = stream_losses(data)
    restarts = data.events_of("worker_restarted").t.to_numpy()
    flips, samples = frames.t_flip.to_numpy(), frames.newest.to_numpy()
    for first, last in edges.reshape(-1, 2):
        begin, end = samples[first], flips[min(last, len(flips) - 1)]
        length = end - flips[first]
        if any(
            one.begin < end and begin < one.begin + one.seconds + NEAR_SECONDS for one in losses
        ):
            found["stream"] += length
        elif ((restarts > begin - NEAR_SECONDS) & (restarts < end + NEAR_SECONDS)).any():
            found["restart"] += length
        else:
            found["other"] += length
    return found
