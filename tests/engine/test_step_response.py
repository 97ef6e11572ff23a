"""How soon the usual training's value follows a step of the rhythm, in samples' own time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from trainings import AT

from psychopy_nfb.bench.step import BARS, LEAST, PERSON, step_figures
from psychopy_nfb.dsp import SignalInfo
from psychopy_nfb.engine.presets import standard_training
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.settings import from_dict
from psychopy_nfb.simulate.eeg_model import SimulatedEEG


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_half_of_a_step_is_there_within_70_ms(seed):
    person = from_dict(SimulatedEEG, {**PERSON, "seed": seed})
    training = standard_training(reference="as recorded", normalise="none")
    processor = Processor(training, SignalInfo(person.rate, tuple(person.channels)))
    assert 1e3 * processor.delay <= BARS["declared_delay_ms"]
    n = round(40 * person.rate)
    samples, _ = person.generate(n)
    values = processor.process(samples).values[:, AT["signal"]]
    markers = [
        (sample / person.rate, label == "eyes_closed")
        for sample, label in person.collect_markers()
        if sample > person.rate
    ]
    steps = pd.DataFrame(markers, columns=["t", "strong"])
    assert len(steps) > 20
    # A value cannot be there before its own sample has been taken.
    figures = step_figures((np.arange(n) + 1) / person.rate, values, steps)
    assert figures["step_half_ms_median"] <= BARS["step_half_ms_median"]
    assert figures["step_r_best"] >= LEAST["step_r_best"]
