"""Parameters of experiments that were saved by earlier versions of this plugin."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psychopy_nfb.untyped import PsychoPyClass as Param
else:
    from psychopy.experiment.params import Param


ROLES = {"trained": "reward", "further": "watch"}
"""What a component was for by an older file, and how that is called today."""
RENAMED = {"threshold_shown": "display_threshold"}
"""Attributes of signals by an older file, and their names today."""


def newer_role(role: str) -> str:
    """Return what a component is for, by the names of today."""
    return ROLES.get(role, role)


def newer_code(text: object) -> object:
    """Return the code in a field with today's names of what signals have."""
    if not isinstance(text, str):
        return text
    for older, newer in RENAMED.items():
        text = re.sub(rf"\.{older}\b", f".{newer}", text)
    return text


class Converted(Param):
    """A field that takes what an older file holds in it.

    Parameters
    ----------
    param : Param
        The field as the dialog has it.
    convert : callable
        Returns what is meant today by a value that is set.
    """

    def __init__(self, param: Param, convert: Callable[[Any], Any]):
        self.__dict__.update(vars(param))
        self._convert = convert
        self._val = self.__dict__.pop("val")

    @property
    def val(self) -> Any:
        """The field's value by the names of today."""
        return self._val

    @val.setter
    def val(self, value: Any) -> None:
        self._val = self._convert(value)


class DelayInSeconds(Param):
    """The filter's delay as it was saved once, in seconds: given on to the field in milliseconds.

    PsychoPy sets it while it reads an experiment's file. It is always empty itself.

    Parameters
    ----------
    newer : Param
        Of the field in milliseconds.
    """

    def __init__(self, newer: Param):
        self._newer = newer
        super().__init__(
            "",
            valType="num",
            inputType="hidden",
            categ=newer.categ,
            label="Filter delay (s), of older files",
            hint="Taken over into the filter delay in milliseconds.",
            direct=False,
        )

    @property
    def val(self) -> str:
        """Nothing: what was set is in the newer parameter."""
        return ""

    @val.setter
    def val(self, seconds: object) -> None:
        if seconds in ("", None):
            return
        try:
            self._newer.val = f"{float(str(seconds)) * 1e3:g}"
        except ValueError:
            self._newer.val = f"({str(seconds).lstrip('$')}) * 1000"
