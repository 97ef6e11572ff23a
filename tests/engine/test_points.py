"""Points and hits are counted in blocks with feedback, and nowhere else."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest
from trainings import AT

from psychopy_nfb import Neurofeedback
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.dsp import Flags, flag_names
from psychopy_nfb.engine.records import T_SAMPLE
from psychopy_nfb.engine.rerun import rerun
from psychopy_nfb.recording import read_session

pytestmark = pytest.mark.slow
REST_SECONDS = 20.0
EASY = {"normalise": "none", "threshold": 3.0, "dwell": 0.1, "display_range": (0.0, 20.0)}
"""What strong alpha reaches many times a second."""


@pytest.fixture
def strong_alpha(amplifier):
    return amplifier("--eyes", "closed").source_id


def newest(nfb):
    """Return the LSL time of the newest sample, 0 before the first."""
    record = nfb.records.newest()
    return 0 if record is None else record[T_SAMPLE]


def wait_for_values(nfb, until):
    called = lsl_now()

    def clean():
        nfb.update()
        return newest(nfb) > called and not nfb.flags & ~Flags.NO_POINTS

    until(clean, 15, "clean values")


def spend(nfb, until, seconds):
    """Let time pass; return score and hits before and after, and whether a reward was shown.

    From when all that was sampled before is in them: on a busy machine it may come later.
    """
    called = lsl_now()
    until(lambda: nfb.update() or newest(nfb) > called, 15, "later samples")
    before, rewarded = (nfb.score, nfb.hits), False
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(0.005)
        nfb.update()
        rewarded = rewarded or nfb.reward
    return before, (nfb.score, nfb.hits), rewarded


def test_a_rest_changes_no_score_and_training_does(strong_alpha, training, tmp_path, until):
    with Neurofeedback(training(strong_alpha, **EASY), data=tmp_path) as nfb:
        wait_for_values(nfb, until)
        outside = spend(nfb, until, 2.0)
        with nfb.block("training"):
            trained = spend(nfb, until, 5.0)
            with nfb.block("pause in it", feedback=False):
                inner = spend(nfb, until, 1.0)
            again = spend(nfb, until, 2.0)
        with nfb.block("rest", feedback=False):
            rest = spend(nfb, until, REST_SECONDS)
            assert flag_names(nfb.flags) == ["NO_POINTS"]
        with nfb.block("transfer", feedback=False, points=True):
            transfer = spend(nfb, until, 3.0)
            assert nfb.value == 0
    for before, after, rewarded in (outside, inner, rest):
        assert before == after
        assert not rewarded
    for before, after, _ in (trained, again, transfer):
        assert after[0] > before[0]
        assert after[1] > before[1]
    session = read_session(nfb.files.stem)
    signals = session.signals
    resting = signals[signals["flags"] == int(Flags.NO_POINTS)]
    beyond = resting.trained_signal > EASY["threshold"]
    assert beyond.mean() > 0.5  # the rest had alpha to be paid for
    assert not resting.reward.any()
    values, flags = rerun(session)
    assert np.abs(values[:, AT["score"]] - signals.score).max() < 1e-9
    assert (flags == signals["flags"]).all()


def test_a_killed_worker_goes_on_counting_or_not(strong_alpha, training, until):
    with Neurofeedback(training(strong_alpha, **EASY)) as nfb:
        wait_for_values(nfb, until)
        for label, feedback in (("rest", False), ("training", True)):
            with nfb.block(label, feedback=feedback):
                restarts = nfb.restarts
                os.kill(nfb.worker_pid, signal.SIGKILL)
                until(lambda before=restarts: nfb.restarts > before, 10, "a new worker")
                wait_for_values(nfb, until)
                before, after, _ = spend(nfb, until, 2.0)
                assert (after > before) == feedback


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no such signal on this system")
def test_no_sample_from_before_a_block_counts_in_it_though_the_worker_was_held_up(
    strong_alpha, training, tmp_path, until
):
    with Neurofeedback(training(strong_alpha, **EASY), data=tmp_path) as nfb:
        wait_for_values(nfb, until)
        for turn in range(3):
            os.kill(nfb.worker_pid, signal.SIGSTOP)
            time.sleep(0.35)  # less than what a process is replaced for
            with nfb.block(f"training {turn}"):
                os.kill(nfb.worker_pid, signal.SIGCONT)
                spend(nfb, until, 1.0)
            spend(nfb, until, 0.5)
        assert nfb.restarts == 0
    events = read_session(nfb.files.stem).events
    begins = events["sample"][events.trial_type == "block_begin"].to_numpy()
    counted = events["sample"][events.trial_type == "points_on"].to_numpy()
    assert len(begins) == len(counted) == 3
    assert (counted > begins - 0.1 * 250).all()
