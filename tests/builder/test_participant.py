"""Whose session it is, by the fields of the dialog at the start of an experiment."""

from __future__ import annotations

import logging
import re

import pytest

from psychopy_nfb import participant_of
from psychopy_nfb.errors import SettingsError

DATE = "expInfo['date']"


def settle(builder, info, data_filename):
    settings = builder.experiment.settings.params
    settings["Experiment info"].val = repr(info)
    settings["Data filename"].val = data_filename


@pytest.mark.parametrize(
    ("info", "file_name", "field"),
    [
        ({"subject": "", "session": "001"}, "u'data/%s' % (expInfo['subject'])", "subject"),
        ({"Subject ID": "", "age": ""}, "", "Subject ID"),
        ({"code|req": "", "age": ""}, "u'data/%s' % (expInfo['code'])", "code"),
        ({"participant": "", "subject": ""}, "u'data/%s' % (expInfo['subject'])", "subject"),
        ({"participant": "", "subject": ""}, "'data/' + expInfo['date']", "participant"),
        ({"participant": "", "condition": ""}, "'data/' + expInfo['condition']", "participant"),
    ],
)
def test_the_participant_is_found_under_usual_names(
    builder, told, tmp_path, info, file_name, field
):
    settle(builder, info, file_name)
    builder.add("NeuroFeedbackComponent", "nfb")
    assert told() == []
    script = builder.script(tmp_path / "one.py").read_text("utf-8")
    asked = re.search(r"participant=(psychopy_nfb\.participant_of\(.*\)),", script)[1]
    typed = {name.split("|")[0]: "" for name in info} | {field: "Anna"}
    assert eval(asked, {"psychopy_nfb": __import__("psychopy_nfb"), "expInfo": typed}) == "Anna"


def test_the_session_is_found_under_usual_names(builder, tmp_path):
    settle(builder, {"subject": "", "Session number": "2"}, "expInfo['subject']")
    builder.add("NeuroFeedbackComponent", "nfb")
    script = builder.script(tmp_path / "one.py").read_text("utf-8")
    assert "session=expInfo.get('Session number', '01')," in script


def test_that_nobody_is_named_is_told(builder, told):
    settle(builder, {"session": "001", "age": ""}, f"'data/' + {DATE}")
    builder.add("NeuroFeedbackComponent", "nfb")
    ((kind, said),) = told()
    assert kind == "name"
    assert said.startswith("nfb: whose session it is cannot be known")


def test_nobody_s_session_is_no_other_persons(caplog):
    info = {"session": "001", "date": "2026"}
    with caplog.at_level(logging.WARNING):
        assert participant_of(info, None) == "unknown"
    assert "the experiment info has session" in caplog.text
    with pytest.raises(SettingsError, match="could be another person's"):
        participant_of(info, None, takes_over=True)


@pytest.mark.parametrize("field", ["lastBaseline", "carryOver", "study"])
def test_what_is_taken_over_needs_a_name(builder, tmp_path, field):
    settle(builder, {"age": ""}, f"'data/' + {DATE}")
    builder.add("NeuroFeedbackComponent", "nfb", **{field: "alpha" if field == "study" else True})
    script = builder.script(tmp_path / "one.py").read_text("utf-8")
    assert "psychopy_nfb.participant_of(expInfo, None, takes_over=True)" in script
