"""The header of an EDF or BDF file, and the times and notes between its samples.

Formats: https://www.edfplus.info/specs/edf.html, https://www.edfplus.info/specs/edfplus.html and
https://www.biosemi.com/faq/file_format.htm
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
FIXED_BYTES, SIGNAL_BYTES = 256, 256
NO_EDF = (
    "it is no EDF file, as it does not begin like one; if it was renamed, give it its own ending "
    "again"
)
_ONSET = re.compile(r"[+-]\d+(\.\d*)?")
_DURATION = re.compile(r"\d+(\.\d*)?")


@dataclass(frozen=True)
class Annotation:
    """One annotation of an EDF+ file."""

    onset: float
    """Seconds from the start of the file."""
    text: str
    record: int
    """The record that holds it."""
    seconds: float = 0.0
    """How long it lasts; 0 where the file does not say."""


@dataclass
class EdfHeader:
    """What the header says, one entry a signal in each array and list."""

    labels: list[str]
    """Without the spaces around them."""
    units: list[str]
    """Physical dimension, in any encoding."""
    physical: np.ndarray
    """(n_signals, 2): lowest and highest value in that unit."""
    digital: np.ndarray
    """(n_signals, 2): the same as stored."""
    sizes: np.ndarray
    """(n_signals,) samples in a record."""
    n_records: int
    """As the header says; -1 while it is being recorded."""
    record_seconds: float
    """Length of a record."""
    n_bytes: int
    """Length of the header."""
    sample_bytes: int
    """2 (EDF) or 3 (BDF)."""

    @property
    def notes(self) -> list[int]:
        """The signals that hold annotations, not samples."""
        return [place for place, label in enumerate(self.labels) if label in ANNOTATIONS]

    @property
    def signals(self) -> list[int]:
        """The signals that hold samples."""
        return [place for place in range(len(self.labels)) if place not in self.notes]


def read_header(file: BinaryIO) -> EdfHeader:
    """Read the header.

    Raises
    ------
    ValueError
        If it is none.
    """
    fixed = file.read(FIXED_BYTES)
    if len(fixed) < FIXED_BYTES:
        raise ValueError("the header is cut off")
    bdf = fixed[0] == 0xFF
    if not bdf and fixed[:8].strip(b" \0")[:1] not in (b"0", b""):
        raise ValueError(NO_EDF)
    n = int(_number(fixed[252:256], "the number of signals"))
    seconds = _number(fixed[244:252], "the length of a record")
    table = file.read(SIGNAL_BYTES * n)
    if n < 1 or len(table) < SIGNAL_BYTES * n:
        raise ValueError("the header is cut off")
    place = 0

    def column(width: int) -> list[bytes]:
        nonlocal place
        cells = [table[place + width * i : place + width * (i + 1)] for i in range(n)]
        place += width * n
        return cells

    labels = [_text(cell) for cell in column(16)]
    column(80)  # transducers
    units = [_text(cell) for cell in column(8)]
    limits = [
        [
            _number(cell, f"the {what} of {label!r}")
            for cell, label in zip(cells, labels, strict=True)
        ]
        for what, cells in (
            ("physical minimum", column(8)),
            ("physical maximum", column(8)),
            ("digital minimum", column(8)),
            ("digital maximum", column(8)),
        )
    ]
    column(80)  # filters
    sizes = [int(_number(cell, "the number of samples")) for cell in column(8)]
    return EdfHeader(
        labels=labels,
        units=units,
        physical=np.array(limits[:2]).T,
        digital=np.array(limits[2:]).T,
        sizes=np.array(sizes),
        n_records=int(_number(fixed[236:244], "the number of records")),
        record_seconds=seconds,
        n_bytes=FIXED_BYTES + SIGNAL_BYTES * n,
        sample_bytes=3 if bdf else 2,
    )


def _text(cell: bytes) -> str:
    cell = cell.split(b"\0")[0].strip()
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError:
        return cell.decode("latin-1")


def _number(cell: bytes, what: str) -> float:
    """Return a number of the header; some programs write a decimal comma."""
    text = _text(cell).replace(",", ".")
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{what} is {text!r}, which is no number") from None


def read_annotations(
    records: list[bytes],
) -> tuple[np.ndarray, list[Annotation], bool]:
    r"""Return when each record begins, the annotations, and whether one was no UTF-8.

    Parameters
    ----------
    records : list of bytes
        The annotation signals of each record.

    Returns
    -------
    starts : ndarray, shape (n_records,)
        Seconds from the start of the file; NaN where a record does not say it.
    notes : list of Annotation
        In the order of the file.
    guessed : bool
        Whether a text was read as Latin-1.

    Examples
    --------
    >>> records = [b"+0\x14\x14\0", b"+9\x14\x14\0+9.5\x150.2\x14eyes open\x14\0"]
    >>> starts, notes, _ = read_annotations(records)
    >>> starts.tolist(), notes
    ([0.0, 9.0], [Annotation(onset=9.5, text='eyes open', record=1, seconds=0.2)])
    """
    starts = np.full(len(records), np.nan)
    notes, guessed = [], False
    for number, content in enumerate(records):
        for entry in content.split(b"\0"):
            time, *texts = entry.split(b"\x14")
            onset, *lasting = (
                part.decode("ascii", "replace").strip() for part in time.split(b"\x15")
            )
            seconds = float(lasting[0]) if lasting and _DURATION.fullmatch(lasting[0]) else 0.0
            if not texts or not _ONSET.fullmatch(onset):
                continue
            if not texts[0] and np.isnan(starts[number]):
                starts[number] = float(onset)
            for text in filter(None, texts):
                try:
                    read = text.decode("utf-8")
                except UnicodeDecodeError:
                    guessed = True
                    read = text.decode("latin-1")
                notes.append(Annotation(float(onset), read, number, seconds))
    return starts, notes, guessed
