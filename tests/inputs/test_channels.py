"""Streams whose channels are not all EEG in microvolts with a name each."""

from __future__ import annotations

import copy
import json
import logging
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pylsl
import pytest

from psychopy_nfb import Neurofeedback, read_session
from psychopy_nfb.dsp import Flags
from psychopy_nfb.engine.rerun import rerun
from psychopy_nfb.lsl.selection import StreamSelection

EEG = ["Fp1", "Fp2", "C3", "Cz", "C4", "Pz", "O1", "Oz"]
ALPHA_UP = Path(__file__).parents[2] / "experiments" / "alpha_up.json"


def selected(source_id, **settings):
    return StreamSelection(source_id=source_id, timeout=10, **settings)


def described(labels, types="EEG", units="microvolts", key="label", n=None, stream_type="EEG"):
    """Return a description as an inlet receives it; lists hold one each, None is not told."""
    info = pylsl.StreamInfo("Odd", stream_type, n or len(labels), 250.0, "float32", "odd")
    channels = info.desc().append_child("channels")
    for place, label in enumerate(labels):
        channel = channels.append_child("channel")
        for tag, told in ((key, label), ("type", types), ("unit", units)):
            text = told[place] if isinstance(told, list) else told
            if text is not None:
                channel.append_child_value(tag, text)
    return info


def two_seconds(inlet):
    """Return the next two seconds of an inlet's samples."""
    blocks, n = [], 0
    ends = time.monotonic() + 10
    while n < 2 * inlet.info.rate and time.monotonic() < ends:
        pulled = inlet.pull(0.2)
        if pulled is not None:
            blocks.append(pulled[0].copy())
            n += len(pulled[0])
    return np.concatenate(blocks)


@pytest.mark.kind("trigger, battery and accelerometer beside the EEG", "corrected")
def test_channels_that_are_no_eeg_change_neither_reward_nor_signal(odd_amplifier, tmp_path, caplog):
    others = {"TRIGGER": "flat", "Battery": "battery", "Accelerometer X": "gravity"}
    source_id = odd_amplifier(
        labels=["TRIGGER", *EEG, "Battery", "Accelerometer X"], others=others, alpha_on=["O1", "Oz"]
    )
    settings = json.loads(ALPHA_UP.read_text(encoding="utf-8"))
    settings["stream"]["source_id"] = source_id
    with (
        caplog.at_level(logging.WARNING),
        Neurofeedback(settings, data=tmp_path) as nfb,
    ):
        with nfb.baseline():
            wait(nfb, nfb.settle + 2.5)  # the filter that is learned settles again
        assert nfb.calibrated, nfb.refusal
        nfb.watch_channels()
        with nfb.block("training"):
            wait(nfb, 5.0)
        assert nfb.hits > 0
        assert [one.label for one in nfb.channels if not one.judged] == list(others)
    told = [record.getMessage() for record in caplog.records if "no reference" in record.message]
    assert len(told) == 1
    assert all(label in told[0] for label in others)
    session = read_session(nfb.files.stem)
    assert session.settings["stream"]["kinds"] == {
        "TRIGGER": "STIM",
        "Battery": "MISC",
        "Accelerometer X": "MISC",
    }
    settled = session.signals["flags"].to_numpy()[1000:]
    assert not (settled & int(Flags.FLAT | Flags.AMPLITUDE | Flags.INVALID)).any()
    values, _ = rerun(session)
    alone, _ = rerun(eeg_alone(session))
    columns = list(session.signals.columns[1:-2])
    recorded = session.signals[columns].to_numpy()
    assert len(recorded) > 2000
    assert np.abs(recorded - values).max() < 1e-9
    assert np.abs(recorded - alone).max() < 1e-9


def wait(nfb, seconds):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        nfb.update()
        time.sleep(0.01)


def eeg_alone(session):
    """Return the session as it would have been without the channels that are no EEG."""
    places = [session.eeg.labels.index(label) for label in EEG]
    settings = copy.deepcopy(session.settings)
    settings["stream"].update(kinds={}, microvolts_per_unit=[1.0] * len(EEG))
    eeg = replace(session.eeg, samples=session.eeg.samples[:, places], labels=EEG)
    return replace(session, eeg=eeg, settings=settings)
