"""Afterwards: what a frame log says about lag, frames and stalls.

- `lag`: each stage of the way of a sample, summarised; frames that were missed;
- `contingencies`: how far what was shown depended on the person;
- `blinding`: whether people could tell their arm;
- `frames`: missed frames, order of the stamps, hits and when they showed;
- `chosen_lag`: whether frames had the lag that was wanted of them.
"""

from psychopy_nfb.analysis.blinding import BlindingIndex, bang_index, james_index
from psychopy_nfb.analysis.chosen_lag import HeldSummary, held_summary, wanted_lags
from psychopy_nfb.analysis.contingencies import contingency
from psychopy_nfb.analysis.frames import frame_stalls, hit_to_display, out_of_order
from psychopy_nfb.analysis.lag import LagSummary, StageSummary, lag_summary

__all__ = [
    "BlindingIndex",
    "HeldSummary",
    "LagSummary",
    "StageSummary",
    "bang_index",
    "contingency",
    "frame_stalls",
    "held_summary",
    "hit_to_display",
    "james_index",
    "lag_summary",
    "out_of_order",
    "wanted_lags",
]
