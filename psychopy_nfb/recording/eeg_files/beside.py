"""The file of samples that lies beside a header: which one it is, and how much of it is there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from psychopy_nfb.errors import FileError


def partner(path: Path, named: str, endings: Iterable[str]) -> Path | None:
    """Return the file that belongs to a header: as it says, or else of its own name.

    Programs write ``$b`` for that name; a folder of another machine is left out.
    """
    named = named.replace("$b", path.stem).replace("\\", "/").rpartition("/")[2].split("\0")[0]
    names = [named, *(path.stem + ending for ending in endings)]
    beside = (path.with_name(name) for name in names if name not in ("", ".", ".."))
    return next((one for one in beside if one.is_file()), None)


def samples_beside(path: Path, named: str, endings: Iterable[str], notes: list[str]) -> Path:
    """Return the file of samples that belongs to a header; what is odd goes to `notes`.

    Raises
    ------
    FileError
        If it is not there.
    """
    found = partner(path, named, endings)
    if found is None:
        raise FileError(
            "file",
            str(path),
            f"names its samples {named[:100]!r}, which are not beside it; put that file there, or "
            "give it the header's own name",
        )
    if found.name != named.replace("$b", path.stem):
        notes.append(f"The header names another file of samples; {found.name} is taken.")
    return found


def tell_end(announced: int | None, held: int, part: bool, notes: list[str]) -> None:
    """Add to `notes` that a file does not hold what its header says, in samples of all channels.

    Parameters
    ----------
    announced : int or None
        What the header says; None or 0 for nothing.
    held : int
        Whole ones that are there.
    part : bool
        Whether a part of one follows.
    notes : list of str
        What was corrected or assumed so far.

    Examples
    --------
    >>> notes = []
    >>> tell_end(768, 500, True, notes)
    >>> notes
    ['The header says 768 samples, the file holds 500 and a part of one: it is read up to its end.']
    """
    holds = f"the file holds {held}{' and a part of one' if part else ''}"
    if announced and announced != held:
        notes.append(f"The header says {announced} samples, {holds}: it is read up to its end.")
    elif part:
        notes.append(f"After {held} samples the file holds a part of one, which is left out.")
