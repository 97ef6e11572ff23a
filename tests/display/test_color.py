from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.display.color import FeedbackColor

pytestmark = pytest.mark.display
LOW, HIGH = (20, 200, 33), (240, 10, 34)


def square(window, **settings):
    return FeedbackColor(
        window, size=(60, 50), low_color="#14C821", high_color="#F00A22", **settings
    )


def test_row_036_color_is_the_value_between_two_colors(open_window, show):
    window = open_window((161, 120))
    stimulus = square(window)
    for value in np.linspace(0, 1, 52):
        stimulus.value = value
        frame = show(window, stimulus)
        expected = np.round([a + value * (b - a) for a, b in zip(LOW, HIGH, strict=True)])
        lit = frame.any(axis=2)
        assert lit.sum() == 60 * 50
        assert (frame[lit] == expected).all()
        assert stimulus.rgb == tuple(expected)


def test_without_feedback_it_is_neutral(open_window, show):
    window = open_window((161, 120))
    stimulus = square(window, neutral_color="#646464")
    for value in (None, 0.3, float("nan")):
        stimulus.value = value
        frame = show(window, stimulus)
        assert (frame[60, 80] == 100).all() == (value != 0.3)
