"""What the number fields of a dialog hold: a number, code for one, or neither."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from psychopy_nfb.builder import alerts
from psychopy_nfb.builder.names_used import Names
from psychopy_nfb.builder.parameters import is_shown

NUMBERS = ("num", "int")
"""Types of parameters that hold a number."""


def constant(param: Any) -> tuple[bool, Any]:
    """Return whether a parameter's value is known before the run, and the value.

    Parameters
    ----------
    param : Param
        Of any type; an empty field is None.
    """
    value = param.val
    if param.valType in NUMBERS:
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


def check_numbers(element: Any) -> bool:
    """Tell of each shown number field that holds neither a number nor code; return if none does."""
    names = Names(element.exp)
    sound = True
    for name, param in element.params.items():
        if param.valType in NUMBERS and param.inputType != "hidden" and is_shown(element, name):
            for problem in _problems(param, names):
                alerts.tell(element, problem, field=param.label)
                sound = False
    return sound


def _problems(param: Any, names: Names) -> Iterator[str]:
    known, _ = constant(param)
    if known:
        return
    text = str(param.val).strip().lstrip("$")
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        yield f"{text} is no number; enter a number alone, without its unit."
        return
    if isinstance(tree.body, ast.Constant) and not isinstance(tree.body.value, (int, float)):
        yield f"{text} is a text; enter a number, without quotation marks."
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not names.defines(node.id):
            yield (
                f"{node.id} is no number, and nothing in the experiment defines it; enter a "
                "number, or add it to the conditions file or a Code component."
            )
