"""What participants answered in their sessions: as a table, and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from psychopy_nfb.recording.settings_file import SessionRecord
from psychopy_nfb.recording.text import safe_text

if TYPE_CHECKING:
    from psychopy_nfb.recording import SessionFiles

COLUMNS = ("participant", "session", "run", "arm", "question", "answer")
MOST_WORDS = 8
"""Different answers that are written out; the table has all."""


def given_answers(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers of a session by question: of its plans, and those that were kept.

    Examples
    --------
    >>> given_answers({"plans": [{"answers": {"Tired?": 2}}], "answers": {"How?": None}})
    {'Tired?': 2}
    """
    found: dict[str, Any] = {}
    for plan in settings.get("plans") or []:
        found |= plan.get("answers") or {}
    found |= settings.get("answers") or {}
    return {question: answer for question, answer in found.items() if answer is not None}


def answers_table(sessions: Iterable[SessionFiles], arms: Mapping[str, str]) -> pd.DataFrame:
    """Return a row for each answer, with the columns of `COLUMNS`, sessions one after the other.

    Parameters
    ----------
    sessions : iterable of SessionFiles
        The sessions.
    arms : mapping
        Arm by participant; empty while the study is blinded.
    """
    rows = []
    for files in sessions:
        facts = files.facts()
        who = str(facts["participant"])
        place = (who, facts["session"], facts["run"], arms.get(who, ""))
        given = given_answers(SessionRecord.load(files.settings).content)
        rows += [(*place, question, answer) for question, answer in given.items()]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def in_words(answers: Sequence[Any]) -> str:
    """Return answers to one question in words: mean and spread of numbers, counts of texts.

    Examples
    --------
    >>> in_words([1, 2, 3])
    'mean 2.00, SD 1.00'
    >>> in_words(["the sea", "numbers", "the sea"])
    '“the sea” (2), “numbers”'
    """
    if all(isinstance(one, int | float) for one in answers):
        spread = f", SD {np.std(answers, ddof=1):.2f}" if len(answers) > 1 else ""
        return f"mean {np.mean(answers):.2f}{spread}"
    counts = Counter(safe_text(str(one)) for one in answers).most_common()
    told = [f"“{text}”" + (f" ({n})" if n > 1 else "") for text, n in counts[:MOST_WORDS]]
    left = len(counts) - MOST_WORDS
    return ", ".join(told) + (f" and {left} more" if left > 0 else "")
