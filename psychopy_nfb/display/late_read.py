"""Reading the feedback at the last safe moment before the next flip.

PsychoPy draws right after a flip and then waits for the next one, so a value read at the top of the
frame is a whole frame old when it shows. Virtual reality calls the cure late latching: wait first,
then read, draw and flip, with just enough time left.
"""

from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np

from psychopy_nfb.clock import Sleeper, lsl_now

logger: logging.Logger = logging.getLogger(__name__)

HISTORY = 120
"""Frames over which the time from read to flip call is remembered: 2 s at 60 Hz."""
PERCENTILE = 98.0
GUARD_SECONDS = 0.0033
"""Left for the flip call itself and for the scheduler. Chosen on a paced 60 Hz display."""
LARGEST_SHARE = 0.85
"""Largest margin, as a share of a frame: with more, waiting gains nothing."""
MISS_SECONDS = 0.002
"""Added at once for a missed frame that was drawn too late …"""
MOST_PENALTY = 0.006
"""… up to so much …"""
FORGET_PER_FRAME = 0.995
"""… and taken back by this factor a frame: half of it after two seconds at 60 Hz."""
UNEXPLAINED = 2.5
"""Missed frames that were drawn in time count as the display's own wish for an earlier frame only
when three come soon after each other; single ones are the machine's."""
UNEXPLAINED_FORGET = 0.98
"""Share of that count which stays after a frame: half after half a second at 60 Hz."""
FOLLOW = 0.02
"""Share of a flip's lateness by which the foreseen flips are moved: a display's frames are regular,
what varies is how late the process hears of them. Flips before their time move them at once."""
UPDATE_EVERY = 15
"""Frames between two looks at the percentile, which costs 30 us."""
OFF_AFTER = 20
"""Flips in a row that do not block, after which it switches itself off."""


class LateRead:
    """Waits until the last safe moment before the next flip.

    Parameters
    ----------
    period : float or None
        Seconds a frame lasts; None if it is not known, which switches the waiting off.

    Attributes
    ----------
    active : bool
        Whether it waits. It switches itself off, and says so once in the log, when the frame period
        is unknown or flips return without waiting for the display.
    margin : float
        Seconds before the next flip at which it returns.
    """

    def __init__(self, period: float | None):
        self.period = period
        self.active: bool = True
        # Careful until the work has been measured.
        self.margin: float = (period or 0.0) * LARGEST_SHARE
        self.why_off: str = ""
        self._sleeper = Sleeper()
        self._work = np.zeros(HISTORY)
        self._frames = 0
        self._penalty = 0.0
        self._last_flip = 0.0
        self._frame = 0.0  # when the last flip should have been
        self._t_read = 0.0
        self._ready = 0.0
        self._unblocked = 0
        self._unexplained = 0.0
        if not period:
            self._switch_off("the frame period of this display is not known")

    def wait(self) -> float:
        """Wait; return the LSL time. Runs once a frame and allocates nothing but floats."""
        if self.active and self._last_flip:
            self._t_read = self._sleeper.wait_until(self._frame + self.period - self.margin)
        else:
            self._t_read = lsl_now()
        return self._t_read

    def next_flip(self, now: float) -> float:
        """Return when the next flip is expected, LSL time, of a frame that is drawn from `now`."""
        if not self._last_flip:
            return now + self.margin
        due = self._frame + self.period
        return due if due > now else due + self.period * math.ceil((now - due) / self.period)

    def flip_called(self) -> None:
        """Note that the frame is drawn and the buffer swap begins.

        Call it once the graphics card has finished: what it still draws would come after the flip.
        """
        if self._t_read:
            self._ready = lsl_now()
            self._work[self._frames % HISTORY] = self._ready - self._t_read
            self._frames += 1

    def facts(self) -> dict[str, Any]:
        """Return what the settings file says of it."""
        return {"active": self.active, "why_off": self.why_off, "margin": self.margin}

    def flipped(self, t_flip: float, missed: int) -> None:
        """Note the flip at `t_flip`, LSL time, and how many frames were missed before it."""
        if not self.active:
            return
        interval = t_flip - self._last_flip
        late_by = self._ready - self._frame - self.period
        self._foresee(t_flip)
        self._unexplained *= UNEXPLAINED_FORGET
        if missed and self._was_late(late_by):
            self._penalty = min(self._penalty + MISS_SECONDS, MOST_PENALTY)
            self._update_margin()
        else:
            self._penalty *= FORGET_PER_FRAME
            if self._frames % UPDATE_EVERY == 0:
                self._update_margin()
        if interval < 0.7 * self.period:
            self._unblocked += 1
            if self._unblocked >= OFF_AFTER:
                self._switch_off(
                    "flips return before the frame is over (no vertical sync), so the next flip "
                    "cannot be foreseen"
                )
        else:
            self._unblocked = 0

    def _foresee(self, t_flip: float) -> None:
        """Follow the display's frames, of which the flips tell with some lateness."""
        if self._last_flip:
            frames = max(1, round((t_flip - self._frame) / self.period))
            self._frame += frames * self.period
            late = t_flip - self._frame
            self._frame += late * FOLLOW if late > 0 else late
        else:
            self._frame = t_flip
        self._last_flip = t_flip

    def _was_late(self, late_by: float) -> bool:
        """Whether a larger margin would have saved a frame drawn `late_by` s after its moment."""
        if late_by > MOST_PENALTY:
            return False  # the machine stalled: reading earlier would only show older samples
        if late_by < -GUARD_SECONDS / 2:
            self._unexplained += 1
            return self._unexplained > UNEXPLAINED
        return True

    def _update_margin(self) -> None:
        if self._frames:
            work = float(np.percentile(self._work[: min(self._frames, HISTORY)], PERCENTILE))
            self.margin = min(work + GUARD_SECONDS + self._penalty, self.period * LARGEST_SHARE)

    def _switch_off(self, why: str) -> None:
        self.active = False
        self.why_off = why
        logger.warning("Late read is off: %s.", why)
