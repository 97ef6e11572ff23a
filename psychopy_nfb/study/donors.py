"""Whose sessions yoked arms show: drawn at allocation, for everybody, whatever the arm is.

Everybody has a donor, also who is shown the own feedback: reading it takes the same time, and it
stands in the same places.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from psychopy_nfb.engine.donors import recorded_blocks
from psychopy_nfb.errors import FileError, NfbError
from psychopy_nfb.recording import read_session
from psychopy_nfb.recording.names import SETTINGS_SUFFIX
from psychopy_nfb.recording.tables import given
from psychopy_nfb.study.plan import Study, StudyFolder

MOST_PROBLEMS = 3
"""Sessions of donors that one error names."""


class DonorPool:
    """The people whose sessions can be shown.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    donors : Path or None
        Folder with their sessions.

    Attributes
    ----------
    place : str
        That folder, as seen from the study's.

    Raises
    ------
    FileError
        If nobody there has enough sessions, or one of them is too short.
    """

    def __init__(self, folder: StudyFolder, donors: Path | None):
        study = folder.study
        if donors is None or not donors.is_dir():
            raise FileError(
                "donors",
                donors,
                "is not a folder; name the folder with the finished sessions that yoked arms show",
            )
        if os.path.abspath(donors) == os.path.abspath(folder.data):
            raise FileError(
                "donors",
                os.fspath(donors),
                "holds the sessions of this study itself; use those of an earlier group",
            )
        self.place: str = _seen_from(folder.path, donors)
        found = sessions_by_person(donors, study.task)
        self._names = sorted(name for name, row in found.items() if len(row) >= study.sessions)
        if not self._names:
            most = max(map(len, found.values()), default=0)
            raise FileError(
                "donors",
                os.fspath(donors),
                f"has nobody with {study.sessions} sessions of the task {study.task}; "
                f"the largest number of one person is {most}",
            )
        stems = [stem for name in self._names for stem in found[name][: study.sessions]]
        problems = [why for stem in stems if (why := _problem(stem, study))]
        if problems:
            more = len(problems) - MOST_PROBLEMS
            told = "; ".join(problems[:MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
            raise FileError("donors", os.fspath(donors), f"cannot all be shown: {told}")

    def draw(self, n: int, random: np.random.Generator) -> list[str]:
        """Return a donor for each of `n` people, all of them about equally often."""
        names: list[str] = []
        while len(names) < n:
            names += [self._names[place] for place in random.permutation(len(self._names))]
        return names[:n]


def _problem(stem: Path, study: Study) -> str:
    """Return why a session cannot be shown, its first reason alone; empty if it can be."""
    session = read_session(stem)
    if not given(session.signals, "rewards").max() > 0:
        why = "has not one reward, as where a baseline has failed; leave this person out"
        return f"{stem.name}: {why}"
    for source in study.yoked:
        try:
            recorded_blocks(source, session)
        except NfbError as error:
            told = str(error).rstrip(".")
            return told if stem.name in told else f"{stem.name}: {told}"
    return ""


def sessions_by_person(folder: Path, task: str) -> dict[str, list[Path]]:
    """Return the sessions of each person in a folder, in order; of several runs the last one."""
    found: dict[str, dict[str, Path]] = {}
    pattern = rf"sub-([0-9A-Za-z]+)_ses-([0-9A-Za-z]+)_task-{task}_run-(\d+){SETTINGS_SUFFIX}"
    for path in sorted(folder.glob(f"sub-*_task-{task}_run-*{SETTINGS_SUFFIX}")):
        if match := re.fullmatch(pattern, path.name):
            stem = path.with_name(path.name.removesuffix(SETTINGS_SUFFIX))
            found.setdefault(match[1], {})[match[2]] = stem
    return {name: [row[key] for key in sorted(row, key=_in_order)] for name, row in found.items()}


def _in_order(label: str) -> tuple[bool, int, str]:
    """Return by what labels are sorted: numbers as such, before names."""
    return not label.isdigit(), int(label) if label.isdigit() else 0, label


def donor_session(folder: StudyFolder, place: str, donor: str, number: int) -> Path:
    """Return the session of a donor that the participant's session of that number shows.

    Raises
    ------
    FileError
        If it is not there any more.
    """
    donors = folder.path / place
    rows = sessions_by_person(donors, folder.study.task).get(donor, [])
    if number > len(rows):
        raise FileError(
            "donors",
            os.fspath(donors),
            f"no longer has {number} sessions of everybody who had them at allocation; copy them "
            "back",
        )
    return rows[number - 1]


def _seen_from(folder: Path, other: Path) -> str:
    """Return a path as seen from a folder; of another drive its own."""
    try:
        return Path(os.path.relpath(other, folder)).as_posix()
    except ValueError:
        return os.path.abspath(other)
