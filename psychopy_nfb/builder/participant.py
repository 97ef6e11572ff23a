"""Whose session it is: which field of the dialog at the start names the participant.

Generated scripts use `participant_of`, so that nothing of PsychoPy is imported here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any

from psychopy_nfb.errors import SettingsError, listed

logger: logging.Logger = logging.getLogger(__name__)

UNKNOWN = "unknown"
"""Label of a participant whom nothing names: no number, which would be another person's."""
_PEOPLE = (
    *("participant", "subject", "subj", "sub", "proband", "versuchsperson", "vpn", "vp"),
    *("ppn", "pp", "patient", "client", "person"),
)
_SESSIONS = ("session", "ses", "visit")
_ENDS = ("", "id", "number", "num", "nr", "no", "code", "label")
_PERSON_NAMES = (*(f"{stem}{end}" for stem in _PEOPLE for end in _ENDS), "id")
"""How a field for the participant is usually called, without spaces and the like."""
_SESSION_NAMES = tuple(f"{stem}{end}" for stem in _SESSIONS for end in _ENDS)
_OF_THE_RUN = ("date", "expName", "expVersion", "psychopyVersion", "frameRate")
"""What PsychoPy itself writes into expInfo."""
_ASKED = re.compile(r"expInfo(?:\.get\(|\[)\s*['\"]([^'\"]+)['\"]")


def participant_field(info: Iterable[str], file_name: str) -> str | None:
    """Return which field of an experiment's information names the participant.

    Parameters
    ----------
    info : iterable of str
        Its fields, as the experiment's settings have them.
    file_name : str
        *Data filename* of the experiment's settings.

    Returns
    -------
    str or None
        One with a usual name (participant, subject, …), first of all one that is in the name of
        the data file; or another field that is in that name. None if there is no such field.

    Examples
    --------
    >>> participant_field(["Subject ID|req", "session"], "")
    'Subject ID'
    >>> participant_field(["code", "session"], "data/%s_%s' % (expInfo['code'], expName)")
    'code'
    >>> participant_field(["session"], "data/%s' % expInfo['date']") is None
    True
    """
    fields = [_plain(one) for one in info]
    in_name = [one for one in _ASKED.findall(file_name) if one in fields]
    usual = _usual(fields, _PERSON_NAMES)
    others = [
        one
        for one in in_name
        if one not in _OF_THE_RUN and _bare(one) not in (*_PERSON_NAMES, *_SESSION_NAMES)
    ]
    return next(iter([*(one for one in usual if one in in_name), *usual, *others]), None)


def session_field(info: Iterable[str]) -> str:
    """Return which field of an experiment's information is the session; usually ``session``.

    Examples
    --------
    >>> session_field(["participant", "Session number"]), session_field(["participant"])
    ('Session number', 'session')
    """
    return next(iter(_usual([_plain(one) for one in info], _SESSION_NAMES)), "session")


def participant_of(info: Mapping[str, Any], field: str | None, takes_over: bool = False) -> str:
    """Return the participant whom the dialog at the start of an experiment names.

    Parameters
    ----------
    info : mapping
        PsychoPy's ``expInfo``.
    field : str or None
        Which of its fields it is; without it one with a usual name is taken.
    takes_over : bool
        Whether a baseline or thresholds of this person's earlier session are used.

    Returns
    -------
    str
        What was typed in; `UNKNOWN`, with a warning, if no field names anybody.

    Raises
    ------
    SettingsError
        If nobody is named, and an earlier session would be used: it could be another person's.

    Examples
    --------
    >>> participant_of({"subject": "Bob", "date": "2026-01-01"}, "subject")
    'Bob'
    """
    values = {_plain(name): value for name, value in info.items()}
    for name in [field, *_usual(list(values), _PERSON_NAMES)]:
        if name in values:
            return str(values[name])
    there = listed(name for name in values if name not in _OF_THE_RUN) or "nothing"
    if takes_over:
        raise SettingsError(
            "participant",
            None,
            f"is not known, so that what is taken over could be another person's; the experiment "
            f"info has {there}: add participant to it",
        )
    logger.warning(
        "Whose session this is, is not known: the experiment info has %s. Its files are those of "
        "participant '%s'; add participant to the experiment info.",
        there,
        UNKNOWN,
    )
    return UNKNOWN


def _usual(fields: list[str], names: tuple[str, ...]) -> list[str]:
    """Return the fields with usual names, the most usual first."""
    found = [one for one in fields if _bare(one) in names]
    return sorted(found, key=lambda one: names.index(_bare(one)))


def _plain(field: str) -> str:
    """Return a field's name: ``participant|req`` has what PsychoPy does with it behind it."""
    return str(field).split("|")[0].strip()


def _bare(field: str) -> str:
    return re.sub(r"[\W_]", "", field).casefold()
