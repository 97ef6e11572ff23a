"""What has no Stop of its own ends with the block of its Routine."""

from __future__ import annotations

from typing import Any

from psychopy_nfb.builder import alerts

NOT_SET = ("", "None", None, -1)
"""Values of Stop with which PsychoPy writes no end."""
_NEVER = ("", "false", "none", "never")
"""Values of *Force end of Routine*, and the like, with which a component does not end it."""


def end_with_block(component: Any, blocks: type[Any]) -> str:
    """Return the condition that ends `component` with the block, as `writeStopTestCode` takes it.

    Otherwise an empty Stop would keep the Routine going after the training, with an empty display.

    Parameters
    ----------
    component : component
        Of a Routine.
    blocks : type
        Class of the components that begin and end blocks.

    Returns
    -------
    str
        Empty if it has a Stop of its own, or nothing in its Routine has one.
    """
    if component.params["stopVal"].val not in NOT_SET:
        return ""
    for other in component.exp.routines[component.parentName]:
        if (
            isinstance(other, blocks)
            and other is not component
            and not other.params["disabled"].val
            and other.params["role"].val in ("reward", "same")
            and other.params["stopVal"].val not in NOT_SET
        ):
            return f" or {other.params['name']}.status == FINISHED"
    return ""


def check_ends(component: Any, blocks: type[Any]) -> None:
    """Tell if nothing ends the Routine of a block: it would go on until Escape is pressed.

    Parameters
    ----------
    component : component
        Which begins and ends the block.
    blocks : type
        Class of the components that begin and end blocks.
    """
    if component.params["stopVal"].val not in NOT_SET or end_with_block(component, blocks):
        return
    routine = component.exp.routines[component.parentName]
    if routine.settings.params["stopVal"].val not in NOT_SET:
        return
    if not any(_ends_routine(one) for one in routine if not one.params["disabled"].val):
        alerts.tell(
            component,
            "is empty, and nothing else ends the Routine: it would go on until Escape is pressed; "
            "enter the length of the block in seconds.",
            "time",
            "Stop",
        )


def _ends_routine(component: Any) -> bool:
    """Return whether a component may end its Routine: a key, a click, or code."""
    for name, param in component.params.items():
        ends = "endroutine" in name.casefold() and str(param.val).casefold() not in _NEVER
        if ends or "continueRoutine" in str(param.val):
            return True
    return False
