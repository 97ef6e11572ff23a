"""Single steps against numpy, scipy and what must come out."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import signal
from signals import LABELS, noise

import psychopy_nfb.dsp as dsp
from psychopy_nfb.errors import FileError, SettingsError

RATE = 500.0
INFO = dsp.SignalInfo(rate=RATE, labels=LABELS)
EEGLAB = Path(__file__).parents[3] / "shared" / "data" / "eeglab_data.set"


def through(step, samples, info=INFO):
    out_info = step.prepare(info)
    return step.process(samples), out_info


def test_row_006_channels_are_picked_and_left_out():
    samples = noise()
    out, info = through(dsp.Pick(["Oz", "cz"]), samples)
    assert info.labels == ("Oz", "Cz")
    assert (out == samples[:, [6, 2]]).all()
    out, info = through(dsp.Pick(exclude=["Fz", "Pz"]), samples)
    assert info.labels == ("C3", "Cz", "C4", "O1", "Oz", "O2")
    assert (out == np.delete(samples, [0, 4], axis=1)).all()


def test_row_006_average_reference_without_an_eye_channel():
    samples = noise()
    out, _ = through(dsp.Reference("average", exclude=["Fz"]), samples)
    expected = samples.copy()
    expected[:, 1:] -= samples[:, 1:].mean(axis=1, keepdims=True)
    assert np.abs(out - expected).max() < 1e-12


def test_row_006_linked_and_bipolar_reference():
    samples = noise()
    out, _ = through(dsp.Reference("linked", channels=["C3", "C4"]), samples)
    assert np.abs(out - (samples - samples[:, [1, 3]].mean(axis=1, keepdims=True))).max() < 1e-12
    out, info = through(dsp.Reference("bipolar", pairs=[["C3", "C4"], ["O1", "Oz"]]), samples)
    assert info.labels == ("C3-C4", "O1-Oz")
    assert np.abs(out - (samples[:, [1, 5]] - samples[:, [3, 6]])).max() < 1e-12


def test_row_006_laplacian_takes_what_the_neighbours_share():
    common = np.random.default_rng(1).normal(0, 50, (1000, 1))
    local = np.zeros((1000, len(LABELS)))
    local[:, 2] = np.sin(np.arange(1000) / 10)
    out, info = through(dsp.Reference("laplacian", channels=["Cz"]), local + common)
    assert info.labels == ("Cz",)
    assert np.abs(out[:, 0] - local[:, 2]).max() < 1e-9


def test_row_006_a_bad_channel_is_filled_from_its_neighbours_or_masked():
    samples = noise()
    samples[:, 2] = 1e5
    out, _ = through(dsp.BadChannels(["Cz"]), samples)
    near = out[:, 2]
    assert np.abs(near).max() < 60  # a mean of channels of 10 uV
    assert (np.delete(out, 2, axis=1) == np.delete(samples, 2, axis=1)).all()
    out, info = through(dsp.BadChannels(["Cz"], mode="drop"), samples)
    assert "Cz" not in info.labels
    out, _ = through(dsp.BadChannels(["Cz"], mode="zero"), samples)
    assert (out[:, 2] == 0).all()


def test_row_007_an_offset_of_100_uv_leaves_less_than_one():
    t = np.arange(5000) / RATE
    wave = 5 * np.sin(2 * np.pi * 10 * t)[:, None]
    info = dsp.SignalInfo(rate=RATE, labels=("Oz",))
    out, _ = through(dsp.DCBlock(), 100 + wave, info)
    assert abs(out[2500:].mean()) < 1
    assert np.abs(out - wave)[2500:].max() < 1
    flat, _ = through(dsp.DCBlock(), np.full((100, 1), 100.0), info)
    assert np.abs(flat).max() < 1e-9  # and no step at the start


def test_row_009_a_burst_of_ten_sd_is_flagged_at_once():
    samples = noise(10_000) / 10  # 1 uV, far from any absolute limit
    samples[6000:6100, 3] *= 40
    step = dsp.ArtifactGate(limit_uv=1e4, burst_sd=10.0, hold=0.5)
    through(step, samples)
    flagged = np.flatnonzero(step.flags & dsp.Flags.BURST)
    assert 6000 <= flagged[0] <= 6000 + 2 * RATE
    assert flagged[0] < 6100
    assert flagged[-1] < 6100 + 0.5 * RATE + 1
    assert not (step.flags & dsp.Flags.AMPLITUDE).any()


def test_amplitude_is_held_as_long_as_asked():
    samples = noise(1000) / 10
    samples[500, 0] = 101
    step = dsp.ArtifactGate(limit_uv=100.0, burst_sd=1e6, hold=0.2)
    through(step, samples)
    flagged = np.flatnonzero(step.flags & dsp.Flags.AMPLITUDE)
    assert (flagged[0], flagged[-1]) == (500, 600)


def test_what_is_no_measurement_is_replaced_and_flagged():
    samples = noise(300)
    samples[10, 1], samples[20, 2], samples[30, 3] = np.nan, np.inf, -2e6
    step = dsp.Repair()
    out, _ = through(step, samples)
    assert np.flatnonzero(step.flags).tolist() == [10, 20, 30]
    assert (out[[10, 20, 30], [1, 2, 3]] == samples[[9, 19, 29], [1, 2, 3]]).all()


def test_a_filter_learns_nothing_from_a_flat_electrode():
    step = dsp.WCFIR((8.0, 12.0))
    step.prepare(dsp.SignalInfo(RATE, ("Oz",)))
    before = step.process(noise(300)[:, :1])
    step.fit(np.zeros((2000, 1)))
    assert step.spectrum is None
    step.reset()
    assert np.array_equal(step.process(noise(300)[:, :1]), before)


def test_a_flat_channel_is_flagged_unless_nothing_depends_on_it():
    samples = noise(1500)
    samples[:, 7] = 3.0
    step = dsp.Repair(flat_seconds=1.0)
    step.prepare(INFO)
    step.process(samples)
    assert np.flatnonzero(step.flags).tolist() == list(range(499, 1500))
    assert step.flags_of(np.array([6])) is None


@pytest.mark.parametrize(
    ("step", "sos"),
    [
        (dsp.LowPass(30.0, 5), signal.butter(5, 30, fs=RATE, output="sos")),
        (dsp.BandPass((8.0, 12.0), 4), signal.butter(4, [8, 12], "band", fs=RATE, output="sos")),
    ],
    ids=["lowpass", "bandpass"],
)
def test_row_010_filters_equal_scipy(step, sos):
    samples = noise()
    samples -= samples[0]  # both start from rest
    out, _ = through(step, samples)
    assert np.abs(out - signal.sosfilt(sos, samples, axis=0)).max() < 1e-9


def test_row_010_the_notch_removes_the_mains_alone():
    t = np.arange(20_000) / RATE
    mains, alpha = np.sin(2 * np.pi * 50 * t), np.sin(2 * np.pi * 10 * t)
    info = dsp.SignalInfo(rate=RATE, labels=("Oz",))
    out, _ = through(dsp.Notch(50.0), (20 * mains + alpha)[:, None], info)
    assert np.abs(out[10_000:, 0] - alpha[10_000:]).max() < 0.05


@pytest.mark.parametrize("rate", [64.0, 100.0])
def test_there_is_no_notch_where_the_rate_carries_no_mains(rate):
    notch, samples = dsp.Notch(50.0, harmonics=3), noise()[:500]
    info = dsp.SignalInfo(rate=rate, labels=("Fz", "C3", "Oz")[: samples.shape[1]])
    out, _ = through(notch, samples, info)
    assert (out == samples).all()
    assert (notch.declared_delay, notch.settle) == (0.0, 0.0)
    assert notch.note == (
        f"No notch at 50 Hz: at {rate:g} samples a second there is nothing from {rate / 2:g} Hz on."
    )
    notch.prepare(dsp.SignalInfo(rate=250.0, labels=("Oz",)))
    assert notch.note is None


def test_row_011_no_sample_is_lost_or_doubled_in_a_million_random_chunks():
    rng = np.random.default_rng(2)
    sizes = rng.integers(0, 8, 1_000_000)
    buffer = dsp.BlockBuffer(size=250, n_channels=1)
    total = int(sizes.sum())
    numbers = np.arange(total, dtype=float)[:, None]
    expected = 0
    at = 0
    for size in sizes.tolist():
        for block in buffer.add(numbers[at : at + size]):
            assert block[0, 0] == expected
            assert block[-1, 0] == expected + 249
            expected += 250
        at += size
    assert expected + len(buffer) == total


@pytest.mark.parametrize(("rate", "factor"), [(5000.0, 10), (1000.0, 7), (512.0, 3)])
def test_row_012_decimation_keeps_the_band_and_no_alias(rate, factor):
    step = dsp.Decimate(factor)
    t = np.arange(round(8 * rate)) / rate
    info = dsp.SignalInfo(rate=rate, labels=("a", "b"))
    new = rate / factor
    kept, gone = 0.2 * new, 0.6 * new  # the second would fold back to 0.4
    samples = np.stack((np.sin(2 * np.pi * kept * t), np.sin(2 * np.pi * gone * t)), axis=1)
    out, out_info = through(step, samples, info)
    assert out_info.rate == new
    assert len(out) == len(samples) // factor
    middle = out[len(out) // 4 : -len(out) // 4]
    assert 20 * np.log10(middle[:, 0].std() * 2**0.5) == pytest.approx(0, abs=0.1)
    assert 20 * np.log10(middle[:, 1].std() * 2**0.5) < -40


def test_row_012_what_is_left_over_is_kept_for_the_next_block():
    step = dsp.Decimate(7)
    step.prepare(INFO)
    counts = []
    for size in (3, 3, 3, 5, 6, 1, 20):
        step.process(noise(size))
        counts.append(len(step.kept))
    assert counts == [0, 0, 1, 1, 0, 1, 2]


def test_row_014_step_responses_equal_scipy():
    n = round(0.1 * RATE)
    info = dsp.SignalInfo(rate=RATE, labels=("x",))
    onset = np.r_[np.zeros(100), np.ones(400)][:, None]
    out, _ = through(dsp.MovingAverage(0.1), onset, info)
    expected = signal.lfilter(np.full(n, 1 / n), 1, onset[:, 0])
    assert np.abs(out[:, 0] - expected).max() < 1e-12
    forget = np.exp(-1 / (0.1 * RATE))
    out, _ = through(dsp.ExponentialAverage(0.1), onset, info)
    expected = signal.lfilter([1 - forget], [1, -forget], onset[:, 0])
    assert np.abs(out[:, 0] - expected).max() < 1e-12
    out, _ = through(dsp.SavitzkyGolay(0.1, 3), onset, info)
    expected = signal.savgol_filter(onset[:, 0], 51, 3)[:-25]
    assert np.abs(out[50:, 0] - expected[25:]).max() < 1e-12


@pytest.mark.parametrize("milliseconds", [0, 2, 500, 5000])
def test_row_015_the_delay_is_exact(milliseconds):
    samples = noise(4000)
    out, _ = through(dsp.Delay(milliseconds / 1e3), samples)
    n = round(milliseconds / 1e3 * RATE)
    assert (out[n:] == samples[: len(samples) - n]).all()
    assert (out[:n] == 0).all()


def test_row_016_a_known_mix_is_recovered(tmp_path):
    rng = np.random.default_rng(4)
    mixing = rng.normal(size=(3, 3))
    sources = rng.normal(size=(1000, 3))
    labels = ("C3", "Cz", "C4")
    unmixing = np.linalg.inv(mixing)
    weights = {
        f"source{k}": dict(zip(labels, unmixing[:, k].tolist(), strict=True)) for k in range(3)
    }
    info = dsp.SignalInfo(rate=RATE, labels=labels)
    as_json = tmp_path / "weights.json"
    as_json.write_text(json.dumps(weights))
    as_csv = tmp_path / "weights.csv"
    rows = [f"source{k}," + ",".join(map(repr, unmixing[:, k].tolist())) for k in range(3)]
    as_csv.write_text("name," + ",".join(labels) + "\n" + "\n".join(rows) + "\n")
    for step in (
        dsp.SpatialFilter(weights),
        dsp.SpatialFilter(file=str(as_json)),
        dsp.SpatialFilter(file=str(as_csv)),
    ):
        out, out_info = through(step, sources @ mixing, info)
        assert out_info.labels == ("source0", "source1", "source2")
        assert np.abs(out - sources).max() < 1e-9


def envelope_quality(step, x, rate, train):
    """Return r between the causal envelope and the acausal one `step.delay` earlier."""
    info = dsp.SignalInfo(rate=rate, labels=("Oz",))
    step.prepare(info)
    if hasattr(step, "fit"):
        step.fit(x[:train, None])
    out = step.process(x[:, None])[:, 0]
    spectrum = np.fft.fft(x)
    frequencies = np.fft.fftfreq(len(x), 1 / rate)
    spectrum[(frequencies < step.band[0]) | (frequencies > step.band[1])] = 0
    truth = np.abs(2 * np.fft.ifft(spectrum))
    edge = round(2 * rate)
    n = np.arange(train + edge, len(x) - edge)
    return np.corrcoef(out[n], truth[n - round(step.delay * rate)])[0, 1]


@pytest.mark.skipif(not EEGLAB.exists(), reason="no real EEG beside the checkout (shared/data)")
@pytest.mark.parametrize(
    ("delay", "cfir", "wcfir"), [(0.0, 0.80, 0.835), (0.05, 0.89, 0.918), (0.1, 0.955, 0.965)]
)
def test_envelopes_of_real_eeg_are_as_good_as_published(delay, cfir, wcfir):
    mne = pytest.importorskip("mne")
    raw = mne.io.read_raw_eeglab(EEGLAB, preload=True, verbose="error")
    rate = raw.info["sfreq"]
    high = dsp.HighPass(1.0)
    high.prepare(dsp.SignalInfo(rate=rate, labels=("Oz",)))
    x = high.process(raw.get_data("Oz").T * 1e6)[:, 0]
    band, half = (8.0, 12.0), len(x) // 2
    assert envelope_quality(dsp.CFIR(band, delay, taps=2.0), x, rate, half) > cfir
    assert envelope_quality(dsp.WCFIR(band, delay, taps=2.0), x, rate, half) > wcfir


def test_a_fitted_spectrum_goes_with_the_settings():
    from psychopy_nfb.settings import from_dict, to_dict

    samples = np.cumsum(noise(5000, 1), axis=0)
    info = dsp.SignalInfo(rate=RATE, labels=("Oz",))
    step = dsp.WCFIR((8.0, 12.0), delay=0.05)
    plain, _ = through(dsp.WCFIR((8.0, 12.0), delay=0.05), samples, info)
    step.prepare(info)
    step.fit(samples)
    again = from_dict(dsp.Step, json.loads(json.dumps(to_dict(step))))
    out, _ = through(again, samples, info)
    assert (out == step.process(samples)).all()
    assert np.abs(out - plain).max() > 0.1


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: dsp.Pick(["Qz"]), "channels='Qz': there is no such channel; there are Fz, C3"),
        (lambda: dsp.CFIR((200.0, 260.0)), "must lie below 250 Hz, half of the stream's rate"),
        (lambda: dsp.CFIR((12.0, 8.0)), "the low edge must lie below the high edge"),
        (lambda: dsp.CFIR((8.0, 12.0), delay=-0.05), "is a prediction; set predict to true"),
        (lambda: dsp.Notch(300.0), "frequency=300.0: must lie below 250 Hz"),
        (lambda: dsp.Reference("linked"), "name the linked reference channels"),
        (lambda: dsp.Reference("laplacian", channels=["Cz"], neighbours=9), "use fewer"),
        (lambda: dsp.BadChannels(list(LABELS)), "leaves no good channel"),
        (lambda: dsp.SavitzkyGolay(0.002, 3), "is 1 samples, but order 3 needs more"),
        (lambda: dsp.SlidingFFT((8.0, 9.0), window=0.05), "is too short to resolve the band"),
    ],
)
def test_a_wrong_setting_is_one_sentence(make, sentence):
    with pytest.raises(SettingsError) as caught:
        make().prepare(INFO)
    assert sentence in str(caught.value)


def test_a_file_of_weights_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(FileError, match="cannot be read: No such file"):
        dsp.SpatialFilter(file=str(tmp_path / "none.csv")).prepare(INFO)
