"""A Builder experiment with somebody at the keyboard: real dialog, real keys, real pictures.

Keys come from xdotool under a window manager, as a person's would; what is on the screen is seen
in the screen's pixels and in the files that grow while the experiment runs.
"""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from PIL import Image, ImageDraw, ImageGrab

from psychopy_nfb.recording import Session, read_session

if TYPE_CHECKING:
    from psychopy.experiment import Experiment

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
ARTIFACTS = Path(__file__).parents[2] / "artifacts"
"""Where the picture strips go; git leaves it out."""
PARTICIPANT = "p7"
SETTLED_SECONDS = 0.6
"""How long a screen of text has not changed when it is all there."""
LONGEST_SECONDS = 150.0
"""Longer than any screen takes to come, apart from blocks, whose length is added."""
TEXT_COLOR = (0xE6, 0xEB, 0xF0)
BACKGROUND = (0x10, 0x14, 0x18)
ENOUGH_TEXT = 300
"""Pixels of that colour when a text is there."""
AGAIN_SECONDS = 5.0
"""After which a key is pressed again when nothing has happened."""
TILE = (480, 300)
NOT_HERE = not (shutil.which("xdotool") and shutil.which("openbox"))


def xdotool(*words: str) -> str:
    """Run xdotool; return what it prints, nothing if it found nothing."""
    return subprocess.run(
        ["xdotool", *words], check=False, capture_output=True, text=True, timeout=30
    ).stdout


def press(key: str) -> None:
    """Press a key as long as a person does."""
    xdotool("keydown", key)
    time.sleep(0.1)
    xdotool("keyup", key)


def picture() -> np.ndarray:
    """Return the screen, (height, width, 3)."""
    return np.asarray(ImageGrab.grab(xdisplay=os.environ["DISPLAY"]).convert("RGB"))


def text_pixels(pixels: np.ndarray) -> np.ndarray:
    """Return which pixels have the colour of the experiments' texts; none while none is shown."""
    height, width = pixels.shape[:2]
    middle = pixels[height // 4 : -height // 4, width // 4 : -width // 4]
    if np.mean(np.all(middle == BACKGROUND, axis=-1)) < 0.5:  # the desktop, or Runner
        return np.zeros((height, width), bool)
    return np.all(np.abs(pixels.astype(int) - TEXT_COLOR) < 12, axis=-1)


def load(name: str) -> Experiment:
    """Return an experiment that comes with the package, as Builder opens it."""
    from psychopy import plugins
    from psychopy.experiment import Experiment

    plugins.activatePlugins()
    experiment = Experiment()
    experiment.loadFromXML(str(EXPERIMENTS / f"{name}.psyexp"))
    return experiment


def shorten(experiment: Experiment, constants: dict[str, str]) -> None:
    """Set constants of an experiment, ``{"training.nfb.stopVal": "8"}``, as its dialogs would.

    ``baseline.seconds`` is one of a Routine, ``blocks.nReps`` one of a loop.
    """
    loops = {
        str(entry.loop.params["name"]): entry.loop
        for entry in experiment.flow
        if entry.getType() == "LoopInitiator"
    }
    for name, value in constants.items():
        place, *component, param = name.split(".")
        owner = loops.get(place) or experiment.routines[place]
        if component:
            (owner,) = (one for one in owner if str(one.params["name"]) == component[0])
        owner.params[param].val = value


def shorten_conditions(
    experiment: Experiment, folder: Path, labels: tuple[str, ...] | None, seconds: float | None
) -> None:
    """Write the conditions files of an experiment to `folder`, with trials of so many seconds.

    Of the blocks in `labels` the first of each is taken, in that order; without labels all are.
    Without seconds each trial is as long as in the file.
    """
    for entry in experiment.flow:
        if entry.getType() != "LoopInitiator" or not entry.loop.params["conditionsFile"].val:
            continue
        name = entry.loop.params["conditionsFile"].val
        rows = conditions(name)
        if labels is not None:
            rows = [next(row for row in rows if row["label"] == label) for label in labels]
        if seconds is not None:
            rows = [{**row, "seconds": f"{seconds:g}"} for row in rows]
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def conditions(name: str) -> list[dict[str, str]]:
    """Return the rows of a conditions file that comes with the experiments."""
    with (EXPERIMENTS / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def prepare(
    folder: Path,
    name: str,
    constants: dict[str, str],
    labels: tuple[str, ...] | None = None,
    seconds: float | None = None,
) -> Path:
    """Write an experiment and its conditions to `folder`, shortened; return its path."""
    experiment = load(name)
    shorten(experiment, constants)
    shorten_conditions(experiment, folder, labels, seconds)
    # On a virtual display PsychoPy tries to measure it for a minute, in vain.
    experiment.settings.params["measureFrameRate"].val = False
    experiment.settings.params["frameRate"].val = "60"
    experiment.saveToXML(str(folder / f"{name}.psyexp"))
    return folder / f"{name}.psyexp"


@contextlib.contextmanager
def laboratory(seconds: float) -> Iterator[None]:
    """Have a window manager, and an amplifier that streams for at most so many seconds."""
    manager = subprocess.Popen(["openbox", "--sm-disable"], stderr=subprocess.DEVNULL)
    amplifier = subprocess.Popen(
        [sys.executable, "-m", "psychopy_nfb.cli", "simulate", "--seconds", f"{seconds:g}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        for process in (amplifier, manager):
            process.terminate()
            process.wait()


@dataclass
class Attended:
    """One run of an experiment.

    Parameters
    ----------
    folder : Path
        Where the experiment runs; its data are in ``data``.
    name : str
        Of the experiment, without ending.
    """

    where: ClassVar[str] = ""
    """What the picture of its screens has in its name besides the experiment's."""
    folder: Path
    name: str
    screens: dict[str, np.ndarray] = field(default_factory=dict)
    _process: subprocess.Popen | None = None

    def start(self, *arguments: str, env: dict[str, str] | None = None) -> None:
        """Start the compiled script."""
        with (self.folder / "said.txt").open("w") as said:
            self._process = subprocess.Popen(
                [sys.executable, str(self.folder / f"{self.name}.py"), *arguments],
                cwd=self.folder,
                env=env,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def is_running(self) -> bool:
        """Whether the script has not ended."""
        return self._process.poll() is None

    def check_alive(self) -> None:
        """Fail with what it said when the script has ended."""
        assert self.is_running(), self.said()

    def said(self) -> str:
        """Return what the script wrote so far."""
        return (self.folder / "said.txt").read_text(encoding="utf-8")

    def until(self, condition: object, seconds: float, what: str) -> object:
        """Wait for a condition; return what it returned."""
        ends = time.monotonic() + seconds
        while not (found := condition()):
            self.check_alive()
            if time.monotonic() > ends:
                self.keep(f"waiting for {what}")
                self.strip()
                raise AssertionError(f"{what}: not within {seconds} s; see {ARTIFACTS}")
            time.sleep(0.1)
        return found

    def fill_dialog(self) -> None:
        """Write the participant into the information dialog and press its OK."""
        find = ("search", "--onlyvisible", "--name", f"^{self.name}$")
        window = self.until(lambda: xdotool(*find).split(), LONGEST_SECONDS, "the dialog")[0]
        xdotool("windowfocus", "--sync", window)
        time.sleep(1.0)
        xdotool("key", "ctrl+a")  # the first field has the focus
        xdotool("type", PARTICIPANT)
        time.sleep(0.3)
        self.keep("dialog")
        xdotool("key", "Return")
        self.until(lambda: not xdotool(*find).split(), LONGEST_SECONDS, "the dialog's end")

    def wait_until_still(self) -> np.ndarray:
        """Return the screen once its text has not changed for a moment; the patch flickers on."""
        last, since = text_pixels(picture()), time.monotonic()
        ends = since + LONGEST_SECONDS
        while time.monotonic() - since < SETTLED_SECONDS:
            assert time.monotonic() < ends, "the screen does not come to rest"
            time.sleep(0.1)
            pixels = picture()
            now = text_pixels(pixels)
            if np.any(now != last):
                last, since = now, time.monotonic()
        return pixels

    def keep(self, screen: str) -> np.ndarray:
        """Keep a picture of the screen under a name, and return it."""
        self.screens[screen] = picture()
        return self.screens[screen]

    def text(self, screen: str, key: str = "space") -> np.ndarray:
        """Wait for a screen of text other than the one before, press a key; return its picture.

        Where the screen stays it is pressed again, as a person would on a machine that is busy.
        """
        before = text_pixels(list(self.screens.values())[-1])

        def is_there() -> bool:
            now = text_pixels(picture())
            return now.sum() > ENOUGH_TEXT and (now != before).sum() > ENOUGH_TEXT

        self.until(is_there, LONGEST_SECONDS, screen)
        pixels = self.screens[screen] = self.wait_until_still()
        shown = text_pixels(pixels)
        ends = time.monotonic() + LONGEST_SECONDS
        pressed = 0.0
        while self.is_running() and np.array_equal(text_pixels(picture()), shown):
            assert time.monotonic() < ends, f"{key} does not end {screen}"
            if time.monotonic() - pressed > AGAIN_SECONDS:
                press(key)
                pressed = time.monotonic()
            time.sleep(0.1)
        return pixels

    def block(self, label: str, number: int, after: float, seconds: float = 0.0) -> np.ndarray:
        """Wait for the n-th block of this name, keep a picture `after` its begin, and return it."""
        self.until(lambda: self.blocks().count(label) >= number, LONGEST_SECONDS + seconds, label)
        time.sleep(after)
        return self.keep(f"{label} {number}" if number > 1 else label)

    def block_end(self, label: str, number: int, seconds: float = 0.0) -> None:
        """Wait for the end of the n-th block of this name."""
        self.until(
            lambda: self.blocks("block_end").count(label) >= number,
            LONGEST_SECONDS + seconds,
            f"the end of {label}",
        )

    def begin(self) -> None:
        """Go through the signal check and the screens of text until the baseline is recorded."""
        self.block("signal check", 1, after=3.0)
        press("space")
        for screen in ("instructions", "before the baseline"):
            check_text(self.text(screen))
        self.block("baseline eyes open", 1, after=3.0)

    def finish(self, last: str = "thanks") -> Session:
        """End the experiment at its last screen; return its session."""
        self.text(last)
        check_text(self.screens[last])
        self.strip()
        assert self.end() == 0, self.said()
        (settings,) = (self.folder / "data").glob(f"sub-{PARTICIPANT}_*_nfb.json")
        return read_session(settings)

    def end(self) -> int:
        """Wait for the end; return the exit status."""
        return self._process.wait(LONGEST_SECONDS)

    def kill(self) -> None:
        """End the script if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def blocks(self, what: str = "block_begin") -> list[str]:
        """Return the names of the blocks that have begun (or, ``block_end``, ended) so far."""
        return [row["value"] for row in self._events() if row["trial_type"] == what]

    def _events(self) -> list[dict[str, str]]:
        found = list((self.folder / "data").glob("*_events.tsv"))
        if not found:
            return []
        with found[0].open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        return [row for row in rows if None not in row.values()]

    def table(self) -> list[dict[str, str]]:
        """Return PsychoPy's own data file."""
        (path,) = (
            path
            for path in (self.folder / "data").glob(f"*{self.name}_*.csv")
            if not path.stem.endswith("_frames")
        )
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def strip(self) -> None:
        """Save all screens in their order in one picture, each under its name."""
        across = 3
        down = -(-len(self.screens) // across)
        width, height = TILE[0] + 8, TILE[1] + 24
        sheet = Image.new("RGB", (across * width, down * height), "#808080")
        draw = ImageDraw.Draw(sheet)
        for number, (name, pixels) in enumerate(self.screens.items()):
            x, y = width * (number % across), height * (number // across)
            draw.text((x + 4, y + 6), f"{number + 1}. {name}", fill="white")
            sheet.paste(Image.fromarray(pixels).resize(TILE, Image.LANCZOS), (x + 4, y + 20))
        ARTIFACTS.mkdir(exist_ok=True)
        sheet.save(ARTIFACTS / f"{self.name}{self.where}.png")


def check_text(pixels: np.ndarray) -> None:
    """Fail if a screen of text is empty, or its text reaches the edges."""
    at = np.argwhere(text_pixels(pixels))
    assert len(at) > ENOUGH_TEXT
    top_left, bottom_right = at.min(axis=0), at.max(axis=0)
    assert np.all(top_left > 0.03 * np.array(pixels.shape[:2]))
    assert np.all(bottom_right < 0.97 * np.array(pixels.shape[:2]))
