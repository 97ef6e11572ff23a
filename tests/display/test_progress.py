from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from psychopy_nfb.display.progress import FeedbackProgress
from psychopy_nfb.errors import NfbError

pytestmark = pytest.mark.display
RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def picture(tmp_path):
    """Return a function that makes an image file of one colour."""

    def make(name, color):
        Image.new("RGB", (40, 30), color).save(tmp_path / name)
        return tmp_path / name

    return make


def rows(frame, color):
    """Return the rows where a colour is, pure or, at the picture's edge, mixed with black."""
    there = frame.any(axis=2) & (frame <= color).all(axis=2)
    return np.flatnonzero(there.any(axis=1))


def test_a_picture_is_uncovered_from_the_bottom_row_by_row(open_window, show, picture):
    window = open_window()
    castle = FeedbackProgress(window, picture("a.png", RED), size=(100, 150), cover_color="blue")
    for value in (0, 1 / 30, 0.5, 29 / 30, 1, 1.4):
        castle.value = value
        frame = show(window, castle)
        red, blue = rows(frame, RED), rows(frame, BLUE)
        assert len(red) == round(150 * min(value, 1)) == castle.step
        assert len(red) + len(blue) == 150
        if len(red) and len(blue):
            assert red[0] == blue[-1] + 1, "below the cover"


def test_a_story_goes_on_by_a_picture_in_equal_steps(open_window, show, picture):
    window = open_window()
    shades = [40, 80, 120, 160]
    pictures = [picture(f"{one}.png", (one, one, one)) for one in shades]
    story = FeedbackProgress(window, pictures, size=(100, 100))
    for rewards, shade in zip(range(7), (40, 40, 80, 80, 120, 120, 160), strict=True):
        story.value = rewards / 6
        assert show(window, story).max() == shade, rewards


def test_what_was_reached_stays_while_there_is_no_feedback(open_window, show, picture):
    window = open_window()
    castle = FeedbackProgress(window, picture("a.png", RED), size=(100, 150))
    castle.value = 0.4
    before = show(window, castle)
    castle.value = None
    assert (show(window, castle) == before).all()


def test_a_file_that_is_no_picture_is_refused(open_window, tmp_path):
    (tmp_path / "text.png").write_text("no picture", encoding="utf-8")
    for path in (tmp_path / "text.png", tmp_path / "missing.png"):
        with pytest.raises(NfbError, match=r"pictures='.*': cannot be read as an image"):
            FeedbackProgress(open_window(), path)
    with pytest.raises(NfbError, match=r"pictures=\[\]: are missing; name at least one"):
        FeedbackProgress(open_window(), [])
