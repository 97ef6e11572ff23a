"""`psychopy-nfb selftest`: the lag from brain to light, measured beside what is logged."""

from __future__ import annotations

import argparse
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from psychopy_nfb.checks import check_number, check_writable
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.errors import FileError, SettingsError, in_milliseconds
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.process import running
from psychopy_nfb.terminal import Stopped, doing, naming_kept_files

if TYPE_CHECKING:
    import pandas as pd

    from psychopy_nfb.photodiode.budget import Budget
    from psychopy_nfb.photodiode.seen_lag import SeenLag
    from psychopy_nfb.photodiode.sensor_inlet import SensorInlet
    from psychopy_nfb.recording import SessionFiles

PACED_HZ = 60.0
RATE = 1000.0
RHYTHM_HZ, BAND = 40.0, (38.0, 42.0)
"""Faster than alpha: where in its cycle a step falls shifts the envelope by the less."""
WEAK, GAIN = 5.0, 4.0
"""Its amplitude in microvolts while weak, and how many times that when strong."""
STEP_SECONDS = 1.0405
"""Between two steps: no multiple of a frame or of the rhythm's period: all phases are met."""
DELAY, TAPS = 0.1, 0.201
"""The filter's delay and length in seconds: the middle of its taps, so that its phase is linear."""
SMOOTH = 0.025
"""Seconds of a moving average: a whole period, against what beats at twice the rhythm's rate."""
FULL = 25.0
"""Microvolts that show the patch at its brightest."""
SHORTEST_SECONDS = 15.0
LONGEST_LAG_MS = 800.0
"""Of a chosen lag: the light has to answer a step before the next one comes."""
BLOCK = "measured"
START_SECONDS = 20.0
"""How long the simulator may take to start."""
INJECTED = {
    "pipeline": "filter_delay_ms",
    "stream": "sample_to_received_ms",
    "display": "flip_to_light_ms",
}
"""Where a delay can be put in, and the stage that has to show it."""
CLOSES_MS = 1.0


@dataclass
class Injected:
    """Delays put in on purpose, in milliseconds."""

    pipeline: float = 0.0
    stream: float = 0.0
    display: float = 0.0

    @classmethod
    def parse(cls, given: list[str]) -> Injected:
        """Return what ``["stream=25", …]`` says.

        Raises
        ------
        SettingsError
            If a place is not known or its delay is no number from 0 to 300.
        """
        found = {}
        for text in given:
            place, _, delay = text.partition("=")
            if place not in INJECTED:
                raise SettingsError(
                    "inject", text, f"must be one of {', '.join(INJECTED)}, then =MS"
                )
            try:
                found[place] = float(delay)
            except ValueError:
                raise SettingsError("inject", text, "needs a number of milliseconds") from None
            check_number(f"inject {place}", found[place], at_least=0, at_most=300, unit="ms")
        return cls(**found)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb selftest``."""
    add = parser.add_argument
    add(
        "--seconds",
        type=float,
        default=60.0,
        metavar="S",
        help=f"length in seconds, at least {SHORTEST_SECONDS:g} (default %(default)g)",
    )
    add(
        "--sensor",
        metavar="NAME",
        help="name of the LSL stream of a real light sensor (default: read pixels of the screen)",
    )
    add("--channel", metavar="NAME", help="the sensor's channel (default: the only one)")
    add(
        "--inject",
        action="append",
        default=[],
        metavar="PLACE=MS",
        help="add a delay of so many milliseconds, which the result has to show; PLACE is "
        f"{', '.join(INJECTED)}",
    )
    add(
        "--lag",
        type=float,
        metavar="MS",
        help="choose the lag from brain to flip, in milliseconds, as the lag of a block does; the "
        "result has to show it (default: as little as there must be)",
    )
    add("--out", metavar="DIR", default="data", help="folder for the files (default %(default)s)")
    add("--json", metavar="FILE", help="write the lag budget to this file, too")
    add("--fullscreen", action="store_true", help="use the whole screen, as for a real sensor")


def main(options: argparse.Namespace) -> int:
    """Run the test; return 0 if the budget closes within 1 ms and 1 if it does not."""
    check_number("seconds", options.seconds, at_least=SHORTEST_SECONDS, unit="s")
    injected = Injected.parse(options.inject)
    if options.sensor and injected.display:
        raise SettingsError("inject", "display", "works only without --sensor")
    if options.lag is not None:
        check_lag(options.lag, injected)
    if options.json:
        check_writable("json", options.json)
    run = _run(options, injected)
    budget = run.budget
    print(f"Light sensor: {run.sensor}")
    print(budget.table())
    if run.note:
        print(run.note)
    if run.chosen is not None:
        print(run.chosen)
    closes = abs(budget.printed()["difference"]) <= CLOSES_MS
    said = verdict(closes, budget.standard_error)
    print(said)
    page = _write_page(run, injected, said)
    print(f"Files:\n  {page}\n  {run.stem}_*")
    if options.json:
        content = {
            **budget.to_dict(),
            "closes": closes,
            "injected_ms": asdict(injected),
            "chosen_lag": None if run.chosen is None else run.chosen.to_dict(),
            "sensor": run.sensor,
            "files": {"page": str(page), "frames": f"{run.stem}_frames.csv"},
        }
        Path(options.json).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0 if closes else 1


def check_lag(lag: float, injected: Injected) -> None:
    """Check a chosen lag in milliseconds before anything is started.

    Raises
    ------
    SettingsError
        If it is impossible, looks like one in seconds, or is less than the filter alone takes.

    Examples
    --------
    >>> check_lag(0.15, Injected())
    Traceback (most recent call last):
    psychopy_nfb.errors.SettingsError: lag='0.15 ms': is less than one millisecond; did you mean \
150 ms?
    """
    check_number("lag", lag, above=0, at_most=LONGEST_LAG_MS, unit="ms")
    shown = f"{lag:g} ms"
    if lag < 1:
        raise SettingsError(
            "lag", shown, f"is less than one millisecond; did you mean {1e3 * lag:g} ms?"
        )
    takes = 1e3 * (DELAY + SMOOTH / 2) + injected.pipeline
    if lag < takes:
        raise SettingsError(
            "lag",
            shown,
            f"is less than the {takes:.0f} ms that the filter takes here; stream and screen come "
            f"on top, so choose {takes + 50:.0f} ms or more",
        )


@dataclass
class _Run:
    """What was recorded, and what it says."""

    stem: Path
    sensor: str
    note: str
    budget: Budget
    chosen: SeenLag | None
    light: np.ndarray = field(repr=False)
    stamps: np.ndarray = field(repr=False)


def _run(options: argparse.Namespace, injected: Injected) -> _Run:
    """Show a patch that follows a simulated rhythm, with a light sensor on it."""
    from psychopy_nfb.display import Neurofeedback, PhotodiodePatch
    from psychopy_nfb.display.window import open_window, pacing_note

    with _amplifier(injected.stream / 1e3) as source_id:
        try:
            nfb = Neurofeedback(
                _training(source_id, injected.pipeline / 1e3), data=options.out, task="selftest"
            )
        except FileError as error:
            raise FileError("out", options.out, error.remedy) from None
        with naming_kept_files(nfb.files.stem), _started(nfb):
            with doing("Opening the window"):
                win = open_window((640, 480), fullscr=options.fullscreen, allowGUI=False)
            try:
                patch = PhotodiodePatch(win, mode="value")
                nfb.attach(win, patch, pace=PACED_HZ)
                note = pacing_note(win)
                with _sensor(options, win, patch, injected.display / 1e3) as sensor:
                    _show(nfb, patch, options.seconds, options.lag)
                    light, stamps = sensor.all()
            finally:
                win.close()
    with doing("Measuring the steps"):
        return _measured(nfb.files, sensor.name, note, light, stamps, options.lag)


def _measured(
    files: SessionFiles,
    sensor: str,
    note: str,
    light: np.ndarray,
    stamps: np.ndarray,
    lag: float | None,
) -> _Run:
    import pandas as pd

    from psychopy_nfb.photodiode.budget import close_budget
    from psychopy_nfb.photodiode.seen_lag import seen_lag

    frames, events = pd.read_csv(files.frames), pd.read_csv(files.events, sep="\t")
    frames = frames[frames.block == BLOCK].reset_index(drop=True)
    steps = _steps(events, frames)
    budget = close_budget(
        frames, steps.t.to_numpy(), steps.up.to_numpy(), light, stamps, WEAK * (1 + GAIN) / 2 / FULL
    )
    chosen = None if lag is None else seen_lag(lag, budget, frames)
    return _Run(files.stem, sensor, note, budget, chosen, light, stamps)


@contextmanager
def _started(nfb) -> Iterator[None]:
    with doing("Starting the background process"):
        nfb.start()
    with nfb:
        yield


def _show(nfb, patch, seconds: float, lag: float | None) -> None:
    """Let the patch follow the value, with a lag that was chosen or none; Escape ends it."""
    from psychopy import event

    event.getKeys()  # the first call loads the keyboard, which takes some frames
    for _ in nfb.frames(nfb.settle):
        patch.draw(nfb.value)
    try:
        nfb.begin_block(BLOCK, lag=None if lag is None else lag / 1e3)
    except SettingsError as error:
        raise SettingsError("lag", f"{lag:g} ms", in_milliseconds(error.remedy)) from None
    begun = lsl_now()
    with tqdm(total=round(seconds), unit="s", desc="selftest", disable=None) as progress:
        for _ in nfb.frames(seconds):
            patch.draw(nfb.value)
            done = min(round(lsl_now() - begun), progress.total)
            if done > progress.n:
                progress.update(done - progress.n)
            if event.getKeys(["escape"]):
                raise Stopped("Escape")


def _training(source_id: str, delay: float):
    from psychopy_nfb.dsp import CFIR, Delay, MovingAverage, Pick, Pipeline
    from psychopy_nfb.engine.configuration import Configuration
    from psychopy_nfb.protocol import Signal

    steps = [
        Pick(["Oz"]),
        CFIR(band=BAND, delay=DELAY, taps=TAPS),
        MovingAverage(SMOOTH),
    ]
    if delay:
        steps.append(Delay(delay))
    rhythm = Signal(
        Pipeline(steps), normalise="none", threshold=FULL / 2, display_range=(0.0, FULL)
    )
    return Configuration(
        stream=StreamSelection(source_id=source_id, timeout=START_SECONDS),
        signals={"rhythm": rhythm},
    )


@contextmanager
def _amplifier(late: float) -> Iterator[str]:
    """Run the simulator in a process of its own: one rhythm alone, which steps at each marker."""
    source_id = f"psychopy_nfb_selftest_{uuid.uuid4().hex[:8]}"
    person = {
        "rate": RATE,
        "channels": ["Pz", "Oz"],
        "alpha_frequency": RHYTHM_HZ,
        "alpha_amplitude": WEAK,
        "closed_gain": GAIN,
        "eyes_seconds": STEP_SECONDS,
        "eyes_settle": 0.0,
    }
    quiet = ("alpha_wander", "burst_depth", "background_amplitude", "blinks_per_minute")
    person |= dict.fromkeys((*quiet, "emg_per_minute", "line_amplitude"), 0.0)
    with TemporaryDirectory() as folder:
        settings = Path(folder, "person.json")
        settings.write_text(json.dumps(person), encoding="utf-8")
        command = ["simulate.simulator", "--settings", str(settings), "--source-id", source_id]
        command += ["--name", "Selftest", "--chunk", "5", "--stamp-delay", str(late)]
        with running(*command, "--until-process-ends", str(os.getpid())):
            yield source_id


@contextmanager
def _sensor(options: argparse.Namespace, win, patch, input_lag: float) -> Iterator[SensorInlet]:
    """Open the light sensor's stream, a virtual one if there is no other."""
    from psychopy_nfb.photodiode.sensor_inlet import SensorInlet, virtual_sensor

    if options.sensor:
        yield SensorInlet(StreamSelection(type=None, name=options.sensor), options.channel)
    else:
        with virtual_sensor(win, patch.box, input_lag) as sensor:
            yield sensor


def _steps(events: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Return when the rhythm stepped while frames were shown, and whether up.

    A marker has the stamp of the first sample with the new amplitude; between this sample and the
    one before is where the amplitude stepped.
    """
    import pandas as pd

    steps = events[events.value.isin(["eyes_open", "eyes_closed"])]
    steps = pd.DataFrame({"t": steps.t - 0.5 / RATE, "up": steps.value == "eyes_closed"})
    inside = (steps.t > frames.t_flip.iloc[0] + STEP_SECONDS) & (
        steps.t < frames.t_flip.iloc[-1] - STEP_SECONDS
    )
    return steps[inside].reset_index(drop=True)


def verdict(closes: bool, standard_error: float) -> str:
    """Return what the difference says, and what to do where it says nothing.

    Parameters
    ----------
    closes : bool
        Whether the difference is within `CLOSES_MS`.
    standard_error : float
        Of the difference, in milliseconds.

    Examples
    --------
    >>> verdict(True, 0.1)
    'The measured lag is the sum of the logged stages (allowed difference: 1 ms).'
    """
    if closes:
        return (
            "The measured lag is the sum of the logged stages (allowed difference: "
            f"{CLOSES_MS:g} ms)."
        )
    if standard_error > CLOSES_MS / 2:
        return (
            "Whether the measured lag is the sum of the logged stages cannot be told: single steps "
            f"differ too much (standard error {standard_error:.1f} ms). Close other programs, see "
            "psychopy-nfb check, and repeat it with a longer --seconds."
        )
    return (
        "The measured lag is not the sum of the logged stages (allowed difference: "
        f"{CLOSES_MS:g} ms). If a repetition says the same, compare the flip times: "
        "psychopy-nfb photodiode."
    )


def _write_page(run: _Run, injected: Injected, said: str) -> Path:
    from psychopy_nfb.photodiode.budget_figure import budget_figure
    from psychopy_nfb.report.page import Picture, Section, Table, write_page

    put_in = [f"{place}: {delay:g} ms" for place, delay in asdict(injected).items() if delay]
    points = [f"Delays added on purpose: {', '.join(put_in)}"] if put_in else []
    points += [str(run.chosen)] if run.chosen is not None else []
    figure = budget_figure(run.budget, run.light, run.stamps)
    page = run.stem.with_name(run.stem.name + ".html")
    write_page(
        page,
        "Self-test: from brain to light",
        [
            Section(
                "Verdict",
                [run.note] if run.note else [],
                points=points,
                table=Table(["stage", "mean (ms)"], run.budget.rows()),
                note=NOTE,
                pictures=[Picture(figure, CAPTION)],
                lead=said,
            ),
            Section("How it was measured", [METHOD]),
        ],
        subtitle=f"{run.stem.name} · light sensor: {run.sensor}",
    )
    return page


NOTE = (
    "Means over the middle half of the steps, by the difference. A stage can be negative: a "
    "virtual sensor reads the new picture before the flip returns."
)
CAPTION = (
    "Above: light after each step of the rhythm, as the sensor saw it; dashed: the measured lag. "
    "Below: the stages one after the other, and their sum."
)
METHOD = (
    "A simulated rhythm changes between two amplitudes at known times. A filter with linear phase "
    "turns it into feedback, and the patch is as bright as the feedback. The measured lag is the "
    "time from the change to the moment at which the patch's light is half-way between its two "
    "levels; the stages are those of the frames around that moment, from the frame log. A virtual "
    "sensor reads the screen's pixels: it does not see the display's scanning, its input lag and "
    "the response of its pixels, which a real sensor adds to flip → light."
)
