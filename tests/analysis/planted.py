"""Sessions in memory whose values are planted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from psychopy_nfb.dsp import Flags
from psychopy_nfb.protocol import value_names
from psychopy_nfb.recording import Session, SessionFiles
from psychopy_nfb.recording.read import RecordedEEG

RATE = 50.0


def planted(
    levels,
    participant="01",
    session="01",
    run=1,
    shown=None,
    direction="up",
    seconds=4.0,
    rests=(5.0, 6.0),
    changes=None,
):
    """Return a session: baseline, a block for each of `levels` (mean z), and a rest.

    z swings around its level by 1, once a second; the threshold is 0.5 after the baseline and
    moves up by 0.1 in each block, as a rule would have it.
    """
    n = round(seconds * RATE)
    names = value_names(["alpha"], shown is not None)
    swing = np.tile(np.sin(2 * np.pi * np.arange(RATE) / RATE), round(seconds))
    parts, events, at = [], [], 0

    def event(label, value=None, **detail):
        text = json.dumps(detail) if detail else None
        events.append((at / RATE, 0.0, label, value, at, 100 + at / RATE, text))

    blocks = [
        ("baseline", False),
        *((f"train {k}", True) for k in range(len(levels))),
        ("rest", False),
    ]
    for number, (label, feedback) in enumerate(blocks, 1):
        part = pd.DataFrame(0.0, index=range(n), columns=names)
        part["flags"] = 0
        z = levels[number - 2] + swing if feedback else swing
        part["alpha_z"], part["alpha_signal"] = z, 10 + z
        part["alpha_threshold"] = 0.5 + 0.1 * max(0, number - 2)
        if label == "baseline":
            part["flags"], part["alpha_z"] = int(Flags.CALIBRATING | Flags.UNCALIBRATED), 0.0
        if not feedback:
            part["alpha_signal"] = rests[number > 1] + swing
        if shown is not None:
            part["shown_z"] = shown + swing
        event("block_begin", label, block=number, feedback=feedback)
        at += n
        event("block_end", label, block=number, feedback=feedback)
        if label == "baseline":
            event("baseline_end", detail=label)
        parts.append(part)
    signals = pd.concat(parts, ignore_index=True)
    signals["sample"] = np.arange(len(signals))
    signals.insert(0, "t", 100 + signals["sample"] / RATE)
    if changes is not None:
        changes(signals)
    stem = f"sub-{participant}_ses-{session}_task-alpha_run-{run:02d}"
    date = f"2026-03-{int(session):02d}T12:00:0{run}+00:00"
    columns = ["onset", "duration", "trial_type", "value", "sample", "t", "detail"]
    return Session(
        files=SessionFiles(Path(stem)),
        eeg=RecordedEEG(np.zeros((0, 1)), np.zeros(0), ["Oz"], RATE, "uV"),
        signals=signals,
        frames=pd.DataFrame(),
        events=pd.DataFrame(events, columns=columns),
        settings={
            "session": {"date": date},
            "configuration": {"signals": {"alpha": {"direction": direction}}},
        },
    )
