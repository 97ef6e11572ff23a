"""A start together with a scanner."""

from __future__ import annotations

import threading
import time

import pytest

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.display.neurofeedback import Neurofeedback
from psychopy_nfb.errors import NfbError
from psychopy_nfb.recording import read_session

pytestmark = [pytest.mark.display, pytest.mark.slow]


@pytest.fixture
def waiting(amplifier, training, tmp_path):
    """Return a started training and its window."""
    from psychopy import visual

    from psychopy_nfb.display import pace

    win = visual.Window((200, 200), units="pix", allowGUI=False)
    pace(win, 60)
    with Neurofeedback(training(amplifier().source_id), data=tmp_path) as nfb:
        nfb.attach(win)
        yield nfb, win
    win.close()


def press(*keys):
    """Press keys one after the other, half a second apart; return when, by key."""
    from psychopy import event

    when = {}

    def run():
        for key in keys:
            time.sleep(0.5)
            when[key] = lsl_now()
            event._onPygletKey(symbol=key, modifiers=0, emulated=True)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, when


@pytest.mark.alone
def test_row_072_the_trigger_starts_and_other_keys_do_not(waiting):
    from psychopy_nfb.display import wait_for_trigger

    nfb, win = waiting
    thread, when = press("s", "5", "space", "t")
    t = wait_for_trigger(nfb, win, "t", timeout=20)
    thread.join()
    assert when["space"] < when["t"] <= t < when["t"] + 0.5
    nfb.close()
    session = read_session(nfb.files.stem)
    (mark,) = session.frames[session.frames["mark"].notna()]["mark"]
    assert mark == "trigger t"


def test_escape_gives_up(waiting):
    from psychopy_nfb.display import wait_for_trigger

    nfb, win = waiting
    thread, _ = press("a", "escape")
    assert wait_for_trigger(nfb, win, "t", timeout=20) is None
    thread.join()


def test_a_trigger_that_does_not_come_is_told(waiting):
    from psychopy_nfb.display import wait_for_trigger

    nfb, win = waiting
    with pytest.raises(NfbError, match="key='t': did not come within 0.5 s"):
        wait_for_trigger(nfb, win, "t", timeout=0.5)
