from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.display.dimmer import FeedbackDimmer
from psychopy_nfb.errors import SettingsError

pytestmark = pytest.mark.display


@pytest.fixture
def bright(open_window):
    """Return a window of odd size and a picture that fills it, as a movie would."""
    from psychopy import visual

    window = open_window((321, 243))
    return window, visual.Rect(window, width=330, height=250, fillColor="white", lineWidth=0)


def test_all_that_was_drawn_before_is_darkened_by_what_the_value_lacks(bright, show):
    window, movie = bright
    dimmer = FeedbackDimmer(window, darkest=0.8, smooth=0)
    for value in (1.0, 0.75, 0.5, 0.0, True, False):
        dimmer.value = value
        frame = show(window, movie, dimmer).astype(int)
        assert np.ptp(frame) <= 1, "to each edge"
        assert abs(frame[0, 0, 0] - 255 * (1 - 0.8 * (1 - value))) <= 1


def test_without_feedback_nothing_is_dark(bright, show):
    window, movie = bright
    dimmer = FeedbackDimmer(window, smooth=0)
    assert (show(window, movie, dimmer) == 255).all()
    dimmer.value = 0.0
    assert (show(window, movie, dimmer) < 255).all()
    dimmer.value = None
    assert (show(window, movie, dimmer) == 255).all()


def test_it_becomes_dark_smoothly_and_in_the_time_given(bright, show, monkeypatch):
    window, movie = bright
    times = iter([10.0, *(10.0 + np.arange(1, 301) / 60)])
    monkeypatch.setattr("psychopy_nfb.display.dimmer.lsl_now", lambda: next(times))
    dimmer = FeedbackDimmer(window, darkest=1.0, smooth=0.5)
    dimmer.value = 1.0
    show(window, movie, dimmer)
    dimmer.value = 0.0
    seen = [int(show(window, movie, dimmer)[0, 0, 0]) for _ in range(300)]
    assert (np.diff(seen) <= 0).all()
    assert max(-np.diff(seen)) <= 10, "no jump"
    after_smooth = seen[29]  # half a second: 1/e is left
    assert abs(after_smooth - 255 / np.e) <= 2
    assert seen[-1] == 0


def test_what_cannot_be_dark_is_refused(open_window):
    with pytest.raises(SettingsError, match="darkest=1.5: .*at most 1"):
        FeedbackDimmer(open_window(), darkest=1.5)
