"""A training on a recording: the same values as live, and what a person reads of it."""

from __future__ import annotations

import html
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lab_parts import as_it_was
from signals import background
from trainings import one_signal

from psychopy_nfb import Recording, load_plugins, read_recording, write_configuration
from psychopy_nfb.cli import main
from psychopy_nfb.course import course, read_plan
from psychopy_nfb.dsp import CFIR, DCBlock, Pick, SignalInfo
from psychopy_nfb.dsp.flags import HOLDING, Flags
from psychopy_nfb.engine.presets import standard_training
from psychopy_nfb.engine.rerun import run_offline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import FixedRatio, Schedule, Staircase, Success
from psychopy_nfb.settings import to_dict, write_json
from psychopy_nfb.tune.rehearsal import rehearse
from psychopy_nfb.tune.rehearse_command import changed_settings

PEOPLE = Path(__file__).parents[3] / "shared" / "data" / "rest8"
RATE = 250.0
STEPS = (DCBlock(), CFIR((8.0, 12.0), delay=0.1))


def alpha(channel="Oz", **settings):
    return one_signal(Pick([channel]), *STEPS, **{"threshold": 0.5, "dwell": 0.1, **settings})


@pytest.fixture
def recording():
    samples = 10 * background(np.random.default_rng(4), round(90 * RATE), RATE, 2)
    samples[15000:15040, 0] = np.nan
    return Recording(samples, RATE, ("Oz", "Pz"), gaps=((20000, 0.4),), name="rest.edf")


def test_row_121_values_are_those_of_the_same_commands(recording):
    training = alpha(schedule=FixedRatio(n=2))
    found = rehearse(recording, training, baseline_seconds=30.0)
    begin = round(30 * RATE)
    commands = [
        (0, "points_off", {}),
        (0, "baseline_begin", {"label": "rest"}),
        (begin, "baseline_end", {}),
        (begin, "points_on", {}),
        (20000, "gap", {}),
    ]
    values, flags = run_offline(
        training, recording.samples, SignalInfo(RATE, recording.labels), commands, chunk=7
    )
    names = list(training.value_names)
    assert np.allclose(found.values[names], values[begin:], rtol=0, atol=1e-9, equal_nan=True)
    assert found.values["flags"].tolist() == flags[begin:].tolist()
    assert found.values.t.iloc[0] == 30.0
    last = dict(zip(names, values[-1], strict=True))
    assert (found.hits, found.rewards, found.points) == (
        last["hits"], last["rewards"], last["score"],
    )  # fmt: skip
    assert 0 < found.rewards == found.hits // 2
    clean = (flags[begin:] & HOLDING) == 0
    assert found.clean == pytest.approx(clean.mean())
    assert found.spoilt["INVALID"] == pytest.approx(np.mean((flags[begin:] & Flags.INVALID) != 0))
    (signal,) = found.signals
    table = found.values[clean]
    assert signal.beyond == pytest.approx(np.mean(table.trained_z >= table.trained_threshold))


def test_a_recording_of_100_hz_is_rehearsed_and_told_that_it_has_no_mains(recording):
    slow = Recording(recording.samples, 100.0, recording.labels)
    found = rehearse(slow, standard_training(channels="Oz", line_frequency=50), 30.0)
    assert found.assumptions[-1].startswith("No notch at 50 Hz: at 100 samples a second")
    assert found.clean > 0.9


def test_row_121_a_plan_is_laid_over_the_recording(recording):
    blocks = [
        {"label": "base", "kind": "baseline", "seconds": 30},
        {"label": "train", "seconds": 10},
        {"label": "rest", "kind": "rest", "seconds": 5},
        {"label": "transfer", "kind": "transfer", "seconds": 8},
        {"label": "too long", "seconds": 61},
    ]
    turns = course(read_plan({"blocks": blocks}))
    training = alpha(threshold=Staircase(step=0.5, start=-9.0), loss=100.0, success=0.9)
    found = rehearse(recording, training, 30.0, turns)
    assert (found.blocks, found.baseline_seconds) == (3, 30.0)
    assert found.training_seconds == pytest.approx(18, abs=0.02)
    t = found.values.t.to_numpy()
    apart = np.flatnonzero(np.diff(t) > 1)
    assert [t[0], t[apart[0] + 1], t[-1]] == pytest.approx([30, 45, 53], abs=0.01)
    # All was beyond in the first block: a success, after which the threshold goes up.
    assert (found.judged, found.successes) == (2, 2)
    assert found.values.trained_threshold.iloc[[0, -1]].tolist() == [-9.0, -8.5]
    hard = alpha(threshold=9.0, loss=100.0)
    missed = rehearse(recording, hard, 30.0, turns)
    assert (missed.judged, missed.successes) == (2, 0)
    assert missed.values.score.iloc[-1] == -100.0  # the second is lost after its last sample
    with pytest.raises(SettingsError, match="too little for the first block of the plan after 30"):
        rehearse(recording, alpha(), 30.0, turns[-1:])


def test_row_121_the_baseline_of_a_plan_is_as_long_as_planned(recording, tmp_path, monkeypatch):
    """The command takes 60 s without a plan, and 20 s with one that has a baseline of 20 s."""
    mne = pytest.importorskip("mne")
    monkeypatch.chdir(tmp_path)
    samples = 1e-6 * np.nan_to_num(recording.samples).T
    info = mne.create_info(list(recording.labels), RATE, "eeg")
    mne.io.RawArray(samples, info, verbose="ERROR").save("rest_raw.fif", verbose="ERROR")
    write_configuration(alpha(threshold=0.5), "training.json")
    base = {"label": "base", "kind": "baseline", "seconds": 20}
    write_json({"blocks": [base, {"label": "train", "seconds": 10}]}, "plan.json")
    given = ["rehearse", "rest_raw.fif", "--settings", "training.json", "--json", "out.json"]
    lengths = []
    for further in ([], ["--plan", "plan.json"], ["--plan", "plan.json", "--baseline", "25"]):
        assert main([*given, *further]) == 0
        found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
        lengths.append(found["recordings"][0]["baseline_seconds"])
    assert lengths == pytest.approx([60, 20, 25], abs=0.02)


def test_without_a_baseline_it_begins_once_the_filters_have_settled(recording):
    found = rehearse(recording, alpha(normalise="none", threshold=5.0))
    assert found.baseline_seconds == 0
    assert 0 < found.values.t.iloc[0] < 5
    assert found.clean > 0.95


def test_what_does_not_fit_a_recording_names_the_recording(recording):
    with pytest.raises(SettingsError) as told:
        rehearse(recording, alpha("Fz9"))
    assert f"in the recording '{recording.name}': " in str(told.value)
    assert "Fz9" in str(told.value)


def test_a_plan_in_place_of_settings_is_told(tmp_path):
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"blocks": {}, "order": []}), "utf-8")
    with pytest.raises(SettingsError, match="is the plan of a session; give it as --plan"):
        changed_settings(str(plan), [])


def test_the_number_of_a_step_may_stand_after_a_dot(settings):
    changed = changed_settings(str(settings), ['signals.trained.pipeline.steps.0.channels=["Pz"]'])
    assert changed.signals["trained"].pipeline.steps[0].channels == ["Pz"]


@pytest.mark.skipif(not PEOPLE.is_dir(), reason=f"needs recordings of people at rest in {PEOPLE}")
@pytest.mark.parametrize("person", range(1, 9))
def test_row_121_row_117_success_is_held_with_a_baseline(person):
    recording = read_recording(PEOPLE / f"person{person}_rest.edf")
    channel = next(label for label in recording.labels if "O1" in label)
    found = rehearse(recording, alpha(channel, threshold=Success(target=0.6)), 30.0)
    after = found.values[found.values.t >= 90.0]  # its first window
    after = after[(after["flags"] & HOLDING) == 0]
    share = np.mean(after.trained_z >= after.trained_threshold)
    assert share == pytest.approx(0.6, abs=0.03)
    assert 0.5 < found.baseline_clean <= 1


@pytest.mark.parametrize(
    ("change", "baseline", "sentence"),
    [
        ({}, 85.0, "has 90 s, and baseline and training need at least 95 s"),
        (
            {"channel": "Cz"},
            30.0,
            "in the recording 'rest.edf': there is no such channel; there are Oz, Pz",
        ),
    ],
)
def test_what_cannot_be_rehearsed_is_told(recording, change, baseline, sentence):
    with pytest.raises(SettingsError) as told:
        rehearse(recording, alpha(**change), baseline)
    assert sentence in str(told.value)


def test_a_baseline_without_clean_signal_is_told(recording):
    recording.samples[: round(30 * RATE)] = np.nan
    with pytest.raises(SettingsError, match=r"^recording='rest\.edf': .*has 0\.0 s of clean"):
        rehearse(recording, alpha(), 30.0)


def test_one_infinite_sample_makes_no_flat_recording(recording):
    recording.samples[5000] = np.inf
    found = rehearse(recording, alpha(normalise="none", threshold=1.0))
    assert found.clean > 0.5


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(to_dict(alpha(normalise="none", threshold=5.0))), encoding="utf-8")
    return path


def test_settings_are_changed_by_their_place(settings):
    changed = changed_settings(
        str(settings),
        [
            "reward.dwell=0.5",
            'signals.trained.threshold={"type": "Success", "start": 4}',
            "signals.trained.pipeline.steps[0].channels=[\"Pz\"]",
            "signals.trained.direction=down",
        ],
    )  # fmt: skip
    signal = changed.signals["trained"]
    assert changed.reward.dwell == 0.5
    assert signal.threshold == Success(start=4.0)
    assert signal.pipeline.steps[0].channels == ["Pz"]
    assert signal.direction == "down"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("reward.dwell", "must be NAME=VALUE, such as reward.dwell=0.5"),
        ("=3", "must be NAME=VALUE"),
        ("reward.dwel=3", "reward.dwel=3: is not a setting; did you mean 'dwell'"),
        ("signals.trained.pipeline.steps[9].band=3", "is no place in the settings"),
        ("reward.dwell.more=3", "is no place in the settings"),
        ("signals.alfa.threshold=2", "is of no signal; there are trained"),
        ("reward.dwell=soon", "reward.dwell='soon': must be a number"),
    ],
)
def test_a_wrong_change_is_told(settings, change, sentence):
    with pytest.raises(SettingsError) as told:
        changed_settings(str(settings), [change])
    assert sentence in str(told.value)


def test_row_121_the_command_writes_page_tables_and_json(
    settings, recording, tmp_path, capsys, monkeypatch
):
    mne = pytest.importorskip("mne")
    clean = np.nan_to_num(recording.samples)
    raw = mne.io.RawArray(
        1e-6 * clean.T, mne.create_info(list(recording.labels), RATE, "eeg"), verbose="ERROR"
    )
    raw.set_annotations(mne.Annotations([60.0], [1.0], ["BAD_cough"]))
    path = tmp_path / "rest_raw.fif"
    raw.save(path, verbose="ERROR")
    monkeypatch.chdir(tmp_path)
    command = ["rehearse", str(path), "--settings", str(settings), "--json", "found.json"]
    assert main([*command, "--set", "reward.points=2"]) == 0
    said = capsys.readouterr().out
    found = json.loads(Path("found.json").read_text("utf-8"))
    (one,) = found["recordings"]
    assert found["changed"] == ["reward.points=2"]
    assert one["points"] == 2 * one["rewards"] > 0
    table = pd.read_csv("data/rehearse_mine_rest_raw.fif.csv")
    assert table.rewards.iloc[-1] == one["rewards"]
    (line,) = [line for line in said.splitlines() if line.startswith("rest_raw")]
    assert f" {one['rewards_a_minute']:.1f} " in line
    page = Path("data/rehearse_mine.html").read_text("utf-8")
    assert "What the training would have done" in page
    assert "reward.points=2" in page
    assert one["baseline_clean"] is None
    assert "No baseline, training" in page
    (told,) = one["assumptions"]
    assert "1 part as bad" in told
    assert html.escape(told) in page
    for name in ("rehearse_mine.html", "rehearse_mine_rest_raw.fif.csv", "found.json"):
        assert name in said


@pytest.fixture
def failing(tmp_path):
    """Load a file with a step and a schedule that fail, and take them out again."""
    path = tmp_path / "lab_c.py"
    path.write_text(FAILING, encoding="utf-8")
    with as_it_was():
        load_plugins([path])
        yield path


FAILING = """
from dataclasses import dataclass
from psychopy_nfb.protocol import Schedule

@dataclass(kw_only=True)
class Once(Schedule):
    def due(self, since, rewards, rate):
        return "yes" if rewards else True
"""


def test_an_own_part_that_fails_is_told(recording, failing):
    training = alpha(schedule=Schedule.family["Once"]())
    found = rehearse(recording, training, 30.0)
    (sentence,) = found.failed
    assert "reward.schedule (Once of lab_c.py" in sentence
    assert "due must return True or False, not 'yes'" in sentence
    assert found.rewards == 1 < found.hits


def test_recordings_of_one_name_are_told_apart(settings, tmp_path, monkeypatch, capsys):
    mne = pytest.importorskip("mne")
    monkeypatch.chdir(tmp_path)
    for seed, folder in enumerate(("a", "b")):
        samples = 1e-5 * background(np.random.default_rng(seed), round(20 * RATE), RATE, 2)
        raw = mne.io.RawArray(
            samples.T, mne.create_info(["Oz", "Pz"], RATE, "eeg"), verbose="ERROR"
        )
        Path(folder).mkdir()
        raw.save(f"{folder}/rec_raw.fif", verbose="ERROR")
    paths = ["a/rec_raw.fif", "b/rec_raw.fif"]
    assert main(["rehearse", *paths, "--settings", str(settings)]) == 0
    said = capsys.readouterr().out
    for folder in ("a", "b"):
        assert f"\n{folder}/rec_raw.fif " in said
        assert Path(f"data/rehearse_mine_{folder}_rec_raw.fif.csv").is_file()
