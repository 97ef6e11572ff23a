"""What has no Stop of its own ends with the block of its Routine."""

from __future__ import annotations

from typing import Any

NOT_SET = ("", "None", None, -1)
"""Values of Stop with which PsychoPy writes no end."""


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
