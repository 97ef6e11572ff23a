"""A session's lag in words: what dominated, and the paragraph for a methods section."""

from __future__ import annotations

from typing import Any

from psychopy_nfb import __version__
from psychopy_nfb.report.lag_figure import WAY
from psychopy_nfb.timing import LagSummary
from psychopy_nfb.timing.lag import STAGES


def what_dominated(summary: LagSummary) -> str:
    """Return in a sentence which part of the lag is the largest, and what would shorten it."""
    parts = {"filter_delay_ms": "the filter's declared delay"}
    parts |= {name: STAGES[name][2] for name in WAY}
    remedies = {
        "filter_delay_ms": "a filter with a shorter delay, or a wider band, would shorten it",
        "sample_to_received_ms": "smaller chunks or less buffering in the amplifier's program "
        "would shorten it",
        "received_to_published_ms": "fewer channels or steps in the pipeline would shorten it",
        "published_to_read_ms": "late reading (late_read=True) would shorten it",
        "read_to_flip_ms": "late reading (late_read=True), or less drawing after update(), would "
        "shorten it",
    }
    medians = {name: summary.stages[name].median for name in parts}
    largest = max(medians, key=lambda name: medians[name])
    total = summary.stages["total_ms"].median
    return (
        f"Most of the lag is {parts[largest]}: {medians[largest]:.1f} of {total:.1f} ms "
        f"({100 * medians[largest] / total:.0f} %); {remedies[largest]}."
    )


def frames_sentence(summary: LagSummary) -> str:
    """Return how many frames were shown and dropped."""
    share = 100 * summary.dropped / max(1, summary.frames + summary.dropped)
    return (
        f"{summary.frames} frames at {summary.frame_rate:.2f} Hz; {summary.dropped} dropped "
        f"({share:.2f} %); {summary.stale_frames} showed a value whose sample was older than 0.1 s "
        f"when it was read; {summary.frames_without_value} came before the first value."
    )


def clock_sentence(settings: dict[str, Any]) -> str:
    """Return what is known of the clocks: PsychoPy's, LSL's and the amplifier's."""
    parts = []
    clock = settings.get("clock") or {}
    if "uncertainty" in clock:
        parts.append(
            f"PsychoPy's clock was mapped onto LSL's to within {1e6 * clock['uncertainty']:.1f} us"
        )
    stream = settings.get("stream") or {}
    if "clock_corrected" in stream:
        parts.append(
            "the stream's stamps, of another computer, were corrected by LSL's clock offsets"
            if stream["clock_corrected"]
            else "the stream came from this computer, whose stamps need no correction"
        )
    continuity = settings.get("continuity") or {}
    if continuity.get("drift_ppm") is not None:
        parts.append(
            f"the amplifier ran at {continuity['effective_rate']:.4f} Hz "
            f"({continuity['drift_ppm']:+.1f} ppm)"
        )
    if continuity.get("n_gaps") is not None:
        parts.append(
            f"{continuity['n_gaps']} gaps lost {continuity['lost_seconds']:.2f} s of the stream"
        )
    return _sentence("; ".join(parts)) if parts else "Nothing is recorded of the clocks."


def methods_paragraph(summary: LagSummary, settings: dict[str, Any]) -> str:
    """Return a paragraph for a paper; figures as median and 95th percentile.

    Parameters
    ----------
    summary : LagSummary
        Of the session.
    settings : dict
        The session's settings file.
    """
    stages, stream = summary.stages, settings.get("stream") or {}
    packages = (settings.get("machine") or {}).get("packages") or {}
    display, late = settings.get("display") or {}, settings.get("late_read") or {}

    def figures(name: str) -> str:
        return f"{stages[name].median:.1f} ms (95th percentile {stages[name].p95:.1f} ms)"

    paced = display.get("paced_hz")
    refresh = (
        f"flips were paced to {paced:g} Hz by the program, as the display had no vertical sync"
        if paced
        else f"flips waited for the display's vertical sync at {summary.frame_rate:.2f} Hz"
    )
    reading = (
        "as late before each flip as drawing allowed" if late.get("active") else "once a frame"
    )
    to_flip = stages["age_at_flip_ms"].median - stages["sample_to_published_ms"].median
    return (
        f"Feedback was computed with psychopy_nfb {__version__} in a process of its own from "
        f"{len(stream.get('labels', [])) or 'the'} channels at "
        f"{stream.get('rate', float('nan')):g} Hz received over "
        f"LabStreamingLayer, and shown with PsychoPy {packages.get('psychopy', '')}; the value was "
        f"read {reading}, and {refresh}. The signal processing delayed the rhythm by "
        f"{stages['filter_delay_ms'].median:.1f} ms. From the newest sample to the published value "
        f"it took {figures('sample_to_published_ms')}, from there to the flip "
        f"{to_flip:.1f} ms, so that "
        f"the newest sample was {figures('age_at_flip_ms')} old at the flip and the feedback "
        f"showed the brain signal of {figures('total_ms')} before. Of {summary.frames} frames "
        f"{summary.dropped} were dropped. The display's own delay from flip to light comes on top."
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
