"""Settings files: read strictly, and written so that they read as the same."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path, PureWindowsPath

import pytest

from psychopy_nfb.cli import main
from psychopy_nfb.dsp import CFIR, Notch, SignalInfo, Step, load_steps, standard_positions
from psychopy_nfb.engine.configuration import (
    Configuration,
    read_configuration,
    write_configuration,
)
from psychopy_nfb.engine.presets import standard_training
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.errors import FileError, SettingsError
from psychopy_nfb.protocol import Baseline, Signal, Success
from psychopy_nfb.settings import from_dict, read_json, to_dict, write_json
from psychopy_nfb.simulate.eeg_model import CHANNELS_32

EXPERIMENTS = sorted((Path(__file__).parents[1] / "experiments").glob("*_[ud]*.json"))
"""Trainings up and down; the other files are plans."""
BASELINE = {"mean": 5.0, "sd": 2.0, "minimum": 1.0, "maximum": 11.0}
load_steps()


def refusal(settings):
    """Return the sentence with which `settings` are refused."""
    with pytest.raises(SettingsError) as caught:
        from_dict(Configuration, settings)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def with_step(**step):
    return of_signal(pipeline={"steps": [{"type": "DCBlock"}, step]})


def of_signal(**settings):
    return {"signals": {"one": settings}}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"sinals": {}},
            "sinals={}: is not a setting; did you mean 'signals'? Known: stream, signals, reward, "
            "shown, aux, markers, publish, gap_seconds.",
        ),
        (
            {"stream": {"nme": "Amp"}},
            "stream.nme='Amp': is not a setting; did you mean 'name'? Known: name, type, "
            "source_id, predicate, timeout, units, rate, test_signal, hostname.",
        ),
        (
            with_step(type="Notch", width=2),
            "signals.one.pipeline.steps[1].width=2: is not a setting; Known: frequency, quality, "
            "harmonics.",
        ),
        (
            with_step(type="Noch"),
            "signals.one.pipeline.steps[1].type='Noch': is unknown; did you mean 'Notch'? Known: ",
        ),
        (with_step(frequency=50), "signals.one.pipeline.steps[1].type=None: is unknown; Known: "),
    ],
)
def test_an_unknown_key_is_told_with_its_path_and_what_is_known(settings, sentence):
    assert refusal(settings).startswith(sentence)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ([], "settings=[]: must be an object with named settings."),
        ({"stream": None}, "stream=None: must be an object with named settings."),
        ({"markers": 1}, "markers=1: must be true or false."),
        ({"reward": {"dwell": "0.5"}}, "reward.dwell='0.5': must be a number."),
        ({"reward": {"dwell": True}}, "reward.dwell=True: must be a number."),
        (with_step(type="Notch", harmonics=1.5), ".harmonics=1.5: must be a whole number."),
        (with_step(type="Pick", channels="Oz"), ".channels='Oz': must be a list."),
        (with_step(type="Pick", channels=[1]), ".channels[0]=1: must be a text."),
        (with_step(type=["Pick"]), "signals.one.pipeline.steps[1].type=['Pick']: is unknown; "),
        (of_signal(pipeline={"steps": {}}), "one.pipeline.steps={}: must be a list."),
        (of_signal(baseline={"mean": 1.0}), "one.baseline.sd=None: is missing; Baseline needs it."),
        (of_signal(role="trained"), "one.role='trained': must be one of 'reward', 'inhibit', "),
    ],
)
def test_a_wrong_type_is_told_with_its_path(settings, sentence):
    assert sentence in refusal(settings)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"gap_seconds": 0}, "gap_seconds=0.0: must be above 0 s."),
        ({"stream": {"timeout": -1}}, "stream.timeout=-1.0: must be above 0 s."),
        ({"stream": {"units": "T"}}, "stream.units='T': must be one of 'uV', 'mV', 'V', 'nV'."),
        (
            of_signal(threshold=101, threshold_kind="percentile"),
            "signals.one.threshold=101.0: must be at least 0 and at most 100.",
        ),
        (
            of_signal(display_range=[3, 1]),
            "signals.one.display_range[1]=1.0: must be above 3.",
        ),
        (of_signal(display_range=[3]), "signals.one.display_range=[3]: must have 2 entries."),
        (
            with_step(type="DCBlock", cutoff=0),
            "signals.one.pipeline.steps[1].cutoff=0.0: must be above 0 Hz.",
        ),
        (
            of_signal(baseline={**BASELINE, "sd": 0}),
            "signals.one.baseline.sd=0.0: must be above 0",
        ),
    ],
)
def test_a_value_out_of_range_is_told_with_its_bounds(settings, sentence):
    assert refusal(settings).startswith(sentence)


def numbers_in(settings, path=()):
    """Yield the path of every float in plain `settings`."""
    if isinstance(settings, float):
        yield path
    elif isinstance(settings, (dict, list)):
        pairs = settings.items() if isinstance(settings, dict) else enumerate(settings)
        for key, value in pairs:
            yield from numbers_in(value, (*path, key))


def every_setting():
    """Return settings in which each step and each number of this package is."""
    given = {
        "SpatialFilter": {"weights": {"Oz": {"Oz": 1.0}, "Cz": {"Cz": 1.0}}},
        "WCFIR": {"spectrum": [1.0, 0.5]},
        "CarbonWireLoops": {"wires": ["Cz"]},
        "Parallel": {"branches": {"one": [CFIR()]}},
        "Connectivity": {"pairs": [["Cz", "Oz"]]},
        "Expression": {"formula": "1.5"},
        "LDA": {"weights": {"expression": 1.0}},
    }
    steps = [
        to_dict(step(**given.get(name, {})))
        for name, step in Step.family.items()
        if step.__module__.startswith("psychopy_nfb.")
    ]
    baseline = Baseline(**BASELINE, percentiles=[0.1 * n for n in range(101)])
    settings = to_dict(Configuration(signals={"one": Signal(baseline=baseline)}))
    settings["signals"]["one"]["pipeline"] = {"steps": steps}
    return settings


def prepare(settings, info):
    from_dict(Configuration, settings).signals["one"].pipeline.prepare(info)


def test_a_whole_number_may_have_a_decimal_point():
    notch = from_dict(Notch, {"frequency": 50, "harmonics": 2.0})
    assert (notch.harmonics, type(notch.harmonics)) == (2, int)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_may_be_infinite_or_none(value):
    info = SignalInfo(250.0, ("Oz", "Cz"))
    prepare(every_setting(), info)
    outcomes = {}
    for path in numbers_in(every_setting()):
        settings = place = every_setting()
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        try:
            prepare(settings, info)
            outcomes[path] = "accepted"
        except Exception as error:  # whatever it is, it is compared below
            outcomes[path] = type(error).__name__
    assert len(outcomes) > 50
    assert {path: what for path, what in outcomes.items() if what != "SettingsError"} == {}


def test_a_number_too_large_for_a_computer_is_refused():
    assert refusal({"gap_seconds": 10**400}).startswith("gap_seconds=1000")


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("rate", [250.0, 500.0, 1000.0])
def test_the_trainings_that_come_with_it_fit_a_usual_amplifier(path, rate):
    info = SignalInfo(rate, CHANNELS_32, positions=standard_positions(CHANNELS_32))
    processor = Processor(read_configuration(path), info)
    assert processor.rate == rate
    # A causal filter has some; the default training's is the least.
    assert 0.01 < processor.delay <= (0.05 if path.stem == "alpha_up" else 0.5)
    (chain,) = processor.chains.values()
    assert len(chain.used_channels) > 1  # each of them has a reference


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_settings_survive_the_way_to_a_file_and_back(path, tmp_path):
    settings = read_configuration(path)
    plain = to_dict(settings)
    assert from_dict(Configuration, plain) == settings
    assert json.loads(json.dumps(plain)) == plain
    write_json(settings, tmp_path / "copy.json")
    assert read_json(Configuration, tmp_path / "copy.json") == settings
    assert [file.name for file in tmp_path.iterdir()] == ["copy.json"]
    said = json.loads(path.read_text(encoding="utf-8"))
    ((name, signal),) = said["signals"].items()
    del signal["pipeline"]
    assert {key: plain["signals"][name][key] for key in signal} == signal
    assert {key: plain["reward"][key] for key in said["reward"]} == said["reward"]


def test_there_are_trainings_to_test():
    assert {path.stem for path in EXPERIMENTS} >= {"alpha_up", "smr_up", "theta_down"}


def test_an_earlier_session_s_file_is_read_for_its_settings(tmp_path):
    settings = read_configuration(EXPERIMENTS[0])
    (tmp_path / "run_nfb.json").write_text(json.dumps({"configuration": to_dict(settings)}))
    assert read_configuration(tmp_path / "run_nfb.json") == settings


def test_a_training_made_in_python_is_written_for_the_commands(tmp_path, capsys):
    training = standard_training(channels="Oz", band=(8, 12), threshold=Success(target=0.7))
    write_configuration(training, tmp_path / "alpha.json")
    assert read_configuration(tmp_path / "alpha.json") == training
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"blocks": [{"label": "a", "seconds": 9}]}), encoding="utf-8")
    given = ["plan", str(plan), "--settings", str(tmp_path / "alpha.json")]
    assert main(given) == 2  # the command has read it: its signals need a baseline
    assert "comes before any baseline" in capsys.readouterr().err


@pytest.mark.parametrize("training", [None, {"signals": {}}, "alpha.json"])
def test_what_is_no_training_is_not_written(tmp_path, training):
    with pytest.raises(SettingsError, match=r"^configuration=.*: must be a Configuration, such as"):
        write_configuration(training, tmp_path / "alpha.json")
    assert not (tmp_path / "alpha.json").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"\xef\xbb\xbf", b"{'a': 1}"])
def test_what_is_no_json_is_told_as_such(tmp_path, content):
    (tmp_path / "settings.json").write_bytes(content)
    with pytest.raises(FileError, match=r"^file='.*settings\.json': is not valid JSON \("):
        read_configuration(tmp_path / "settings.json")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_notepad_saved_is_read_with_its_byte_order_mark(tmp_path, encoding):
    path = tmp_path / "settings.json"
    path.write_text(EXPERIMENTS[0].read_text(encoding="utf-8"), encoding=encoding)
    assert read_configuration(path) == read_configuration(EXPERIMENTS[0])


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_another_encoding_is_told_as_such(tmp_path, encoding):
    path = tmp_path / "settings.json"
    path.write_text('{"name": "Übung"}', encoding=encoding)
    with pytest.raises(FileError) as caught:
        read_configuration(path)
    assert str(caught.value) == (
        f"file='{path}': cannot be read: not a text in UTF-8; save it with the encoding UTF-8."
    )


def test_a_file_that_others_look_at_is_replaced_when_they_are_done(tmp_path, monkeypatch):
    """The system refuses for as long as somebody has the file open; here it does so three times."""
    path = tmp_path / "settings.json"
    write_json({"a": 1}, path)
    refusals = [PermissionError(13, "Permission denied")] * 3
    replace = os.replace

    def busy(*paths):
        if refusals:
            raise refusals.pop()
        replace(*paths)

    monkeypatch.setattr(os, "replace", busy)
    write_json({"a": 2}, path)
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": 2}
    assert [file.name for file in tmp_path.iterdir()] == ["settings.json"]


def test_a_file_that_cannot_be_replaced_is_told_and_the_new_text_kept(tmp_path):
    path = tmp_path / "settings.json"
    path.mkdir()  # nothing can be put in its place
    with pytest.raises(FileError) as caught:
        write_json({"a": 2}, path)
    said = str(caught.value)
    assert said.startswith(f"file='{path}': cannot be replaced: ")
    assert said.endswith("What it should say is in settings.json.part beside it.")
    kept = (tmp_path / "settings.json.part").read_text(encoding="utf-8")
    assert json.loads(kept) == {"a": 2}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (r"C:\data\x.json", r"file='C:\data\x.json': is wrong."),
        (PureWindowsPath(r"C:\data\x.json"), r"file='C:\data\x.json': is wrong."),
        ([r"\\server\a b"], r"file=['\\server\a b']: is wrong."),
        ("it's\n", 'file="it\'s\\n": is wrong.'),
    ],
)
def test_paths_stand_in_errors_as_people_write_them(value, said):
    assert str(FileError("file", value, "is wrong")) == said
