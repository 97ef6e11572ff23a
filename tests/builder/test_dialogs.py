"""What the dialogs say and show: units, help, fields that have no effect, older files."""

from __future__ import annotations

import ast
import re

import pytest

from psychopy_nfb.builder.baseline import NeuroBaselineRoutine
from psychopy_nfb.builder.diode_patch import DiodePatchComponent
from psychopy_nfb.builder.feedback_display import FeedbackDisplayComponent
from psychopy_nfb.builder.neuro_block import NeuroBlockRoutine
from psychopy_nfb.builder.neurofeedback import NeuroFeedbackComponent
from psychopy_nfb.builder.parameters import is_shown
from psychopy_nfb.builder.signal_check import SignalCheckRoutine
from psychopy_nfb.engine.quest import Quest
from psychopy_nfb.protocol import (
    FixedInterval,
    FixedRatio,
    Running,
    Schedule,
    Staircase,
    Success,
    ThresholdRule,
    Trend,
)
from psychopy_nfb.settings import from_dict

ELEMENTS = (
    NeuroFeedbackComponent,
    FeedbackDisplayComponent,
    DiodePatchComponent,
    NeuroBaselineRoutine,
    NeuroBlockRoutine,
    SignalCheckRoutine,
)
UNITS = (
    *("(s)", "(ms)", "(Hz)", "(µV)", "(µV, SD, %, share)", "(times)"),
    *("(units below)", "(units of Layout)", "(0 to 1)", "(SD)", "(SD, %, share)"),
)
PURE = {
    "points": "Points per hit or second",
    "scheduleHits": "Hits per reward",
    "loss": "Points lost for a missed block",
    "untilRewards": "Ends early at so many rewards",
    "untilPoints": "Ends early at so many points",
    "seed": "Seed of the order",
}
"""Number fields whose label says what is counted, or that have no unit."""


def own_fields():
    """Return every field of ours: class, name and parameter."""
    from psychopy.experiment import Experiment
    from psychopy.experiment.components import BaseComponent
    from psychopy.experiment.routines import BaseStandaloneRoutine, Routine

    experiment = Experiment()
    experiment.addRoutine("trial", Routine("trial", experiment))
    theirs = set(BaseComponent(experiment, "trial").params)
    theirs |= set(BaseStandaloneRoutine(experiment).params)
    found = []
    for kind in ELEMENTS:
        element = (
            kind(experiment) if kind.__name__.endswith("Routine") else kind(experiment, "trial")
        )
        found += [
            (kind.__name__, name, param)
            for name, param in element.params.items()
            if name not in theirs and param.inputType != "hidden"
        ]
    return found


def test_every_field_has_help_and_each_number_a_unit():
    fields = own_fields()
    assert len(fields) > 50
    for kind, name, param in fields:
        assert param.label, (kind, name)
        assert len(param.hint) > 10, (kind, name)
        if param.valType in ("num", "int") and name not in PURE:
            assert param.label.endswith(UNITS), (kind, name, param.label)


def test_a_tab_of_the_first_signal_alone_says_so():
    """Builder cannot hide it from the others: whether a field is shown, its own tab decides."""
    told = {}
    for _, _, param in own_fields():
        if param.categ in ("Stream", "Timing", "Data"):
            told.setdefault(param.categ, param.hint)  # of the first field of each
    assert len(told) == 3
    for tab, hint in told.items():
        assert "Only the first rewarded signal needs this tab" in hint, tab


HEIGHT = {"multi": 140, "choice": 46}
"""Pixels of a line of the dialog by its control, as Builder 2026.2.5 draws it; others have 39."""


@pytest.mark.parametrize("kind", [NeuroBaselineRoutine, NeuroBlockRoutine, SignalCheckRoutine])
@pytest.mark.parametrize("source", ["plan", "block"])
def test_a_routines_own_dialog_fits_into_the_height_that_builder_gives_it(kind, source):
    """It scrolls no further than that."""
    from psychopy.experiment import Experiment

    routine = kind(Experiment())
    if "source" in routine.params:
        routine.params["source"].val = source
    heights = {}
    for name, param in routine.params.items():
        if is_shown(routine, name) and param.inputType != "hidden":
            tab = param.categ or "Basic"
            heights[tab] = heights.get(tab, 0) + HEIGHT.get(param.inputType, 39)
    assert max(heights.values()) <= 490, heights


@pytest.mark.parametrize(
    ("params", "hidden", "shown"),
    [
        ({}, ["sameAs", "referenceChannels", "thresholdKind"], ["dwell", "delayMs", "exclude"]),
        ({"role": "same"}, ["dwell", "points", "refractory"], ["sameAs", "block", "feedback"]),
        ({"role": "inhibit"}, ["dwell", "rewardMode", "block", "feedback"], ["channels"]),
        ({"reference": "linked"}, ["exclude"], ["referenceChannels"]),
        ({"envelope": "ecHT"}, ["delayMs"], ["envelope"]),
        ({"normalise": "zscore"}, ["successTarget", "step", "rise"], ["thresholdKind"]),
        (
            {"normalise": "zscore", "thresholdKind": "success"},
            ["step", "rise", "deviations"],
            ["successTarget", "lookBack", "changeEvery", "freezeAfter", "threshold"],
        ),
        ({"thresholdKind": "success"}, ["thresholdKind", "successTarget", "lookBack"], []),
        (
            {"settingsFile": "up.json", "reference": "linked"},
            ["channels", "referenceChannels", "delayMs", "bandLow", "smooth"],
            ["settingsFile"],
        ),
    ],
)
def test_what_has_no_effect_is_hidden(builder, params, hidden, shown):
    component = builder.add("NeuroFeedbackComponent", "nfb", **params)
    assert [name for name in hidden if is_shown(component, name)] == []
    assert [name for name in shown if not is_shown(component, name)] == []


OF_KINDS = {
    "bar": {"threshold", "inhibit"},
    "thermometer": {"threshold", "inhibit", "scale"},
    "trace": {"threshold"},
    "text": {"template", "letterHeight"},
    "sign": set(),
    "progress": {"pictures"},
    "dimmer": {"darkest", "dimSeconds"},
    "pitch": {"toneKind", "volume", "withoutSound", "toneLow", "toneHigh"},
    "criterion": {"toneKind", "volume", "withoutSound", "tonePitch"},
    "reward": {"toneKind", "volume", "withoutSound", "tonePitch", "toneSeconds", "soundFile"},
}
"""Fields of the display's first tab beside the value, by what is shown or heard."""


@pytest.mark.parametrize("kind", OF_KINDS)
def test_a_display_has_only_the_fields_of_its_kind(builder, kind):
    tone = {"display": "tone", "toneKind": kind} if "toneKind" in OF_KINDS[kind] else {}
    display = builder.add("FeedbackDisplayComponent", "one", **{"display": kind, **tone})
    own = set().union(*OF_KINDS.values())
    assert {name for name in own if is_shown(display, name)} == OF_KINDS[kind]


def test_what_is_shown_depends_on_fields_of_the_same_tab():
    """Builder looks at no other tab."""
    from psychopy.experiment import Experiment

    for kind in ELEMENTS:
        component = kind(Experiment(), "")
        for one in component.depends:
            tabs = {component.params[one[key]].categ for key in ("param", "dependsOn")}
            assert len(tabs) == 1, one
            assert one["false"] == "hide"


@pytest.mark.parametrize(
    ("old", "milliseconds", "code"),
    [("0.01", "10", "0.01"), ("0.15", "150", "0.15"), ("wait", "(wait) * 1000", None)],
)
def test_a_delay_in_seconds_of_an_older_file_stays_what_it_was(
    builder, tmp_path, old, milliseconds, code
):
    from psychopy.experiment import Experiment

    builder.add("NeuroFeedbackComponent", "nfb", delayMs="999")
    source = builder.save(tmp_path / "old.psyexp")
    text = source.read_text("utf-8")
    lines = [line for line in text.splitlines() if 'name="delay"' not in line]
    lines = [
        line.replace('"delayMs"', '"delay"').replace('"999"', f'"{old}"')
        if 'name="delayMs"' in line
        else line
        for line in lines
    ]
    source.write_text("\n".join(lines), "utf-8")
    experiment = Experiment()
    experiment.loadFromXML(str(source))
    (component,) = [
        one for one in experiment.routines["trial"] if isinstance(one, NeuroFeedbackComponent)
    ]
    assert component.params["delayMs"].val == milliseconds
    wanted = f"delay={code}," if code else "delay=((wait) * 1000) / 1000,"
    assert wanted in experiment.writeScript(target="PsychoPy")
    experiment.saveToXML(str(source))
    again = Experiment()
    again.loadFromXML(str(source))
    assert milliseconds in source.read_text("utf-8")
    assert f'val="{old}" valType="num" updates="constant" name="delay"' not in source.read_text()


def test_empty_threshold_and_display_are_left_to_the_usual(builder, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb", normalise="zscore", lastBaseline=True)
    script = builder.script(tmp_path / "usual.py").read_text("utf-8")
    assert "normalise='zscore', threshold_kind='fixed', direction='up'" in script
    assert "threshold=" not in script.replace("threshold_kind=", "")
    assert "display_range" not in script


@pytest.mark.parametrize(
    ("params", "rule"),
    [
        ({"thresholdKind": "success"}, Success()),
        (
            {"thresholdKind": "success", "successTarget": "0.8", "freezeAfter": "40"},
            Success(target=0.8, freeze_after=40),
        ),
        ({"thresholdKind": "running", "lookBack": "30"}, Running(k=0.5, tau=30)),
        ({"thresholdKind": "trend", "threshold": "1"}, Trend(slope=0.05, start=1)),
        ({"thresholdKind": "staircase", "harderAt": "0.8"}, Staircase(step=0.1, up_at=0.8)),
        (
            {"thresholdKind": "quest", "questShare": "0.3", "questSd": "0.2", "threshold": "1"},
            Quest(share=0.3, sd=0.2, start=1.0),
        ),
    ],
)
def test_a_threshold_that_follows_is_a_rule_in_the_script(builder, tmp_path, params, rule):
    builder.add("NeuroFeedbackComponent", "nfb", normalise="zscore", lastBaseline=True, **params)
    script = builder.script(tmp_path / "rule.py").read_text("utf-8")
    (settings,) = re.findall(r"threshold=(\{.*?\})", script)
    assert from_dict(ThresholdRule, ast.literal_eval(settings)) == rule
    assert "threshold_kind" not in script


def test_what_a_missed_block_costs_and_going_on_with_thresholds_are_in_the_script(
    builder, tmp_path
):
    component = builder.add("NeuroFeedbackComponent", "nfb", loss="2", blockSuccess="0.4")
    script = builder.script(tmp_path / "loss.py").read_text("utf-8")
    assert ", loss=2.0, success=0.4)" in script
    assert "carry_over" not in script
    component.params["carryOver"].val = True
    script = builder.script(tmp_path / "carried.py").read_text("utf-8")
    assert "carry_over='last',\n" in script


@pytest.mark.parametrize(
    ("params", "schedule"),
    [
        ({}, None),
        ({"schedule": "FixedRatio"}, FixedRatio(n=3)),
        ({"schedule": "FixedInterval", "scheduleSeconds": "20"}, FixedInterval(seconds=20)),
        ({"schedule": "FixedRatio", "rewardMode": "time"}, None),
    ],
)
def test_a_schedule_is_in_the_script(builder, tmp_path, params, schedule):
    builder.add("NeuroFeedbackComponent", "nfb", **params)
    script = builder.script(tmp_path / "schedule.py").read_text("utf-8")
    found = re.findall(r"schedule=(\{.*?\})", script)
    made = [from_dict(Schedule, ast.literal_eval(one)) for one in found]
    assert made == ([] if schedule is None else [schedule])


@pytest.mark.parametrize(
    ("lag", "argument"),
    [("", ""), ("300", ", lag=float(300.0 or 0) / 1000 or None"), ("$delay", "float(delay or 0)")],
)
def test_a_block_has_the_lag_of_the_field(builder, tmp_path, lag, argument):
    builder.add("NeuroFeedbackComponent", "nfb", lagMs=lag)
    script = builder.script(tmp_path / "lag.py").read_text("utf-8")
    (begin,) = re.findall(r"nfb\.begin_block\((.*)\)\n", script)
    assert argument in begin
    assert ("lag" in begin) == bool(lag)


def test_a_threshold_that_changes_is_set_only_if_it_is_given(builder, tmp_path):
    component = builder.add("NeuroFeedbackComponent", "nfb")
    component.params["threshold"].updates = "set every repeat"
    assert "nfb.set(" not in builder.script(tmp_path / "none.py").read_text("utf-8")
    component.params["threshold"].val = "wanted"
    builder.code(begin_experiment="wanted = 5")
    script = builder.script(tmp_path / "some.py").read_text("utf-8")
    assert "nfb.set(threshold=wanted)" in script


def test_row_118_a_control_condition_is_named_once_and_chosen_by_each_block(builder, tmp_path):
    component = builder.add("NeuroFeedbackComponent", "nfb")
    usual = builder.script(tmp_path / "usual.py").read_text("utf-8")
    assert "shown=" not in usual
    component.params["controls"].val = "{'down': psychopy_nfb.Inverse()}"
    component.params["shown"].val = "condition"
    script = builder.script(tmp_path / "control.py").read_text("utf-8")
    assert "shown={'down': psychopy_nfb.Inverse()},\n" in script
    assert "nfb.begin_block('trial', feedback=True, shown=condition)" in script


def test_a_study_says_which_session_it_is_and_where_its_files_belong(builder, tmp_path):
    component = builder.add("NeuroFeedbackComponent", "nfb")
    builder.add("NeuroFeedbackComponent", "again", role="same", sameAs="nfb")
    usual = builder.script(tmp_path / "usual.py").read_text("utf-8")
    assert "study=" not in usual
    assert "thisExp.addData('nfb.score', nfb.score)" in usual
    component.params["study"].val = "alpha_study"
    script = builder.script(tmp_path / "study.py").read_text("utf-8")
    begin = script.index("psychopy_nfb.Neurofeedback(")
    settings = script[begin : script.index("nfb.start()", begin)]
    assert "study='alpha_study',\n" in settings
    assert (
        "participant=psychopy_nfb.participant_of(expInfo, 'participant', takes_over=True),\n"
        in settings
    )
    for left_out in ("data=", "session=", "task=", "calibration=", "shown="):
        assert f" {left_out}" not in settings
    # What was shown must not stand in PsychoPy's own data file.
    assert not any(f".{what}'," in script for what in ("score", "hits", "rewards"))
    component.params["study"].val = ""
    assert is_shown(component, "controls")
    component.params["study"].val = "alpha_study"
    for field in ("lastBaseline", "record", "publish", "controls"):
        assert not is_shown(component, field)


def test_points_are_counted_where_feedback_is_given_or_where_it_says_so(builder, tmp_path):
    component = builder.add("NeuroFeedbackComponent", "nfb")
    script = builder.script(tmp_path / "usual.py").read_text("utf-8")
    assert "nfb.begin_block('trial', feedback=True)" in script
    component.params["countPoints"].val = "False"
    script = builder.script(tmp_path / "watched.py").read_text("utf-8")
    assert "nfb.begin_block('trial', feedback=True, points=False)" in script


def test_smoothing_of_the_display_is_in_milliseconds(builder, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb", displaySmoothingMs="200")
    assert "display_smoothing=0.2" in builder.script(tmp_path / "calm.py").read_text("utf-8")
