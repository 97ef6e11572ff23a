"""Control conditions that an experiment asks for and does not have, told before it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from psychopy_nfb.builder import alerts
from psychopy_nfb.builder.experiment_checks import records_baseline
from psychopy_nfb.builder.field_errors import LABELS
from psychopy_nfb.builder.names_used import conditions, elements, parsed
from psychopy_nfb.builder.parameters import is_shown

OWN, NONE = "own", "none"
"""What every block may show, as in `psychopy_nfb.protocol.shown`."""


def check_shown(component: Any, main: Any) -> None:
    """Tell of a control condition that a block shall show and that will be refused then.

    Parameters
    ----------
    component : NeuroFeedbackComponent
        Of the block.
    main : NeuroFeedbackComponent
        The one that has the control conditions.
    """
    if not is_shown(component, "shown"):
        return
    names = asked(str(component.params["shown"].val).strip().lstrip("$"), component.exp)
    there = tell_of_shown(component, names, main, LABELS["shown"])
    if str(component.params["feedback"].val) != "False":
        return
    for name in there:
        if name != NONE:
            alerts.tell(
                component,
                f"{name!r} cannot be shown in a block without feedback; empty this field, or set "
                f"{LABELS['feedback']} to True.",
                field=LABELS["shown"],
            )


def tell_of_shown(element: Any, names: Iterable[str], main: Any, field: str) -> list[str]:
    """Tell of each control condition that there is not, or not yet; return the others.

    Parameters
    ----------
    element : component or Routine
        What shows them.
    names : iterable of str
        What it shall show.
    main : NeuroFeedbackComponent
        The one that has the control conditions.
    field : str
        Label of the field that names them.
    """
    # A settings file or a study's arms say by themselves what there is.
    unknown = main.params["settingsFile"].val or main.params["study"].val
    sources = None if unknown else _sources(str(main.params["controls"].val))
    if sources is None:
        return []
    known, there = [OWN, NONE, *sources], []
    for name in names:
        if name not in known:
            alerts.tell(
                element,
                f"{name!r} is none of {', '.join(known)}; name it first in {LABELS['controls']} of "
                f"{main.params['name']}, such as {{{name!r}: psychopy_nfb.Inverse()}}.",
                "name",
                field,
            )
        elif sources.get(name) == "Surrogate" and not _records_baseline(element.exp):
            alerts.tell(
                element,
                f"{name!r} is made of a baseline of the same session; add a Neuro Baseline Routine "
                "before this one.",
                "baseline",
                field,
            )
        else:
            there.append(name)
    return there


def _sources(text: str) -> dict[str, str] | None:
    """Return the names of the control conditions, with the class of each; None if unclear."""
    if not text.strip():
        return {}
    tree = parsed(text)
    body = getattr(tree, "body", [])
    value = getattr(body[0], "value", None) if len(body) == 1 else None
    pairs: list[tuple[Any, ast.expr]] = []
    if isinstance(value, ast.Dict):
        pairs = [
            (getattr(key, "value", None), one)
            for key, one in zip(value.keys, value.values, strict=True)
        ]
    elif isinstance(value, ast.Call) and getattr(value.func, "id", "") == "dict" and not value.args:
        pairs = [(keyword.arg, keyword.value) for keyword in value.keywords]
    else:
        return None
    if not all(isinstance(name, str) for name, _ in pairs):
        return None
    return {name: _called(source) for name, source in pairs}


def _called(source: ast.expr) -> str:
    """Return the name of the class that is called, without its package."""
    function = getattr(source, "func", None)
    return getattr(function, "attr", getattr(function, "id", ""))


def asked(text: str, experiment: Any) -> list[str]:
    """Return what a block shall show by this code, if that is known: of a column all its values."""
    try:
        root = ast.parse(text, mode="eval").body
    except SyntaxError:
        return []
    if isinstance(root, ast.Constant):
        found = [root.value]
    elif isinstance(root, ast.Name):
        found = [
            trial.get(root.id)
            for loop in elements(experiment)
            for trial in conditions(loop, experiment) or []
        ]
    else:
        found = []
    return list(dict.fromkeys(one for one in found if isinstance(one, str) and one))


def _records_baseline(experiment: Any) -> bool:
    """Return whether a Routine, or code, records one."""
    return any(
        records_baseline(one)
        or type(one).__name__ == "CodeComponent"
        and any("baseline" in str(param.val) for param in one.params.values())
        for one in elements(experiment)
    )
