"""Position, size and colours of a display that cannot be used, told before the run."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from psychopy_nfb.builder import alerts
from psychopy_nfb.builder.parameters import code

PAIRS = {
    "pos": "x and y of the centre, such as (0, 0.2)",
    "size": "two numbers above 0, such as (0.1, 0.6), or nothing for a usual size",
    "scale": "the numbers at its ends, such as [0, 20], or nothing",
}
"""Fields that hold two numbers, with what to enter."""


def check_look(element: Any, fields: Iterable[str]) -> None:
    """Tell of each of some fields whose value is known and can be neither a pair nor a colour.

    Parameters
    ----------
    element : component or Routine
        With the fields of a display.
    fields : iterable of str
        Those of `PAIRS`, or of colours, that the display uses.
    """
    for name in fields:
        param = element.params[name]
        if name in PAIRS:
            if not _may_be_pair(code(param), above_zero=name == "size"):
                sentence = f"{param.val} is no pair of numbers; enter {PAIRS[name]}."
                alerts.tell(element, sentence, field=param.label)
        elif not _may_be_color(param):
            alerts.tell(
                element,
                f"{param.val} is no colour that PsychoPy knows; enter an English name such as "
                "green, a code such as #1DB88A, or $ and a variable.",
                field=param.label,
            )


def _may_be_pair(text: str, above_zero: bool) -> bool:
    """Return whether Python code can give two numbers, as far as it is known."""
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return True  # with variables, or malformed, of which another alert tells
    if value is None:
        return True
    return (
        isinstance(value, (tuple, list))
        and len(value) == 2
        and all(isinstance(one, (int, float)) and (one > 0 or not above_zero) for one in value)
    )


def _may_be_color(param: Any) -> bool:
    """Return whether a field can hold a colour, as far as it is known; an empty one does."""
    from psychopy.colors import Color

    try:
        value = ast.literal_eval(code(param))
    except (SyntaxError, ValueError):
        return True
    try:
        return value is None or bool(Color(value, "rgb"))
    except Exception:  # PsychoPy raises many kinds
        return False
