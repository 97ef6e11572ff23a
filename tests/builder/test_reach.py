"""Thresholds that are reached never or always are told before the run."""

from __future__ import annotations

import pytest

SD = {"normalise": "zscore", "lastBaseline": True}
FIELD = "nfb, Threshold (µV, SD, %, share): "
EMPTY = "; leave the field empty to begin where the baseline has it."


@pytest.mark.parametrize("kind", ["trend", "staircase", "running", "success", "quest"])
def test_a_start_that_was_a_percentile_is_told(builder, told, kind):
    builder.add("NeuroFeedbackComponent", "nfb", **SD, thresholdKind=kind, threshold="70")
    said = f"{FIELD}70 SD is out of reach, so there would be no reward{EMPTY}"
    assert told() == [("reach", said)]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        (
            {"thresholdKind": "running", "deviations": "50"},
            "nfb, Above the running mean (SD): 50 SD from the running mean is out of reach, so "
            "there would be no reward",
        ),
        (
            {"thresholdKind": "running", "deviations": "-50"},
            "nfb, Above the running mean (SD): -50 SD from the running mean is out of reach, so "
            "there would be reward all the time",
        ),
        ({"thresholdKind": "trend", "rise": "20"}, "20 SD a minute is out of reach within a"),
        ({"thresholdKind": "staircase", "step": "20"}, "a step of 20 SD is out of reach after"),
        (
            {"threshold": "30", "role": "inhibit"},
            f"{FIELD}30 SD is out of reach, so reward would never be withheld; usual is 2 SD;",
        ),
        ({"threshold": "30", "role": "watch"}, "so it would never be beyond its threshold"),
        (
            {"thresholdKind": "percentile", "threshold": "0.5", "direction": "down"},
            "nearly always exceeded, so there would be hardly any reward; usual is 40.",
        ),
    ],
)
def test_what_is_out_of_reach_is_told_with_what_would_happen(builder, told, params, sentence):
    role = params.get("role", "reward")
    if role != "reward":
        builder.add("NeuroFeedbackComponent", "alpha", **SD)
    builder.add("NeuroFeedbackComponent", "nfb", **SD | params | {"lastBaseline": role == "reward"})
    ((_, said),) = told()
    assert sentence in said


@pytest.mark.parametrize(
    "params",
    [
        {"thresholdKind": "trend", "threshold": "0.5"},
        {"thresholdKind": "trend", "threshold": ""},
        {"thresholdKind": "percentile", "threshold": "70"},
        {"thresholdKind": "bursts", "threshold": "20"},
        {"thresholdKind": "running", "deviations": "1"},
    ],
)
def test_what_can_be_reached_is_not_told(builder, told, params):
    builder.add("NeuroFeedbackComponent", "nfb", **SD, **params)
    assert told() == []


def test_muscles_may_go_far_beyond_their_baseline(builder, told):
    builder.add("NeuroFeedbackComponent", "alpha", **SD)
    builder.add("NeuroFeedbackComponent", "nfb", normalise="zscore", threshold="10", role="inhibit")
    assert told() == []
