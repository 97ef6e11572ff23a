"""Marks at flips: whatever they are, however long, and whatever takes them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from paced_display import show

from psychopy_nfb import Neurofeedback
from psychopy_nfb.recording import read_session

pytestmark = [pytest.mark.display, pytest.mark.slow]


def test_marks_and_blocks_need_not_be_texts(no_amplifier, window, tmp_path):
    with Neurofeedback(no_amplifier, data=tmp_path) as nfb:
        nfb.attach(window)
        with nfb.block(np.int64(3)):
            nfb.mark(5)
            nfb.mark(np.float32(0.5))
            show(nfb, window, 0.3)
            nfb.set(threshold=np.float64(0.5))
        nfb.mark(6)  # the command above must not have ended what sends them
        show(nfb, window, 0.3)
    session = read_session(nfb.files.stem)
    assert set(session.frames.mark.dropna()) == {"5; 0.5", "6"}
    events = pd.read_csv(nfb.files.events, sep="\t")
    assert events.value[events.trial_type == "mark"].tolist() == ["5; 0.5", "6"]
    assert (events.value[events.trial_type == "block_begin"].astype(str) == "3").all()


def test_marks_of_one_flip_that_are_too_long_together_are_told_once(
    no_amplifier, window, tmp_path, caplog
):
    with Neurofeedback(no_amplifier, data=tmp_path) as nfb:
        nfb.attach(window)
        for number in nfb.frames(1.0):
            if number in (10, 20):
                nfb.mark("a" * 6000)
                nfb.mark("b" * 6000)
    said = [one for one in caplog.messages if "kept" in one or "keep them" in one]
    assert said == [
        "The marks of one flip have 12002 characters together; the tables keep them up to "
        "character 10000. Mark at more than one flip. This is reported once."
    ]
    session = read_session(nfb.files.stem)
    assert session.frames.mark.dropna().str.len().tolist() == [10_000, 10_000]


def test_a_port_that_fails_does_not_reach_the_frame_loop(no_amplifier, window, tmp_path, caplog):
    class Broken:
        def send(self, label, t_flip):
            raise OSError("unplugged")

        def close(self):
            raise OSError("unplugged")

    sent = []

    class Works:
        def send(self, label, t_flip):
            sent.append(label)

        def close(self):
            return {}

    with Neurofeedback(no_amplifier, data=tmp_path) as nfb:
        nfb.send_marks_to(Broken(), Works())
        nfb.mark("before the window")
        nfb.attach(window)
        nfb.mark("seen")
        show(nfb, window, 0.3)
    assert "unplugged" in caplog.text
    session = read_session(nfb.files.stem)
    assert session.settings["ended"] == "stopped"
    # Neither the files nor another port miss what one port could not take.
    marks = session.events.value[session.events.trial_type == "mark"].tolist()
    assert marks == sent == ["before the window", "seen"]
