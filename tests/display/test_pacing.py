from __future__ import annotations

import time

import numpy as np
import pytest

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.display.pacing import frame_blocking, pace, unpace
from psychopy_nfb.errors import SettingsError

pytestmark = [pytest.mark.alone, pytest.mark.display]

TURNS = 5


def flip_times(window, frames, stall_before=None):
    times = []
    for frame in range(frames):
        if frame == stall_before:
            time.sleep(0.05)
        window.flip()
        times.append(lsl_now())
    return np.array(times)


@pytest.mark.slow
def test_row_054_stall_of_50_ms_misses_three_frames_of_a_60_hz_grid(open_window):
    window = open_window()
    pace(window, 60)
    flip_times(window, 20)
    for _ in range(TURNS):
        times = flip_times(window, 60, stall_before=30)
        intervals = np.diff(times)
        if np.abs(np.delete(intervals, 29) * 60 - 1).max() < 0.3:
            break
    else:
        pytest.skip(f"this machine was busy in each turn: intervals of {intervals.max():.3f} s")
    assert round(intervals[29] * 60) - 1 == 3
    # The grid is absolute: after the stall flips fall on the same ticks as before.
    phases = (times - np.median(times)) * 60
    off = phases - np.round(phases)  # a single flip, such as the first, may be late
    assert abs(np.median(off[:29]) - np.median(off[30:])) < 0.06
    assert np.median(np.abs(off - np.median(off))) < 0.06
    assert np.median(intervals) * 60 == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("rate", [60, 100])
def test_paced_window_blocks_for_a_frame(open_window, rate):
    window = open_window()
    pace(window, rate)
    for _ in range(TURNS):  # in one of them the machine lets it
        blocks, period = frame_blocking(window)
        if blocks and abs(period * rate - 1) < 0.02:
            break
    assert blocks
    assert period * rate == pytest.approx(1, abs=0.02)
    assert window.monitorFramePeriod == 1 / rate
    assert window.nfb_paced_hz == rate


def test_window_without_vertical_sync_does_not_block(open_window):
    window = open_window()
    if window.backend.winHandle.vsync and frame_blocking(window)[0]:
        pytest.skip("this display has vertical sync")
    assert frame_blocking(window) == (False, None)


def test_unpaced_window_is_as_it_was(open_window):
    window = open_window()
    swap, period = window.backend.swapBuffers, window.monitorFramePeriod
    pace(window, 20)
    pace(window, 10)
    unpace(window)
    assert window.backend.swapBuffers == swap
    assert window.monitorFramePeriod == period
    assert window.nfb_paced_hz is None
    unpace(window)
    begun = lsl_now()
    flip_times(window, 10)
    assert lsl_now() - begun < 0.8, "ten frames at 10 Hz would take a second"


@pytest.mark.parametrize("rate", [0, -60, 5000, "60"])
def test_impossible_rate_is_refused(open_window, rate):
    with pytest.raises(SettingsError, match="rate="):
        pace(open_window(), rate)
