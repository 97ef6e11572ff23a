"""How far what was shown was the own feedback, over a whole study; after unblinding only."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from psychopy_nfb.analysis.contingencies import contingency
from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.study.openings import is_open
from psychopy_nfb.study.plan import StudyFolder
from psychopy_nfb.study.register import Register
from psychopy_nfb.study.unblinding import read_arms

CONTINGENCY = "contingency.csv"


def study_contingency(folder: StudyFolder) -> pd.DataFrame:
    """Return `contingency` of each block of each finished session.

    Returns
    -------
    DataFrame
        ``participant``, ``session``, ``arm``, then the columns of `contingency`.

    Raises
    ------
    FileError
        If somebody's arm is not open yet.
    """
    study, arms, tables = folder.study, read_arms(folder), []
    closed = [label for label in study.participants if study.blinded and not is_open(folder, label)]
    if closed:
        raise FileError(
            "study",
            os.fspath(folder.path),
            "is still blinded, and the contingency would tell who is in which arm; unblind it",
        )
    register = Register(folder)
    for run in register.counting():
        table = contingency(register.files(run).stem)
        arm = arms.get(run.participant, {}).get("arm", next(iter(study.arms)))
        for place, (name, value) in enumerate(
            (("participant", run.participant), ("session", run.number), ("arm", arm))
        ):
            table.insert(place, name, value)
        tables.append(table)
    if not tables:
        raise FileError("study", os.fspath(folder.path), "has no finished session yet")
    return pd.concat(tables, ignore_index=True)


def write_contingency(folder: StudyFolder) -> tuple[pd.DataFrame, Path]:
    """Write `study_contingency` into the study's folder; return it, and the file.

    Raises
    ------
    FileError
        If the study is not unblinded, or the file cannot be written.
    """
    table, path = study_contingency(folder), folder.path / CONTINGENCY
    try:
        table.to_csv(path, index=False, encoding="utf-8")
    except OSError as error:
        raise FileError("study", os.fspath(path), f"cannot be written: {cause(error)}") from None
    return table, path
