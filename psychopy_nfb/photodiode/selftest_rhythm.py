"""The simulated rhythm of ``psychopy-nfb selftest``, the training on it, and when it stepped."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.process import running

if TYPE_CHECKING:
    import pandas as pd

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
START_SECONDS = 20.0
"""How long the simulator may take to start."""


def training(source_id: str, delay: float):
    """Return a training on the rhythm, with so many seconds more of delay in its pipeline."""
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
def amplifier(late: float) -> Iterator[str]:
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


def steps_shown(events: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
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
