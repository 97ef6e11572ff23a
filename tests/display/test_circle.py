from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.display.circle import FeedbackCircle
from psychopy_nfb.errors import SettingsError

pytestmark = pytest.mark.display


def inside(frame):
    """Where it is more red than not: the ring is black, and half of the smooth edge counts."""
    return frame[:, :, 0] > 127


def test_row_034_circle_outline_grows_with_the_value(open_window, show):
    window = open_window((301, 303))
    circle = FeedbackCircle(window, radius=(10, 120), color="red", ring_color="black")
    before = np.zeros((303, 301), dtype=bool)
    for step, value in enumerate(np.linspace(0, 1, 101)):
        circle.value = value
        disc = inside(show(window, circle))
        assert not (before & ~disc).any(), "the outline drew back somewhere"
        assert disc.sum() > before.sum()
        if step % 10 == 0:
            rows, columns = disc.any(axis=1).sum(), disc.any(axis=0).sum()
            expected = 2 * (10 + 110 * value)
            assert abs(rows - expected) <= 2
            assert abs(columns - expected) <= 2
            assert disc.sum() == pytest.approx(np.pi * (expected / 2) ** 2, rel=0.1)
        before = disc


def test_without_feedback_only_the_ring_is_there(open_window, show):
    window = open_window()
    circle = FeedbackCircle(window, radius=(10, 80), color="red", ring_color="blue", pos=(20, 10))
    ring = show(window, circle)
    assert not inside(ring).any()
    columns = np.flatnonzero((ring[:, :, 2] > 60).any(axis=0))
    assert abs(columns[0] - (160 + 20 - 80)) <= 1
    assert abs(columns[-1] - (160 + 20 + 80)) <= 1
    circle.value = 0.5
    assert inside(show(window, circle)).any()
    circle.value = None
    assert (show(window, circle) == ring).all()


def test_ring_moves_to_the_threshold_and_the_disc_takes_the_reward_color(open_window, show):
    window = open_window()
    circle = FeedbackCircle(
        window, radius=(0, 100), color="red", reward_color="lime", ring_color="blue", threshold=0.5
    )
    ring = np.flatnonzero((show(window, circle)[:, :, 2] > 60).any(axis=0))
    assert abs(ring[-1] - ring[0] - 100) <= 2
    circle.value = 0.45
    assert not (show(window, circle)[:, :, 1] > 127).any()
    circle.value = 0.55
    assert (show(window, circle)[:, :, 1] > 127).sum() > 7000


def test_radii_the_wrong_way_round_are_refused(open_window):
    with pytest.raises(SettingsError, match=r"radius=\(50, 10\)"):
        FeedbackCircle(open_window(), radius=(50, 10))
