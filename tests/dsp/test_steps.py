"""What holds for every step."""

import dataclasses
import json

import numpy as np
import pytest
import signals

import psychopy_nfb.dsp as dsp
from psychopy_nfb.settings import from_dict, to_dict

RATE = 250.0
INFO = dsp.SignalInfo(rate=RATE, labels=signals.LABELS)
STEPS = {
    "pick": dsp.Pick(["Oz", "Cz"]),
    "bad": dsp.BadChannels(["Cz"]),
    "spatial": dsp.SpatialFilter({"a": {"O1": 0.5, "O2": 0.5}, "b": {"Cz": 1.0}}),
    "average": dsp.Reference("average"),
    "laplacian": dsp.Reference("laplacian", channels=["Cz"]),
    "repair": dsp.Repair(limit_uv=30.0, flat_seconds=0.1),
    "gate": dsp.ArtifactGate(limit_uv=30.0, burst_sd=3.0, hold=0.05),
    "asr": dsp.ASR(lookahead=0.15),
    "dc": dsp.DCBlock(),
    "notch": dsp.Notch(50.0, harmonics=2),
    "bandpass": dsp.BandPass((8.0, 12.0), order=3),
    "highpass": dsp.HighPass(1.0),
    "lowpass": dsp.LowPass(30.0, order=4),
    "cfir": dsp.CFIR((8.0, 12.0), delay=0.1, taps=0.5),
    "wcfir": dsp.WCFIR((8.0, 12.0), delay=0.05, taps=0.5),
    "lsfir": dsp.LSFIR((8.0, 12.0), delay=0.05, taps=0.5),
    "echt": dsp.ECHT((8.0, 12.0), window=0.5),
    "kalman": dsp.KalmanOscillator((8.0, 12.0)),
    "arhilbert": dsp.ARHilbert((8.0, 12.0), delay=0.02, hop=0.06),
    "rectify": dsp.Rectify((8.0, 12.0)),
    "complexdem": dsp.ComplexDemodulation((8.0, 12.0)),
    "fft": dsp.SlidingFFT((8.0, 12.0), window=0.5, hop=0.03),
    "exponential": dsp.ExponentialAverage(0.1),
    "moving": dsp.MovingAverage(0.1),
    "savgol": dsp.SavitzkyGolay(0.2, order=3),
    "gradient": dsp.GradientTemplate(tr=0.404, fewest=2),
    "wires": dsp.CarbonWireLoops(["Oz"], lag=0.02, window=1.0),
    "delay": dsp.Delay(0.3),
    "decimate": dsp.Decimate(5),
    "hjorth": dsp.Hjorth("activity", window=0.5, hop=0.02),
    "shape": dsp.SpectralShape((4.0, 20.0), "centroid", window=0.5),
    "connectivity": dsp.Connectivity([["Cz", "Oz"]], memory=0.5),
    "coupling": dsp.PhaseAmplitudeCoupling(memory=0.5),
    "parallel": dsp.Parallel(
        {"slow": [dsp.WCFIR((8.0, 12.0), delay=0.1)], "fast": [dsp.CFIR((8.0, 12.0), delay=0.02)]}
    ),
    "expression": dsp.Expression("Cz / 2 + abs(Oz)"),
    "lda": dsp.LDA({"Cz": 0.5, "Oz": -1.0}, offset=0.2, log=True),
}
ENVELOPES = (
    *("cfir", "wcfir", "lsfir", "echt", "kalman", "arhilbert", "complexdem"),
    "parallel",
    *("rectify", "fft"),
)
MEASURES = ("shape", "connectivity", "coupling")
"""Of more than an amplitude: how late they are is measured in test_features.py."""
ONE_CHANNEL = (
    *("repair", "gate", "dc", "notch", "bandpass", "highpass", "lowpass"),
    *("cfir", "wcfir", "echt", "kalman", "arhilbert", "rectify", "complexdem", "fft"),
    *("exponential", "moving", "savgol", "delay", "hjorth"),
)
"""Those that go from one channel to one."""
OTHER_OUTPUTS = [dsp.CFIR((8.0, 12.0), delay=0.1, output=output) for output in ("phase", "rhythm")]
every_step = pytest.mark.parametrize("name", STEPS)


def fresh(name):
    return from_dict(dsp.Step, to_dict(STEPS[name]))


def in_blocks(step, samples, size):
    outs, flags = [], []
    for start in range(0, len(samples), size):
        out = step.process(samples[start : start + size])
        outs.append(out)
        flags.append(np.zeros(len(out), np.uint32) if step.flags is None else step.flags)
    return np.concatenate(outs), np.concatenate(flags)


def test_every_step_is_tried_here():
    tried = {type(step).__name__ for step in STEPS.values()} | {"Burn"}
    assert tried == set(dsp.Step.family)


@every_step
def test_row_010_the_cut_into_blocks_does_not_matter(name):
    samples = signals.noise(3000)
    samples[700:760, 2] = samples[700, 2]  # flat, and
    samples[900, 1] = np.nan if name == "repair" else 90.0
    whole_step = fresh(name)
    whole_step.prepare(INFO)
    whole, whole_flags = in_blocks(whole_step, samples, len(samples))
    for size in (1, 7, 50):
        step = fresh(name)
        step.prepare(INFO)
        parts, flags = in_blocks(step, samples, size)
        assert parts.shape == whole.shape
        assert np.abs(parts - whole).max() < 1e-9
        assert (flags == whole_flags).all()
    if name in ("repair", "gate"):
        assert 0 < (whole_flags != 0).sum() < len(samples)


@pytest.mark.parametrize(
    "settings", [*(STEPS[name] for name in ONE_CHANNEL), *OTHER_OUTPUTS], ids=repr
)
def test_a_sample_as_a_number_gives_what_it_gives_as_an_array(settings):
    samples = signals.noise(1200, n_channels=1)
    samples[300:340] = 90.0  # beyond a limit, and flat
    by_array, by_number = (from_dict(dsp.Step, to_dict(settings)) for _ in range(2))
    for step in (by_array, by_number):
        step.prepare(dsp.SignalInfo(rate=RATE, labels=("Oz",)))
    expected, flags = in_blocks(by_array, samples, 1)
    out, bits = [], []
    for row, value in enumerate(samples[:, 0].tolist()):
        if row % 5 == 2:  # both ways keep one state
            out += by_number.process(samples[row : row + 1])[:, 0].tolist()
            bits += [0] if by_number.flags is None else by_number.flags.tolist()
        else:
            out.append(by_number.process_one(value))
            bits.append(by_number.bits)
    assert np.abs(np.array(out) - expected[:, 0]).max() < 1e-12
    assert bits == flags.tolist()
    assert any(bits) == isinstance(settings, (dsp.Repair, dsp.ArtifactGate))


@every_step
def test_settings_survive_json(name):
    again = from_dict(dsp.Step, json.loads(json.dumps(to_dict(STEPS[name]))))
    assert dataclasses.asdict(again) == dataclasses.asdict(fresh(name))


@every_step
def test_after_a_reset_it_is_as_new(name):
    step = fresh(name)
    step.prepare(INFO)
    first, _ = in_blocks(step, signals.noise(500, seed=1), 50)
    step.reset()
    again, _ = in_blocks(step, signals.noise(500, seed=1), 50)
    assert (first == again).all()


@every_step
def test_the_input_is_never_written_to(name):
    samples = signals.noise(300)
    samples[100] = 1e9
    kept = samples.copy()
    step = fresh(name)
    step.prepare(INFO)
    step.process(samples)
    assert (samples == kept).all()


@pytest.mark.parametrize("name", [name for name in STEPS if name not in MEASURES])
def test_row_108_the_delay_is_as_declared(name):
    """An amplitude that swells slowly comes out as much later as the step says."""
    if name in ("average", "laplacian", "bad", "spatial", "pick", "expression", "lda"):
        pytest.skip("mixes channels and has no time")
    rate = 500.0
    n = 30_000
    wave, envelope = signals.swelling_sine(n, rate)
    smoother = name in ("exponential", "moving", "savgol")  # these follow the envelope itself
    step = fresh(name)
    info = dsp.SignalInfo(rate=rate, labels=("Cz", "Oz"), frequency=None if smoother else 10.0)
    out_rate = step.prepare(info).rate
    out = step.process(np.outer(envelope if smoother else wave, [1, 0]))[:, 0]
    factor = round(rate / out_rate)
    if name not in (*ENVELOPES, "hjorth") and not smoother:
        out = np.abs(analytic(out))
    reference = envelope[factor - 1 :: factor]
    keep = slice(len(out) // 6, -len(out) // 6)
    measured = signals.lag_in_samples(out[keep], reference[keep], round(0.6 * out_rate))
    assert measured == pytest.approx(step.declared_delay * out_rate, abs=1.0)


def analytic(x):
    spectrum = np.fft.fft(x)
    spectrum[len(x) // 2 :] = 0
    return 2 * np.fft.ifft(spectrum)


@pytest.mark.parametrize("name", ENVELOPES)
def test_row_013_a_sine_has_its_amplitude_as_envelope(name):
    step = fresh(name)
    step.prepare(dsp.SignalInfo(rate=RATE, labels=("Oz",)))
    t = np.arange(5000) / RATE
    out = step.process(7.0 * np.sin(2 * np.pi * 10 * t)[:, None])[2500:, 0]
    assert out.mean() == pytest.approx(7.0, rel=0.03)


@pytest.mark.parametrize("name", ["dc", "notch", "bandpass", "cfir", "wcfir", "moving"])
def test_it_recovers_from_what_the_repair_lets_through(name):
    repair, step = dsp.Repair(), fresh(name)
    repair.prepare(INFO)
    step.prepare(INFO)
    samples = signals.noise(5000)
    plain = fresh(name)
    plain.prepare(INFO)
    expected = plain.process(samples)
    spoilt = samples.copy()
    spoilt[1000:1010] = np.nan
    spoilt[1100] = np.inf
    spoilt[1200] = -1e30
    out = step.process(repair.process(spoilt))
    assert np.isfinite(out).all()
    assert np.abs(out[4000:] - expected[4000:]).max() < 1e-3
