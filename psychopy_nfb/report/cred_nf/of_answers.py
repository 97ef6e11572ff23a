"""What participants answered in their sessions, for the items that the study says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psychopy_nfb.report.cred_nf.said import Said
from psychopy_nfb.report.given_answers import given_answers, in_words
from psychopy_nfb.report.numbers import counted

if TYPE_CHECKING:
    from psychopy_nfb.report.cred_nf.answers import Answers
    from psychopy_nfb.report.cred_nf.recording import Recording


def of_answers(sessions: list[Recording], answers: Answers) -> dict[str, Said]:
    """Return what participants answered to the questions of each item."""
    given = [given_answers(one.settings) for one in sessions]
    found = {}
    for item, questions in answers.questions.items():
        sentences, values = [], {}
        for question in questions:
            told = [one[question] for one in given if question in one]
            values[question] = len(told)
            n = f"{len(told)} of {counted(len(sessions), 'recording')}"
            sentences.append(
                f"“{question}” was answered in {n}: {in_words(told)}."
                if told
                else f"“{question}” was answered in none of {counted(len(sessions), 'recording')}."
            )
        found[item] = Said(sentences, values, complete=all(values.values()))
    return found
