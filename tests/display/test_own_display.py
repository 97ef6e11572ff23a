"""A display that a lab has written: what it is given, and what its faults do."""

from __future__ import annotations

import math

import pytest

from psychopy_nfb import FeedbackBar, FeedbackStimulus

pytestmark = pytest.mark.display


class Notes(FeedbackStimulus):
    """Notes what it would show; fails beyond a value."""

    def __init__(self, win):
        super().__init__(win, threshold=0.5)
        self.shown = []

    def draw(self):
        self.shown.append((self.value, self.state))
        if self.value > 0.8:
            raise ValueError("too high")

    def _value_changed(self):
        if self.value == 0.0:
            raise ZeroDivisionError("empty")


def test_it_has_value_threshold_and_state(open_window):
    notes = Notes(open_window())
    for value in (None, 0.25, 0.75):
        notes.value = value
        notes.draw()
    assert math.isnan(notes.shown[0][0])
    assert notes.shown[1:] == [(0.25, "normal"), (0.75, "reward")]


def test_a_fault_is_told_once_and_the_frames_go_on(open_window, caplog):
    window = open_window()
    notes, bar = Notes(window), FeedbackBar(window)
    notes.setAutoDraw(True)
    for value in (0.9, 0.95, 0.0, 0.5, 0.9, 0.0):
        notes.value = bar.value = value
        bar.draw()
        window.flip()
    assert len(notes.shown) == 6
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert said[0].startswith("Notes.draw failed: ValueError: too high, line ")
    assert said[0].endswith(f" of {__file__}.")
    assert said[1].startswith("Notes._value_changed failed: ZeroDivisionError: empty, line ")


def test_ours_are_as_they_were():
    assert not hasattr(FeedbackBar.draw, "__wrapped__")
    assert hasattr(Notes.draw, "__wrapped__")
