"""A baseline that fails says whose fault it was: the amplifier's, or that of a step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from psychopy_nfb.dsp import Flags, Pick, Pipeline, SignalInfo, SpatialFilter, Step
from psychopy_nfb.engine.signal_chain import SignalChain
from psychopy_nfb.errors import SettingsError

INFO = SignalInfo(100.0, ("Cz", "Oz"))
NAMES = ("Oz", *(f"times {n}" for n in range(30)))
EEG = np.random.default_rng(1).normal(0, 10, (1000, 2))


class _Lab(Step):
    """Gives what `how` makes of its samples, if the first of them is not above 100."""

    def __init__(self, how):
        self.how = how

    def prepare(self, info):
        return info

    def process(self, samples):
        return samples if samples[0, 0] > 100 else self.how(samples)


WRONG = [
    (lambda samples: samples[:-1], "failed (TypeError: process must return float64"),
    (lambda samples: samples * np.nan, "failed (ValueError: process returned NaN or infinity"),
    (lambda samples: samples + 1j, "not complex128"),
    (lambda samples: 1 / 0, "failed (ZeroDivisionError: "),
]


def refusal(chain, repaired=None):
    """Return why a baseline of 10 s was refused."""
    chain.begin_baseline("rest")
    for first in range(0, len(EEG), 10):
        bits = None if repaired is None else np.full(10, repaired, np.uint32)
        signal, flags, _ = chain.process(EEG[first : first + 10], bits)
        chain.record(signal, flags)
    with pytest.raises(SettingsError) as told:
        chain.end_baseline()
    return str(told.value)


@pytest.mark.parametrize(("how", "what"), WRONG)
def test_a_baseline_without_values_because_of_a_step_names_the_step(how, what):
    said = refusal(SignalChain(Pipeline([Pick(["Oz"]), _Lab(how)]), INFO))
    assert "because pipeline.steps[1] (_Lab of " in said
    assert what in said
    assert f" of {Path(__file__)}); correct its code, then repeat it." in said
    assert "amplifier" not in said


def test_a_step_of_the_package_is_named_as_well():
    large = [SpatialFilter({f"times {n}": {NAMES[n]: 1e12}}) for n in range(26)]
    with np.errstate(all="ignore"):
        said = refusal(SignalChain(Pipeline([Pick(["Oz"]), *large]), INFO))
    assert "(SpatialFilter) gave no finite number; check its settings, then repeat it." in said


def test_an_amplifier_without_values_is_told_although_a_step_has_failed_before():
    chain = SignalChain(Pipeline([_Lab(lambda samples: samples[:-1]), Pick(["Oz"])]), INFO)
    chain.process(EEG[:10], None)
    assert chain.pipeline.fault is not None
    chain.pipeline.steps[0].how = lambda samples: samples
    said = refusal(chain, Flags.INVALID)
    assert "because the amplifier sent no valid values; check the cable" in said
