"""Displays that show a part of their frames in turn, or come later from some time on."""

from __future__ import annotations

import numpy as np
import pytest
from display_simulation import simulate_display
from examined_light import examine, lost, missed
from light_seed import SEED

from psychopy_nfb.display.photodiode_patch import paired_sequence, sequence
from psychopy_nfb.photodiode import NoMatch
from psychopy_nfb.photodiode.verdict import LOST_SHARE, judge, passed


def make(seed, **conditions):
    return simulate_display(np.random.default_rng([SEED, 78, seed]), 1000.0, 15.0, **conditions)


def never(first, last, every, shown=(0,)):
    """Return the frames that are not shown, of each turn of so many from `first` on."""
    return tuple(frame for frame in range(first, last) if (frame - first) % every not in shown)


PARTS = {
    "a half": (2, (0,), 60.0, range(100, 500)),
    "a half, 120 Hz": (2, (0,), 120.0, range(300, 700)),
    "a half, all": (2, (0,), 60.0, range(30, 870)),
    "two thirds": (3, (0, 1), 60.0, range(100, 500)),
    "a third": (3, (0,), 60.0, range(200, 560)),
    "a third, all": (3, (0,), 60.0, range(10, 885)),
    "a quarter": (4, (0,), 120.0, range(400, 1100)),
    "a quarter, all": (4, (0,), 60.0, range(10, 885)),
    "24 pictures a second": (5, (0, 2), 60.0, range(100, 700)),
    "60 Hz on 144 Hz": (12, (0, 2, 4, 7, 9), 144.0, range(300, 1500)),
}


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("code", [sequence, paired_sequence])
def test_frames_that_stay_for_several_refreshes_in_turn_are_missed_ones(name, code):
    every, shown, refresh, frames = PARTS[name]
    if "all" in name and every % 2 == 0 and code is paired_sequence:
        pytest.skip("either frame of each pair may be the one that is shown")
    left_out = never(frames[0], frames[-1], every, shown)
    made = make(21, refresh=refresh, never=left_out, code=code())
    found, said, errors = examine(made)
    # At either end, the first and last edges that are sure bound what is told.
    told = set(found.frames.frame)
    assert missed(found) == made.missed & told - lost(found), f"seed {SEED}"
    assert len(told - lost(found)) > (1 - LOST_SHARE) * len(made.frames)
    assert found.summary.disturbed == found.summary.repeated == 0
    assert (found.summary.part, found.summary.part_shown) == (every, len(shown))
    lasted = (frames[-1] - frames[0]) / refresh
    assert lasted - 0.7 < found.summary.part_seconds < lasted + 0.7
    assert f"{refresh * len(shown) / every:.1f} Hz in place of" in said
    assert "vertical sync" not in said  # flips do wait for the display
    assert np.nanmax(np.abs(errors)) < 0.001


def test_a_level_that_is_held_where_turns_begin_is_not_lost():
    # The first frames that stay for four refreshes have one level: no change tells of turns yet.
    rng = np.random.default_rng([22, 78, 21])
    made = simulate_display(rng, 1000.0, 15.0, never=never(10, 885, 4))
    found, _, _ = examine(made)
    assert not lost(found)
    assert missed(found) == made.missed & set(found.frames.frame)


@pytest.mark.parametrize(("every", "hz"), [(2, 30), (4, 15)])
def test_pairs_of_which_one_frame_is_ever_shown_tell_no_wrong_lag(every, hz):
    made = make(22, never=never(10, 885, every), code=paired_sequence())
    # The few frames at either end that are all shown may tell the lag, and may not.
    try:
        found, said, errors = examine(made)
    except NoMatch as error:
        said = str(error)
        assert "fits the light equally well at several lags" in said, f"seed {SEED}"
        assert "record again" in said
    else:
        assert np.nanmax(np.abs(errors)) < 0.001, f"seed {SEED}"
    assert f"{hz}.0 Hz in place of 60.0 Hz" in said


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
