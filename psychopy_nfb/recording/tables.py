"""The tables that pandas reads: frames and events, appended row by row."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from psychopy_nfb.protocol import VALUE_NAMES

FRAME_COLUMNS = (
    "frame",
    "t_sample",
    "t_received",
    "t_published",
    "t_read",
    "t_flip",
    "seq",
    "sample",
    "delay",
    "flags",
    "interval",
    "dropped",
    "patch",
    "shown",
    "mark",
    "block",
    *VALUE_NAMES,
)
"""Columns of the frame log; times are seconds on the LSL clock. Further signals' values follow."""

EVENT_COLUMNS = ("onset", "duration", "trial_type", "value", "sample", "t", "detail")
"""Columns of the events: onset and duration in seconds from the first sample, after BIDS."""

_TIMES = {"t_sample", "t_received", "t_published", "t_read", "t_flip", "interval", "delay"}


class _Table:
    """A delimited text file that is only ever added to."""

    def __init__(
        self, path: str | os.PathLike, columns: Sequence[str], delimiter: str, append: bool
    ):
        path = Path(path)
        if append and path.exists():
            _cut_torn_row(path)
        # Text in cells may hold line breaks: newlines are csv's own matter. It quotes those that
        # are in its line terminator, and readers take a bare one of either kind for a row's end.
        self._file: TextIO = open(path, "a" if append else "x", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, delimiter=delimiter, lineterminator="\r\n")
        if path.stat().st_size == 0:
            self._writer.writerow(columns)
            self._file.flush()

    def flush(self) -> None:
        """Hand all rows to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Close the file. Harmless when called again."""
        self._file.close()


class FrameLog(_Table):
    """The frame log, ``…_frames.csv``.

    Parameters
    ----------
    path : path
        The file.
    append : bool
        Go on with a file that another process left, after its last whole row.
    value_names : sequence of str
        Names of the feedback's values.

    Attributes
    ----------
    columns : tuple of str
        `FRAME_COLUMNS`, then the further signals' values.
    last_frame : int
        Number of the last frame written; -1 before the first.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        append: bool = False,
        value_names: Sequence[str] = VALUE_NAMES,
    ):
        self.columns = (*FRAME_COLUMNS, *value_names[len(VALUE_NAMES) :])
        super().__init__(path, self.columns, ",", append)
        self.last_frame = _last_number(Path(path)) if append else -1

    def write(self, rows: Iterable[tuple]) -> list[tuple]:
        """Write rows in the order of `columns`; return those that were not there yet."""
        new = [row for row in rows if row[0] > self.last_frame]
        for row in new:
            self._writer.writerow(map(_cell, self.columns, row))
        if new:
            self.last_frame = int(new[-1][0])
        return new


class EventLog(_Table):
    """The events, ``…_events.tsv``.

    Parameters
    ----------
    path : path
        The file.
    append : bool
        Go on with a file that another process left.
    """

    def __init__(self, path: str | os.PathLike, append: bool = False):
        super().__init__(path, EVENT_COLUMNS, "\t", append)

    def write(
        self,
        onset: float,
        duration: float,
        trial_type: str,
        value: str | None,
        sample: int,
        t: float,
        detail: dict | None,
    ) -> None:
        """Write one event."""
        self._writer.writerow(
            (
                f"{onset:.6f}",
                f"{duration:.6f}",
                trial_type,
                value or "",
                sample,
                f"{t:.6f}",
                "" if detail is None else json.dumps(detail),
            )
        )


def _cell(column: str, value: object) -> object:
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return f"{value:.6f}" if column in _TIMES else f"{value:.9g}"
    return value


def _cut_torn_row(path: Path) -> None:
    """Cut off what a killed process left of its last row, which may have broken lines in a text."""
    with open(path, "r+b") as file:
        content = file.read()
        end = content.rfind(b"\n") + 1
        while content.count(b'"', 0, end) % 2:
            end = content.rfind(b"\n", 0, end - 1) + 1
        file.truncate(end)


def _last_number(path: Path) -> int:
    with open(path, encoding="utf-8", newline="") as file:
        last = -1
        for row in csv.reader(file):
            if row and row[0].isdigit():
                last = int(row[0])
        return last
