"""Control conditions that an experiment asks for and does not have, told before it runs."""

from __future__ import annotations

import ast
from typing import Any

from psychopy_nfb.builder import alerts
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
    if not is_shown(component, "shown") or main.params["settingsFile"].val:
        return
    if main.params["study"].val:
        return  # its arms say what there is
    sources = _sources(str(main.params["controls"].val))
    if sources is None:
        return
    known = [OWN, NONE, *sources]
    for name in _asked(component):
        if name not in known:
            alerts.tell(
                component,
                f"{name!r} is none of {', '.join(known)}; name it first in {LABELS['controls']} of "
                f"{main.params['name']}, such as {{{name!r}: psychopy_nfb.Inverse()}}.",
                "name",
                LABELS["shown"],
            )
        elif name != NONE and str(component.params["feedback"].val) == "False":
            alerts.tell(
                component,
                f"{name!r} cannot be shown in a block without feedback; empty this field, or set "
                f"{LABELS['feedback']} to True.",
                field=LABELS["shown"],
            )
        elif sources.get(name) == "Surrogate" and not _records_baseline(component.exp):
            alerts.tell(
                component,
                f"{name!r} is made of a baseline of the same session; add a Neuro Baseline Routine "
                "before this one.",
                "baseline",
                LABELS["shown"],
            )


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


def _asked(component: Any) -> list[str]:
    """Return what the block shall show, as far as it is known: of a column all its values."""
    text = str(component.params["shown"].val).strip().lstrip("$")
    try:
        root = ast.parse(text, mode="eval").body
    except SyntaxError:
        return []
    if isinstance(root, ast.Constant):
        found = [root.value]
    elif isinstance(root, ast.Name):
        found = [
            trial.get(root.id)
            for loop in elements(component.exp)
            for trial in conditions(loop, component.exp) or []
        ]
    else:
        found = []
    return list(dict.fromkeys(one for one in found if isinstance(one, str) and one))


def _records_baseline(experiment: Any) -> bool:
    """Return whether a Routine, or code, records one."""
    return any(
        "Baseline" in type(one).__name__
        or type(one).__name__ == "CodeComponent"
        and any("baseline" in str(param.val) for param in one.params.values())
        for one in elements(experiment)
    )
