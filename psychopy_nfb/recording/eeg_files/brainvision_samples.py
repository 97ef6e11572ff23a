"""The samples of a BrainVision recording: binary or text, sample by sample or channel by channel.

Read here and not with MNE-Python, which takes the samples of one channel for those of another where
a file in vectorized order was cut, and of text knows one of many ways.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from psychopy_nfb.errors import FileError
from psychopy_nfb.recording.eeg_files.beside import tell_end

FORMATS = {
    "INT_16": "i2",
    "UINT_16": "u2",
    "INT_32": "i4",
    "IEEE_FLOAT_32": "f4",
    "IEEE_FLOAT_64": "f8",
}
VECTORIZED = "VECTORIZED"
ORIENTATIONS = ("MULTIPLEXED", VECTORIZED)
CUT = (
    "stores one channel after the other, and its file of samples was cut off or is another one: it "
    "does not hold the same number of samples of all {} channels; copy or export it again"
)

UNKNOWN_LENGTH = (
    "The header does not say how many samples there are (DataPoints), and one channel is stored "
    "after the other: if the file was cut off, its channels are mixed up. Compare its length, "
    "{:g} s, with that of the session."
)


def read_samples(
    settings: dict[str, str],
    n_channels: int,
    rate: float,
    last_marker: int,
    samples: Path,
    path: Path,
    notes: list[str],
) -> np.ndarray:
    """Return what is stored, (n, n_channels); what was left out goes to `notes`.

    Parameters
    ----------
    settings : dict of str
        What the header says, by the name of each setting in lower case.
    n_channels : int
        How many it describes.
    rate : float
        Samples per second.
    last_marker : int
        Sample that the last marker lies on, 0 for the first; -1 if there is none.
    samples, path : path
        The file of samples, and the header for errors.
    notes : list of str
        What was corrected or assumed so far.

    Raises
    ------
    FileError
        If they are of a format that is not known, or were cut in a way that channels lack.
    """
    orientation = settings["dataorientation"].upper()
    if orientation not in ORIENTATIONS:
        raise _refused(path, f"the orientation of its samples, {orientation!r}, is not known")
    vectorized = orientation == VECTORIZED
    announced = int(text) if (text := settings.get("datapoints", "")).isdecimal() else None
    if settings["dataformat"].upper() == "ASCII":
        stored, part = _of_text(settings, n_channels, samples, path, announced)
    else:
        stored, part = _of_numbers(settings, n_channels, samples, path)
    if not vectorized:
        tell_end(announced, len(stored), part, notes)
        return stored
    whole = announced == len(stored) if announced else last_marker < len(stored)
    if part or not whole:
        raise FileError("file", str(path), CUT.format(n_channels))
    if not announced and settings["dataformat"].upper() != "ASCII":  # there each has its own line
        notes.append(UNKNOWN_LENGTH.format(len(stored) / rate))
    return stored


def _of_numbers(
    settings: dict[str, str], n_channels: int, samples: Path, path: Path
) -> tuple[np.ndarray, bool]:
    """Return whole samples of a binary file, and whether a part of one follows."""
    name = settings.get("binaryformat", "").upper()
    if name not in FORMATS:
        raise _refused(path, f"the format of its samples, {name!r}, is not known")
    order = ">" if settings.get("usebigendianorder", "").upper() == "YES" else "<"
    kind = np.dtype(order + FORMATS[name])
    n, rest = divmod(samples.stat().st_size, n_channels * kind.itemsize)
    stored = np.fromfile(samples, kind, n * n_channels)
    if settings["dataorientation"].upper() == VECTORIZED:
        return stored.reshape(n_channels, n).T, rest > 0
    return stored.reshape(n, n_channels), rest > 0


def _of_text(
    settings: dict[str, str], n_channels: int, samples: Path, path: Path, announced: int | None
) -> tuple[np.ndarray, bool]:
    """Return whole samples of a text, and whether it ends with a part of one."""
    first, names = (
        int(text) if (text := settings.get(key, "")).isdecimal() else 0
        for key in ("skiplines", "skipcolumns")
    )
    text = samples.read_text(encoding="latin-1")
    if settings.get("decimalsymbol", ".") == ",":
        text = text.replace(",", ".")
    text = text.replace(",", " ").replace(";", " ")
    rows = [line.split()[names:] for line in text.splitlines()[first:] if line.strip()]
    if settings["dataorientation"].upper() == VECTORIZED:
        length = len(rows[0]) if rows else 0
        whole = len(rows) == n_channels and all(len(row) == length for row in rows)
        return (_numbers(rows, path).T, False) if whole else (np.empty((0, n_channels)), True)
    ends = text.endswith(("\n", "\r"))
    part = bool(rows) and (
        len(rows[-1]) < n_channels or (not ends and announced is not None and announced > len(rows))
    )
    rows = rows[:-1] if part else rows
    if any(len(row) != n_channels for row in rows):
        raise _refused(path, f"a line of its samples has not the numbers of {n_channels} channels")
    return _numbers(rows, path).reshape(-1, n_channels), part


def _numbers(rows: list[list[str]], path: Path) -> np.ndarray:
    try:
        return np.array(rows, dtype=float)
    except ValueError as error:
        raise _refused(path, f"its samples are no numbers: {str(error)[:100]}") from None


def _refused(path: Path, why: str) -> FileError:
    return FileError("file", str(path), f"cannot be read ({why})")
