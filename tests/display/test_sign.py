from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.display.sign import FeedbackSign

pytestmark = pytest.mark.display


def test_success_and_failure_differ_in_shape_and_colour(open_window, show):
    window = open_window()
    sign = FeedbackSign(window, size=(80, 80), pos=(40, 20))
    assert not show(window, sign).any()
    seen = {}
    for value in (True, False):
        sign.value = value
        seen[value] = show(window, sign)
        lit = seen[value].any(axis=2)
        ys, xs = np.nonzero(lit)
        assert lit.sum() > 300
        assert 160 <= xs.min() <= xs.max() < 240
        assert 60 <= ys.min() <= ys.max() < 140
    success, failure = (seen[one].reshape(-1, 3).max(axis=0).astype(int) for one in (True, False))
    assert success[1] > success[0]  # green
    assert failure[0] > failure[1]  # red
    assert (seen[True].any(axis=2) != seen[False].any(axis=2)).sum() > 100
    sign.value = None
    assert not show(window, sign).any()


def test_around_the_sign_what_was_drawn_before_is_seen(open_window, show):
    window = open_window(color="white")
    sign = FeedbackSign(window, size=(80, 80))
    sign.value = True
    frame = show(window, sign)
    assert (frame[82, 122] == 255).all(), "in its corner"
    assert (frame[80:160, 120:200] != 255).any()
