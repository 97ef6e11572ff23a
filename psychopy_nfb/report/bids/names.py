"""Whose session it is, in the words of BIDS, from the names of its files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from psychopy_nfb.errors import FileError, NfbError
from psychopy_nfb.recording.labels import participant_label, session_label
from psychopy_nfb.recording.names import SessionFiles

_STEM = re.compile(r"sub-(?P<sub>.+)_ses-(?P<ses>.+)_task-(?P<task>[0-9A-Za-z]+)_run-(?P<run>\d+)")


@dataclass(frozen=True)
class BidsName:
    """What the names of a recording's files begin with.

    Examples
    --------
    >>> name = BidsName("07", "pre", "alpha", "03")
    >>> name.stem
    'sub-07_ses-pre_task-alpha_run-03'
    >>> name.folder.as_posix()
    'sub-07/ses-pre/eeg'
    """

    participant: str
    session: str
    task: str
    run: str

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return f"{self.subject}_ses-{self.session}_task-{self.task}_run-{self.run}"

    @property
    def subject(self) -> str:
        """The participant, as in ``participants.tsv``."""
        return f"sub-{self.participant}"

    @property
    def folder(self) -> Path:
        """Where its files are, within a dataset."""
        return Path(self.subject, f"ses-{self.session}", "eeg")


def bids_name(files: SessionFiles) -> BidsName:
    """Return whose session it is, as its files are called now.

    Raises
    ------
    FileError
        If they are not called as sessions are.

    Examples
    --------
    >>> bids_name(SessionFiles(Path("sub-07_ses-pre_task-alpha_run-03"))).participant
    '07'
    """
    match = _STEM.fullmatch(files.stem.name)
    if match is None:
        raise FileError(
            "session",
            str(files.stem),
            "is not called sub-…_ses-…_task-…_run-…, which tells participant, session and task; "
            "give all its files such a name",
        )
    try:
        participant = participant_label(match["sub"])
        session = session_label(match["ses"], files.stem.parent, participant)
    except NfbError as error:
        raise FileError("session", str(files.stem), f"cannot be exported: {error}") from None
    return BidsName(participant, session, match["task"], match["run"])
