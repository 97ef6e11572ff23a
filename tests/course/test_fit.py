"""Whether a plan fits a training: what is refused before anything is shown, and in which words."""

from __future__ import annotations

import json

import pytest

from psychopy_nfb.cli import main
from psychopy_nfb.course import course, read_plan
from psychopy_nfb.course.fit import check_fit
from psychopy_nfb.engine.presets import standard_training
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Inverse, Surrogate, Yoked
from psychopy_nfb.settings import write_json

A = {"label": "a", "seconds": 5}
BASE = {"label": "base", "kind": "baseline", "seconds": 60}
SOURCES = {
    "down": Inverse(),
    "noise": Surrogate(),
    "sham": Yoked(session="data/sub-02", block="training", seconds=60),
}


def check(blocks, normalise="none", calibrated=False, blinded=False):
    signals = standard_training(channels="Oz", band=(8, 12), normalise=normalise).signals
    turns = course(read_plan({"blocks": blocks, "seed": 1}))
    check_fit(turns, signals, SOURCES, calibrated=calibrated, blinded=blinded)


@pytest.mark.parametrize(
    ("blocks", "sentence"),
    [
        (
            [A, {**A, "shown": "donw"}],
            "block 2 (a).shown='donw': is not among the training's settings; there are own, none,",
        ),
        (
            [{**A, "shown": "noise"}, BASE],
            "block 1 (a).shown='noise': is made of a baseline of this session; put a block of the",
        ),
        (
            [{**A, "shown": "sham", "seconds": 60.5}],
            "block 1 (a).shown='sham': shows recorded blocks of 60 s, and this one lasts up to",
        ),
    ],
)
def test_row_118_what_cannot_be_shown_is_told_before_the_session(blocks, sentence):
    with pytest.raises(SettingsError) as told:
        check(blocks)
    assert str(told.value).startswith(sentence)


def test_row_045_feedback_before_the_first_baseline_is_told():
    with pytest.raises(SettingsError) as told:
        check([{**A, "kind": "rest"}, A, BASE], normalise="zscore")
    assert str(told.value).startswith("block 2 (a).kind='train': comes before any baseline")
    with pytest.raises(SettingsError):
        check([{**A, "kind": "transfer"}, BASE], normalise="zscore")
    check([{**A, "kind": "rest"}, BASE, A], normalise="zscore")
    check([A], normalise="zscore", calibrated=True)
    check([A])


def test_a_plan_that_fits_is_taken():
    check([BASE, {**A, "shown": "noise"}, {**A, "shown": "sham", "seconds": 60}])
    check([{**A, "shown": one} for one in ("down", "own", "none", "")])


@pytest.mark.parametrize("command", ["plan", "rehearse"])
def test_row_045_the_commands_compare_a_plan_with_a_training(command, tmp_path, capsys):
    settings, plan = tmp_path / "up.json", tmp_path / "plan.json"
    write_json(standard_training(channels="Oz", band=(8, 12), normalise="zscore"), settings)
    plan.write_text(json.dumps({"blocks": [BASE, {**A, "shown": "down"}]}), "utf-8")
    asked = {
        "plan": ["plan", plan, "--settings", settings],
        "rehearse": ["rehearse", "rest.edf", "--settings", settings, "--plan", plan],
    }[command]
    assert main(list(map(str, asked))) == 2
    assert "block 2 (a).shown='down': is not among the training's settings" in (
        capsys.readouterr().err
    )
    if command == "plan":
        plan.write_text(json.dumps({"blocks": [BASE, A]}), "utf-8")
        assert main(list(map(str, asked))) == 0
