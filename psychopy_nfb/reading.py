"""The one guard for files from outside: a sentence, bounded in time and memory.

A device, a pipe or a folder in place of a file is refused before it is opened, a file that is too
large before it is read, and whatever a damaged one makes a reader raise becomes a `FileError`.
"""

from __future__ import annotations

import csv
import io
import logging
import math
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from psychopy_nfb.budget import LARGEST, MOST_TABLE, MOST_TEXT
from psychopy_nfb.errors import FileError, NfbError, cause

if TYPE_CHECKING:
    import pandas as pd

logger: logging.Logger = logging.getLogger(__name__)

RECORDINGS = ".xdf, .set, .fif, .vhdr, .edf, .bdf"
"""Endings of recordings that are read; MNE-Python reads others too."""
PATIENCE_SECONDS = 1.0
"""How long others may keep a file open that shall be written; a virus scanner takes a tenth."""
LOOK_SECONDS = 0.002
PART_BYTES = 1_000_000
LONGEST_HEADER = 100_000
"""Bytes of the line that names a table's columns."""
SPREADSHEET = (
    "was saved by a spreadsheet with semicolons between its columns, which may have changed its "
    "numbers; use the file as it was written"
)

T = TypeVar("T")


@contextmanager
def reading(
    path: str | os.PathLike[str], parameter: str = "file", what: str = ""
) -> Iterator[None]:
    """Turn whatever is raised while a file is read into a `FileError`.

    Parameters
    ----------
    path : path
        The file.
    parameter : str
        What names the file, for the message.
    what : str
        What it should be, e.g. ``"as .xdf"``, for the message.

    Raises
    ------
    FileError
        In one sentence.

    Examples
    --------
    >>> with reading("events.tsv", what="as events"):
    ...     {}["onset"]
    Traceback (most recent call last):
    psychopy_nfb.errors.FileError: file='events.tsv': cannot be read as events (it has no 'onset').
    """
    try:
        yield
    except NfbError:
        raise
    except Exception as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else cause(error)[:200]
        words = f"cannot be read {what}".rstrip()
        raise FileError(parameter, os.fspath(path), f"{words} ({why})") from None


def check_file(
    path: str | os.PathLike[str], parameter: str = "file", most: int = MOST_TEXT, fewest: int = 0
) -> Path:
    """Return `path` if it is a file that can be read as a whole.

    Parameters
    ----------
    path : path
        The file.
    parameter : str
        What names the file, for the message.
    most, fewest : int
        Bytes that it may have.

    Raises
    ------
    FileError
        If it is not there, is a folder, a device or a pipe, or has too many or too few bytes.
    """
    try:
        about = os.stat(path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise FileError(parameter, os.fspath(path), f"cannot be read: {cause(error)}") from None
    if stat.S_ISDIR(about.st_mode):
        raise FileError(parameter, os.fspath(path), "cannot be read: it is a folder; name a file")
    if not stat.S_ISREG(about.st_mode):
        raise FileError(
            parameter, os.fspath(path), "cannot be read: it is a device or a pipe; name a file"
        )
    if about.st_size < fewest:
        raise FileError(parameter, os.fspath(path), "is empty" if fewest == 1 else "is too short")
    if about.st_size > most:
        raise FileError(
            parameter,
            os.fspath(path),
            f"has {about.st_size / 2**20:.0f} MB, and at most {most / 2**20:.0f} MB are read; is "
            "it the file that is meant?",
        )
    return Path(path)


def read_text(path: str | os.PathLike[str], parameter: str = "file") -> str:
    """Read a text file that a person or another program may have written.

    Parameters
    ----------
    path : path
        The file, in UTF-8. Windows' Notepad and Excel put a byte order mark before the text, which
        is left out.
    parameter : str
        What names the file, for the message.

    Raises
    ------
    FileError
        If it cannot be read, is too large or is in another encoding.
    """
    path = check_file(path, parameter)
    try:
        # Some systems' files have no size and no end.
        raw = patiently(lambda: _first_bytes(path, MOST_TEXT))
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(parameter, os.fspath(path), f"cannot be read: {cause(error)}") from None


def _first_bytes(path: Path, n: int) -> bytes:
    # In parts: Windows gives all the memory that a read could need, with the file open meanwhile.
    parts: list[bytes] = []
    with path.open("rb") as file:
        while n > 0 and (part := file.read(min(n, PART_BYTES))):
            parts.append(part)
            n -= len(part)
    return b"".join(parts)


def length_of_whole_rows(path: Path, delimiter: str) -> int:
    """Return how many bytes of a table's file are whole rows.

    The last row may be torn where a program was killed, and may have line breaks within quotes.
    """
    # As Latin-1 a character is a byte, and a torn UTF-8 sequence none of our business.
    text = _first_bytes(path, MOST_TABLE).decode("latin-1")
    if text.endswith("\n") and text.count('"') % 2 == 0:
        return len(text)
    lines = list(io.StringIO(text, newline=""))
    rows = csv.reader([*lines, "end"], delimiter=delimiter)
    ends = [0, *(rows.line_num for _ in rows)]
    ends.pop()  # of the row "end", or of a torn one that has swallowed it within its quotes
    if lines and ends[-1] == len(lines) and not lines[-1].endswith("\n"):
        ends.pop()
    return sum(map(len, lines[: ends[-1]]))


def first_line(path: Path, parameter: str = "file") -> str:
    """Return the first line of a table, which names its columns.

    Raises
    ------
    FileError
        If it cannot be read or is longer than any table's.
    """
    with reading(path, parameter):
        raw = _first_bytes(path, LONGEST_HEADER + 1)
        line = raw.split(b"\n")[0].decode("utf-8-sig", "replace")
    if len(line) > LONGEST_HEADER:
        raise FileError(parameter, os.fspath(path), "is no table: its first line has no end")
    return line


def read_table(
    path: str | os.PathLike[str],
    parameter: str = "file",
    separator: str = ",",
    numbers: Sequence[str] = (),
    texts: Sequence[str] = (),
    numbers_if_there: Callable[[str], bool] = lambda name: False,
    whole_rows: bool = False,
    **options: Any,
) -> pd.DataFrame:
    """Read a table.

    Parameters
    ----------
    path : path
        The file, in UTF-8.
    parameter : str
        What names the file, for the message.
    separator : str
        Between columns.
    numbers, texts : sequence of str
        Columns that must be there; those of `numbers` hold finite numbers or nothing.
    numbers_if_there : callable
        Says by a column's name whether it holds numbers or nothing if it is there; a threshold may
        be infinite while there is no baseline.
    whole_rows : bool
        Whether a last row without its end is left out, which is logged: what a killed program has
        written of it may be half of a number.
    **options
        As for `pandas.read_csv`.

    Raises
    ------
    FileError
        If it cannot be read, or has not these columns.
    """
    import pandas as pd

    path = check_file(path, parameter, MOST_TABLE, fewest=1)
    header = first_line(path, parameter)
    if ";" in header and separator not in header:
        raise FileError(parameter, os.fspath(path), SPREADSHEET)
    with reading(path, parameter, "as a table"):
        source: Path | io.BytesIO = path
        if whole_rows and (n := length_of_whole_rows(path, separator)) < path.stat().st_size:
            logger.warning("%s ends within a row, which is left out.", path.name)
            source = io.BytesIO(_first_bytes(path, n))
        table = pd.read_csv(
            source, sep=separator, encoding="utf-8-sig", low_memory=False, **options
        )
    wanted = [*numbers, *texts]
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise FileError(parameter, os.fspath(path), f"has no column {', '.join(missing)}")
    for name in table.columns:
        if name in numbers or numbers_if_there(name):
            infinite = name not in numbers and name.endswith("threshold")
            table[name] = _numbers(path, parameter, table[name], infinite)
    return table


def _numbers(path: Path, parameter: str, column: pd.Series, infinite: bool) -> pd.Series:
    """Return a column as numbers, if it holds nothing else."""
    import pandas as pd

    with reading(path, parameter, f"as a table: column {column.name}"):
        numbers = column
        if column.dtype.kind not in "iuf":
            numbers = pd.to_numeric(column, errors="coerce").astype(float)
    size = numbers.abs()
    large = (size > LARGEST) & (size < math.inf) if infinite else size > LARGEST
    wrong = (numbers.isna() & column.notna()) | large
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise FileError(
            parameter,
            os.fspath(path),
            f"holds {column.iloc[row]} in column {column.name}, row {row + 1}, which is no "
            "number that can be there; use the file as it was written",
        )
    return numbers


def patiently(act: Callable[[], T]) -> T:
    """Do something with a file as soon as nobody is in the way, within `PATIENCE_SECONDS`.

    On Windows, and on a network drive that is served by Windows, a file that a virus scanner, an
    indexer or OneDrive is looking at can be neither replaced nor written, and one that is just
    being replaced cannot be read.
    """
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except PermissionError:
            if time.monotonic() > ends:
                raise
        time.sleep(LOOK_SECONDS)
