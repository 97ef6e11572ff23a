"""Opens what is sealed of a study, and writes who did it, when and why."""

from __future__ import annotations

import csv
import logging
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psychopy_nfb.errors import FileError, SettingsError, listed
from psychopy_nfb.recording.opened import write_opened
from psychopy_nfb.recording.proofs import changed_files
from psychopy_nfb.recording.sealed_file import read_sealed
from psychopy_nfb.settings import write_json
from psychopy_nfb.study.allocation import Allocation
from psychopy_nfb.study.guesses import read_guesses
from psychopy_nfb.study.openings import UNBLINDING, unblinding_of
from psychopy_nfb.study.plan import StudyFolder, now
from psychopy_nfb.study.register import Register, about
from psychopy_nfb.study.words import QUESTIONS

logger: logging.Logger = logging.getLogger(__name__)

ARMS = "arms.csv"


@dataclass
class Unblinded:
    """What was opened."""

    arms: dict[str, str]
    """By participant."""
    sessions: int
    """How many sessions' files were opened."""
    cut_off: list[str]
    """Names of sessions whose sealed file ends early, as after a crash."""


def missing(folder: StudyFolder) -> list[str]:
    """Return what of a study is still to come, a sentence each: sessions, and guesses of the arm.

    After unblinding neither can be had any more as it should be. Those who withdrew have no more
    sessions; those of them who never had one are not asked for the arm.
    """
    study, register = folder.study, Register(folder)
    done = Counter(
        who
        for who, _ in {
            (run.participant, run.number) for run in register.runs() if run.state == "finished"
        }
    )
    stay = [label for label, person in study.participants.items() if person.withdrawn is None]
    left = {label: study.sessions - done[label] for label in stay}
    believe = [label for label in study.participants if label in left or done[label]]
    asked = {(guess.participant, guess.who) for guess in read_guesses(folder)}
    found = []
    people = [f"{label} ({n})" for label, n in left.items() if n]
    if people:
        found.append(f"Sessions are missing of {listed(people)}.")
    for who in QUESTIONS:
        people = [label for label in believe if (label, who) not in asked]
        if people:
            whose = (
                "participants" if who == "participant" else "experimenter about the participants"
            )
            found.append(f"The guess of the arm is missing of the {whose} {listed(people)}.")
    return found


def unblind(
    folder: StudyFolder,
    key: Callable[[bytes], bytes],
    who: str,
    why: str,
    participant: str | None = None,
) -> Unblinded:
    """Open what is sealed: of one participant, or of all.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    key : callable
        Returns the key that belongs to a public key.
    who, why : str
        Who does it, and for which reason; both are written down before anything is opened.
    participant : str, optional
        Label of the only one whose arm is opened, as in an emergency.

    Returns
    -------
    Unblinded

    Raises
    ------
    SettingsError, FileError
        If `who` or `why` is empty, a session runs, the key does not fit or a file was changed: then
        nothing is opened.
    """
    for name, text in (("who", who), ("why", why)):
        if not text.strip():
            raise SettingsError(name, text, "is empty; enter it, because it is kept with the study")
    study, allocation = folder.study, Allocation.read(folder)
    private = key(allocation.public)
    slots = {
        slot["token"]: {"stratum": stratum, **slot}
        for stratum, row in allocation.listed(private).items()
        for slot in row
    }
    labels = list(study.participants)
    if participant is not None:
        labels = [folder.participant(participant)[0]]
    register = Register(folder)
    runs = register.by_participant()
    strangers = set(runs) - set(study.participants)
    if strangers:
        raise FileError(
            "study",
            os.fspath(folder.file),
            f"was changed: there are sessions of {listed(sorted(strangers))}, who is not in it; "
            "nothing was opened",
        )
    for label in labels:
        if register.under_way(label):
            raise SettingsError(
                "participant", label, "is in a session now; wait until it has ended"
            )
    given = {label: slots.get(study.participants[label].token) for label in labels}
    for label, slot in given.items():
        person = study.participants[label]
        if person.token is not None and (
            slot is None or slot["stratum"] != study.stratum(person.stratum)
        ):
            raise FileError(
                "study",
                os.fspath(folder.file),
                f"was changed: participant {label} has a token that was not drawn for the stratum; "
                "nothing was opened",
            )
    opened = []
    for run in (run for label in labels for run in runs.get(label, [])):
        files = register.files(run)
        if run.state == "finished" and not files.sealed.exists():
            logger.warning(
                "%s is not there: what was shown in this session cannot be opened; restore the "
                "file from a copy and unblind again.",
                files.sealed,
            )
        if files.sealed.exists():
            content = read_sealed(files.sealed, private, about(folder, files))
            for path in changed_files(content.proofs, files.watched):
                raise FileError(
                    "file",
                    os.fspath(path),
                    "was changed since its session; nothing was opened. Restore it from a copy, or "
                    "move all files of this session elsewhere to unblind the study without it",
                )
            opened.append((files, content))
    entry = {"who": who, "when": now(), "why": why, "participants": participant or "all"}
    write_json([*unblinding_of(folder), entry], folder.path / UNBLINDING)
    for files, content in opened:
        write_opened(content, files)
    arms = {label: slot["arm"] for label, slot in given.items() if slot is not None}
    _write_arms(folder, {label: slot for label, slot in given.items() if slot is not None})
    cut_off = [files.stem.name for files, content in opened if not content.complete]
    return Unblinded(arms, len(opened), cut_off)


def _write_arms(folder: StudyFolder, given: dict[str, dict[str, Any]]) -> None:
    """Write the table of arms, those that were opened earlier included."""
    path = folder.path / ARMS
    rows = read_arms(folder)
    rows |= {
        label: {name: slot[name] or "" for name in ("token", "stratum", "arm", "donor")}
        for label, slot in given.items()
    }
    try:
        with open(path, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(("participant", "token", "stratum", "arm", "donor"))
            for label in sorted(rows):
                table.writerow((label, *rows[label].values()))
    except OSError as error:
        raise FileError("study", os.fspath(path), f"cannot be written: {error.strerror}") from None


def read_arms(folder: StudyFolder) -> dict[str, dict[str, str]]:
    """Return what the table of arms has of each participant; empty before unblinding."""
    path = folder.path / ARMS
    if not path.exists():
        return {}
    with open(path, encoding="utf-8-sig", newline="") as file:
        return {row.pop("participant"): row for row in csv.DictReader(file)}
