"""What the number fields of a dialog hold: a number, code for one, or neither."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from psychopy_nfb.builder import alerts
from psychopy_nfb.builder.experiment_checks import OF_SIGNALS
from psychopy_nfb.builder.names_used import Names
from psychopy_nfb.builder.parameters import code, is_shown

NUMBERS = ("num", "int")
"""Types of parameters that hold a number."""
YES_OR_NO = ("feedback", "countPoints")
"""Parameters that hold True, False or code for it."""
TIMES = ("startVal", "stopVal")
"""Parameters with a time in seconds, or code for one."""
_NAMES_OWN_CHECK = ("name", "sameAs", "plugins")
"""Parameters that are looked at elsewhere."""
_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)")
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
_WITH_UNIT = re.compile(r"[-+]?\d[\d.]*\s*[^\s\d,.()\[\]+*/-].*|\w+( \w+)*")
"""A number with its unit, or words: no attempt at Python code."""


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


def check_numbers(element: Any, *numbers: str) -> bool:
    """Tell of each shown field that holds neither what it should nor code; return if none does.

    Of number fields, of those that hold True or False, of Start and Stop, and of all others that
    are code, which may name nothing that is not defined.

    Parameters
    ----------
    element : component or Routine
        Whose fields are looked at.
    *numbers : str
        Fields for code that must give a number.
    """
    names = Names(element.exp)
    sound = True
    for name, param in element.params.items():
        is_number = param.valType in NUMBERS
        if not is_number and name not in (*YES_OR_NO, *TIMES, *numbers) and not _is_code(param):
            continue
        if name in _NAMES_OWN_CHECK:
            continue
        if param.inputType == "hidden" or not is_shown(element, name):
            continue
        if name == "feedback" and str(param.val).strip() in ("", "None"):
            alerts.tell(element, "is empty; enter True or False.", field=param.label)
            continue
        if param.val in ("", None):
            continue
        wrong, wanted = "no value", "a value"
        if name in YES_OR_NO:
            wrong, wanted = "neither True nor False", "True or False"
        elif is_number or name in (*TIMES, *numbers):
            wrong, wanted = "no number", "a number"
        for problem in _problems(param, names, wrong, wanted):
            label = {"startVal": "Start", "stopVal": "Stop"}.get(name, param.label)
            alerts.tell(element, problem, field=label)
            sound = sound and not is_number
    _check_length(element)
    return sound


def _check_length(element: Any) -> None:
    """Tell of a duration that is not above 0: the component would end as it begins."""
    kind, stop = element.params.get("stopType"), element.params.get("stopVal")
    if kind is None or stop is None or not str(kind.val).startswith("duration"):
        return
    try:
        length = float(stop.val)
    except ValueError:
        return  # empty, or code
    if length <= 0:
        alerts.tell(element, f"{length:g} would end it at once; enter a length.", "time", "Stop")


def check_at_least(element: Any, **least: float) -> None:
    """Tell of each field whose number is smaller than it may be."""
    for name, smallest in least.items():
        param = element.params[name]
        _, value = constant(param)
        if isinstance(value, float) and value < smallest:
            alerts.tell(
                element, f"{value:g} is too little; enter {smallest:g} or more.", field=param.label
            )


def _is_code(param: Any) -> bool:
    """Return whether a field holds Python code: always, or because it begins with ``$``."""
    return param.valType in ("code", "list") or str(param.val).startswith("$")


def _problems(param: Any, names: Names, wrong: str, wanted: str) -> Iterator[str]:
    if param.valType in NUMBERS and constant(param)[0]:
        return
    text = str(param.val).strip().lstrip("$")
    is_value = wanted == "a value"
    span = _RANGE.fullmatch(text)
    if span and not is_value:
        difference = float(span[1]) - float(span[2])
        yield (
            f"{text} is a subtraction, which gives {difference:g}; enter {wanted} alone. A range "
            "has a field for each end."
        )
        return
    if _DECIMAL_COMMA.fullmatch(text) and not is_value:
        yield f"{text} has a comma; write decimals with a point: {text.replace(',', '.')}."
        return
    if (why := _malformed(param)) is not None:
        if not is_value and _WITH_UNIT.fullmatch(text):
            yield f"{text} is {wrong}; enter {wanted} alone, without its unit."
        else:
            yield (
                f"{text} is unfinished or mistyped Python code ({why}), with which the script "
                "could not run; correct it. Decimals have a point, not a comma."
            )
        return
    tree = ast.parse(text, mode="eval") if param.valType != "list" else None
    if (
        tree is not None
        and not is_value
        and isinstance(tree.body, ast.Constant)
        and not isinstance(tree.body.value, (int, float))
    ):
        yield f"{text} is a text; enter {wanted}, without quotation marks."
    yield from _undefined(code(param), names, wrong, wanted)


def _malformed(param: Any) -> str | None:
    """Return why the Python code that a field becomes cannot stand in a script; None if it can."""
    text = code(param)
    try:
        ast.parse(text, mode="eval")
        # A comment is code, too, and swallows what follows it.
        ast.parse(f"made(this=({text}), further=None)", mode="eval")
    except SyntaxError as error:
        return error.msg.split(". ")[0].rstrip(".")
    except ValueError as error:  # null bytes
        return str(error)
    return None


def _undefined(text: str, names: Names, wrong: str, wanted: str) -> Iterator[str]:
    """Yield a sentence for each name in a piece of code that nothing defines."""
    nodes = list(ast.walk(ast.parse(text, mode="eval")))
    own = {node.arg for node in nodes if isinstance(node, ast.arg)}
    own |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    # Of what is asked of a signal that is not there, `check_names` tells.
    asked = [n.value for n in nodes if isinstance(n, ast.Attribute) and n.attr in OF_SIGNALS]
    for node in nodes:
        if node in asked or getattr(node, "id", None) in own:
            continue
        if isinstance(node, ast.Name) and names.asks(node.id):
            yield (
                f"{node.id} is a field of the dialog at the start, not a variable; write "
                f"expInfo['{node.id}'], which is a text, or float(expInfo['{node.id}'])."
            )
        elif isinstance(node, ast.Name) and not names.defines(node.id):
            yield (
                f"{node.id} is {wrong}, and nothing in the experiment defines it; enter "
                f"{wanted}, or add it to the conditions file or a Code component."
            )
