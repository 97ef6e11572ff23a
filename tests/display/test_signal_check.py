"""The page that shows which channels are good."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import ImageGrab

from psychopy_nfb.display.neurofeedback import Neurofeedback
from psychopy_nfb.recording import read_session

pytestmark = [
    pytest.mark.display,
    pytest.mark.slow,
    pytest.mark.skipif("DISPLAY" not in os.environ, reason="the picture is taken of an X screen"),
]


def test_bad_channels_are_shown_told_and_marked(amplifier, training, tmp_path):
    from psychopy import visual

    from psychopy_nfb.display import pace, show_signal_check

    source_id = amplifier("--spoil", "flat:0:1000000:F3", "--eyes", "open").source_id
    win = visual.Window((800, 600), units="pix", color="black", allowGUI=False)
    try:
        pace(win, 60)
        with Neurofeedback(training(source_id), data=tmp_path) as nfb:
            nfb.attach(win)
            assert nfb.channels == []
            result = show_signal_check(nfb, win, wait=4)
            picture = np.asarray(ImageGrab.grab(xdisplay=os.environ["DISPLAY"])).astype(int)
    finally:
        win.close()
    assert result.escaped is False
    assert result.bad["F3"] == "flat"
    assert set(result.bad) <= {"F3", "T7", "T8", "F7", "F8"}  # muscles come and go
    red, green, blue = np.moveaxis(picture[..., :3], -1, 0)
    assert ((red > 200) & (green < 150) & (blue < 100)).sum() > 20  # one red lamp at least
    assert ((green > 150) & (red < 80)).sum() > 20 * 20  # and a column of green ones
    session = read_session(nfb.files.stem)
    (mark,) = session.events[session.events.trial_type == "mark"].value
    assert mark.startswith("signal check: ")
    assert "F3" in mark
    assert session.frames[session.frames.block == "signal check"].shown.isna().all()
