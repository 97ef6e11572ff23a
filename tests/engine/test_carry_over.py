"""Thresholds that go on in the next session, of the same person only."""

from __future__ import annotations

import json
import logging
import time

import pytest
from trainings import NAME, alpha

from psychopy_nfb import Neurofeedback, Quest, Success
from psychopy_nfb.engine.carry_over import with_carry_over
from psychopy_nfb.errors import NfbError
from psychopy_nfb.protocol import Staircase
from psychopy_nfb.recording import read_session

TRIALS = [[0.75, True], [0.8, False]]


def written(folder, name="sub-01_ses-01_task-alpha_run-01", date="2026-01-01", **sections):
    """Write the settings file of a session; return its path."""
    path = folder / f"{name}_nfb.json"
    participant = name.split("_")[0].removeprefix("sub-")
    reached = {"rule": "Quest", "threshold": 0.9, "settings": {"start": 0.7, "trials": TRIALS}}
    content = {
        "session": {"participant": participant, "date": date},
        "thresholds_reached": {NAME: reached},
        **sections,
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def carried(source, rule=None, participant="01", data=None):
    """Return the rule that goes on, and the facts."""
    training = alpha(threshold=Quest(start=0.5, sd=0.15) if rule is None else rule)
    configuration, facts = with_carry_over(training, source, participant, "alpha", data)
    return configuration.signals[NAME].threshold, facts


@pytest.mark.row(86)
@pytest.mark.parametrize("suffix", ["_nfb.json", "_events.tsv", "_eeg.xdf", ""])
def test_row_086_any_file_of_a_session_names_it(tmp_path, suffix):
    path = written(tmp_path)
    rule, facts = carried(str(path).removesuffix("_nfb.json") + suffix)
    assert (rule.start, rule.sd) == (0.7, 0.15)  # what is planned now holds, but the start
    assert rule.trials == [(0.75, True), (0.8, False)]
    assert facts["carried_over"]["from"] == path.name


def test_row_086_last_is_the_last_session_of_this_person_and_task(tmp_path, caplog):
    trials = {
        1: ("sub-01_ses-02_task-alpha_run-01", "2026-03-01"),
        2: ("sub-01_ses-10_task-alpha_run-02", "2026-04-01"),
        3: ("sub-02_ses-03_task-alpha_run-01", "2026-05-01"),
        4: ("sub-01_ses-04_task-smr_run-01", "2026-05-01"),
    }
    for number, (name, date) in trials.items():
        reached = {"rule": "Quest", "threshold": 0.9, "settings": {"start": float(number)}}
        written(tmp_path, name, date, thresholds_reached={NAME: reached})
    written(tmp_path, "sub-01_ses-11_task-alpha_run-01", "2026-06-01", thresholds_reached={})
    (tmp_path / "sub-01_ses-12_task-alpha_run-01_nfb.json").write_text("{}\n", encoding="utf-8")
    (tmp_path / "sub-01_ses-13_task-alpha_run-01_nfb.json").write_text("{", encoding="utf-8")
    assert carried("last", data=tmp_path)[0].start == 2.0
    with caplog.at_level(logging.WARNING):
        rule, facts = carried("last", participant="03", data=tmp_path)
    assert (rule.start, facts) == (0.5, {})
    assert "There is no earlier session of 03 whose thresholds could be carried over" in caplog.text


@pytest.mark.parametrize(
    ("sections", "settings", "sentence"),
    [
        (
            {},
            {"participant": "02"},
            "is a session of participant 01, and this one is of 02; name a",
        ),
        ({}, {"rule": Success()}, "moved signals.trained.threshold by Quest, and here it moves by"),
        ({}, {"rule": 0.5}, "has moving thresholds of trained, and none of them moves by a rule"),
        ({"thresholds_reached": {}}, {}, "holds no threshold that moved; name a session"),
        ({"session": None}, {}, "is no session's settings file"),
        ({"thresholds_reached": {NAME: 3}}, {}, "is damaged"),
    ],
)
def test_row_032_what_cannot_be_carried_over_is_refused(tmp_path, sections, settings, sentence):
    path = written(tmp_path, **sections)
    with pytest.raises(NfbError) as caught:
        carried(path, **settings)
    assert str(caught.value).startswith(f"carry_over='{path}': {sentence}")


def test_a_session_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(NfbError, match="cannot be read|not exist|No such file"):
        carried(tmp_path / "sub-01_ses-01_task-alpha_run-01")


@pytest.mark.slow
@pytest.mark.row(32)
def test_row_086_the_second_session_begins_where_the_first_ended(amplifier, until, tmp_path):
    stream = amplifier().source_id
    rule = Staircase(step=0.5, start=0.001, trial=1.0, highest=2.0)
    quest = Quest(start=0.001, sd=1.0, trial=1.0)

    def session(number, threshold, **more):
        training = alpha(stream, threshold=threshold)
        return Neurofeedback(training, data=tmp_path, session=number, task="a", **more)

    for one in (rule, quest):
        with session("01", one) as nfb:
            until(lambda: nfb.update() or not nfb.stale, 15, "values")
            with nfb.block("training"):
                time.sleep(4)
        first = read_session(nfb.files.stem)
        reached = first.settings["thresholds_reached"][NAME]
        assert reached["threshold"] == first.signals[f"{NAME}_threshold"].iloc[-1] != 0.001
        with session("02", one, carry_over="last") as nfb:
            until(lambda: nfb.update() or not nfb.stale, 15, "values")
            assert nfb.threshold == reached["threshold"]
        second = read_session(nfb.files.stem)
        assert second.settings["carried_over"]["from"] == first.files.settings.name
