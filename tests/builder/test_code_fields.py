"""Fields that become Python code, positions and colours are checked before anything runs."""

from __future__ import annotations

import ast

import pytest

from psychopy_nfb.builder.parameters import code


@pytest.mark.parametrize(
    ("field", "text", "label"),
    [
        ("size", "(0,1 0,6)", "Size [w, h] (units below)"),
        ("size", "(0.1,0.6", "Size [w, h] (units below)"),
        ("pos", "(0, 0", "Position [x, y] (units below)"),
        ("color", "$(1, 0", "Colour"),
        ("color", "1, 0, ", "Colour"),
        ("value", "nfb.value +", "Value"),
        ("value", "nfb.value # share", "Value"),
        ("threshold", "min(nfb.display_threshold", "Threshold (0 to 1)"),
        ("threshold", "nfb.display_threshold -", "Threshold (0 to 1)"),
        ("inhibit", "emg.beyond and", "Warn while"),
        ("stopVal", "10 +", "Stop"),
        ("startVal", "when(", "Start"),
    ],
)
def test_code_that_is_unfinished_is_told(builder, told, field, text, label):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="")
    display = builder.add("FeedbackDisplayComponent", "bar", **{field: text})
    found = told()
    try:
        ast.parse(f"made({field}={code(display.params[field])})")
    except SyntaxError:
        ((kind, said),) = found
        assert kind == "setting"
        assert said.startswith(
            f"bar, {label}: {text.strip().lstrip('$')} is unfinished or mistyped Python"
        )
    else:
        assert found == []  # PsychoPy made code of it that runs


@pytest.mark.parametrize(
    ("component", "field", "text", "label"),
    [
        ("NeuroFeedbackComponent", "channels", "$'O' +", "Channels"),
        ("NeuroFeedbackComponent", "controls", "{'sham': psychopy_nfb.Inverse(}", "Control cond"),
        ("NeuroFeedbackComponent", "threshold", "level *", "Threshold (µV, SD, %, share)"),
        ("NeuroFeedbackComponent", "feedback", "level ==", "Give feedback"),
        ("NeuroFeedbackComponent", "pace", "(60", "Pace to (Hz)"),
        ("DiodePatchComponent", "side", "0.1 *", "Side (units below)"),
    ],
)
def test_each_component_tells_of_its_code(builder, told, component, field, text, label):
    if component != "NeuroFeedbackComponent":
        builder.add("NeuroFeedbackComponent", "nfb")
    builder.add(component, "one", **{field: text})
    said = [one for _, one in told()]
    assert len(said) == 1, said
    assert said[0].startswith(f"one, {label}")
    assert f"{text.lstrip('$')} is unfinished or mistyped Python code" in said[0]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"size": "0.3"}, "Size [w, h] (units below): 0.3 is no pair of numbers; enter two numb"),
        ({"size": "(0.1, 0.2, 0.3)"}, "Size [w, h] (units below): (0.1, 0.2, 0.3) is no pair"),
        ({"size": "(0.1, -0.6)"}, "Size [w, h] (units below): (0.1, -0.6) is no pair of numbers"),
        ({"pos": "('left', 0)"}, "Position [x, y] (units below): ('left', 0) is no pair of numb"),
        (
            {"display": "thermometer", "scale": "[20]"},
            "Scale [lower, upper end]: [20] is no pair of numbers; enter the numbers at its ends",
        ),
        ({"pos": "(-0.2, 0)", "size": "(wide, 0.5)"}, None),
        ({"display": "text", "value": "nfb.score", "size": "0.3"}, None),  # not used
        ({"color": "grün"}, "Colour: grün is no colour that PsychoPy knows; enter an English name"),
        ({"rewardColor": "nocolor"}, "Reward colour: nocolor is no colour that PsychoPy knows"),
        ({"warningColor": "#12345"}, "Warning colour: #12345 is no colour that PsychoPy knows"),
        ({"display": "sign", "value": "nfb.success", "warningColor": "rot"}, "Warning colour: rot"),
        ({"display": "color", "rewardColor": "rot"}, None),  # not used
        ({"color": "Red", "rewardColor": "[1, 0, 0]", "warningColor": "$hue"}, None),
        (
            {"threshold": "2"},
            "Threshold (0 to 1): 2 is no place on it, as the display goes from 0 to 1; enter "
            "nfb.display_threshold.",
        ),
        ({"threshold": "-0.1"}, "Threshold (0 to 1): -0.1 is no place on it"),
        (
            {"threshold": "nfb.threshold"},
            "Threshold (0 to 1): nfb.threshold is in µV, SD, % or share, but the display goes from "
            "0 to 1; enter nfb.display_threshold.",
        ),
        ({"threshold": "nfb.signal"}, "Threshold (0 to 1): nfb.signal is in microvolts, but the"),
        ({"threshold": "nfb.threshold / 20"}, None),
        ({"threshold": "1"}, None),
        (
            {"value": "nfb.value()"},
            "Value: nfb.value() calls what is no function; write it without ().",
        ),
    ],
)
def test_what_a_display_cannot_look_like(builder, told, params, sentence):
    builder.add("NeuroFeedbackComponent", "nfb")
    builder.add("FeedbackDisplayComponent", "bar", **params)
    builder.code(begin_experiment="wide = 0.1; hue = 'red'")
    said = [one for _, one in told()]
    assert len(said) == (sentence is not None), said
    assert all(one.startswith(f"bar, {sentence}") for one in said), said
