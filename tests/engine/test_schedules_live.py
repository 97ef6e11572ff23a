"""Schedules in a real worker that is killed, and in a rerun of what was recorded."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from psychopy_nfb import FixedRatio, Neurofeedback, VariableRatio, rerun
from psychopy_nfb.recording import read_session

pytestmark = pytest.mark.slow
DWELL = 0.2


def test_row_084_a_killed_worker_goes_on_and_the_session_repeats_itself(
    amplifier, training, tmp_path, until
):
    settings = training(
        amplifier().source_id,
        threshold=-1.0,  # always beyond
        dwell=DWELL,
        schedule=VariableRatio(n=3, seed=5),
    )

    def rewarded(more):
        nfb.update()
        return not nfb.stale and nfb.rewards >= more

    with Neurofeedback(settings, data=tmp_path) as nfb, nfb.block("training"):
        until(lambda: rewarded(2), 15, "two rewards")
        os.kill(nfb.worker_pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        until(lambda: nfb.restarts == 1, 5, "a new worker")
        until(lambda: rewarded(4), 20, "its rewards")
        nfb.set(schedule={"type": "FixedRatio", "n": 2})
        reached = nfb.rewards
        until(lambda: rewarded(reached + 3), 15, "rewards of the other schedule")
        assert nfb.score == nfb.rewards < nfb.hits
        files = nfb.files
    session = read_session(files.stem)
    values, flags = rerun(session)
    names = nfb.configuration.value_names
    assert np.nanmax(np.abs(session.signals[list(names)].to_numpy() - values)) < 1e-9
    assert session.signals["flags"].tolist() == flags.tolist()
    # Of the killed worker's last second, nothing is in the files.
    given = session.signals[session.signals.reward == 1].set_index("rewards")
    took = {
        int(number): given.hits[number] - given.hits[number - 1]
        for number in given.index
        if number - 1 in given.index
    }
    changed = session.events[session.events.trial_type == "set"].iloc[0]
    lots = VariableRatio(n=3, seed=5)
    before = {number for number in took if given["sample"][number] < changed["sample"]}
    assert before
    assert {number: took[number] for number in before} == {
        number: lots.hits(number - 1) for number in before
    }
    assert {took[number] for number in set(took) - before - {reached + 1}} == {2}
    assert session.settings["configuration"]["reward"]["schedule"] == {"type": "FixedRatio", "n": 2}


def test_lots_that_are_drawn_in_a_running_training_are_kept(amplifier, training, tmp_path, until):
    settings = training(
        amplifier().source_id, threshold=-1.0, dwell=DWELL, schedule=FixedRatio(n=2)
    )
    with Neurofeedback(settings, data=tmp_path) as nfb, nfb.block("training"):
        nfb.set(schedule={"type": "VariableRatio", "n": 2})
        until(lambda: nfb.update() or nfb.rewards >= 4, 20, "rewards")
        files = nfb.files
    session = read_session(files.stem)
    seed = session.settings["configuration"]["reward"]["schedule"]["seed"]
    assert f'"seed": {seed}' in session.events[session.events.trial_type == "set"].iloc[0].detail
    values, _ = rerun(session)
    there = session.signals[list(nfb.configuration.value_names)].to_numpy()
    assert np.nanmax(np.abs(there - values)) < 1e-9
