"""Artifact subspace reconstruction: planted bursts, and another implementation."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pytest
import signals
from scipy import signal
from trainings import NAME, one_signal, the_signal

from psychopy_nfb import dsp
from psychopy_nfb.dsp import asr_calibration
from psychopy_nfb.engine.calibration import with_calibration
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.settings import from_dict, to_dict, write_json

pytest.importorskip("meegkit", reason="ASR learns from a baseline with meegkit")

RATE = 250.0
LABELS = ("Fp1", "Fp2", "F7", "Fz", "F8", "C3", "Cz", "C4", "T7", "T8", "O1", "O2")
BLINK = np.array([1, 0.95, 0.5, 0.45, 0.5, 0.2, 0.2, 0.2, 0.1, 0.1, 0.04, 0.04])
MUSCLE = np.array([0.2, 0.2, 0.6, 0.1, 0.3, 0.2, 0.1, 0.1, 1, 0.4, 0.1, 0.1])
INFO = dsp.SignalInfo(RATE, LABELS)


def eeg(seconds, seed, n_channels=12):
    """Return high-passed 1/f noise of 10 uV as one head mixes it, (n, n_channels)."""
    random = np.random.default_rng(seed)
    n = round(seconds * RATE)
    mixing = np.random.default_rng(99).standard_normal((n_channels, n_channels))
    mixed = signals.background(random, n, RATE, n_channels) @ mixing
    sos = signal.butter(2, 1.0, "highpass", fs=RATE, output="sos")
    samples = signal.sosfilt(sos, mixed, axis=0)
    return 10 * samples / samples.std()


def bursts(n, seed, kind, every=1500):
    """Return blinks of 300 uV or muscle bursts of 150 uV RMS, (n, 12), and where they are, (n,)."""
    random = np.random.default_rng(seed)
    sos = signal.butter(2, (20, 100), "bandpass", fs=RATE, output="sos")
    out, there = np.zeros((n, len(LABELS))), np.zeros(n, bool)
    for start in range(1000, n - 500, every):
        if kind == "blinks":
            wave, pattern = 300 * np.hanning(75), BLINK
        else:
            wave, pattern = signal.sosfilt(sos, random.standard_normal(250)), MUSCLE
            wave *= 150 / wave.std()
        out[start : start + len(wave)] = np.outer(wave, pattern)
        there[start : start + len(wave)] = True
    return out, there


@pytest.fixture(scope="module")
def fitted():
    """Return settings of a step as a minute of EEG with a few blinks has taught it."""
    baseline = eeg(60, 0)
    step = dsp.ASR()
    step.prepare(INFO)
    step.fit(baseline + bursts(len(baseline), 0, "blinks", every=3000)[0])
    return to_dict(step)


def ready(settings, info=INFO, **changes):
    step = from_dict(dsp.Step, {**settings, **changes})
    step.prepare(info)
    return step


def rms(samples):
    return np.sqrt(np.mean(np.square(samples)))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("kind", ["blinks", "muscles"])
def test_bursts_lose_20_db_and_clean_eeg_stays_as_it_was(kind, seed):
    clean = eeg(120, seed)
    baseline, clean = np.split(clean, 2)
    added, there = bursts(len(clean), seed, kind)
    step = dsp.ASR()
    step.prepare(INFO)
    step.fit(baseline)
    late = round(step.lookahead * RATE)
    out = step.process(clean + added)[late:]
    added, there, clean = added[:-late], there[:-late], clean[:-late]
    left = (out - clean)[there]
    assert 20 * np.log10(rms(added[there]) / rms(left)) > 20
    # And burst and EEG together are as large as EEG alone.
    assert rms(out[there]) < 1.2 * rms(clean[there])
    near = np.convolve(there, np.ones(401), "same") > 0.5
    assert rms((out - clean)[~near]) < 0.01 * rms(clean[~near])
    assert 0.2 < near.mean() < 0.6


@pytest.mark.parametrize("size", [1, 5, 50])
def test_the_cut_into_blocks_does_not_matter(fitted, size):
    samples = eeg(20, 4)
    samples += bursts(len(samples), 4, "muscles")[0]
    whole = ready(fitted).process(samples)
    step = ready(fitted)
    parts = [step.process(samples[at : at + size]) for at in range(0, len(samples), size)]
    assert np.abs(np.concatenate(parts) - whole).max() < 1e-9
    assert np.abs(whole[25:] - samples[:-25]).max() > 100  # something was done


@pytest.mark.parametrize(("hop", "lookahead"), [(0.04, 0.1), (0.128, 0.25), (0.004, 0.02)])
@pytest.mark.parametrize("kind", ["blinks", "muscles"])
def test_it_is_what_asrpy_makes_of_the_whole_recording(fitted, kind, hop, lookahead):
    """Within 1e-8 of the largest sample, to where asrpy stops: its last steps stay as they are."""
    asrpy = pytest.importorskip("asrpy", reason="the comparison needs asrpy")
    samples = eeg(40, 5)
    samples += bursts(len(samples), 5, kind)[0]
    step = ready(fitted, hop=hop, lookahead=lookahead)
    own = step.process(samples)
    n_hop = round(hop * RATE)
    # It blends backwards over a step, for which we wait: that much of our delay is not lookahead.
    waited = n_hop - 1
    ahead = round(lookahead * RATE) - waited
    learned = step.calibration
    theirs = asrpy.asr_process(
        samples.T.copy(),
        RATE,
        np.array(learned.mixing),
        np.array(learned.thresholds),
        windowlen=step.window,
        lookahead=ahead / RATE,
        stepsize=n_hop,
        maxdims=step.max_dims,
        ab=(np.array(learned.shaping[1]), np.array(learned.shaping[0])),
        Zi=np.zeros((len(LABELS), 8)),
        carry=np.zeros((len(LABELS), ahead)),
        mem_splits=1,
    ).T
    n = len(theirs) - 2 * n_hop
    assert np.abs(own[waited : waited + n] - theirs[:n]).max() < 1e-8 * np.abs(samples).max()
    assert np.abs(own[waited + ahead :] - samples[: -waited - ahead]).max() > 100


@pytest.mark.parametrize("lookahead", [0.036, 0.1, 0.24])
def test_row_108_it_is_as_late_as_declared_fitted_or_not(fitted, lookahead):
    samples = eeg(20, 6)
    for changes in ({}, {"calibration": None}):
        step = ready(fitted, lookahead=lookahead, **changes)
        assert step.declared_delay == lookahead
        late = round(lookahead * RATE)
        out = step.process(samples)
        measured = signals.lag_in_samples(out[500:, 6], samples[500:, 6], 100)
        assert measured == pytest.approx(late, abs=0.1)
        assert np.array_equal(out[late:], samples[:-late])  # nothing to take away
        assert not out[:late].any()


def test_before_a_baseline_samples_pass_as_late_as_afterwards(fitted):
    samples = eeg(10, 7)
    samples += bursts(len(samples), 7, "blinks")[0]
    step = ready(fitted, calibration=None)
    out = step.process(samples)
    assert step.declared_delay == ready(fitted).declared_delay == 0.1
    assert np.array_equal(out[25:], samples[:-25])
    assert not out[:25].any()


def training():
    steps = [dsp.HighPass(1.0), dsp.ASR(), dsp.Pick(["O1"]), dsp.CFIR()]
    return one_signal(*steps)


def test_it_learns_from_the_session_s_baseline_and_is_kept_for_the_next(tmp_path):
    samples = eeg(90, 8)
    samples += bursts(len(samples), 8, "blinks")[0]
    processor = Processor(training(), INFO)
    assert processor.chains[NAME].used_channels.tolist() == list(range(len(LABELS)))
    baseline, rest = samples[:15_000], samples[15_000:]
    processor.process(baseline[:1000])
    processor.begin_baseline()
    for at in range(1000, len(baseline), 50):
        processor.process(baseline[at : at + 50])
    processor.end_baseline()
    step = the_signal(processor.configuration).pipeline.steps[1]
    assert step.calibration.labels == list(LABELS)
    path = tmp_path / "calibration.json"
    write_json(processor.configuration, path)
    again = Processor(with_calibration(training(), path), INFO)
    assert again.chains[NAME].pipeline.steps[1].calibration == step.calibration
    outs = []
    for one in (again, processor):
        pipeline = one.chains[NAME].pipeline
        pipeline.reset()
        outs.append(pipeline.process(rest)[0])
    assert np.array_equal(*outs)
    other = training()
    the_signal(other).pipeline.steps[1].cutoff = 10.0
    with pytest.raises(
        SettingsError, match=r"another signal \(signals.trained.pipeline.steps\[1\].cutoff is 10"
    ):
        with_calibration(other, path)


def test_a_reloaded_step_is_the_same(fitted):
    samples = eeg(20, 9)
    samples += bursts(len(samples), 9, "muscles")[0]
    again = json.loads(json.dumps(fitted))
    assert np.array_equal(ready(again).process(samples), ready(fitted).process(samples))


def test_channels_that_are_no_eeg_pass_delayed_and_teach_nothing(fitted):
    samples = eeg(60, 10)
    with_trigger = np.column_stack([samples[:, :6], np.arange(len(samples)) % 7, samples[:, 6:]])
    labels = (*LABELS[:6], "Trigger", *LABELS[6:])
    step = dsp.ASR(exclude=["trigger"])
    step.prepare(dsp.SignalInfo(RATE, labels))
    step.fit(with_trigger)
    plain = dsp.ASR()
    plain.prepare(INFO)
    plain.fit(samples)
    assert step.calibration == plain.calibration
    with_trigger[5000:5075, :2] += 500 * np.hanning(75)[:, None]
    out = step.process(with_trigger)
    assert np.array_equal(out[25:, 6], with_trigger[:-25, 6])
    assert np.array_equal(
        np.delete(out, 6, axis=1), plain.process(np.delete(with_trigger, 6, axis=1))
    )
    assert step.mixed(np.eye(13))[6].tolist() == [0.0] * 6 + [1.0] + [0.0] * 6
    assert step.mixed(np.eye(13))[0].tolist() == [1.0] * 6 + [0.0] + [1.0] * 6


def test_what_is_no_number_spoils_only_its_own_sample(fitted):
    samples = eeg(20, 11)
    plain = ready(fitted).process(samples)
    spoilt = samples.copy()
    spoilt[1000:1003, 4] = np.nan
    out = ready(fitted).process(spoilt)
    bad = ~np.isfinite(out).all(axis=1)
    assert np.flatnonzero(bad).tolist() == [1025, 1026, 1027]
    assert np.array_equal(out[1028:], plain[1028:])


def test_it_keeps_no_more_of_a_longer_stream(fitted):
    def kept(step):
        arrays = [value for value in vars(step).values() if isinstance(value, np.ndarray)]
        return sum((one.base if one.base is not None else one).nbytes for one in arrays)

    samples = eeg(60, 12)
    step = ready(fitted)
    sizes = []
    for at in range(0, len(samples), 10):
        step.process(samples[at : at + 10])
        sizes.append(kept(step))
    assert max(sizes[5:]) < 1.1 * min(sizes[5:])  # a matrix more while there is a burst


@pytest.mark.alone
def test_the_samples_that_end_a_hop_of_32_channels_do_not_wait():
    """In a burst the work of a hop of 32 samples is spread over them."""
    labels = tuple(f"E{number}" for number in range(32))
    samples = eeg(60, 13, 32)
    step = dsp.ASR(hop=0.128, lookahead=0.25)
    step.prepare(dsp.SignalInfo(RATE, labels))
    step.fit(samples)
    burst = samples[:2500] + 500 * np.random.default_rng(13).standard_normal((2500, 1))
    seconds = []
    for sample in burst[:, None]:
        begun = time.perf_counter()
        step.process(sample)
        seconds.append(time.perf_counter() - begun)
    assert step._rebuilding is not None
    dearest = np.median(sorted(seconds)[-len(burst) // 32 :])
    assert dearest < 0.4 * 32 * np.mean(seconds)


def baseline_of(samples, **settings):
    labels = LABELS[: samples.shape[1]]
    step = dsp.ASR(**settings)
    step.prepare(dsp.SignalInfo(RATE, labels))
    step.fit(samples)


def test_what_nothing_can_be_learned_from_is_refused():
    samples = eeg(60, 14)
    holed, flat, offset = samples.copy(), samples.copy(), samples.copy()
    holed[5, 3] = np.nan
    flat[:, 4] = 0
    offset[:, 7] += 3000
    average = samples - samples.mean(axis=1, keepdims=True)
    for spoilt, settings, sentence in (
        (holed, {}, r"baseline='60\.0 s': holds what is no number; record a new one\."),
        (samples[:100], {}, r"baseline='0\.4 s': is shorter than 20 windows of ASR, 10 s; record"),
        (samples, {"window": 70.0}, r"baseline='60\.0 s': is shorter .* 1400 s; .* shorter window"),
        (flat, {}, r"11 independent channels of 12.*exclude flat"),
        (average, {}, r"11 independent channels of 12.*put ASR before an average reference"),
        (np.zeros_like(samples), {}, r"0 independent channels of 12"),
        (offset, {}, r"has an offset on C4; put a HighPass before ASR"),
    ):
        with pytest.raises(SettingsError, match=sentence):
            baseline_of(spoilt, **settings)
    # Nine tenths of it are one artifact after the other.
    random = np.random.default_rng(14)
    restless = samples * np.repeat(10 ** (2 * random.random(60)), 250)[:, None]
    restless[: len(samples) // 8] = samples[: len(samples) // 8]
    with pytest.raises(SettingsError, match=r"baseline='.* s without artifacts': is shorter"):
        baseline_of(restless[:3000])


@pytest.mark.parametrize(
    ("settings", "labels", "rate", "sentence"),
    [
        ({"cutoff": 0.0}, LABELS, RATE, "cutoff=0.0: must be above 0"),
        ({"cutoff": -5.0}, LABELS, RATE, "cutoff=-5.0: must be above 0"),
        ({"window": 0.0}, LABELS, RATE, "window=0.0: must be above 0 s"),
        ({"window": 0.02}, LABELS, RATE, "window=0.02: must be as long as hop, 0.04 s"),
        ({"lookahead": 0.02}, LABELS, RATE, "lookahead=0.02: must be from 0.036 s, a hop less one"),
        ({"lookahead": 0.6}, LABELS, RATE, "to 0.5 s, the window"),
        ({"hop": 0.0}, LABELS, RATE, "hop=0.0: must be above 0 s"),
        ({"max_dims": 1.0}, LABELS, RATE, "max_dims=1.0: must be above 0 and below 1"),
        ({}, ("Oz",), RATE, "exclude=[]: leaves 1 of 1 channels, and ASR needs 2 or more"),
        ({"exclude": ["Qz"]}, LABELS, RATE, "exclude='Qz': there is no such channel"),
        ({}, LABELS, 80.0, "rate=80.0: must be above 82 Hz for ASR"),
    ],
)
def test_a_wrong_setting_is_one_sentence(settings, labels, rate, sentence):
    with pytest.raises(SettingsError) as caught:
        dsp.ASR(**settings).prepare(dsp.SignalInfo(rate, labels))
    assert sentence in str(caught.value)


def test_a_calibration_of_something_else_is_refused(fitted):
    for changes, info, sentence in (
        ({}, dsp.SignalInfo(500.0, LABELS), r"calibration='rate 250\.0': is not 500\.0; record"),
        ({}, dsp.SignalInfo(RATE, LABELS[::-1]), r"calibration=.channels .*record a new baseline"),
        ({"cutoff": 10.0}, INFO, r"calibration='cutoff 20\.0': is not 10\.0"),
        ({"window": 1.0}, INFO, r"calibration='window 0\.5': is not 1\.0"),
    ):
        with pytest.raises(SettingsError, match=sentence):
            ready(fitted, info, **changes)
    for name, value in (("mixing", [[1.0]]), ("thresholds", []), ("shaping", [[1.0, 0.5]])):
        spoilt = {**fitted["calibration"], name: value}
        with pytest.raises(SettingsError, match=rf"calibration\.{name}='list': must be"):
            from_dict(dsp.Step, {**fitted, "calibration": spoilt})


def test_without_the_library_it_says_what_to_install(fitted, monkeypatch):
    monkeypatch.setattr(asr_calibration.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r'meegkit.*pip install "psychopy-nfb\[asr\]"'):
        dsp.ASR().prepare(INFO)
    step = ready(fitted)  # what was learned needs none
    monkeypatch.setitem(sys.modules, "meegkit", None)
    with pytest.raises(SettingsError, match=r'meegkit.*pip install "psychopy-nfb\[asr\]"'):
        step.fit(eeg(60, 0))
