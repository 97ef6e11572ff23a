"""A movie that rewards move on: which of its pictures is on the screen."""

from __future__ import annotations

import time

import numpy as np
import pytest

from psychopy_nfb.display.movie import FeedbackMovie
from psychopy_nfb.errors import FileError

pytestmark = pytest.mark.display
RATE, PICTURES = 25, 50


@pytest.fixture
def movie(tmp_path):
    """Return a movie of two seconds that becomes brighter, by 4 of 255 with each picture."""
    import imageio

    path = tmp_path / "brighter.mp4"
    with imageio.get_writer(path, fps=RATE, macro_block_size=16) as writer:
        for number in range(PICTURES):
            writer.append_data(np.full((48, 64, 3), 20 + 4 * number, np.uint8))
    return path


def shown(frame):
    """Return which picture is in the middle of a frame."""
    return (float(frame[100:140, 140:180].mean()) - 20) / 4


def play(window, show, story, seconds):
    """Show it for so long; return which picture was on each frame."""
    found, ends = [], time.monotonic() + seconds
    while time.monotonic() < ends:
        found.append(shown(show(window, story)))
        time.sleep(0.01)
    return found


def test_a_movie_is_played_up_to_what_is_reached_and_waits_there(open_window, show, movie):
    window = open_window()
    story = FeedbackMovie(window, movie, size=(320, 240))
    assert story.seconds == pytest.approx(PICTURES / RATE, abs=0.1)
    waiting = play(window, show, story, 0.4)
    assert max(waiting) < 3  # its first pictures, and no others
    story.value = 0.5
    reached = play(window, show, story, 1.8)
    assert max(np.diff(reached)) < 15  # played, not jumped
    assert reached[-1] == pytest.approx(25, abs=3)
    assert reached[-1] == reached[-10]
    story.value = None
    story.value = 0.2
    assert play(window, show, story, 0.2)[-1] == reached[-1]  # it never goes back
    story.value = 1.0
    end = play(window, show, story, 2.0)
    assert end[-1] > 46
    assert story.reached == story.seconds
    story.close()


def test_what_is_no_movie_is_one_sentence(open_window, tmp_path):
    window = open_window()
    with pytest.raises(FileError, match=r"movie='.*none\.mp4': cannot be played \("):
        FeedbackMovie(window, tmp_path / "none.mp4")
    (tmp_path / "text.mp4").write_text("no movie", encoding="utf-8")
    with pytest.raises(FileError, match=r"movie='.*text\.mp4': cannot be played \("):
        FeedbackMovie(window, tmp_path / "text.mp4")
