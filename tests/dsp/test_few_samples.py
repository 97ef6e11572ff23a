"""Few samples at once pass a pipeline as plain numbers, with the outcome that blocks give."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
import signals

from psychopy_nfb.dsp import (
    WCFIR,
    ArtifactGate,
    DCBlock,
    Decimate,
    MovingAverage,
    Notch,
    Pick,
    Pipeline,
    Reference,
    SignalInfo,
    SpatialFilter,
    Step,
)
from psychopy_nfb.dsp.pipeline import FEW

INFO = SignalInfo(rate=250.0, labels=signals.LABELS)


class _LabOffset(Step):
    """A lab's own step; it adds 1 and flags what is above 20."""

    def prepare(self, info):
        return info

    def process(self, samples):
        self.flags = (samples[:, 0] > 20).astype(np.uint32) * 2
        return samples + 1


def usual(*more):
    """Return the steps of a usual training, prepared."""
    steps = [Reference("average"), Pick(["Oz"]), *more, DCBlock(), Notch(50.0)]
    steps += [ArtifactGate(limit_uv=30.0, hold=0.05), WCFIR((8.0, 12.0), 0.1), MovingAverage(0.05)]
    pipeline = Pipeline(steps)
    pipeline.prepare(INFO)
    return pipeline


def passed(pipeline, samples, sizes):
    """Return signal and flags of samples that come in blocks of these sizes, one after another."""
    signal, flags, at, turn = [], [], 0, 0
    while at < len(samples):
        part = samples[at : at + sizes[turn % len(sizes)]]
        if len(part) <= FEW:
            out, bits = pipeline.process_few(part)
        else:
            out, bits, _ = pipeline.process(part)
            out, bits = out[:, 0].tolist(), bits.tolist()
        signal += out
        flags += bits
        at, turn = at + len(part), turn + 1
    return np.array(signal), flags


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("sizes", [[1], [2, 3], [1, 7, 2, 50, 1, 1]])
def test_few_samples_give_what_a_block_gives(sizes, own):
    samples = signals.noise(1500)
    samples[700:705] += 200.0 * np.arange(8)
    more = [_LabOffset()] if own else []
    whole, flags, _ = usual(*more).process(samples)
    signal, bits = passed(usual(*more), samples, sizes)
    assert np.abs(signal - whole[:, 0]).max() < 1e-9
    assert bits == flags.tolist()
    assert 0 < np.count_nonzero(bits) < len(samples)


def test_a_number_that_is_not_finite_is_held_and_its_step_named():
    pipeline = Pipeline([Pick(["Oz"]), SpatialFilter({"large": {"Oz": 1e300}})])
    pipeline.prepare(INFO)
    samples = np.ones((2, 8))
    assert pipeline.process_few(samples) == ([1e300] * 2, [0, 0])
    samples[1] = 1e10
    assert pipeline.process_few(samples) == ([1e300] * 2, [0, 1])
    assert "steps[1] (SpatialFilter) gave no finite number" in pipeline.fault


def test_pipelines_that_keep_some_samples_or_several_channels_say_so():
    for steps, each in (([Pick(["Oz"])], True), ([Decimate(2), Pick(["Oz"])], False)):
        pipeline = Pipeline(steps)
        pipeline.prepare(INFO)
        assert pipeline.gives_each is each
    two = Pipeline([Pick(["Oz", "Cz"])])
    two.prepare(INFO)
    assert not two.gives_each


def test_channels_that_do_not_enter_spoil_nothing():
    steps = [Reference("average", exclude=["Cz"]), Pick(["Oz"])]
    pipeline = Pipeline(steps)
    pipeline.prepare(INFO)
    samples = signals.noise(40)
    eeg = np.delete(samples, signals.LABELS.index("Cz"), axis=1)
    expected = samples[:, signals.LABELS.index("Oz")] - eeg.mean(axis=1)
    samples[:, signals.LABELS.index("Cz")] = np.nan
    whole, flags, _ = pipeline.process(samples)
    assert np.abs(whole[:, 0] - expected).max() < 1e-12
    signal, bits = passed(pipeline, samples, [1, 3])
    assert np.abs(signal - expected).max() < 1e-12
    assert not flags.any()
    assert not any(bits)
    assert pipeline.references(np.eye(8))[0][0] == "average"


@pytest.mark.alone
def test_a_sample_as_a_number_takes_less_time_than_a_block_of_one():
    samples = signals.noise(400, n_channels=1)
    times = {}
    for name in ("process", "process_few"):
        pipeline = Pipeline([DCBlock(), Notch(50.0), ArtifactGate(), WCFIR(), MovingAverage(0.05)])
        pipeline.prepare(SignalInfo(rate=250.0, labels=("Oz",)))
        way = getattr(pipeline, name)
        seconds = []
        for row in range(len(samples)):
            before = perf_counter()
            way(samples[row : row + 1])
            seconds.append(perf_counter() - before)
        times[name] = np.median(seconds)
    assert times["process_few"] < 0.8 * times["process"]
