"""What a study knows of its participants, for ``participants.tsv``; nothing in it tells the arm."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.report.bids.tables import complete_rows, write_json
from psychopy_nfb.settings import read_plain_json
from psychopy_nfb.study.plan import Study

WITHDREW = "withdrew_after"
"""Column with the number of finished sessions after which somebody withdrew."""


def describe_participants(root: str | os.PathLike[str], study: Study) -> None:
    """Complete the table of participants of a dataset by strata and withdrawals of a study.

    Cells, columns and descriptions that are there stay as they are. Reasons of withdrawals are in
    the study's report only, as they may tell who it was.

    Parameters
    ----------
    root : path
        The dataset.
    study : Study
        The study.

    Raises
    ------
    FileError
        If a table cannot be read or written.
    """
    table, description = (Path(root, f"participants.{kind}") for kind in ("tsv", "json"))
    if not table.exists():
        return
    columns = {_column(name): name for name in study.strata}
    rows: dict[str, dict[str, object]] = {}
    for label, person in study.participants.items():
        gone = person.withdrawn
        rows[f"sub-{label}"] = {
            **{column: person.stratum.get(name) for column, name in columns.items()},
            WITHDREW: None if gone is None else gone.after_session,
        }
    described: dict[str, Any] = {
        column: {
            "Description": f"Stratum {name}, within which participants were allocated to arms.",
            "Levels": {level: f"{name}: {level}" for level in study.strata[name]},
        }
        for column, name in columns.items()
    }
    described[WITHDREW] = {
        "Description": "Number of finished sessions after which the participant withdrew from the "
        "study; n/a for those who did not withdraw."
    }
    there = read_plain_json(description) if description.exists() else {}
    try:
        complete_rows(table, [*columns, WITHDREW], rows)
        write_json(description, {**described, **there})
    except OSError as error:
        raise FileError(
            "out", str(root), f"cannot be written ({cause(error)}); choose another folder"
        ) from None


def _column(stratum: str) -> str:
    """Return the name of a stratum's column: BIDS has meanings of its own for sex and age."""
    return "stratum_" + (re.sub(r"[^0-9a-z]+", "_", stratum.lower()).strip("_") or "without_name")
