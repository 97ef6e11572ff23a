"""Sessions written without a worker: a training offline, and its files."""

from __future__ import annotations

import numpy as np

from psychopy_nfb.dsp import SignalInfo
from psychopy_nfb.engine.donor_files import write_donors
from psychopy_nfb.engine.rerun import COMMANDS, run_offline
from psychopy_nfb.recording import SessionRecord, SessionWriter, new_session
from psychopy_nfb.settings import to_dict


def write_session(
    folder,
    configuration,
    eeg,
    blocks,
    *,
    rate=50.0,
    labels=("A", "B"),
    commands=(),
    donors=None,
    task="alpha",
    **who,
):
    """Write a session whose experiment had these blocks; return its files.

    Each block is (label, first sample, one after the last, what is shown or None); what is shown is
    ``"none"`` in a rest.
    """
    labels = list(labels)
    files = new_session(folder, task=task, **who)
    events, turns = list(commands), {}
    for number, (label, begin, end, shown) in enumerate(blocks, 1):
        detail = {"block": number, "feedback": shown != "none"}
        if configuration.shown:
            detail["shown"] = shown or "own"
            source = "own" if detail["shown"] == "none" else detail["shown"]
            turn = turns[source] = turns.get(source, -1) + 1
            events.append((begin, "shown", {"shown": source, "turn": turn}))
            if end is not None:
                events.append((end, "shown", {"shown": "own", "turn": 0}))
        events.append((begin, "block_begin", {**detail, "label": label}))
        if end is not None:
            events.append((end, "block_end", {**detail, "label": label}))
    events.sort(key=lambda event: event[0])
    values, flags = run_offline(
        configuration,
        eeg,
        SignalInfo(rate, tuple(labels)),
        [event for event in events if event[1] in COMMANDS],
        donors=donors,
    )
    stream = {"name": "Amp", "labels": labels, "rate": rate, "format": "double64"}
    more = {"units": "microvolts", "source_id": "abc", "positions": {}}
    writer = SessionWriter(files, {**stream, **more}, configuration.value_names)
    stamps = 10 + np.arange(len(eeg)) / rate
    writer.eeg(eeg, stamps)
    writer.signals(values, stamps, flags, np.arange(len(eeg)))
    for sample, name, detail in events:
        value = detail.pop("label", None) if name.startswith("block_") else None
        writer.event(
            name,
            10 + sample / rate,
            sample,
            kind="test",
            value=value,
            detail=detail,
        )
    writer.close()
    assert writer.error is None
    if donors:
        write_donors(donors, files.shown)
    SessionRecord(files.settings).update(
        configuration_at_start=to_dict(configuration),
        configuration=to_dict(configuration),
        stream={"labels": labels, "rate": rate, "microvolts_per_unit": [1.0] * len(labels)},
        session={**files.facts(), "task_name": task},
    )
    return files
