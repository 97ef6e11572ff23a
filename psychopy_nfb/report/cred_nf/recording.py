"""What the checklist needs of a recording, so that not all of them are in memory at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psychopy_nfb.analysis import lag_summary
from psychopy_nfb.analysis.learning import first_signal

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
    """Median age of the brain signal at the flip; NaN without frames."""
    direction: str
    """Which way was trained, ``"up"`` or ``"down"``."""

    @classmethod
    def of(cls, session: Session) -> Recording:
        """Return what is needed of a session."""
        return cls(
            files=session.files,
            settings=session.settings,
            events=session.events,
            channels=len(session.eeg.labels),
            rate=session.eeg.rate,
            samples=len(session.signals),
            frames=len(session.frames),
            columns=list(session.frames.columns),
            lag_ms=lag_summary(session.frames, session.settings).stages["total_ms"].median,
            direction=first_signal(session)[1].get("direction", "up"),
        )
