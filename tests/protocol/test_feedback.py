import json

import numpy as np
import pytest

from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import VALUE_NAMES, Baseline, BaselineRecorder, Feedback, Protocol
from psychopy_nfb.settings import from_dict, to_dict

RATE = 100.0
AT = {name: place for place, name in enumerate(VALUE_NAMES)}


def clean(n):
    return np.zeros(n, np.uint32)


def recorded(signal, rate=RATE):
    recorder = BaselineRecorder(rate)
    recorder.add(np.asarray(signal, float), clean(len(signal)))
    return recorder.finish()


def run(feedback, signal, flags=None, sizes=None):
    """Pass `signal` through in blocks of the given sizes; return the values by name."""
    signal = np.asarray(signal, float)
    flags = clean(len(signal)) if flags is None else flags
    sizes = sizes or [len(signal)]
    parts, at = [], 0
    while at < len(signal):
        size = sizes[len(parts) % len(sizes)]
        parts.append(feedback.process(signal[at : at + size], flags[at : at + size]))
        at += size
    return dict(zip(VALUE_NAMES, np.concatenate(parts).T, strict=True))


def test_row_027_z_of_data_like_the_baseline():
    rng = np.random.default_rng(3)
    feedback = Feedback(Protocol(), RATE)
    feedback.set_baseline(recorded(rng.gamma(4, 2, 6000)))
    z = run(feedback, rng.gamma(4, 2, 30_000))["z"]
    assert z.mean() == pytest.approx(0, abs=0.05)
    assert z.std() == pytest.approx(1, abs=0.05)


def test_row_027_share_of_the_baseline_maximum():
    feedback = Feedback(Protocol(normalise="max"), RATE)
    feedback.set_baseline(recorded([0.5, 4.0] * 200))
    assert run(feedback, [1.0, 4.0, 8.0])["z"].tolist() == [0.25, 1.0, 2.0]


def test_percent_of_the_baseline_mean():
    feedback = Feedback(Protocol(normalise="percent"), RATE)
    feedback.set_baseline(recorded([3.0, 5.0] * 200))
    assert run(feedback, [4.0, 6.0, 2.0])["z"] == pytest.approx([0.0, 50.0, -50.0])


def test_row_029_time_above_threshold_is_paid_once_and_exactly():
    protocol = Protocol(
        normalise="none", threshold=1.0, dwell=0.05, reward_mode="time", points=10.0
    )
    # Two stretches above: 30 samples and 4, which is short of the dwell of 5.
    signal = [0.0] * 10 + [2.0] * 30 + [0.0] * 10 + [2.0] * 4 + [0.0] * 10
    values = run(Feedback(protocol, RATE), signal)
    assert values["score"][-1] == pytest.approx((30 - 5) / RATE * 10.0, abs=1e-12)
    assert values["reward"].sum() == 25
    assert values["hits"][-1] == 1


@pytest.mark.parametrize("direction", ["up", "down"])
def test_row_030_hits_of_a_scripted_envelope(direction):
    sign = 1 if direction == "up" else -1
    protocol = Protocol(
        normalise="none",
        threshold=sign * 1.0,
        direction=direction,
        dwell=0.05,
        refractory=0.1,
        display_range=(-4.0, 4.0),
    )
    signal = np.zeros(100)
    signal[10:14] = 2  # 4 samples: too short
    signal[20:60] = 2  # hit at its 5th sample, 10 of refractory, 5 of dwell, …
    signal[70:75] = 1  # at the threshold itself, just long enough
    values = run(Feedback(protocol, RATE), sign * signal)
    assert np.flatnonzero(values["reward"]).tolist() == [24, 39, 54, 74]
    assert values["score"][-1] == 4
    # graded: full is the good end, whichever it is
    assert values["value"][[0, 25]] == pytest.approx([0.5, 0.75])


def test_row_031_a_changed_setting_holds_from_the_next_sample():
    feedback = Feedback(Protocol(normalise="none", threshold=1.0, dwell=0.0), RATE)
    before = run(feedback, [0.6, 0.6])
    feedback.apply({"threshold": 0.5})
    after = run(feedback, [0.6])
    assert before["reward"].tolist() == [0, 0]
    assert before["threshold"].tolist() == [1, 1]
    assert after["reward"].tolist() == [1]
    assert after["threshold"].tolist() == [0.5]


def test_row_031_an_impossible_change_changes_nothing():
    feedback = Feedback(Protocol(normalise="none", threshold=1.0), RATE)
    with pytest.raises(SettingsError, match="dwell=-1: must be at least 0 s"):
        feedback.apply({"threshold": 0.5, "dwell": -1})
    with pytest.raises(SettingsError, match="cannot change during a run; these can: threshold"):
        feedback.apply({"normalise": "none"})
    assert run(feedback, [0.6])["threshold"].tolist() == [1.0]


def test_row_064_a_reloaded_baseline_gives_the_same_outputs():
    rng = np.random.default_rng(5)
    protocol = Protocol(threshold_kind="percentile", threshold=62.5, dwell=0.02)
    baseline = recorded(rng.gamma(4, 2, 3000))
    again = from_dict(Baseline, json.loads(json.dumps(to_dict(baseline))))
    first, second = Feedback(protocol, RATE), Feedback(protocol, RATE)
    first.set_baseline(baseline)
    second.set_baseline(again)
    signal = rng.gamma(4, 2, 2000)
    one, two = run(first, signal), run(second, signal)
    assert one["hits"][-1] > 0
    for name in VALUE_NAMES:
        assert (one[name] == two[name]).all()


def test_a_percentile_threshold_is_that_of_the_baseline():
    signal = np.random.default_rng(6).gamma(4, 2, 5000)
    protocol = Protocol(threshold_kind="percentile", threshold=75, dwell=0)
    feedback = Feedback(protocol, RATE)
    feedback.set_baseline(recorded(signal))
    values = run(feedback, signal)
    wanted = (np.percentile(signal, 75) - signal.mean()) / signal.std()
    assert values["threshold"][0] == pytest.approx(wanted, abs=1e-9)
    assert values["reward"].mean() == pytest.approx(0.25, abs=0.001)


@pytest.mark.parametrize("sizes", [[1], [7], [50], [1, 13, 200]])
@pytest.mark.parametrize("mode", ["hit", "time"])
def test_the_cut_into_blocks_does_not_matter(sizes, mode):
    rng = np.random.default_rng(7)
    signal = np.convolve(rng.normal(size=3000), np.ones(20) / 4, "same")
    flags = (rng.random(3000) < 0.01).astype(np.uint32) * np.uint32(Flags.AMPLITUDE)
    protocol = Protocol(normalise="none", dwell=0.1, refractory=0.3, reward_mode=mode)
    whole = run(Feedback(protocol, RATE), signal, flags.copy())
    parts = run(Feedback(protocol, RATE), signal, flags.copy(), sizes)
    assert whole["hits"][-1] > 3
    for name in VALUE_NAMES:
        assert (whole[name] == parts[name]).all()


@pytest.mark.parametrize("flag", [Flags.AMPLITUDE, Flags.PAUSED, Flags.CALIBRATING])
def test_a_flag_withholds_reward_and_starts_the_dwell_anew(flag):
    protocol = Protocol(normalise="none", threshold=1.0, dwell=0.05)
    flags = clean(12)
    flags[3] = flag
    values = run(Feedback(protocol, RATE), [2.0] * 12, flags)
    assert np.flatnonzero(values["reward"]).tolist() == [8]


def test_an_artifact_does_not_move_the_bar_and_lowers_the_quality():
    protocol = Protocol(normalise="none", display_range=(0.0, 10.0))
    flags = clean(200)
    flags[100:150] = Flags.BURST
    signal = np.full(200, 5.0)
    signal[100:150] = 9.0
    values = run(Feedback(protocol, RATE), signal, flags)
    assert set(values["value"]) == {0.5}
    assert values["quality"][[99, 149, 199]] == pytest.approx([1.0, 0.5, 0.5])


def test_without_its_baseline_there_is_no_value_and_no_reward():
    flags = clean(5)
    values = run(Feedback(Protocol(), RATE), [100.0] * 5, flags)
    assert values["value"].tolist() == [0] * 5
    assert values["reward"].sum() == 0
    assert (flags == Flags.UNCALIBRATED).all()


def test_a_missing_number_neither_raises_nor_stays():
    values = run(
        Feedback(Protocol(normalise="none", display_range=(0.0, 2.0)), RATE), [1.0, np.nan, 1.5]
    )
    assert values["value"].tolist() == [0.5, 0.5, 0.75]


def test_a_new_process_goes_on_from_score_and_hits():
    feedback = Feedback(Protocol(normalise="none", threshold=1.0, dwell=0.0), RATE)
    feedback.restore({"score": 7.0, "hits": 7})
    values = run(feedback, [2.0])
    assert (values["score"][-1], values["hits"][-1]) == (8, 8)
