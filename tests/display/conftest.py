"""Real windows, and what is in their frame buffers."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def open_window():
    """Open windows that are closed after the test."""
    opened = []

    def open_one(size=(320, 240), **settings):
        from psychopy import logging, visual

        logging.console.setLevel(logging.ERROR)
        defaults = {
            "units": "pix",
            "color": "black",
            "allowGUI": False,
            "checkTiming": False,
            "waitBlanking": False,
        }
        opened.append(visual.Window(size, **{**defaults, **settings}))
        return opened[-1]

    yield open_one
    for window in opened:
        window.close()


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
