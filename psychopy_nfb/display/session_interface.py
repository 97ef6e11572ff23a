"""What a script calls and sets: one place for its names; others do the work."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from psychopy_nfb.clock import PsychoPyClock
from psychopy_nfb.display.blocks import Blocks
from psychopy_nfb.display.event_marks import EventMarks
from psychopy_nfb.display.feedback_interface import FeedbackInterface
from psychopy_nfb.display.feedback_state import FeedbackState
from psychopy_nfb.display.form_answers import answers_of
from psychopy_nfb.display.frame_log import FrameWriter
from psychopy_nfb.display.operator_asked import OperatorAsked
from psychopy_nfb.display.session_commands import SessionCommands
from psychopy_nfb.display.worker_link import WorkerLink
from psychopy_nfb.display.worker_news import WorkerNews
from psychopy_nfb.dsp import ChannelVerdict
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.protocol import Trial
from psychopy_nfb.protocol.chosen_lag import Lag
from psychopy_nfb.settings import plain_facts

if TYPE_CHECKING:
    from pathlib import Path

    from psychopy.visual import Form

    from psychopy_nfb.hardware.marker_output import (
        LSLMarkers,
        ParallelMarkers,
        SerialMarkers,
        UDPMarkers,
    )

CALIBRATION_SECONDS = 10.0


class SessionInterface(FeedbackInterface):
    """The session's state, blocks, marks and commands under the names that scripts use.

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
        self.clock: PsychoPyClock = PsychoPyClock()
        self._link = WorkerLink(configuration)
        self._state = FeedbackState(configuration, self._change, stale_after)
        self._state.showing = between_blocks
        self._news = WorkerNews(self._configure, self._state.know_chunks)
        self._commands = SessionCommands(self._link, self._news, calibration_path)
        self._marks = EventMarks(self._link)
        self._blocks = Blocks(self._link, self._state, self.clock)
        self._asked = OperatorAsked(self._link, self._blocks)
        self._frames: FrameWriter | None = None  # once a window is attached
        self._plans: list[dict[str, Any]] = []
        self._answers: dict[str, Any] = {}
        self._configure(configuration)

    def _configure(self, configuration: Configuration) -> None:
        """Use `configuration` from now on, also for how displays show values."""
        self._link.configuration = configuration
        self._state.compare(configuration)
        if self._frames is not None:
            self._frames.shows(configuration.signals[configuration.first])

    def _log_into(self, frames: FrameWriter) -> None:
        """Note each flip in `frames` from now on."""
        self._frames = self._marks.frames = self._blocks.frames = frames
        frames.showing = self._state.showing
        frames.shows(self.configuration.signals[self.configuration.first])

    def _change(self, changes: dict[str, Any], signal: str | None) -> None:
        self._commands.change(changes, signal)

    @property
    def configuration(self) -> Configuration:
        """The settings in use now, baselines included."""
        return self._link.configuration

    @property
    def blinded(self) -> bool:
        """Whether nobody may see yet what is shown: a session of a study with several arms."""
        return self._link.blinded

    @property
    def aborted(self) -> bool:
        """Whether the operator has asked for the experiment's end.

        `Neurofeedback.frames` yields nothing any more; a script of your own looks at it between
        its parts.
        """
        return self._asked.aborted

    @property
    def asked_to_end(self) -> bool:
        """Whether the operator has asked for the end of a block that is still open, or of all.

        `Neurofeedback.frames` ends by itself then; a loop of your own must look at it.
        """
        return self._asked.to_end

    def mark(self, label: str) -> None:
        """Write an event at the next flip; into the events, the recording and that frame's row.

        Parameters
        ----------
        label : str
            The event. Anything else is written as its text: ``mark(5)`` is ``mark("5")``.
        """
        self._marks.mark(label)

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
        self._marks.send_to(*outputs)

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
        calibrated = self._news.calibrated_here
        with self._blocks.block(label, feedback, points, shown, lag, calibrated):
            yield

    def begin_block(
        self,
        label: str,
        feedback: bool = True,
        points: bool | None = None,
        shown: str | None = None,
        lag: Lag | dict[str, Any] | float | None = None,
    ) -> None:
        """Begin a block; see `block`."""
        self._blocks.begin(label, feedback, points, shown, lag, self._news.calibrated_here)

    def end_block(self) -> None:
        """End the block that began last; harmless when there is none."""
        self._blocks.end()

    @property
    def block_number(self) -> int:
        """Number of the block that began last, 0 before the first; a key of `trials`."""
        return self._blocks.number

    @property
    def trials(self) -> dict[int, Trial]:
        """How blocks with feedback or points went, by their number.

        Known some milliseconds after their end.
        """
        return self._news.trials

    @property
    def success(self) -> bool | None:
        """Whether the last block with feedback or points was a success.

        None until it is judged, a few milliseconds after its end, and if it is not; see
        `psychopy_nfb.protocol.Trial`. Rests do not change it.
        """
        trial = self.trials.get(self._blocks.judged)
        return None if trial is None else trial.success

    def tell_plan(self, facts: dict[str, Any]) -> None:
        """Write what was planned and how it went into the session's settings file.

        Each plan of the session is an entry of the section ``plans``.

        Parameters
        ----------
        facts : dict
            By name, such as `PlanResult.facts` returns: of what JSON knows, and numpy's numbers.

        Raises
        ------
        SettingsError
            If it is something else; or there is no session.
        """
        self._link.started()
        facts = plain_facts("facts", facts)
        self._plans.append(facts)
        self._link.facts(plans=list(self._plans))

    def keep_answers(self, form: Form | Mapping[str, object]) -> None:
        """Keep what the participant answered with the session, for the reports of a study.

        Parameters
        ----------
        form : psychopy.visual.Form or mapping
            The form at its end, in Builder the name of the component; or answers by question. One
            that was given before is replaced.

        Raises
        ------
        SettingsError
            If it is something else.
        """
        self._answers |= answers_of(form)
        self._link.facts(answers=dict(self._answers))

    @contextmanager
    def baseline(self, label: str = "baseline") -> Iterator[None]:
        """Record a baseline meanwhile and use it from its end on.

        Afterwards `calibrated` says whether it succeeded. It did not when there was too little
        clean signal, or the background process does not run; the reason is in the log and in
        `refusal`.
        """
        self.begin_baseline(label)
        with self.block(label, feedback=False):
            yield
        self.end_baseline()

    def begin_baseline(self, label: str = "baseline") -> None:
        """Begin to record a baseline."""
        self._commands.send("baseline_begin", label=label)

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

        Raises
        ------
        SettingsError
            If `wait` is no number of seconds, 0 or more; or there is no session.
        """
        return self._commands.end_baseline(wait)

    def save_calibration(self, path: str | os.PathLike[str] | None = None) -> None:
        """Keep the baseline and the fitted filters for the next session.

        Without a baseline an earlier file stays as it is, and a warning says so.

        Parameters
        ----------
        path : path, optional
            Default a file of the participant's in the data folder; without one nothing is kept.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        self._commands.save_calibration(path)

    @property
    def calibrated(self) -> bool:
        """Whether a baseline of each signal is in use."""
        signals = self.configuration.signals.values()
        return all(signal.baseline is not None for signal in signals)

    @property
    def recording_error(self) -> str | None:
        """Why the session's files can no longer be written; None while they are.

        Known a second after it happened, such as a full disk or a deleted folder. It says where
        the rest of the session is written, in a temporary folder. The feedback goes on. Where the
        background process is not started any more it says why; then the feedback has ended, too.
        """
        return self._news.recording_error

    @property
    def refusal(self) -> str | None:
        """Why the last command was refused, or a baseline not answered; None if it was not."""
        return self._news.refusal

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

    def pause(self) -> None:
        """Give no reward until `resume`; data are still recorded."""
        self._commands.send("pause")

    def resume(self) -> None:
        """Go on after `pause`."""
        self._commands.send("resume")

    def reset_score(self) -> None:
        """Start again at no points and no hits."""
        self._commands.send("reset_score")

    def watch_channels(self, on: bool = True) -> None:
        """Judge each channel four times a second from now on, or no longer; see `channels`."""
        self._commands.watch_channels(on)

    @property
    def channels(self) -> list[ChannelVerdict]:
        """Which channels are good, in the stream's order; empty until it is watched for 2 s."""
        return self._news.channels

    @property
    def channel_traces(self) -> np.ndarray:
        """The last 2 s of each of `channels` in microvolts, shape (n_channels, at most 100 points).

        Smallest and largest value of each fiftieth of the time, without drift; empty at first.
        """
        return self._news.channel_traces
