"""One record for each flip, from the frame loop to the worker, which writes it to disk."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.engine.records import (
    DELAY,
    FLAGS,
    NUMBER,
    SAMPLE,
    T_ARRIVED,
    T_PUBLISHED,
    T_RECEIVED,
    T_SAMPLE,
    Layout,
)
from psychopy_nfb.recording import FrameFields

if TYPE_CHECKING:
    from psychopy.visual import Window

    from psychopy_nfb.display.held_lag import HeldLag
    from psychopy_nfb.display.late_read import LateRead
    from psychopy_nfb.display.photodiode_patch import PhotodiodePatch
    from psychopy_nfb.engine.memory import Ring
    from psychopy_nfb.protocol import Signal

logger: logging.Logger = logging.getLogger(__name__)

_place = FrameFields._fields.index

_NAN = math.nan
_FRAME, _SEQ, _SAMPLE = _place("frame"), _place("seq"), _place("sample")
_T_SAMPLE, _T_RECEIVED = _place("t_sample"), _place("t_received")
_T_PUBLISHED, _T_ARRIVED = _place("t_published"), _place("t_arrived")
_T_READ, _T_FLIP = _place("t_read"), _place("t_flip")
_DELAY, _FLAGS, _INTERVAL = _place("delay"), _place("flags"), _place("interval")
_WANTED_LAG = _place("wanted_lag")
_DROPPED, _PATCH, _SHOWN = _place("dropped"), _place("patch"), _place("shown")
_MARK, _BLOCK = _place("mark"), _place("block")
_NOTHING = FrameFields(
    frame=0,
    t_sample=_NAN,
    t_received=_NAN,
    t_published=_NAN,
    t_arrived=_NAN,
    t_read=_NAN,
    t_flip=_NAN,
    seq=0,
    sample=-1,
    delay=_NAN,
    wanted_lag=_NAN,
    flags=0,
    interval=_NAN,
    dropped=0,
    patch=_NAN,
    shown=_NAN,
    mark=0,
    block=0,
)
"""A frame that was shown before the first value."""
MARKS_BETWEEN = "; "
"""Between the marks of one flip."""
BREAK_SECONDS = 1.0
"""A longer interval is a break in which the script did not flip, not a row of missed frames."""


class FrameWriter:
    """Notes what each frame showed and when.

    Parameters
    ----------
    win : psychopy.visual.Window
        Whose flips are noted. Its buffer swap is watched to know when drawing was done.
    ring : Ring
        Where the frame records go.
    period : float or None
        Seconds a frame lasts.
    late : LateRead or None
        Is told of each flip.
    patch : PhotodiodePatch or None
        Its level is noted.
    send_mark : callable
        Called after the flip of a frame with a mark as ``send_mark(number, label, t_flip)``.
    layout : Layout
        Of feedback records.
    value_name : str
        Which of their values displays show.
    earlier : FrameWriter, optional
        The writer of the run's earlier window, detached; its numbers are continued.
    """

    def __init__(
        self,
        win: Window,
        ring: Ring,
        period: float | None,
        late: LateRead | None,
        patch: PhotodiodePatch | None,
        send_mark: Callable[[int, str, float], None],
        layout: Layout,
        value_name: str,
        earlier: FrameWriter | None = None,
    ):
        from pyglet import gl

        self._finish: Callable[[], None] = gl.glFinish
        self._win = win
        self._ring = ring
        self.period: float | None = period
        self._late = late
        self.patch = patch
        self._send_mark = send_mark
        self._swap = win.backend.swapBuffers
        win.backend.swapBuffers = self._watched_swap
        self._values, self._shown = layout.values, layout.place(value_name)
        self._row: list[float] = list(_NOTHING)  # each flip writes into it
        self._no_values = (_NAN,) * (layout.values.stop - layout.values.start)
        self._record: tuple[Any, ...] | None = None
        self._held: HeldLag | None = None
        self._t_read = self._silence = _NAN
        self._to_flip = 0.0  # seconds from the last read to its flip
        self.showing = True
        """Whether frames show the feedback, as it is when they are flipped."""
        self.display_delay: float = 0.0
        """Seconds by which the value shown is later than the signal that it was made of."""
        self.display_hold: float = math.inf
        """Seconds without a sample after which the value shown is 0."""
        self._queued = False
        self._detached = False
        self._marks: list[str] = []
        self._n_marks = 0
        self._last_flip = _NAN
        self.frame: int = 0
        self.dropped: int = 0
        """Frames missed so far."""
        self.block: int = 0
        """Number of the block that the next frames belong to; 0 is none."""
        self.outside: int = 0
        """Frames that showed feedback outside of any block."""
        if earlier is not None:
            self._marks, self._n_marks = earlier._marks, earlier._n_marks
            self.frame, self.dropped = earlier.frame, earlier.dropped
            self.block = earlier.block

    def shows(self, signal: Signal) -> None:
        """Note from now on how displays show `signal`: how late, and when no longer."""
        self.display_delay = signal.display_smoothing
        self.display_hold = math.inf if signal.display_hold is None else signal.display_hold

    def queue(
        self,
        record: tuple[Any, ...] | None,
        t_read: float,
        silence: float,
        held: HeldLag | None = None,
    ) -> None:
        """Note at the next flip that it shows `record`, read at `t_read`. Once a frame, cheap.

        `silence` is how many seconds ago the newest samples had come; `held` is told of the lag
        that the frame has, where one was chosen.
        """
        self._record = record
        self._held = held
        self._t_read = t_read
        self._silence = silence
        if not self._queued:
            self._queued = True
            self._win.callOnFlip(self._flipped)

    def next_flip(self, now: float) -> float:
        """Return when the next flip is expected, LSL time; `now` where nothing is known."""
        if self._late is not None and self._late.active:
            return self._late.next_flip(now)
        if not self.period or self._last_flip != self._last_flip:  # NaN
            return now + self._to_flip
        due = self._last_flip + self.period
        return due if due > now else due + self.period * math.ceil((now - due) / self.period)

    def mark(self, label: str) -> None:
        """Give the next flip a mark."""
        self._marks.append(label)

    def _watched_swap(self, *args: object, **kwargs: object) -> object:
        if self._detached:
            return self._swap(*args, **kwargs)  # somebody else has wrapped it since
        if not self._queued:
            self._last_flip = _NAN  # a flip without update(): the next interval says nothing
        elif self._late is not None and self._late.active:
            self._finish()
            self._late.flip_called()
        return self._swap(*args, **kwargs)

    def _flipped(self) -> None:
        """Write this flip's record; runs right after it and allocates nothing but numbers."""
        if self._detached:
            return  # the session was closed between the drawing of a frame and its flip
        t_flip = lsl_now()
        self._queued = False
        interval = t_flip - self._last_flip  # NaN at the first
        self._last_flip = t_flip
        self._to_flip = t_flip - self._t_read
        missed = 0
        if self.period and 1.5 * self.period < interval < BREAK_SECONDS:
            missed = round(interval / self.period) - 1
            self.dropped += missed
        if self._late is not None:
            self._late.flipped(t_flip, missed)
        mark = 0
        if self._marks:
            mark = self._n_marks = self._n_marks + 1
            label = MARKS_BETWEEN.join(self._marks)
            self._marks.clear()
            try:
                self._send_mark(mark, label, t_flip)
            except Exception:  # of a port or stream that marks are sent to: not into the frame loop
                logger.exception("The mark %r could not be sent.", label)
        patch = _NAN if self.patch is None else self.patch.level
        record, values, row = self._record, self._no_values, self._row
        shown = _NAN
        if record is None:
            row[:] = _NOTHING
        else:
            row[_T_SAMPLE], row[_T_PUBLISHED] = record[T_SAMPLE], record[T_PUBLISHED]
            row[_T_RECEIVED], row[_T_ARRIVED] = record[T_RECEIVED], record[T_ARRIVED]
            row[_SEQ], row[_SAMPLE] = record[NUMBER], record[SAMPLE]
            delay = row[_DELAY] = record[DELAY] + self.display_delay
            row[_WANTED_LAG] = _NAN
            if self._held is not None:
                row[_WANTED_LAG] = self._held.wanted
                self._held.flipped(t_flip - record[T_SAMPLE] + delay)
            row[_FLAGS] = record[FLAGS]
            values = record[self._values]
            if self.showing:
                shown = record[self._shown]
                if not self.block:
                    self.outside += 1
                if shown > 0 and self._silence > self.display_hold:
                    shown = 0.0
        row[_FRAME] = self.frame
        row[_T_READ], row[_T_FLIP] = self._t_read, t_flip
        row[_INTERVAL], row[_DROPPED] = interval, self.dropped
        row[_PATCH], row[_SHOWN] = patch, shown
        row[_MARK], row[_BLOCK] = mark, self.block
        self._ring.write(*row, *values)
        self.frame += 1

    def send_left_marks(self) -> None:
        """Send marks that no flip took along, with the time it is."""
        for label in self._marks:
            self._send_mark(0, label, lsl_now())
        self._marks.clear()

    def detach(self) -> None:
        """Leave the window as it was; a frame that is drawn and not yet flipped is not logged."""
        self._detached = True
        if self._win.backend is not None and self._win.backend.swapBuffers == self._watched_swap:
            self._win.backend.swapBuffers = self._swap
