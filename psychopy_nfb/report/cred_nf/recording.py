"""What the checklist needs of a recording, so that not all of them are in memory at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from psychopy_nfb.analysis import HeldSummary, held_summary, lag_summary
from psychopy_nfb.analysis.learning import first_signal
from psychopy_nfb.display.held_lag import USUAL_FRAME

if TYPE_CHECKING:
    import pandas as pd

    from psychopy_nfb.recording import Session, SessionFiles


@dataclass(frozen=True)
class Recording:
    """A session without its samples and frames."""

    files: SessionFiles
    settings: dict[str, Any]
    events: pd.DataFrame
    channels: int
    """Of the EEG."""
    rate: float
    """Of the EEG, in Hz."""
    samples: int
    """Values that were computed."""
    frames: int
    """Frames that were displayed."""
    columns: list[str]
    """Of the frame log."""
    lag_ms: float
    """Median age of the brain signal at the flip, where no lag was chosen; NaN if it is not known.
    """
    held: HeldSummary
    """Of the frames whose lag was chosen."""
    direction: str
    """Which way was trained, ``"up"`` or ``"down"``."""

    @classmethod
    def of(cls, session: Session) -> Recording:
        """Return what is needed of a session."""
        frames, settings = session.frames, session.settings
        summary = lag_summary(frames, settings)
        within = (settings.get("display") or {}).get("frame_period") or USUAL_FRAME
        return cls(
            files=session.files,
            settings=settings,
            events=session.events,
            channels=len(session.eeg.labels),
            rate=session.eeg.rate,
            samples=len(session.signals),
            frames=len(frames),
            columns=list(frames.columns),
            lag_ms=np.nan if summary.all_chosen else summary.stages["total_ms"].median,
            held=held_summary(frames, within),
            direction=first_signal(session)[1].get("direction", "up"),
        )
