"""The photodiode's figure, also of a display on which much went wrong."""

from __future__ import annotations

import numpy as np
import pytest
from display_simulation import simulate_display
from light_simulation import simulate_light
from matplotlib.text import Text

from psychopy_nfb.photodiode import light_times
from psychopy_nfb.photodiode.command import _table
from psychopy_nfb.photodiode.plots import DOWN, UP, light_figure
from psychopy_nfb.photodiode.verdict import judge


@pytest.fixture(scope="module")
def bad():
    """Return the light of a display that left out frames and showed others longer."""
    made = simulate_light(np.random.default_rng(5), 500.0, 30.0, noise=0.01, missed=20, delays=3)
    return light_times(made.frames, made.values, made.stamps)


def test_many_missed_frames_are_one_row_of_marks_beside_the_data(bad):
    figure = light_figure(bad, "AUX7")
    course = figure.axes[1]
    labels = {line.get_label(): line for line in course.lines}
    n = bad.summary.missed
    assert n >= 20
    marks = labels[f"never shown ({n})"]
    assert len(marks.get_xdata()) == n
    lag = 1e3 * bad.frames.lag[bad.frames.edge]
    inside = lag[(lag >= np.percentile(lag, 0.5)) & (lag <= np.percentile(lag, 99.5))]
    assert marks.get_ydata()[0] < inside.min()
    assert len(course.lines) <= 4
    assert not course.collections
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    assert all(text.get_fontsize() >= 8 for text in texts)
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in figure.axes)


def test_shares_on_the_page_are_of_the_frames_that_the_sensor_saw(bad):
    summary = bad.summary
    rows = {row[0]: row[1] for row in _table(summary).rows}
    assert rows["never shown"].startswith(f"{summary.missed} (")
    share = 100 * summary.missed / summary.frames
    assert float(rows["never shown"].split("(")[1].split(" %")[0]) == pytest.approx(share, abs=0.06)
    worst = str(judge(summary)[0])
    assert worst.startswith(f"Problem: {summary.missed} of {summary.frames} frames (")


def test_a_display_with_pulses_has_no_light_that_falls():
    made = simulate_display(np.random.default_rng(6), 1000.0, 6.0, kind="crt")
    figure = light_figure(light_times(made.frames, made.values, made.stamps), "AUX7")
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert UP in texts
    assert DOWN not in texts
