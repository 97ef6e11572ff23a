"""What was sealed of a session, after unblinding: kept beside its files, and read with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.reading import reading
from psychopy_nfb.recording.blinding import OPENED
from psychopy_nfb.recording.names import SessionFiles
from psychopy_nfb.recording.sealed_file import Opened

if TYPE_CHECKING:
    import pandas as pd

SECTIONS = ("configuration_at_start", "configuration", "configuration_at_restart")


def write_opened(opened: Opened, files: SessionFiles) -> None:
    """Keep what was opened beside the session's files, which stay as they are.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    texts = {
        "facts": opened.facts,
        "names": opened.names,
        "frame_names": opened.frame_names,
        "events": opened.events,
    }
    try:
        with open(files.opened, "wb") as file:
            np.savez_compressed(
                file,
                signals=opened.signals,
                frames=opened.frames,
                **{name: np.array(json.dumps(content)) for name, content in texts.items()},
            )
        if opened.donors:
            files.shown.write_bytes(opened.donors)
    except OSError as error:
        raise FileError("file", str(files.opened), f"cannot be written: {cause(error)}") from None


class OpenedSession:
    """What was sealed of a session, to be laid beside what was not.

    Parameters
    ----------
    files : SessionFiles
        The session's.

    Raises
    ------
    FileError
        If the file is damaged.
    """

    def __init__(self, files: SessionFiles):
        with (
            reading(files.opened, what="as what was sealed of a session"),
            np.load(files.opened, allow_pickle=False) as arrays,
        ):
            self._signals, self._frames = arrays["signals"], arrays["frames"]
            self._names = json.loads(str(arrays["names"]))
            self._frame_names = json.loads(str(arrays["frame_names"]))
            self._events = json.loads(str(arrays["events"]))
            self.facts: dict[str, Any] = json.loads(str(arrays["facts"]))

    def signals(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the signals with what was shown."""
        hidden = _frame(self._signals, "sample", self._names)
        return _beside(table, hidden, "sample")

    def frames(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the frame log with what was shown."""
        hidden = _frame(self._frames, "frame", self._frame_names)
        left = table.drop(columns=[name for name in self._frame_names if name in table.columns])
        more = [name for name in self._frame_names if name not in table.columns]
        return _beside(left, hidden, "frame")[[*table.columns, *more]]

    def events(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the events with those that were sealed, and with their whole details."""
        import pandas as pd

        details = table.detail.copy()
        whole = []
        for entry in self._events:
            if "adds" not in entry:
                detail = json.dumps(entry["detail"]) if entry["detail"] else None
                onset = round(entry["onset"], 6)  # as in the table, for the order
                whole.append({**entry, "onset": onset, "detail": detail})
                continue
            same = (table.trial_type == entry["trial_type"]) & (table["sample"] == entry["sample"])
            near = same & ((table.t - entry["t"]).abs() < 1e-5)
            for place in table.index[near]:
                text = details[place] if isinstance(details[place], str) else "{}"
                details[place] = json.dumps(_with(json.loads(text), entry["adds"]))
        table = table.assign(detail=details)
        if whole:
            added = pd.DataFrame(whole).reindex(columns=table.columns)
            table = pd.concat([table, added.astype(object)], ignore_index=True)
            numbers = ["onset", "duration", "sample", "t"]
            table[numbers] = table[numbers].astype(float)
        return table.sort_values("onset", kind="stable", ignore_index=True)

    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return the settings with the sources that could be shown, and who was shown which."""
        sources = self.facts.get("sources", {})
        settings = {**settings, OPENED: self.facts}
        for name in SECTIONS:
            section = settings.get(name)
            if section is None:
                continue
            if name == "configuration_at_restart":
                whole = {key: {**one, "shown": sources} for key, one in section.items()}
                settings[name] = whole
            else:
                settings[name] = {**section, "shown": sources}
        return settings


def _frame(rows: np.ndarray, number: str, names: list[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=[number, *names])


def _beside(table: pd.DataFrame, hidden: pd.DataFrame, number: str) -> pd.DataFrame:
    """Return a table with more columns, row by row of the same number."""
    hidden = hidden.drop_duplicates(number, keep="last").set_index(number)
    return table.join(hidden, on=number)


def _with(detail: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return a detail with what was left out of it, also within its thresholds."""
    whole = {**detail, **more}
    if isinstance(detail.get("thresholds"), dict) and "thresholds" in more:
        whole["thresholds"] = {**detail["thresholds"], **more["thresholds"]}
    return whole
