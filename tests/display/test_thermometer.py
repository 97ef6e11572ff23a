from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.display.thermometer import FeedbackThermometer
from psychopy_nfb.errors import SettingsError

pytestmark = pytest.mark.display
COLORS = {"color": "red", "reward_color": "lime", "track_color": "blue", "line_color": "yellow"}
RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)


def lit(frame, color):
    return (frame == color).all(axis=2)


@pytest.fixture
def thermometer(open_window):
    """Return a function that makes a window and a thermometer, 20 pixels wide and 150 high."""

    def make(**settings):
        window = open_window((320, 240))
        usual = {"size": (20, 150), "pos": (0, 20), **COLORS}
        return window, FeedbackThermometer(window, **{**usual, **settings})

    return make


def test_the_column_rises_out_of_a_bulb_by_the_value(thermometer, show):
    window, one = thermometer()
    middle = 160
    for value in (0.0, 0.3, 1.0):
        one.value = value
        red = lit(show(window, one), RED)
        above = red[:, middle][: 120 - 20 + 75].sum()  # the tube's rows: from 25 on to 174
        assert above == round(150 * value) == one.pixels
        below = np.flatnonzero(red[176:].any(axis=1))
        assert len(below) >= 15, "the bulb is filled at any value"
        assert red[180].sum() > 24, "and is broader than the tube"


def test_without_feedback_bulb_and_tube_are_empty(thermometer, show):
    window, one = thermometer()
    assert not lit(show(window, one), RED).any()
    one.value = 0.5
    assert lit(show(window, one), RED).any()
    one.value = None
    assert not lit(show(window, one), RED).any()


def test_bulb_and_tube_change_colour_at_the_threshold_which_is_marked(thermometer, show):
    window, one = thermometer(threshold=0.6)
    one.value = 0.59
    frame = show(window, one)
    assert lit(frame, RED).any()
    assert not lit(frame, GREEN).any()
    line = np.flatnonzero(lit(frame, YELLOW).any(axis=1))
    assert list(line) == [85, 86]  # the tube's 90th row from below, and the one beneath
    one.value = 0.6
    frame = show(window, one)
    assert lit(frame, GREEN).any()
    assert not lit(frame, RED).any()


def test_the_scale_has_its_ticks_where_the_values_are(thermometer, show):
    window, bare = thermometer(ticks=4)
    right_of = slice(160 + 11, 160 + 16)
    frame = show(window, bare)
    ticks = np.flatnonzero((frame[:, right_of] > 100).all(axis=(1, 2)))
    begins = ticks[np.diff(ticks, prepend=-9) > 1]
    assert np.abs(begins + 1 - (175 - 150 * np.arange(4)[::-1] / 3)).max() <= 1
    numbers = slice(160 + 22, 320)
    assert not frame[:, numbers].any()
    window, numbered = thermometer(ticks=4, scale=(-3, 3))
    beside = show(window, numbered)[:, numbers].any(axis=(1, 2))
    labels = np.flatnonzero(beside)
    groups = np.split(labels, np.flatnonzero(np.diff(labels) > 5) + 1)
    assert len(groups) == 4
    middles = [np.mean(one) for one in groups]
    assert np.abs(np.array(middles) - (175 - 150 * np.arange(4)[::-1] / 3)).max() <= 3


def test_it_stands_out_on_a_bright_window(open_window, show):
    window = open_window((320, 240), color="white")
    one = FeedbackThermometer(window, size=(20, 150), scale=(0, 10))
    nothing = show(window)
    beside = (show(window, one) != nothing)[:, 160 + 11 :].any(axis=(1, 2))
    assert beside.sum() > 20


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"scale": 5}, "scale=5: must be the numbers"),
        ({"ticks": 1}, "ticks=1: must be at least 2"),
        ({"threshold": 2}, "threshold=2: .*at most 1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(open_window, settings, said):
    with pytest.raises(SettingsError, match=said):
        FeedbackThermometer(open_window(), **settings)
