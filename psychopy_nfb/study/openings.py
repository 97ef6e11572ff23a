"""Who has opened arms of a study, when and why."""

from __future__ import annotations

from typing import Any

from psychopy_nfb.settings import read_plain_json
from psychopy_nfb.study.plan import StudyFolder

UNBLINDING = "unblinding.json"


def unblinding_of(folder: StudyFolder) -> list[dict[str, Any]]:
    """Return who has unblinded a study, when and why; empty for one that is blind."""
    path = folder.path / UNBLINDING
    return read_plain_json(path) if path.exists() else []


def is_open(folder: StudyFolder, participant: str) -> bool:
    """Return whether the arm of a participant was opened."""
    return any(one["participants"] in ("all", participant) for one in unblinding_of(folder))
