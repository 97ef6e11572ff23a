"""What the training computed and showed, as a derivative: signals at their rate, and each frame."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from psychopy_nfb.dsp import Flags
from psychopy_nfb.protocol.shown import OWN
from psychopy_nfb.recording.blinding import is_sealed
from psychopy_nfb.recording.sidecars import FRAMES, columns_of_values
from psychopy_nfb.recording.tables import FRAME_COLUMNS
from psychopy_nfb.report.bids.blinding import tells_what_was_shown
from psychopy_nfb.report.bids.tables import write_json, write_series, write_table

if TYPE_CHECKING:
    from psychopy_nfb.recording import Session

SERIES = "recording-feedback_stim"
FRAMES_NAME = "desc-frames_events"


def write_feedback(session: Session, folder: Path, stem: str) -> None:
    """Write ``…_recording-feedback_stim.tsv.gz`` and ``…_desc-frames_events.tsv`` with their JSON.

    While the study is blinded, columns that hold what was shown are left out.
    """
    blinded = is_sealed(session.settings)
    table, rate, start = regular(session)
    if blinded:
        table = table.drop(columns=[name for name in table if tells_what_was_shown(name)])
    write_series(folder / f"{stem}_{SERIES}.tsv.gz", table)
    described = {**columns_of_values(table.columns), "flags": FLAGS, "sample": SAMPLE}
    facts: dict[str, Any] = {
        "SamplingFrequency": rate,
        "StartTime": start,
        "Columns": list(table.columns),
        **{name: described[name] for name in table.columns if name in described},
        "Signals": _signals(session.settings),
    }
    if not blinded:
        facts["Shown"] = shown_by_block(session)
    write_json(folder / f"{stem}_{SERIES}.json", facts)
    _write_frames(session, folder, stem, blinded)


FLAGS = {
    "Description": "State of the signal: 0 when it is clean, else the sum of: "
    + ", ".join(f"{int(flag)} {flag.name}" for flag in Flags)
    + "."
}
"""BIDS allows no other values than its levels where a column has any: sums would be errors."""
SAMPLE = {"Description": "Number of the EEG sample in the BrainVision file, counted from 0."}


def regular(session: Session) -> tuple[pd.DataFrame, float, float]:
    """Return the values at a fixed rate, that rate in Hz, and the first one's time in seconds.

    Values of samples that were never processed are missing. Time is counted in the EEG file.
    """
    signals = session.signals.drop_duplicates("sample", keep="last")
    table = signals.drop(columns="t")
    numbers = table["sample"].to_numpy(int)
    if not len(numbers):
        return table, session.eeg.rate, 0.0
    step = int(np.gcd.reduce(np.diff(numbers))) if len(numbers) > 1 else 1
    places = np.arange(numbers[0], numbers[-1] + 1, step)
    if len(places) != len(numbers):
        table = table.set_index("sample").reindex(places).rename_axis("sample").reset_index()
        table = table[[name for name in signals.columns if name != "t"]]
        table["flags"] = table["flags"].astype("Int64")
    return table, session.eeg.rate / step, float(numbers[0] / session.eeg.rate)


def shown_by_block(session: Session) -> list[dict[str, Any]]:
    """Return for each block with feedback what was shown in it: ``block``, ``shown``, ``lag``."""
    found = []
    begins = session.events[session.events.trial_type == "block_begin"]
    for row in begins.itertuples():
        detail = json.loads(row.detail)
        if detail.get("feedback", True):
            one = {"block": row.value, "shown": detail.get("shown", OWN)}
            found.append({**one, "lag": detail.get("lag")})
    return found


def _signals(settings: dict[str, Any]) -> dict[str, Any]:
    """Return how each signal was made, and the reward."""
    configuration = settings.get("configuration") or {}
    older = ("pipeline", "protocol", "further")  # of version 0.1
    return {
        name: configuration[name] for name in ("signals", "reward", *older) if name in configuration
    }


def _write_frames(session: Session, folder: Path, stem: str, blinded: bool) -> None:
    """Write a row for each displayed frame; onsets are of the flips, on the EEG file's time."""
    frames, eeg = session.frames, session.eeg
    origin = eeg.stamps[0] if len(eeg.stamps) else 0.0
    columns = [name for name in frames if not (blinded and tells_what_was_shown(name))]
    onset, duration = frames.t_flip - origin, frames.interval.shift(-1)
    rows = frames[columns].astype(object).where(frames[columns].notna(), None)
    cells = zip(onset, duration, rows.itertuples(index=False), strict=True)
    path = folder / f"{stem}_{FRAMES_NAME}.tsv"
    write_table(
        path, ("onset", "duration", *columns), ((at, for_, *row) for at, for_, row in cells)
    )
    described = {name: FRAMES[name] for name in FRAME_COLUMNS if name in columns}
    described |= {**columns_of_values(columns), "flags": FLAGS}
    write_json(path.with_suffix(".json"), {**ONSETS, **described})


ONSETS = {
    "onset": {
        "Description": "When the frame was flipped, in real time since the first EEG sample.",
        "Units": "s",
    },
    "duration": {"Description": "Until the next flip.", "Units": "s"},
}
