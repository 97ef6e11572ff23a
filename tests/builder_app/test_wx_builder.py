"""The real wx Builder, with mouse and keyboard: a component added, edited, saved, run and stopped.

Runs where the app is, see `wx_app`, and where xdotool and openbox are installed. Pictures of each
stage go to the folder that the environment variable PSYCHOPY_NFB_SCREENSHOTS names.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psutil
import pytest
from wx_app import BUILDER, NEEDED, PYTHON, RUNNER, App, do, environment

from psychopy_nfb.recording import read_session

ANSWER_SECONDS = 2.0
KEPT = 61
"""Frames in the log before the run is stopped."""

pytestmark = [pytest.mark.alone, *NEEDED]
EXPERIMENT = """
import sys
from psychopy.experiment import Experiment
from psychopy.experiment.routines import Routine
experiment = Experiment()
for name, value in {
    "Show info dlg": False,
    "Full-screen window": False,
    "Window size (pixels)": "[400, 300]",
}.items():
    experiment.settings.params[name].val = value
experiment.flow.addRoutine(experiment.addRoutine("trial", Routine("trial", experiment)), 0)
experiment.saveToXML(sys.argv[1])
"""


def workers(experiment: Path) -> list[psutil.Process]:
    """Return the background processes of a running experiment."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if "psychopy_nfb.engine.worker" in " ".join(process.info["cmdline"] or []):
            try:
                parent = process.parent()
                if parent is not None and str(experiment) in " ".join(parent.cmdline()):
                    found.append(process)
            except psutil.NoSuchProcess:
                pass
    return found


@pytest.fixture
def app(tmp_path):
    """Start a window manager and Builder with an empty Routine."""
    pictures = Path(os.environ.get("PSYCHOPY_NFB_SCREENSHOTS", tmp_path))
    pictures.mkdir(parents=True, exist_ok=True)
    experiment = tmp_path / "one.psyexp"
    subprocess.run(
        [PYTHON, "-c", EXPERIMENT, experiment], check=True, env=environment(tmp_path), timeout=120
    )
    manager = subprocess.Popen(["openbox", "--sm-disable"], stderr=subprocess.DEVNULL)
    app = App(tmp_path, experiment, pictures)
    yield app
    app.end()
    manager.terminate()
    manager.wait()


def offers_channels(app: App, dialog: str) -> None:
    """See the tab Signal, and that a button offers channels although no stream is there."""
    do("key", "ctrl+Next")
    do("key", "ctrl+Next")
    choose = app.find(dialog, kind="Button", label="Choose…")
    shown = {one["label"] for one in app.find(dialog, kind="StaticText")}
    assert {"Channels", "Filter delay (ms)", "Artifact limit (µV)"} <= shown
    assert not {"Reference channels", "Filter delay (s), of older files"} & shown
    app.picture("signal")
    app.click(choose[0])
    app.find("Channels", kind="CheckListBox")
    app.picture("channels")
    app.click(app.find("Channels", kind="Button", label="Cancel")[0])
    app.gone("Channels")
    do("key", "ctrl+Prior")
    do("key", "ctrl+Prior")
    app.find(dialog, value="nfb")


def offers_a_plan(app: App, builder: str) -> None:
    """See what a Neuro Block asks: a plan, and nothing of a block of its own."""
    app.click(app.find(builder, name="NeuroBlockRoutine")[0])
    app.find(builder, value="blocks")
    shown = {one["label"] for one in app.find(builder, kind="StaticText")}
    assert {"This is", "Plan", "Seed of the order"} <= shown
    assert not {"Kind of block", "Length (s)", "Instructions"} & shown
    app.picture("block")


def test_row_113_a_component_by_mouse_edited_saved_run_and_stopped(app, tmp_path, until):
    app.open_builder()
    app.click(app.find(BUILDER, kind="CategoryButton", label="Favorites")[0])  # makes room
    app.click(app.find(BUILDER, kind="CategoryButton", label="EEG")[0])
    button = app.find(BUILDER, name="NeuroFeedbackComponent")[0]
    assert button["label"].split() == ["Neuro", "Feedback"]
    app.picture("panel")

    app.click(button)
    dialog = "nfb Properties"
    field = app.find(dialog, value="nfb")[0]
    app.picture("dialog")
    shown = {one["label"] for one in app.find(dialog, kind="StaticText")}
    assert {"Give feedback", "Time beyond threshold for a hit (s)"} <= shown
    assert "Signal of" not in shown  # of another component: without effect here
    offers_channels(app, dialog)
    app.click(field)
    do("key", "ctrl+a")
    do("type", "alpha")
    app.click(app.find("Properties", kind="Button", label="OK")[0])
    app.gone("Properties")
    offers_a_plan(app, BUILDER)
    do("key", "ctrl+s")
    until(
        lambda: 'NeuroBlockRoutine name="blocks"' in (tmp_path / "one.psyexp").read_text(),
        20,
        "the saved experiment",
    )
    assert 'NeuroFeedbackComponent name="alpha"' in (tmp_path / "one.psyexp").read_text()

    app.click(app.ribbon(BUILDER, "Desktop", 1))
    app.find(RUNNER, 60, kind="FrameRibbonButton")
    until(lambda: workers(tmp_path / "one_lastrun"), 90, "the run's background process")
    assert "psychopy_nfb.Neurofeedback(" in (tmp_path / "one_lastrun.py").read_text("utf-8")
    until(lambda: list((tmp_path / "data").glob("*_frames.csv")), 30, "a frame log")
    (log,) = (tmp_path / "data").glob("*_frames.csv")
    until(lambda: log.read_bytes().count(b"\n") > KEPT, 60, "some frames to keep")
    app.picture("run")
    (worker,) = workers(tmp_path / "one_lastrun")

    app.click(app.ribbon(RUNNER, "Desktop", 1))  # kills the experiment, without any warning
    until(lambda: not psutil.pid_exists(worker.pid), 5, "the end of the background process")
    app.windows(ANSWER_SECONDS)
    (settings,) = (tmp_path / "data").glob("*_nfb.json")
    session = read_session(settings)
    assert session.settings["experiment"]["simulated"] is True
    assert len(session.frames) >= KEPT
    assert len(session.eeg.samples) > 250
    app.picture("stopped")
