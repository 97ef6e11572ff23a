"""What happened when, as BIDS counts time: in the samples of the file, gaps or not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from psychopy_nfb.recording.blinding import is_sealed
from psychopy_nfb.recording.read import places_of_events
from psychopy_nfb.recording.sidecars import EVENTS
from psychopy_nfb.recording.text import NOT_AVAILABLE
from psychopy_nfb.report.bids.blinding import TELLING, without_what_was_shown
from psychopy_nfb.report.bids.tables import write_json, write_table

if TYPE_CHECKING:
    from psychopy_nfb.recording import Session

COLUMNS = ("onset", "duration", "trial_type", "value", "sample", "t", "detail")
OWN = {
    "onset": {
        "Description": "Time of the nearest EEG sample in the file, counted from its first sample. "
        "Where samples are missing (gap) the file goes on without them: differences of t are real "
        "time.",
        "Units": "s",
    },
    "duration": {
        "Description": "Of block_begin: how long the block lasted, without what is missing. 0 for "
        "a moment; of gap, too, whose missing seconds are in detail.",
        "Units": "s",
    },
    "sample": {"Description": "Number of that EEG sample in the file, counted from 0."},
}


def table_of_events(session: Session) -> pd.DataFrame:
    """Return the events in order of onset: the columns of `COLUMNS`."""
    events, eeg = session.events, session.eeg
    rows, durations = places_of_events(eeg, events)
    table = events.assign(onset=rows / eeg.rate, duration=durations, sample=rows)
    if is_sealed(session.settings):
        table = without_what_was_shown(table)
    table = table[list(COLUMNS)]
    return table.sort_values(["sample", "t"], kind="stable", ignore_index=True)


def write_events(session: Session, folder: Path, stem: str) -> int:
    """Write ``…_events.tsv`` and ``.json``; return how often samples are missing."""
    table = table_of_events(session)
    rows = table.astype(object).where(table.notna(), None).itertuples(index=False)
    write_table(folder / f"{stem}_events.tsv", COLUMNS, rows)
    levels = dict(EVENTS["trial_type"]["Levels"])
    if is_sealed(session.settings):
        levels = {name: text for name, text in levels.items() if name not in TELLING}
    described: dict[str, Any] = {name: EVENTS[name] for name in COLUMNS} | OWN
    described["trial_type"] = {**EVENTS["trial_type"], "Levels": levels}
    described["StimulusPresentation"] = _presentation(session.settings)
    write_json(folder / f"{stem}_events.json", described)
    return int((table.trial_type == "gap").sum())


def _presentation(settings: dict[str, Any]) -> dict[str, str]:
    machine = settings.get("machine") or {}
    version = (machine.get("packages") or {}).get("psychopy")
    return {
        "OperatingSystem": machine.get("platform") or NOT_AVAILABLE,
        "SoftwareName": "PsychoPy",
        "SoftwareRRID": "RRID:SCR_006571",
        "SoftwareVersion": version or NOT_AVAILABLE,
    }
