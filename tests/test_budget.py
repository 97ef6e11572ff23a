"""Numbers that nobody means are refused when they are read, with their parameter."""

from __future__ import annotations

import json

import numpy as np
import pytest

from psychopy_nfb import budget
from psychopy_nfb.dsp import MovingAverage, Pipeline, SignalInfo
from psychopy_nfb.engine.configuration import Configuration, read_configuration
from psychopy_nfb.engine.memory import HEADER_BYTES, LAYOUT_AT, SharedBlock
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Signal
from psychopy_nfb.settings import from_dict

INFO = SignalInfo(250.0, ("Oz", "Cz"))


def refusal(settings, rate=250.0):
    with pytest.raises(SettingsError) as caught:
        prepare(read_configuration(settings), rate)
    return str(caught.value)


def prepare(configuration, rate):
    configuration.signals[configuration.first].pipeline.prepare(SignalInfo(rate, INFO.labels))


def with_step(kind, **settings):
    return of_signal(pipeline={"steps": [{"type": kind, **settings}]})


def of_signal(**settings):
    return {"signals": {"one": settings}}


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (("WCFIR", {"taps": 250}), "taps=250.0: is 6.25e+04 samples of 8 channels at 250 Hz"),
        (("LSFIR", {"taps": 250}), "taps=250.0: is 6.25e+04 samples"),
        (("ECHT", {"window": 250}), "window=250.0: is 6.25e+04 samples"),
        (("MovingAverage", {"seconds": 250}), "seconds=250.0: is 6.25e+04 samples at 250 Hz"),
        (("SavitzkyGolay", {"seconds": 250}), "seconds=250.0: is 6.25e+04 samples"),
        (("SavitzkyGolay", {"order": 10**6}), "order=1000000: must be at least 0 and at most 12"),
        (("Delay", {"seconds": 1e6}), "seconds=1000000.0: must be at most 604800 s"),
        (("Delay", {"seconds": 250}), "seconds=250.0: is 6.25e+04 samples of 2 channels"),
        (("SlidingFFT", {"window": 250}), "window=250.0: is 6.25e+04 samples of 2 channels"),
        (("Hjorth", {"hop": 250}), "hop=250.0: is 6.25e+04 samples"),
        (("Connectivity", {"pairs": [["Oz", "Cz"]], "taps": 250}), "taps=250.0: is 6.25e+04"),
        (("GradientTemplate", {"tr": 240}), "tr=240.0: is 6e+04 samples of 2 channels"),
        (("GradientTemplate", {"forget": 10**9}), "forget=1000000000: must be at least 1"),
        (("Notch", {"harmonics": 10**9}), "harmonics=1000000000: must be at least 1"),
        (("Decimate", {"factor": 10**9}), "factor=1000000000: must be at least 1"),
        (("Burn", {"milliseconds": 1e6}), "milliseconds=1000000.0: must be at least 0"),
        (("BandPass", {"band": [8, 8.0000001]}), "band=[8.0, 8.0000001]: is too narrow"),
        (("CFIR", {"band": [1e-9, 12]}), "band[0]=1e-09: must be at least 0.001 Hz"),
        (("CFIR", {"band": [8, 1e308]}), "band[1]=1e+308: must be between"),
        (("CFIR", {"band": [8, 1e9]}), "band[1]=1000000000.0: must be at most 100000 Hz"),
        (("DCBlock", {"cutoff": 1e-9}), "cutoff=1e-09: must be at least 2.5e-05 Hz"),
        (("DCBlock", {"cutoff": 1e-320}), "cutoff=1e-320: is too small to be meant"),
        (("Rectify", {"smooth": 200}), "smooth=200.0: must lie below 125 Hz"),
        (("Expression", {"formula": "(" * 900 + "Oz" + ")" * 900}), "formula='1802 characters'"),
        (("Expression", {"formula": "(" * 300 + "Oz" + ")" * 300}), "formula='(((("),
        (("Expression", {"formula": "9" * 900}), "formula=9999"),
        (("SpatialFilter", {"weights": {"a": {"Oz": 1e300}}}), "weights.a.Oz=1e+300: must be"),
        (("ARHilbert", {"window": 40, "hop": 1e-9}), "hop=1e-09: is too short: 250 estimates"),
    ],
)
def test_more_than_there_can_be_is_refused_with_its_parameter(step, said):
    name, settings = step
    sentence = (
        refusal(with_step(name, **settings))
        .removeprefix("signals.one.")
        .removeprefix("pipeline.steps[0].")
    )
    assert sentence.startswith(said)


def test_other_sections_have_their_bounds_too():
    assert refusal({"stream": {"timeout": 1e308}}).startswith("stream.timeout=1e+308: must be")
    assert "must be 101, or none" in refusal(
        of_signal(baseline={"mean": 1, "sd": 1, "minimum": 0, "maximum": 2, "percentiles": [1, 2]})
    )
    many = {f"s{n}": {"pipeline": {"steps": [{"type": "Pick"}]}} for n in range(21)}
    assert refusal({"signals": many}) == "signals='21 signals': are too many; use at most 20."
    assert "too many" in refusal({"signals": {"x" * 300: {}}})
    steps = [{"type": "DCBlock"}] * 101
    assert refusal(of_signal(pipeline={"steps": steps})).startswith(
        "signals.one.pipeline.steps='101 steps'"
    )


def test_a_stream_of_a_gigahertz_is_refused():
    assert refusal(with_step("DCBlock"), rate=1e9).startswith("rate=1000000000.0: must be at most")


def test_settings_nested_without_end_are_refused():
    step = {"type": "DCBlock"}
    for _ in range(400):
        step = {"type": "Parallel", "branches": {"a": [step]}}
    assert "nested too deeply" in refusal(of_signal(pipeline={"steps": [step]}))


def test_a_wrong_value_of_any_length_is_a_sentence_of_some_lines():
    said = refusal(of_signal(threshold=["x" * 100_000]))
    assert said.endswith(
        "… (100004 characters): must be a number or an object with named settings."
    )
    assert len(said) < 300


def test_the_longest_names_of_the_most_signals_have_place_in_shared_memory():
    longest = "é" * (budget.LONGEST_NAME - 2)
    signals = {f"{longest}{n:02}": Signal() for n in range(budget.MOST_SIGNALS)}
    names = Configuration(signals=signals).value_names
    made = SharedBlock.create(names)
    try:
        other = SharedBlock.attach(made.name)
        assert other.value_names == names
        other.close()
        assert len(json.dumps(list(names), ensure_ascii=False).encode()) * 1.5 < (
            HEADER_BYTES - LAYOUT_AT
        )
    finally:
        made.close()


def test_a_moving_average_of_minutes_is_the_mean():
    step = MovingAverage(150)
    step.prepare(INFO)
    samples = np.random.default_rng(1).standard_normal((40_000, 2)) + 5
    out = step.process(samples)
    np.testing.assert_allclose(out[-1], samples[-37_500:].mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(out[0], samples[0], atol=1e-9)  # as if it had always been there


def test_numbers_in_use_are_not_refused():
    for step in (
        {"type": "WCFIR", "taps": 10},
        {"type": "DCBlock", "cutoff": 0.001},
        {"type": "BandPass", "band": [14.9, 15.1]},
        {"type": "MovingAverage", "seconds": 60},
        {"type": "BandPass", "band": [0.01, 0.1]},
    ):
        from_dict(Pipeline, {"steps": [step]}).prepare(INFO)
