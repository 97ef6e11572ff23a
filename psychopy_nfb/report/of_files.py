"""Files of a session that are missing, or whose end is missing though the session was closed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from psychopy_nfb.report.finding import Finding
from psychopy_nfb.report.numbers import seconds
from psychopy_nfb.report.session_data import SessionData

BESIDE = "Look whether it was moved or renamed, and put it beside the session's other files."
COPY = "Copy it once more from where the session was recorded."
ENOUGH_SECONDS = 2.0
"""Files of a session that is closed end within less than this of each other."""


def of_files(data: SessionData) -> Iterator[Finding]:
    """Yield each file of a closed session that is not there, or of which the end is missing.

    What a session that was cut off, or could no longer be written, lacks is told elsewhere.
    """
    files = data.files
    for path, what in (
        (files.events, "its blocks, marks and faults are not known"),
        (files.eeg, "the EEG and the training's outcome are not known"),
        (files.settings, "its settings are not known"),
    ):
        if not Path(path).exists():
            told = f"The file {Path(path).name} is not there: {what}."
            yield Finding(0.9, True, told, BESIDE)
    if "late_read" not in data.settings or files.rest.exists() or not len(data.frames):
        return
    signals, frames = data.signals, data.frames
    if signals is not None and "sample" in frames and len(frames["sample"].dropna()):
        later = signals.t.iloc[-1] + ENOUGH_SECONDS < frames.t_sample.max()
        if later and signals["sample"].iloc[-1] < frames["sample"].max():
            lacks = frames.t_sample.max() - signals.t.iloc[-1]
            told = f"The recording {files.eeg.name} ends {seconds(lacks)} before the frame log does"
            yield Finding(0.9, True, f"{told}: its end is missing.", COPY)
    ends = max((block.end for block in data.trained), default=0.0)
    lacks = ends - frames.t_flip.iloc[-1]
    if lacks > ENOUGH_SECONDS:
        yield Finding(
            min(1.0, lacks / max(1.0, sum(block.seconds for block in data.trained))),
            True,
            f"The frame log ends {seconds(lacks)} before the last block with feedback does.",
            f"If the participant saw feedback until then, the end of {Path(files.frames).name} is "
            "missing: copy it once more from where the session was recorded. Else see what in the "
            "script ended the frames before the block.",
        )
