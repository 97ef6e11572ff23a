from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from psychopy_nfb.display.trace import MARGIN_PIXELS, FeedbackTrace
from psychopy_nfb.errors import SettingsError

pytestmark = pytest.mark.display
HALF_AN_HOUR = Path(__file__).with_name("half_an_hour.py")


@pytest.mark.campaign
@pytest.mark.slow
def test_row_035_half_an_hour_costs_no_more_than_its_first_minutes():
    # A process of its own, because memory is counted by the process.
    ran = subprocess.run(
        [sys.executable, HALF_AN_HOUR], capture_output=True, text=True, timeout=300, check=True
    )
    told = json.loads(ran.stdout.splitlines()[-1])
    assert len(told["cost"]) == 30
    assert set(told["corners"]) == {told["corners"][0]}
    assert told["corners"][0] > 6 * told["history"]
    # A history that grew would take 115 kB a minute if it kept nothing but a number a frame.
    assert max(np.diff(told["memory"])) < 3e4
    untraced = told["cost"][: 30 - len(told["memory"])]
    assert len(untraced) == 27
    assert min(untraced[-3:]) < 1.5 * min(untraced[:3])


def test_newest_value_is_at_the_right_and_moves_left(open_window, show):
    window = open_window()
    trace = FeedbackTrace(
        window, size=(200, 100), color="red", panel_color="black", shade_color="black"
    )
    for _ in range(30):
        trace.value = 0.0
        show(window, trace)
    trace.value = 1.0
    columns = []
    for _ in range(20):
        red = show(window, trace)[:, :, 0] > 127
        columns.append(np.flatnonzero(red[120 - 46 : 120 - 42].any(axis=0)).min())
        trace.value = 0.0
    # The first frame has the head as well, which reaches out to its left.
    assert set(np.diff(columns[1:])) == {-2}, "two pixels a frame"
    assert columns[1] > 160 + 100 - 2 * MARGIN_PIXELS


@pytest.mark.parametrize("value", [0.0, 0.25, 0.5, 0.8, 1.0])
def test_height_of_the_curve_is_the_value(open_window, show, value):
    window = open_window()
    trace = FeedbackTrace(window, size=(200, 112), color="red", panel_color="black")
    for _ in range(50):
        trace.value = value
        trace.draw()
    window.clearBuffer()
    rows = np.flatnonzero(show(window, trace)[:, 220, 0] > 127)
    bottom, top = 120 + 56 - MARGIN_PIXELS, 120 - 56 + MARGIN_PIXELS
    assert np.mean(rows) + 0.5 == pytest.approx(bottom + value * (top - bottom), abs=1)
    assert 2 <= len(rows) <= 4


def test_patches_are_shaded_above_the_threshold_only(open_window, show):
    window = open_window()
    trace = FeedbackTrace(
        window, size=(200, 112), threshold=0.5, shade_color="lime", color="red", panel_color="black"
    )
    for value in [0.9] * 40 + [0.2] * 40:
        trace.value = value
        trace.draw()
    window.clearBuffer()
    frame = show(window, trace)
    green = (frame[:, :, 1] > 80) & (frame[:, :, 0] < 100)
    columns = np.flatnonzero(green.any(axis=0))
    assert abs(len(columns) - 80) <= 3
    assert abs(green[:, columns[10]].sum() - 40) <= 4, "from threshold to curve"


def test_frame_without_feedback_leaves_a_gap(open_window, show):
    window = open_window()
    trace = FeedbackTrace(window, size=(200, 100), color="red", panel_color="black")
    for value in [0.5] * 40 + [None] * 20 + [0.5] * 20:
        trace.value = value
        trace.draw()
    window.clearBuffer()
    red = (show(window, trace)[:, :, 0] > 127).any(axis=0)
    lit = np.flatnonzero(red)
    gaps = np.diff(lit)
    assert sorted(gaps[gaps > 1]) == [pytest.approx(42, abs=2)]
    assert np.isnan(trace.history[-80:]).sum() == 20


@pytest.mark.parametrize(
    ("settings", "said"), [({"points": 1}, "points"), ({"size": (9, 9)}, "size")]
)
def test_what_cannot_be_drawn_is_refused(open_window, settings, said):
    with pytest.raises(SettingsError, match=said):
        FeedbackTrace(open_window(), **settings)
