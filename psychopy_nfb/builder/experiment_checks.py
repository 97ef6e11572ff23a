"""What about the rest of an experiment does not suit a feedback signal, told before it runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import psychopy
from psychopy.experiment.components import BaseComponent
from psychopy.experiment.exports import IndentingBuffer

from psychopy_nfb.builder import alerts
from psychopy_nfb.builder.names_used import Names, attributes, code_of, elements

OF_SIGNALS = frozenset(
    (
        "value",
        "signal",
        "z",
        "threshold",
        "display_threshold",
        "beyond",
        "score",
        "hits",
        "rewards",
        "reward",
    )
    + ("quality", "flags", "stale", "age")
)
"""What is asked of a signal: of a name that nothing defines, a signal was meant."""


OLDEST_PSYCHOPY = (2026, 1)
"""The first version of PsychoPy with which the components run."""


def check_version(component: BaseComponent) -> None:
    """Tell if Builder compiles by a command of another version, which activates no plugins."""
    wanted = component.exp.settings.params["Use version"].val
    found = re.match(r"(\d+)\.(\d+)", str(wanted))
    if found is not None and (int(found[1]), int(found[2])) < OLDEST_PSYCHOPY:
        oldest = ".".join(map(str, OLDEST_PSYCHOPY))
        alerts.tell(
            component,
            f"Use PsychoPy version={wanted!r} is too old: this component needs {oldest} or later, "
            "however the script is compiled. Empty that setting, in the experiment's settings.",
            "old",
        )
        return
    script = IndentingBuffer()
    # Which words mean the installed version PsychoPy itself knows; it differs between versions.
    component.exp.settings.writeUseVersion(script)
    if script.getvalue() and wanted != psychopy.__version__:
        alerts.tell(
            component,
            f"Use PsychoPy version={wanted!r} is not the installed one, "
            f"{psychopy.__version__}, and for any other Builder compiles without plugins: this "
            "component is left out. Empty that setting, or use `psychopy-nfb compile`.",
            "version",
        )


def check_order(component: BaseComponent) -> None:
    """Tell if another component above it shows a signal: it would be a frame late."""
    name = str(component.params["name"])
    for other in component.exp.routines[component.parentName]:
        if other is component:
            return
        if any(name == base for _, base, _ in _uses(other)):
            alerts.tell(
                component,
                f"{other.params['name']} uses it but stands above it and so shows the frame "
                "before; move this component to the top of the Routine.",
                "place",
            )


def check_baseline(component: Any, kin: list[Any]) -> None:
    """Tell if a signal compares with a baseline that nothing records, or records too late.

    Parameters
    ----------
    component : NeuroFeedbackComponent
        Of the signal.
    kin : list of NeuroFeedbackComponent
        All of the Flow.
    """
    params = component.params
    if not needs_baseline(component, kin):
        return
    flow = list(component.exp.flow)
    baselines = [place for place, entry in enumerate(flow) if records_baseline(entry)]
    if not baselines:
        alerts.tell(
            component,
            "it is compared with a baseline, but nothing records one; add a Neuro Baseline "
            "Routine, or choose not to compare.",
            "baseline",
        )
        return
    name = str(params["name"])
    users = [
        one
        for one in kin
        if (one is component or str(one.params["sameAs"].val) == name)
        and str(one.params["feedback"].val) != "False"
    ]
    for entry in flow[: baselines[0]]:
        if hasattr(entry, "settings") and any(one in users for one in entry):
            alerts.tell(
                component,
                f"the Routine {entry.name} needs the baseline but comes before "
                f"{flow[baselines[0]].name} in the Flow; move the baseline before it.",
                "baseline",
            )
            return


def needs_baseline(component: Any, kin: list[Any]) -> bool:
    """Return whether a signal compares with a baseline that is not taken over from before."""
    params = component.params
    needs = params["normalise"].val != "none" or params["thresholdKind"].val != "fixed"
    return needs and not any(one.leads and one.params["lastBaseline"] for one in kin)


def records_baseline(entry: Any) -> bool:
    """Return whether an entry of the Flow records a baseline: by itself, or as its plan says."""
    if not hasattr(entry, "params") or entry.params.get("disabled"):
        return False
    return "Baseline" in type(entry).__name__ or any(
        turn.block.kind == "baseline" for turn in getattr(entry, "turns", ())
    )


def check_names(experiment: Any, signals: dict[str, type]) -> None:
    """Tell of each use of a signal, in any field, that will end the experiment with an error.

    Parameters
    ----------
    experiment : psychopy.experiment.Experiment
        All of whose fields and code are gone through.
    signals : dict of str: type
        Names of the signals, and of what class they are when it runs.
    """
    names = Names(experiment)
    known = ", ".join(signals) or "none; add a Neuro Feedback component"
    for element in elements(experiment):
        told: set[tuple[str, str]] = set()
        still = {
            param.label
            for param in element.params.values()
            if param.updates == "constant" and "set every frame" in (param.allowedUpdates or ())
        }
        for label, base, attribute in _calls(element):
            if attribute in _values(signals.get(base)):
                sentence = f"{base}.{attribute}() calls what is no function; write it without ()."
                _tell_once(element, sentence, "name", label, told)
        for label, base, attribute in _uses(element):
            if base in signals:
                there = attributes(signals[base])
                if attribute in there and not (attribute in OF_SIGNALS and label in still):
                    continue
                if attribute in there:
                    sentence = (
                        f"{base}.{attribute} is read once, before anything runs, and stands still; "
                        "choose 'set every frame' beside the field, or 'set every repeat'."
                    )
                    _tell_once(element, sentence, "place", label, told)
                    continue
                usual = sorted(OF_SIGNALS & there)
                near = get_close_matches(attribute, usual, 1)
                hint = f"did you mean {base}.{near[0]}?" if near else f"it has {', '.join(usual)}."
                sentence = f"{base}.{attribute}: {base} has no such value; {hint}"
            elif attribute in OF_SIGNALS and not names.defines(base):
                sentence = f"{base}.{attribute}: no signal has the name {base}; there are: {known}."
            else:
                continue
            _tell_once(element, sentence, "name", label, told)


def _values(kind: type | None) -> frozenset[str]:
    return frozenset() if kind is None else OF_SIGNALS & attributes(kind)


def _tell_once(
    element: Any, sentence: str, kind: str, label: str, told: set[tuple[str, str]]
) -> None:
    if (label, sentence) not in told:
        told.add((label, sentence))
        alerts.tell(element, sentence, kind, label)


def _uses(element: Any) -> list[tuple[str, str, str]]:
    """Return each ``name.attribute`` in the fields of an element, with the label of the field."""
    return [
        (label, node.value.id, node.attr)
        for label, node in _nodes(element)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    ]


def _calls(element: Any) -> list[tuple[str, str, str]]:
    """Return each ``name.attribute()`` in the fields of an element, as `_uses`."""
    return [
        (label, node.func.value.id, node.func.attr)
        for label, node in _nodes(element)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
    ]


def _nodes(element: Any) -> Iterator[tuple[str, ast.AST]]:
    for label, tree in code_of(element):
        for node in ast.walk(tree):
            yield label, node


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
                        f"{text}: PsychoPy compiles this without parentheses, so that it means "
                        f"something else (a block may end at once); write ({text}).",
                        "time",
                        field,
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


def check_is_read(display: Any, signals: type[Any]) -> None:
    """Tell of a display in a Routine without a signal, where no value is read and no frame logged.

    Parameters
    ----------
    display : component
        What shows a signal.
    signals : type
        Class of the components that read it.
    """
    name = r"\w+\.(value|z|signal|score|hits|rewards|beyond)\b"
    if not re.search(name, str(display.params["value"].val)):
        return
    here = [one for one in display.exp.routines[display.parentName] if isinstance(one, signals)]
    if not any(not one.params["disabled"].val for one in here):
        alerts.tell(
            display,
            "no Neuro Feedback component is in this Routine, so that the value stands still and no "
            "frame is logged; add one above it, as the signal of another component.",
            "place",
        )
