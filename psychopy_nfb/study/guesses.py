"""Which arm people believe that a participant was in, asked after the last session."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.errors import FileError, SettingsError, listed
from psychopy_nfb.settings import read_json, write_json
from psychopy_nfb.study.openings import is_open
from psychopy_nfb.study.plan import StudyFolder, now
from psychopy_nfb.study.register import Register
from psychopy_nfb.study.words import QUESTIONS, UNKNOWN


@dataclass(kw_only=True)
class Guess:
    """What somebody believes."""

    participant: str
    """Label of the participant whose arm it is."""
    who: Literal["participant", "experimenter"]
    """Who was asked."""
    arm: str
    """Name of an arm, or ``"unknown"``."""
    confidence: float
    """How sure, from 0 (a mere guess) to 100 (certain)."""
    asked: str
    """When, as ISO 8601."""


def keep_guess(
    folder: StudyFolder, participant: object, who: str, arm: str, confidence: float
) -> Guess:
    """Keep a guess.

    Raises
    ------
    SettingsError
        If there is no such arm, or a session is still to come.
    FileError
        If that was asked before, or the arm is open already.
    """
    label, person = folder.participant(participant)
    check_choice("who", who, QUESTIONS)
    check_number("confidence", confidence, at_least=0, at_most=100, unit="%")
    if arm not in (*folder.study.arms, UNKNOWN):
        raise SettingsError("arm", arm, f"is none of {listed([*folder.study.arms, UNKNOWN])}")
    done = [run for run in Register(folder).runs(label) if run.state == "finished"]
    last = bool(done) and done[-1].number >= folder.study.sessions
    if not last and person.withdrawn is None:
        n = done[-1].number if done else 0
        raise SettingsError(
            "participant",
            label,
            f"has had {n} of {folder.study.sessions} sessions; ask after the last one, as a guess "
            "changes what people expect",
        )
    if is_open(folder, label):
        raise FileError("study", os.fspath(folder.path), f"has the arm of {label} open already")
    path = folder.path / "guesses" / f"sub-{label}_{who}.json"
    if path.exists():
        raise FileError("guess", os.fspath(path), "is kept already; the first one counts")
    path.parent.mkdir(exist_ok=True)
    guess = Guess(participant=label, who=who, arm=arm, confidence=float(confidence), asked=now())
    write_json(guess, path)
    return guess


def read_guesses(folder: StudyFolder) -> list[Guess]:
    """Return all guesses of a study."""
    place = folder.path / "guesses"
    names = sorted(os.listdir(place)) if place.is_dir() else []
    pattern = re.compile(rf"sub-[0-9A-Za-z]+_({'|'.join(QUESTIONS)})\.json")
    return [read_json(Guess, place / name) for name in names if pattern.fullmatch(name)]


def guesses_by_arm(
    folder: StudyFolder, who: str, arms: Mapping[str, str]
) -> dict[str, Counter[str]]:
    """Return for each arm how often which arm was guessed in it.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    who : {"participant", "experimenter"}
        Whose guesses.
    arms : mapping of str to str
        Arm by participant; guesses about others are left out.
    """
    counts: dict[str, Counter[str]] = {}
    for guess in read_guesses(folder):
        if guess.who == who and guess.participant in arms:
            counts.setdefault(arms[guess.participant], Counter())[guess.arm] += 1
    return dict(sorted(counts.items()))
