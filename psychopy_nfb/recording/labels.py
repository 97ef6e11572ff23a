"""Who, which session and which task, as they may stand in the name of a file.

BIDS allows letters and digits only. A participant or session that cannot be used as it is would,
cleaned, become another one's ("S1_1" and "S11"), who would share files and baseline with it: it is
refused, with a proposal. A task is the name of an experiment's file, and one experiment's files are
told apart by their run: it is cleaned.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

from psychopy_nfb.errors import SettingsError

LONGEST = 40
"""Characters of a participant or session; with all else a file's name stays below 255."""
LONGEST_TASK = 60
DEFAULT_TASK = "neurofeedback"
_PREFIXES = {"participant": "sub", "session": "ses"}
_DATE = re.compile(r"(\d{4})\W(\d{2})\W(\d{2})")


def participant_label(value: object, folder: str | os.PathLike[str] | None = None) -> str:
    """Return a participant's label for file names, spaces around it left out.

    Parameters
    ----------
    value : str or int
        Letters A to Z and digits, at most 40.
    folder : path, optional
        Where the files are: another participant's label there must differ by more than case and
        leading zeros.

    Raises
    ------
    SettingsError
        With a proposal what to write instead.

    Examples
    --------
    >>> participant_label("S11")
    'S11'
    >>> participant_label("S1_1")
    Traceback (most recent call last):
    psychopy_nfb.errors.SettingsError: participant='S1_1': may have letters A to Z and digits \
only, so that no two share files; write for example 'S1x1'.
    """
    label = _strict_label("participant", value)
    if folder is not None:
        _check_others("participant", label, Path(folder), r"sub-([0-9A-Za-z]+)_", same_label)
    return label


def same_label(label: str) -> str:
    """Return what two labels have in common that people take for one: 's2' for 'S02' and 's002'.

    Examples
    --------
    >>> same_label("S02"), same_label("007x010"), same_label("0")
    ('s2', '7x10', '0')
    """
    return re.sub(r"\d+", lambda number: str(int(number[0])), label.casefold())


def session_label(value: object, folder: str | os.PathLike[str], participant: str) -> str:
    """Return a session's label for file names; as `participant_label`."""
    label = _strict_label("session", value)
    pattern = rf"sub-{participant}_ses-([0-9A-Za-z]+)_"
    _check_others("session", label, Path(folder), pattern, str.casefold)
    return label


def task_label(value: object) -> str:
    """Return a task's label for file names: its letters and digits, accents left out.

    Examples
    --------
    >>> task_label("alpha_training"), task_label("Übung 2"), task_label("訓練")
    ('alphatraining', 'Ubung2', 'neurofeedback')
    """
    return re.sub(r"[^0-9A-Za-z]", "", _ascii(str(value)))[:LONGEST_TASK] or DEFAULT_TASK


def _strict_label(name: str, value: object) -> str:
    text = "" if value is None else str(value).strip()
    if re.fullmatch(r"[0-9A-Za-z]+", text):
        if len(text) <= LONGEST:
            return text
        what = f"may have at most {LONGEST} characters"
    elif not text:
        what = "is empty"
    else:
        what = "may have letters A to Z and digits only, so that no two share files"
    raise SettingsError(name, value, f"{what}; write for example {_proposal(name, text)!r}")


def _proposal(name: str, text: str) -> str:
    """Return what could be written instead: '01' for 'sub-01', 'S1x1' for 'S1_1'."""
    text = re.sub(rf"^{_PREFIXES[name]}[^0-9A-Za-z]+", "", _ascii(text), flags=re.IGNORECASE)
    text = _DATE.sub(r"\1\2\3", text)
    # Between two digits something must stay, or two numbers become one.
    text = re.sub(r"(?<=\d)[^0-9A-Za-z]+(?=\d)", "x", text)
    return re.sub(r"[^0-9A-Za-z]", "", text)[:LONGEST] or "01"


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _check_others(
    name: str, label: str, folder: Path, pattern: str, same: Callable[[str], str]
) -> None:
    """Refuse a label that is another one's there to people, or to Windows and macOS."""
    if not folder.is_dir():
        return
    for path in folder.glob("sub-*"):
        match = re.match(pattern, path.name)
        if match and match[1] != label and same(match[1]) == same(label):
            case = match[1].casefold() == label.casefold()
            what = "upper and lower case" if case else "leading zeros"
            raise SettingsError(
                name,
                label,
                f"differs from {match[1]!r}, which has files there, by {what} only; "
                f"write {match[1]!r} if it is the same {name}, or choose another label",
            )
