"""`psychopy-nfb bench step`: how soon the usual training's value follows a step of the rhythm."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.display.neurofeedback import Neurofeedback
from psychopy_nfb.engine.presets import standard_training
from psychopy_nfb.engine.records import NUMBER
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.process import running
from psychopy_nfb.protocol import Comparison, value_name

WEAK, STRONG = 5.0, 20.0
"""Amplitudes of the rhythm before and after a step, in microvolts."""
BASELINE_SECONDS = 30.0
POLL_SECONDS = 0.3
STEP_SECONDS = 1.503
"""Between two steps; never at the same place of a chunk."""
PERSON: dict[str, Any] = {
    "rate": 500.0,
    "channels": ["Pz", "Oz"],
    "alpha_amplitude": WEAK,
    "closed_gain": STRONG / WEAK,
    "eyes_seconds": STEP_SECONDS,
    "eyes_settle": 0.0,
    "background_amplitude": 8.0,
    **dict.fromkeys(("alpha_wander", "burst_depth", "blinks_per_minute", "emg_per_minute"), 0.0),
}
"""A `SimulatedEEG` whose 10 Hz rhythm steps in 1/f background."""
BARS = {"declared_delay_ms": 50.0, "step_half_ms_median": 70.0}
LEAST = {"step_r_best": 0.93}
LAGS = np.arange(0, 0.3, 0.005)
HALF = (WEAK + STRONG) / 2


def measure(options: argparse.Namespace) -> Outcome:
    """Send steps over LSL, and see when the published value is half-way.

    For `options.seconds` with the filter as it is before a baseline, and as long with the filter
    that a baseline of the same person has given.
    """
    total = round(2 * options.seconds + BASELINE_SECONDS)
    with (
        tempfile.TemporaryDirectory() as folder,
        tqdm(total=total, desc="bench step", unit="s", disable=None) as progress,
    ):
        person = Path(folder, "person.json")
        person.write_text(json.dumps(PERSON), encoding="utf-8")
        name = f"bench-step-{uuid.uuid4()}"
        arguments = ["--settings", str(person), "--source-id", name]
        with running("simulate.simulator", *arguments):
            phases, steps = _recorded(name, Path(folder), options.seconds, progress)
    figures = {}
    for prefix, (values, half_shown) in zip(("", "fitted_"), phases, strict=True):
        own = steps[steps.t.between(values.published.min() + 0.5, values.published.max())]
        found = step_figures(values.published, values.signal, own)
        shown = half_way(values.published, values.shown > half_shown, own)
        found["shown_half_ms_median"] = 1e3 * float(np.median(shown))
        figures |= {f"{prefix}{name}": value for name, value in found.items()}
        figures[f"{prefix}declared_delay_ms"] = 1e3 * float(values.delay.max())
    conditions = {"steps": len(steps), "from_uv": WEAK, "to_uv": STRONG, "background_uv": 8.0}
    conditions["baseline_seconds"] = BASELINE_SECONDS
    return Outcome(figures, BARS, LEAST, conditions)


def _recorded(
    name: str, folder: Path, seconds: float, progress: tqdm
) -> tuple[list[tuple[pd.DataFrame, float]], pd.DataFrame]:
    """Return what was published before and after a baseline, and the steps (t, strong).

    What was published is (published, delay, signal, shown), beside what displays show half-way.
    """
    stream = StreamSelection(source_id=name, timeout=15.0)
    training = standard_training(stream, reference="as recorded", normalise="none")
    phases: list[tuple[pd.DataFrame, float]] = []

    def watch(nfb: Neurofeedback) -> None:
        watched = _watched(nfb, seconds, progress)
        now = nfb.configuration.signals[nfb.configuration.first]
        phases.append((watched, Comparison(now).shown(HALF)))

    with Neurofeedback(training, data=folder) as nfb:
        watch(nfb)
        nfb.begin_baseline()
        _watched(nfb, BASELINE_SECONDS, progress)
        if not nfb.end_baseline():
            raise RuntimeError("the background process has not taken the baseline")
        watch(nfb)
    events = pd.read_csv(nfb.files.events, sep="\t")
    steps = events[events.value.isin(["eyes_open", "eyes_closed"])]
    steps = pd.DataFrame({"t": steps.t, "strong": steps.value == "eyes_closed"})
    return phases, steps


def _watched(nfb: Neurofeedback, seconds: float, progress: tqdm) -> pd.DataFrame:
    """Return what is published for `seconds` once the filters have settled."""
    settled = time.monotonic() + nfb.settle
    while time.monotonic() < settled:
        time.sleep(POLL_SECONDS)
    records, seen = [], nfb.records.newest_seq
    first = nfb.configuration.first
    values = (value_name(first, "signal"), value_name(first, "value"))
    places = [nfb.records.layout.place(name) for name in ("t_published", "delay", *values)]
    before = progress.n
    while time.monotonic() < settled + seconds:
        time.sleep(POLL_SECONDS)
        for record in nfb.records.since(seen):
            seen = record[NUMBER]
            records.append([record[place] for place in places])
        progress.n = before + min(round(time.monotonic() - settled), round(seconds))
        progress.refresh()
    return pd.DataFrame(records, columns=["published", "delay", "signal", "shown"])


def step_figures(
    times: np.ndarray | pd.Series, values: np.ndarray | pd.Series, steps: pd.DataFrame
) -> dict[str, float]:
    """Return how soon values follow steps, and how much they are like the true amplitude.

    Parameters
    ----------
    times : array, shape (n,)
        When each value was there, in seconds.
    values : array, shape (n,)
        In microvolts.
    steps : DataFrame
        ``t`` in seconds, and whether it was to the ``strong`` amplitude.
    """
    times, values = np.asarray(times), np.asarray(values)
    seconds = half_way(times, values > HALF, steps)

    def alike(lag: float) -> float:
        last = np.searchsorted(steps.t, times - lag) - 1
        known = last >= 0
        strong = steps.strong.to_numpy()[last[known]]
        return float(np.corrcoef(values[known], np.where(strong, STRONG, WEAK))[0, 1])

    return {
        "step_half_ms_median": 1e3 * float(np.median(seconds)),
        "step_half_ms_p95": 1e3 * float(np.percentile(seconds, 95)),
        "step_r_best": max(map(alike, LAGS)),
    }


def half_way(
    times: np.ndarray | pd.Series, strong: np.ndarray | pd.Series, steps: pd.DataFrame
) -> list[float]:
    """Return for each step the seconds until values are first on its side of the middle.

    Parameters
    ----------
    times : array, shape (n,)
        When each value was there, in seconds.
    strong : array of bool, shape (n,)
        Whether it is above the middle.
    steps : DataFrame
        As for `step_figures`.
    """
    times, strong = np.asarray(times), np.asarray(strong)
    seconds = []
    for step in steps.itertuples():
        after = (times > step.t) & (times < step.t + STEP_SECONDS)
        reached = np.flatnonzero(after & (strong == step.strong))
        if len(reached):
            seconds.append(times[reached[0]] - step.t)
    return seconds
