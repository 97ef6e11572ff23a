"""`psychopy-nfb bench builder`: the frames of an experiment that was made in Builder."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from psychopy_nfb.bench.frames import DISPLAY, PACED_HZ
from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.bench.setting import STREAMS, amplifier
from psychopy_nfb.bench.steal_time import Standstills
from psychopy_nfb.process import CREATION_FLAGS

if TYPE_CHECKING:
    from psychopy.experiment import Experiment

RUN_SECONDS = 15.0
"""Seconds of frames in a run; the script's own start takes as long again."""
LEARNING = 60
"""Frames at the start of a Routine in which the margin is learnt; they count for neither side."""
SETTINGS: dict[str, Any] = {
    "Show info dlg": False,
    "Full-screen window": False,
    # Builder draws into a buffer that is copied at the flip: without a graphics card that alone
    # takes 3 ms at 800 x 600.
    "Window size (pixels)": "[320, 240]",
    "Units": "height",
    "measureFrameRate": False,
    "frameRate": f"{PACED_HZ:g}",
    "rush": True,
}
FLIPS = {
    "Begin Experiment": "import json\nfrom psychopy_nfb.clock import lsl_now\nflips = []\n",
    "Each Frame": "win.callOnFlip(lambda: flips.append(lsl_now()))\n",
    "End Routine": "json.dump(flips, open({file!r}, 'w', encoding='utf-8'))\n",
}
BARE = {
    "Begin Experiment": "from psychopy_nfb import FeedbackBar, pace\n"
    f"pace(win, {PACED_HZ:g})\n"
    "bar = FeedbackBar(win)\n",
    "Each Frame": "bar.value = t % 1\nbar.draw()\n",
}


BARS = {"builder_flip_read_ms_median": 5, "builder_dropped_extra": 0}


def measure(options: argparse.Namespace) -> Outcome:
    """Run compiled experiments, with and without the components, for so many seconds each."""
    turns = max(1, round(options.seconds / RUN_SECONDS))
    with tqdm(total=2 * turns, desc="bench builder", unit="run", disable=None) as progress:
        figures = builder_frames(turns, progress.update)
    conditions = {
        "display": f"{DISPLAY}, 320 x 240",
        "seconds": turns * RUN_SECONDS,
        "stream": STREAMS["dense_"],
    }
    return Outcome(figures, at_most=BARS, conditions=conditions)


def builder_frames(turns: int, turned: Callable[[], object]) -> dict[str, float]:
    """Run compiled experiments in turns: with the components, and one with a bar alone.

    Returns
    -------
    dict
        The figures; what a standstill of the machine touched does not count as missed.
    """
    # Where the processor draws, it does so in one thread: its helpers would wait for each other.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    import pandas as pd

    from psychopy_nfb.analysis import lag_summary

    dropped = {"without": 0, "with": 0}
    standing = dict(dropped)
    logs = []
    with (
        Standstills() as standstills,
        amplifier(STREAMS["dense_"]) as source_id,
        TemporaryDirectory() as folder,
    ):
        for _ in range(turns):
            for name in dropped:
                own = Path(folder, f"{name}_{len(logs)}")
                own.mkdir()
                flips = _run(own, source_id if name == "with" else None)
                missed, excused = _missed(flips[LEARNING:], standstills)
                dropped[name] += missed
                standing[name] += excused
                turned()
            (log,) = own.rglob("*_frames.csv")
            frames = pd.read_csv(log)
            logs.append(frames[frames.frame >= LEARNING])
    lag = lag_summary(pd.concat(logs, ignore_index=True)).to_dict()
    return {
        "builder_flip_read_ms_median": lag["read_to_flip_ms"]["median"],
        "builder_flip_age_ms_median": lag["age_at_flip_ms"]["median"],
        "builder_frames_each": turns * RUN_SECONDS * PACED_HZ,
        **{f"builder_dropped_{name}": drops for name, drops in dropped.items()},
        **{f"builder_dropped_{name}_in_standstills": drops for name, drops in standing.items()},
        "builder_dropped_extra": dropped["with"] - dropped["without"],
    }


def _missed(flips: np.ndarray, standstills: Standstills) -> tuple[int, int]:
    """Return the frames missed between flips, apart from and in standstills."""
    missed = np.maximum(np.round(np.diff(flips) * PACED_HZ) - 1, 0)
    stood = standstills.during(flips[:-1], flips[1:])
    return int(missed[~stood].sum()), int(missed[stood].sum())


def _run(folder: Path, source_id: str | None) -> np.ndarray:
    """Compile an experiment as Builder does, run it; return when it flipped."""
    from psychopy_nfb.builder.compile import compile_experiment

    source, script, told = folder / "run.psyexp", folder / "run.py", folder / "flips.json"
    _experiment(source_id, told).saveToXML(str(source))
    compile_experiment(source, script)
    ran = subprocess.run(
        [sys.executable, script],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        creationflags=CREATION_FLAGS,
    )
    if ran.returncode:
        raise RuntimeError(f"the compiled experiment failed: {ran.stderr[-2000:]}")
    return np.array(json.loads(told.read_text(encoding="utf-8")))


def _experiment(source_id: str | None, told: Path) -> Experiment:
    """Return an experiment of one Routine; with the components if there is a stream."""
    from psychopy import plugins

    plugins.activatePlugins()
    from psychopy.experiment import Experiment, getAllComponents
    from psychopy.experiment.routines import Routine

    experiment = Experiment()
    for name, value in SETTINGS.items():
        experiment.settings.params[name].val = value
    routine = experiment.addRoutine("training", Routine("training", experiment))
    kinds = getAllComponents()

    def add(kind: str, name: str, **params: object) -> None:
        component = kinds[kind](experiment, "training", name=name)
        for key, value in params.items():
            component.params[key].val = value
        routine.addComponent(component)

    def add_code(name: str, parts: dict[str, str]) -> None:
        add("CodeComponent", name, **{part: text for part, text in parts.items()})

    if source_id:
        add(
            "NeuroFeedbackComponent",
            "nfb",
            sourceId=source_id,
            channels="Oz",
            normalise="none",
            threshold="5",
            stopVal=str(RUN_SECONDS),
        )
        add("FeedbackDisplayComponent", "bar", stopVal=str(RUN_SECONDS))
    else:
        add_code("bare", BARE)
        add("TextComponent", "lasts", text="", stopVal=str(RUN_SECONDS))
    add_code("flips", {part: text.format(file=str(told)) for part, text in FLIPS.items()})
    experiment.flow.addRoutine(routine, 0)
    return experiment
