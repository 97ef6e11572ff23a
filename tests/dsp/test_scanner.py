"""What a magnet adds to EEG, and what is left of it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from psychopy_nfb import dsp
from psychopy_nfb.dsp import wires
from psychopy_nfb.errors import SettingsError

RATE = 500.0
TR = 1.2
NOISE = 5.0


def scanned(volumes, seed, stretch=1.0, shapes=(0,)):
    """Return noise (n, 4), and the same with a 200 uV artifact that repeats each volume.

    `stretch` is the scanner's clock over the amplifier's; `shapes` are seeds of artifacts that take
    turns, ten volumes each.
    """
    random = np.random.default_rng(seed)
    length = round(TR * RATE)
    noise = NOISE * random.standard_normal((volumes * length, 4))
    t = np.arange(len(noise)) * stretch / RATE
    volume, phase = np.divmod(t, TR)
    artifact = np.zeros_like(noise)
    for place, shape in enumerate(shapes):
        parts = np.random.default_rng(shape).standard_normal((2, 30, 4))
        turns = 2 * np.pi * np.arange(1, 31)[:, None] * phase / TR
        wave = np.einsum("ht,hc->tc", np.sin(turns), parts[0])
        wave += np.einsum("ht,hc->tc", np.cos(turns), parts[1])
        now = (volume // 10).astype(int) % len(shapes) == place
        artifact += now[:, None] * wave
    return noise, noise + 200 * artifact / artifact.std()


def cleaned(samples, **settings):
    step = dsp.GradientTemplate(tr=TR, **settings)
    step.prepare(dsp.SignalInfo(RATE, tuple("abcd")))
    return step, step.process(samples)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_row_022_after_six_volumes_little_more_than_the_noise_is_left(seed):
    noise, samples = scanned(40, seed)
    step, out = cleaned(samples)
    length = round(TR * RATE)
    start = (step.fewest + 1) * length
    assert (out[:start] == samples[:start]).all(), "a template that has seen too little"
    for begin in range(start, len(out), 2 * length):
        left = out[begin : begin + 2 * length]
        assert left.std() <= 1.1 * noise[begin : begin + 2 * length].std()
    assert step.settle == pytest.approx(6 * TR)
    assert not step.flags.any()


def test_row_022_two_artifacts_have_a_template_each():
    noise, samples = scanned(60, 4, shapes=(0, 9))
    step, out = cleaned(samples)
    length = round(TR * RATE)
    # From the second time on a change costs one volume, in which it is recognised.
    for first in (21, 31, 41, 51):
        known = slice(first * length, (first + 9) * length)
        assert out[known].std() <= 1.1 * noise[known].std()


def test_row_022_a_template_that_nothing_resembles_any_more_is_dropped():
    _, samples = scanned(20, 4, shapes=(0, 9))
    step, _ = cleaned(samples, forget=5)
    assert len(step._templates) == 1
    step, _ = cleaned(samples, forget=15)
    assert len(step._templates) == 2


@pytest.mark.parametrize("ppm", [50, -50, 200])
def test_row_022_a_drifting_volume_is_warned_of(ppm):
    _, samples = scanned(40, 5, stretch=1 + 1e-6 * ppm)
    step, _ = cleaned(samples)
    length = round(TR * RATE)
    assert (step.flags[10 * length :] == dsp.Flags.DRIFTING).all()
    assert not step.flags[: 8 * length].any()


def test_row_022_without_a_scanner_nothing_is_subtracted_or_flagged():
    noise, _ = scanned(40, 6)
    step, out = cleaned(noise)
    assert (out == noise).all()
    assert not step.flags.any()


def test_row_022_a_volume_that_is_no_whole_number_of_samples_is_refused():
    step = dsp.GradientTemplate(tr=2.0005)
    with pytest.raises(SettingsError, match=r"tr.*2\.0005.*1000\.25 samples at 500 Hz.*lock"):
        step.prepare(dsp.SignalInfo(RATE, tuple("abcd")))


LABELS = ("C3", "Cz", "C4", "W1", "W2", "W3")


def moved(seconds, seed):
    """Return EEG (n, 3) and the same with what three wires see, lagged and mixed, (n, 6)."""
    random = np.random.default_rng(seed)
    n = round(seconds * RATE)
    sos = signal.butter(2, (0.5, 30), "bandpass", fs=RATE, output="sos")
    wires = signal.sosfilt(sos, random.standard_normal((n, 3)), axis=0)
    wires /= wires.std(axis=0)
    eeg = random.standard_normal((n, 3))
    artifact = np.zeros((n, 3))
    for wire in range(3):
        for lag in (-12, 0, 9, 20):
            artifact += np.outer(np.roll(wires[:, wire], lag), random.standard_normal(3))
    artifact *= 40 / artifact.std()
    return eeg, artifact, np.hstack([eeg + artifact, 50 * wires])


def regressed(samples, **settings):
    step = dsp.CarbonWireLoops(["W1", "W2", "W3"], **settings)
    step.prepare(dsp.SignalInfo(RATE, LABELS))
    return step, step.process(samples)


@pytest.mark.parametrize("seed", [1, 2])
def test_row_023_a_tenth_of_the_artifact_is_left_after_twelve_seconds(seed):
    eeg, artifact, samples = moved(24, seed)
    step, out = regressed(samples)
    late = round(step.lag * RATE)
    assert step.declared_delay == late / RATE == 0.05
    residual = out[late:, :3] - eeg[:-late]
    there = artifact[: len(residual)]
    second = round(RATE)
    for begin in range(0, len(residual) - second, second):
        part = slice(begin, begin + second)
        left = residual[part].std() / there[part].std()
        assert left <= (0.1 if begin >= 12 * RATE else 1.0 + 1e-9)
    assert (out[late:, 3:] == samples[:-late, 3:]).all()


def test_row_023_each_window_s_coefficients_are_the_least_squares_ones():
    _, _, samples = moved(10, 3)
    step, _ = regressed(samples[: round(8.9 * RATE)])
    n, late = 2 * step._half_window, step._half_lag
    padded = np.concatenate([np.zeros((step._n_lags - 1, 6)), samples])
    rows = np.array([padded[at : at + step._n_lags, 3:].T.ravel() for at in range(n)])
    wanted = padded[late : late + n, :3]
    weights = signal.windows.hann(n + 1)[:-1, None]
    plain = np.linalg.lstsq(weights * rows, weights * wanted, rcond=None)[0]
    found = rows @ step._newest
    assert np.abs(found - rows @ plain).max() < 1e-3 * np.abs(found).max()


def test_row_023_no_sample_pays_for_more_than_one_column_of_the_solver(monkeypatch):
    columns = []

    class Counted(wires._Cholesky):
        def advance(self):
            columns.append(self._at)
            return super().advance()

    monkeypatch.setattr(wires, "_Cholesky", Counted)
    _, _, samples = moved(10, 4)
    step = dsp.CarbonWireLoops(["W1", "W2", "W3"])
    step.prepare(dsp.SignalInfo(RATE, LABELS))
    most = 0
    for sample in samples:
        before = len(columns)
        step.process(sample[None])
        most = max(most, len(columns) - before)
    assert most == 1
    assert columns[: 2 * 153] == list(range(2 * 153))  # 3 wires, 51 lags


def test_row_023_wires_that_are_not_connected_take_nothing_away():
    eeg, _, samples = moved(16, 5)
    samples[:, 3:] = 0
    step, out = regressed(samples)
    late = step._half_lag
    assert (out[late:] == samples[:-late]).all()


def test_row_023_eeg_depends_on_the_wires_and_not_the_other_way():
    step, _ = regressed(np.zeros((1, 6)))
    assert (step.mixed(np.eye(6)) != 0).astype(int).tolist() == [
        *([1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]),
        *([1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 1, 0], [1, 1, 1, 0, 0, 1]),
    ]


def test_row_023_slow_artifacts_can_be_left_alone():
    _, _, samples = moved(24, 6)
    offset = samples + np.array([5000.0, -300, 0, 1000, 0, 0])
    _, out = regressed(offset, cutoff=1.0)
    late = round(0.05 * RATE)
    settled = slice(round(13 * RATE), None)
    assert out[settled, 0].mean() == pytest.approx(5000, abs=5)
    assert out[settled, 0].std() < 0.3 * samples[:-late, 0].std()


def test_row_023_settings_that_cannot_work_are_refused():
    with pytest.raises(SettingsError, match=r"wires.*name the channels"):
        dsp.CarbonWireLoops()
    with pytest.raises(SettingsError, match=r"window.*0\.5.*153 regressors.*1\.2 s or more"):
        dsp.CarbonWireLoops(["W1", "W2", "W3"], window=0.5).prepare(dsp.SignalInfo(RATE, LABELS))
