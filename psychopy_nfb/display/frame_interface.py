"""The frame-locked side of a session under the names that scripts use."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING

from psychopy_nfb.checks import check_frame_rate
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.display.frame_log import FrameWriter
from psychopy_nfb.display.late_read import LateRead
from psychopy_nfb.display.pacing import frame_blocking
from psychopy_nfb.display.pacing import pace as pace_window
from psychopy_nfb.display.session_interface import SessionInterface
from psychopy_nfb.display.window import check_window
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.records import T_RECEIVED
from psychopy_nfb.errors import SettingsError

if TYPE_CHECKING:
    from psychopy.visual import Window

    from psychopy_nfb.display.photodiode_patch import PhotodiodePatch
    from psychopy_nfb.engine.memory import Ring
    from psychopy_nfb.study.session import StudySession

logger: logging.Logger = logging.getLogger(__name__)


class FrameInterface(SessionInterface):
    """A session's window: one read and one row of the frame log for each of its flips.

    Parameters
    ----------
    configuration, stale_after, between_blocks, calibration_path
        As for `SessionInterface`.
    late_read : bool
        Whether `update` waits until the last safe moment before the flip.
    study : StudySession or None
        The study's session, if it is one: where it is blinded, no patch may tell what is shown.
    """

    def __init__(
        self,
        configuration: Configuration,
        stale_after: float | None,
        between_blocks: bool,
        calibration_path: Path | None,
        late_read: bool,
        study: StudySession | None,
    ):
        super().__init__(configuration, stale_after, between_blocks, calibration_path)
        self._study = study
        self._want_late_read = late_read
        self._late: LateRead | None = None
        self._ring: Ring | None = None  # while the background process runs
        self._frames_end: float | None = None  # when the running `frames` ends by itself
        self._told_window_closed = False
        self.win: Window | None = None

    def attach(
        self, win: Window, patch: PhotodiodePatch | None = None, pace: float | None = None
    ) -> None:
        """Log each flip of `win` and read just before it.

        Takes a tenth of a second: Python's garbage is collected, and what is left is kept out of
        further collections until `close`. A full one in the midst of a run would miss six frames.
        Called again, the frame log goes on with the new window, and the earlier one is left as it
        was.

        Parameters
        ----------
        win : psychopy.visual.Window
            The window of the stimuli.
        patch : PhotodiodePatch, optional
            Its level goes to the frame log. It is drawn by you, last.
        pace : float, optional
            Frame rate in Hz for a display whose flips do not wait for the screen, such as a virtual
            one; it is reported in the log. None leaves such a display as it is, without late read.

        Raises
        ------
        SettingsError
            If `win` is no window or `pace` no frame rate.
        """
        self._link.started()
        check_window(win)
        self._check_patch(patch)
        if pace:
            check_frame_rate("pace", pace)
        earlier = self._frames
        if earlier is not None:
            earlier.detach()
        paced = getattr(win, "nfb_paced_hz", None)
        blocks, period = (True, 1 / paced) if paced else frame_blocking(win)
        if not blocks and pace:
            logger.warning("This display has no vertical sync: flips are paced to %g Hz.", pace)
            pace_window(win, pace)
            blocks, period, paced = True, 1 / pace, pace
        self.win = win
        self._late = LateRead(period if blocks else None) if self._want_late_read else None
        block = self._link.handle.block
        frames = FrameWriter(
            win,
            block.frames,
            period,
            self._late,
            patch,
            self._marks.send,
            block.feedback.layout,
            self.configuration.displayed,
            earlier,
        )
        self._log_into(frames)
        gc.collect()
        gc.freeze()
        self._link.facts(
            display={
                "size": [int(side) for side in win.size],
                "frame_period": period,
                "flips_block": blocks,
                "paced_hz": paced,
                "late_read": bool(self._late and self._late.active),
                "patch": None if patch is None else patch.settings(),
            }
        )

    def log_patch(self, patch: PhotodiodePatch | None) -> None:
        """Note the levels of `patch` in the frame log from the next flip on; None for no more."""
        self._check_patch(patch)
        self._require_attached().patch = patch
        self._link.facts(patch=None if patch is None else patch.settings())

    def _check_patch(self, patch: PhotodiodePatch | None) -> None:
        """Refuse a patch that would tell what is shown in a blinded study."""
        if patch is not None and self._study is not None:
            self._study.check_patch(patch.mode)

    def update(self) -> None:
        """Read the newest feedback; call it once a frame, first.

        In a block with a chosen lag it takes an earlier one, which has that lag at the next flip.
        With late read it returns just before the next flip: draw at once and flip. It never raises
        and never waits for the worker. Before `start` and after `close` nothing new is read.
        """
        if self._late is not None and self._ring is not None:
            self._late.wait()
        ring = self._ring
        record = newest = self._state.record if ring is None else ring.newest()
        t_read = lsl_now()
        held, frames = self._blocks.held, self._frames
        if held is None or frames is None or newest is None or ring is None:
            self._state.take(record, t_read)
        else:
            t_flip = frames.next_flip(t_read)
            record = held.record(ring, newest, t_read, t_flip, frames.display_delay)
            self._state.take(record, t_read, newest[T_RECEIVED])
        if frames is not None:
            frames.queue(record, t_read, self._state.silence, held)

    def frames(self, seconds: float) -> Iterator[int]:
        """Yield once a frame for `seconds`: updates before your drawing and flips after it.

        Ends early when the operator asks for it (`asked_to_end`), and when the window or this
        object is closed; of the window the log and the events tell it. Counts time on the LSL
        clock; ``math.inf`` ends with your own `break`.

        Raises
        ------
        SettingsError
            At the first frame, if there is no window, it is not started, or `seconds` is no length.
        """
        self._require_attached()
        if not (isinstance(seconds, Real) and seconds >= 0):
            raise SettingsError("seconds", seconds, "must be a number of seconds, 0 or more")
        ends = self._frames_end = lsl_now() + seconds
        number = 0
        while lsl_now() < ends and self._shows():
            self.update()
            yield number
            if self._shows():
                self.win.flip()
            number += 1
        if self.win._closed and not self._link.closed:
            self._tell_window_closed()

    def _tell_window_closed(self) -> None:
        if not self._told_window_closed:
            self._told_window_closed = True
            logger.warning(
                "The window was closed: blocks end at once, and the script goes on without frames."
            )
            # There is no flip that it could wait for.
            self._marks.send(0, "window closed", lsl_now())

    def _shows(self) -> bool:
        if self._asked.to_end:
            return False
        return not (self._link.closed or self.win._closed)  # PsychoPy has no public name for it

    def _require_attached(self) -> FrameWriter:
        if self._frames is None:
            raise SettingsError("win", None, "is not attached; call attach(win) before this")
        self._link.started()
        return self._frames

    @property
    def records(self) -> Ring:
        """The ring of feedback records, for those who want each of them.

        ``records.layout.named(record)`` is what a record holds, by name.
        """
        self._link.started()
        return self._ring

    @property
    def dropped(self) -> int:
        """Frames missed since `attach`; 0 where the display's frame period is not known."""
        return 0 if self._frames is None else self._frames.dropped

    @property
    def late_read(self) -> LateRead | None:
        """The late read of the attached window, with its margin; None when it is off."""
        return self._late

    def _let_go(self) -> None:
        self._link.closed = True
        self._ring = None
        self._state.let_go()
        if self._frames is not None:
            self._frames.detach()
            gc.unfreeze()
