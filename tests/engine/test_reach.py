"""What the log says at the start of thresholds that nobody could learn from."""

from __future__ import annotations

import logging

import pytest

from psychopy_nfb import Neurofeedback, Trend, standard_training
from psychopy_nfb.engine.reach import warn_of_reach


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"threshold": 70, "normalise": "zscore"},
            "signals.alpha.threshold: 70 SD is out of reach, so there would be no reward; usual is "
            "0.5 SD.",
        ),
        (
            {"threshold": 70, "normalise": "zscore", "direction": "down"},
            "signals.alpha.threshold: 70 SD is out of reach, so there would be reward all the "
            "time; usual is -0.5 SD.",
        ),
        (
            {"threshold": Trend(slope=0.1, start=70), "normalise": "zscore"},
            "signals.alpha.threshold.start: 70 SD is out of reach, so there would be no reward.",
        ),
        ({"threshold": 70, "normalise": "zscore", "threshold_kind": "percentile"}, None),
        ({"threshold": 0.5, "normalise": "zscore"}, None),
        ({"threshold": 70, "normalise": "none"}, None),
    ],
)
def test_a_threshold_out_of_reach_is_told_at_the_start(caplog, settings, said):
    training = standard_training(channels="Oz", band=(8, 12), **settings)
    name = training.first
    with caplog.at_level(logging.WARNING):
        warn_of_reach(training)
    wanted = [] if said is None else [said.replace("alpha", name, 1)]
    assert [record.getMessage() for record in caplog.records] == wanted


@pytest.mark.slow
def test_a_run_tells_it_once(caplog):
    training = standard_training(channels="Oz", band=(8, 12), threshold=70, normalise="zscore")
    with caplog.at_level(logging.WARNING), Neurofeedback(training, simulate="always"):
        pass
    told = [one.getMessage() for one in caplog.records if "out of reach" in one.getMessage()]
    assert len(told) == 1
