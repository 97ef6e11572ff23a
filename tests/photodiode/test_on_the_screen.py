"""The photodiode patch on the virtual display, seen by a process that reads the screen's pixels."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack

import pandas as pd
import pytest
from trainings import one_signal

from psychopy_nfb import Neurofeedback, PhotodiodePatch, pace
from psychopy_nfb.bench.steal_time import Standstills
from psychopy_nfb.dsp import CFIR, Pick
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.photodiode import light_times
from psychopy_nfb.photodiode.sensor_inlet import virtual_sensor

pytestmark = [pytest.mark.alone, pytest.mark.display, pytest.mark.slow]
HZ = 60
PART = 600
"""Frames that are shown, or shown again, at once: what disturbs the machine costs one part."""
BEFORE_AND_AFTER = 150
"""Frames more: what lies before the first and after the last edge that could be timed is not told,
and the code begins with sixteen frames of light."""
STALL, STALLED_AT = 0.05, 300
DELAY = 0.02
BESIDE = 0.1
"""Seconds around a flip in which a standstill of the machine excuses what was seen of it."""
TURNS = 4
"""Where the machine disturbed what a test looks at, it is done again."""


@pytest.fixture
def shown(tmp_path):
    """Show coded frames on a screen with sensors on it; return what the light says."""
    from psychopy import visual

    def show(n_frames, *, input_lags=(0.0,), stall_at=None):
        training = one_signal(Pick(["Oz"]), CFIR(), stream=StreamSelection(test_signal=True))
        win = visual.Window((400, 300), allowGUI=False, checkTiming=False, color="black")
        try:
            pace(win, HZ)
            patch = PhotodiodePatch(win)
            with (
                Standstills() as standstills,
                Neurofeedback(training, data=tmp_path) as nfb,
                ExitStack() as stack,
            ):
                sensors = [
                    stack.enter_context(virtual_sensor(win, patch.box, lag)) for lag in input_lags
                ]
                nfb.attach(win, patch)
                for number in nfb.frames(10 * n_frames / HZ):
                    patch.draw()
                    if number == stall_at:
                        time.sleep(STALL)
                    if number == n_frames:
                        break
                win.flip()
                time.sleep(0.1 + max(input_lags))
                recorded = [(sensor.name, *sensor.all()) for sensor in sensors]
                nfb.close()
                log = pd.read_csv(nfb.files.frames)
                found = [
                    light_times(log, values, stamps, channel=name)
                    for name, values, stamps in recorded
                ]
                stood = [
                    standstills.during(one.frames.t_flip - BESIDE, one.frames.t_flip + BESIDE)
                    for one in found
                ]
        finally:
            win.close()
        return log, found, stood

    return show


def median_ms(found, stood):
    """Return the median lag in milliseconds of the frames that no standstill touched."""
    return 1e3 * float(found.frames.lag[found.frames.edge & ~stood].median())


@pytest.mark.row(104)
@pytest.mark.parametrize("n", [PART, pytest.param(3600, marks=pytest.mark.campaign)])
def test_row_104_every_frame_is_matched_and_its_light_is_at_its_flip(shown, n):
    matched = 0
    while matched < n:
        for _ in range(TURNS):
            log, (found,), (stood,) = shown(PART + BEFORE_AND_AFTER)
            frames = found.frames
            odd = ((frames.shown != True) | (frames.repeated > 0)) & ~stood  # noqa: E712
            late = abs(median_ms(found, stood))
            if not odd.any() and late <= 1.0:
                break
        else:
            pytest.skip(
                f"this machine starved the sensor in each turn: light {late:.1f} ms from the flip, "
                f"{int(odd.sum())} of {len(odd)} frames odd, load {os.getloadavg()[0]:.1f}"
            )
        assert len(frames) >= PART
        numbers = frames.frame.tolist()
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        matched += len(frames)


def test_a_stall_of_50_ms_and_a_delay_of_20_ms_are_in_the_light(shown):
    for _ in range(TURNS):
        log, found, stood = shown(600, input_lags=(0.0, DELAY), stall_at=STALLED_AT)
        late = log.loc[log.interval.iloc[STALLED_AT - 5 : STALLED_AT + 6].idxmax()]
        frames = found[0].frames
        at = int(late.frame)
        if not stood[0][(frames.frame - at).abs() <= 1].any():
            break
    else:
        pytest.skip("this machine stood still in each turn")
    assert late.interval > STALL
    # Light waited as long as the flip did: the frames before and after it keep their lag.
    t_light = frames.set_index("frame").t_light
    assert t_light[at] - t_light[at - 1] == pytest.approx(late.interval, abs=0.004)
    without, delayed = map(median_ms, found, stood)
    assert delayed - without == pytest.approx(1e3 * DELAY, abs=1)
