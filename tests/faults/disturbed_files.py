"""What is wrong in the files of a disturbed session, by what its experiment has done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from psychopy_nfb.engine.rerun import rerun
from psychopy_nfb.recording import read_session

RATE = 250.0
EARLY_SECONDS = 0.1
"""A command's sample may be so much older than its call: a chunk, and a block on its way."""
UNWRITTEN_SECONDS = 1.0
"""What a killed process may not have written yet: the promise of the files."""
BACK_SECONDS = 3.0
"""How long feedback may take to come back after the background process was killed or stopped; on a
computer that needs longer to start a session, twice as long as that took."""
LOST = "samples lost outside of outages, and lost without a word"


@dataclass
class Done:
    """What the experiment did, as it knows it."""

    marks: list[tuple[str, float]] = field(default_factory=list)
    thresholds: list[float] = field(default_factory=list)
    set_at: list[float] = field(default_factory=list)
    blocks: int = 0
    faults: list[str] = field(default_factory=list)
    back_seconds: list[tuple[float, str]] = field(default_factory=list)
    outages: list[tuple[float, float]] = field(default_factory=list)
    """Begin and end of each on LSL's clock; samples may be missing within."""
    hangs: int = 0
    start_seconds: float = 0.0
    """How long the session took until there was feedback."""
    score: float = 0.0

    @property
    def n_inputs(self) -> int:
        """How many marks, blocks and settings were given."""
        return len(self.marks) + self.blocks + len(self.thresholds)


def wrongs(stem: Path, done: Done) -> dict[str, object]:
    """Return what in the files of a session is not as it should be; nothing if all is well."""
    session = read_session(stem)
    events, stamps = session.events, session.eeg.stamps
    found: dict[str, object] = {}
    marks = events[events.trial_type == "mark"]
    if marks.value.tolist() != [label for label, _ in done.marks]:
        given = [label for label, _ in done.marks]
        there = marks.value.tolist()
        found["marks"] = {
            "missing": [label for label in given if label not in there],
            "twice": sorted({label for label in there if there.count(label) > 1}),
        }
    for row in marks.itertuples():
        nearest = np.abs(stamps - row.t).min()
        if not row.sample < len(stamps) or abs(stamps[row.sample] - row.t) > nearest + 1e-6:
            found.setdefault("sample of marks", []).append((row.value, row.sample))
    for row, (label, called) in zip(marks.itertuples(), done.marks, strict=False):
        if row.value == label and abs(row.t - called) > EARLY_SECONDS:
            found.setdefault("time of marks", []).append((label, row.t - called))
    ends = events[events.trial_type.isin(["block_begin", "block_end"])]
    numbers = [json.loads(detail)["block"] for detail in ends.detail]
    if sorted(numbers) != sorted(2 * list(range(1, done.blocks + 1))):
        found["blocks"] = numbers
    sets = [json.loads(d)["threshold"] for d in events[events.trial_type == "set"].detail]
    if sets != done.thresholds:
        found["settings"] = (sets, done.thresholds)
    for event, called in zip(
        events[events.trial_type == "set"].itertuples(), done.set_at, strict=False
    ):
        early = called - stamps[min(event.sample, len(stamps) - 1)]
        if early > EARLY_SECONDS or abs(event.t - called) > EARLY_SECONDS:
            found.setdefault("settings that are early", []).append((early, event.t - called))
    if done.thresholds and session.signals.alpha_threshold.iloc[-1] != done.thresholds[-1]:
        found["threshold in force"] = session.signals.alpha_threshold.iloc[-1]
    lost = stamps[-1] - stamps[0] - (len(stamps) - 1) / RATE
    gaps = events[events.trial_type == "gap"]
    told = gaps.duration.sum()
    if abs(told - lost) > 1 / RATE:
        found["lost seconds"] = (told, lost)
    if misplaced := list(misplaced_gaps(stamps, gaps)):
        found["place of gaps"] = misplaced
    if abs(session.settings["continuity"]["lost_seconds"] - lost) > 1 / RATE:
        found["lost seconds in the settings file"] = session.settings["continuity"]
    if (
        session.settings["stream"]["source_id"]
        != session.settings["configuration_at_start"]["stream"]["source_id"]
        or not (np.diff(stamps) > 0).all()
    ):
        found["stream"] = session.settings["stream"]
    lost_calm, untold = missing(stamps, gaps, done.outages)
    if lost_calm or untold:
        found[LOST] = (lost_calm, untold)
    values, _ = rerun(session)
    recorded = session.signals.drop(columns=["t", "flags", "sample"]).to_numpy()
    if len(values) != len(recorded) or not np.abs(values - recorded).max() < 1e-9:
        n = min(len(values), len(recorded))
        off = np.flatnonzero(np.abs(values[:n] - recorded[:n]).max(axis=1) > 1e-9)
        found["rerun"] = (len(values), len(recorded), off[:1].tolist())
    bar = max(BACK_SECONDS, 2 * done.start_seconds)
    late = [back for back in done.back_seconds if back[0] > bar and back[1] != "amplifier"]
    if late:
        found["feedback that came back late"] = late
    return found


def misplaced_gaps(stamps: np.ndarray, gaps: pd.DataFrame) -> Iterator[tuple[int, float, float]]:
    """Yield sample, time and duration of each gap that is not where stamps jump, and as far.

    Parameters
    ----------
    stamps : ndarray, shape (n,)
    gaps : DataFrame
        The session's events of that type: `t` is the stamp of the last sample before, `sample` the
        first one after.
    """
    for gap in gaps.itertuples():
        at = int(gap.sample)
        right = 0 < at < len(stamps) and (
            abs(stamps[at - 1] - gap.t) < 1e-4
            and abs(stamps[at] - stamps[at - 1] - 1 / RATE - gap.duration) < 0.5 / RATE
        )
        if not right:
            yield at, float(gap.t), float(gap.duration)


def missing(
    stamps: np.ndarray, gaps: pd.DataFrame, outages: list[tuple[float, float]]
) -> tuple[int, int]:
    """Return how many samples are missing outside of the outages, and how many no gap tells of.

    Parameters
    ----------
    stamps : ndarray, shape (n,)
    gaps : DataFrame
        The session's events of that type.
    outages : list of (float, float)
        Begin and end of each on LSL's clock.
    """
    lost, untold = 0, 0
    told = dict(zip(gaps["sample"].astype(int), gaps.duration, strict=True))
    for row in np.flatnonzero(np.diff(stamps) > 1.5 / RATE) + 1:
        before, after = stamps[row - 1], stamps[row]
        n = round((after - before) * RATE) - 1
        if not any(
            begun - UNWRITTEN_SECONDS < before and after < ended + EARLY_SECONDS
            for begun, ended in outages
        ):
            lost += n
        untold += abs(n - round(told.get(row, 0.0) * RATE)) > 1 and n
    return lost, untold
