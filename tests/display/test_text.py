from __future__ import annotations

import pytest

from psychopy_nfb.display.text import FeedbackText, check_template
from psychopy_nfb.errors import SettingsError

pytestmark = pytest.mark.display


def test_row_037_points_counter_and_text_are_written(open_window, show):
    window = open_window()
    nothing = show(window)
    points = FeedbackText(window, "{:g} points", pos=(0, 60), height=30)
    counter = FeedbackText(window, "{:.0f}", pos=(0, 0), height=30)
    words = FeedbackText(window, pos=(0, -60), height=30)
    seen = []
    for number, said in [(7, "Relax"), (8, "Well done")]:
        points.value, counter.value, words.value = number, number / 2, said
        assert points.text == f"{number} points"
        assert counter.text == f"{number / 2:.0f}"
        assert words.text == said
        seen.append([show(window, stimulus) for stimulus in (points, counter, words)])
    for first, second in zip(*seen, strict=True):
        assert (first != nothing).any()
        assert (second != nothing).any()
    assert (seen[0][0] != seen[1][0]).any()
    assert (seen[0][2] != seen[1][2]).any()
    # each where it belongs: the upper, the middle and the lower third of the window
    for place, frame in enumerate(seen[1]):
        for third in range(3):
            assert frame[80 * third : 80 * third + 80].any() == (third == place)


def test_the_same_text_is_typeset_once(open_window, show):
    window = open_window()
    points = FeedbackText(window, "{:.1f}")
    for number in (3.0, 3.0, 3.01, 2.99, 3.2):
        points.value = number
        show(window, points)
    assert points.typeset == 2


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_nothing_is_written_for_no_value(open_window, show, nothing):
    window = open_window()
    points = FeedbackText(window, "{:g}")
    points.value = 5
    assert show(window, points).any()
    points.value = nothing
    assert not show(window, points).any()


def test_a_number_with_many_digits_is_written_as_it_is_read_at_a_glance(open_window):
    window = open_window()
    plain = FeedbackText(window)
    points = FeedbackText(window, "{} points")
    for number, written in [(0.4837261, "0.48"), (134.0, "134"), (12.718, "13"), (-1.26, "-1.3")]:
        plain.value = points.value = number
        assert (plain.text, points.text) == (written, f"{written} points")


@pytest.mark.parametrize("template", ["{} points}", "{", "{score}", "{} {}", "{:q}", "{.x}", 7])
def test_what_nothing_can_be_written_by_is_refused(template):
    with pytest.raises(SettingsError, match=r"^template=.*is not a template; \{\} stands for"):
        check_template(template)


@pytest.mark.parametrize("template", ["{:d} points", "{:x}", "{:03d}", "{:c}"])
def test_a_template_for_whole_numbers_only_is_refused(template):
    with pytest.raises(SettingsError, match=r"writes whole numbers only.*write \{:\.0f\} for"):
        check_template(template)


def test_a_value_that_the_template_is_not_made_for_is_written_as_it_is(open_window):
    points = FeedbackText(open_window(), "{:.1f} points")
    for value, text in ((2.04, "2.0 points"), ("ready", "ready"), (True, "1.0 points")):
        points.value = value
        assert points.text == text
