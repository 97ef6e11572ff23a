"""Estimators of envelope and phase against plain references and known signals."""

from __future__ import annotations

import numpy as np
import pytest
import signals
from scipy import linalg, signal

from psychopy_nfb import dsp
from psychopy_nfb.errors import SettingsError

RATE = 250.0
INFO = dsp.SignalInfo(RATE, ("Oz",))
WITH_PHASE = {
    "cFIR": lambda output: dsp.CFIR(delay=0.1, output=output),
    "wcFIR": lambda output: dsp.WCFIR(delay=0.1, output=output),
    "LS-FIR": lambda output: dsp.LSFIR(delay=0.1, output=output),
    "ecHT": lambda output: dsp.ECHT(output=output),
    "Kalman": lambda output: dsp.KalmanOscillator(output=output),
    "AR-Hilbert": lambda output: dsp.ARHilbert(hop=1 / RATE, output=output),
    "demodulate": lambda output: dsp.ComplexDemodulation(output=output),
}


def eeg(seconds=60.0, seed=1):
    """Return alpha that waxes and wanes in 1/f noise, (n, 1)."""
    random = np.random.default_rng(seed)
    n = round(seconds * RATE)
    spectrum = np.fft.rfft(random.standard_normal(n))
    frequencies = np.fft.rfftfreq(n, 1 / RATE)
    background = np.fft.irfft(spectrum / np.maximum(frequencies, 0.5) ** 0.75, n)
    sos = signal.butter(1, (9, 11), "bandpass", fs=RATE, output="sos")
    alpha = signal.sosfilt(sos, random.standard_normal(n))
    return 10 * (background / background.std() + alpha / alpha.std())[:, None]


def ready(step, fit_to=None):
    step.prepare(INFO)
    if fit_to is not None:
        step.fit(fit_to)
        step.reset()
    return step


@pytest.mark.parametrize("name", WITH_PHASE)
def test_phase_of_a_sine_is_its_own_as_late_as_was_chosen(name):
    t = np.arange(1500) / RATE
    wave = 5 * np.cos(2 * np.pi * 10 * t)[:, None]
    phase = ready(WITH_PHASE[name]("phase"))
    assert phase.prepare(INFO).units == "rad"
    found = phase.process(wave)[-500:, 0]
    delay = getattr(phase, "delay", 0.0)
    error = np.angle(np.exp(1j * (found - 2 * np.pi * 10 * (t[-500:] - delay))))
    if name == "ecHT":  # a causal band-pass has no phase shift but at its own centre
        error -= np.angle(np.exp(1j * error).mean())
        assert np.abs(error).max() < np.deg2rad(3)
    else:
        # A forecast by Yule-Walker is drawn towards rest.
        assert np.abs(error).max() < np.deg2rad(12 if name == "AR-Hilbert" else 8)
    rhythm = ready(WITH_PHASE[name]("rhythm")).process(wave)[-500:, 0]
    envelope = ready(WITH_PHASE[name]("envelope")).process(wave)[-500:, 0]
    assert rhythm == pytest.approx(envelope * np.cos(found), abs=1e-9)


def test_unknown_output_is_refused():
    with pytest.raises(SettingsError, match=r"output.*'power'.*envelope"):
        dsp.CFIR(output="power")


def test_row_013_ls_fir_is_the_regression_on_the_recording():
    samples = eeg()
    step = ready(dsp.LSFIR(delay=0.06, taps=0.2), samples)
    n_taps = round(0.2 * RATE)
    wanted = dsp.acausal_analytic(samples, RATE, (8, 12), 0.06)[:, 0]
    rows = np.arange(250, len(samples) - 250)
    past = samples[rows[:, None] - np.arange(n_taps), 0]
    own = past.T @ past
    own += 1e-3 * np.trace(own) / n_taps * np.eye(n_taps)
    plain = linalg.solve(own, past.T @ wanted[rows])
    taps = np.array(step.coefficients[0]) + 1j * np.array(step.coefficients[1])
    # Sums over the whole recording against those over its inner part: the same but for the edges.
    # In directions that the signal hardly takes taps may differ, what they make of it may not.
    error = past @ (taps - plain)
    assert np.linalg.norm(error) < 0.02 * np.linalg.norm(past @ plain)


def test_fitted_to_a_recording_ls_fir_is_best_on_another_half():
    samples = eeg(120)
    half = len(samples) // 2
    wanted = np.abs(dsp.acausal_analytic(samples, RATE, (8, 12), 0.05)[:, 0])
    scored = slice(half + 500, -500)

    def quality(step, fit=True):
        found = ready(step, samples[:half] if fit else None).process(samples)[:, 0]
        return np.corrcoef(found[scored], wanted[scored])[0, 1]

    fitted = quality(dsp.LSFIR(delay=0.05))
    assert fitted > quality(dsp.CFIR(delay=0.05), fit=False) + 0.02
    assert fitted > quality(dsp.ECHT(), fit=False)
    assert fitted > quality(dsp.KalmanOscillator(delay=0.05))


def test_too_short_or_flat_a_recording_is_not_learned_from():
    for samples in (eeg(3.9), np.zeros((5000, 1))):
        step = ready(dsp.LSFIR(taps=1.0), samples)
        assert step.coefficients is None
        kalman = ready(dsp.KalmanOscillator(), samples)
        assert (kalman.bandwidth, kalman.snr) == (1.0, 0.1)


def test_taps_of_another_rate_are_refused():
    step = ready(dsp.LSFIR(taps=0.5), eeg())
    with pytest.raises(SettingsError, match=r"coefficients.*125 taps.*64 taps.*new baseline"):
        step.prepare(dsp.SignalInfo(128.0, ("Oz",)))


def test_row_013_echt_is_the_endpoint_of_each_window_s_transform():
    samples = signals.noise(400, 1)
    found = ready(dsp.ECHT(window=0.4, order=2)).analytic(samples)[:, 0]
    n = round(0.4 * RATE)
    sos = signal.butter(2, (8, 12), "bandpass", fs=RATE, output="sos")
    frequencies = np.fft.fftfreq(n, 1 / RATE)
    response = signal.sosfreqz(sos, np.abs(frequencies), fs=RATE)[1]
    plain = np.array(
        [
            np.fft.ifft(np.fft.fft(samples[at - n : at, 0]) * 2 * response * (frequencies > 0))[-1]
            for at in range(n, len(samples) + 1)
        ]
    )
    scale = np.abs(found[n - 1 :]).sum() / np.abs(plain).sum()
    assert found[n - 1 :] == pytest.approx(scale * plain, abs=1e-9)


def test_row_013_kalman_is_the_textbook_s_filter():
    samples = eeg(20)
    step = ready(dsp.KalmanOscillator(bandwidth=2.0, snr=0.05))
    found = step.analytic(samples)[:, 0]
    fade, angle = np.exp(-np.pi * 2.0 / RATE), 2 * np.pi * 10 / RATE
    turn = fade * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    state, spread = np.zeros(2), 0.05 * np.eye(2)
    plain = np.empty(len(samples), complex)
    for row, sample in enumerate(samples[:, 0]):
        state = turn @ state
        spread = turn @ spread @ turn.T + 0.05 * (1 - fade**2) * np.eye(2)
        gain = spread[:, 0] / (spread[0, 0] + 1)
        state = state + gain * (sample - state[0])
        spread = spread - np.outer(gain, spread[0])
        plain[row] = state[0] + 1j * state[1]
    late = slice(2500, None)  # its gain has settled
    scale = np.abs(found[late]).sum() / np.abs(plain[late]).sum()
    assert found[late] == pytest.approx(scale * plain[late], abs=1e-6 * scale)


def test_a_window_too_short_for_the_forecast_is_refused():
    with pytest.raises(SettingsError, match=r"window.*0\.2.*longer"):
        dsp.ARHilbert(window=0.2).prepare(INFO)


@pytest.mark.row(107)
def test_row_107_a_prediction_is_declared_and_never_silently_on():
    with pytest.raises(SettingsError, match=r"delay.*-0\.02.*predict"):
        dsp.LSFIR(delay=-0.02)
    samples = eeg(120)
    half = len(samples) // 2
    step = ready(dsp.LSFIR(delay=-0.02, predict=True), samples[:half])
    found = step.analytic(samples)[half + 500 : -500, 0]
    errors = []
    for delay in (-0.02, 0.0):
        wanted = dsp.acausal_analytic(samples, RATE, (8, 12), delay)[half + 500 : -500, 0]
        errors.append(np.abs(np.angle((found * wanted.conj()).sum())))
    assert errors[0] < np.deg2rad(5)  # it is 20 ms ahead, a fifth of a period
    assert errors[1] == pytest.approx(2 * np.pi * 10 * 0.02, abs=np.deg2rad(10))
