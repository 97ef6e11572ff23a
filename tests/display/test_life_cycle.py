"""A session before its start, at its end and after it, and the windows that it had."""

from __future__ import annotations

import gc
import time

import pandas as pd
import pytest
from paced_display import HZ, show

from psychopy_nfb import Neurofeedback, pace
from psychopy_nfb.dsp import Flags
from psychopy_nfb.errors import SettingsError, StreamError
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.recording import read_session

pytestmark = [pytest.mark.display, pytest.mark.slow]


def test_attaching_before_start_is_one_sentence(training, window):
    nfb = Neurofeedback(training("nobody"))
    with pytest.raises(SettingsError, match="call start"):
        nfb.attach(window)
    with pytest.raises(SettingsError, match="attach"):
        next(nfb.frames(1.0))


def test_after_close_the_window_is_as_it_was(amplifier, training, window):
    swap = window.backend.swapBuffers
    with Neurofeedback(training(amplifier().source_id)) as nfb:
        nfb.attach(window)
        show(nfb, window, 0.2)
        assert window.backend.swapBuffers != swap
    assert window.backend.swapBuffers == swap
    nfb.close()
    window.flip()
    assert not nfb.flags & Flags.INVALID


def test_a_frame_that_is_flipped_after_close_is_let_through(amplifier, training, window, tmp_path):
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        nfb.attach(window)
        show(nfb, window, 0.2)
        nfb.update()
    shown = len(pd.read_csv(nfb.files.frames))
    assert shown > 0
    window.flip()  # what update() had queued for it must not reach for memory that is gone
    assert len(pd.read_csv(nfb.files.frames)) == shown


def test_no_collection_during_a_run_looks_at_what_was_there_before(amplifier, training, window):
    with Neurofeedback(training(amplifier().source_id)) as nfb:
        before = len(gc.get_objects())
        nfb.attach(window)
        show(nfb, window, 0.5)
        assert len(gc.get_objects()) < before / 10, "a full collection is a short one"
    assert gc.get_freeze_count() == 0
    assert len(gc.get_objects()) > before / 2


@pytest.mark.alone
def test_before_start_and_after_close_a_frame_is_harmless(no_amplifier, window, tmp_path, caplog):
    nfb = Neurofeedback(no_amplifier, data=tmp_path)
    nfb.update()
    nfb.mark("early")
    window.flip()
    assert (nfb.value, nfb.stale, nfb.score) == (0.0, True, 0.0)
    assert "'early' came before start()" in caplog.text
    with nfb:
        nfb.attach(window)
        show(nfb, window, 0.5)
        signal = nfb.signal
        assert not nfb.stale
    time.sleep(0.15)
    nfb.update()
    nfb.mark("late")
    window.flip()
    assert nfb.signal == signal
    assert nfb.stale
    assert not nfb.reward
    assert "'late' came after close()" in caplog.text
    assert not {"early", "late"} & set(read_session(nfb.files.stem).frames.mark)
    with pytest.raises(SettingsError, match="closed.*make a new Neurofeedback"):
        nfb.start()
    with pytest.raises(SettingsError, match="closed.*make a new Neurofeedback"):
        next(nfb.frames(1.0))


def test_a_start_that_failed_is_not_taken_for_one_that_succeeded(training):
    nowhere = StreamSelection(source_id="nobody", timeout=0.5)
    nfb = Neurofeedback(training("nobody", stream=nowhere))
    with pytest.raises(StreamError, match="no such stream"):
        nfb.start()
    with pytest.raises(SettingsError, match="make a new Neurofeedback"):
        nfb.start()


@pytest.mark.parametrize("what", ["window", "nfb"])
def test_frames_end_with_what_they_need(no_amplifier, open_window, tmp_path, caplog, what):
    window = open_window()
    pace(window, HZ)
    with Neurofeedback(no_amplifier, data=tmp_path) as nfb:
        nfb.attach(window)
        with nfb.block("training"):
            numbers = []
            for number in nfb.frames(20.0):
                numbers.append(number)
                if number == 20:
                    (window if what == "window" else nfb).close()
        assert list(nfb.frames(20.0)) == [] if what == "window" else True
    told = [one for one in caplog.messages if one.startswith("The window was closed: blocks end")]
    assert len(told) == (what == "window")
    assert numbers == list(range(21))
    session = read_session(nfb.files.stem)
    assert session.settings["ended"] == "stopped"
    assert session.frames.frame.tolist() == list(range(20))
    marks = session.events.value[session.events.trial_type == "mark"].tolist()
    assert marks == ["window closed"] * (what == "window")
    events = pd.read_csv(nfb.files.events, sep="\t").trial_type.tolist()
    assert events.count("block_end") == 1


def test_a_second_window_takes_over_and_leaves_the_first_as_it_was(
    no_amplifier, open_window, tmp_path
):
    first, second = open_window(), open_window()
    shown = 0
    with Neurofeedback(no_amplifier, data=tmp_path) as nfb:
        for window in (first, second, second):
            pace(window, HZ)
            window.swap = window.backend.swapBuffers
            nfb.attach(window)
            with nfb.block("training"):
                nfb.mark("here")
                shown += len(show(nfb, window, 0.5))
            if window is second:
                assert first.backend.swapBuffers == first.swap
    assert second.backend.swapBuffers == second.swap
    frames = read_session(nfb.files.stem).frames
    assert frames.frame.tolist() == list(range(shown))
    assert frames.mark.dropna().tolist() == ["here"] * 3
    assert frames.block.dropna().tolist() == ["training"] * shown
