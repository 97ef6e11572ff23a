"""PsychoPy's wx app, seen and used from outside with mouse and keyboard.

It is there where `.venv-builder` is beside the checkout's `.venv` (`.ci/builder_app.sh` makes it)
or PsychoPy has Builder in it, as until 2026.1.
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

import psychopy
import pytest
from PIL import ImageGrab

ROOT = Path(__file__).parents[2]
BUILDER_WITHIN = (Path(psychopy.__file__).parent / "app" / "builder").is_dir()
PYTHON = Path(sys.executable) if BUILDER_WITHIN else ROOT / ".venv-builder" / "bin" / "python"
LAUNCHER = Path(__file__).with_name("launcher.py")
SETUP = "Additional configuration needed"
BUILDER, RUNNER = "PsychoPy Builder", "PsychoPy Runner"
"""What is in the titles of the app's windows."""
NEEDED = [
    pytest.mark.display,
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-builder; see .ci/builder_app.sh"),
    pytest.mark.skipif(
        not (shutil.which("xdotool") and shutil.which("openbox")),
        reason="xdotool and openbox are not installed",
    ),
]
"""Marks of the tests that use the app."""


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

    def open_builder(self) -> None:
        """Wait for Builder, close what greets a newcomer, and give the window the whole screen."""
        self.begin(120)
        self.close("Tip of the Day")
        self.click(self.find("", kind="Button", label="OK")[0])  # what has changed in this version
        window = do("search", "--onlyvisible", "--name", BUILDER).split()[0]
        do("windowmove", window, "0", "20", "windowsize", window, "1270", "760")
        time.sleep(1)

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

    def close(self, title: str, seconds: float = 60.0) -> None:
        """Click a window's *Close* until it is gone: a window just opened may miss a click."""
        close = self.find(title, seconds, label="Close")[0]
        ends = time.monotonic() + seconds
        while any(title in window["title"] for window in self.windows()):
            assert time.monotonic() < ends, f"{title!r} is still there after {seconds} s"
            self.click(close)
            time.sleep(2.0)

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
