"""The real wx Builder, with mouse and keyboard: a component added, edited, saved, run and stopped.

Runs where `.venv-builder` is beside the checkout's `.venv` (`.ci/builder_app.sh` makes it) or
PsychoPy has Builder in it, as until 2026.1, and where xdotool and openbox are installed. Pictures
of each stage go to the folder that the environment variable PSYCHOPY_NFB_SCREENSHOTS names.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psychopy
import pytest
from PIL import ImageGrab

from psychopy_nfb.recording import read_session

ROOT = Path(__file__).parents[2]
BUILDER_WITHIN = (Path(psychopy.__file__).parent / "app" / "builder").is_dir()
PYTHON = Path(sys.executable) if BUILDER_WITHIN else ROOT / ".venv-builder" / "bin" / "python"
LAUNCHER = Path(__file__).with_name("launcher.py")
ANSWER_SECONDS = 2.0
KEPT = 61
"""Frames in the log before the run is stopped."""
SETUP = "Additional configuration needed"

pytestmark = [
    pytest.mark.alone,
    pytest.mark.display,
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-builder; see .ci/builder_app.sh"),
    pytest.mark.skipif(
        not (shutil.which("xdotool") and shutil.which("openbox")),
        reason="xdotool and openbox are not installed",
    ),
]
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


class App:
    """PsychoPy's app, seen and used from outside."""

    def __init__(self, folder: Path, experiment: Path, pictures: Path):
        self.folder, self.pictures = folder, pictures
        self.process = subprocess.Popen(
            [PYTHON, LAUNCHER, folder, "--no-splash", "-b", experiment],
            cwd=folder,
            env=environment(folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def windows(self, seconds: float = 30.0) -> list[dict]:
        """Return what is on the screen; fails when the app does not answer in time."""
        (self.folder / "widgets.json").unlink(missing_ok=True)
        (self.folder / "ask").touch()
        ends = time.monotonic() + seconds
        while not (self.folder / "widgets.json").exists():
            assert self.process.poll() is None, "the app has ended"
            assert time.monotonic() < ends, f"the app did not answer within {seconds} s"
            time.sleep(0.02)
        return json.loads((self.folder / "widgets.json").read_text("utf-8"))

    def begin(self, seconds: float) -> None:
        """Wait for Builder, putting off what the app wants to set up before (a high priority)."""
        ends = time.monotonic() + seconds
        while True:
            for window in self.windows(seconds):
                if any(one["name"] == "ImageComponent" for one in window["widgets"]):
                    return
                if SETUP in window["title"]:
                    done = [one for one in window["widgets"] if one["label"] == "Done"]
                    self.click(done[0])
                    do("key", "Return")  # it asks whether to go on
            assert time.monotonic() < ends, f"Builder is not there after {seconds} s"
            time.sleep(0.5)

    def find(self, title: str, seconds: float = 30.0, **wanted: str) -> list[dict]:
        """Return the widgets of a window that have these properties, once there are any."""
        ends = time.monotonic() + seconds
        while True:
            for window in self.windows():
                found = [
                    widget
                    for widget in window["widgets"]
                    if title in window["title"]
                    and all(widget[key] == value for key, value in wanted.items())
                ]
                if found:
                    return found
            assert time.monotonic() < ends, f"no {wanted} in {title!r} within {seconds} s"
            time.sleep(0.2)

    def gone(self, title: str, seconds: float = 20.0) -> None:
        """Wait until no window has this title."""
        ends = time.monotonic() + seconds
        while any(title in window["title"] for window in self.windows()):
            assert time.monotonic() < ends, f"{title!r} is still there after {seconds} s"
            time.sleep(0.2)

    def click(self, widget: dict) -> None:
        """Click into the middle of a widget with the mouse."""
        x, y, width, height = widget["rect"]
        do("mousemove", str(x + width // 2), str(y + height // 2))
        time.sleep(0.2)
        do("click", "1")
        time.sleep(0.5)

    def ribbon(self, title: str, section: str, number: int) -> dict:
        """Return a button of the ribbon by the word under its section and its place in it."""
        label = self.find(title, kind="StaticText", label=section)[0]["rect"]
        middle = label[0] + label[2] / 2
        sections = self.find(title, kind="FrameRibbonSection")
        box = next(one["rect"] for one in sections if 0 < middle - one["rect"][0] < one["rect"][2])
        buttons = [
            one
            for one in self.find(title, kind="FrameRibbonButton")
            if box[0] <= one["rect"][0] < box[0] + box[2]
            and box[1] <= one["rect"][1] < box[1] + box[3]
        ]
        return buttons[number]

    def picture(self, name: str) -> None:
        """Keep a picture of the screen."""
        ImageGrab.grab(xdisplay=os.environ["DISPLAY"]).save(self.pictures / f"{name}.png")

    def end(self) -> None:
        """Kill the app and all that it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def do(*words: str) -> str:
    """Run xdotool."""
    return subprocess.run(
        ["xdotool", *words], check=True, capture_output=True, text=True, timeout=20
    ).stdout


def environment(home: Path) -> dict[str, str]:
    """Return an environment with a home of its own: the first run is what a newcomer sees."""
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    return {**os.environ, **own, "TMPDIR": str(home)}  # where the app sees that it runs already


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
    builder = "PsychoPy Builder"
    app.begin(120)
    app.click(app.find("Tip of the Day", 60, label="Close")[0])
    app.gone("Tip of the Day")
    app.click(app.find("", kind="Button", label="OK")[0])  # what has changed in this version

    window = do("search", "--onlyvisible", "--name", builder).split()[0]
    do("windowmove", window, "0", "20", "windowsize", window, "1270", "760")
    time.sleep(1)
    app.click(app.find(builder, kind="CategoryButton", label="Favorites")[0])  # makes room
    app.click(app.find(builder, kind="CategoryButton", label="EEG")[0])
    button = app.find(builder, name="NeuroFeedbackComponent")[0]
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
    offers_a_plan(app, builder)
    do("key", "ctrl+s")
    until(
        lambda: 'NeuroBlockRoutine name="blocks"' in (tmp_path / "one.psyexp").read_text(),
        20,
        "the saved experiment",
    )
    assert 'NeuroFeedbackComponent name="alpha"' in (tmp_path / "one.psyexp").read_text()

    app.click(app.ribbon(builder, "Desktop", 1))
    runner = "PsychoPy Runner"
    app.find(runner, 60, kind="FrameRibbonButton")
    until(lambda: workers(tmp_path / "one_lastrun"), 90, "the run's background process")
    assert "psychopy_nfb.Neurofeedback(" in (tmp_path / "one_lastrun.py").read_text("utf-8")
    until(lambda: list((tmp_path / "data").glob("*_frames.csv")), 30, "a frame log")
    (log,) = (tmp_path / "data").glob("*_frames.csv")
    until(lambda: log.read_bytes().count(b"\n") > KEPT, 60, "some frames to keep")
    app.picture("run")
    (worker,) = workers(tmp_path / "one_lastrun")

    app.click(app.ribbon(runner, "Desktop", 1))  # kills the experiment, without any warning
    until(lambda: not psutil.pid_exists(worker.pid), 5, "the end of the background process")
    app.windows(ANSWER_SECONDS)
    (settings,) = (tmp_path / "data").glob("*_nfb.json")
    session = read_session(settings)
    assert session.settings["experiment"]["simulated"] is True
    assert len(session.frames) >= KEPT
    assert len(session.eeg.samples) > 250
    app.picture("stopped")
