"""Displays without vertical sync: finding out, and making one behave as if it had it.

Virtual displays and remote desktops show a frame as soon as it is drawn. Paced, they show it on the
next tick of a fixed grid as a monitor does, so that tests and demonstrations run frame by frame.
Nothing about light follows from it: results from a paced display say so.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import TYPE_CHECKING

from psychopy_nfb.checks import check_frame_rate, check_number
from psychopy_nfb.clock import Sleeper, lsl_now
from psychopy_nfb.display.window import check_window

if TYPE_CHECKING:
    from psychopy.visual import Window

ALIKE = 0.1
"""Share by which frames may differ from the median to count for the frame period."""
FEWEST_FRAMES = 10
SHORTEST_FRAME = 0.0015
"""Seconds; no display is so fast."""
WORK = 0.6
"""Work before a test flip, as a share of a frame: long enough to show, short enough to fit in."""
LEARN_SECONDS = 2e-5
"""Step in seconds by which the expected duration of a buffer swap follows each new one; it leads to
the median. A mean follows the few slow swaps of a busy machine: pictures come before their tick."""


def pace(win: Window, rate: float) -> None:
    """Make `win` flip on the ticks of a fixed grid, as a display with vertical sync does.

    A flip that is called too late for a tick waits for the next one: a dropped frame. The picture
    changes at the tick, not when it was drawn. Sets ``win.nfb_paced_hz`` and
    ``win.monitorFramePeriod``. Meant for displays whose flips do not block by themselves, see
    `frame_blocking`; `unpace` undoes it.

    Parameters
    ----------
    win : psychopy.visual.Window
        The window.
    rate : float
        Frames per second, 1 to 1000.

    Raises
    ------
    SettingsError
        If `win` is no window or `rate` lies outside.
    """
    check_window(win)
    rate = check_frame_rate("rate", rate)
    unpace(win)
    win._nfb_pacer = Pacer(win, 1.0 / rate)
    win.nfb_paced_hz = rate


def unpace(win: Window) -> None:
    """Undo `pace`; harmless for a window that is not paced."""
    pacer = getattr(win, "_nfb_pacer", None)
    if pacer is not None:
        pacer.stop()
        win._nfb_pacer = win.nfb_paced_hz = None


class Pacer:
    """Stands before a window's buffer swap and lets each through on a tick.

    Parameters
    ----------
    win : psychopy.visual.Window
        The window.
    period : float
        Seconds between two ticks.
    """

    def __init__(self, win: Window, period: float):
        from pyglet import gl

        self._win = win
        self._period = period
        self._finish: Callable[[], None] = gl.glFinish
        self._swap = win.backend.swapBuffers
        self._sleeper = Sleeper()
        self._first_tick = lsl_now()
        self._lead = 0.0
        self._active = True
        self._before = win.monitorFramePeriod, win.refreshThreshold
        win.backend.swapBuffers = self._paced_swap
        win.monitorFramePeriod = period
        win.refreshThreshold = 1.2 * period  # as PsychoPy sets it

    def _paced_swap(self, flip_this_frame: bool = True) -> None:
        """Swap so that the call returns on a tick; runs once a frame, allocates only floats."""
        if not (self._active and flip_this_frame):
            self._swap(flip_this_frame)
            return
        self._finish()  # drawing counts as before the tick, on a graphics card it would too
        ready = lsl_now() + self._lead - self._first_tick
        tick = self._first_tick + math.ceil(ready / self._period) * self._period
        begun = self._sleeper.wait_until(tick - self._lead)
        self._swap(flip_this_frame)
        longer = lsl_now() - begun > self._lead
        if longer and self._lead < self._period / 4:
            self._lead += LEARN_SECONDS
        elif not longer and self._lead > 0:
            self._lead -= LEARN_SECONDS
        self._sleeper.wait_until(tick)

    def stop(self) -> None:
        """Let swaps through as they come."""
        self._active = False  # enough when somebody else has wrapped the swap since
        if self._win.backend is not None and self._win.backend.swapBuffers == self._paced_swap:
            self._win.backend.swapBuffers = self._swap
        self._win.monitorFramePeriod, self._win.refreshThreshold = self._before


def frame_blocking(win: Window, frames: int = 30) -> tuple[bool, float | None]:
    """Measure whether flips of `win` wait for the display, and how long a frame lasts.

    Flips empty frames; before every second flip it works for half a frame and more. A display with
    vertical sync swallows that work, any other takes longer by it.

    Parameters
    ----------
    win : psychopy.visual.Window
        The window; shows nothing meanwhile.
    frames : int
        Flips, at least 10.

    Returns
    -------
    blocks : bool
        Whether flips wait for the display.
    period : float or None
        Seconds a frame lasts; None when flips do not block, for there are no frames then.

    Raises
    ------
    SettingsError
        If `frames` is too small.
    """
    check_number("frames", frames, at_least=FEWEST_FRAMES)
    _interval(win, 0.0)
    alone = statistics.median(_interval(win, 0.0) for _ in range(FEWEST_FRAMES // 2))
    if alone < SHORTEST_FRAME:
        return False, None
    idle, working = [], []
    for number in range(frames - FEWEST_FRAMES // 2):
        if number % 2:
            working.append(_interval(win, WORK * alone))
        else:
            idle.append(_interval(win, 0.0))
    period = statistics.median(idle)
    if statistics.median(working) > period + WORK / 2 * alone:
        return False, None
    # Missed frames count as several; what a busy machine reported late says nothing of the display.
    each = [interval / max(1, round(interval / period)) for interval in idle + working]
    middle = statistics.median(each)
    return True, statistics.fmean(one for one in each if abs(one / middle - 1) < ALIKE)


def _interval(win: Window, work: float) -> float:
    """Return the seconds that a flip takes together with `work` seconds of work before it."""
    begun = lsl_now()
    while lsl_now() < begun + work:
        pass
    win.flip()
    return lsl_now() - begun
