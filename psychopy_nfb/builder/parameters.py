"""How the components' dialogs are described, and what their code has in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psychopy.experiment.params import Param

from psychopy_nfb.errors import NfbError

ICONS = Path(__file__).parent / "icons"
PLUGIN = "psychopy-nfb"
CATEGORY = "EEG"
CONSTANT = ("constant",)
REPEAT = ("constant", "set every repeat")
FRAME = ("constant", "set every repeat", "set every frame")


@dataclass(frozen=True)
class Field:
    """One field of a component's dialog."""

    name: str
    """Of the parameter, in files and code."""
    value: Any
    """The default."""
    label: str
    """What stands before it in the dialog."""
    hint: str
    """What is shown when the mouse rests on it."""
    tab: str = "Basic"
    """On which tab it is."""
    type: str = "str"
    """PsychoPy's valType."""
    control: str = "single"
    """PsychoPy's inputType."""
    choices: dict[str, str] = field(default_factory=dict)
    """For choices: value and what the dialog shows for it."""
    updates: tuple[str, ...] = CONSTANT
    """How often it may be set; the first is the default."""

    def make(self) -> Param:
        """Return PsychoPy's own description."""
        return Param(
            self.value,
            valType=self.type,
            inputType=self.control,
            categ=self.tab,
            label=self.label,
            hint=self.hint,
            allowedVals=list(self.choices),
            allowedLabels=list(self.choices.values()),
            updates=self.updates[0],
            allowedUpdates=list(self.updates) if len(self.updates) > 1 else [],
            direct=False,
        )


def add_fields(element: Any, fields: tuple[Field, ...]) -> None:
    """Add `fields` to a component's or routine's parameters, in this order."""
    for one in fields:
        element.params[one.name] = one.make()
        element.order.append(one.name)


def show_when(element: Any, param: str, depends_on: str, condition: str) -> None:
    """Show a parameter only when another one of the same tab fulfils `condition`."""
    element.depends.append(
        {
            "dependsOn": depends_on,
            "condition": condition,
            "param": param,
            "true": "show",
            "false": "hide",
        }
    )


def used(experiment: Any, kind: type[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield each enabled component of class `kind` in the Flow once, with its Routine."""
    seen = []
    for entry in experiment.flow:
        if not hasattr(entry, "params") and not hasattr(entry, "settings"):
            continue  # the beginning or the end of a loop
        if any(entry is one for one in seen) or not hasattr(entry, "__iter__"):
            continue
        seen.append(entry)
        for component in entry:
            if isinstance(component, kind) and not component.params["disabled"].val:
                yield component, entry


def code(param: Param) -> str:
    """Return a parameter as Python source; an empty field is None."""
    if param.val in ("", None, [], "[]"):  # PsychoPy reads an empty list back in these ways
        return "None"
    text = str(param).strip()
    return text.lstrip("$") if param.valType in ("num", "code") else text


def constant(param: Param) -> tuple[bool, Any]:
    """Return whether a parameter's value is known before the run, and the value."""
    value = param.val
    if param.valType in ("num", "int"):
        if value in ("", None):
            return True, None
        try:
            return True, float(value)
        except (TypeError, ValueError):
            return False, None
    if param.valType == "bool":
        return isinstance(value, bool), value
    if isinstance(value, str) and "$" in value:
        return False, None
    return True, value or None


def sentence_of(check: Any, *arguments: Any, **keywords: Any) -> str | None:
    """Return the sentence with which `check` refuses its arguments, None if it does not."""
    try:
        check(*arguments, **keywords)
    except NfbError as error:
        return str(error)
    return None
