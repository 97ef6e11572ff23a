"""What a lab's own step does wrong is a flag and a sentence, and nothing else suffers from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from psychopy_nfb.dsp import (
    Decimate,
    Flags,
    MovingAverage,
    Parallel,
    Pick,
    Pipeline,
    SignalInfo,
    Step,
)
from psychopy_nfb.errors import SettingsError

INFO = SignalInfo(250.0, ("Cz", "Oz"))
INVALID = int(Flags.INVALID)


class _Lab(Step):
    """Passes samples on, or does something wrong where the first channel is above 100."""

    def prepare(self, info):
        return info

    def wrong(self, samples):
        raise NotImplementedError

    def process(self, samples):
        return self.wrong(samples) if (samples[:, 0] > 100).any() else samples


class _Raises(_Lab):
    def wrong(self, samples):
        return samples / {}["the gain"]


class _Exits(_Lab):
    def wrong(self, samples):
        raise SystemExit(3)


class _OneDimension(_Lab):
    def wrong(self, samples):
        return samples[:, 0]


class _OneRowLess(_Lab):
    def wrong(self, samples):
        return samples[1:]


class _Complex(_Lab):
    def wrong(self, samples):
        return samples * 1j


class _Nothing(_Lab):
    def wrong(self, samples):
        return None


class _WritesToItsInput(_Lab):
    def wrong(self, samples):
        samples[:] = 0
        return samples


class _OddFlags(_Lab):
    def wrong(self, samples):
        self.flags = np.zeros(3)
        return samples

    def process(self, samples):
        self.flags = None
        return super().process(samples)


WRONG = (
    (_Raises, "KeyError: 'the gain'"),
    (_Exits, "SystemExit: 3"),
    (_OneDimension, "must return float64 of shape (10, 2), not float64 of shape (10,)"),
    (_OneRowLess, "not float64 of shape (9, 2)"),
    (_Complex, "not complex128"),
    (_Nothing, "not None"),
    (_WritesToItsInput, "read-only"),
    (_OddFlags, "its flags must be uint32 of shape (10,)"),
)


@pytest.mark.parametrize(("kind", "sentence"), WRONG)
def test_a_fault_is_its_block_flagged_with_the_last_good_value(kind, sentence):
    pipeline = Pipeline([kind(), Pick(["Oz"])])
    pipeline.prepare(INFO)
    good, bad = np.full((10, 2), 7.0), np.full((10, 2), 200.0)
    given = bad.copy()
    assert pipeline.process(good)[1].tolist() == [0] * 10
    assert pipeline.fault is None
    out, flags, rows = pipeline.process(given)
    assert out.tolist() == [[7.0]] * 10
    assert flags.tolist() == [INVALID] * 10
    assert rows.tolist() == list(range(10))
    assert (given == bad).all()
    assert pipeline.fault.startswith(f"steps[0] ({kind.__name__} of ")
    assert sentence in pipeline.fault
    out, flags, _ = pipeline.process(good + 1)
    assert out.tolist() == [[8.0]] * 10
    assert flags.tolist() == [0] * 10


def test_the_sentence_has_file_and_line_of_the_lab():
    pipeline = Pipeline([_Raises()])
    pipeline.prepare(INFO)
    pipeline.process(np.full((1, 2), 200.0))
    text = Path(__file__).read_text(encoding="utf-8").splitlines()
    line = 1 + text.index('        return samples / {}["the gain"]')
    assert f"line {line} of {__file__})" in pipeline.fault


class _NaN(_Lab):
    def process(self, samples):
        return samples * np.nan


class _Short(_Lab):
    def process(self, samples):
        return samples[:-1]


@pytest.mark.parametrize(("kind", "what"), [(_Short, "TypeError: "), (_NaN, "ValueError: ")])
def test_output_that_cannot_be_used_is_told_with_the_line_of_process(kind, what):
    pipeline = Pipeline([kind()])
    pipeline.prepare(INFO)
    pipeline.process(np.full((4, 2), 7.0))
    text = Path(__file__).read_text(encoding="utf-8").splitlines()
    line = 2 + text.index(f"class {kind.__name__}(_Lab):")
    assert f" failed ({what}process " in pipeline.fault
    assert pipeline.fault.endswith(f", line {line} of {__file__}); correct its code")


def test_filters_behind_a_fault_recover_and_rows_stay_in_step():
    pipeline = Pipeline([_Raises(), MovingAverage(0.04), Decimate(5)])
    pipeline.prepare(INFO)
    whole = [np.full((10, 2), 7.0), np.full((10, 2), 200.0), np.full((50, 2), 7.0)]
    parts = [pipeline.process(block) for block in whole]
    assert [len(out) for out, _, _ in parts] == [2, 2, 10]
    assert parts[2][0][-1] == pytest.approx([7.0, 7.0])
    assert parts[1][1].tolist() == [INVALID] * 2


def test_it_never_gets_an_empty_block():
    class _Last(_Lab):
        def process(self, samples):
            return np.repeat(samples[-1:], len(samples), axis=0)

    pipeline = Pipeline([Decimate(5), _Last()])
    pipeline.prepare(INFO)
    assert [len(pipeline.process(np.ones((2, 2)))[0]) for _ in range(5)] == [0, 0, 1, 0, 1]
    assert pipeline.fault is None


def test_in_a_branch_it_is_named_with_its_branch():
    pipeline = Pipeline([Parallel({"a": [Pick(["Cz"])], "b": [_Raises(), Pick(["Oz"])]})])
    pipeline.prepare(INFO)
    _, flags, _ = pipeline.process(np.full((4, 2), 200.0))
    assert flags.tolist() == [INVALID] * 4
    assert pipeline.fault.startswith("steps[0].branches.b.steps[0] (_Raises of ")


def test_a_step_that_cannot_be_reset_stays_flagged_until_it_can():
    class _NoReset(_Lab):
        able = False

        def reset(self):
            if not self.able:
                raise RuntimeError("no state")

    step = _NoReset()
    pipeline = Pipeline([step])
    pipeline.prepare(INFO)
    pipeline.reset()
    assert pipeline.process(np.ones((2, 2)))[1].tolist() == [INVALID] * 2
    assert "could not be reset (RuntimeError: no state" in pipeline.fault
    step.able = True
    pipeline.reset()
    assert pipeline.process(np.ones((2, 2)))[1].tolist() == [0, 0]


class _Unprepared(_Lab):
    def prepare(self, info):
        return self.nothing


class _ReturnsNothing(_Lab):
    def prepare(self, info):
        pass


class _Slower(_Lab):
    def prepare(self, info):
        return replace(info, rate=info.rate / 2)


class _OddDelay(_Lab):
    declared_delay = "short"


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (_Unprepared, "cannot be prepared (AttributeError"),
        (_ReturnsNothing, "must return the SignalInfo of its output, not None"),
        (_Slower, "gives 125 of 250 samples a second"),
        (_OddDelay, "cannot be prepared (TypeError"),
    ],
)
def test_what_cannot_be_prepared_is_told_with_its_place(kind, sentence):
    with pytest.raises(SettingsError) as caught:
        Pipeline([Pick(["Oz"]), kind()]).prepare(INFO)
    assert str(caught.value).startswith(f"pipeline.steps[1].step='{kind.__name__}': ")
    assert sentence in str(caught.value)


def test_channels_that_a_step_mixes_without_saying_so_all_count():
    class _Sum(_Lab):
        def prepare(self, info):
            return replace(info, labels=("sum",))

        def process(self, samples):
            return samples.sum(axis=1, keepdims=True)

    pipeline = Pipeline([_Sum()])
    pipeline.prepare(INFO)
    assert pipeline.mixed(np.eye(2)).tolist() == [[1.0], [1.0]]


def test_two_files_cannot_give_a_step_the_same_name_and_one_can():
    def made(module):
        return type("Doubled", (Step,), {"__module__": module})

    try:
        first = made("lab_of_anna")
        assert Step.family["Doubled"] is first
        assert Step.family["Doubled"] is not made("lab_of_anna")  # the same file again
        with pytest.raises(SettingsError, match="both lab_of_anna and lab_of_bert give to a step"):
            made("lab_of_bert")
        with pytest.raises(SettingsError, match="both psychopy_nfb and lab_of_bert give to a step"):
            type("CFIR", (Step,), {"__module__": "lab_of_bert"})
    finally:
        del Step.family["Doubled"]
