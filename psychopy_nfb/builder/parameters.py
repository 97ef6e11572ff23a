"""How the components' dialogs are described, and what their code has in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psychopy.experiment.params import Param

ICONS = Path(__file__).parent / "icons"
PLUGIN = "psychopy-nfb"
CATEGORY = "EEG"
ALERTS = "EEG neurofeedback"
"""Category of our alerts, which tells them from PsychoPy's own."""
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
    offers: str = ""
    """What a button beside the field offers to choose from: a function of `offers`."""
    show: tuple[tuple[str, str], ...] = ()
    """When it is shown: fields of the same tab with a condition each, all of which must hold."""

    def make(self) -> Param:
        """Return PsychoPy's own description."""
        # Not above: running experiments take the fields' labels from here, see `field_errors`.
        from psychopy.experiment.params import Param

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


def is_shown(element: Any, name: str) -> bool:
    """Return whether the dialog shows a field, which means whether it has an effect."""
    return all(
        # The conditions are Builder's: Python that follows a value.
        eval(f"value {one['condition']}", {"value": element.params[one["dependsOn"]].val})
        for one in element.depends
        if one["param"] == name and one["dependsOn"] in element.params
    )


def used(experiment: Any, kind: str) -> Iterator[tuple[Any, Any]]:
    """Yield each enabled component of the class `kind` in the Flow once, with its Routine."""
    seen = []
    for entry in experiment.flow:
        if not hasattr(entry, "params") and not hasattr(entry, "settings"):
            continue  # the beginning or the end of a loop
        if any(entry is one for one in seen) or not hasattr(entry, "__iter__"):
            continue
        seen.append(entry)
        for component in entry:
            if type(component).__name__ == kind and not component.params["disabled"].val:
                yield component, entry


def code(param: Param) -> str:
    """Return a parameter as Python source; an empty field is None."""
    if param.val in ("", None, [], "[]"):  # PsychoPy reads an empty list back in these ways
        return "None"
    text = str(param).strip()
    return text.lstrip("$") if param.valType in ("num", "code") else text
