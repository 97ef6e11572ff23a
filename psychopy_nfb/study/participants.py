"""Who is added to a study: with an allocation the next token of the stratum becomes theirs."""

from __future__ import annotations

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.recording.labels import participant_label
from psychopy_nfb.settings import read_json, write_json
from psychopy_nfb.study.allocation import Allocation
from psychopy_nfb.study.plan import Participant, Study, StudyFolder, now


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
        token = None
        if folder.allocation.exists():
            used = {one.token for one in study.participants.values()}
            token = Allocation.read(folder).next_token(place, used)
        person = Participant(added=now(), stratum=stratum, token=token)
        study.participants[label] = person
        write_json(study, folder.file)
    return person
