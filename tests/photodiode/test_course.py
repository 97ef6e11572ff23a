"""Displays that show a part of their frames in turn, or come later from some time on."""

from __future__ import annotations

import numpy as np
import pytest
from display_simulation import simulate_display
from examined_light import examine, lost, missed
from light_seed import SEED

from psychopy_nfb.photodiode.verdict import judge, passed


def make(seed, **conditions):
    return simulate_display(np.random.default_rng([SEED, 78, seed]), 1000.0, 15.0, **conditions)


@pytest.mark.parametrize(
    ("never", "part", "refresh"),
    [
        (range(100, 500, 2), 2, 60.0),
        (range(200, 400, 2), 2, 60.0),
        (range(300, 700, 2), 2, 120.0),
        (range(30, 870, 2), 2, 60.0),
    ],
    ids=["6.7 s", "3.3 s", "120 Hz", "all"],
)
def test_frames_that_are_each_shown_for_several_refreshes_are_missed_ones(never, part, refresh):
    made = make(21, refresh=refresh, never=tuple(never))
    found, said, errors = examine(made)
    # At a part of the rate light may hold a level for so long that it passes for a covered sensor.
    assert missed(found) == made.missed - lost(found), f"seed {SEED}"
    assert len(lost(found)) < 0.15 * len(made.frames)
    assert found.summary.disturbed == found.summary.repeated == 0
    assert found.summary.part == part
    lasted = (never[-1] - never[0]) / refresh
    unseen = len(lost(found)) / refresh
    assert lasted - unseen - 0.7 < found.summary.part_seconds < lasted + 0.7
    assert f"{refresh / part:.1f} Hz in place of" in said
    assert np.nanmax(np.abs(errors)) < 0.001


def test_two_thirds_of_the_frames_are_no_part_of_the_rate():
    made = make(22, never=tuple(range(100, 500, 3)))
    found, said, _ = examine(made)
    assert missed(found) == made.missed, f"seed {SEED}"
    assert found.summary.part == 1
    assert "vertical sync" not in said  # flips do wait for the display
    assert "may have been missed" in said


def test_a_sensor_that_sees_too_little_is_no_good_verdict():
    found, _, _ = examine(make(23, touched=2.0))
    assert found.summary.lost > 0.05 * found.summary.frames, f"seed {SEED}"
    assert not passed(judge(found.summary))


@pytest.mark.parametrize("step", [1, -1, 2])
def test_light_that_comes_whole_refreshes_later_for_good_is_named_with_both_lags(step):
    delay = np.where(np.arange(2000) >= 400, max(step, 0), max(-step, 0))
    found, said, _ = examine(make(24, lag=0.01, later=delay))
    figures = found.summary
    assert figures.shifted == step, f"seed {SEED}"
    assert figures.shifted_at == pytest.approx(400 / 60 - found.frames.frame[0] / 60, abs=0.3)
    assert figures.lag_after_ms - figures.lag_before_ms == pytest.approx(1e3 * step / 60, abs=0.3)
    assert f"{figures.lag_before_ms:.1f} ms after the flip before" in said
    assert "vertical sync" not in said
    assert "varies" not in said


def test_what_is_said_of_frames_names_only_what_there_is():
    one = make(25, missed=1)
    said = examine(one)[1]
    assert "frames (0.11 %) was never shown" in said, f"seed {SEED}"
    assert "shown longer" not in said
