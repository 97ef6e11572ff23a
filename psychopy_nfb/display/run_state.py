"""What PsychoPy's generated scripts note of each component."""

from __future__ import annotations


class RunState:
    """Whether it runs, and when it began and ended; set by the script, never read here."""

    status: int = 0  # psychopy.constants.NOT_STARTED
    tStart: float | None = None
    tStop: float | None = None
    tStartRefresh: float | None = None
    tStopRefresh: float | None = None
    frameNStart: int | None = None
    frameNStop: int | None = None
