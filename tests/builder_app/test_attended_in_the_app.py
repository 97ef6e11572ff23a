"""Each ready experiment run from the real wx Builder: Run, dialog, keys, screens, lengths.

Blocks are as long as in the file that comes with the package, and there are fewer of them; only the
first test, which is no campaign, makes them shorter. Pictures of the screens go to `ARTIFACTS`, and
the lengths beside them, to ``lengths.tsv``.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import ClassVar

import psutil
import pytest
from attended import (
    ARTIFACTS,
    EXPERIMENTS,
    LONGEST_SECONDS,
    Attended,
    check_text,
    conditions,
    laboratory,
    load,
    prepare,
    press,
    xdotool,
)
from block_lengths import block_flips, check_flips, check_lengths, gained
from wx_app import BUILDER, NEEDED, RUNNER, App

from psychopy_nfb.recording import Session

pytestmark = NEEDED
AMPLIFIER_SECONDS = 3600.0
BEFORE = ("signal check", "baseline", "baseline eyes open", "welcome")
"""Blocks before the first of training."""
ENDED = re.compile(r"Experiment (?:completed|ended with exit code (-?\d+))")
"""What Runner writes at the end of a script, with its exit status if that is not 0."""
BASELINE_SECONDS = 60.0
OUTCOME_SECONDS = 1.0
SLIDER_AT, TEXT_AT, DONE_AT = (960, 148), (876, 276), (640, 752)
"""Where the answers to a plan's questions are given, in pixels of a screen of 1280 x 800."""


@dataclass
class InTheApp(Attended):
    """A run of an experiment that Builder starts and Runner shows."""

    where: ClassVar[str] = " in the app"
    app: App | None = None

    def start(self) -> None:
        """Open the experiment in Builder, switch from Pilot to Run, and press Run."""
        self.app = App(self.folder, self.folder / f"{self.name}.psyexp", self.folder)
        self.app.open_builder()
        self.app.click(self.app.find(BUILDER, kind="Button", label="Run")[0])
        self.keep("Builder")
        self.app.click(self.app.ribbon(BUILDER, "Desktop", 1))
        self.app.find(RUNNER, 60, kind="FrameRibbonButton")
        self.until(self._scripts, LONGEST_SECONDS, "the script's start")

    def is_running(self) -> bool:
        """Whether the script runs, or is still to be started."""
        return bool(self._scripts()) or not list(self.folder.glob("data/*_events.tsv"))

    def said(self) -> str:
        """Return what Runner shows."""
        return "\n".join(
            str(widget["value"])
            for window in self.app.windows()
            if RUNNER in window["title"]
            for widget in window["widgets"]
            if widget["value"]
        )

    def end(self) -> int:
        """Wait for the end; return the exit status that Runner tells."""
        ends = time.monotonic() + LONGEST_SECONDS
        while (told := ENDED.search(said := self.said())) is None:
            assert time.monotonic() < ends, said
            time.sleep(0.5)
        return int(told[1] or 0)

    def kill(self) -> None:
        """End the app and the script."""
        for script in self._scripts():
            script.kill()
        if self.app is not None:
            self.app.end()

    def _scripts(self) -> list[psutil.Process]:
        path = str(self.folder / f"{self.name}_lastrun.py")
        return [
            one for one in psutil.process_iter(["cmdline"]) if path in (one.info["cmdline"] or [])
        ]


@pytest.fixture
def in_the_app(tmp_path, alone):
    """Return a function that starts an experiment in the app and fills its dialog."""
    started = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSLAPICFG", alone()["LSLAPICFG"])

        def start(
            name: str, constants: dict[str, str], labels: tuple[str, ...] | None = None
        ) -> InTheApp:
            prepare(tmp_path, name, constants, labels)
            run = InTheApp(tmp_path, name)
            started.append(run)
            run.start()
            run.fill_dialog()
            return run

        with laboratory(AMPLIFIER_SECONDS):
            yield start
            for run in started:
                run.kill()


def stops(name: str, routine: str) -> float:
    """Return the length of a Routine as its components' Stop says; all say the same."""
    found = {
        component.params["stopVal"].val
        for component in load(name).routines[routine]
        if component.type != "RoutineSettingsComponent"
    }
    (length,) = found
    return float(length)


def rows_seconds(name: str) -> dict[str, float]:
    """Return the seconds of each kind of block in a conditions file; the first of each counts."""
    seconds: dict[str, float] = {}
    for row in conditions(name):
        seconds.setdefault(row.get("label") or row["kind"], float(row["seconds"]))
    return seconds


def check_blocks(
    run: InTheApp,
    session: Session,
    planned: list[tuple[str, float]],
    hidden: tuple[str, ...] = (),
    unpaid: tuple[str, ...] = (),
) -> None:
    """Fail unless these were the blocks, in this order and of this length; keep the lengths.

    Nothing is fed back in blocks of `hidden`, no point is gained in those of `unpaid`.
    """
    assert [label for label in run.blocks() if label not in BEFORE] == [one for one, _ in planned]
    frames = session.frames
    for label in dict(planned):
        due = [seconds for one, seconds in planned if one == label]
        check_flips(session, label, due)
        keep_lengths(run, session, label, due)
        assert frames[frames.block == label].shown.isna().all() == (label in hidden), label
        if label in unpaid:
            assert gained(frames, label) == 0, label
    assert frames.score.max() > 0


def keep_lengths(run: InTheApp, session: Session, label: str, planned: list[float]) -> None:
    """Write how long the blocks of a name were: planned and measured in s, the difference in ms.

    The last column is the median time between frames meanwhile: a block ends with a frame.
    """
    frames = session.frames
    interval = 1e3 * frames[frames.block == label].t_flip.diff().median()
    with (ARTIFACTS / "lengths.tsv").open("a", encoding="utf-8") as file:
        for seconds, flips in zip(planned, block_flips(frames, label), strict=True):
            begin, _, last, after = flips
            lasted = min(after, last + interval / 1e3) - begin
            late = 1e3 * (lasted - seconds)
            figures = f"{seconds:.3f}\t{lasted:.4f}\t{late:.1f}\t{interval:.1f}"
            file.write(f"{run.name}\t{label}\t{figures}\n")


def test_alpha_training_made_short(in_the_app):
    constants = {
        "baseline.seconds": "5",
        "blocks.nReps": "2",
        **{f"training.{one}.stopVal": "7" for one in ("nfb", "bar", "points", "patch")},
        **{f"rest.{one}.stopVal": "5" for one in ("rest_nfb", "rest_text")},
    }
    alpha_training(in_the_app("alpha_training", constants), training=7.0, rest=5.0)


@pytest.mark.campaign
def test_alpha_training(in_the_app):
    training, rest = stops("alpha_training", "training"), stops("alpha_training", "rest")
    alpha_training(in_the_app("alpha_training", {"blocks.nReps": "2"}), training, rest)


def alpha_training(run: InTheApp, training: float, rest: float) -> None:
    """Two blocks of training and the rest between them."""
    run.begin()
    run.block("training", 1, after=training / 2, seconds=BASELINE_SECONDS)
    run.block("rest", 1, after=rest / 3, seconds=training)
    run.block("training", 2, after=training / 2, seconds=rest)
    run.block_end("training", 2, training)
    session = run.finish()
    planned = [("training", training), ("rest", rest), ("training", training)]
    check_blocks(run, session, planned, hidden=("rest",), unpaid=("rest",))
    check_lengths(run, session, "training", "bar", [training, training])
    check_lengths(run, session, "rest", "rest_text", [rest])


@pytest.mark.campaign
def test_smr_emg(in_the_app):
    run = in_the_app("smr_emg", {"trials.nReps": "1"})
    seconds = rows_seconds("smr_emg_trials.csv")
    trials(run, list(seconds), seconds, ("transfer", "rest"), ("observe", "rest"))


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("name", "file", "labels", "hidden", "unpaid"),
    [
        ("bidirectional", "bidirectional_trials.csv", ("up", "down", "up", "down"), (), ()),
        ("clinic_training", "clinic_trials.csv", ("round 1", "rest 1"), ("rest 1",), ("rest 1",)),
        (
            "trials_quest",
            "trials_quest_trials.csv",
            ("train", "rest", "train", "transfer", "observe", "train"),
            ("transfer", "rest", "outcome"),
            ("observe", "rest"),
        ),
    ],
    ids=["bidirectional", "clinic_training", "trials_quest"],
)
def test_planned_trials(in_the_app, name, file, labels, hidden, unpaid):
    run = in_the_app(name, {}, labels)
    trials(run, list(labels), rows_seconds(file), hidden, unpaid)


def trials(
    run: InTheApp,
    labels: list[str],
    seconds: dict[str, float],
    hidden: tuple[str, ...],
    unpaid: tuple[str, ...],
) -> None:
    """Blocks of a conditions file, in this order; after some of them comes what was reached."""
    run.begin()
    wait = BASELINE_SECONDS
    for place, label in enumerate(labels):
        number = labels[: place + 1].count(label)
        run.block(label, number, after=seconds[label] / 2, seconds=wait)
        wait = seconds[label]
    run.block_end(label, number, wait)
    session = run.finish()
    came = [label for label in run.blocks() if label not in BEFORE]
    assert [label for label in came if label != "outcome"] == labels
    planned = [(label, {**seconds, "outcome": OUTCOME_SECONDS}[label]) for label in came]
    check_blocks(run, session, planned, hidden, unpaid)


@pytest.mark.campaign
def test_photodiode_validation(in_the_app):
    seconds = stops("photodiode_validation", "validation")
    run = in_the_app("photodiode_validation", {})
    check_text(run.text("instructions"))
    run.block("validation", 1, after=seconds / 2)
    run.block_end("validation", 1, seconds)
    session = run.finish()
    check_flips(session, "validation", [seconds])
    check_lengths(run, session, "validation", "bar", [seconds])
    keep_lengths(run, session, "validation", [seconds])


@pytest.mark.campaign
def test_planned_session(in_the_app, tmp_path):
    """A whole session in one Routine, answered as by a participant: a slider, a text, Done."""
    plan = json.loads((EXPERIMENTS / "planned_session_plan.json").read_text("utf-8"))
    (turns,) = (one for one in plan["blocks"] if "group" in one)
    turns["repeats"] = 1
    (tmp_path / "planned_session_plan.json").write_text(json.dumps(plan), encoding="utf-8")
    run = in_the_app("planned_session", {})
    check_text(run.text("welcome"))
    run.block("signal check", 1, after=3.0)
    press("space")
    check_text(run.text("before the baseline"))
    run.block("baseline", 1, after=3.0)
    planned = [(one["label"], float(one["seconds"])) for one in turns["blocks"]]
    wait = BASELINE_SECONDS
    for label, seconds in planned:
        run.block(label, 1, after=seconds / 2, seconds=wait)
        wait = seconds
    run.block_end(label, 1, wait)
    check_text(run.text("before the long training"))
    (longest,) = (one for one in plan["blocks"] if one.get("label") == "long training")
    planned.append((longest["label"], float(longest["seconds"])))
    run.block("long training", 1, after=longest["seconds"] / 2 + 1)
    run.block_end("long training", 1, longest["seconds"])
    time.sleep(2.0)
    run.keep("questions")
    for x, y in (SLIDER_AT, TEXT_AT):
        click_at(x, y)
    xdotool("type", "I thought of the sea")
    time.sleep(0.5)
    run.keep("questions answered")
    click_at(*DONE_AT)
    session = run.finish()
    check_blocks(run, session, planned, hidden=("transfer", "rest"), unpaid=("rest",))
    (kept,) = session.settings["plans"]
    tired, how = kept["answers"].values()
    assert 5 < tired < 10
    assert how.strip() == "I thought of the sea"


def click_at(x: int, y: int) -> None:
    """Click with the mouse at a place of the screen, as long as a person does."""
    xdotool("mousemove", str(x), str(y))
    time.sleep(0.3)
    xdotool("mousedown", "1")
    time.sleep(0.2)
    xdotool("mouseup", "1")
    time.sleep(0.5)
