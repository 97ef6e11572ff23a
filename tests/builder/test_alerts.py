"""What is wrong in a field is told in Builder, before anything runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from psychopy_nfb.builder import alerts

SD = {"normalise": "zscore", "lastBaseline": True}


@pytest.mark.parametrize(
    ("params", "kind", "sentence"),
    [
        ({"bandLow": "12", "bandHigh": "8"}, "setting", "nfb, Band from (Hz): 12, 8: must be two"),
        ({"bandHigh": ""}, "setting", "nfb, Band to (Hz): is empty; enter a frequency"),
        ({"channels": ""}, "setting", "nfb, Channels: name at least one channel"),
        (
            {"displayLow": "5", "displayHigh": "1"},
            "setting",
            "nfb, Display to (µV, SD, %, share): 1: must be above 5",
        ),
        ({"displayLow": "5"}, "setting", "nfb, Display to (µV, SD, %, share): is empty; fill in"),
        ({"dwell": "-1"}, "setting", "nfb, Time beyond threshold for a hit (s): -1: must"),
        ({"reference": "linked"}, "setting", "nfb, Reference channels: name the channels"),
        ({"threshold": "'10'"}, "setting", "nfb, Threshold (µV, SD, %, share): '10' is a text"),
        ({"threshold": "10 uV"}, "setting", "nfb, Threshold (µV, SD, %, share): 10 uV is no numb"),
        ({"threshold": "ten"}, "setting", "nfb, Threshold (µV, SD, %, share): ten is no number"),
        ({"threshold": "0,5"}, "setting", "nfb, Threshold (µV, SD, %, share): 0,5 has a comma"),
        (
            {"stopVal": "10,5"},
            "setting",
            "nfb, Stop: 10,5 has a comma; write decimals",
        ),
        ({"stopVal": "-4"}, "time", "nfb, Stop: -4 would end it at once"),
        ({"stopVal": "ten"}, "setting", "nfb, Stop: ten is no number, and nothing in the"),
        (
            {"stopVal": "participant"},
            "setting",
            "nfb, Stop: participant is a field of the dialog at the start, not a variable; write "
            "expInfo['participant'], which is a text, or float(expInfo['participant']).",
        ),
        ({"feedback": "yes"}, "setting", "nfb, Give feedback: yes is neither True nor False, and"),
        ({"countPoints": "maybe"}, "setting", "nfb, Count points: maybe is neither True nor False"),
        (
            {"thresholdKind": "percentile", "lastBaseline": True},
            "setting",
            "nfb, Threshold given as: takes the threshold from the baseline; choose how",
        ),
        (
            {"lagMs": "0.3"},
            "setting",
            "nfb, Lag of what is shown (ms): 0.3 is no lag in milliseconds; enter 1 to 2000",
        ),
        (
            {"schedule": "VariableRatio", "scheduleHits": "0"},
            "setting",
            "nfb, Hits per reward: 0: must be at least 1",
        ),
        (
            {"schedule": "FixedInterval", "scheduleSeconds": ""},
            "setting",
            "nfb, Time between rewards (s): is missing; FixedInterval needs it.",
        ),
        (
            {**SD, "thresholdKind": "success", "successTarget": "1.5"},
            "setting",
            "nfb, Share beyond the threshold (0 to 1): 1.5: must be above 0 and below 1.",
        ),
        (
            {**SD, "thresholdKind": "running", "lookBack": "2"},
            "setting",
            "nfb, Look back (s): 2: is shorter than update, 5 s; look back at least as far.",
        ),
        (
            {**SD, "thresholdKind": "staircase", "step": ""},
            "setting",
            "nfb, Step (SD, %, share): is missing; Staircase needs it.",
        ),
        (
            {**SD, "thresholdKind": "quest", "questAim": "75"},
            "setting",
            "nfb, Blocks that succeed (0 to 1): 75: must be above 0.01 and below 0.99.",
        ),
        (
            {"normalise": "percent", "lastBaseline": True, "thresholdKind": "quest"},
            "setting",
            "nfb, Threshold known to within (SD, %, share): has no usual value with normalise=",
        ),
        (
            {"blockSuccess": "25"},
            "setting",
            "nfb, Time beyond threshold for a success (0 to 1): 25: must be above 0 and at most 1.",
        ),
        (
            {**SD, "threshold": "10"},
            "reach",
            "nfb, Threshold (µV, SD, %, share): 10 SD is out of reach, so there would be no reward",
        ),
        (
            {"normalise": "percent", "lastBaseline": True, "threshold": "-100"},
            "reach",
            "nfb, Threshold (µV, SD, %, share): the signal is never below -100 %, so there would "
            "be reward all the time",
        ),
        ({"normalise": "max", "lastBaseline": True, "threshold": "1.2"}, "reach", "nfb, Threshold"),
        ({"threshold": "150"}, "reach", "nfb, Threshold (µV, SD, %, share): 150 µV is out of reac"),
        (
            {**SD, "threshold": "2", "displayLow": "-1", "displayHigh": "1"},
            "reach",
            "nfb, Threshold (µV, SD, %, share): 2 SD lies outside of what the display shows, -1 to",
        ),
        (
            {"threshold": "0", "displayLow": "0", "displayHigh": "20", "direction": "down"},
            "reach",
            "nfb, Threshold (µV, SD, %, share): the signal is never below 0 µV, so there would be "
            "no reward",
        ),
        (
            {"delayMs": "0.01"},
            "unit",
            "nfb, Filter delay (ms): 0.01 is less than one millisecond; did you mean 10 ms?",
        ),
        (
            {"delayMs": "5000"},
            "unit",
            "nfb, Filter delay (ms): 5000 must be at most 1000 ms; did you mean 5 ms?",
        ),
        ({"delayMs": "-20"}, "unit", "nfb, Filter delay (ms): -20 must be at least 0 ms"),
        ({"smooth": "250"}, "unit", "nfb, Smoothing (s): 250 s; did you mean 0.25 s?"),
        ({"settingsFile": "none.json"}, "file", "nfb, Settings file instead: "),
        ({"role": "same", "sameAs": "other"}, "name", "nfb, Signal of: other is no Neuro Feedback"),
        ({"stopVal": "4 if t else 5"}, "time", "nfb, Stop: 4 if t else 5: PsychoPy compiles"),
        ({"role": "inhibit"}, "signal", "nfb: no signal is rewarded, so that there are no points"),
        (
            {**SD, "thresholdKind": "percentile", "threshold": "0.5"},
            "unit",
            "nfb, Threshold (µV, SD, %, share): 0.5 as a percentile (0 to 100) is nearly always "
            "exceeded, so there would be reward nearly all the time; usual is 60.",
        ),
        (
            {**SD, "thresholdKind": "bursts", "threshold": "0.5"},
            "unit",
            "nfb, Threshold (µV, SD, %, share): 0.5 bursts per minute are less than one a minute, "
            "so there would be hardly any reward; usual is 20.",
        ),
        (
            {"artifact": "0"},
            "reach",
            "nfb, Artifact limit (µV): 0 µV is less than any EEG has, so there would be no reward",
        ),
        ({"artifact": "4"}, "reach", "nfb, Artifact limit (µV): 4 µV is less than any EEG has"),
        (
            {"bandLow": "8-12"},
            "setting",
            "nfb, Band from (Hz): 8-12 is a subtraction, which gives -4; enter a number alone. A",
        ),
        ({"stopVal": "10 - 12"}, "setting", "nfb, Stop: 10 - 12 is a subtraction"),
        ({"channels": "$hello"}, "setting", "nfb, Channels: hello is no value, and nothing in"),
        ({"normalise": "zscore"}, "baseline", "nfb: it is compared with a baseline, but nothing"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_a_wrong_field_is_named(builder, told, tmp_path, params, kind, sentence):
    builder.experiment.filename = str(tmp_path / "one.psyexp")
    builder.add("NeuroFeedbackComponent", "nfb", **params)
    ((found, said),) = told()
    assert (found, said[: len(sentence)]) == (kind, sentence)


@pytest.mark.parametrize("kind", alerts.KINDS)
def test_the_link_of_each_alert_leads_to_its_section(kind):
    """In the form that PsychoPy's Runner takes for a line of a file, which it opens in Coder."""
    from psychopy.alerts import _alerts

    code, heading = alerts.KINDS[kind]
    link = _alerts.catalog.alert[code]["url"]
    file, line = link.split('"')[1], int(link.split(",")[1][5:])
    lines = Path(file).read_text("utf-8").splitlines()
    assert lines[line - 1] == f"## {heading}"
    assert "What to do:" in "\n".join(lines[line:]).split("\n## ")[0]


def test_every_section_of_the_page_is_one_of_an_alert():
    sections = re.findall(r"^## (.+)$", alerts.PAGE.read_text("utf-8"), re.MULTILINE)
    assert sections == [heading for _, heading in alerts.KINDS.values()]


def test_what_a_variable_decides_is_not_judged(builder, told):
    builder.add(
        "NeuroFeedbackComponent",
        "nfb",
        channels="$expInfo['channel']",
        bandLow="low",
        threshold="$expInfo['threshold']",
    )
    builder.code(begin_experiment="low = 8")
    assert told() == []


def test_a_column_of_the_conditions_file_is_a_number(builder, told, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb", threshold="wanted")
    (tmp_path / "trials.csv").write_text("wanted\n8\n12\n")
    builder.experiment.filename = str(tmp_path / "one.psyexp")
    builder.repeat(1, "trials.csv")
    assert told() == []


def test_runner_is_not_filled_with_readings_of_a_conditions_file(builder, told, tmp_path):
    """PsychoPy logs each reading; a file that has been changed is read again."""
    from psychopy import logging

    for name in ("nfb", "second", "third"):
        builder.add("NeuroFeedbackComponent", name, threshold="wanted")
    (tmp_path / "trials.csv").write_text("wanted\n8\n12\n")
    builder.experiment.filename = str(tmp_path / "one.psyexp")
    builder.repeat(1, "trials.csv")
    log = logging.LogFile(str(tmp_path / "log.txt"), level=logging.EXP)
    try:
        told()
        told()
        (tmp_path / "trials.csv").write_text("another\n8\n12\n")
        assert any("wanted" in sentence for _, sentence in told())
        logging.flush()
    finally:
        logging.root.removeTarget(log)
    assert (tmp_path / "log.txt").read_text("utf-8").count("Imported") == 2


@pytest.mark.parametrize("normalise", ["zscore", "percent", "max", "none"])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_the_usual_is_sound_whatever_it_is_compared_with(builder, told, normalise, direction):
    builder.add(
        "NeuroFeedbackComponent", "nfb", normalise=normalise, lastBaseline=True, direction=direction
    )
    builder.add("FeedbackDisplayComponent", "bar")
    builder.add("DiodePatchComponent", "patch")
    assert told() == []


@pytest.mark.parametrize(
    "display", ["bar", "thermometer", "circle", "trace", "color", "text", "dimmer", "tone"]
)
def test_what_is_new_needs_no_change(builder, told, display):
    builder.routine.settings.params["stopVal"].val = ""  # as of a new Routine
    signal = builder.add("NeuroFeedbackComponent", "nfb")
    builder.add("FeedbackDisplayComponent", "display", display=display)
    further = builder.add("NeuroFeedbackComponent", "emg", role="inhibit", channels="T7")
    assert told() == []
    assert signal.params["stopVal"].val == "120"
    assert further.params["stopVal"].val == ""  # which ends with the block


def test_a_display_of_pictures_without_one_is_told(builder, told):
    builder.add("NeuroFeedbackComponent", "alpha")
    one = builder.add("FeedbackDisplayComponent", "castle", display="progress", pictures=" ,")
    assert told() == [("setting", "castle, Pictures: no picture is named.")]
    one.params["pictures"].val = "castle.png"
    assert told() == []


def test_a_settings_file_is_looked_for_beside_the_experiment(builder, told, tmp_path):
    builder.experiment.filename = str(tmp_path / "one.psyexp")
    builder.add("NeuroFeedbackComponent", "nfb", settingsFile="up.json")
    (tmp_path / "up.json").write_text('{"signals": {"up": {"threshold": "high"}}}', "utf-8")
    ((kind, said),) = told()
    assert kind == "file"
    assert said.startswith("nfb, Settings file instead: signals.up.threshold='high': must be a")
    (tmp_path / "up.json").write_text('{"signals": {"up": {"threshold": 0.5}}}', "utf-8")
    assert told() == []


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("pace", "6000", "nfb, Pace to (Hz): 6000: must be at least 1 Hz and at most 1000 Hz."),
        ("pace", "sixty", "nfb, Pace to (Hz): sixty is no number"),
        ("stopVal", "0,5", "nfb, Stop: 0,5 has a comma; write decimals with a point: 0.5."),
        ("countPoints", "(1", "nfb, Count points: (1 is unfinished or mistyped Python"),
    ],
)
def test_what_a_settings_file_does_not_replace_is_looked_at_beside_it(
    builder, told, tmp_path, field, value, sentence
):
    builder.experiment.filename = str(tmp_path / "one.psyexp")
    (tmp_path / "up.json").write_text('{"signals": {"up": {"threshold": 0.5}}}', "utf-8")
    builder.add("NeuroFeedbackComponent", "nfb", settingsFile="up.json", **{field: value})
    ((_, said),) = told()
    assert said.startswith(sentence)


def test_another_version_of_psychopy_is_told(builder, told):
    builder.add("NeuroFeedbackComponent", "nfb")
    builder.experiment.settings.params["Use version"].val = "2026.1.9"
    ((kind, said),) = told()
    assert kind == "version"
    assert "compiles without plugins" in said


@pytest.mark.parametrize("version", ["2024.1.0", "2025.1.1", "2025.2"])
def test_a_version_that_is_too_old_is_told_by_the_command_too(builder, told, tmp_path, version):
    from psychopy_nfb.cli import main

    builder.add("NeuroFeedbackComponent", "nfb")
    builder.experiment.settings.params["Use version"].val = version
    ((kind, said),) = told()
    assert kind == "old"
    assert "is too old: this component needs 2026.1 or later" in said
    assert main(["compile", str(builder.save(tmp_path / "old.psyexp"))]) == 1


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"key": "'space'"}, "Key: 'space' is the name of no key; did you mean space?"),
        ({"key": "spacebar"}, "Key: spacebar is the name of no key; did you mean space?"),
        ({"key": ""}, "Key: nothing is the name of no key; enter one key"),
        ({"seconds": "0"}, "Length (s): 0 must be above 0 s"),
        ({"seconds": "4"}, "Length (s): 4 is too short for a baseline, which needs 5 s: filters"),
        ({"seconds": ""}, "Length (s): is empty; enter how many seconds are recorded"),
        ({"seconds": "20"}, "Length (s): 20 s are few: below 30 s the threshold"),
        ({"key": "Leertaste"}, "Key: Leertaste is the name of no key; enter one key, such as sp"),
        ({"repeats": "-1"}, "-1 is too little; enter 0 or more"),
        ({"key": "t", "seconds": "30"}, None),
    ],
)
def test_what_a_baseline_cannot_use(builder, told, params, sentence):
    from psychopy_nfb.builder.baseline import NeuroBaselineRoutine

    builder.add("NeuroFeedbackComponent", "nfb")
    routine = NeuroBaselineRoutine(builder.experiment, "rest")
    for name, value in params.items():
        routine.params[name].val = value
    builder.experiment.flow.addRoutine(routine, 0)
    found = [said for _, said in told() if said.startswith("rest")]
    assert len(found) == (sentence is not None)
    assert all(sentence in said for said in found)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"value": "hello"}, "Value: hello is no number, and nothing in the experiment"),
        ({"value": "'hello'"}, "Value: 'hello' is a text; enter a number"),
        ({"value": ""}, "Value: is empty; enter the value of a signal."),
        ({"display": "text", "value": "hello"}, "Value: hello is no value, and nothing"),
        ({"display": "text", "value": "'hello'"}, None),
        ({"display": "text", "value": "max(x for x in (1, nfb.score))"}, None),
        ({"threshold": "hello"}, "Threshold (0 to 1): hello is no number, and nothing in the"),
        ({"inhibit": "hello > 2"}, "Warn while: hello is no value, and nothing in the experiment"),
        ({"display": "text", "value": "nfb.score", "inhibit": "hello > 2"}, None),  # not shown
        ({"pos": "(0, height)"}, "Position [x, y] (units below): height is no value, and nothing"),
        ({"color": "$hue"}, "Colour: hue is no value, and nothing in the experiment defines it"),
        (
            {"display": "text", "template": "{} points}"},
            "Written as: {} points} is not a template; {} stands for the value",
        ),
        ({"display": "text", "template": "{score}"}, "Written as: {score} is not a template"),
        ({"display": "text", "template": "{} {}"}, "Written as: {} {} is not a template"),
        ({"display": "text", "template": "$written"}, "Written as: written is no value, and"),
        (
            {"display": "text", "value": "nfb.score", "template": "{:d} points"},
            "Written as: {:d} points writes whole numbers only, and most values have decimals",
        ),
        (
            {"display": "text", "value": "nfb.score", "template": "{:s}"},
            "Written as: {:s} writes texts only, and nfb.score is a number; write {}, or {:.2f}",
        ),
        ({"display": "text", "value": "'hello'", "template": "{:s}"}, None),
        ({"display": "text", "template": "{!r:>9} {{}}"}, None),
        ({"stopVal": "70"}, "Stop: it stays until 70 s, but the feedback of nfb ends at 60 s"),
        ({"startVal": "10", "stopVal": "55"}, "Stop: it stays until 65 s, but the feedback of"),
        ({"stopType": "time (s)", "startVal": "10", "stopVal": "60"}, None),
        ({"stopVal": "60"}, None),
    ],
)
def test_what_a_display_cannot_use(builder, told, params, sentence):
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="60")
    builder.add("FeedbackDisplayComponent", "bar", **params)
    said = [said for _, said in told()]
    assert len(said) == (sentence is not None), said
    assert all(one.startswith(f"bar, {sentence}") for one in said), said
