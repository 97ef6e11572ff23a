"""The Coder API: one object for one training session."""

from __future__ import annotations

import atexit
import gc
import logging
import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakValueDictionary

from psychopy_nfb.checks import check_choice
from psychopy_nfb.clock import PsychoPyClock, lsl_now
from psychopy_nfb.display.frame_log import MARKS_BETWEEN, FrameWriter
from psychopy_nfb.display.late_read import LateRead
from psychopy_nfb.display.newest import STALE_SECONDS, NewestFeedback
from psychopy_nfb.display.pacing import frame_blocking
from psychopy_nfb.display.pacing import pace as pace_window
from psychopy_nfb.dsp import ChannelVerdict
from psychopy_nfb.engine.calibration import with_calibration
from psychopy_nfb.engine.configuration import Configuration, read_configuration
from psychopy_nfb.engine.handle import WorkerHandle
from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.lsl.stand_in import StandIn, is_there
from psychopy_nfb.recording import SessionFiles, calibration_path, new_session
from psychopy_nfb.settings import to_dict, write_json

if TYPE_CHECKING:
    from psychopy.visual import Window

    from psychopy_nfb.display.marker_output import LSLMarkers, SerialMarkers, UDPMarkers
    from psychopy_nfb.display.photodiode import PhotodiodePatch
    from psychopy_nfb.engine.memory import Ring

logger = logging.getLogger(__name__)

CALIBRATION_SECONDS = 10.0
LAST = "last"
_named: WeakValueDictionary[str, Neurofeedback] = WeakValueDictionary()


def _close_namesake(name: str, successor: Neurofeedback) -> None:
    stale = _named.get(name)
    if stale is not None:
        stale.close()
    _named[name] = successor


class Neurofeedback(NewestFeedback):
    """EEG neurofeedback for one experiment: a worker in the background, its values each frame.

    Parameters
    ----------
    settings : path, dict or Configuration
        A settings file (``experiments/alpha_up.json``), an earlier session's ``_nfb.json``, or the
        settings themselves.
    data : path, optional
        Folder for the session's files; None keeps nothing.
    participant, session, task : str
        Parts of the files' names.
    late_read : bool
        Whether `update` waits until the last safe moment before the flip.
    stale_after : float
        Seconds without new samples after which `stale` is true.
    simulate : {"never", "missing", "always"}
        Whether a simulated amplifier takes the place of the stream: never, if no such stream
        answers, or always. Its use is told in the log, in `simulated` and in the settings file.
    between_blocks : bool
        Whether there is feedback outside of blocks too.
    calibration : path or "last", optional
        Baseline and fitted filters of an earlier session: a file, or what `save_calibration` kept
        of this participant in `data`, if there is anything.
    name : str, optional
        Of two with the same name in one process the second closes the first: an experiment that
        PsychoPy's Session runs again, after an exception, finds nothing of its earlier self.

    Raises
    ------
    SettingsError, FileError
        Before anything is started: a setting that cannot be used, a folder that cannot be written.

    Examples
    --------
    .. code-block:: python

        with Neurofeedback("alpha_up.json", data="data") as nfb:
            win = visual.Window(fullscr=True)
            nfb.attach(win)
            bar = FeedbackBar(win)
            with nfb.block("training"):
                for _ in nfb.frames(60):
                    bar.value = nfb.value
                    bar.draw()
    """

    def __init__(
        self,
        settings: str | os.PathLike | dict | Configuration,
        *,
        data: str | os.PathLike | None = None,
        participant: str = "01",
        session: str = "01",
        task: str = "neurofeedback",
        late_read: bool = True,
        stale_after: float = STALE_SECONDS,
        simulate: Literal["never", "missing", "always"] = "never",
        between_blocks: bool = True,
        calibration: str | os.PathLike | None = None,
        name: str | None = None,
    ):
        self.configuration = read_configuration(settings)
        self._calibration_path = calibration_path(data, participant)
        if calibration == LAST:
            calibration = self._calibration_path
            if calibration is not None and not calibration.exists():
                calibration = None
        if calibration is not None:
            self.configuration = with_calibration(self.configuration, calibration)
        self._simulate = check_choice("simulate", simulate, ("never", "missing", "always"))
        self._stand_in: StandIn | None = None
        if name is not None:
            _close_namesake(name, self)
        super().__init__(stale_after, self.configuration.further)
        self._showing = between_blocks
        self.files: SessionFiles | None = None
        if data is not None:
            self.files = new_session(data, participant=participant, session=session, task=task)
        self._want_late_read = late_read
        self._late: LateRead | None = None
        self._frames: FrameWriter | None = None
        self._handle: WorkerHandle | None = None
        self._ring: Ring | None = None
        self._blocks = 0
        self._outputs: list = []
        self._open_blocks: list[tuple[int, str, bool, bool, int]] = []
        self._calibrated = threading.Event()
        self._refusal: str | None = None
        self._channels: list[ChannelVerdict] = []
        self._closed = False
        self.clock = PsychoPyClock()
        self.win: Window | None = None

    def start(self) -> Neurofeedback:
        """Start the background process and wait until the EEG stream is open.

        Raises
        ------
        NfbError
            In one sentence: no such stream, two that match, a channel that is not there, a band
            above half of the stream's rate.
        """
        if self._handle is not None:
            return self
        self._maybe_simulate()
        facts = {
            "clock": to_dict(self.clock.measure()),
            "experiment": {"pid": os.getpid(), "simulated": self.simulated},
        }
        self._handle = WorkerHandle(
            to_dict(self.configuration),
            self.configuration.value_names,
            None if self.files is None else str(self.files.stem),
            facts,
            self._on_message,
        )
        atexit.register(self.close)
        try:
            self._handle.start()
        except NfbError:
            self._closed = True
            atexit.unregister(self.close)
            self._stop_stand_in()
            if self.files is not None:
                self.files.release()
            raise
        self._ring = self._handle.block.feedback
        return self

    def _maybe_simulate(self) -> None:
        """Let the simulator take the amplifier's place, if that is wanted."""
        stream = self.configuration.stream
        if self._simulate == "never" or stream.test_signal:
            return
        if self._simulate == "missing" and is_there(stream):
            return
        self._stand_in = StandIn()
        self.configuration = replace(self.configuration, stream=self._stand_in.selection)
        logger.warning("The EEG is simulated: the stream %s is not used.", stream)

    def _stop_stand_in(self) -> None:
        if self._stand_in is not None:
            self._stand_in.stop()

    @property
    def simulated(self) -> bool:
        """Whether the EEG comes from the simulator in place of an amplifier."""
        return self._stand_in is not None

    def attach(
        self, win: Window, patch: PhotodiodePatch | None = None, pace: float | None = None
    ) -> None:
        """Log each flip of `win` and read just before it.

        Takes a tenth of a second: Python's garbage is collected, and what is left is kept out of
        further collections until `close`. A full one in the midst of a run would miss six frames.

        Parameters
        ----------
        win : psychopy.visual.Window
            The window of the stimuli.
        patch : PhotodiodePatch, optional
            Its level goes to the frame log. It is drawn by you, last.
        pace : float, optional
            Frame rate in Hz for a display whose flips do not wait for the screen, such as a virtual
            one; it is told in the log. None leaves such a display as it is, without late read.
        """
        self._require_start()
        paced = getattr(win, "nfb_paced_hz", None)
        blocks, period = (True, 1 / paced) if paced else frame_blocking(win)
        if not blocks and pace:
            logger.warning("This display has no vertical sync: flips are paced to %g Hz.", pace)
            pace_window(win, pace)
            blocks, period, paced = True, 1 / pace, pace
        self.win = win
        self._late = LateRead(period if blocks else None) if self._want_late_read else None
        block = self._handle.block
        self._frames = FrameWriter(
            win,
            block.frames,
            period,
            self._late,
            patch,
            self._send_mark,
            len(block.value_names),
        )
        self._frames.showing = self._showing
        gc.collect()
        gc.freeze()
        self._send_facts(
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
        self._require_attached().patch = patch
        self._send_facts(patch=None if patch is None else patch.settings())

    def update(self) -> None:
        """Read the newest feedback; call it once a frame, first.

        With late read it returns just before the next flip: draw at once and flip. It never raises
        and never waits for the worker.
        """
        if self._late is not None:
            self._late.wait()
        record = self._ring.newest()
        t_read = lsl_now()
        self._take(record, t_read)
        if self._frames is not None:
            self._frames.queue(record, t_read)

    def frames(self, seconds: float) -> Iterator[int]:
        """Yield once a frame for `seconds`: updates before your drawing and flips after it.

        Ends early when the window is closed. Counts time on the LSL clock.
        """
        self._require_attached()
        ends = lsl_now() + seconds
        number = 0
        while lsl_now() < ends:
            self.update()
            yield number
            self.win.flip()
            number += 1

    @property
    def records(self) -> Ring:
        """The ring of feedback records, for those who want each of them."""
        self._require_start()
        return self._ring

    @property
    def dropped(self) -> int:
        """Frames missed since `attach`."""
        return 0 if self._frames is None else self._frames.dropped

    @property
    def threshold_shown(self) -> float | None:
        """The threshold as displays show it, 0 to 1; None while it is not known."""
        threshold = self.threshold
        return self.configuration.protocol.shown(threshold) if math.isfinite(threshold) else None

    @property
    def settle(self) -> float:
        """Seconds from the start, or from a gap, until the filters give clean values."""
        return 0.0 if self._handle is None else self._handle.ready.get("settle", 0.0)

    @property
    def restarts(self) -> int:
        """How often the background process had to be started again."""
        return 0 if self._handle is None else self._handle.restarts

    @property
    def worker_pid(self) -> int | None:
        """Process id of the background process."""
        return None if self._handle is None else self._handle.pid

    @property
    def late_read(self) -> LateRead | None:
        """The late read of the attached window, with its margin; None when it is off."""
        return self._late

    def mark(self, label: str) -> None:
        """Write an event at the next flip; into the events, the recording and that frame's row."""
        if self._frames is not None:
            self._frames.mark(label)
        else:
            self._send_mark(0, label, lsl_now())

    def send_marks_to(self, *outputs: LSLMarkers | UDPMarkers | SerialMarkers) -> None:
        """Send each mark from now on to these as well, at its flip.

        How many were sent, and how long after their flips, stands in the session's settings file.

        Parameters
        ----------
        *outputs : LSLMarkers, UDPMarkers, SerialMarkers or ParallelMarkers
            They are closed with this object.
        """
        self._outputs.extend(outputs)

    @contextmanager
    def block(self, label: str, feedback: bool = True) -> Iterator[None]:
        """Name what is shown meanwhile; without `feedback` `value` stays 0, all is still recorded.

        Parameters
        ----------
        label : str
            E.g. ``"training"``, ``"rest"``, ``"transfer"``.
        feedback : bool
            False for transfer, observation and rest.
        """
        self.begin_block(label, feedback)
        depth = len(self._open_blocks)
        try:
            yield
        finally:
            while len(self._open_blocks) >= depth:
                self.end_block()

    def begin_block(self, label: str, feedback: bool = True) -> None:
        """Begin a block; see `block`."""
        self._require_start()
        self._blocks += 1
        outer = 0 if self._frames is None else self._frames.block
        self._open_blocks.append((self._blocks, label, feedback, self._showing, outer))
        self._show(feedback)
        if self._frames is not None:
            self._frames.block = self._blocks
        self._block_event("begin", self._blocks, label, feedback)

    def end_block(self) -> None:
        """End the block that began last; harmless when there is none."""
        if not self._open_blocks or self._closed:
            return
        number, label, feedback, showing, outer = self._open_blocks.pop()
        self._show(showing)
        self._block_event("end", number, label, feedback)
        if self._frames is not None:
            self._frames.block = outer
        self._send_facts(clock=to_dict(self.clock.measure()))

    def _show(self, showing: bool) -> None:
        self._showing = showing
        if self._frames is not None:
            self._frames.showing = showing

    def _block_event(self, edge: str, number: int, label: str, feedback: bool) -> None:
        self._handle.command(
            "block", id=number, label=label, edge=edge, t=lsl_now(), feedback=feedback
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

    def save_calibration(self, path: str | os.PathLike | None = None) -> None:
        """Keep the baseline and the fitted filters for the next session.

        Parameters
        ----------
        path : path, optional
            Default a file of the participant's in the data folder; without one nothing is kept.
        """
        path = self._calibration_path if path is None else path
        if path is not None:
            write_json(self.configuration, path)

    @property
    def calibrated(self) -> bool:
        """Whether a baseline is in use."""
        return self.configuration.baseline is not None

    @property
    def refusal(self) -> str | None:
        """Why the worker refused the last command, in a sentence; None if it did not."""
        return self._refusal

    def set(self, **changes: Any) -> None:
        """Change protocol settings from now on, e.g. ``set(threshold=0.7, dwell=0.5)``; logged.

        Raises
        ------
        SettingsError
            If a setting does not exist or its value is impossible.
        """
        self._require_start()
        self.configuration.protocol.changed(**changes)
        self._handle.command("set", changes=to_dict(changes))

    def pause(self) -> None:
        """Give no reward until `resume`; data are still recorded."""
        self._require_start()
        self._handle.command("pause")

    def resume(self) -> None:
        """Go on after `pause`."""
        self._require_start()
        self._handle.command("resume")

    def watch_channels(self, on: bool = True) -> None:
        """Judge each channel four times a second from now on, or no longer; see `channels`."""
        self._require_start()
        self._handle.command("watch_channels", on=on)

    @property
    def channels(self) -> list[ChannelVerdict]:
        """Which channels are good, in the stream's order; empty until it is watched for 2 s."""
        return self._channels

    def reset_score(self) -> None:
        """Start again at no points and no hits."""
        self._require_start()
        self._handle.command("reset_score")

    def close(self) -> None:
        """End the background process and finish the files. Harmless when called again."""
        if self._closed:
            return
        if self._frames is not None:
            self._frames.send_left_marks()
        self._closed = True
        atexit.unregister(self.close)
        if self._frames is not None:
            self._frames.detach()
            gc.unfreeze()
        if self._handle is not None:
            self._send_facts(
                clock=to_dict(self.clock.measure()),
                late_read=self._late_facts(),
                marks_sent=[output.close() for output in self._outputs],
            )
            self._handle.close()
        self._stop_stand_in()

    def __enter__(self) -> Neurofeedback:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _late_facts(self) -> dict | None:
        if self._late is None:
            return None
        return {
            "active": self._late.active,
            "why_off": self._late.why_off,
            "margin": self._late.margin,
        }

    def _send_mark(self, number: int, label: str, t: float) -> None:
        self._require_start()
        for output in self._outputs:
            for one in label.split(MARKS_BETWEEN):
                output.send(one, t)
        self._handle.command("mark", id=number, label=label, t=t)

    def _send_facts(self, **sections: object) -> None:
        self._handle.command("facts", sections=sections)

    def _require_start(self) -> None:
        if self._handle is None or self._closed:
            raise SettingsError(
                "neurofeedback",
                "closed" if self._closed else "not started",
                "call start(), or use it in a with statement, before this",
            )

    def _require_attached(self) -> FrameWriter:
        if self._frames is None:
            raise SettingsError("win", None, "is not attached; call attach(win) before this")
        self._require_start()
        return self._frames

    def _on_message(self, message: dict) -> None:
        """Take one message of the worker; runs in a thread."""
        kind = message["kind"]
        if kind == "configuration":
            self.configuration = read_configuration(message["configuration"])
        elif kind == "channels":
            self._channels = [ChannelVerdict(**one) for one in message["channels"]]
        elif kind == "calibrated":
            self._calibrated.set()
        elif kind == "refused":
            self._refusal = message["sentence"]
            logger.warning("%s", message["sentence"])
        elif kind == "stream":
            logger.warning("EEG stream: %s %s", message["what"], message["detail"])
        elif kind == "stopped" and message["error"]:
            logger.error("Recording: %s", message["error"])
