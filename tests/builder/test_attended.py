"""The experiments for Builder with a person at them: dialog, keys, screens, lengths.

They are compiled as they come, without ``--unattended``; only the constants of their lengths are
made smaller, in the fields in which a user would change them.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from attended import (
    ENOUGH_TEXT,
    NOT_HERE,
    TEXT_COLOR,
    Attended,
    check_text,
    laboratory,
    prepare,
    press,
)
from block_lengths import FRAME, check_flips, check_lengths, gained

from psychopy_nfb.builder.compile import compile_experiment
from psychopy_nfb.lsl.selection import STAND_IN
from psychopy_nfb.recording import Session, read_session
from psychopy_nfb.recording.labels import task_label

pytestmark = [
    pytest.mark.display,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="keys are pressed by xdotool, on X11"),
    pytest.mark.skipif(NOT_HERE, reason="xdotool and openbox are not installed"),
]
BAR_COLORS = [(0x23, 0x28, 0x2E), (0x56, 0xB4, 0xE9), (0x1D, 0xB8, 0x8A)]
"""The bar's track, the bar below the threshold and beyond it: a full bar leaves no track."""
TRAIN, REST, SHORT = 7, 5, 5
BASELINE = {"baseline.seconds": "5"}
CONSTANTS = {
    "alpha_training": {
        **BASELINE,
        "blocks.nReps": "2",
        **{f"training.{one}.stopVal": str(TRAIN) for one in ("nfb", "bar", "points", "patch")},
        **{f"rest.{one}.stopVal": str(REST) for one in ("rest_nfb", "rest_text")},
    },
    "smr_emg": {**BASELINE, "trials.nReps": "1"},
    "bidirectional": BASELINE,
    "clinic_training": BASELINE,
    "trials_quest": BASELINE,
    "photodiode_validation": {
        f"validation.{one}.stopVal": str(SHORT) for one in ("nfb", "bar", "patch")
    },
}
KINDS = ("train", "transfer", "observe", "rest")
PLANNED = {
    "bidirectional": ("up", "down"),
    "clinic_training": ("round 1", "rest 1", "round 2"),
    "trials_quest": ("rest", "train", "transfer", "observe"),
}
"""Experiments with a plan's conditions file, and the blocks that are run of it, in their order."""


@pytest.fixture(scope="module")
def attended(tmp_path_factory, alone):
    """Return a function that starts an experiment, short, and returns it at its dialog."""
    started = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSLAPICFG", alone()["LSLAPICFG"])

        def start(name: str, *arguments: str, stream: bool = True) -> Attended:
            folder = tmp_path_factory.mktemp(name)
            source = prepare(folder, name, CONSTANTS[name], PLANNED.get(name), SHORT)
            compile_experiment(source, source.with_suffix(".py"))
            run = Attended(folder, name)
            started.append(run)
            run.start(*arguments, env=None if stream else alone())
            run.fill_dialog()
            return run

        with laboratory(600):
            yield start
            for run in started:
                run.kill()


def bar_pixels(pixels: np.ndarray) -> int:
    """Return how much of a bar and its track is to be seen."""
    seen = [np.all(np.abs(pixels.astype(int) - color) < 6, axis=-1) for color in BAR_COLORS]
    return int(np.any(seen, axis=0).sum())


def test_row_071_alpha_training(attended):
    run = attended("alpha_training")
    run.begin()
    run.block("training", 1, after=3.0)
    check_text(run.block("rest", 1, after=2.0))
    run.block("training", 2, after=3.0)
    run.block_end("training", 2)
    session = run.finish()
    assert run.blocks() == ["signal check", "baseline eyes open", "training", "rest", "training"]
    check_lengths(run, session, "training", "bar", [TRAIN, TRAIN])
    check_lengths(run, session, "rest", "rest_text", [REST])
    training = session.frames[session.frames.block == "training"]
    assert training.shown.nunique() > 100
    assert training.patch.nunique() == 2
    assert training.score.max() > training.score.min()
    assert session.frames[session.frames.block == "rest"].shown.isna().all()
    assert gained(session.frames, "rest") == 0
    # the bar, then none
    assert bar_pixels(run.screens["training"]) > 5000
    assert bar_pixels(run.screens["rest"]) < 500
    assert not session.settings["stream"]["source_id"].startswith(STAND_IN)
    assert session.settings["configuration"]["signals"]["nfb"]["baseline"]["seconds"] > 2


def test_row_071_smr_with_emg_inhibit(attended):
    run = attended("smr_emg")
    run.begin()
    for kind in KINDS:
        pixels = run.block(kind, 1, after=1.5)
        check_text(pixels)  # what to do
        assert bar_pixels(pixels) > 5000
    run.block_end("rest", 1)
    session = run.finish()
    assert run.blocks() == ["signal check", "baseline eyes open", *KINDS]
    assert session.settings["configuration"]["signals"]["emg"]["baseline"]["sd"] > 0
    for kind in KINDS:
        frames = session.frames[session.frames.block == kind]
        assert frames.shown.isna().all() == (kind in ("transfer", "rest"))
        assert frames.emg_z.notna().all()
        if kind in ("observe", "rest"):
            assert gained(session.frames, kind) == 0
    for kind, row in zip(KINDS, [row for row in run.table() if row["kind"]], strict=True):
        assert row["kind"] == kind
        assert SHORT < float(row["cue_text.stopped"]) - float(row["cue_text.started"]) + FRAME / 4


@pytest.mark.parametrize("name", PLANNED)
def test_row_071_a_planned_session(attended, name):
    run = attended(name)
    run.begin()
    labels = PLANNED[name]
    for label in labels:
        pixels = run.block(label, 1, after=1.5)
        if label.startswith("rest"):  # over a movie that is dark
            words = np.all(np.abs(pixels.astype(int) - TEXT_COLOR) < 12, axis=-1)
            assert words.sum() > ENOUGH_TEXT
    run.block_end(labels[-1], 1)
    session = run.finish()
    trials = [label for label in run.blocks() if label != "outcome"]
    assert trials == ["signal check", "baseline eyes open", *labels]
    for label in labels:
        check_flips(session, label, [SHORT])
        shown = session.frames[session.frames.block == label].shown
        assert shown.isna().all() == (label in ("transfer", "rest", "rest 1")), label
    assert list((run.folder / "data").glob(f"*_task-{task_label(name)}_run-01_nfb.json"))
    OF_ITS_PLAN[name](session)


def quest_heard_of_each_trial(session: Session) -> None:
    events = session.events
    judged = [json.loads(one)["label"] for one in events[events.trial_type == "trial"].detail]
    assert judged == ["train", "transfer", "observe"]
    reached = session.settings["thresholds_reached"]["alpha"]
    assert reached["rule"] == "Quest"
    assert len(reached["settings"]["trials"]) == 2  # those with feedback


def both_directions(session: Session) -> None:
    begins = session.events[session.events.trial_type == "block_begin"]
    shown = {row.value: json.loads(row.detail).get("shown") for row in begins.itertuples()}
    assert (shown["up"], shown["down"]) == ("own", "down")
    down = session.frames[(session.frames.block == "down") & (session.frames.shown_seconds > 0.5)]
    assert len(down) > 0
    assert (down.shown_z + down.alpha_z).abs().max() < 1e-6


def as_in_clinics(session: Session) -> None:
    reached = session.settings["thresholds_reached"]
    assert {name: one["rule"] for name, one in reached.items()} == dict.fromkeys(
        ("smr", "theta", "muscle"), "Success"
    )
    rounds = session.frames[session.frames.block.isin(["round 1", "round 2"])]
    assert rounds.shown.nunique() > 20


OF_ITS_PLAN = {
    "bidirectional": both_directions,
    "clinic_training": as_in_clinics,
    "trials_quest": quest_heard_of_each_trial,
}
"""What the blocks of each did to what was shown and to the thresholds."""


def test_photodiode_validation_piloted_without_amplifier(attended):
    run = attended("photodiode_validation", "--pilot", stream=False)
    check_text(run.text("instructions"))
    run.block("validation", 1, after=2.0)
    run.block_end("validation", 1)
    session = run.finish()
    check_lengths(run, session, "validation", "bar", [SHORT])
    patch = session.frames[session.frames.block == "validation"].patch
    assert patch.notna().mean() > 0.95
    assert patch.mean() == pytest.approx(0.5, abs=0.2)
    assert session.settings["experiment"]["simulated"] is True


def test_escape_ends_it_and_what_was_recorded_is_kept(attended):
    """In a Routine of PsychoPy's and in one of ours; the background process ends as well."""
    run = attended("photodiode_validation")
    run.text("instructions")
    run.block("validation", 1, after=2.0)
    press("Escape")
    assert run.end() == 0, run.said()
    (settings,) = (run.folder / "data").glob("*_nfb.json")
    session = read_session(settings)
    assert session.settings["ended"] == "stopped"
    assert 0 < len(session.frames) < SHORT / FRAME
    assert run.blocks() == ["validation"]
    run = attended("alpha_training")
    run.block("signal check", 1, after=1.0)
    press("Escape")
    assert run.end() == 0, run.said()
    assert run.blocks() == ["signal check"]
