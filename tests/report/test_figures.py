"""Figures stay legible, whatever is in a session."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from psychopy_nfb.analysis import lag_summary
from psychopy_nfb.report.lag_figure import lag_figure, typical
from psychopy_nfb.report.outcome import outcome
from psychopy_nfb.report.outcome_figure import outcome_figure
from psychopy_nfb.report.session_data import Block, load_session_data
from psychopy_nfb.report.style import histogram, new_figure, waterfall


def drawn(files):
    data = load_session_data(files.stem)
    return lag_figure(data, lag_summary(data.frames))


def artists(axes):
    return len(axes.lines) + len(axes.collections) + len(axes.patches) + len(axes.texts)


def outside_said(axes):
    return axes.get_title(loc="right")


def test_hundreds_of_drops_are_as_many_marks_as_none(recorded):
    figure, calm = drawn(recorded(hold=((0.1, 0.035),))), drawn(recorded())
    for many, few in zip(figure.axes[3:], calm.axes[3:], strict=True):
        assert artists(many) <= artists(few) + 2
        assert artists(many) < 40
    (top,) = {round(axes.get_ylim()[1]) for axes in figure.axes[4:]}
    assert 25 < top <= 60  # percent: the course of the drops fills its axes


def test_a_loss_of_seconds_does_not_flatten_the_rest(recorded):
    figure = drawn(recorded(lost=(16.0, 19.0)))
    _, age, _, course, _ = figure.axes
    assert age.get_xlim()[1] < 100
    assert course.get_ylim()[1] < 100
    files = recorded(lost=(16.0, 19.0))
    log = pd.read_csv(files.frames)
    ages = 1e3 * (log.t_flip - log.t_sample).dropna()
    low, high = age.get_xlim()
    n = int(((ages < low) | (ages > high)).sum())
    assert n > 100
    assert outside_said(age) == f"{n} of {len(ages)} lie outside, as far as {ages.max():.4g} ms"


def test_dropped_frames_are_within_the_histogram_of_intervals(recorded):
    intervals = drawn(recorded(hold=((1.0, 0.035),))).axes[2]
    assert intervals.get_xlim()[0] == 0
    assert intervals.get_xlim()[1] > 3 * 1000 / 60
    assert not outside_said(intervals)


def test_a_histogram_counts_what_it_leaves_out():
    axes = new_figure(4, 3).subplots()
    values = np.concatenate((np.random.default_rng(1).normal(10, 1, 2000), [900.0, 5000.0]))
    histogram(axes, values, "ms")
    low, high = axes.get_xlim()
    assert 4 < low < high < 17
    n = int(((values < low) | (values > high)).sum())
    assert sum(patch.get_height() for patch in axes.patches) == len(values) - n
    assert outside_said(axes) == f"{n} of 2002 lie outside, as far as 5000 ms"


@pytest.mark.parametrize("values", [[], [5.0], [5.0] * 100, [np.nan, 3.0]])
def test_a_histogram_of_nearly_nothing_is_no_error(values):
    axes = new_figure(4, 3).subplots()
    histogram(axes, np.array(values), "ms")
    assert np.diff(axes.get_xlim()) >= 1


def test_stages_add_up_as_they_are_printed_also_negative_ones():
    axes = new_figure(6, 3).subplots()
    waterfall(axes, ["a", "b", "c"], [127.944, -1.567, 0.333], "all")
    said = [float(text.get_text().replace("−", "-")) for text in axes.texts]
    assert said == [127.94, -1.57, 0.33, 126.7]
    assert round(sum(said[:3]), 2) == said[3]
    backward = axes.patches[1]
    assert backward.get_width() == pytest.approx(-1.57)
    assert backward.get_x() == pytest.approx(127.94)


def test_a_typical_frame_adds_up_and_knows_no_outlier():
    stages = pd.DataFrame({"a": [1.0] * 99 + [1e6], "b": np.linspace(2, 4, 100)})
    found = typical(stages)
    assert found.a == 1.0
    assert found.sum() == pytest.approx(stages.sum(axis=1).median(), abs=0.05)


def test_names_of_many_blocks_do_not_lie_over_each_other(recorded):
    data = load_session_data(recorded().stem)
    begin, end = data.span
    edges = np.linspace(begin, end, 61)
    data.blocks = [
        Block(f"trial {number}", first, last, True)
        for number, (first, last) in enumerate(zip(edges[:-1], edges[1:], strict=True))
    ]
    figure = lag_figure(data, lag_summary(data.frames))
    figure.draw_without_rendering()
    names = [text for text in figure.axes[3].texts if text.get_text().startswith("trial")]
    boxes = [text.get_window_extent() for text in names]
    assert not any(one.overlaps(two) for one, two in zip(boxes[:-1], boxes[1:], strict=True))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"clock_offset": 1e9},
        {"seconds": 2.0, "baseline": False, "blocks": ()},
        {"baseline": False},
    ],
    ids=["good", "another clock", "short", "no baseline"],
)
def test_all_text_is_large_enough_and_inside_the_figure(recorded, changes):
    data = load_session_data(recorded(**changes).stem)
    figures = [lag_figure(data, lag_summary(data.frames)), outcome_figure(data, outcome(data))]
    for figure in figures:
        figure.draw_without_rendering()
        whole = figure.bbox.padded(2)
        for text in figure.findobj(Text):
            if text.get_visible() and text.get_text() and text.get_window_extent().width:
                assert text.get_fontsize() >= 8, text.get_text()
        for axes in figure.axes:
            box = axes.get_tightbbox()
            assert whole.x0 <= box.x0, axes.get_ylabel()
            assert box.x1 <= whole.x1, axes.get_xlabel()
