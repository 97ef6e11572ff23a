"""A display that its value leaves full, empty or without meaning is told before the run."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"value": "nfb.score"}, ": nfb.score counts points, and this display is full from 1"),
        ({"value": "nfb.rewards", "display": "progress", "pictures": "a.png"}, "counts rewards"),
        ({"value": "nfb.value * 100"}, "nfb.value * 100 goes from 0 to 100, and this display is"),
        ({"value": "100 * nfb.value", "display": "circle"}, "goes from 0 to 100"),
        ({"value": "nfb.signal"}, "nfb.signal is in microvolts, and this display is full from 1"),
        ({"value": "nfb.z", "display": "tone"}, "nfb.z is in the unit of the threshold, and this"),
        (
            {"value": "nfb.value", "display": "sign"},
            "nfb.value is a number from 0 to 1, so the sign would nearly always be that of success",
        ),
        (
            {"value": "nfb.value", "display": "text", "template": "{:.0f}"},
            "Written as: {:.0f} writes only 0 or 1 of nfb.value",
        ),
        ({"value": "nfb.value", "display": "text", "template": "{:.2f}"}, None),
        ({"value": "nfb.value", "display": "text", "template": "{}"}, None),
        ({"value": "nfb.score", "display": "text"}, None),
        ({"value": "100 * nfb.value", "display": "text"}, None),
        ({"value": "nfb.success", "display": "sign"}, None),
        ({"value": "nfb.rewards / 30", "display": "progress", "pictures": "a.png"}, None),
        ({"value": "nfb.signal / 20"}, None),
        ({"value": "1 - nfb.value"}, None),
        ({"value": "nfb.value * 1.5"}, None),
        ({"value": "nfb.rewards", "display": "tone", "toneKind": "reward"}, None),
    ],
)
def test_what_would_always_be_full_or_empty(builder, told, params, sentence):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="60")
    builder.add("FeedbackDisplayComponent", "bar", **params)
    found = told()
    assert len(found) == (sentence is not None), found
    assert all(kind == "reach" and sentence in said for kind, said in found)


@pytest.mark.parametrize(
    ("params", "sentences"),
    [
        (
            {"displaySmoothingMs": "0.05"},
            ["Smoothing of the display (ms): 0.05 is less than one millisecond; did you mean 50"],
        ),
        (
            {"displaySmoothingMs": "3000"},
            ["Smoothing of the display (ms): 3000 must be at most 1000 ms; did you mean 3 ms?"],
        ),
        ({"displaySmoothingMs": "0"}, []),
        ({"displaySmoothingMs": "200"}, []),
        (
            {"delayMs": "0.01", "bandLow": "12", "bandHigh": "8"},
            ["Filter delay (ms): 0.01 is less than", "Band from (Hz): 12, 8: must be two"],
        ),
        (
            {"delayMs": "0.01", "bandLow": "8-12"},
            ["Band from (Hz): 8-12 is a subtraction", "Filter delay (ms): 0.01 is less than"],
        ),
        (
            {"delayMs": "0.01", "displaySmoothingMs": "0.05", "threshold": "150"},
            ["Filter delay (ms): 0.01", "Smoothing of the display (ms): 0.05", "Threshold"],
        ),
    ],
)
def test_each_wrong_field_is_told_not_only_the_first(builder, told, params, sentences):
    builder.add("NeuroFeedbackComponent", "nfb", **params)
    said = [said for _, said in told()]
    assert len(said) == len(sentences), said
    assert all(one.startswith(f"nfb, {start}") for one, start in zip(said, sentences, strict=True))


@pytest.mark.parametrize(
    ("field", "wanted"), [("feedback", "True or False"), ("threshold", "a number")]
)
def test_quotation_marks_are_told_with_what_is_wanted(builder, told, field, wanted):
    builder.add("NeuroFeedbackComponent", "nfb", **{field: "'False'"})
    ((_, said),) = told()
    assert said.endswith(f"'False' is a text; enter {wanted}, without quotation marks.")
