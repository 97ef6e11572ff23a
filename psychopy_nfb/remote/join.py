"""Frames that were lost on their way to the amplifier's computer, added to its files."""

from __future__ import annotations

import os
from typing import Any

import pandas as pd

from psychopy_nfb.errors import FileError
from psychopy_nfb.reading import read_table
from psychopy_nfb.recording import FRAME_COLUMNS, SessionFiles
from psychopy_nfb.recording.names import recorded_session
from psychopy_nfb.recording.open_files import add_frames
from psychopy_nfb.recording.settings_file import SessionRecord
from psychopy_nfb.recording.tables import TEXT_COLUMNS, holds_numbers
from psychopy_nfb.recording.text import text_of_cell
from psychopy_nfb.remote.other_clock import OtherClock

TIMES = tuple(name for name in FRAME_COLUMNS if name.startswith("t_"))


def join(screen: str | os.PathLike[str], eeg: str | os.PathLike[str]) -> int:
    """Add the frames that only the screen's computer has to the session with the EEG.

    Parameters
    ----------
    screen, eeg : path
        Any file of the session from the screen's and from the amplifier's computer. Those of the
        amplifier's are completed in their place.

    Returns
    -------
    int
        How many frames were added; 0 if there were none missing.

    Raises
    ------
    FileError
        If a file cannot be read or written, or they are not of one session.
    """
    here, there = recorded_session(screen, "settings"), recorded_session(eeg, "settings")
    own = _remote(here)
    record = SessionRecord.load(there.settings)
    if _remote(there)["session"] != own["session"]:
        raise FileError(
            "eeg",
            str(there.stem),
            f"is of another session than {here.stem}; name files of one session",
        )
    if not there.eeg.exists():
        raise FileError("eeg", str(there.stem), "has no EEG; name the screen's files first")
    frames = read_table(
        here.frames,
        numbers=("frame", "t_flip"),
        numbers_if_there=holds_numbers,
        whole_rows=True,
    )
    names = [name for name in frames.columns if name not in FRAME_COLUMNS]
    clock = OtherClock.of_facts(own["clock"])
    for name in TIMES:
        frames[name] = frames[name].map(clock.to_there)
    rows = [_row(row) for row in frames[[*FRAME_COLUMNS, *names]].to_dict("records")]
    added = add_frames(there, names, rows)
    remote = {**record.content["remote"], "frames_joined": added}
    record.update(remote=remote)
    return added


def _remote(files: SessionFiles) -> dict[str, Any]:
    """Return what a session's settings file says of the other computer."""
    remote = SessionRecord.load(files.settings).content.get("remote")
    if not isinstance(remote, dict) or not {"session", "clock"} <= remote.keys():
        raise FileError(
            "session", str(files.stem), "was recorded on one computer; there is nothing to join"
        )
    return remote


def _row(cells: dict[str, Any]) -> tuple[Any, ...]:
    """Return a row of the frame log as `FrameLog` takes it."""
    return tuple(_text(cell) if name in TEXT_COLUMNS else cell for name, cell in cells.items())


def _text(cell: object) -> str:
    return "" if pd.isna(cell) else text_of_cell(str(cell))
