"""A session's lag in words: what dominated, and the paragraph for a methods section."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from psychopy_nfb.analysis import LagSummary
from psychopy_nfb.analysis.lag import CHOSEN, STAGES, clock_note
from psychopy_nfb.lsl.stamps_heard import WRONG_RATE
from psychopy_nfb.report.lag_figure import WAY
from psychopy_nfb.report.numbers import counted, percent, seconds
from psychopy_nfb.report.session_data import SessionData

SEALED = (
    "The lag of the feedback is sealed until psychopy-nfb study unblind opens it, as it tells the "
    "participant's arm."
)
NO_FRAMES = (
    "Nothing is known of the lag: the frame log is empty, as no window was attached or none of its "
    "frames was flipped."
)
GAP_SECONDS = 0.1
"""Between two samples, from which on it is a gap."""


def what_dominated(summary: LagSummary) -> str:
    """Return in a sentence which part of the lag is the largest, and what would shorten it."""
    if summary.all_chosen:
        return CHOSEN
    parts = {"filter_delay_ms": "the declared delay of filter and display"}
    parts |= {name: STAGES[name][2] for name in WAY}
    remedies = {
        "filter_delay_ms": "a filter with a shorter delay, a wider band, or less smoothing of the "
        "display would shorten it",
        "sample_to_received_ms": "smaller chunks or less buffering in the amplifier's program "
        "would shorten it",
        "received_to_published_ms": "fewer channels or steps in the pipeline would shorten it",
        "published_to_read_ms": "late reading (late_read=True) would shorten it",
        "read_to_flip_ms": "late reading (late_read=True), or less drawing after update(), would "
        "shorten it",
    }
    medians = {name: summary.stages[name].median for name in parts if summary.stages[name].n}
    if len(medians) < len(parts):
        return (
            "The lag from brain to screen cannot be told, as the age of the samples is not known."
        )
    largest = max(medians, key=lambda name: medians[name])
    total = summary.stages["total_ms"].median
    where = " where no lag was chosen" if summary.chosen_frames else ""
    share = medians[largest] / total
    which = "Most of the lag" if share > 0.5 else "The largest part of the lag"
    return (
        f"{which} is {parts[largest]}: {medians[largest]:.1f} of {total:.1f} ms "
        f"({percent(share)}){where}; {remedies[largest]}."
    )


def frames_sentence(summary: LagSummary) -> str:
    """Return how many frames were shown and dropped."""
    old = (
        f"the newest sample was more than {summary.stale_seconds:g} s old when it was read"
        if summary.clock_offset is None
        else f"no sample had arrived for more than {summary.stale_seconds:g} s"
    )
    shown = f"{summary.frames} frames were shown"
    if summary.dropped is None or summary.due is None:
        shown += "; how many were dropped is not known."
    else:
        share = percent(summary.dropped / max(1, summary.due))
        shown += f", at {summary.frame_rate:.2f} Hz; "
        shown += f"{summary.dropped} of {summary.due} due frames were dropped ({share})."
    if summary.frames == summary.frames_without_value:
        return shown
    return (
        f"{shown} Of the frames shown, {summary.frames_without_value or 'none'} came before the "
        f"first value, and in {summary.stale_frames or 'none'} of them {old}"
        f"{' (or the frame so much later than wanted)' if summary.chosen_frames else ''}."
    )


def clock_sentence(data: SessionData) -> str:
    """Return what is known of the clocks, PsychoPy's, LSL's and the amplifier's, and of gaps."""
    settings, parts = data.settings, []
    clock = settings.get("clock") or {}
    if "uncertainty" in clock:
        within = f"{1e6 * clock['uncertainty']:.1f} µs"
        parts.append(f"PsychoPy's clock and LSL's were compared to within {within}")
    stream = settings.get("stream") or {}
    if "clock_corrected" in stream:
        parts.append(
            "the stream's stamps, of another computer, were corrected by LSL's clock offsets"
            if stream["clock_corrected"]
            else "the stream came from this computer, and its stamps need no correction"
        )
    continuity = settings.get("continuity") or {}
    declared, rate = stream.get("declared_rate"), stream.get("rate")
    if declared and rate and abs(rate / declared - 1) > WRONG_RATE:
        parts.append(f"the stream declared {declared:g} Hz but had {rate:.5g} samples a second")
    if continuity.get("drift_ppm") is not None and clock_note(settings) is None:
        parts.append(
            f"the amplifier sampled at {continuity['effective_rate']:.4f} Hz "
            f"({round(continuity['drift_ppm'], 1) + 0.0:+.1f} ppm)"  # not "-0.0"
        )
    if data.signals is not None:
        # Not as the settings tell: those know only what the last background process saw.
        steps = np.diff(data.signals.t)
        gaps = steps[steps > GAP_SECONDS]
        lost = f"{counted(len(gaps), 'gap')} in the recording, {seconds(gaps.sum())} in all"
        parts.append(lost if len(gaps) else "the recording has no gaps")
    return _sentence("; ".join(parts)) if parts else "Nothing is recorded of the clocks."


def _by_step(delays: object, total_ms: float) -> str:
    """Return in brackets which steps the delay of the signal processing is made of."""
    steps = [(str(name), 1e3 * float(s)) for name, s in delays] if isinstance(delays, list) else []
    display = total_ms - sum(ms for _, ms in steps)
    parts = [f"{name} {ms:.1f} ms" for name, ms in steps if ms >= 0.05]
    if not parts or not np.isfinite(display):
        return ""
    if display >= 0.05:
        parts.append(f"smoothing of the display {display:.1f} ms")
    return f" ({', '.join(parts)})"


def methods_paragraph(
    summary: LagSummary, settings: dict[str, Any], chosen: Sequence[str] = ()
) -> str:
    """Return a paragraph for a paper; figures as median and 95th percentile.

    Parameters
    ----------
    summary : LagSummary
        Of the session.
    settings : dict
        The session's settings file.
    chosen : sequence of str
        Sentences on the blocks in which the lag was chosen.
    """
    stages, stream = summary.stages, settings.get("stream") or {}
    packages = (settings.get("machine") or {}).get("packages") or {}
    display, late = settings.get("display") or {}, settings.get("late_read") or {}

    def figures(name: str) -> str:
        return f"{stages[name].median:.1f} ms (95th percentile {stages[name].p95:.1f} ms)"

    def versioned(name: str, package: str) -> str:
        return " ".join(filter(None, [name, packages.get(package)]))

    paced = display.get("paced_hz")
    refresh = (
        f"flips were paced to {paced:g} Hz by the program, as the display had no vertical sync"
        if paced
        else "flips came at no period that could be measured"
        if summary.dropped is None
        else f"flips waited for the display's vertical sync at {summary.frame_rate:.2f} Hz"
    )
    reading = (
        "as late before each flip as drawing allowed" if late.get("active") else "once a frame"
    )
    channels, rate = len(stream.get("labels", [])), stream.get("rate")
    signal = f"{channels} channels" if channels else "the EEG"
    signal += f" at {rate:g} Hz" if rate else ""
    said = (
        f"Feedback was computed with {versioned('psychopy_nfb', 'psychopy-nfb')} in a process of "
        f"its own from {signal}, received over LabStreamingLayer, and shown with "
        f"{versioned('PsychoPy', 'psychopy')}; the value was read {reading}, and {refresh}. The "
        f"signal processing delayed the rhythm by {stages['filter_delay_ms'].median:.1f} ms"
        f"{_by_step(settings.get('delays'), stages['filter_delay_ms'].median)}."
    )
    if stages["total_ms"].n and not summary.all_chosen:
        begins = "Where no lag was chosen, from" if summary.chosen_frames else "From"
        to_flip = stages["age_at_flip_ms"].median - stages["sample_to_published_ms"].median
        said += (
            f" {begins} the newest sample to the published value it took "
            f"{figures('sample_to_published_ms')}, from there to the flip {to_flip:.1f} ms, so "
            f"that the newest sample was {figures('age_at_flip_ms')} old at the flip and the "
            f"feedback showed the brain signal of {figures('total_ms')} before."
        )
        if summary.clock_note is not None:
            said += (
                " The amplifier's own delay is not known and comes on top, as its stamps do "
                "not tell when samples were taken."
            )
    dropped = "How many frames were dropped is not known."
    if summary.dropped is not None and summary.due is not None:
        share = percent(summary.dropped / max(1, summary.due))
        dropped = f"Of {summary.due} frames due {summary.dropped} were dropped ({share})."
    own = "The display's own delay from flip to light is not included."
    return " ".join([said, *chosen, dropped, own])


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
