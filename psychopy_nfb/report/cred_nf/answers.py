"""What people answered, in a JSON file or the like: a plain dictionary."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from psychopy_nfb.errors import FileError, NfbError, listed
from psychopy_nfb.report.cred_nf.items import ITEMS
from psychopy_nfb.settings import read_plain_json, write_json

ARMS, BEHAVIOUR, QUESTIONS = "arms", "behaviour", "questions"
"""Names beside those of the items; questions are there for people only."""


@dataclass(frozen=True)
class StudyFacts:
    """What the files of a blinded study say, beside those of its sessions."""

    participants: int
    """How many there are."""
    asked: Mapping[str, int]
    """About how many of them who was asked for the arm."""
    guesses: Mapping[str, Mapping[str, Mapping[str, int]]]
    """By who was asked, for each arm how often which one was guessed; empty while it is blinded."""
    unblinding: list[dict[str, str]]
    """``who``, ``when``, ``why`` and ``participants`` of each time that arms were opened."""


@dataclass(frozen=True)
class Answers:
    """What people answered."""

    texts: dict[str, str] = field(default_factory=dict)
    """By item; items without an answer are not in it."""
    arms: dict[str, str] = field(default_factory=dict)
    """Arm of the study by participant."""
    behaviour: dict[str, dict[str, float]] = field(default_factory=dict)
    """Change of each measure of behaviour by participant."""
    questions: dict[str, list[str]] = field(default_factory=dict)
    """By item, texts of the questions that sessions asked about it."""
    study: StudyFacts | None = None
    """Of a blinded study; None where the recordings are of no such one."""


def answers_of(content: Mapping[str, Any]) -> Answers:
    """Return the answers that a dictionary holds.

    Parameters
    ----------
    content : mapping
        A text for each item, by its name (``"1a"``, …, see `ITEMS`); ``"arms"``, the arm by
        participant; ``"behaviour"``, for each measure its change by participant. All may be
        missing.

    Raises
    ------
    NfbError
        If another name is in it, or a value is not what it should be.

    Examples
    --------
    >>> answers_of({"1b": "By a power analysis.", "1a": "", "arms": {"01": "real"}}).texts
    {'1b': 'By a power analysis.'}
    """
    allowed = {*ITEMS, ARMS, BEHAVIOUR, QUESTIONS}
    for name in content:
        if name not in allowed:
            raise NfbError(
                "answers",
                name,
                f"is no item; there are {listed([*ITEMS, ARMS, BEHAVIOUR], 100)}",
            )
    texts = {}
    for name in ITEMS:
        answer = content.get(name) or ""
        if not isinstance(answer, str):
            raise NfbError(f"answers.{name}", answer, "must be a text")
        if answer.strip():
            texts[name] = answer.strip()
    return Answers(texts, _by_name(content, ARMS, str), _behaviour(content))


def _by_name(content: Mapping[str, Any], name: str, kind: Any, where: str = "") -> dict[str, Any]:
    value = content.get(name) or {}
    place = f"answers.{where}{name}"
    what = "a text" if kind is str else "a number"
    if not isinstance(value, dict):
        raise NfbError(place, value, f"must be an object with {what} for each participant")
    for participant, one in value.items():
        if not isinstance(one, kind) or isinstance(one, bool):
            raise NfbError(f"{place}.{participant}", one, f"must be {what}")
    return dict(value)


def _behaviour(content: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    value = content.get(BEHAVIOUR) or {}
    if not isinstance(value, dict):
        raise NfbError(
            f"answers.{BEHAVIOUR}",
            value,
            "must be an object: for each measure the change of each participant",
        )
    return {name: _by_name(value, name, int | float, f"{BEHAVIOUR}.") for name in value}


def read_answers(path: str | os.PathLike[str]) -> Answers:
    """Read the answers in a JSON file.

    Raises
    ------
    NfbError
        If it cannot be read, or holds something else.
    """
    content = read_plain_json(path)
    if not isinstance(content, dict):
        raise FileError("answers", os.fspath(path), "must hold an object with a text for each item")
    return answers_of(content)


def write_questions(path: str | os.PathLike[str]) -> None:
    """Write a file with empty answers, and the question of each.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    empty = {**dict.fromkeys(ITEMS, ""), ARMS: {}, BEHAVIOUR: {}}
    write_json({**empty, QUESTIONS: {name: one.question for name, one in ITEMS.items()}}, path)
