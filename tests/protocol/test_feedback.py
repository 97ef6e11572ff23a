import json

import numpy as np
import pytest
from feedback import NAMES, Feedback
from trainings import VALUE_NAMES, one_signal

from psychopy_nfb.dsp import SignalInfo
from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Baseline, BaselineRecorder
from psychopy_nfb.settings import from_dict, to_dict

RATE = 100.0


def clean(n):
    return np.zeros(n, np.uint32)


def recorded(signal, rate=RATE):
    recorder = BaselineRecorder(rate)
    recorder.add(np.asarray(signal, float), clean(len(signal)))
    return recorder.finish()


def test_row_027_z_of_data_like_the_baseline():
    rng = np.random.default_rng(3)
    feedback = Feedback(RATE, recorded(rng.gamma(4, 2, 6000)))
    z = feedback.run(rng.gamma(4, 2, 30_000))["z"]
    assert z.mean() == pytest.approx(0, abs=0.05)
    assert z.std() == pytest.approx(1, abs=0.05)


def test_row_027_share_of_the_baseline_maximum():
    feedback = Feedback(RATE, recorded([0.5, 4.0] * 200), normalise="max")
    assert feedback.run([1.0, 4.0, 8.0])["z"].tolist() == [0.25, 1.0, 2.0]


def test_percent_of_the_baseline_mean():
    feedback = Feedback(RATE, recorded([3.0, 5.0] * 200), normalise="percent")
    assert feedback.run([4.0, 6.0, 2.0])["z"] == pytest.approx([0.0, 50.0, -50.0])


def test_row_029_time_above_threshold_is_paid_once_and_exactly():
    settings = {
        "normalise": "none",
        "threshold": 1.0,
        "dwell": 0.05,
        "mode": "time",
        "points": 10.0,
    }
    # Two stretches above: 30 samples and 4, which is short of the dwell of 5.
    signal = [0.0] * 10 + [2.0] * 30 + [0.0] * 10 + [2.0] * 4 + [0.0] * 10
    values = Feedback(RATE, **settings).run(signal)
    assert values["score"][-1] == pytest.approx((30 - 5) / RATE * 10.0, abs=1e-12)
    assert values["reward"].sum() == 25
    assert values["hits"][-1] == 1


@pytest.mark.parametrize("direction", ["up", "down"])
def test_row_030_hits_of_a_scripted_envelope(direction):
    sign = 1 if direction == "up" else -1
    settings = {
        "normalise": "none",
        "threshold": sign * 1.0,
        "direction": direction,
        "dwell": 0.05,
        "refractory": 0.1,
        "display_range": (-4.0, 4.0),
    }
    signal = np.zeros(100)
    signal[10:14] = 2  # 4 samples: too short
    signal[20:60] = 2  # hit at its 5th sample, 10 of refractory, 5 of dwell, …
    signal[70:75] = 1  # at the threshold itself, just long enough
    values = Feedback(RATE, **settings).run(sign * signal)
    assert np.flatnonzero(values["reward"]).tolist() == [24, 39, 54, 74]
    assert values["score"][-1] == 4
    # graded: full is the good end, whichever it is
    assert values["value"][[0, 25]] == pytest.approx([0.5, 0.75])


def test_row_031_a_changed_setting_holds_from_the_next_sample():
    feedback = Feedback(RATE, normalise="none", threshold=1.0, dwell=0.0)
    before = feedback.run([0.6, 0.6])
    feedback.apply({"threshold": 0.5})
    after = feedback.run([0.6])
    assert before["reward"].tolist() == [0, 0]
    assert before["threshold"].tolist() == [1, 1]
    assert after["reward"].tolist() == [1]
    assert after["threshold"].tolist() == [0.5]


def test_row_031_an_impossible_change_changes_nothing():
    feedback = Feedback(RATE, normalise="none", threshold=1.0)
    with pytest.raises(SettingsError, match="dwell=-1: must be at least 0 s"):
        feedback.apply({"threshold": 0.5, "dwell": -1})
    with pytest.raises(SettingsError, match="cannot change during a run; these can: threshold"):
        feedback.apply({"normalise": "none"})
    assert feedback.run([0.6])["threshold"].tolist() == [1.0]


def test_row_064_a_reloaded_baseline_gives_the_same_outputs():
    rng = np.random.default_rng(5)
    settings = {"threshold_kind": "percentile", "threshold": 62.5, "dwell": 0.02}
    baseline = recorded(rng.gamma(4, 2, 3000))
    again = from_dict(Baseline, json.loads(json.dumps(to_dict(baseline))))
    first, second = Feedback(RATE, baseline, **settings), Feedback(RATE, again, **settings)
    signal = rng.gamma(4, 2, 2000)
    one, two = first.run(signal), second.run(signal)
    assert one["hits"][-1] > 0
    for name in NAMES:
        assert (one[name] == two[name]).all()


def test_a_percentile_threshold_is_that_of_the_baseline():
    signal = np.random.default_rng(6).gamma(4, 2, 5000)
    settings = {"threshold_kind": "percentile", "threshold": 75, "dwell": 0}
    feedback = Feedback(RATE, recorded(signal), **settings)
    values = feedback.run(signal)
    wanted = (np.percentile(signal, 75) - signal.mean()) / signal.std()
    assert values["threshold"][0] == pytest.approx(wanted, abs=1e-9)
    assert values["reward"].mean() == pytest.approx(0.25, abs=0.001)


@pytest.mark.parametrize("sizes", [[1], [7], [50], [1, 13, 200]])
@pytest.mark.parametrize("mode", ["hit", "time"])
def test_the_cut_into_blocks_does_not_matter(sizes, mode):
    rng = np.random.default_rng(7)
    signal = np.convolve(rng.normal(size=3000), np.ones(20) / 4, "same")
    flags = (rng.random(3000) < 0.01).astype(np.uint32) * np.uint32(Flags.AMPLITUDE)
    settings = {"normalise": "none", "dwell": 0.1, "refractory": 0.3, "mode": mode}
    whole = Feedback(RATE, **settings).run(signal, flags.copy())
    parts = Feedback(RATE, **settings).run(signal, flags.copy(), sizes)
    assert whole["hits"][-1] > 3
    for name in NAMES:
        assert (whole[name] == parts[name]).all()


@pytest.mark.parametrize("flag", [Flags.AMPLITUDE, Flags.PAUSED, Flags.CALIBRATING])
def test_a_flag_withholds_reward_and_starts_the_dwell_anew(flag):
    settings = {"normalise": "none", "threshold": 1.0, "dwell": 0.05}
    flags = clean(12)
    flags[3] = flag
    values = Feedback(RATE, **settings).run([2.0] * 12, flags)
    assert np.flatnonzero(values["reward"]).tolist() == [8]


def test_an_artifact_does_not_move_the_bar_and_lowers_the_quality():
    settings = {"normalise": "none", "display_range": (0.0, 10.0)}
    flags = clean(200)
    flags[100:150] = Flags.BURST
    signal = np.full(200, 5.0)
    signal[100:150] = 9.0
    values = Feedback(RATE, **settings).run(signal, flags)
    assert set(values["value"]) == {0.5}
    assert values["quality"][[99, 149, 199]] == pytest.approx([1.0, 0.5, 0.5])


def test_without_its_baseline_there_is_no_value_and_no_reward():
    processor = Processor(one_signal(dwell=0.0), SignalInfo(RATE, ("Oz",)))
    signal = 100.0 + np.arange(5.0)
    block = processor.process(signal[:, None])
    values = dict(zip(VALUE_NAMES, block.values.T, strict=True))
    assert values["trained_signal"].tolist() == signal.tolist()
    assert values["trained_value"].tolist() == [0] * 5
    assert values["reward"].sum() == 0
    assert (block.flags == Flags.UNCALIBRATED).all()


def test_a_missing_number_neither_raises_nor_stays():
    values = Feedback(RATE, normalise="none", display_range=(0.0, 2.0)).run([1.0, np.nan, 1.5])
    assert values["value"].tolist() == [0.5, 0.5, 0.75]


def test_a_new_process_goes_on_from_score_and_hits():
    feedback = Feedback(RATE, normalise="none", threshold=1.0, dwell=0.0)
    feedback.reward.restore({"score": 7.0, "hits": 7})
    values = feedback.run([2.0])
    assert (values["score"][-1], values["hits"][-1]) == (8, 8)
