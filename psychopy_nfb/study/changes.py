"""What must stay as it is in ``study.json`` once there is an allocation, compared with it."""

from __future__ import annotations

import hashlib
import json
import os

from psychopy_nfb.errors import FileError, listed
from psychopy_nfb.settings import read_plain_json, to_dict
from psychopy_nfb.study.allocation import Allocation
from psychopy_nfb.study.plan import EVERYBODY, Study, StudyFolder
from psychopy_nfb.study.register import Register

DRAWN_FROM = ("task", "sessions", "arms", "strata")
"""Fields of a study that its allocation, or the choice of donors, depends on."""


def drawn_from(study: Study) -> dict[str, str]:
    """Return the fingerprint of each field that the allocation depends on: it names no arm."""
    whole = to_dict(study)
    texts = {name: json.dumps(whole[name], sort_keys=True) for name in DRAWN_FROM}
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def check_unchanged(folder: StudyFolder) -> None:
    """Refuse a study that is not as it was when its allocation was made.

    Raises
    ------
    FileError
        If a field that the allocation depends on, a token or a label was changed.
    """
    if not folder.allocation.exists():
        return
    study, allocation = folder.study, Allocation.read(folder)
    # Allocations of earlier versions do not keep it.
    then, now = read_plain_json(folder.allocation).get("drawn_from", {}), drawn_from(study)
    found = [f"{name}: not as it was then" for name in then if then[name] != now.get(name)]
    holders: dict[str, str] = {}
    for label, person in study.participants.items():
        if person.token is None:
            continue
        if (other := holders.setdefault(person.token, label)) != label:
            found.append(f"{other} and {label} have the same token {person.token}")
        given = [f"{name}={person.stratum.get(name)}" for name in study.strata]
        row = allocation.slots.get(", ".join(given) or EVERYBODY, [])
        if person.token not in (slot["token"] for slot in row):
            found.append(f"the token {person.token} of {label} was not drawn for the stratum")
    strangers = Register(folder).participants() - set(study.participants)
    if strangers:
        found.append(f"there are sessions of {listed(sorted(strangers))}, who is not in it")
    if found:
        raise FileError(
            "study",
            os.fspath(folder.file),
            f"was changed after the allocation: {'; '.join(found)}. Put back what it said, or "
            "restore the file from a copy",
        )
