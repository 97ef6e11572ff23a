"""The screens of a baseline, and what is kept of it for the next session."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from psychopy_nfb.display.neurofeedback import Neurofeedback
from psychopy_nfb.dsp import WCFIR, DCBlock, Pick, Pipeline, SignalInfo
from psychopy_nfb.engine.calibration import with_calibration
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.rerun import run_offline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Baseline, FurtherSignal, Protocol
from psychopy_nfb.recording import read_session
from psychopy_nfb.settings import write_json

BASELINE = Baseline(mean=5.0, sd=2.0, minimum=1.0, maximum=12.0)


def configuration(band=(8.0, 12.0), **changes):
    return Configuration(pipeline=Pipeline([Pick(["Oz"]), DCBlock(), WCFIR(band)]), **changes)


@pytest.fixture
def window():
    from psychopy import visual

    from psychopy_nfb.display import pace

    win = visual.Window((320, 240), units="pix", allowGUI=False)
    pace(win, 60)
    yield win
    win.close()


@pytest.fixture
def started(amplifier, training, tmp_path, window):
    """Return a function that starts a training with a learning filter in a window."""
    running = []

    def start(*options, **keywords):
        settings = training(
            amplifier(*options).source_id,
            pipeline=configuration().pipeline,
            protocol=Protocol(threshold=0.5),
        )
        nfb = Neurofeedback(settings, data=tmp_path, **keywords)
        running.append(nfb.start())
        nfb.attach(window)
        return nfb

    yield start
    for nfb in running:
        nfb.close()


def press(key, after):
    """Let the experimenter press a key in so many seconds."""
    from psychopy import event

    timer = threading.Timer(
        after, lambda: event._onPygletKey(symbol=key, modifiers=0, emulated=True)
    )
    timer.start()
    return timer


@pytest.mark.display
@pytest.mark.slow
def test_a_baseline_is_recorded_used_and_kept(started, window, tmp_path):
    from psychopy_nfb.display import show_baseline

    nfb = started()
    result = show_baseline(nfb, window, seconds=6, wait=0.2, repeats=0)
    assert (result.succeeded, result.escaped, result.attempts) == (True, False, 1)
    assert nfb.calibrated
    nfb.close()
    session = read_session(nfb.files.stem)
    blocks = session.events[session.events.trial_type == "block_begin"]
    assert blocks.value.tolist() == ["baseline eyes open"]
    assert session.frames[session.frames.block == "baseline eyes open"].shown.isna().all()
    kept = tmp_path / "sub-01_calibration.json"
    again = Neurofeedback(nfb.configuration, data=tmp_path, calibration="last")
    assert again.configuration.baseline == nfb.configuration.baseline
    fresh = replace(configuration(), stream=nfb.configuration.stream)
    taken = with_calibration(replace(fresh, protocol=nfb.configuration.protocol), kept)
    info = SignalInfo(session.eeg.rate, tuple(session.eeg.labels))
    eeg = session.eeg.samples.astype(float)
    first, _ = run_offline(nfb.configuration, eeg, info)
    second, _ = run_offline(taken, eeg, info)
    assert np.array_equal(first, second, equal_nan=True)
    assert taken.pipeline.steps[2].spectrum is not None


@pytest.mark.display
@pytest.mark.slow
def test_a_failed_baseline_says_why_and_can_be_repeated(started, window):
    from psychopy_nfb.display import show_baseline

    nfb = started("--spoil", "flat:0:1000000:Oz")
    result = show_baseline(nfb, window, seconds=1, wait=0.2, repeats=1)
    assert (result.succeeded, result.attempts) == (False, 2)
    assert "clean signal" in result.reason
    assert not nfb.calibrated


@pytest.mark.display
@pytest.mark.slow
def test_escape_ends_it_and_a_key_begins_it(started, window):
    from psychopy_nfb.display import show_baseline

    nfb = started()
    timers = [press("space", 0.5), press("escape", 2.5)]
    result = show_baseline(nfb, window, seconds=60)
    for timer in timers:
        timer.join()
    assert (result.succeeded, result.escaped, result.attempts) == (False, True, 1)
    nfb.close()
    events = read_session(nfb.files.stem).events
    assert (events.trial_type == "baseline_begin").sum() == 1


@pytest.mark.parametrize(
    ("wanted", "kept", "sentence"),
    [
        (configuration(), configuration(), "holds no baseline"),
        (
            configuration((12.0, 15.0)),
            configuration(baseline=BASELINE),
            r"another signal \(pipeline\.steps\[2\]\.band is \[12\.0, 15\.0\], there \[8\.0, 12",
        ),
        (
            Configuration(pipeline=Pipeline([Pick(["Oz"])])),
            configuration(baseline=BASELINE),
            "pipeline has 1 steps, there 3",
        ),
        (
            configuration(further={"emg": FurtherSignal()}),
            configuration(baseline=BASELINE),
            "holds no baseline of emg",
        ),
    ],
)
def test_a_calibration_of_another_signal_is_refused(wanted, kept, sentence, tmp_path):
    path = tmp_path / "kept.json"
    write_json(kept, path)
    with pytest.raises(SettingsError, match=sentence):
        with_calibration(wanted, path)


def test_without_an_earlier_session_there_is_nothing_to_take_over(tmp_path):
    nfb = Neurofeedback(configuration(), data=tmp_path, calibration="last")
    assert not nfb.calibrated
    nfb.files.release()
