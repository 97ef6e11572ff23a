"""Real windows, and what is in their frame buffers."""

from __future__ import annotations

import numpy as np
import pytest
from paced_display import HZ

from psychopy_nfb import pace
from psychopy_nfb.lsl.selection import StreamSelection


@pytest.fixture
def window(open_window):
    """Open a window that behaves as a 60 Hz display does."""
    window = open_window()
    pace(window, HZ)
    return window


@pytest.fixture
def no_amplifier(training):
    """Return a training that needs no amplifier."""
    return training("none", stream=StreamSelection(test_signal=True))


@pytest.fixture
def grab():
    """Return what has been drawn for the next flip, shape (height, width, 3), top row first."""

    def grab_back_buffer(window):
        return np.asarray(window._getFrame(buffer="back").convert("RGB")).copy()

    return grab_back_buffer


@pytest.fixture
def show(grab):
    """Draw stimuli, grab the frame, flip."""

    def show_frame(window, *stimuli):
        for stimulus in stimuli:
            stimulus.draw()
        frame = grab(window)
        window.flip()
        return frame

    return show_frame
