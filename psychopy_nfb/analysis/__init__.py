"""Afterwards, as numbers: lag, frames and stalls, and what the training came to.

- `lag`: each stage of the way of a sample, summarised; frames that were missed;
- `session_blocks`: a session's blocks; `learning`: what each came to; `slopes`: how that changes
  over blocks and sessions;
- `group_model`: how it changes in the group, by a mixed model;
- `contingencies`: how far what was shown depended on the person;
- `blinding`: whether people could tell their arm;
- `frames`: missed frames, order of the stamps, hits and when they showed;
- `chosen_lag`: whether frames had the lag that was wanted of them.
"""

from psychopy_nfb.analysis.blinding import BlindingIndex, bang_index, james_index
from psychopy_nfb.analysis.chosen_lag import HeldSummary, held_summary, wanted_lags
from psychopy_nfb.analysis.contingencies import contingency
from psychopy_nfb.analysis.frames import frame_stalls, hit_to_display, out_of_order
from psychopy_nfb.analysis.group_model import mixed_model
from psychopy_nfb.analysis.lag import LagSummary, StageSummary, lag_summary
from psychopy_nfb.analysis.learning import learning_table
from psychopy_nfb.analysis.slopes import between_sessions, within_sessions

__all__ = [
    "BlindingIndex",
    "between_sessions",
    "learning_table",
    "mixed_model",
    "within_sessions",
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
