"""`psychopy-nfb bench designs`: the same signal processing in five designs, seen by the frames."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pandas as pd
import psutil
from tqdm import tqdm

from psychopy_nfb.bench.frames import sort_out
from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.bench.python_ipc.engines import ENGINES, OURS, Newest
from psychopy_nfb.bench.setting import amplifier, training
from psychopy_nfb.bench.steal_time import Standstills, Turns, stolen_seconds
from psychopy_nfb.clock import lsl_now

if TYPE_CHECKING:
    from psychopy.visual import Window

    from psychopy_nfb.display import FeedbackBar

STREAM: dict[str, float] = {"channels": 8, "rate": 500.0, "chunk": 10}
"""Fifty chunks a second: at 20 ms a chunk the work fills a core."""
LOADS_MS = (0.0, 5.0, 10.0, 20.0)
RATES_HZ = (60.0, 120.0, 240.0)
TURN_SECONDS = 2.0
WARM_SECONDS = 0.5
REPEATS = 15


def measure(options: argparse.Namespace) -> Outcome:
    """Show a bar in each design, at each load and rate."""
    # Where the processor draws, it does so in this thread: its helpers would wait for each other.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    from psychopy_nfb.display import FeedbackBar
    from psychopy_nfb.display.window import open_window

    rows: list[dict[str, Any]] = []
    complete = False
    total = (len(ENGINES) + 1) * len(LOADS_MS) * len(RATES_HZ)
    counted = Turns(REPEATS)
    win = open_window((320, 240), units="pix", allowGUI=False, checkTiming=False)
    bar = FeedbackBar(win, size=(40, 160), pos=(0, 0))
    try:
        with (
            tqdm(total=total, desc="bench designs", unit="turn", disable=None) as progress,
            Standstills() as standstills,
            amplifier(STREAM) as source_id,
        ):
            for load in LOADS_MS:
                for design in (*ENGINES, OURS):
                    for rate in RATES_HZ:
                        log, cpu = counted.calm(
                            partial(_turn, win, bar, source_id, design, load, rate)
                        )
                        rows.append(_row(design, load, rate, log, cpu, standstills))
                        progress.update()
        complete = True
    except KeyboardInterrupt:
        pass  # the turns until now are kept
    finally:
        win.close()
    figures = {}
    for design in (*ENGINES, OURS):
        for heavy in (False, True):
            own = [
                row["dropped"]
                for row in rows
                if (row["design"], row["hz"]) == (design, 60.0) and (row["load_ms"] > 0) == heavy
            ]
            load = "heavy" if heavy else "light"
            figures[f"dropped_60hz_{load}, {design}"] = float(sum(own))
    bars = {f"dropped_60hz_heavy, {OURS}": 0.0}
    conditions = {
        "stream": STREAM,
        "turn_seconds": TURN_SECONDS,
        "turns_repeated": counted.repeated,
    }
    return Outcome(figures, bars, {}, conditions, rows, [], complete)


def _row(
    design: str,
    load: float,
    rate: float,
    log: pd.DataFrame,
    cpu: float,
    standstills: Standstills,
) -> dict[str, Any]:
    missed, excused, _ = sort_out(log, standstills)
    ages = 1e3 * (log.t_flip - log.t_sample).dropna()
    return {
        "design": design,
        "load_ms": load,
        "hz": rate,
        "frames": len(log),
        "dropped": missed,
        "dropped_standstill": excused,
        "interval_sd_ms": 1e3 * log.interval.std(),
        "age_ms_median": ages.median(),
        "age_ms_p95": ages.quantile(0.95),
        "age_ms_max": ages.max(),
        "cpu_percent": cpu,
    }


def _turn(
    win: Window, bar: FeedbackBar, source_id: str, design: str, load: float, rate: float
) -> tuple[tuple[pd.DataFrame, float], float]:
    """Show one design for a turn; return its log and percent of a core, and stolen seconds."""
    from psychopy_nfb.display import pace, unpace

    pace(win, rate)
    try:
        if design == OURS:
            return _our_frames(win, bar, source_id, load)
        with ENGINES[design](source_id, load) as newest:
            _frames(win, bar, newest, rate, WARM_SECONDS)
            return _watched(lambda: _frames(win, bar, newest, rate, TURN_SECONDS))
    finally:
        unpace(win)


def _watched(show: Callable[[], pd.DataFrame]) -> tuple[tuple[pd.DataFrame, float], float]:
    """Return what was shown, what this process and its children used of a core, and the theft."""
    own = psutil.Process()
    family = [own, *own.children(recursive=True)]
    stolen, used, begun = stolen_seconds(), _cpu_seconds(family), lsl_now()
    log = show()
    seconds = lsl_now() - begun
    used = _cpu_seconds(family) - used
    return (log, 100 * used / seconds), stolen_seconds() - stolen


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    """Return the processor seconds of those of the processes that compute or display."""
    total = 0.0
    for process in processes:
        try:
            if not {"psychopy_nfb.bench.outlet", "psychopy_nfb.bench.witness"} & set(
                process.cmdline()
            ):
                times = process.cpu_times()
                total += times.user + times.system
        except psutil.Error:
            pass  # it has ended
    return total


def _frames(
    win: Window, bar: FeedbackBar, newest: Newest, rate: float, seconds: float
) -> pd.DataFrame:
    """Show frames of a design that is not ours; return a log as ours has."""
    rows, shown = [], (float("nan"), 0.0)
    ends = lsl_now() + seconds
    while lsl_now() < ends:
        shown = newest() or shown
        bar.value = shown[1]
        bar.draw()
        win.flip()
        rows.append((lsl_now(), shown[0]))
    log = pd.DataFrame(rows, columns=["t_flip", "t_sample"])
    log["interval"] = log.t_flip.diff()
    missed = (log.interval * rate).fillna(1.0).round() - 1
    log["dropped"] = missed.clip(lower=0).cumsum()
    return log


def _our_frames(
    win: Window, bar: FeedbackBar, source_id: str, load: float
) -> tuple[tuple[pd.DataFrame, float], float]:
    from psychopy_nfb.display.neurofeedback import Neurofeedback

    with (
        TemporaryDirectory() as folder,
        Neurofeedback(training(source_id, burn_ms=load), data=folder) as nfb,
    ):
        nfb.attach(win)

        def show(seconds: float) -> None:
            for _ in nfb.frames(seconds):
                bar.value = nfb.value
                bar.draw()

        show(WARM_SECONDS)
        begun = lsl_now()
        (_, cpu), stolen = _watched(lambda: show(TURN_SECONDS))
        files = nfb.files
        nfb.close()
        log = pd.read_csv(files.frames)
        return (log[log.t_flip >= begun].reset_index(drop=True), cpu), stolen
