"""Frames that were lost on their way to the amplifier's computer, added to its files."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from psychopy_nfb.errors import FileError, listed
from psychopy_nfb.reading import read_table
from psychopy_nfb.recording import FRAME_COLUMNS, SessionFiles
from psychopy_nfb.recording.names import recorded_session
from psychopy_nfb.recording.open_files import AddedFrames, add_frames
from psychopy_nfb.recording.read import read_events
from psychopy_nfb.recording.settings_file import SessionRecord
from psychopy_nfb.recording.tables import TEXT_COLUMNS, holds_numbers
from psychopy_nfb.recording.text import text_of_cell
from psychopy_nfb.remote.other_clock import OtherClock

TIMES = tuple(name for name in FRAME_COLUMNS if name.startswith("t_"))
LEAST_SECONDS = 0.5
"""From the end of the EEG to the last frame, below which nothing is missing: both end at about the
same time."""


@dataclass(frozen=True)
class Joined:
    """What came of joining, and what cannot be joined because nobody recorded it.

    Examples
    --------
    >>> done = Joined(files=SessionFiles("run-01"), added=3, absent=0, ended=True, unnoted=())
    >>> print(done)
    run-01: 3 frames were added; it is complete now.
    """

    files: SessionFiles
    """Of the amplifier's computer."""
    added: int
    """Frames that were added now."""
    absent: int
    """Frames of the screen's log that are still not in the other one."""
    ended: bool
    """Whether the session came to its end on the amplifier's computer."""
    unnoted: tuple[str, ...]
    """Marks of frames that are no events, as the worker did not get them."""
    frames_without_eeg: int = 0
    """Frames that were shown after the EEG ended."""
    seconds_without_eeg: float = 0.0
    """From the end of the EEG to the last frame; NaN if there is no EEG at all."""

    def missing(self) -> Iterator[str]:
        """Yield in a sentence each what is missing."""
        if self.frames_without_eeg:
            ends = f"the EEG ends {self.seconds_without_eeg:.1f} s before the last frame"
            if math.isnan(self.seconds_without_eeg):
                ends = "there is no EEG"
            yield f"{ends}: {self.frames_without_eeg} frames were shown without it"
        if self.unnoted:
            marks = listed(f"'{mark}'" for mark in self.unnoted)
            yield f"the worker did not get these marks, which are in the frame log only: {marks}"
        if self.absent:
            yield (
                f"{self.absent} frames before the last one that the worker got are only in the "
                "files of the screen's computer"
            )
        if not self.ended:
            yield (
                "the session has no end on the amplifier's computer: it was switched off, or the "
                "session still runs there; if so, join again after its end"
            )

    def __str__(self) -> str:
        missing = list(self.missing())
        begin = f"{self.files.stem}: {self.added} frames were added"
        if not missing:
            return f"{begin}; it is complete now."
        return "\n".join([f"{begin}. What is missing:", *(f"- {one}." for one in missing)])


def join(screen: str | os.PathLike[str], eeg: str | os.PathLike[str]) -> Joined:
    """Add the frames that only the screen's computer has to the session with the EEG.

    Parameters
    ----------
    screen, eeg : path
        Any file of the session from the screen's and from the amplifier's computer. Those of the
        amplifier's are completed in their place.

    Returns
    -------
    Joined
        How many frames were added, and what is still missing.

    Raises
    ------
    FileError
        If a file cannot be read or written, or they are not of one session.
    """
    here, there = recorded_session(screen, "settings"), recorded_session(eeg, "settings")
    own, record = _remote(here), SessionRecord.load(there.settings)
    known = _remote(there)
    if known["session"] != own["session"]:
        raise FileError(
            "eeg",
            str(there.stem),
            f"is of another session than {here.stem}; name files of one session",
        )
    if not there.eeg.exists():
        raise FileError("eeg", str(there.stem), "has no EEG; name the screen's files first")
    frames = _frames(here)
    names = [name for name in frames.columns if name not in FRAME_COLUMNS]
    clock = max(own["clock"], known["clock"], key=lambda facts: facts["t"])
    to_there = OtherClock.of_facts(clock).to_there
    for name in TIMES:
        frames[name] = frames[name].map(to_there)
    rows = [_row(row) for row in frames[[*FRAME_COLUMNS, *names]].to_dict("records")]
    added = add_frames(there, names, rows)
    joined = known.get("frames_joined", 0) + added.n
    record.update(remote={**known, "clock": clock, "frames_joined": joined})
    return _compared(frames, there, added, "ended" in record.content)


def _frames(files: SessionFiles) -> pd.DataFrame:
    return read_table(
        files.frames,
        numbers=("frame", "t_flip"),
        numbers_if_there=holds_numbers,
        whole_rows=True,
        keep_default_na=False,  # a mark may be called "NA"
        na_values=[""],
    )


def _compared(frames: pd.DataFrame, there: SessionFiles, added: AddedFrames, ended: bool) -> Joined:
    """Return what of the screen's `frames` the amplifier's computer has now, and what it lacks."""
    events = read_events(there.events)
    noted = Counter(events.value[events.trial_type == "mark"])
    marks = Counter(frames["mark"].dropna().map(_text))
    late = frames.t_flip - (math.nan if added.eeg_until is None else added.eeg_until)
    enough = late.max() < LEAST_SECONDS
    return Joined(
        files=there,
        added=added.n,
        absent=int((~frames.frame.isin(_frames(there).frame)).sum()),
        ended=ended,
        unnoted=tuple((marks - noted).elements()),
        frames_without_eeg=0 if enough else int((~(late <= 0)).sum()),
        seconds_without_eeg=float(late.max()),
    )


def _remote(files: SessionFiles) -> dict[str, Any]:
    """Return what a session's settings file says of the other computer.

    Raises
    ------
    FileError
        If there was none, or its clock is not known.
    """
    remote = SessionRecord.load(files.settings).content.get("remote")
    if not isinstance(remote, dict) or not {"session", "clock"} <= remote.keys():
        raise FileError(
            "session", str(files.stem), "was recorded on one computer; there is nothing to join"
        )
    try:
        OtherClock.of_facts(remote["clock"]).to_there(remote["clock"]["t"])
    except (LookupError, TypeError):
        raise FileError(
            "session",
            str(files.stem),
            "does not say how the clocks of both computers differ (section remote of its settings "
            "file); frames cannot be added without it",
        ) from None
    return remote


def _row(cells: dict[str, Any]) -> tuple[Any, ...]:
    """Return a row of the frame log as `FrameLog` takes it."""
    return tuple(_text(cell) if name in TEXT_COLUMNS else cell for name, cell in cells.items())


def _text(cell: object) -> str:
    return "" if pd.isna(cell) else text_of_cell(str(cell))
