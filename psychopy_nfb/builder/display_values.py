"""Values that leave a display full, empty or without meaning, told before the run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from psychopy_nfb.builder import alerts
from psychopy_nfb.builder.display_fields import WITH_THRESHOLD
from psychopy_nfb.builder.number_fields import constant
from psychopy_nfb.display.text import writes

_FROM_0_TO_1 = ("bar", "thermometer", "circle", "trace", "color", "progress", "dimmer")
_TONES_FROM_0_TO_1 = ("pitch", "loudness")
_SHARES = ("value", "display_threshold")
"""Attributes of signals that are between 0 and 1."""
_OTHERWISE = {
    "score": "counts points",
    "hits": "counts hits",
    "rewards": "counts rewards",
    "signal": "is in microvolts",
    "z": "is in the unit of the threshold",
    "threshold": "is in the unit of the threshold",
}
"""What others are."""
_WITH_DECIMALS = "{:.2f}"


def check_meaning(display: Any, signals: dict[str, type]) -> None:
    """Tell if a display would always be full or empty with its value.

    Parameters
    ----------
    display : FeedbackDisplayComponent
        What shows a signal.
    signals : dict of str: type
        Names of the experiment's signals.
    """
    params = display.params
    value, kind = params["value"], params["display"].val
    for sentence in _problems(str(value.val), kind, params, signals):
        alerts.tell(display, sentence, "reach", value.label)
    if kind in WITH_THRESHOLD:
        for sentence in _of_threshold(params["threshold"], signals):
            alerts.tell(display, sentence, "reach", params["threshold"].label)
    tree = _expression(str(value.val))
    known, written = constant(params["template"])
    if kind != "text" or not known:
        return
    only_texts = written and not writes(written, 0.5) and writes(written, "text")
    if only_texts and _scaled(tree, signals)[1] is not None:
        alerts.tell(
            display,
            f"{written} writes texts only, and {value.val} is a number; write {{}}, or "
            f"{_WITH_DECIMALS} for two decimals.",
            field=params["template"].label,
        )
    if not _is_share(tree, signals):
        return
    with_decimals = _distinguishes(str(written or "{}"))
    if not with_decimals:
        alerts.tell(
            display,
            f"{written} writes only 0 or 1 of {value.val}, which is a number from 0 to 1; write "
            f"{_WITH_DECIMALS}, or multiply the value by 100.",
            "reach",
            params["template"].label,
        )


def _problems(text: str, kind: str, params: Any, signals: dict[str, type]) -> Iterator[str]:
    tree = _expression(text)
    if kind == "sign":
        if _is_share(tree, signals):
            name = tree.value.id
            yield (
                f"{text} is a number from 0 to 1, so the sign would nearly always be that of "
                f"success; enter {name}.success for the last block, or {name}.beyond."
            )
        return
    tone = kind == "tone" and params["toneKind"].val in _TONES_FROM_0_TO_1
    if kind not in _FROM_0_TO_1 and not tone:
        return
    times, attribute = _scaled(tree, signals)
    if attribute is None:
        return
    advice = f"enter {attribute.value.id}.value"
    if attribute.attr in _OTHERWISE and times >= 1:
        yield (
            f"{text} {_OTHERWISE[attribute.attr]}, and this display is full from 1 on; {advice}, "
            f"or divide by what shall be full, such as {attribute.value.id}.{attribute.attr} / 30."
        )
    elif attribute.attr in _SHARES and times > 2:
        yield f"{text} goes from 0 to {times:g}, and this display is full from 1 on; {advice}."


def _of_threshold(param: Any, signals: dict[str, type]) -> Iterator[str]:
    """Yield why a mark would lie beyond both ends of the display."""
    tree = _expression(str(param.val))
    _, attribute = _scaled(tree, signals)
    name = next(iter(signals), "nfb") if attribute is None else attribute.value.id
    advice = f"the display goes from 0 to 1; enter {name}.display_threshold."
    if attribute is tree and attribute is not None and attribute.attr in _OTHERWISE:
        unit = _OTHERWISE[attribute.attr].replace("the unit of the threshold", "µV, SD, % or share")
        yield f"{param.val} {unit}, but {advice}"
        return
    try:
        number = ast.literal_eval(str(param.val).strip().lstrip("$"))
    except (SyntaxError, ValueError):
        return
    if isinstance(number, (int, float)) and not 0 <= number <= 1:
        yield f"{number:g} is no place on it, as {advice}"


def _expression(text: str) -> Any:
    try:
        return ast.parse(text.strip().lstrip("$"), mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _scaled(tree: Any, signals: dict[str, type]) -> tuple[float, Any]:
    """Return how many times which attribute of a signal it is; None if it is something else."""
    if isinstance(tree, ast.Attribute) and getattr(tree.value, "id", None) in signals:
        return 1.0, tree
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Mult, ast.Div)):
        left, right = tree.left, tree.right
        if isinstance(tree.op, ast.Mult) and isinstance(left, ast.Constant):
            left, right = right, left
        number = right.value if isinstance(right, ast.Constant) else None
        times, attribute = _scaled(left, signals)
        if attribute is not None and isinstance(number, (int, float)) and number:
            return (times * number if isinstance(tree.op, ast.Mult) else times / number), attribute
    return 1.0, None


def _is_share(tree: Any, signals: dict[str, type]) -> bool:
    times, attribute = _scaled(tree, signals)
    return attribute is not None and attribute.attr == "value" and times == 1


def _distinguishes(template: str) -> bool:
    """Return whether numbers between 0 and 1 are written differently."""
    if not writes(template, 0.5):
        return True  # of which another sentence tells
    return len({template.format(share / 10) for share in range(11)}) > 2
