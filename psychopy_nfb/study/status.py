"""How far a study is: one line for each participant; nothing in it depends on arms."""

from __future__ import annotations

from dataclasses import dataclass

from psychopy_nfb.study.guesses import read_guesses
from psychopy_nfb.study.openings import unblinding_of
from psychopy_nfb.study.plan import Participant, StudyFolder, withdrew
from psychopy_nfb.study.register import Register, Run


@dataclass
class Progress:
    """How far a participant is."""

    participant: str
    """Label."""
    stratum: str
    """Where the participant belongs; empty without strata."""
    token: str
    """Stands for the arm; empty without an allocation."""
    done: int
    """Finished sessions."""
    last: str
    """When the last run began, to the minute; empty before the first."""
    state: str
    """What is next, in words."""
    guesses: str
    """Who was asked for the arm."""


def progress(folder: StudyFolder) -> list[Progress]:
    """Return how far each participant is, in the order in which they were added."""
    study, register = folder.study, Register(folder)
    runs = register.by_participant()
    guesses: dict[str, list[str]] = {}
    for guess in read_guesses(folder):
        guesses.setdefault(guess.participant, []).append(guess.who)
    rows = []
    for label, person in study.participants.items():
        own = runs.get(label, [])
        done = len({run.number for run in own if run.state == "finished"})
        rows.append(
            Progress(
                label,
                ", ".join(f"{name}={level}" for name, level in person.stratum.items()),
                person.token or "",
                done,
                own[-1].begun[:16].replace("T", " ") if own else "",
                _state(register, person, own, study.sessions),
                ", ".join(guesses.get(label, [])),
            )
        )
    return rows


def blinding(folder: StudyFolder) -> str:
    """Return in words whether arms are hidden."""
    if not folder.study.blinded:
        return "one arm"
    if not folder.allocation.exists():
        return "several arms, not allocated yet"
    opened = any(one["participants"] == "all" for one in unblinding_of(folder))
    return "unblinded" if opened else "blinded"


def _state(register: Register, person: Participant, runs: list[Run], sessions: int) -> str:
    if person.withdrawn is not None:
        return withdrew(person.withdrawn)
    if not runs:
        return "session 1 is due"
    newest = runs[-1]
    if newest.state == "finished":
        done = newest.number >= sessions
        return "all sessions done" if done else f"session {newest.number + 1} is due"
    if not register.cut_off(newest):
        return f"session {newest.number} is under way"
    if newest.decision is None:
        return f"session {newest.number} was cut off: decide with study next"
    return f"session {newest.number} is due again ({newest.decision})"
