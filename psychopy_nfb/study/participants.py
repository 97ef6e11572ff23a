"""Who is added to a study, with the next token of the stratum, and who withdraws from it."""

from __future__ import annotations

from datetime import date

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.recording.labels import participant_label
from psychopy_nfb.settings import read_json, write_json
from psychopy_nfb.study.allocation import Allocation
from psychopy_nfb.study.plan import (
    Participant,
    Study,
    StudyFolder,
    Withdrawal,
    now,
    withdrew,
)
from psychopy_nfb.study.register import Register


def add_participant(
    folder: StudyFolder, label: object, stratum: dict[str, str] | None = None
) -> Participant:
    """Add a participant to a study.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    label : str
        What the participant is called: letters A to Z and digits.
    stratum : dict of str: str, optional
        Where the participant belongs, such as ``{"sex": "f"}``.

    Raises
    ------
    SettingsError
        If the label is taken or impossible, there is no such stratum, or no token is left.
    """
    label, stratum = participant_label(label), stratum or {}
    with folder.lock("study", "Adding a participant"):
        folder.study = study = read_json(Study, folder.file)
        known = study.label_of(label)
        if known is not None:
            raise SettingsError(
                "participant",
                label,
                f"is in the study already, as {known}; for somebody else choose a label that "
                "differs by more than case and leading zeros",
            )
        place = study.stratum(stratum)
        person = Participant(added=now(), stratum=stratum, token=_next_token(folder, place))
        study.participants[label] = person
        write_json(study, folder.file)
    return person


def withdraw_participant(
    folder: StudyFolder, label: object, reason: str, day: str | None = None
) -> tuple[str, Withdrawal]:
    """Note that a participant takes part no longer.

    Token and sessions stay theirs, so that the allocation of all others stays as it was drawn.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    label : str
        Who it is.
    reason : str
        Why; it stands in the report.
    day : str, optional
        On which day, as ISO 8601; None is today.

    Returns
    -------
    str, Withdrawal
        The participant's label in the study, and what was noted.

    Raises
    ------
    SettingsError
        If there is no such participant, they have withdrawn already, are in a session now or have
        done all sessions, no reason is given, or the day is none, is still to come or lies before
        what is known of the participant.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise SettingsError("reason", reason, "is empty; say why, as the report counts reasons")
    with folder.lock("study", "Noting a withdrawal"):
        folder.study = study = read_json(Study, folder.file)
        label, person = folder.participant(label)
        if person.withdrawn is not None:
            raise SettingsError(
                "participant",
                label,
                f"{withdrew(person.withdrawn)}; to change that, take it back first: psychopy-nfb "
                f"study withdraw {folder.path} {label} --undo",
            )
        register = Register(folder)
        if register.under_way(label):
            raise SettingsError(
                "participant", label, "is in a session now; wait until it has ended"
            )
        runs = register.runs(label)
        done = max((run.number for run in runs if run.state == "finished"), default=0)
        if done >= study.sessions:
            raise SettingsError(
                "participant",
                label,
                f"has done all {study.sessions} sessions of the study, so there is none to "
                "withdraw from",
            )
        known = [("was added to the study", person.added)]
        known += [(f"had session {run.number}", run.begun) for run in runs]
        when = _checked_day(day, *max(known, key=lambda one: one[1][:10]))
        entry = Withdrawal(date=when, reason=reason, after_session=done, entered=now())
        person.withdrawn = entry
        write_json(study, folder.file)
    return label, entry


def take_back_withdrawal(folder: StudyFolder, label: object) -> str:
    """Let a participant take part again; return their label in the study.

    Raises
    ------
    SettingsError
        If they have not withdrawn, or no token is left for one who withdrew before the allocation.
    """
    with folder.lock("study", "Taking back a withdrawal"):
        folder.study = study = read_json(Study, folder.file)
        label, person = folder.participant(label)
        if person.withdrawn is None:
            raise SettingsError("participant", label, "has not withdrawn; there is nothing to undo")
        person.withdrawn = None
        if person.token is None:
            person.token = _next_token(folder, study.stratum(person.stratum))
        write_json(study, folder.file)
    return label


def _next_token(folder: StudyFolder, stratum: str) -> str | None:
    """Return the next free token of a stratum; None before there is an allocation."""
    if not folder.allocation.exists():
        return None
    used = {one.token for one in folder.study.participants.values()}
    return Allocation.read(folder).next_token(stratum, used)


def _checked_day(text: str | None, what: str, known: str) -> str:
    """Return a day as ISO 8601, today if none is given.

    Raises
    ------
    SettingsError
        If it is none, is still to come, or lies before `known`, the last day on which the
        participant is known to have taken part, as `what` says.
    """
    try:
        day = date.today() if text is None else date.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            "date", text, "must be a day as YYYY-MM-DD, such as 2026-03-05"
        ) from None
    if day > date.today():
        raise SettingsError("date", text, "is still to come; note it when it has happened")
    if text is not None and day.isoformat() < known[:10]:
        raise SettingsError(
            "date", text, f"lies before {known[:10]}, when the participant {what}; check it"
        )
    return day.isoformat()
