"""What *Start* and *Stop* say is how long it lasts; where PsychoPy reads it otherwise: an alert."""

from __future__ import annotations

from pathlib import Path

import pytest

from psychopy_nfb.builder.compile import compile_experiment

EXPERIMENTS = sorted((Path(__file__).parents[2] / "experiments").glob("*.psyexp"))
TOLD = "PsychoPy compiles this without parentheses"


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"stopVal": "4 if quick else 120"}, "Stop: 4 if quick else 120"),
        ({"stopVal": "(4) if quick else (120)"}, "Stop: (4) if quick else (120)"),
        ({"stopVal": "$seconds or 60"}, "Stop: seconds or 60"),
        ({"stopVal": "seconds > 3"}, "Stop: seconds > 3"),
        ({"stopVal": "not short"}, "Stop: not short"),
        ({"stopVal": "1 << n"}, "Stop: 1 << n"),
        ({"stopVal": "3 if a else 4", "stopType": "time (s)"}, "Stop: "),
        ({"stopVal": "3 if a else 4", "stopType": "duration (frames)"}, "Stop: "),
        ({"startVal": "1 if late else 0"}, "Start: 1 if late else 0"),
        ({"startVal": "a or b", "startType": "condition"}, "Start: a or b"),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_what_needs_parentheses_is_told(builder, heard, params, told):
    builder.add("NeuroFeedbackComponent", "nfb")
    builder.add("FeedbackDisplayComponent", "bar", **params)
    builder.experiment.integrityCheck()
    (sentence,) = (one for one in heard if TOLD in one)
    assert sentence.startswith(f"bar, {told}")
    value = params.get("stopVal", params.get("startVal")).lstrip("$")
    assert sentence.endswith(f"write ({value}).")


@pytest.mark.parametrize(
    "params",
    [
        {"stopVal": "120"},
        {"stopVal": "(4 if quick else 120)"},
        {"stopVal": "min(4, seconds)"},
        {"stopVal": "seconds - 2 * pause"},
        {"stopVal": "-1"},
        {"stopVal": "times[0 if a else 1]"},
        {"stopVal": "a or b", "stopType": "condition"},
        {"startVal": "a and b > 3", "startType": "condition"},
        {"stopVal": ""},
    ],
    ids=lambda params: " ".join(params.values()),
)
def test_what_needs_none_is_not(builder, heard, params):
    builder.add("NeuroFeedbackComponent", "nfb")
    builder.add("FeedbackDisplayComponent", "bar", **params)
    builder.experiment.integrityCheck()
    assert [one for one in heard if TOLD in one] == []


def test_psychopys_own_components_and_routines_too(builder, heard):
    builder.add("NeuroFeedbackComponent", "nfb")
    builder.add("TextComponent", "words", stopVal="2 if short else 9")
    settings = builder.routine.settings.params
    settings["stopVal"].val, settings["stopType"].val = "9 if long else 5", "frame N"
    builder.experiment.integrityCheck()
    told = [one.split(":")[0] for one in heard if TOLD in one]
    assert told == ["trial, Stop", "words, Stop"]
    settings["stopType"].val = "duration (s)"  # this one PsychoPy compiles as it is meant
    heard.clear()
    builder.experiment.integrityCheck()
    assert [one.split(":")[0] for one in heard if TOLD in one] == ["words, Stop"]


@pytest.mark.parametrize("source", EXPERIMENTS, ids=lambda path: path.stem)
def test_the_experiments_show_no_trace_of_tests(source, tmp_path):
    """Neither the dialog nor a field; lengths are numbers or columns of the conditions."""
    from psychopy.experiment import Experiment

    text = source.read_text(encoding="utf-8-sig")
    for word in ("quick", "unattended", "goes_on", 'name="wait"'):
        assert word not in text, word
    experiment = Experiment()
    experiment.loadFromXML(str(source))
    assert sorted(experiment.settings.getInfo()) == ["participant", "session"]
    for routine in experiment.routines.values():
        for component in routine:
            if "stopVal" in component.params:
                stop = str(component.params["stopVal"].val)
                assert stop in ("", "seconds") or float(stop) > 0


@pytest.mark.parametrize("source", EXPERIMENTS, ids=lambda path: path.stem)
def test_their_files_are_found_on_every_system(source):
    """Relative paths with forward slashes, to files that are there."""
    from psychopy.experiment import Experiment

    experiment = Experiment()
    experiment.loadFromXML(str(source))
    for entry in experiment.flow:
        if entry.getType() == "LoopInitiator" and entry.loop.params["conditionsFile"].val:
            file = str(entry.loop.params["conditionsFile"].val)
            assert "\\" not in file
            assert not Path(file).is_absolute()
            assert (source.parent / file).is_file()


def test_unattended_changes_it_from_outside(builder, tmp_path):
    """A Routine ends by itself, a loop runs once, and the experiment's own file stays as it is."""
    builder.add("NeuroFeedbackComponent", "nfb", stopVal="120")
    builder.add("KeyboardComponent", "key")
    builder.repeat(30)
    source = builder.save(tmp_path / "one.psyexp")
    before = source.read_bytes()
    compile_experiment(source, tmp_path / "attended.py")
    compile_experiment(source, tmp_path / "alone.py", unattended=True)
    assert source.read_bytes() == before
    attended = (tmp_path / "attended.py").read_text(encoding="utf-8")
    alone = (tmp_path / "alone.py").read_text(encoding="utf-8")
    assert "trial.maxDuration = 5" in alone
    assert "nReps=min(30, 1)" in alone
    assert "trial.maxDuration = None" in attended
    assert "nReps=30" in attended


def test_a_length_that_the_experiment_decides_is_shortened_as_well(builder, tmp_path):
    builder.add("NeuroFeedbackComponent", "nfb")
    settings = builder.routine.settings.params
    settings["stopVal"].val = "2 if short else 60"
    source = builder.save(tmp_path / "one.psyexp")
    compile_experiment(source, tmp_path / "alone.py", unattended=True)
    alone = (tmp_path / "alone.py").read_text(encoding="utf-8")
    assert "trial.maxDuration = min(2 if short else 60, 5)" in alone
