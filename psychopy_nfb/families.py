"""Classes that settings name, such as steps: each in its family by name, some written by a lab.

A base class has a ``family``, a dictionary of its subclasses by their names, which `join` fills.
A class of this package is its own; all others are a lab's, and what fails in them is told with
file and line.
"""

from __future__ import annotations

import dataclasses
import inspect
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psychopy_nfb.errors import NfbError, SettingsError, cause

PACKAGE = "psychopy_nfb"
_ORIGIN = "_nfb_origin"
"""Attribute of a lab's class; a setting of its own may be called ``origin``."""


def join(family: dict[str, type], member: type, kind: str) -> None:
    """Put a class into its family under its name; one that begins with ``_`` is left out.

    Parameters
    ----------
    family : dict of str: type
        Of the base class.
    member : type
        The class. It takes the place of one that the same file has defined before.
    kind : str
        What it is, for the message: ``"step"``.

    Raises
    ------
    SettingsError
        If another file has a class of this name; the message names both.
    """
    name = member.__name__
    if name.startswith("_"):
        return
    other = family.get(name)
    if other is not None and source(other) != source(member):
        raise two_of_a_name(kind, name, owner(other), owner(member))
    family[name] = member


def two_of_a_name(kind: str, name: str, one: str, other: str) -> SettingsError:
    """Return the error that two parts have one name."""
    return SettingsError(
        kind, name, f"is a name that both {one} and {other} give to a {kind}; rename one of them"
    )


def is_own(member: type) -> bool:
    """Return whether a class is a lab's own, and not of this package."""
    return not member.__module__.startswith(f"{PACKAGE}.")


def source(member: type) -> str:
    """Return the file that a class was written in, or its module's name where there is none."""
    file = getattr(sys.modules.get(member.__module__), "__file__", None)
    return os.path.realpath(file) if file else member.__module__


def origin(member: type) -> str:
    """Return the package or file that a lab's class was loaded from; empty if it was not."""
    return vars(member).get(_ORIGIN, "")


def set_origin(member: type, value: str) -> None:
    """Note the package or file that a lab's class was loaded from."""
    setattr(member, _ORIGIN, value)


def owner(member: type) -> str:
    """Return whose a class is, for a sentence."""
    return (origin(member) or source(member)) if is_own(member) else PACKAGE


def failure(error: BaseException, file: str, called: Any = None) -> str:
    """Return what failed and where, for the middle of a sentence.

    Parameters
    ----------
    error : BaseException
        What was raised.
    file : str
        File or folder whose line is wanted, if the error passed through it.
    called : function or method, optional
        Whose beginning is told if it did not: of what a function returned, the error is found
        only behind it.

    Examples
    --------
    >>> failure(ValueError("no band"), "my_lab.py")
    'ValueError: no band'
    """
    said = cause(error) if isinstance(error, Exception) else str(error)
    if isinstance(error, SyntaxError):
        said, place = error.msg, (error.filename, error.lineno)
    else:
        frames = [(one.filename, one.lineno) for one in traceback.extract_tb(error.__traceback__)]
        own = [one for one in frames if file and os.path.realpath(one[0]).startswith(file)]
        place = (own or _beginning(called) or frames or [(None, None)])[-1]
    at = f", line {place[1]} of {place[0]}" if place[0] else ""
    return f"{type(error).__name__}: {said}{at}"


def _beginning(called: Any) -> list[tuple[str, int]]:
    """Return file and line where a function written in Python begins, in a list."""
    code = getattr(inspect.unwrap(called), "__code__", None) if callable(called) else None
    return [] if code is None else [(code.co_filename, code.co_firstlineno)]


@contextmanager
def own_faults(part: Any, kind: str, what: str) -> Iterator[None]:
    """Turn whatever a lab's own part raises into a sentence; of our parts nothing is caught.

    Parameters
    ----------
    part : object
        Member of a family whose code runs meanwhile.
    kind : str
        What it is: ``"step"``.
    what : str
        What could not be done, e.g. ``"cannot be prepared"``.

    Raises
    ------
    SettingsError
        With the part's name, its file and the line.
    """
    try:
        yield
    except NfbError:
        raise
    except (Exception, SystemExit) as error:
        member = type(part)
        if not is_own(member):
            raise
        said = f"{what} ({failure(error, source(member))})"
        raise SettingsError(kind, member.__name__, said) from None


def members_in(settings: Any) -> Iterator[Any]:
    """Yield every member of a family within settings, those in others too."""
    left = [settings]
    while left:  # not by recursion: settings of others may be nested without end
        one = left.pop()
        if dataclasses.is_dataclass(one) and not isinstance(one, type):
            if hasattr(one, "family"):
                yield one
            left += [getattr(one, field.name) for field in dataclasses.fields(one)]
        elif isinstance(one, dict):
            left += one.values()
        elif isinstance(one, (list, tuple)):
            left += one


def types_in(settings: Any) -> Iterator[str]:
    """Yield every ``"type"`` within settings as JSON has them."""
    left = [settings]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if isinstance(one.get("type"), str):
                yield one["type"]
            left += one.values()
        elif isinstance(one, (list, tuple)):
            left += one
