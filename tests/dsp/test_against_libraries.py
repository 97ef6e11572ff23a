"""Steps against independent implementations: MNE-Python, meegkit, scipy and plain numpy.

ASR is compared in test_asr.py, LDA in test_lda.py. Each test states how near is near enough; where
only filters differ that is far, and where the same problem is solved it is rounding.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal
from signals import background, rhythm

from psychopy_nfb import dsp

RATE = 250.0
BAND = (8.0, 12.0)
LABELS = ("F3", "Fz", "F4", "C3", "Cz", "C4", "P3", "Pz", "P4", "O1", "O2")
SAME = 1 - 1e-6
"""Correlation of two weights or patterns that rounding alone makes different."""
seeds = pytest.mark.parametrize("seed", [1, 2])


@pytest.fixture
def mne():
    """Return MNE-Python, quiet, or skip."""
    library = pytest.importorskip("mne", reason="the comparison needs mne")
    pytest.importorskip("sklearn", reason="mne.decoding needs scikit-learn")
    with library.use_log_level("ERROR"):
        yield library


def narrow(samples):
    sos = signal.butter(2, BAND, "bandpass", fs=RATE, output="sos")
    return signal.sosfiltfilt(sos, samples, axis=0)


def recording(seed, seconds=60):
    """Return 1/f noise in all channels with alpha that waxes and wanes, (n, 11), and the alpha."""
    random = np.random.default_rng(seed)
    n, n_channels = round(seconds * RATE), len(LABELS)
    noise = background(random, n, RATE, n_channels) @ random.standard_normal((n_channels,) * 2)
    alpha = rhythm(random, n, RATE, (9.5, 10.5))
    return noise + np.outer(alpha, random.standard_normal(n_channels)), alpha


def alike(one, other):
    """Return how much two vectors point the same way, whatever their sign and length."""
    return abs(one @ other) / np.sqrt((one @ one) * (other @ other))


def run(step, samples, labels=LABELS, rate=RATE):
    step.prepare(dsp.SignalInfo(rate, labels))
    return step.process(samples)


# -- weighted sums of channels


@seeds
def test_row_017_csp_has_the_filters_and_patterns_of_mne(mne, seed):
    """All filters, the patterns of the first four, and the shares of power to 1e-4."""
    first, _ = recording(seed)
    second, _ = recording(seed + 10)
    own = dsp.csp(first, second, RATE, LABELS, BAND)
    epochs = np.stack([narrow(second).T, narrow(first).T])
    theirs = mne.decoding.CSP(n_components=len(LABELS), component_order="alternate")
    theirs.fit(epochs, np.array([0, 1]))
    for column in range(len(LABELS)):
        likeness = [alike(own.weights[:, column], row) for row in theirs.filters_]
        same = int(np.argmax(likeness))
        assert likeness[same] > SAME
        assert alike(own.patterns[:, column], theirs.patterns_[same]) > SAME
        powers = [np.var(theirs.filters_[same] @ epoch) for epoch in epochs]
        assert own.scores[column] == pytest.approx(powers[1] / sum(powers), abs=1e-4)


@seeds
def test_row_020_spoc_has_the_filters_of_mne(mne, seed):
    """All filters and patterns, in the order of how much they go along with the target."""
    samples, _ = recording(seed, 120)
    n = len(samples) // 250
    target = np.random.default_rng(seed).lognormal(size=n)
    own = dsp.spoc(samples, np.repeat(target, 250), RATE, LABELS, BAND, window=1.0)
    epochs = narrow(samples).reshape(n, 250, -1).transpose(0, 2, 1)
    theirs = mne.decoding.SPoC(n_components=len(LABELS)).fit(epochs, target)
    for column in range(len(LABELS)):
        assert alike(own.weights[:, column], theirs.filters_[column]) > SAME
        assert alike(own.patterns[:, column], theirs.patterns_[column]) > SAME


@seeds
def test_row_018_ssd_finds_the_rhythm_that_mne_finds(mne, seed):
    """To a correlation of 0.99: MNE takes the band out of the noise by a difference of filters."""
    samples, alpha = recording(seed)
    own = dsp.ssd(samples, RATE, LABELS, BAND)
    butterworth = {"method": "iir", "iir_params": {"order": 2, "ftype": "butter", "output": "sos"}}
    theirs = mne.decoding.SSD(
        mne.create_info(list(LABELS), RATE, "eeg"),
        {"l_freq": 8.0, "h_freq": 12.0, **butterworth},
        {"l_freq": 5.0, "h_freq": 15.0, **butterworth},
        n_components=1,
    )
    found = narrow(theirs.fit_transform(samples.T.copy())[:, None])[:, 0]
    component = narrow(samples @ own.weights[:, 0])
    assert abs(np.corrcoef(component, found)[0, 1]) > 0.99
    assert alike(own.patterns[:, 0], theirs.patterns_[0]) > 0.99
    for one in (component, found):
        assert abs(np.corrcoef(one, narrow(alpha))[0, 1]) > 0.95


@seeds
def test_row_019_regression_on_an_eog_has_the_coefficients_of_mne(mne, seed):
    """Coefficients to 1e-9 of the largest, and so what is left of the EEG."""
    random = np.random.default_rng(seed)
    samples, _ = recording(seed)
    labels = (*LABELS, "VEOG", "HEOG")
    eog = np.cumsum(random.standard_normal((len(samples), 2)), axis=0)
    eog -= eog.mean(axis=0)
    samples = np.column_stack([samples + eog @ random.standard_normal((2, len(LABELS))), eog])
    step = dsp.regress_out(samples, labels, ["VEOG", "HEOG"])
    info = mne.create_info(list(labels), RATE, ["eeg"] * len(LABELS) + ["eog"] * 2)
    raw = mne.io.RawArray(samples.T.copy(), info).set_eeg_reference([])  # as it is
    theirs = mne.preprocessing.EOGRegression().fit(raw)
    own = np.array([[-step.weights[label][eye] for eye in labels[-2:]] for label in LABELS])
    assert np.abs(own - theirs.coef_).max() < 1e-9 * np.abs(theirs.coef_).max()
    left = theirs.apply(raw).get_data("eeg").T
    assert np.abs(run(step, samples, labels) - left).max() < 1e-9 * np.abs(samples).max()


# -- rhythms


@pytest.mark.parametrize("band", [(8.0, 12.0), (4.0, 7.0), (15.0, 25.0)])
def test_row_013_echt_is_meegkit_s_at_the_end_of_each_window(band):
    """To 1e-9 but for one factor: ours gives a sine at the centre its amplitude."""
    phase = pytest.importorskip("meegkit.phase", reason="the comparison needs meegkit")
    samples = recording(3, 4)[0][:, :2]
    step = dsp.ECHT(band, window=1.0, order=2)
    step.prepare(dsp.SignalInfo(RATE, LABELS[:2]))
    own = step.analytic(samples)
    n = round(RATE)
    ends = range(n, len(samples) + 1, 25)
    theirs = np.array(
        [phase.ECHT(*band, RATE, n).fit_transform(samples[end - n : end])[-1] for end in ends]
    )
    own = own[np.array(ends) - 1]
    factor = np.vdot(theirs, own) / np.vdot(theirs, theirs)
    assert abs(factor.imag) < 1e-9
    assert np.abs(own - factor * theirs).max() < 1e-9 * np.abs(own).max()


def test_row_081_coherence_is_scipy_s_over_the_band():
    """To 0.03: ours with a memory that fades within a minute, scipy's over windows of two."""
    random = np.random.default_rng(4)
    n = round(300 * RATE)
    common, *noises = random.standard_normal((5, n))
    shares = (0.9, 0.7, 0.4, 0.0)
    samples = np.column_stack(
        [common]
        + [
            share * np.roll(common, 3) + np.sqrt(1 - share**2) * noise
            for share, noise in zip(shares, noises, strict=True)
        ]
    )
    labels = tuple("ABCDE")
    pairs = [["A", label] for label in labels[1:]]
    found = run(dsp.Connectivity(pairs, "coherence", BAND, memory=60.0), samples, labels)[-1]
    frequencies, squared = signal.coherence(
        samples[-30_000:, :1], samples[-30_000:, 1:], RATE, nperseg=250, axis=0
    )
    inside = (frequencies >= BAND[0]) & (frequencies <= BAND[1])
    plain = np.sqrt(squared[inside].mean(axis=0))
    assert found[:3] == pytest.approx(plain[:3], abs=0.03)
    assert plain[:3] == pytest.approx(shares[:3], abs=0.03)
    assert max(found[3], plain[3]) < 0.15  # of two minutes of nothing in common


def test_row_081_the_phase_locking_value_is_that_of_hilbert_transforms():
    """To 0.02: of rhythms that are 3 samples apart in noise, over the last two minutes."""
    random = np.random.default_rng(5)
    n = round(300 * RATE)
    rhythm = narrow(random.standard_normal(n))
    rhythm /= rhythm.std()
    noise = random.standard_normal((n, 2))
    samples = np.column_stack([rhythm, np.roll(rhythm, 3)]) + 2 * noise
    step = dsp.Connectivity([["A", "B"]], "plv", (6, 14), delay=0.25, taps=0.5, memory=60.0)
    found = run(step, samples, ("A", "B"))[-1, 0]
    # The same band: what the two complex filters let through, at all frequencies.
    rhythms = dsp.CFIR((6, 14), 0.25, 0.5, output="rhythm")
    angles = np.angle(signal.hilbert(run(rhythms, samples, ("A", "B")), axis=0))
    plain = abs(np.exp(1j * (angles[-30_000:, 0] - angles[-30_000:, 1])).mean())
    assert found == pytest.approx(plain, abs=0.02)
    assert 0.3 < plain < 0.95


# -- shapes and filters


@pytest.mark.parametrize("output", ["activity", "mobility", "complexity"])
def test_row_078_hjorth_is_the_formula_in_each_window(output):
    """To 1e-9, of every window: var(x), sqrt(var(x') / var(x)), and the mobility's ratio."""
    samples = recording(6, 8)[0]
    step = dsp.Hjorth(output, window=0.8, hop=0.1)
    found = run(step, samples)
    n, hop = 200, 25

    def mobility(x):
        return np.sqrt(np.var(np.diff(x, axis=0), axis=0) / np.var(x, axis=0)) * RATE

    plain = {
        "activity": lambda x: np.mean((x - x.mean(axis=0)) ** 2, axis=0),
        "mobility": mobility,
        "complexity": lambda x: mobility(np.diff(x, axis=0)) / mobility(x),
    }[output]
    ends = np.arange(n, len(samples) + 1, hop)
    expected = np.array([plain(samples[end - n : end]) for end in ends])
    assert found[ends - 1] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("rate", [250.0, 500.0, 1000.0])
def test_row_010_the_notch_is_scipy_s_with_all_harmonics(rate):
    """To 1e-9 of the largest sample: one `iirnotch` for each, one after the other."""
    samples = recording(7, 10)[0]
    found = run(dsp.Notch(50.0, 25.0, harmonics=3), samples, rate=rate)
    plain = samples
    for frequency in (50.0, 100.0, 150.0):
        if frequency < rate / 2:
            plain = signal.lfilter(*signal.iirnotch(frequency, 25.0, fs=rate), plain, axis=0)
    assert np.abs(found - plain).max() < 1e-9 * np.abs(samples).max()


@pytest.mark.parametrize("order", [1, 2, 4])
def test_row_010_bands_and_their_edges_are_scipy_s(order):
    """To 1e-6 of the largest sample, against polynomials that are not cut into sections."""
    samples = recording(8, 10)[0]
    samples -= samples[0]  # all start from rest
    for step, kind, edges in (
        (dsp.BandPass(BAND, order), "bandpass", BAND),
        (dsp.HighPass(2.0, order), "highpass", 2.0),
        (dsp.LowPass(30.0, order), "lowpass", 30.0),
    ):
        plain = signal.lfilter(*signal.butter(order, edges, kind, fs=RATE), samples, axis=0)
        assert np.abs(run(step, samples) - plain).max() < 1e-6 * np.abs(samples).max()
