"""The screens of a baseline, and what is kept of it for the next session."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from trainings import one_signal, the_signal

from psychopy_nfb.display.neurofeedback import Neurofeedback
from psychopy_nfb.dsp import WCFIR, DCBlock, Flags, MovingAverage, Pick, SignalInfo
from psychopy_nfb.engine.calibration import with_calibration
from psychopy_nfb.engine.rerun import run_offline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Baseline, Signal
from psychopy_nfb.recording import read_session
from psychopy_nfb.settings import write_json

BASELINE = Baseline(mean=5.0, sd=2.0, minimum=1.0, maximum=12.0)


def configuration(band=(8.0, 12.0), **changes):
    return one_signal(Pick(["Oz"]), DCBlock(), WCFIR(band), **changes)


@pytest.fixture
def started(amplifier, training, tmp_path, window):
    """Return a function that starts a training with a learning filter in a window."""
    running = []

    def start(*options, **keywords):
        settings = training(
            amplifier(*options).source_id,
            pipeline=the_signal(configuration()).pipeline,
            normalise="zscore",
            threshold=0.5,
            display_range=None,
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
    from psychopy_nfb.display import run_baseline

    nfb = started()
    result = run_baseline(nfb, window, seconds=6, wait=0.2, repeats=0, label="rest before")
    assert (result.succeeded, result.escaped, result.attempts) == (True, False, 1)
    assert nfb.calibrated
    nfb.close()
    session = read_session(nfb.files.stem)
    blocks = session.events[session.events.trial_type == "block_begin"]
    assert blocks.value.tolist() == ["rest before"]
    assert session.frames[session.frames.block == "rest before"].shown.isna().all()
    kept = tmp_path / "sub-01_calibration.json"
    again = Neurofeedback(nfb.configuration, data=tmp_path, calibration="last")
    assert again.configuration == nfb.configuration
    fresh = replace(configuration(), stream=nfb.configuration.stream)
    taken = with_calibration(fresh, kept)
    info = SignalInfo(session.eeg.rate, tuple(session.eeg.labels))
    eeg = session.eeg.samples.astype(float)
    first, _ = run_offline(nfb.configuration, eeg, info)
    second, _ = run_offline(taken, eeg, info)
    assert np.array_equal(first, second, equal_nan=True)
    assert the_signal(taken).pipeline.steps[2].spectrum is not None


@pytest.mark.display
@pytest.mark.slow
def test_a_failed_baseline_says_why_and_what_to_do_and_can_be_repeated(
    started, window, monkeypatch, until
):
    from psychopy_nfb.display import calibration, run_baseline

    shown = []
    wait_for = calibration.Screens.wait_for
    monkeypatch.setattr(
        calibration.Screens,
        "wait_for",
        lambda self, text, *rest: (shown.append(text), wait_for(self, text, *rest)),
    )
    nfb = started("--spoil", "flat:0:1000000:Oz")

    def flat():
        nfb.update()
        return nfb.flags & (Flags.FLAT | Flags.SETTLING) == Flags.FLAT

    until(flat, 15, "the flat electrode")
    result = run_baseline(nfb, window, seconds=5, wait=0.2, repeats=1)
    assert (result.succeeded, result.attempts) == (False, 2)
    assert "clean signal" in result.reason
    assert not nfb.calibrated
    instructions, first, last = shown
    assert "for 5 seconds" in instructions
    for screen in (first, last):
        lines = screen.splitlines()
        assert lines[0] == "This measurement did not succeed."
        assert lines[2].startswith("Why: it has 0.0 s of clean signal out of ")
        assert lines[2].endswith(", because the signal was flat.")
        assert lines[4].startswith("What to do: plug in the electrode and check its cable")
    assert "Press space to measure again (possible once)." in first
    assert "Press space to go on without it, Escape to end." in last


@pytest.mark.display
def test_a_baseline_that_is_too_short_for_the_filters_is_refused_before_anything_is_shown(
    amplifier, training, window, tmp_path
):
    from psychopy_nfb import check_plan, run_baseline

    pipeline = the_signal(configuration()).pipeline
    pipeline.steps.append(MovingAverage(4.0))
    settings = training(amplifier().source_id, pipeline=pipeline, normalise="zscore")
    with Neurofeedback(settings, data=tmp_path) as nfb:
        nfb.attach(window)
        # 2 s of clean signal, after the 4 s of the average and what the filters before it take.
        least = nfb.shortest_baseline
        assert 8 <= least <= 9
        sentence = f"is too short for a baseline, which needs {least:g} s"
        with pytest.raises(SettingsError, match=f"^seconds=7.5: {sentence}"):
            run_baseline(nfb, window, seconds=7.5)
        plan = {"blocks": [{"label": "base", "kind": "baseline", "seconds": 7.5}]}
        with pytest.raises(SettingsError, match=rf"^block 1 \(base\).seconds=7.5: {sentence}"):
            check_plan(nfb, plan)
        assert run_baseline(nfb, window, seconds=least, wait=0.1, repeats=0).succeeded


@pytest.mark.display
@pytest.mark.parametrize("size", [(640, 480), (1200, 700), (400, 780)])
@pytest.mark.parametrize("color", ["black", "grey", "white", "#9090A0"])
def test_the_screens_of_a_baseline_fit_and_are_legible(open_window, grab, size, color):
    from psychopy_nfb.display import calibration

    win = open_window(size, color=color, units="norm")
    screens = calibration.Screens(None, win)
    reason = (
        "baseline='eyes open': has 0.0 s of clean signal out of 60.0 s but needs 2 s, because "
        "the signal was beyond the artifact limit; sit still, relax jaw and forehead, and check "
        "gel, ground and reference, then repeat it."
    )
    screens._text.text = f"{calibration.failure(reason)}\n\n" + "Press space to go on.\n" * 3
    behind = grab(win)[0, 0].astype(float)
    screens._text.draw()
    written = np.abs(grab(win) - behind).max(axis=-1) > 20
    rows, columns = np.nonzero(written)
    assert rows.min() > 0.05 * size[1]
    assert rows.max() < 0.95 * size[1]
    assert columns.min() > 0.01 * size[0]
    assert columns.max() < 0.99 * size[0]

    def luminance(pixel):
        shares = np.asarray(pixel, float) / 255
        linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
        return linear @ (0.2126, 0.7152, 0.0722) + 0.05

    pixels = grab(win)[written]
    letters = pixels[np.abs(pixels - behind).max(axis=-1).argmax()]
    light, dark = sorted((luminance(letters), luminance(behind)), reverse=True)
    assert light / dark > 4.5  # the contrast that the Web's guidelines ask of text


@pytest.mark.display
@pytest.mark.slow
def test_escape_ends_it_and_a_key_begins_it(started, window):
    from psychopy_nfb.display import run_baseline

    nfb = started()
    timers = [press("space", 0.5), press("escape", 2.5)]
    result = run_baseline(nfb, window, seconds=60)
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
            r"another signal \(signals\.trained\.pipeline\.steps\[2\]\.band is \[12\.0, 15",
        ),
        (
            one_signal(Pick(["Oz"])),
            configuration(baseline=BASELINE),
            "pipeline has 1 steps, there 3",
        ),
        (
            replace(
                configuration(), signals={**configuration().signals, "emg": Signal(role="inhibit")}
            ),
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


@pytest.mark.display
def test_without_a_baseline_an_earlier_calibration_stays(no_amplifier, tmp_path, caplog):
    earlier = tmp_path / "sub-07_calibration.json"
    earlier.write_text('{"kept": true}', encoding="utf-8")
    with Neurofeedback(no_amplifier) as nfb:
        nfb.save_calibration(earlier)
    assert earlier.read_text(encoding="utf-8") == '{"kept": true}'
    assert "no baseline to keep" in caplog.text
    assert str(earlier) in caplog.text
