"""Control of a running training: marks, blocks, baselines, settings, pauses."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from psychopy_nfb.clock import PsychoPyClock, lsl_now
from psychopy_nfb.display.chosen_lag import Lag, read_lag
from psychopy_nfb.display.feedback_state import FeedbackState
from psychopy_nfb.display.frame_log import MARKS_BETWEEN, FrameWriter
from psychopy_nfb.display.held_lag import HeldLag, check_possible
from psychopy_nfb.display.operator_asked import OperatorAsked
from psychopy_nfb.display.shown_choice import ShownChoice
from psychopy_nfb.dsp import ChannelVerdict
from psychopy_nfb.engine.configuration import Configuration, read_configuration
from psychopy_nfb.engine.worker_process import WorkerProcess
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import NONE
from psychopy_nfb.recording.text import LONGEST_TEXT, shortened
from psychopy_nfb.settings import to_dict, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from psychopy_nfb.hardware.marker_output import (
        LSLMarkers,
        ParallelMarkers,
        SerialMarkers,
        UDPMarkers,
    )

logger: logging.Logger = logging.getLogger(__name__)

CALIBRATION_SECONDS = 10.0
NO_LABEL = "(no label)"
"""In place of an empty one."""
STREAM_NEWS = {
    "stream_lost": "The EEG stream '%s' was lost; it is looked for until it is back.",
    "stream_back": "The EEG stream '%s' is back.",
    "aux_lost": "The second stream '%s' was lost.",
}


@dataclass
class _OpenBlock:
    """A block that has begun."""

    number: int
    label: str
    feedback: bool
    begun: float
    held: HeldLag | None
    """Its own chosen lag."""
    before: tuple[bool, bool, str | None, int, HeldLag | None] = (True, False, None, 0, None)
    """What held before it and holds again after it."""


class SessionCommands(OperatorAsked, FeedbackState):
    """Sends commands to the worker and keeps its answers; has no window.

    Parameters
    ----------
    configuration : Configuration
        The run's settings; the worker's calibrations replace it.
    stale_after : float, optional
        As for `FeedbackState`.
    between_blocks : bool
        Whether there is feedback outside of blocks too.
    calibration_path : path, optional
        Where the participant's calibration is kept.
    """

    def __init__(
        self,
        configuration: Configuration,
        stale_after: float | None,
        between_blocks: bool,
        calibration_path: Path | None,
    ):
        super().__init__(configuration, self._change, stale_after)
        self._frames: FrameWriter | None = None  # once a window is attached
        self._configure(configuration)
        self._calibration_path = calibration_path
        self._newest.showing = between_blocks
        self._handle: WorkerProcess | None = None
        self._told_assumptions: set[str] = set()
        self._closed = False
        self._blocks = 0
        self._outputs: list[LSLMarkers | UDPMarkers | SerialMarkers | ParallelMarkers] = []
        self._open_blocks: list[_OpenBlock] = []
        self._held: HeldLag | None = None  # None shows the newest record
        self._shown = ShownChoice()
        self._calibrated_here = False
        self._sounds: dict[str, dict[str, Any]] = {}
        self._counting = False  # points and hits: in blocks only
        self._counted = False
        self._calibrated = threading.Event()
        self._refusal: str | None = None
        self._recording_error: str | None = None
        self._channels: list[ChannelVerdict] = []
        self._channel_traces = np.empty((0, 0))
        self.clock: PsychoPyClock = PsychoPyClock()

    def _configure(self, configuration: Configuration) -> None:
        """Use `configuration` from now on, also for how displays show values."""
        self.configuration = configuration
        self._compare(configuration)
        self._tell_frames()

    def _tell_frames(self) -> None:
        """Let the frame log know how the value shown differs from the record's."""
        if self._frames is not None:
            shown = self.configuration.signals[self.configuration.first]
            self._frames.display_delay = shown.display_smoothing
            self._frames.display_hold = (
                math.inf if shown.display_hold is None else shown.display_hold
            )

    def mark(self, label: str) -> None:
        """Write an event at the next flip; into the events, the recording and that frame's row.

        Parameters
        ----------
        label : str
            The event. Anything else is written as its text: ``mark(5)`` is ``mark("5")``.
        """
        label = _short(label)
        if self._closed or self._handle is None:
            when = "after close()" if self._closed else "before start()"
            logger.warning("The mark %r came %s and is in no file.", label, when)
        elif self._frames is not None:
            self._frames.mark(label)
        else:
            self._send_mark(0, label, lsl_now())

    def send_marks_to(
        self, *outputs: LSLMarkers | UDPMarkers | SerialMarkers | ParallelMarkers
    ) -> None:
        """Send each mark from now on to these as well, at its flip.

        How many were sent, and how long after their flips, stands in the session's settings file.

        Parameters
        ----------
        *outputs : LSLMarkers, UDPMarkers, SerialMarkers or ParallelMarkers
            They are closed with this object.
        """
        for output in outputs:
            if not (hasattr(output, "send") and hasattr(output, "close")):
                raise SettingsError(
                    "outputs",
                    output,
                    "is no output of marks; make one of LSLMarkers, UDPMarkers, SerialMarkers or "
                    "ParallelMarkers",
                )
        self._outputs.extend(outputs)

    @contextmanager
    def block(
        self,
        label: str,
        feedback: bool = True,
        points: bool | None = None,
        shown: str | None = None,
        lag: Lag | dict[str, Any] | float | None = None,
    ) -> Iterator[None]:
        """Name what is shown meanwhile; without `feedback` `value` stays 0, all is still recorded.

        Parameters
        ----------
        label : str
            E.g. ``"training"``, ``"rest"``, ``"transfer"``.
        feedback : bool
            False for transfer, observation and rest.
        points : bool, optional
            Whether points and hits are counted; default only with feedback. True for a transfer
            block whose score is told afterwards.
        shown : str, optional
            What is shown, with its score and rewards: ``"own"``, the own feedback; ``"none"``, as
            ``feedback=False``; or a source that the settings name, such as ``"sham"``. Default the
            own feedback, and in a block within another what that shows. The own values, threshold
            and rewards are computed and recorded in any case.
        lag : Lag, dict or float, optional
            Seconds from the brain to the flip, `Lag(hold=0.15)`, where they shall be more than they
            must be; or drawn anew every second, `Lag(jitter=(0.15, 0.3))`. Value, reward and score
            are all those of the earlier moment.

        Raises
        ------
        SettingsError
            If there is no such source, or it cannot be shown here; or `lag` is impossible, or less
            than filters and display need: the sentence says how much that is.
        """
        self.begin_block(label, feedback, points, shown, lag)
        depth = len(self._open_blocks)
        try:
            yield
        finally:
            while len(self._open_blocks) >= depth and not self._closed:
                self.end_block()

    def begin_block(
        self,
        label: str,
        feedback: bool = True,
        points: bool | None = None,
        shown: str | None = None,
        lag: Lag | dict[str, Any] | float | None = None,
    ) -> None:
        """Begin a block; see `block`."""
        self._require_start()
        sources = self.configuration.shown
        within, calibrated = bool(self._open_blocks), self._calibrated_here
        self._shown.check(shown, sources, feedback, within, calibrated)
        wanted = read_lag(lag)
        if wanted is not None:
            self._check_lag(wanted)
        label = _short(label)
        feedback = feedback and shown != NONE
        self._blocks += 1
        outer = 0 if self._frames is None else self._frames.block
        begun = lsl_now()
        held = None
        if wanted is not None:
            held = HeldLag(wanted, begun, self._frames.period)
        block = _OpenBlock(self._blocks, label, feedback, begun, held)
        showing, source = self._newest.showing, self._shown.source
        block.before = (showing, self._counting, source, outer, self._held)
        self._open_blocks.append(block)
        self._held = held or self._held
        self._counting = feedback if points is None else points
        self._counted = self._counted or self._counting
        self._show(feedback)
        if self._frames is not None:
            self._frames.block = self._blocks
        show = self._shown.begin(shown, sources)
        self._block_event("begin", block, begun, show, self._shown.source)

    def end_block(self) -> None:
        """End the block that began last; harmless when there is none."""
        if not self._open_blocks or self._closed:
            return
        block = self._open_blocks.pop()
        showing, self._counting, outer_source, outer, self._held = block.before
        self._show(showing)
        source = self._shown.source
        self._block_event("end", block, lsl_now(), self._shown.end(outer_source), source)
        if block.held is not None and block.held.not_held:
            logger.warning("%s", block.held.told(block.label))
        if self._frames is not None:
            self._frames.block = outer
        self._send_facts(clock=to_dict(self.clock.measure()))

    def _show(self, showing: bool) -> None:
        self._newest.showing = showing
        if self._frames is not None:
            self._frames.showing = showing

    def _block_event(
        self,
        edge: str,
        block: _OpenBlock,
        t: float,
        show: tuple[str, int] | None,
        source: str | None,
    ) -> None:
        self._handle.command(
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
            training=bool(self._open_blocks) and self._open_blocks[-1].feedback,
            show=show,
            shown=source if block.feedback or source is None else NONE,
        )

    def _check_lag(self, lag: Lag) -> None:
        """Refuse a lag that cannot be held here.

        Raises
        ------
        SettingsError
            If it cannot; or without a window, whose flips nobody foresees then.
        """
        if self._frames is None:
            raise SettingsError("lag", lag.least, "needs a window; call attach(win) before this")
        check_possible(
            lag,
            self._handle.block.feedback,
            self._handle.ready["delay"],
            self._chunk_seconds,
            self._frames.display_delay,
            self._frames.period,
        )

    @contextmanager
    def baseline(self, label: str = "baseline") -> Iterator[None]:
        """Record a baseline meanwhile and use it from its end on.

        Afterwards `calibrated` says whether it succeeded. It did not when there was too little
        clean signal; the reason is in the log and in `refusal`.
        """
        self.begin_baseline(label)
        with self.block(label, feedback=False):
            yield
        self.end_baseline()

    def begin_baseline(self, label: str = "baseline") -> None:
        """Begin to record a baseline."""
        self._require_start()
        self._refusal = None
        self._handle.command("baseline_begin", label=label)

    def end_baseline(self, wait: float = CALIBRATION_SECONDS) -> bool:
        """End the baseline and use it.

        Parameters
        ----------
        wait : float
            Seconds to wait for the result; 0 when called inside a frame loop.

        Returns
        -------
        bool
            Whether it succeeded (as far as is known when it returns).
        """
        self._require_start()
        self._calibrated.clear()
        self._refusal = None
        self._handle.command("baseline_end")
        if wait:
            ends = time.monotonic() + wait
            while not self._calibrated.wait(0.01) and time.monotonic() < ends:
                if self._refusal is not None:
                    break
        return self._calibrated.is_set()

    def save_calibration(self, path: str | os.PathLike[str] | None = None) -> None:
        """Keep the baseline and the fitted filters for the next session.

        Parameters
        ----------
        path : path, optional
            Default a file of the participant's in the data folder; without one nothing is kept.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        path = self._calibration_path if path is None else path
        if path is not None:
            write_json(self.configuration, path)

    @property
    def calibrated(self) -> bool:
        """Whether a baseline of each signal is in use."""
        signals = self.configuration.signals.values()
        return all(signal.baseline is not None for signal in signals)

    @property
    def recording_error(self) -> str | None:
        """Why the session's files can no longer be written; None while they are.

        Known a second after it happened, such as a full disk or a deleted folder. It says where
        the rest of the session is written, in a temporary folder. The feedback goes on.
        """
        return self._recording_error

    @property
    def refusal(self) -> str | None:
        """Why the worker refused the last command, in a sentence; None if it did not."""
        return self._refusal

    def set(self, **changes: Any) -> None:
        """Change settings of the first signal and of the reward from now on; logged.

        E.g. ``set(threshold=0.7, dwell=0.5)`` or ``set(schedule=FixedRatio(n=2))``; of another
        signal ``nfb.signals["emg"].set(…)``. A number as threshold stays; a rule, such as
        ``Success(target=0.7)``, goes on from there.

        Raises
        ------
        SettingsError
            If a setting does not exist or its value is impossible.
        """
        self._change(changes, None)

    def _change(self, changes: dict[str, Any], signal: str | None) -> None:
        self._require_start()
        self._refusal = None
        changed = self.configuration.changed(changes, signal)
        if "schedule" in changes:  # with its seed, which may have been drawn just now
            changes = {**changes, "schedule": changed.reward.schedule}
        self._handle.command("set", changes=to_dict(changes), signal=signal)

    def pause(self) -> None:
        """Give no reward until `resume`; data are still recorded."""
        self._require_start()
        self._refusal = None
        self._handle.command("pause")

    def resume(self) -> None:
        """Go on after `pause`."""
        self._require_start()
        self._refusal = None
        self._handle.command("resume")

    def watch_channels(self, on: bool = True) -> None:
        """Judge each channel four times a second from now on, or no longer; see `channels`."""
        self._require_start()
        if on:
            self._channels, self._channel_traces = [], np.empty((0, 0))
        self._handle.command("watch_channels", on=on)

    @property
    def channels(self) -> list[ChannelVerdict]:
        """Which channels are good, in the stream's order; empty until it is watched for 2 s."""
        return self._channels

    @property
    def channel_traces(self) -> np.ndarray:
        """The last 2 s of each of `channels` in microvolts, shape (n_channels, at most 100 points).

        Smallest and largest value of each fiftieth of the time, without drift; empty at first.
        """
        return self._channel_traces

    def reset_score(self) -> None:
        """Start again at no points and no hits."""
        self._require_start()
        self._refusal = None
        self._handle.command("reset_score")

    def _send_mark(self, number: int, label: str, t: float) -> None:
        self._require_start()
        for output in self._outputs:
            for one in label.split(MARKS_BETWEEN):
                try:
                    output.send(one, t)
                except Exception:  # of a port or stream: neither the others nor the files miss it
                    logger.exception("The mark %r could not be sent.", one)
        self._handle.command("mark", id=number, label=label, t=t)

    def _sound_event(self, name: str, t: float, detail: dict[str, Any]) -> None:
        """Write that a sound began at LSL time `t`."""
        if self._handle is not None and not self._closed:
            self._handle.command("sound", label=name, t=t, detail=detail)

    def _tell_sound(self, name: str, facts: dict[str, Any]) -> bool:
        """Write into the settings file what a sound is; return whether that could be done."""
        if self._handle is None or self._closed:
            return False
        self._sounds[name] = facts
        self._send_facts(sounds=self._sounds)
        return True

    def _send_facts(self, **sections: object) -> None:
        self._handle.command("facts", sections=sections)

    def _require_start(self) -> None:
        if self._closed:
            raise SettingsError("neurofeedback", "closed", "make a new Neurofeedback for this")
        if self._handle is None:
            raise SettingsError(
                "neurofeedback",
                "not started",
                "call start(), or use it in a with statement, before this",
            )

    def _on_message(self, message: dict[str, Any]) -> None:
        """Take one message of the worker; runs in a thread."""
        kind = message["kind"]
        if kind == "ready":
            self._tell_assumptions(message["stream"]["assumptions"])
        elif kind == "configuration":
            self._configure(read_configuration(message["configuration"]))
        elif kind == "channels":
            self._channel_traces = np.array(message["traces"]) / 10  # sent as tenths of microvolts
            self._channels = [ChannelVerdict(**one) for one in message["channels"]]
        elif kind == "calibrated":
            self._calibrated_here = True
            self._calibrated.set()
        elif kind == "refused":
            self._refusal = message["sentence"]
            logger.warning("%s", message["sentence"])
        elif kind == "fault":
            logger.error("%s.", message["why"])
        elif kind == "stream":
            self._take_stream_event(message["what"], message["detail"])
        elif kind == "chunks":
            self._know_chunks(message["seconds"])
        elif kind == "recording_moved":
            rest = f"What comes is written to {message['stem']}_*, and the feedback goes on"
            self._recording_error = f"{message['why'].rstrip('.')}. {rest}."
            logger.error("The recording stopped: %s", self._recording_error)
        elif kind == "recording_stopped":
            self._recording_error = message["why"]
            logger.error("The recording stopped, the feedback goes on: %s", message["why"])
        elif kind in ("recording", "stopped") and message["error"]:
            logger.error("Recording: %s", message["error"])

    def _tell_assumptions(self, sentences: list[str]) -> None:
        """Report once what was assumed of the stream; another worker of the run says it again."""
        for sentence in sentences:
            if sentence not in self._told_assumptions:
                self._told_assumptions.add(sentence)
                logger.warning("EEG stream: %s", sentence)

    def _take_stream_event(self, what: str, detail: dict[str, Any]) -> None:
        """Report what happened to the stream; what comes again is in the events only."""
        if "sentence" in detail:
            logger.warning("%s", detail["sentence"])
        elif what in STREAM_NEWS:
            logger.warning(STREAM_NEWS[what], detail.get("name", ""))
        elif what == "reconnect_failed":
            logger.warning("Looking for the EEG stream failed (%s); it goes on.", detail["why"])


def _short(label: object) -> str:
    """Return the text of a mark or a block, as far as files can hold it."""
    text = str(label)
    if text.strip() in ("", "n/a"):  # which tables hold for what is not there
        logger.warning("A mark or block without a label is kept as %r.", NO_LABEL)
        text = NO_LABEL
    if len(text) > LONGEST_TEXT:
        logger.warning(
            "A mark or block of %d characters is kept up to character %d.", len(text), LONGEST_TEXT
        )
        text = shortened(text)
    return text
