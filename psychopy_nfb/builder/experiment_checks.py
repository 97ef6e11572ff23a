"""What about the rest of an experiment does not suit a feedback signal, told before it runs."""

from __future__ import annotations

import ast
from typing import Any

import psychopy
from psychopy.experiment.components import BaseComponent
from psychopy.experiment.exports import IndentingBuffer

from psychopy_nfb.builder import alerts


def check_version(component: BaseComponent) -> None:
    """Tell if Builder compiles by a command of another version, which activates no plugins."""
    wanted = component.exp.settings.params["Use version"].val
    script = IndentingBuffer()
    # Which words mean the installed version PsychoPy itself knows; it differs between versions.
    component.exp.settings.writeUseVersion(script)
    if script.getvalue() and wanted != psychopy.__version__:
        alerts.tell(
            component,
            f"Use PsychoPy version={wanted!r} is not the installed one, "
            f"{psychopy.__version__}, and for any other Builder compiles without plugins: this "
            "component is left out. Empty that setting, or use `psychopy-nfb compile`.",
        )


def check_order(component: BaseComponent) -> None:
    """Tell if another component above it shows a signal: it would be a frame late."""
    name = str(component.params["name"])
    for other in component.exp.routines[component.parentName]:
        if other is component:
            return
        values = [str(param.val) for key, param in other.params.items() if key != "name"]
        if any(f"{name}." in value for value in values):
            alerts.tell(
                component,
                f"{other.params['name']} uses it but stands above it and so shows the frame "
                "before; move this component to the top of the Routine.",
            )


def check_baseline(component: BaseComponent) -> None:
    """Tell if a signal compares with a baseline that nothing records."""
    params = component.params
    needs = params["normalise"].val != "none" or params["thresholdKind"].val != "fixed"
    recorded = any("Baseline" in type(entry).__name__ for entry in component.exp.flow)
    if needs and not recorded and not params["lastBaseline"].val:
        alerts.tell(
            component,
            "it is compared with a baseline, but nothing records one; add a Neuro Baseline "
            "Routine, or choose not to compare.",
        )


_PASTED = {
    "startVal": ("time (s)", "frame N", "condition"),
    "stopVal": ("time (s)", "duration (s)", "duration (frames)", "frame N"),
}
"""Where PsychoPy compares a field without parentheses around it, by the choice beside the field."""
_WEAKER_THAN_PLUS = (
    *(ast.IfExp, ast.BoolOp, ast.Compare, ast.Lambda, ast.NamedExpr),
    *(ast.BitOr, ast.BitXor, ast.BitAnd, ast.LShift, ast.RShift, ast.Not),
)


def check_times(experiment: Any) -> None:
    """Tell which *Start* and *Stop* fields PsychoPy would compile to something else.

    It writes them into a comparison as they are: ``4 if quick else 120`` becomes
    ``t > begin + 4 if quick else 120 - tolerance``, which is true at once.
    """
    for routine in experiment.routines.values():
        own = getattr(routine, "settings", None)
        for component in routine:
            for name, kinds in _PASTED.items():
                param = component.params.get(name)
                kind = component.params.get(name.replace("Val", "Type"))
                if param is None or kind is None or kind.val not in kinds:
                    continue
                text = str(param.val).strip().lstrip("$")
                if component is own and kind.val == "duration (s)":
                    continue  # PsychoPy assigns this one to a variable first
                if _means_another_thing(text, joins_with_and=kind.val == "condition"):
                    field = "Start" if name == "startVal" else "Stop"
                    alerts.tell(
                        component,
                        f"{field}={text!r}: PsychoPy compiles this without parentheses, so that it "
                        f"means something else (a block may end at once); write ({text})",
                    )


def _means_another_thing(text: str, joins_with_and: bool) -> bool:
    """Whether Python code changes its meaning between ``+`` and ``-``, or after ``and``."""
    try:
        root = ast.parse(text, mode="eval").body
    except SyntaxError:
        return False  # PsychoPy tells that itself
    in_parentheses = (root.col_offset, root.end_col_offset) != (0, len(text.encode()))
    if in_parentheses:
        return False
    if joins_with_and:
        weak = isinstance(root, (ast.IfExp, ast.Lambda, ast.NamedExpr))
        return weak or isinstance(root, ast.BoolOp) and isinstance(root.op, ast.Or)
    kind = type(root.op) if isinstance(root, (ast.BinOp, ast.UnaryOp)) else type(root)
    return issubclass(kind, _WEAKER_THAN_PLUS)
