"""What can be wrong with what a person asked for, each said in one sentence.

Every error names the parameter, the value that came and what to do about it, because the person
who reads it stands in a lab with a participant waiting.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

LONGEST_SHOWN = 600
"""Characters of a value beyond which an error shows its beginning only."""
CUT_TO = 120


class NfbError(ValueError):
    r"""Something that the user can put right.

    Parameters
    ----------
    parameter : str
        Name of the setting or argument, as the user wrote it (``"pipeline.steps[1].low"``).
    value : object
        The value that came.
    remedy : str
        What is wrong with it and what to do, as the rest of a sentence.

    Examples
    --------
    >>> str(NfbError("high", 80.0, "must lie below 64 Hz, half of the stream's rate"))
    "high=80.0: must lie below 64 Hz, half of the stream's rate."
    >>> print(NfbError("file", r"C:\data\x.json", "cannot be read"))
    file='C:\data\x.json': cannot be read.
    """

    def __init__(self, parameter: str, value: object, remedy: str):
        self.parameter = parameter
        self.value = value
        self.remedy: str = remedy.rstrip(".")
        super().__init__(f"{parameter}={shown(value)}: {_ended(self.remedy)}")

    def within(self, place: str) -> NfbError:
        """Return the same error with ``place.`` put before the parameter's name."""
        return type(self)(f"{place}.{self.parameter}", self.value, self.remedy)


def _ended(sentence: str) -> str:
    """Return a sentence with its full stop; a question has its mark already."""
    return sentence if sentence.endswith("?") else f"{sentence}."


def shown(value: object) -> str:
    """Return a value as Python writes it, but Windows' paths as people write them.

    Of a long one the beginning.

    Examples
    --------
    >>> shown("x" * 1000)[-23:]
    'xxxx… (1002 characters)'
    """
    try:
        text = repr(os.fspath(value) if isinstance(value, os.PathLike) else value)
    except (ValueError, RecursionError):  # thousands of digits, or of levels
        return f"a very long {type(value).__name__}"
    text = text.replace("\\\\", "\\")
    if len(text) > LONGEST_SHOWN:
        text = f"{text[:CUT_TO]}… ({len(text)} characters)"
    return text


def listed(names: Iterable[object], most: int = 40) -> str:
    """Return names for a sentence; of many the first ones.

    Examples
    --------
    >>> listed(["Fz", "Cz", "Oz"], most=2)
    'Fz, Cz and 1 more'
    """
    texts = [str(name)[:CUT_TO] for name in names]
    more = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {more} more" if more > 0 else "")


_SECONDS = re.compile(r"(-?[\d.]+(?:e-?\d+)?) s\b")


def in_milliseconds(sentence: str) -> str:
    """Return a sentence with its times in milliseconds, for who entered milliseconds.

    Examples
    --------
    >>> in_milliseconds("choose at least 0.144 s")
    'choose at least 144 ms'
    """
    return _SECONDS.sub(lambda found: f"{float(found[1]) * 1e3:g} ms", sentence)


def cause(error: Exception) -> str:
    r"""Return why something failed, for the middle of a sentence that names the file itself.

    Examples
    --------
    >>> cause(FileNotFoundError(2, "No such file or directory", "C:/data/x.json"))
    'No such file or directory'
    >>> cause(ValueError("two\nlines."))
    'two lines'
    """
    if isinstance(error, UnicodeDecodeError):
        return "not a text in UTF-8; save it with the encoding UTF-8"
    # By its number: Windows has words of its own for each way to a file, in the user's language.
    number = error.errno if isinstance(error, OSError) else None
    text = os.strerror(number) if number else str(error)
    return " ".join((text or type(error).__name__).split()).rstrip(".")


class SettingsError(NfbError):
    """A setting that cannot be used: unknown key, wrong type, impossible value."""


class StreamError(NfbError):
    """An LSL stream that is not there, matches twice, or is not what was asked for."""


class FileError(NfbError):
    """A file or folder that cannot be read or written."""


class WorkerError(NfbError):
    """The background process could not start or did not answer."""


class FieldError(NfbError):
    """An error in the words of Builder's dialog: which component, which field.

    Parameters
    ----------
    component : str
        Name of the component.
    field : str
        Label of the field; empty if it belongs to none.
    value : object
        What the field holds; an empty one is not repeated.
    remedy : str
        As in `NfbError`.

    Examples
    --------
    >>> str(FieldError("nfb", "Channels", "Qz", "there is no such channel; there are Fz, Oz"))
    'nfb, Channels: Qz: there is no such channel; there are Fz, Oz.'
    """

    def __init__(self, component: str, field: str, value: object, remedy: str):
        place = f"{component}, {field}" if field else component
        super().__init__(place, value, remedy)
        self.component = component
        self.field = field
        if isinstance(value, (list, tuple)):
            value = ", ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in value)
        elif isinstance(value, float):
            value = f"{value:g}"
        said = "" if value in ("", None) else f"{value}: "
        self.sentence: str = f"{said}{_ended(self.remedy)}"
        self.args: tuple[Any, ...] = (f"{place}: {self.sentence}",)
