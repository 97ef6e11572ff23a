"""A control condition that there is not is told before the run, and names its field in it."""

from __future__ import annotations

import pytest

import psychopy_nfb
from psychopy_nfb.errors import FieldError, SettingsError

FIELD = "nfb, Feedback shown: "
CONTROLS = "{'down': psychopy_nfb.Inverse(), 'noise': psychopy_nfb.Surrogate()}"


@pytest.mark.parametrize(
    ("params", "kind", "sentence"),
    [
        ({"shown": "'sham'"}, "name", "'sham' is none of own, none; name it first in Control cond"),
        ({"shown": "'Down'", "controls": CONTROLS}, "name", "'Down' is none of own, none, down, n"),
        (
            {"shown": "'down'", "controls": CONTROLS, "feedback": "False"},
            "setting",
            "'down' cannot be shown in a block without feedback; empty this field",
        ),
        (
            {"shown": "'noise'", "controls": "dict(noise=psychopy_nfb.Surrogate())"},
            "baseline",
            "'noise' is made of a baseline of the same session; add a Neuro Baseline Routine",
        ),
    ],
)
def test_what_a_block_cannot_show_is_told(builder, told, params, kind, sentence):
    builder.add("NeuroFeedbackComponent", "nfb", **params)
    ((found, said),) = told()
    assert (found, said[: len(FIELD + sentence)]) == (kind, FIELD + sentence)


@pytest.mark.parametrize(
    "params",
    [
        {"shown": "'own'"},
        {"shown": "'none'"},
        {"shown": "'down'", "controls": CONTROLS},
        {"shown": "'sham'", "controls": "made()"},
        {"shown": "'sham'", "study": "alpha_study"},
        {"shown": "$expInfo['participant']", "controls": CONTROLS},
    ],
)
def test_what_it_can_show_or_nobody_knows_is_not_told(builder, told, params):
    builder.code(begin_experiment="def made():\n    return {}\n")
    builder.add("NeuroFeedbackComponent", "nfb", **params)
    assert told() == []


def test_the_values_of_a_column_are_known(builder, told, tmp_path):
    (tmp_path / "arms.csv").write_text("condition\nown\nsham\ndown\nsham\n")
    builder.experiment.filename = str(tmp_path / "one.psyexp")
    builder.repeat(1, "arms.csv")
    builder.add("NeuroFeedbackComponent", "nfb", shown="condition", controls=CONTROLS)
    ((kind, said),) = told()
    assert kind == "name"
    assert said.startswith(f"{FIELD}'sham' is none of own, none, down, noise; name it first")


def test_the_block_of_another_routine_asks_the_one_that_has_them(builder, told):
    builder.add("NeuroFeedbackComponent", "nfb", controls=CONTROLS)
    again = builder.add("NeuroFeedbackComponent", "again", role="same", sameAs="nfb")
    again.params["shown"].val = "'down'"
    assert told() == []
    again.params["shown"].val = "'sham'"
    ((_, said),) = told()
    assert said.startswith("again, Feedback shown: 'sham' is none of own, none, down, noise; name")
    assert "in Control conditions of nfb" in said


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (SettingsError("shown", "sham", "is none of own, none"), "Feedback shown: sham: is none"),
        (SettingsError("feedback", "no", "must be True or False"), "Give feedback: no: must be"),
        (SettingsError("points", "no", "must be True or False"), "Count points: no: must be True"),
        (
            SettingsError("lag", 0.1, "is less than the 0.143 s; choose at least 0.144 s"),
            "Lag of what is shown (ms): 100: is less than the 143 ms; choose at least 144 ms.",
        ),
        (SettingsError("lag.hold", 5.0, "must be at most 2 s"), "Lag of what is shown (ms): 5000:"),
    ],
)
def test_what_a_block_refuses_names_its_field(error, sentence):
    with (
        pytest.raises(FieldError) as told,
        psychopy_nfb.errors_name_fields("again", block=True),
    ):
        raise error
    assert str(told.value).startswith(f"again, {sentence}")


def test_the_script_names_the_fields_of_the_block(builder, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb")
    lines = builder.script(tmp_path / "one.py").read_text("utf-8").splitlines()
    (begin,) = [number for number, line in enumerate(lines) if ".begin_block(" in line]
    assert lines[begin - 1].strip() == "with psychopy_nfb.errors_name_fields('nfb', block=True):"
