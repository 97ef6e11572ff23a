"""How long a baseline must last with a pipeline's filters."""

from __future__ import annotations

import numpy as np
import pytest
from trainings import one_signal

from psychopy_nfb.dsp import ASR, CFIR, WCFIR, DCBlock, Pick, Reference, SignalInfo
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.baseline import SHORTEST_BASELINE, shortest_baseline

RATE = 250
LABELS = ("Fz", "Cz", "Pz", "Oz")


def succeeds(steps, seconds):
    """Whether a baseline of clean EEG succeeds, and how long it had to be."""
    rng = np.random.default_rng(1)
    eeg = 10 * rng.standard_normal((round((20 + seconds) * RATE), len(LABELS)))
    processor = Processor(
        one_signal(*steps, normalise="zscore", threshold=0.5), SignalInfo(RATE, LABELS)
    )
    processor.process(eeg[: 20 * RATE])
    processor.begin_baseline("rest")
    processor.process(eeg[20 * RATE :])
    try:
        processor.end_baseline()
    except SettingsError:
        return False, processor.baseline_seconds
    return True, processor.baseline_seconds


@pytest.mark.parametrize(
    "steps",
    [
        lambda: [Pick(["Oz"]), DCBlock(), CFIR((8, 12))],
        lambda: [Pick(["Oz"]), DCBlock(), WCFIR((8, 12))],
        lambda: [DCBlock(), ASR(window=0.3), Reference("average"), Pick(["Oz"]), CFIR((8, 12))],
    ],
    ids=["learns nothing", "learns the spectrum", "learns artifacts"],
)
def test_what_a_baseline_must_have_is_what_it_succeeds_from(steps):
    _, needed = succeeds(steps(), 30.0)
    # Of noise ASR leaves out many windows.
    spare = 9.0 if isinstance(steps()[1], ASR) else 0.02
    assert succeeds(steps(), needed + spare)[0]
    assert not succeeds(steps(), needed - 0.1)[0]


def test_the_usual_filters_need_what_is_said_of_a_baseline():
    _, needed = succeeds([Pick(["Oz"]), DCBlock(), WCFIR((4, 7))], 30.0)
    assert 4 < needed < SHORTEST_BASELINE == shortest_baseline(needed)
