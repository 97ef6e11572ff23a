"""The experiments for Builder with a person at them: dialog, keys, screens, lengths.

They are compiled as they come, without ``--unattended``; only the constants of their lengths are
made smaller, in the fields in which a user would change them.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from attended import (
    ENOUGH_TEXT,
    EXPERIMENTS,
    NOT_HERE,
    PARTICIPANT,
    TEXT_COLOR,
    Attended,
    press,
    shorten,
    shorten_conditions,
    text_pixels,
)

from psychopy_nfb.builder.compile import compile_experiment
from psychopy_nfb.lsl.selection import STAND_IN
from psychopy_nfb.recording import read_session
from psychopy_nfb.recording.labels import task_label

pytestmark = [
    pytest.mark.display,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="keys are pressed by xdotool, on X11"),
    pytest.mark.skipif(NOT_HERE, reason="xdotool and openbox are not installed"),
]
FRAME = 1 / 60
BAR_COLORS = [(0x23, 0x28, 0x2E), (0x56, 0xB4, 0xE9), (0x1D, 0xB8, 0x8A)]
"""The bar's track, the bar below the threshold and beyond it: a full bar leaves no track."""
TRAIN, REST, SHORT = 10, 5, 6
CONSTANTS = {
    "alpha_training": {
        "baseline.seconds": "8",
        "blocks.nReps": "2",
        **{f"training.{one}.stopVal": str(TRAIN) for one in ("nfb", "bar", "points", "patch")},
        **{f"rest.{one}.stopVal": str(REST) for one in ("rest_nfb", "rest_text")},
    },
    "smr_emg": {"baseline.seconds": "8", "trials.nReps": "1"},
    "bidirectional": {"baseline.seconds": "8"},
    "clinic_training": {"baseline.seconds": "8"},
    "trials_quest": {"baseline.seconds": "8"},
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
        manager = subprocess.Popen(["openbox", "--sm-disable"], stderr=subprocess.DEVNULL)
        amplifier = subprocess.Popen(
            [sys.executable, "-m", "psychopy_nfb.cli", "simulate", "--seconds", "600"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def start(name: str, *arguments: str, stream: bool = True) -> Attended:
            from psychopy.experiment import Experiment

            folder = tmp_path_factory.mktemp(name)
            experiment = Experiment()
            experiment.loadFromXML(str(EXPERIMENTS / f"{name}.psyexp"))
            shorten(experiment, CONSTANTS[name])
            shorten_conditions(experiment, folder, PLANNED.get(name), SHORT)
            # On a virtual display PsychoPy tries to measure it for a minute, in vain.
            experiment.settings.params["measureFrameRate"].val = False
            experiment.settings.params["frameRate"].val = "60"
            source = folder / f"{name}.psyexp"
            experiment.saveToXML(str(source))
            compile_experiment(source, source.with_suffix(".py"))
            run = Attended(folder, name)
            started.append(run)
            run.start(*arguments, env=None if stream else alone())
            run.fill_dialog()
            return run

        yield start
        for run in started:
            run.kill()
        for process in (amplifier, manager):
            process.terminate()
            process.wait()


def finish(run: Attended):
    """End an experiment at its last screen; return its session."""
    run.text("thanks")
    run.strip()
    assert run.end() == 0, run.said()
    (settings,) = (run.folder / "data").glob(f"sub-{PARTICIPANT}_*_nfb.json")
    return read_session(settings)


def check_flips(session, label: str, seconds: list[float]) -> list[float]:
    """Fail unless each block of this name lasted its length by the frame log, to the frame.

    The last frame of the block was due before its time was over and the next flip came after it,
    however many frames the machine misses. Return the times from each block's first flip to the one
    after its last, infinite where no frame is logged any more.
    """
    frames = session.frames
    named = (frames.block == label).to_numpy()
    first = np.flatnonzero(named & ~np.concatenate([[False], named[:-1]]))
    last = np.flatnonzero(named & ~np.concatenate([named[1:], [False]]))
    flips = frames.t_flip.to_numpy()
    assert len(first) == len(seconds)
    after = np.append(flips, np.inf)[last + 1]  # no frame is logged where there is no signal
    for begin, end, next_flip, due in zip(first, last, after, seconds, strict=True):
        # PsychoPy ends it where the next flip is due within a millisecond of the end, or later
        assert flips[end - 1] + FRAME - flips[begin] < due, label
        assert next_flip - flips[begin] > due - FRAME / 4, label
    return list(after - flips[first])


def check_lengths(run: Attended, session, label: str, component: str, seconds: list[float]) -> None:
    """Fail unless each block of this name lasted its length, to the frame.

    By the frame log, and by PsychoPy's own data file, in which `component` was there from the
    block's first flip to the one after its last.
    """
    flipped = check_flips(session, label, seconds)
    rows = [row for row in run.table() if row[f"{component}.started"]]
    shown = [
        float(row[f"{component}.stopped"]) - float(row[f"{component}.started"]) for row in rows
    ]
    assert len(shown) == len(seconds)
    for lasted, to_flip, due in zip(shown, flipped, seconds, strict=True):
        assert lasted > due - FRAME / 4, component
        if np.isfinite(to_flip):
            assert lasted == pytest.approx(to_flip, abs=FRAME / 2), component


def check_text(pixels: np.ndarray) -> None:
    """Fail if a screen of text is empty, or its text reaches the edges."""
    at = np.argwhere(text_pixels(pixels))
    assert len(at) > ENOUGH_TEXT
    top_left, bottom_right = at.min(axis=0), at.max(axis=0)
    assert np.all(top_left > 0.03 * np.array(pixels.shape[:2]))
    assert np.all(bottom_right < 0.97 * np.array(pixels.shape[:2]))


def bar_pixels(pixels: np.ndarray) -> int:
    """Return how much of a bar and its track is to be seen."""
    seen = [np.all(np.abs(pixels.astype(int) - color) < 6, axis=-1) for color in BAR_COLORS]
    return int(np.any(seen, axis=0).sum())


def gained(frames, label: str) -> float:
    """Return the points of the first block of this name, from half a second after its beginning."""
    frames = frames[frames.block == label]
    frames = frames[frames.t_flip > frames.t_flip.iloc[0] + 0.5]
    return frames.score.iloc[-1] - frames.score.iloc[0]


def test_alpha_training(attended):
    run = attended("alpha_training")
    run.block("signal check", 1, after=3.0)
    press("space")
    for screen in ("instructions", "before the baseline"):
        check_text(run.text(screen))
    run.block("baseline eyes open", 1, after=3.0)
    run.block("training", 1, after=5.0)
    check_text(run.block("rest", 1, after=2.0))
    run.block("training", 2, after=5.0)
    run.block_end("training", 2)
    session = finish(run)
    check_text(run.screens["thanks"])
    assert run.blocks() == ["signal check", "baseline eyes open", "training", "rest", "training"]
    check_lengths(run, session, "training", "bar", [TRAIN, TRAIN])
    check_lengths(run, session, "rest", "rest_text", [REST])
    training = session.frames[session.frames.block == "training"]
    assert training.shown.nunique() > 100
    assert training.score.max() > training.score.min()
    assert session.frames[session.frames.block == "rest"].shown.isna().all()
    assert gained(session.frames, "rest") == 0
    # the bar, then none
    assert bar_pixels(run.screens["training"]) > 5000
    assert bar_pixels(run.screens["rest"]) < 500
    assert not session.settings["stream"]["source_id"].startswith(STAND_IN)


def test_smr_emg(attended):
    run = attended("smr_emg")
    run.block("signal check", 1, after=3.0)
    press("space")
    for screen in ("instructions", "before the baseline"):
        check_text(run.text(screen))
    run.block("baseline eyes open", 1, after=3.0)
    for kind in KINDS:
        pixels = run.block(kind, 1, after=3.0)
        check_text(pixels)  # what to do
        assert bar_pixels(pixels) > 5000
    run.block_end("rest", 1)
    session = finish(run)
    check_text(run.screens["thanks"])
    assert run.blocks() == ["signal check", "baseline eyes open", *KINDS]
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
def test_a_planned_session(attended, name):
    run = attended(name)
    run.block("signal check", 1, after=3.0)
    press("space")
    for screen in ("instructions", "before the baseline"):
        check_text(run.text(screen))
    run.block("baseline eyes open", 1, after=3.0)
    labels = PLANNED[name]
    for label in labels:
        pixels = run.block(label, 1, after=3.0)
        if label.startswith("rest"):  # over a movie that is dark
            words = np.all(np.abs(pixels.astype(int) - TEXT_COLOR) < 12, axis=-1)
            assert words.sum() > ENOUGH_TEXT
    run.block_end(labels[-1], 1)
    session = finish(run)
    check_text(run.screens["thanks"])
    trials = [label for label in run.blocks() if label != "outcome"]
    assert trials == ["signal check", "baseline eyes open", *labels]
    for label in labels:
        check_flips(session, label, [SHORT])
        shown = session.frames[session.frames.block == label].shown
        assert shown.isna().all() == (label in ("transfer", "rest", "rest 1")), label
    assert list((run.folder / "data").glob(f"*_task-{task_label(name)}_run-01_nfb.json"))


def test_photodiode_validation_piloted_without_amplifier(attended):
    run = attended("photodiode_validation", "--pilot", stream=False)
    check_text(run.text("instructions"))
    run.block("validation", 1, after=3.0)
    run.block_end("validation", 1)
    session = finish(run)
    check_text(run.screens["thanks"])
    check_lengths(run, session, "validation", "bar", [SHORT])
    assert session.frames[session.frames.block == "validation"].patch.mean() == pytest.approx(
        0.5, abs=0.2
    )
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
