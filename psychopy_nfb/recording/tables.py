"""The tables that pandas reads: frames and events, appended row by row."""

from __future__ import annotations

import csv
import json
import logging
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.protocol import (
    REWARD_VALUES,
    SHOWN,
    SIGNAL_VALUES,
    shown_names,
    value_name,
)
from psychopy_nfb.reading import length_of_whole_rows
from psychopy_nfb.recording.abandon import abandon_file
from psychopy_nfb.recording.text import LONGEST_TEXT, NOT_AVAILABLE, cell_text, safe_text

if TYPE_CHECKING:
    import pandas as pd

logger: logging.Logger = logging.getLogger(__name__)


class FrameFields(NamedTuple):
    """What is known of a displayed frame beside the values; all times on LSL's clock, in seconds.

    Marks and blocks have numbers here; the log has their texts.
    """

    frame: int
    t_sample: float
    t_received: float
    t_published: float
    t_arrived: float
    t_read: float
    t_flip: float
    seq: int
    sample: int
    delay: float
    wanted_lag: float
    flags: int
    interval: float
    dropped: int
    patch: float
    shown: float
    mark: int
    block: int


FRAME_COLUMNS = FrameFields._fields
"""Columns of the frame log that every session has; those of the values follow."""

TEXT_COLUMNS = ("mark", "block")
"""Those that hold texts; all others hold numbers."""


def holds_numbers(column: str) -> bool:
    """Return whether a column of the frame log holds numbers: one of ours that is no text.

    Examples
    --------
    >>> holds_numbers("t_flip"), holds_numbers("alpha_z"), holds_numbers("mark")
    (True, True, False)
    """
    ours = {*FRAME_COLUMNS, *SIGNAL_VALUES, *REWARD_VALUES, *shown_names()} - {*TEXT_COLUMNS}
    return column in ours or column.rpartition("_")[2] in SIGNAL_VALUES


def given(table: pd.DataFrame, what: str) -> pd.Series:
    """Return a column of the reward that the participant was given, of frames or of samples.

    Parameters
    ----------
    table : DataFrame
        ``frames`` or ``signals`` of a session.
    what : str
        One of ``reward``, ``score``, ``hits`` and ``rewards``: of what was shown, where something
        else than the own feedback could be; else the own one.
    """
    shown = value_name(SHOWN, what)
    return table[shown if shown in table.columns else what]


EVENT_COLUMNS = ("onset", "duration", "trial_type", "value", "sample", "t", "detail", "command")
"""Columns of the events: onset and duration in seconds from the first sample, after BIDS."""

_TIMES = {name for name in FRAME_COLUMNS if name.startswith("t_")}
_TIMES |= {"interval", "delay", "wanted_lag"}


class _Table:
    """A delimited text file that is only ever added to.

    Raises
    ------
    FileError
        If the file cannot be written.
    """

    def __init__(
        self, path: str | os.PathLike[str], columns: Sequence[str], delimiter: str, append: bool
    ):
        self.path: Path = Path(path)
        try:
            if append and self.path.exists():
                _cut_torn_row(self.path, delimiter)
            # Text in cells may hold line breaks: newlines are the tables' own matter. They quote
            # both kinds, as readers take a bare one of either for a row's end.
            self._file: TextIO = open(
                self.path, "a" if append else "x", encoding="utf-8", newline=""
            )
        except OSError as error:
            raise FileError("file", str(path), f"cannot be written: {cause(error)}") from None
        if self.path.stat().st_size == 0:
            self._file.write(delimiter.join(columns) + "\r\n")
            self._file.flush()

    def flush(self) -> None:
        """Hand all rows to the operating system."""
        self._file.flush()

    def abandon(self, size: int) -> None:
        """Close the file with its first `size` bytes, where it can no longer be written."""
        abandon_file(self._file, size)

    def close(self) -> None:
        """Close the file. Harmless when called again."""
        self._file.close()


class FrameLog(_Table):
    """The frame log, ``…_frames.csv``.

    Parameters
    ----------
    path : path
        The file.
    value_names : sequence of str
        Names of the feedback's values.
    append : bool
        Go on with a file that another process left, after its last whole row.

    Attributes
    ----------
    columns : tuple of str
        `FRAME_COLUMNS`, then the values.
    last_frame : int
        Number of the last frame written; -1 before the first.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        value_names: Sequence[str],
        append: bool = False,
    ):
        self.columns: tuple[str, ...] = (*FRAME_COLUMNS, *value_names)
        super().__init__(path, self.columns, ",", append)
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        self.last_frame: int = _last_number(Path(path)) if append else -1

    def write(self, rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Write rows in the order of `columns`; return those that were not there yet."""
        new = [row for row in rows if row[0] > self.last_frame]
        for row in new:
            self._writer.writerow(map(_cell, self.columns, row))
        if new:
            self.last_frame = int(new[-1][0])
        return new


class EventLog(_Table):
    """The events, ``…_events.tsv``: appended as they become known, in order of onset once closed.

    A cell is quoted only where it must be, so that JSON stands in it as it is, for readers of TSV
    that know no quotes (MNE-BIDS) as for those that do (pandas, R, Excel).

    Parameters
    ----------
    path : path
        The file.
    append : bool
        Go on with a file that another process left.
    """

    def __init__(self, path: str | os.PathLike[str], append: bool = False):
        super().__init__(path, EVENT_COLUMNS, "\t", append)
        self._commands = _command_numbers(Path(path)) if append else set()
        self._last_onset = -math.inf
        self._in_order = not append  # what is there already may not be

    def write(
        self,
        onset: float,
        duration: float,
        trial_type: str,
        value: str | None,
        sample: int,
        t: float,
        detail: dict[str, Any] | None,
        command: int | None = None,
    ) -> None:
        """Write one event; that of a `command` whose number is there already is passed over."""
        if command is not None:
            if command in self._commands:
                return
            self._commands.add(command)
        self._in_order = self._in_order and onset >= self._last_onset
        self._last_onset = onset
        cells = (
            f"{onset:.6f}",
            f"{duration:.6f}",
            cell_text(trial_type),
            cell_text(value) if value else NOT_AVAILABLE,
            str(sample),
            f"{t:.6f}",
            NOT_AVAILABLE if detail is None else _json_cell(detail),
            NOT_AVAILABLE if command is None else str(command),
        )
        self._file.write("\t".join(map(_tsv_cell, cells)) + "\r\n")

    def close(self) -> None:
        """Put the rows in order of onset and close the file. Harmless when called again."""
        if self._file.closed:
            return
        super().close()
        if not self._in_order:
            try:
                _sort_rows(self.path)
            except OSError as error:  # read_session sorts them too
                logger.warning("%s stays in the order of writing: %s", self.path.name, error)


def _json_cell(detail: dict[str, Any]) -> str:
    text = json.dumps(detail, default=str)
    return text if len(text) <= LONGEST_TEXT else json.dumps({"too_long": len(text)})


def _tsv_cell(text: str) -> str:
    text = safe_text(text)
    if text.startswith('"') or any(mark in text for mark in "\t\r\n"):
        return '"' + text.replace('"', '""') + '"'
    return text


def _sort_rows(path: Path) -> None:
    """Write the file anew in order of onset, those of the same moment as they came."""
    with open(path, encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t")
    rows.sort(key=lambda row: float(row[0]))
    draft = path.with_name(path.name + ".part")
    try:
        with open(draft, "w", encoding="utf-8", newline="") as file:
            for row in (header, *rows):
                file.write("\t".join(_tsv_cell(cell or NOT_AVAILABLE) for cell in row) + "\r\n")
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _cell(column: str, value: object) -> object:
    if isinstance(value, str):
        return cell_text(value)
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return f"{value:.6f}" if column in _TIMES else f"{value:.9g}"
    return value


def _cut_torn_row(path: Path, delimiter: str) -> None:
    """Cut off what a killed process left of its last row, which may have broken lines in a text."""
    os.truncate(path, length_of_whole_rows(path, delimiter))


def _last_number(path: Path) -> int:
    with open(path, encoding="utf-8", newline="") as file:
        last = -1
        for row in csv.reader(file):
            if row and row[0].isdigit():
                last = int(row[0])
        return last


def _command_numbers(path: Path) -> set[int]:
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return {int(row["command"]) for row in rows if (row["command"] or "").isdigit()}
