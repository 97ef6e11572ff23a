"""Further signals beside the trained one: computed in step with it, and able to forbid reward."""

from __future__ import annotations

import json
import math
import os
import signal

import numpy as np
import pytest

from psychopy_nfb.display.neurofeedback import Neurofeedback
from psychopy_nfb.dsp import CFIR, DCBlock, Decimate, Flags, Pick, Pipeline, SignalInfo
from psychopy_nfb.engine.configuration import Configuration, read_configuration
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.rerun import rerun, run_offline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.protocol import VALUE_NAMES, FurtherSignal, Protocol
from psychopy_nfb.recording import read_session
from psychopy_nfb.settings import to_dict

RATE = 250.0
INFO = SignalInfo(RATE, ("T7", "Oz"))
REWARD, SCORE = VALUE_NAMES.index("reward"), VALUE_NAMES.index("score")
BURST = slice(2000, 2500)


def eeg(n=4000):
    """Return 10 Hz at Oz throughout, and muscles at T7 in the `BURST`."""
    random = np.random.default_rng(5)
    samples = 2 * random.standard_normal((n, 2))
    samples[:, 1] += 20 * np.sin(2 * np.pi * 10 * np.arange(n) / RATE)
    samples[BURST, 0] += 60 * random.standard_normal(BURST.stop - BURST.start)
    return samples


def muscles(*steps, inhibits=True, **protocol):
    steps = steps or (Pick(["T7"]), DCBlock(), CFIR((30.0, 45.0), delay=0.05))
    protocol = {"normalise": "none", "threshold": 8.0, "display_range": (0.0, 16.0), **protocol}
    return FurtherSignal(Pipeline(list(steps)), Protocol(**protocol), inhibits)


def training(emg=None, **protocol):
    easy = {"normalise": "none", "threshold": 5.0, "reward_mode": "time", "dwell": 0.0, **protocol}
    return Configuration(
        pipeline=Pipeline([Pick(["Oz"]), DCBlock(), CFIR((8.0, 12.0), delay=0.1)]),
        protocol=Protocol(**easy),
        further={} if emg is None else {"emg": emg},
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
    configuration.further = {
        "theta": muscles(Pick(["Oz"]), CFIR((4.0, 8.0), delay=0.1)),
        "beta": muscles(Pick(["Oz"]), CFIR((18.0, 26.0), delay=0.1)),
    }
    values, flags = run_offline(configuration, noise + np.outer(wave, [0, 1]), INFO, [], 100)
    settled = slice(1000, None)
    rewarded = values[settled, REWARD] > 0
    assert rewarded.all() if alpha and not (theta or beta) else not rewarded.any()
    assert ((flags[settled] & Flags.INHIBITED) > 0).all() == (theta or beta)


def test_a_further_signal_that_does_not_inhibit_changes_nothing_of_the_trained_one():
    alone, alone_flags = offline(training())
    beside, flags = offline(training(muscles(inhibits=False)))
    for name in VALUE_NAMES:
        assert np.array_equal(alone[name], beside[name], equal_nan=True), name
    assert np.array_equal(alone_flags, flags)


def test_it_is_what_it_would_be_as_the_trained_one():
    emg = muscles(inhibits=False)
    beside, _ = offline(training(emg))
    as_trained, _ = offline(Configuration(pipeline=emg.pipeline, protocol=emg.protocol))
    for name in ("signal", "z", "threshold", "value"):
        assert np.array_equal(beside[f"emg_{name}"], as_trained[name]), name


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
    assert configuration.baseline.mean > 15
    assert configuration.further["emg"].baseline.mean < 3
    z = processor.process(samples[1700:2000]).values[:, configuration.value_names.index("emg_z")]
    assert abs(z.mean()) < 1
    again = read_configuration(to_dict(configuration))
    assert again.further["emg"].baseline.mean == configuration.further["emg"].baseline.mean


def test_a_baseline_that_one_signal_lacks_is_refused_for_all():
    flat = muscles(Pick(["T7"]), normalise="zscore")
    processor = Processor(training(flat, normalise="zscore"), INFO)
    samples = eeg()
    samples[:, 0] = 0.0
    processor.begin_baseline()
    processor.process(samples[:2000])
    with pytest.raises(SettingsError, match=r"further\.emg"):
        processor.end_baseline()
    assert processor.configuration.baseline is None
    assert not processor.calibrating


@pytest.mark.parametrize(
    ("emg", "sentence"),
    [
        (muscles(Pick(["T9"])), r"further\.emg\.pipeline\.steps\[0\]\.channels.*T9"),
        (muscles(Pick(["T7"]), Decimate(2)), r"further\.emg\.pipeline=125.*decimate both"),
        (muscles(DCBlock()), r"further\.emg\.pipeline=.*gives 2 signals"),
    ],
)
def test_what_does_not_fit_is_named(emg, sentence):
    with pytest.raises(SettingsError, match=sentence):
        Processor(training(emg), INFO)


def test_a_name_must_do_as_a_column():
    with pytest.raises(SettingsError, match="further='my emg'"):
        Configuration(further={"my emg": muscles()})


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
            emg = nfb.further["emg"]
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
    assert stages["flags"] > 0


@pytest.mark.slow
def test_a_killed_worker_with_a_further_signal_is_replaced_and_the_score_kept(amplifier, until):
    configuration = training(muscles())
    configuration.stream = StreamSelection(source_id=amplifier("--eyes", "closed").source_id)

    def fresh():
        nfb.update()
        return not nfb.stale and math.isfinite(nfb.further["emg"].signal)

    with Neurofeedback(configuration) as nfb:
        with nfb.block("training"):
            until(lambda: fresh() and nfb.score > 0.1, 20, "points")
            os.kill(nfb.worker_pid, signal.SIGKILL)
            until(lambda: nfb.restarts == 1, 5, "a new worker")
            until(lambda: nfb.stale or not fresh(), 5, "the old values' end")
            reached = nfb.score
            until(fresh, 15, "values of the new worker")
            assert nfb.score >= reached > 0.1
            until(lambda: fresh() and nfb.score > reached, 20, "points again")
