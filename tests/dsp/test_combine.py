"""Several signals at once, and formulas over them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import signals
from trainings import AT, NAME, one_signal, the_signal

from psychopy_nfb import dsp
from psychopy_nfb.engine.calibration import with_calibration
from psychopy_nfb.engine.configuration import Configuration, read_configuration
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.settings import from_dict, to_dict, write_json

RATE = 250.0
INFO = dsp.SignalInfo(RATE, ("Fz", "Cz", "Oz"))


def theta_beta():
    return dsp.Parallel(
        {
            "theta": [dsp.Pick(["Fz"]), dsp.WCFIR((4, 8), delay=0.1)],
            "beta": [dsp.Pick(["Cz"]), dsp.CFIR((13, 20), delay=0.02)],
        }
    )


@pytest.mark.row(25)
@pytest.mark.parametrize(
    ("formula", "plain"),
    [
        ("Fz / Cz - Oz", lambda a, b, c: a / b - c),
        ("-(Fz + 2) * Cz ** 2", lambda a, b, c: -(a + 2) * b**2),
        ("log(abs(Fz) + 1) - log10(exp(Cz))", lambda a, b, c: np.log(abs(a) + 1) - b / np.log(10)),
        ("max(Fz, min(Cz, Oz)) + sqrt(abs(Oz))", None),
        ("1.5", lambda a, b, c: np.full(len(a), 1.5)),
    ],
)
def test_row_025_a_formula_is_what_numpy_makes_of_it(formula, plain):
    samples = np.random.default_rng(1).normal(size=(500, 3))
    step = dsp.Expression(formula)
    step.prepare(INFO)
    if plain is None:
        wanted = np.maximum(samples[:, 0], np.minimum(samples[:, 1], samples[:, 2]))
        wanted = wanted + np.sqrt(np.abs(samples[:, 2]))
    else:
        wanted = plain(*samples.T)
    assert step.process(samples)[:, 0] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("", "cannot be read"),
        ("Fz +", "cannot be read"),
        ("__import__('os')", "may hold numbers"),
        ("Fz.real", "may hold numbers.*'Fz.real'"),
        ("[Fz]", "may hold numbers"),
        ("sqrt(Fz, Cz)", "may hold numbers"),
        ("min(Fz)", "may hold numbers"),
        ("Fz if Cz else Oz", "may hold numbers"),
        ("True", "may hold numbers"),
        ("alpha / Cz", "names 'alpha', and there are Fz, Cz, Oz"),
    ],
)
def test_what_is_no_formula_is_refused(formula, said):
    with pytest.raises(SettingsError, match=f"formula=.*{said}"):
        dsp.Expression(formula).prepare(INFO)


def test_without_a_finite_value_the_last_one_stays_and_is_flagged():
    step = dsp.Expression("Fz / Cz")
    step.prepare(INFO)
    out = step.process(np.array([[4.0, 2, 0], [1, 0, 0], [0, 0, 0], [9, 3, 0]]))[:, 0]
    assert out.tolist() == [2, 2, 2, 3]
    assert step.flags.tolist() == [0, dsp.Flags.INVALID, dsp.Flags.INVALID, 0]
    assert step.process(np.array([[1.0, 0, 0]])).tolist() == [[3]]
    assert step.process(np.array([[1.0, 1, 0]])).tolist() == [[1]]
    assert step.flags is None


def test_row_025_branches_speak_of_the_same_moment():
    step = theta_beta()
    step.prepare(INFO)
    alone = [dsp.WCFIR((4, 8), delay=0.1), dsp.CFIR((13, 20), delay=0.02)]
    for one in alone:
        one.prepare(dsp.SignalInfo(RATE, ("x",)))
    assert step.declared_delay == max(one.declared_delay for one in alone)
    samples = signals.noise(3000, 3)
    theta = alone[0].process(samples[:, :1])[:, 0]
    beta = alone[1].process(samples[:, 1:2])[:, 0]
    shift = round((alone[0].declared_delay - alone[1].declared_delay) * RATE)
    assert shift > 10
    out = step.process(samples)
    assert (out[:, 0] == theta).all()
    assert (out[shift:, 1] == beta[:-shift]).all()


def test_branches_that_decimate_or_are_wrong_name_themselves():
    with pytest.raises(SettingsError, match=r"branches\.slow=50\.0.*50 of 250 samples"):
        dsp.Parallel({"slow": [dsp.Decimate(5)]}).prepare(INFO)
    with pytest.raises(SettingsError, match=r"branches\.one\[1\]\.band\[1\]|branches\.one\[1\]"):
        dsp.Parallel({"one": [dsp.DCBlock(), dsp.CFIR((100, 130))]}).prepare(INFO)
    with pytest.raises(SettingsError, match=r"branches=.*one branch or more"):
        dsp.Parallel({})


def training(**protocol):
    steps = (dsp.DCBlock(), theta_beta(), dsp.Expression("theta / beta"))
    return one_signal(*steps, **protocol)


@pytest.mark.row(25)
def test_row_025_a_ratio_is_trained_with_a_baseline_that_fits_its_branches(tmp_path):
    processor = Processor(training(), INFO)
    # Only what is used counts: Oz may be off.
    assert processor.chains[NAME].used_channels.tolist() == [0, 1]
    samples = signals.noise(20_000, 3)
    processor.process(samples[:2500])
    processor.begin_baseline()
    processor.process(samples[2500:15_000])
    processor.end_baseline()
    fitted = processor.chains[NAME].pipeline.steps[1].branches["theta"][1]
    assert fitted.spectrum is not None
    block = processor.process(samples[15_000:])
    settled = block.flags == 0
    assert settled.sum() > 4000
    # Kept for the next session, and refused for another signal.
    path = tmp_path / "calibration.json"
    write_json(processor.configuration, path)
    again = with_calibration(training(), path)
    assert the_signal(again).pipeline.steps[1].branches["theta"][1].spectrum == fitted.spectrum
    other = training()
    the_signal(other).pipeline.steps[1].branches["theta"][1].band = (5.0, 8.0)
    with pytest.raises(
        SettingsError, match=r"another signal \(signals\.trained\.pipeline\.steps\[1\]\.branches"
    ):
        with_calibration(other, path)
    assert from_dict(Configuration, json.loads(json.dumps(to_dict(training())))) == training()
    assert read_configuration(path) == processor.configuration


@pytest.mark.row(77)
def test_row_077_a_change_against_the_baseline_is_told_in_percent():
    settings = one_signal(dsp.Pick(["Oz"]), dsp.CFIR((8, 12)), normalise="percent", threshold=10.0)
    processor = Processor(settings, INFO)
    t = np.arange(20_000) / RATE
    amplitude = np.where(t < 40, 10.0, 6.5)  # desynchronisation by 35 %
    samples = np.outer(amplitude * np.sin(2 * np.pi * 10 * t), [0, 0, 1])
    processor.process(samples[:1000])
    processor.begin_baseline()
    processor.process(samples[1000:9000])
    processor.end_baseline()
    processor.process(samples[9000:12_000])
    block = processor.process(samples[12_000:])
    change = block.values[:, AT["z"]]
    assert change.mean() == pytest.approx(-35, abs=2)
    assert change == pytest.approx(change.mean(), abs=4)


@pytest.mark.row(77)
def test_row_077_laterality_is_a_formula_over_two_sites():
    sites = {"left": [dsp.Pick(["Fz"]), dsp.CFIR()], "right": [dsp.Pick(["Cz"]), dsp.CFIR()]}
    steps = [dsp.Parallel(sites), dsp.Expression("(left - right) / (left + right)")]
    pipeline = dsp.Pipeline(steps)
    pipeline.prepare(INFO)
    t = np.arange(5000) / RATE
    samples = np.outer(np.sin(2 * np.pi * 10 * t), [3.0, 1.0, 50.0])
    out = pipeline.process(samples)[0]
    assert out[1000:, 0] == pytest.approx(0.5, abs=0.02)
