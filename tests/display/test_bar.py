from __future__ import annotations

import numpy as np
import pytest

import psychopy_nfb
from psychopy_nfb.display.bar import FeedbackBar
from psychopy_nfb.errors import SettingsError

pytestmark = pytest.mark.display
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
COLORS = {"color": "red", "reward_color": "lime", "warning_color": "blue", "track_color": "gray"}
CENTIMETRE = 640 / 32


@pytest.fixture
def window_in(open_window):
    """Open a window in any units, on a monitor 32 cm wide seen from 57 cm."""

    def open_one(size, units):
        from psychopy import monitors

        monitor = monitors.Monitor("test", width=32, distance=57, autoLog=False)
        monitor.setSizePix((640, 480))
        return open_window(size, units=units, monitor=monitor)

    return open_one


def lit(frame, color):
    return (frame == color).all(axis=2)


@pytest.mark.parametrize(
    ("window_size", "units", "size", "full"),
    [
        ((320, 240), "pix", (40, 200), 200),
        ((321, 243), "pix", (41, 201), 201),
        ((320, 240), "height", (0.1, 0.61), 0.61 * 240),
        ((501, 303), "norm", (0.2, 1.3), 1.3 * 303 / 2),
        ((400, 300), "deg", (2, 11), 11 * 57 * 0.017455 * CENTIMETRE),
        ((640, 480), "cm", (2, 17), 17 * CENTIMETRE),
    ],
)
def test_row_033_bar_height_is_value_in_pixels(window_in, show, window_size, units, size, full):
    window = window_in(window_size, units)
    bar = FeedbackBar(window, size=size, **COLORS)
    bottoms = set()
    for value in np.linspace(0, 1, 41):
        bar.value = value
        red = lit(show(window, bar), RED)
        heights = red.sum(axis=0)
        height = heights.max()
        assert abs(height - value * full) <= 1
        assert height == bar.pixels
        assert set(heights) <= {0, height}, "an edge that is not on whole pixels"
        if height:
            rows = np.flatnonzero(red.any(axis=1))
            assert len(rows) == height
            bottoms.add(rows[-1])
    assert len(bottoms) == 1


def test_values_beyond_the_ends_are_shown_at_the_ends(open_window, show):
    window = open_window()
    bar = FeedbackBar(window, size=(40, 200), **COLORS)
    bar.value = 1.7
    assert lit(show(window, bar), RED).sum() == 40 * 200
    bar.value = -0.4
    assert lit(show(window, bar), RED).sum() == 0


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_without_feedback_only_the_track_is_there(open_window, show, nothing):
    window = open_window()
    bar = FeedbackBar(window, size=(40, 200), **COLORS)
    before = show(window, bar)
    bar.value = 0.5
    assert (show(window, bar) != before).any()
    bar.value = nothing
    assert (show(window, bar) == before).all()
    assert lit(before, (128, 128, 128)).sum() == 40 * 200


def test_row_040_second_signal_turns_the_bar_at_its_threshold(open_window, show):
    window = open_window()
    bar = FeedbackBar(window, size=(40, 200), threshold=0.6, inhibit_threshold=15.0, **COLORS)
    bar.value = 0.8
    for inhibit, color in [
        (None, GREEN),
        (14.999, GREEN),
        (15.0, BLUE),
        (40.0, BLUE),
        (3.0, GREEN),
    ]:
        bar.inhibit = inhibit
        frame = show(window, bar)
        line = 40 * 2
        assert lit(frame, color).sum() == 40 * 160 - line
        assert not any(lit(frame, other).any() for other in {RED, GREEN, BLUE} - {color})


def test_reward_color_begins_at_the_threshold(open_window, show):
    window = open_window()
    bar = FeedbackBar(window, size=(40, 200), threshold=0.5, **COLORS)
    bar.value = 0.499
    assert lit(show(window, bar), RED).any()
    bar.value = 0.5
    assert lit(show(window, bar), GREEN).any()
    bar.threshold = 0.75
    assert lit(show(window, bar), RED).any()


def test_threshold_line_stands_where_the_bar_reaches_it(open_window, show):
    window = open_window()
    bar = FeedbackBar(window, size=(40, 200), threshold=0.7, line_color="white", **COLORS)
    bar.value = 0.7
    frame = show(window, bar)
    line = np.flatnonzero(lit(frame, (255, 255, 255)).any(axis=1))
    bar.threshold = None
    top = np.flatnonzero(lit(show(window, bar), RED).any(axis=1))[0]
    assert list(line) == [top, top + 1]


@pytest.mark.parametrize("value", ["x", [0.5, 0.6], object()])
def test_a_value_that_is_no_number_is_one_sentence(open_window, value):
    bar = FeedbackBar(open_window(), size=(40, 100))
    with pytest.raises(SettingsError, match=r"^value=.*: must be a number from 0 to 1, or None"):
        bar.value = value


@pytest.mark.parametrize(
    "made",
    [
        psychopy_nfb.FeedbackBar,
        psychopy_nfb.FeedbackCircle,
        psychopy_nfb.FeedbackColor,
        psychopy_nfb.FeedbackDimmer,
        psychopy_nfb.FeedbackSign,
        psychopy_nfb.FeedbackText,
        psychopy_nfb.FeedbackThermometer,
        psychopy_nfb.FeedbackTrace,
        psychopy_nfb.PhotodiodePatch,
        lambda win: psychopy_nfb.FeedbackMovie(win, "film.mp4"),
        lambda win: psychopy_nfb.FeedbackProgress(win, ["one.png", "two.png"]),
        lambda win: psychopy_nfb.pace(win, 60),
    ],
)
def test_what_is_no_window_is_one_sentence(made):
    with pytest.raises(SettingsError, match=r"^win=None: must be PsychoPy's window, visual.Window"):
        made(None)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"size": (0.2, 100)}, "size=.*at least a pixel"),
        ({"threshold": 1.2}, "threshold=1.2: .*at most 1"),
        ({"units": "furlong"}, "units='furlong'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(open_window, settings, said):
    with pytest.raises(SettingsError, match=said):
        FeedbackBar(open_window(), **{"size": (40, 100), **settings})
