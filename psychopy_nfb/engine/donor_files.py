"""Recorded blocks that are shown in place of the own feedback, kept in a file of the session.

The background process, its successors and reruns read this file: none of them needs the recorded
session again.
"""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.protocol import ShownSource
from psychopy_nfb.protocol.shown import Extract, FeedbackSeries, FromSession, Replay
from psychopy_nfb.protocol.shown.recorded import THIS
from psychopy_nfb.protocol.shown.series import FEEDBACK
from psychopy_nfb.reading import reading

Donors = dict[str, list[FeedbackSeries | Extract]]
"""Recorded blocks by the name of the source that shows them, in the order of their turns."""


def write_donors(donors: Donors, path: str | os.PathLike[str]) -> None:
    """Write recorded blocks to a file of the session.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    arrays: dict[str, np.ndarray] = {}
    for name, series in donors.items():
        for number, one in enumerate(series):
            kept: Mapping[str, Any] = (
                {"values": one.values, "rate": one.rate}
                if isinstance(one, FeedbackSeries)
                else vars(one) | {"labels": np.array(one.labels, dtype=str)}
            )
            for what, value in kept.items():
                arrays[f"{name}/{number}/{what}"] = np.asarray(value)
    try:
        with open(path, "wb") as file:
            np.savez_compressed(file, **arrays)
    except OSError as error:
        raise FileError("file", os.fspath(path), f"cannot be written: {cause(error)}") from None


def keep_donors(donors: Donors, path: Path | None) -> str | None:
    """Write recorded blocks for the background process; return the file, None for no blocks.

    Parameters
    ----------
    donors : dict
        What `read_donors` has read.
    path : Path or None
        The session's file; None for a session that keeps nothing: then it is a temporary one that
        goes with this process.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    if not donors:
        return None
    if path is None:
        handle, name = tempfile.mkstemp(prefix="psychopy_nfb_shown_", suffix=".npz")
        os.close(handle)
        atexit.register(Path(name).unlink, missing_ok=True)
        path = Path(name)
    write_donors(donors, path)
    return str(path)


def load_donors(path: str | os.PathLike[str]) -> Donors:
    """Read what `write_donors` has written.

    Raises
    ------
    FileError
        If the file is missing or damaged.
    """
    if not Path(path).is_file():
        raise FileError(
            "file",
            os.fspath(path),
            "does not exist; it holds what was shown of a recorded session, and belongs beside the "
            "session's other files",
        )
    donors: Donors = {}
    with reading(path, what="as recorded blocks"), np.load(path, allow_pickle=False) as arrays:
        parts: dict[tuple[str, int], dict[str, Any]] = {}
        for key in arrays.files:
            name, number, what = key.split("/")
            parts.setdefault((name, int(number)), {})[what] = arrays[key]
        for (name, _), kept in sorted(parts.items(), key=lambda item: item[0]):
            donors.setdefault(name, []).append(_built(kept))
    return donors


def _built(kept: dict[str, Any]) -> FeedbackSeries | Extract:
    rate = float(kept["rate"])
    if "values" in kept:
        return FeedbackSeries(kept["values"].reshape(-1, len(FEEDBACK)), rate)
    labels = tuple(str(label) for label in kept["labels"])
    breaks = tuple(kept.get("breaks", np.empty(0, int)).tolist())  # earlier files have none
    return Extract(kept["samples"], kept["scales"], labels, rate, int(kept["lead"]), breaks)


def folder_for_blocks(sources: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return a new folder for blocks of this session that are shown again; None if none is.

    Parameters
    ----------
    sources : mapping
        The ``shown`` of a configuration, as JSON knows it.
    """
    if not any(one.get("session") == THIS for one in sources.values()):
        return None
    return tempfile.mkdtemp(prefix="psychopy_nfb_blocks_")


def needed(sources: Mapping[str, ShownSource]) -> dict[str, FromSession]:
    """Return the sources that show blocks of recorded sessions, by name."""
    return {
        name: source
        for name, source in sources.items()
        if isinstance(source, FromSession) and name not in of_this_session(sources)
    }


def of_this_session(sources: Mapping[str, ShownSource]) -> dict[str, Replay]:
    """Return the sources that show earlier blocks of the session that runs, by name."""
    return {
        name: source
        for name, source in sources.items()
        if isinstance(source, Replay) and source.of_this_session
    }
