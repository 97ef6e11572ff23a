"""The blocks of a session: what is shown and counted in each of them, and with which lag."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psychopy_nfb.checks import check_flag
from psychopy_nfb.clock import PsychoPyClock, lsl_now
from psychopy_nfb.display.event_marks import fitting
from psychopy_nfb.display.feedback_state import FeedbackState
from psychopy_nfb.display.frame_log import FrameWriter
from psychopy_nfb.display.held_lag import HeldLag, check_possible
from psychopy_nfb.display.shown_choice import ShownChoice
from psychopy_nfb.display.worker_link import WorkerLink
from psychopy_nfb.errors import SettingsError, listed
from psychopy_nfb.protocol import NONE
from psychopy_nfb.protocol.chosen_lag import Lag, read_lag
from psychopy_nfb.settings import to_dict

if TYPE_CHECKING:
    from psychopy_nfb.study.session import StudySession

logger: logging.Logger = logging.getLogger(__name__)

END_EACH = "End each block before the next begins: with nfb.end_block(), or `with nfb.block(…):`."


@dataclass
class OpenBlock:
    """A block that has begun."""

    number: int
    label: str
    feedback: bool
    begun: float
    held: HeldLag | None
    """Its own chosen lag."""
    before: tuple[bool, bool, str | None, int, HeldLag | None] = (True, False, None, 0, None)
    """What held before it and holds again after it."""
    inner: list[str] = field(default_factory=list)
    """Labels of the blocks that have begun in it."""


class Blocks:
    """Begins and ends blocks.

    Parameters
    ----------
    link : WorkerLink
        To the worker, which counts points and writes the events.
    state : FeedbackState
        Shows the feedback, or not.
    clock : PsychoPyClock
        Is measured at each block's end.
    """

    def __init__(self, link: WorkerLink, state: FeedbackState, clock: PsychoPyClock):
        self._link = link
        self._state = state
        self._clock = clock
        self.number: int = 0
        """Of the block that began last; 0 before the first."""
        self.judged: int = 0
        """Number of the last block with feedback or points, which is a trial."""
        self._open: list[OpenBlock] = []
        self._told_of_nested = False
        self._shown = ShownChoice()
        self._study: StudySession | None = None
        self.trained: int = 0
        """Blocks with feedback that got to their end."""
        self.aborted: bool = False
        """Whether the experiment shall end: blocks that end from now on are cut off."""
        self._counting = False  # points and hits: in blocks only
        self.counted: bool = False
        """Whether points were counted in any of them."""
        self.held: HeldLag | None = None
        """The chosen lag of the block that is open; None shows the newest record."""
        self.frames: FrameWriter | None = None
        """The frame log, once a window is attached."""

    @property
    def open_blocks(self) -> list[OpenBlock]:
        """The blocks that are open now, the innermost last."""
        return list(self._open)

    @property
    def source(self) -> str | None:
        """What the innermost block shows; None where nothing else can be shown."""
        return self._shown.source

    @property
    def shown(self) -> ShownChoice:
        """What blocks show, and have shown."""
        return self._shown

    @property
    def lag_sealed(self) -> bool:
        """Whether nobody may see with which lag the feedback is shown, as it tells the arm."""
        return self._study is not None and self._study.lag_sealed

    def follow(self, study: StudySession) -> None:
        """Show what a study's session shows, in blocks that do not say otherwise."""
        self._study = study
        self._shown = ShownChoice(study.turns)

    @contextmanager
    def block(
        self,
        label: str,
        feedback: bool,
        points: bool | None,
        shown: str | None,
        lag: Lag | dict[str, Any] | float | None,
        calibrated: bool,
    ) -> Iterator[None]:
        """Hold a block open; what was begun in it and not ended ends with it."""
        self.begin(label, feedback, points, shown, lag, calibrated)
        depth = len(self._open)
        whole = False
        try:
            yield
            whole = True
        finally:
            while len(self._open) >= depth and not self._link.closed:
                self.end(cut_off=not whole)

    def begin(
        self,
        label: str,
        feedback: bool,
        points: bool | None,
        shown: str | None,
        lag: Lag | dict[str, Any] | float | None,
        calibrated: bool,
    ) -> None:
        """Begin a block; `calibrated` is whether a baseline was recorded in this session."""
        self._link.started()
        feedback = check_flag("feedback", feedback)
        points = points if points is None else check_flag("points", points)
        if shown == "" or shown != shown:  # an empty cell of a conditions file
            shown = None
        if self._link.blinded and shown not in (None, NONE):
            raise SettingsError(
                "shown",
                shown,
                "is set by the study's arm; leave it out, or empty in a conditions file",
            )
        sources = self._link.configuration.shown
        if self._study is not None and shown is None and feedback and not self._open:
            shown = self._study.shown(calibrated)
        self._shown.check(shown, sources, feedback, bool(self._open), calibrated)
        wanted = read_lag(lag)
        label = fitting(label)
        feedback = feedback and shown != NONE
        if self._study is not None and self._study.lags:
            wanted = self._lag_of_arm(self._study, wanted, feedback)
        elif wanted is not None:
            self._need_window(wanted)
            self.check_lag(wanted)
        begun = lsl_now()
        held = None
        if wanted is not None and self.frames is not None:
            held = HeldLag(wanted, begun, self.frames.period)
        self.number += 1
        outer = 0 if self.frames is None else self.frames.block
        block = OpenBlock(self.number, label, feedback, begun, held)
        block.before = (self._state.showing, self._counting, self._shown.source, outer, self.held)
        self._nest(label)
        self._open.append(block)
        self.held = held or self.held
        self._counting = feedback if points is None else points
        self.counted = self.counted or self._counting
        self.judged = self.number if feedback or self._counting else self.judged
        self._show(feedback)
        if self.frames is not None:
            self.frames.block = self.number
        if feedback:
            self._shown.earlier.begin(label, self.number)
        show = self._shown.begin(shown, sources)
        self._send("begin", block, begun, show, self._shown.source)

    def end(self, cut_off: bool = False) -> None:
        """End the block that began last; harmless when there is none.

        Parameters
        ----------
        cut_off : bool
            Whether it ends before its time: by an exception, or with the experiment.
        """
        if not self._open or self._link.closed:
            return
        cut_off = cut_off or self.aborted
        block = self._open.pop()
        self.trained += block.feedback and not self._open and not cut_off
        showing, self._counting, outer_source, outer, self.held = block.before
        self._show(showing)
        source, ended = self._shown.source, lsl_now()
        self._shown.earlier.end(block.number, ended - block.begun)
        self._send("end", block, ended, self._shown.end(outer_source), source, cut_off)
        if block.held is not None and block.held.not_held and not self.lag_sealed:
            logger.warning("%s", block.held.told(block.label))
        if self.frames is not None:
            self.frames.block = outer
        self._link.facts(clock=to_dict(self._clock.measure()))

    def end_all(self) -> None:
        """End what is open, as the experiment ends; tell of what had other blocks in it."""
        if self._open and self._open[0].inner:
            outer = self._open[0]
            logger.warning(
                "The block '%s' had not ended when the experiment did, and all blocks after it "
                "began in it: %s. %s",
                outer.label,
                listed(dict.fromkeys(outer.inner), most=8),
                END_EACH,
            )
        while self._open and not self._link.closed:
            self.end(cut_off=True)

    def _nest(self, label: str) -> None:
        """Note that a block begins in those that are open; tell once of one in its own kind."""
        if self._open and self._open[-1].label == label and not self._told_of_nested:
            self._told_of_nested = True
            logger.warning(
                "The block '%s' begins in a block of the same name that has not ended. %s",
                label,
                END_EACH,
            )
        for outer in self._open:
            outer.inner.append(label)

    def _show(self, showing: bool) -> None:
        self._state.showing = showing
        if self.frames is not None:
            self.frames.showing = showing

    def _send(
        self,
        edge: str,
        block: OpenBlock,
        t: float,
        show: tuple[str, int] | None,
        source: str | None,
        cut_off: bool = False,
    ) -> None:
        self._link.command(
            "block",
            id=block.number,
            label=block.label,
            edge=edge,
            t=t,
            begun=block.begun,
            feedback=block.feedback,
            lag=None if block.held is None else block.held.facts(),
            points=self._counting,
            # As points, thresholds follow in blocks only: nobody trains while an instruction shows.
            training=bool(self._open) and self._open[-1].feedback,
            show=show,
            shown=source if block.feedback or source is None else NONE,
            cut_off=cut_off,
            kept=self._shown.earlier.open,
        )

    def _lag_of_arm(self, study: StudySession, given: Lag | None, feedback: bool) -> Lag | None:
        """Return the lag of a study's outermost blocks with feedback.

        Raises
        ------
        SettingsError
            If the block says one itself, or that of an arm, whichever it is, cannot be held here.
        """
        if given is not None:
            self.check_lag(given)
        if not feedback or self._open:
            return None
        self._need_window(study.lags[0])
        self.check_lags_of_arms()
        return study.lag

    def _need_window(self, lag: Lag) -> None:
        if self.frames is None:
            raise SettingsError("lag", lag.least, "needs a window; call attach(win) before this")

    def check_lags_of_arms(self) -> None:
        """Refuse a study of whose arms one has a lag that cannot be held here, whichever it is.

        Raises
        ------
        SettingsError
            As for `check_lag`.
        """
        for lag in [] if self._study is None else self._study.lags:
            self._check_possible(lag)

    def check_lag(self, lag: Lag) -> None:
        """Refuse a lag that cannot be held here; without a window, as far as it is known.

        Raises
        ------
        SettingsError
            If it is less than there must be, or more than feedback is kept for; or a study's arm
            says the lag.
        """
        if self._study is not None and self._study.lags:
            raise SettingsError("lag", lag.least, "is said by the study's arm; leave it out")
        self._check_possible(lag)

    def _check_possible(self, lag: Lag) -> None:
        worker, configuration = self._link.started(), self._link.configuration
        check_possible(
            lag,
            worker.block.feedback,
            worker.ready["delay"],
            self._state.chunk_seconds,
            configuration.signals[configuration.first].display_smoothing,
            0.0 if self.frames is None else self.frames.period,
        )
