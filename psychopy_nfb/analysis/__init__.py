"""Afterwards: what a frame log says about lag, frames and stalls.

- `lag`: each stage of the way of a sample, summarised; frames that were missed;
- `frames`: missed frames, order of the stamps, hits and when they showed.
"""

from psychopy_nfb.analysis.frames import frame_stalls, hit_to_display, out_of_order
from psychopy_nfb.analysis.lag import LagSummary, StageSummary, lag_summary

__all__ = [
    "LagSummary",
    "StageSummary",
    "frame_stalls",
    "hit_to_display",
    "lag_summary",
    "out_of_order",
]
