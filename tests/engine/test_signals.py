"""Several signals of one training: computed in step, rewarded together, able to forbid reward."""

from __future__ import annotations

import json
import math
import os
import signal
import time

import numpy as np
import pytest

from psychopy_nfb.display.neurofeedback import Neurofeedback
from psychopy_nfb.dsp import CFIR, DCBlock, Decimate, Flags, Pick, Pipeline, SignalInfo
from psychopy_nfb.engine.configuration import Configuration, read_configuration
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.rerun import rerun, run_offline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.protocol import REWARD_VALUES, Reward, Signal, value_names
from psychopy_nfb.recording import read_session
from psychopy_nfb.settings import to_dict

RATE = 250.0
INFO = SignalInfo(RATE, ("T7", "Oz"))
BURST = slice(2000, 2500)


def eeg(n=4000):
    """Return 10 Hz at Oz throughout, and muscles at T7 in the `BURST`."""
    random = np.random.default_rng(5)
    samples = 2 * random.standard_normal((n, 2))
    samples[:, 1] += 20 * np.sin(2 * np.pi * 10 * np.arange(n) / RATE)
    samples[BURST, 0] += 60 * random.standard_normal(BURST.stop - BURST.start)
    return samples


def muscles(*steps, **settings):
    steps = steps or (Pick(["T7"]), DCBlock(), CFIR((30.0, 45.0), delay=0.05))
    usual = {"role": "inhibit", "threshold": 8.0, "display_range": (0.0, 16.0)}
    return Signal(Pipeline(list(steps)), **{"normalise": "none", **usual, **settings})


def training(emg=None, **settings):
    steps = [Pick(["Oz"]), DCBlock(), CFIR((8.0, 12.0), delay=0.1)]
    alpha = Signal(Pipeline(steps), **{"normalise": "none", "threshold": 5.0, **settings})
    return Configuration(
        signals={"alpha": alpha} if emg is None else {"alpha": alpha, "emg": emg},
        reward=Reward(mode="time", dwell=0.0),
    )


def offline(configuration, commands=(), chunk=1000):
    configuration = read_configuration(to_dict(configuration))  # filters of its own
    values, flags = run_offline(configuration, eeg(), INFO, list(commands), chunk)
    return dict(zip(configuration.value_names, values.T, strict=True)), flags


def test_row_024_no_reward_while_muscles_are_active():
    values, flags = offline(training(muscles()))
    inhibited = (flags & Flags.INHIBITED) > 0
    assert inhibited[BURST].mean() > 0.8
    assert not inhibited[: BURST.start].any()
    assert not values["reward"][inhibited].any()
    free = flags == 0
    assert values["reward"][free].mean() > 0.95
    without, _ = offline(training())
    assert without["reward"][inhibited].any()


@pytest.mark.row(85)
@pytest.mark.parametrize("alpha", [True, False])
@pytest.mark.parametrize("theta", [True, False])
@pytest.mark.parametrize("beta", [True, False])
def test_row_085_one_band_is_rewarded_while_two_others_are_low(alpha, theta, beta):
    t = np.arange(3000) / RATE
    there = {10.0: alpha, 6.0: theta, 22.0: beta}
    wave = sum(20 * on * np.sin(2 * np.pi * frequency * t) for frequency, on in there.items())
    noise = np.random.default_rng(7).standard_normal((3000, 2))
    configuration = training()
    configuration.signals |= {
        "theta": muscles(Pick(["Oz"]), CFIR((4.0, 8.0), delay=0.1)),
        "beta": muscles(Pick(["Oz"]), CFIR((18.0, 26.0), delay=0.1)),
    }
    values, flags = run_offline(configuration, noise + np.outer(wave, [0, 1]), INFO, [], 100)
    settled = slice(1000, None)
    rewarded = values[settled, configuration.value_names.index("reward")] > 0
    assert rewarded.all() if alpha and not (theta or beta) else not rewarded.any()
    assert ((flags[settled] & Flags.INHIBITED) > 0).all() == (theta or beta)


@pytest.mark.parametrize("order", [("alpha", "theta"), ("theta", "alpha")])
@pytest.mark.parametrize("alpha", [True, False])
@pytest.mark.parametrize("theta", [True, False])
def test_two_rewarded_signals_bring_points_while_both_are_beyond(order, alpha, theta):
    t = np.arange(3000) / RATE
    wave = 20 * (alpha * np.sin(2 * np.pi * 10 * t) + theta * np.sin(2 * np.pi * 6 * t))
    noise = np.random.default_rng(7).standard_normal((3000, 2))
    bands = {"alpha": (8.0, 12.0), "theta": (4.0, 8.0)}
    configuration = Configuration(
        signals={
            name: muscles(Pick(["Oz"]), CFIR(bands[name], delay=0.1), role="reward")
            for name in order
        },
        reward=Reward(mode="time", dwell=0.0),
    )
    values, flags = run_offline(configuration, noise + np.outer(wave, [0, 1]), INFO, [], 100)
    rewarded = values[1000:, configuration.value_names.index("reward")] > 0
    assert rewarded.all() if alpha and theta else not rewarded.any()
    assert not flags[1000:].any()


def test_a_fault_of_one_rewarded_signal_withholds_the_reward_of_all():
    samples = eeg()
    samples[2000:2500, 0] = 3.0
    configuration = training(muscles(role="reward", threshold=0.0))
    values, flags = run_offline(configuration, samples, INFO, [], 100)
    flat = (flags & Flags.FLAT) > 0
    assert flat[2300:2500].all()
    reward = values[:, configuration.value_names.index("reward")]
    assert reward[1500:2000].all()
    assert not reward[flat].any()
    shown = values[:, configuration.value_names.index("alpha_value")]
    assert np.ptp(shown[2300:2500]) > 0 or shown[2400] == 1  # alpha itself is as it was


def test_without_a_rewarded_signal_there_is_no_reward_and_everything_else():
    configuration = training(role="watch")
    values, flags = run_offline(configuration, eeg(), INFO, [], 100)
    rewarded, _ = run_offline(training(), eeg(), INFO, [], 100)
    watched = dict(zip(configuration.value_names, values.T, strict=True))
    assert not watched["reward"].any()
    assert not flags[1000:].any()
    assert np.array_equal(values[:, :4], rewarded[:, :4])


def test_a_change_is_one_of_its_own_signal():
    commands = [
        (1000, "set", {"threshold": 7.0}),
        (2000, "set", {"threshold": 3.0, "signal": "emg"}),
    ]
    values, _ = offline(training(muscles()), commands)
    rows = np.arange(len(values["reward"]))
    assert (values["alpha_threshold"] == np.where(rows < 1000, 5.0, 7.0)).all()
    assert (values["emg_threshold"] == np.where(rows < 2000, 8.0, 3.0)).all()
    processor = Processor(training(muscles()), INFO)
    for changes, name, sentence in (
        ({"dwell": 1.0}, "emg", "dwell=1.0: cannot change during a run; these can: threshold, "),
        ({"threshold": 1.0}, "beta", "signal='beta': is no signal; there are: alpha, emg"),
        ({"role": "watch"}, None, "role='watch': cannot change during a run.*points"),
        ({"dwell": -1.0, "threshold": 1.0}, None, "dwell=-1.0: must be at least 0 s"),
    ):
        with pytest.raises(SettingsError, match=sentence):
            processor.apply(changes, name)
    assert processor.configuration.signals["alpha"].threshold == 5.0


def test_a_signal_to_watch_changes_nothing_of_the_others():
    alone, alone_flags = offline(training())
    beside, flags = offline(training(muscles(role="watch")))
    for name in value_names(["alpha"]):
        assert np.array_equal(alone[name], beside[name], equal_nan=True), name
    assert np.array_equal(alone_flags, flags)


def test_each_is_what_it_would_be_alone():
    emg = muscles(role="watch")
    beside, _ = offline(training(emg))
    alone, _ = offline(Configuration(signals={"emg": emg}))
    for name in set(alone) - {*REWARD_VALUES}:
        assert np.array_equal(beside[name], alone[name]), name


@pytest.mark.parametrize("chunk", [1, 7, 50])
def test_how_samples_are_cut_changes_nothing_of_it(chunk):
    commands = [
        (500, "baseline_begin", {"label": "x"}),
        (1700, "baseline_end", {}),
        (3000, "gap", {}),
    ]
    configuration = training(muscles(normalise="zscore", threshold=4.0))
    whole, whole_flags = offline(configuration, commands)
    cut, flags = offline(configuration, commands, chunk)
    for name, series in whole.items():
        assert np.allclose(series, cut[name], rtol=0, atol=1e-9), name
    assert np.array_equal(whole_flags, flags)
    assert (flags & Flags.INHIBITED).any()


def test_each_signal_has_a_baseline_of_its_own():
    processor = Processor(training(muscles(normalise="zscore"), normalise="zscore"), INFO)
    samples = eeg()
    processor.process(samples[:500])
    processor.begin_baseline()
    processor.process(samples[500:1700])
    processor.end_baseline()
    configuration = processor.configuration
    assert configuration.signals["alpha"].baseline.mean > 15
    assert configuration.signals["emg"].baseline.mean < 3
    z = processor.process(samples[1700:2000]).values[:, configuration.value_names.index("emg_z")]
    assert abs(z.mean()) < 1
    again = read_configuration(to_dict(configuration))
    assert again.signals == configuration.signals


def test_a_baseline_that_one_signal_lacks_is_refused_for_all():
    flat = muscles(Pick(["T7"]), normalise="zscore")
    processor = Processor(training(flat, normalise="zscore"), INFO)
    samples = eeg()
    samples[:, 0] = 0.0
    processor.begin_baseline()
    processor.process(samples[:2000])
    with pytest.raises(SettingsError, match=r"signals\.emg"):
        processor.end_baseline()
    signals = processor.configuration.signals.values()
    assert [signal.baseline for signal in signals] == [None, None]
    assert not processor.calibrating


@pytest.mark.parametrize(
    ("emg", "sentence"),
    [
        (muscles(Pick(["T9"])), r"signals\.emg\.pipeline\.steps\[0\]\.channels.*T9"),
        (muscles(Pick(["T7"]), Decimate(2)), r"signals\.emg\.pipeline=125.*decimate both"),
        (muscles(DCBlock()), r"signals\.emg\.pipeline=.*gives 2 channels"),
    ],
)
def test_what_does_not_fit_is_named(emg, sentence):
    with pytest.raises(SettingsError, match=sentence):
        Processor(training(emg), INFO)


def test_a_name_must_do_as_a_column():
    with pytest.raises(SettingsError, match="signals='my emg'"):
        Configuration(signals={"my emg": muscles()})
    with pytest.raises(SettingsError, match="name at least one signal"):
        Configuration(signals={})


def test_a_signal_that_is_not_there_is_one_sentence():
    nfb = Neurofeedback(training(muscles()))
    with pytest.raises(
        SettingsError, match="signals='emgg': is not a signal of this training; the signals are "
    ):
        nfb.signals["emgg"]
    assert "emgg" not in nfb.signals


@pytest.mark.display
@pytest.mark.slow
def test_row_040_a_second_signal_warns_at_its_threshold(amplifier, tmp_path):
    from psychopy import visual

    from psychopy_nfb.display import FeedbackColor, pace

    source_id = amplifier().source_id
    second = muscles(Pick(["Oz"]), DCBlock(), CFIR((8.0, 12.0), delay=0.05), threshold=6.0)
    configuration = training(second)
    configuration.stream.source_id = source_id
    configuration.stream.timeout = 15.0
    win = visual.Window((200, 200), units="pix", allowGUI=False)
    try:
        pace(win, 60)
        with Neurofeedback(configuration, data=tmp_path) as nfb:
            nfb.attach(win)
            emg = nfb.signals["emg"]
            assert (emg.value, emg.beyond) == (0.0, False)
            assert math.isnan(emg.z)
            square = FeedbackColor(win, size=(50, 50))
            warned = []
            for _ in nfb.frames(4):
                square.value = float(emg.beyond)
                square.draw()
                warned.append((emg.z, emg.threshold, emg.beyond, square.value))
    finally:
        win.close()
    seen = [row for row in warned if not math.isnan(row[0])]
    assert {beyond for _, _, beyond, _ in seen} == {True, False}
    for z, threshold, beyond, shown in seen:
        assert threshold == 6.0
        assert beyond == (z >= threshold) == bool(shown)
    session = read_session(nfb.files.stem)
    frames = session.frames.dropna(subset="seq")
    by_sample = session.signals.set_index("sample")
    both = by_sample.loc[frames["sample"].astype(int)]
    for name in ("emg_value", "emg_signal", "emg_z"):
        assert np.allclose(frames[name], both[name], rtol=1e-6), name
    again, flags = rerun(session)
    assert np.abs(again - session.signals[list(configuration.value_names)]).to_numpy().max() < 1e-9
    assert (flags == session.signals["flags"]).all()
    stages = json.loads((nfb.files.settings).read_text())["stages"]["seconds"]
    assert stages["emg.2:CFIR"] > 0
    assert stages["alpha.2:CFIR"] > 0
    assert stages["flags"] > 0


@pytest.mark.slow
def test_a_baseline_whose_last_samples_no_file_has_is_the_same_in_a_rerun(
    amplifier, tmp_path, until
):
    configuration = training(normalise="zscore", threshold=0.5)
    configuration.stream = StreamSelection(source_id=amplifier().source_id)

    def fresh():
        nfb.update()
        return not nfb.stale and math.isfinite(nfb.z)

    with Neurofeedback(configuration, data=tmp_path) as nfb:
        until(lambda: nfb.update() or not nfb.stale, 15, "values")
        nfb.begin_baseline()
        time.sleep(5)
        assert nfb.end_baseline(), nfb.refusal
        os.kill(nfb.worker_pid, signal.SIGKILL)  # before the files have what came last
        until(lambda: nfb.restarts == 1, 5, "a new worker")
        until(lambda: nfb.update() or nfb.stale, 5, "the old values' end")
        until(fresh, 15, "values of the new worker")
        with nfb.block("training"):
            until(lambda: fresh() and not nfb.flags, 15, "clean values")
    session = read_session(nfb.files.stem)
    names = session.events.trial_type.tolist()
    assert {"worker_restarted", "baseline_begin", "baseline_end"} <= set(names)
    values, flags = rerun(session)
    recorded = session.signals[list(configuration.value_names)].to_numpy()
    np.testing.assert_allclose(values, recorded, rtol=0, atol=1e-9)
    assert (flags == session.signals["flags"]).all()


@pytest.mark.alone
@pytest.mark.slow
def test_a_killed_worker_of_three_signals_is_replaced_and_score_and_baseline_kept(
    amplifier, tmp_path, until
):
    configuration = training(muscles(threshold=30.0), normalise="zscore", threshold=-2.0)
    configuration.signals["theta"] = muscles(Pick(["Oz"]), CFIR((4.0, 8.0)), role="reward")
    configuration.signals["theta"].threshold = 0.0
    configuration.stream = StreamSelection(source_id=amplifier("--eyes", "closed").source_id)

    def fresh():
        nfb.update()
        return not nfb.stale and all(math.isfinite(one.signal) for one in nfb.signals.values())

    with Neurofeedback(configuration, data=tmp_path) as nfb:
        until(fresh, 15, "values")
        nfb.begin_baseline()
        time.sleep(4)
        assert nfb.end_baseline(), nfb.refusal
        with nfb.block("training"):
            until(lambda: fresh() and nfb.score > 0.1, 20, "points")
            kept = nfb.configuration.signals
            os.kill(nfb.worker_pid, signal.SIGKILL)
            until(lambda: nfb.restarts == 1, 5, "a new worker")
            until(lambda: nfb.stale or not fresh(), 5, "the old values' end")
            reached = nfb.score
            until(fresh, 15, "values of the new worker")
            assert nfb.score >= reached > 0.1
            until(lambda: fresh() and nfb.score > reached, 20, "points again")
            assert [one.baseline for one in nfb.configuration.signals.values()] == [
                one.baseline for one in kept.values()
            ]
            assert not nfb.flags & Flags.UNCALIBRATED
    session = read_session(nfb.files.stem)
    values, flags = rerun(session)
    recorded = session.signals[list(configuration.value_names)].to_numpy()
    assert np.allclose(values, recorded, rtol=0, atol=1e-9)
    assert (flags == session.signals["flags"]).all()
