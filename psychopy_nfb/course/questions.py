"""Questions at the end of a session, as PsychoPy's Form takes them, checked beforehand."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from psychopy_nfb.checks import check_choice
from psychopy_nfb.errors import SettingsError, listed

TYPES = ("heading", "description", "rating", "slider", "free text", "choice", "radio")
"""Types of questions that PsychoPy's Form knows."""
TEXTS = ("heading", "description")
"""Those that ask nothing."""
USUAL = "slider"
"""Type of a question that names none."""
FIELDS = (
    *("itemText", "type", "options", "ticks", "tickLabels", "layout", "itemWidth", "itemColor"),
    *("responseWidth", "responseColor", "markerColor", "granularity", "font", "index"),
)
"""What Form knows of a question."""
_LISTS = ("options", "ticks", "tickLabels")
_EXAMPLE = 'e.g. "options": ["not at all", "very"]'


def check_questions(questions: list[dict[str, Any]]) -> None:
    """Refuse questions that Form could not ask, or would ask in another way than was meant.

    Raises
    ------
    SettingsError
        Naming the question by its place, the field and the remedy.

    Examples
    --------
    >>> check_questions([{"itemText": "How did it go?", "type": "choice"}])
    Traceback (most recent call last):
    psychopy_nfb.errors.SettingsError: questions[0].options=None: are missing; a choice needs ...
    """
    asked: set[str] = set()
    for place, question in enumerate(questions):
        where = f"questions[{place}]"
        if not isinstance(question, dict) or not str(question.get("itemText", "")).strip():
            raise SettingsError(
                where,
                question,
                'needs an itemText, the question, e.g. {"itemText": "How tired are you?"}',
            )
        _check_fields(question, where)
        kind = question.get("type", USUAL)
        if kind in TEXTS:
            continue
        text = str(question["itemText"])
        if text in asked:
            raise SettingsError(
                f"{where}.itemText", text, "is asked twice; answers are kept by the question's text"
            )
        asked.add(text)
        if kind != "free text":
            _check_answers(question, kind, where)


def _check_fields(question: dict[str, Any], where: str) -> None:
    """Refuse fields that Form does not know, and types."""
    for field, value in question.items():
        if field not in FIELDS:
            near = get_close_matches(field, FIELDS, 1)
            meant = f"did you mean {near[0]!r}? " if near else ""
            raise SettingsError(
                f"{where}.{field}",
                value,
                f"is no field of PsychoPy's Form; {meant}Known: {listed(FIELDS)}",
            )
    check_choice(f"{where}.type", question.get("type", USUAL), TYPES)
    for field in _LISTS:
        value = question.get(field)
        if value is not None and not (isinstance(value, (list, tuple)) and len(value) > 1):
            raise SettingsError(
                f"{where}.{field}", value, f"must be a list of two or more, {_EXAMPLE}"
            )


def _check_answers(question: dict[str, Any], kind: str, where: str) -> None:
    """Refuse a question without answers to choose from: Form would offer Yes and No."""
    chooses = kind in ("choice", "radio")
    if question.get("options") is None and (chooses or question.get("ticks") is None):
        wanted = "answers to choose from" if chooses else "the words at its ends"
        raise SettingsError(
            f"{where}.options", None, f"are missing; a {kind} needs {wanted}, {_EXAMPLE}"
        )
