"""Parameters of experiments that were saved by earlier versions of this plugin."""

from __future__ import annotations

from psychopy.experiment.params import Param

ROLES = {"trained": "reward", "further": "watch"}
"""What a component was for by an older file, and how that is called today."""


class Role(Param):
    """What a component is for, also from a file in which it has an older name.

    Parameters
    ----------
    param : Param
        The field as the dialog has it.
    """

    def __init__(self, param: Param):
        self.__dict__.update(vars(param))
        self._val = self.__dict__.pop("val")

    @property
    def val(self) -> str:
        """One of `feedback_fields.ROLES`."""
        return self._val

    @val.setter
    def val(self, role: str) -> None:
        self._val = ROLES.get(role, role)


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
