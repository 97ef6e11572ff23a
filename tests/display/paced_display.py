"""A bar on a display that is paced, and what is shown with it."""

from __future__ import annotations

from psychopy_nfb import FeedbackBar

HZ = 60
"""Frame rate of the display, in Hz."""


def show(nfb, window, seconds):
    """Show a bar; return the values that it showed."""
    bar = FeedbackBar(window, size=(40, 200))
    values = []
    for _ in nfb.frames(seconds):
        bar.value = nfb.value
        bar.draw()
        values.append(nfb.value)
    return values
