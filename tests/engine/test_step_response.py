"""How soon the usual training's published value follows a step of the rhythm."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb import Neurofeedback
from psychopy_nfb.engine.recipe import standard_training
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.protocol import VALUE_NAMES

WEAK, STRONG = 5.0, 20.0
STEP_SECONDS = 1.503
STEPS = 20
PERSON = {
    "rate": 500.0,
    "channels": ["Pz", "Oz"],
    "alpha_amplitude": WEAK,
    "closed_gain": STRONG / WEAK,
    "eyes_seconds": STEP_SECONDS,
    "eyes_settle": 0.0,
    "background_amplitude": 8.0,
    **dict.fromkeys(("alpha_wander", "burst_depth", "blinks_per_minute", "emg_per_minute"), 0.0),
}
SIGNAL = 7 + VALUE_NAMES.index("signal")


@pytest.mark.slow
def test_half_of_a_step_is_published_within_70_ms(amplifier, tmp_path):
    person = tmp_path / "person.json"
    person.write_text(json.dumps(PERSON), encoding="utf-8")
    source = amplifier("--settings", str(person)).source_id
    stream = StreamSelection(source_id=source, timeout=15.0)
    training = standard_training(stream, reference="as recorded", normalise="none")
    records, seen = [], 0
    with Neurofeedback(training, data=tmp_path) as nfb:
        ends = time.monotonic() + nfb.settle + (STEPS + 2) * STEP_SECONDS
        while time.monotonic() < ends:
            for record in nfb.records.since(seen):
                seen = record[0]
                records.append((record[3], record[4], record[SIGNAL]))
            time.sleep(0.3)
        settled = records[0][0] + nfb.settle
    published, delay, value = np.array([one for one in records if one[0] > settled]).T
    assert delay.max() <= 0.05
    events = pd.read_csv(nfb.files.events, sep="\t")
    steps = events[events.value.isin(["eyes_open", "eyes_closed"]) & (events.t > settled + 0.5)]
    half_way = []
    for step in steps.itertuples():
        after = (published > step.t) & (published < step.t + STEP_SECONDS)
        beyond = (value > (WEAK + STRONG) / 2) == (step.value == "eyes_closed")
        reached = np.flatnonzero(after & beyond)
        if len(reached):
            half_way.append(published[reached[0]] - step.t)
    assert len(half_way) >= STEPS - 3
    assert np.median(half_way) <= 0.07

    def alike(lag):
        """Return the correlation with the true envelope of `lag` seconds ago."""
        last = np.searchsorted(steps.t, published - lag) - 1
        known = last >= 0
        strong = (steps.value == "eyes_closed").to_numpy()[last[known]]
        return np.corrcoef(value[known], np.where(strong, STRONG, WEAK))[0, 1]

    assert max(alike(lag) for lag in np.arange(0, 0.3, 0.005)) >= 0.93
