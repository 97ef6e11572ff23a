"""What an operator asks of an experiment in Python, seen by its loop of frames."""

from __future__ import annotations

import math

import pytest

from psychopy_nfb import Neurofeedback, read_session, run_baseline

pytestmark = pytest.mark.display


def test_frames_end_when_the_operator_ends_the_block_or_the_experiment(
    amplifier, training, open_window, tmp_path
):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        win = open_window()
        nfb.attach(win, pace=60)
        counted = []
        for label in ("first", "second", "third"):
            with nfb.block(label):
                for frame in nfb.frames(math.inf if label != "second" else 0.2):
                    if frame == 5:
                        {"first": nfb._asked.end_block, "third": nfb._asked.abort}.get(label, int)()
                counted.append(frame)
        assert counted[0] == counted[2] == 5
        assert counted[1] > 5  # what ended the first block does not end the second
        assert list(nfb.frames(10)) == []
        assert run_baseline(nfb, win, seconds=5).escaped
    events = read_session(nfb.files.stem).events
    theirs = events[events.trial_type.isin(["end_block", "abort"])]
    assert theirs.trial_type.to_list() == ["end_block", "abort"]
