"""What a step gives that is no finite number: held, flagged, and told with the step's place."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.dsp import DCBlock, Flags, MovingAverage, Parallel, Pipeline, SignalInfo, Step
from psychopy_nfb.errors import SettingsError

INFO = SignalInfo(250.0, ("Oz",))


class _Overflows(Step):
    """Gives infinity and no number where the input is above 1."""

    def prepare(self, info):
        return info

    def process(self, samples):
        return np.where(samples > 2, np.nan, np.where(samples > 1, np.inf, samples))


class _CannotBeDesigned(Step):
    __module__ = "psychopy_nfb.dsp.made_up"  # as one of ours

    def prepare(self, info):
        raise np.linalg.LinAlgError("Singular matrix")


class _IsLateForEver(_Overflows):
    declared_delay = np.inf


def samples():
    return np.array([0.5, 0.25, 3.0, 1.5, 0.75, 3.0])[:, None]


@pytest.mark.parametrize("n", [1, 2, 6])
def test_it_is_held_and_flagged_however_the_blocks_are_cut(n):
    pipeline = Pipeline([_Overflows()])
    pipeline.prepare(INFO)
    given = samples()
    outs, flags = [], []
    for at in range(0, 6, n):
        out, bits, _ = pipeline.process(given[at : at + n])
        outs.append(out.copy())
        flags.append(bits)
    assert np.concatenate(outs)[:, 0].tolist() == [0.5, 0.25, 0.25, 0.25, 0.75, 0.75]
    assert np.concatenate(flags).tolist() == [0, 0, 1, 1, 0, 1]
    assert Flags(1) is Flags.INVALID
    np.testing.assert_array_equal(given, samples())


def test_the_step_that_did_it_is_named():
    pipeline = Pipeline([DCBlock(0.01), _Overflows(), MovingAverage(0.02)])
    pipeline.prepare(INFO)
    pipeline.process(np.zeros((10, 1)))
    assert pipeline.fault is None
    pipeline.process(np.full((10, 1), 5.0))
    assert "process returned NaN or infinity, line " in pipeline.fault
    assert pipeline.fault.startswith("steps[1] (_Overflows")
    inner = Pipeline([Parallel({"a": [DCBlock()], "b": [_Overflows()]}), MovingAverage(0.02)])
    inner.prepare(INFO)
    inner.process(samples())
    assert inner.fault.startswith("steps[0].branches.b.steps[0] (_Overflows")
    inner.prepare(INFO)
    assert inner.fault is None


@pytest.mark.parametrize("step", [_CannotBeDesigned, _IsLateForEver])
def test_what_cannot_be_designed_is_a_sentence_with_its_place(step):
    with pytest.raises(SettingsError, match=rf"^pipeline.steps\[1\].settings='{step.__name__}': "):
        Pipeline([DCBlock(), step()]).prepare(INFO)
