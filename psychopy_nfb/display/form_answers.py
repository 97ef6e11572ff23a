"""Answers that were given in PsychoPy's Form, by the text of their questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from psychopy_nfb.course.questions import TEXTS
from psychopy_nfb.errors import SettingsError

if TYPE_CHECKING:
    from psychopy.visual import Form


def answers_of(form: Form | Mapping[str, object]) -> dict[str, Any]:
    """Return the answers by question, for JSON; None for what was not answered.

    Parameters
    ----------
    form : psychopy.visual.Form or mapping
        The form as it is left, or answers by the text of their questions.

    Raises
    ------
    SettingsError
        If it is neither, or an answer is no text, number, truth value or None.

    Examples
    --------
    >>> answers_of({"How did you do it?": "I thought of the sea.", "How tired are you?": ""})
    {'How did you do it?': 'I thought of the sea.', 'How tired are you?': None}
    """
    if isinstance(form, Mapping):
        given = {str(question): answer for question, answer in form.items()}
    elif hasattr(form, "items") and hasattr(form, "getData"):
        form.getData()  # which reads what the participant has typed and chosen
        asked = [item for item in form.items if item["type"] not in TEXTS]
        given = {str(item["itemText"]): item["response"] for item in asked}
    else:
        raise SettingsError(
            "answers", form, "must be PsychoPy's Form, or a dictionary of answers by question"
        )
    return {question: _plain(question, answer) for question, answer in given.items()}


def _plain(question: str, answer: Any) -> str | float | bool | None:
    """Return an answer for JSON; None if there is none."""
    answer = answer.item() if hasattr(answer, "item") else answer
    if answer is None or answer == "":
        return None
    if not isinstance(answer, str | int | float | bool):
        raise SettingsError(f"answers[{question!r}]", answer, "must be a text or a number")
    return answer
