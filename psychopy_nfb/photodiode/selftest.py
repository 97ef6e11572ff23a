"""`psychopy-nfb selftest`: the lag from brain to light, measured beside what is logged."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from psychopy_nfb.checks import check_number, check_writable
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.errors import FileError, SettingsError, in_milliseconds
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.photodiode.selftest_options import (
    SHORTEST_SECONDS,
    Injected,
    add_arguments,
    check_lag,
)
from psychopy_nfb.photodiode.selftest_page import SelfTest, write_selftest
from psychopy_nfb.photodiode.selftest_rhythm import (
    FULL,
    GAIN,
    WEAK,
    amplifier,
    steps_shown,
    training,
)
from psychopy_nfb.terminal import Stopped, doing, naming_kept_files

if TYPE_CHECKING:
    from psychopy_nfb.photodiode.sensor_inlet import SensorInlet
    from psychopy_nfb.recording import SessionFiles

__all__ = ["add_arguments", "main", "verdict"]  # the first two as for each command

PACED_HZ = 60.0
BLOCK = "measured"
CLOSES_MS = 1.0


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
    page = write_selftest(run, injected, said)
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


def _run(options: argparse.Namespace, injected: Injected) -> SelfTest:
    """Show a patch that follows a simulated rhythm, with a light sensor on it."""
    from psychopy_nfb.display import Neurofeedback, PhotodiodePatch
    from psychopy_nfb.display.window import check_screen, open_window, pacing_note

    with amplifier(injected.stream / 1e3) as source_id:
        try:
            nfb = Neurofeedback(
                training(source_id, injected.pipeline / 1e3), data=options.out, task="selftest"
            )
        except FileError as error:
            raise FileError("out", options.out, error.remedy) from None
        check_screen()
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
) -> SelfTest:
    import pandas as pd

    from psychopy_nfb.photodiode.budget import close_budget
    from psychopy_nfb.photodiode.seen_lag import seen_lag

    frames, events = pd.read_csv(files.frames), pd.read_csv(files.events, sep="\t")
    frames = frames[frames.block == BLOCK].reset_index(drop=True)
    steps = steps_shown(events, frames)
    budget = close_budget(
        frames, steps.t.to_numpy(), steps.up.to_numpy(), light, stamps, WEAK * (1 + GAIN) / 2 / FULL
    )
    chosen = None if lag is None else seen_lag(lag, budget, frames)
    return SelfTest(files.stem, sensor, note, budget, chosen, light, stamps)


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


@contextmanager
def _sensor(options: argparse.Namespace, win, patch, input_lag: float) -> Iterator[SensorInlet]:
    """Open the light sensor's stream, a virtual one if there is no other."""
    from psychopy_nfb.photodiode.sensor_inlet import SensorInlet, virtual_sensor

    if options.sensor:
        yield SensorInlet(StreamSelection(type=None, name=options.sensor), options.channel)
    else:
        with virtual_sensor(win, patch.box, input_lag) as sensor:
            yield sensor


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
