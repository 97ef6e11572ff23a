"""The Coder API: one object for one training session, from its start to its end."""

from __future__ import annotations

import atexit
import logging
import math
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any, Literal

from psychopy_nfb.checks import check_choice
from psychopy_nfb.display.frame_interface import FrameInterface
from psychopy_nfb.display.namesakes import close_namesake
from psychopy_nfb.display.operator_link import OperatorLink
from psychopy_nfb.engine.calibration import with_calibration
from psychopy_nfb.engine.carry_over import with_carry_over
from psychopy_nfb.engine.configuration import Configuration, read_configuration
from psychopy_nfb.engine.donor_files import Donors, keep_donors, needed
from psychopy_nfb.engine.donors import read_donors
from psychopy_nfb.engine.plugins import load_plugins, plugins_used
from psychopy_nfb.engine.reach import warn_of_reach
from psychopy_nfb.engine.worker_process import WorkerProcess
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.interrupts import PostponedInterrupts
from psychopy_nfb.protocol import ShownSource, value_name
from psychopy_nfb.protocol.baseline import shortest_baseline
from psychopy_nfb.recording import SessionFiles, calibration_path, new_session
from psychopy_nfb.remote.worker_address import worker_settings
from psychopy_nfb.remote.worker_choice import check_alone, check_remote, check_shown, is_used
from psychopy_nfb.settings import to_dict
from psychopy_nfb.simulate.simulated_amplifier import SimulatedAmplifier, stand_in_for
from psychopy_nfb.study.session import StudySession

logger: logging.Logger = logging.getLogger(__name__)

LAST = "last"
OUTSIDE_FRAMES = 300
"""Frames with feedback outside of blocks from which on it is no accident, five seconds at 60 Hz."""


class Neurofeedback(FrameInterface):
    """EEG neurofeedback for one experiment: a worker in the background, its values each frame.

    Parameters
    ----------
    settings : path, dict, Configuration or None
        A settings file (``experiments/alpha_up.json``), an earlier session's ``_nfb.json``, or the
        settings themselves; None for those that the `remote` worker was started with.
    data : path, optional
        Folder for the session's files; None keeps nothing.
    participant, session : str
        Parts of the files' names: letters A to Z and digits. Others are refused with a proposal,
        so that no two share files or baselines.
    task : str
        A part of the files' names; of other texts the letters and digits are taken.
    late_read : bool
        Whether `update` waits until the last safe moment before the flip.
    stale_after : float, optional
        Seconds without new samples after which `stale` is true. Default 0.1 s, or one and a half
        of the stream's chunks if they are long.
    simulate : {"never", "missing", "always"}
        Whether a simulated amplifier takes the place of the stream: never, if no such stream
        answers, or always; with `remote`, if no such worker answers. Its use is reported in the
        log, in `simulated` and in the settings file.
    between_blocks : bool
        Whether there is feedback outside of blocks too. Points and hits are counted in blocks only.
    shown : dict of str: ShownSource, optional
        What blocks may show in place of the own feedback, by name, beside what the settings name:
        ``{"sham": Yoked(…)}``. See `block`, and the manual's page *What is shown*.
    calibration : path or "last", optional
        Baseline and fitted filters of an earlier session: a file, or what `save_calibration` kept
        of this participant in `data`, if there is anything.
    carry_over : path or "last", optional
        An earlier session of this participant whose moving thresholds go on here: any of its files,
        or the last one of this task in `data`, if there is any. Another participant's is refused.
    plugins : sequence of path
        Python files with steps of your own; the manual's page *Your own parts* shows some. The
        background process loads them, too. Parts of installed packages need not be named.
    name : str, optional
        Of two with the same name in one process the second closes the first: an experiment that
        PsychoPy's Session runs again, after an exception, finds nothing of its earlier self.
    console : bool
        Open the operator's page in the browser: EEG, signals, lag and controls, from a process of
        its own. `psychopy-nfb console` opens it for a session that runs already.
    study : path, optional
        Folder of a study, of which the participant's session that is due begins: its arm, its
        number, its task and its files are what the study says, so that `data`, `session`, `task`,
        `shown` and `calibration` are left out. See the manual's page *A study*.
    remote : str, optional
        Name of a worker on the amplifier's computer, ``psychopy-nfb worker --name NAME``, which
        processes and records the EEG. See the manual's page *Two computers*.
    remote_token : str, optional
        Its token; default that of the environment variable ``PSYCHOPY_NFB_TOKEN``.

    Raises
    ------
    SettingsError, FileError
        Before anything is started: a setting that cannot be used, a folder that cannot be written,
        a recorded session that cannot be shown.

    Notes
    -----
    Before `start` and after `close`, `update` and `mark` do nothing that could end an experiment:
    there is no feedback then, `stale` is true. Ctrl-C, an exception or ``core.quit()`` close it,
    too; the files are complete afterwards.

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
        settings: str | os.PathLike[str] | dict[str, Any] | Configuration | None,
        *,
        data: str | os.PathLike[str] | None = None,
        participant: str = "01",
        session: str = "01",
        task: str = "neurofeedback",
        late_read: bool = True,
        stale_after: float | None = None,
        simulate: Literal["never", "missing", "always"] = "never",
        between_blocks: bool = True,
        shown: Mapping[str, ShownSource] | None = None,
        calibration: str | os.PathLike[str] | None = None,
        carry_over: str | os.PathLike[str] | None = None,
        plugins: Sequence[str | os.PathLike[str]] = (),
        name: str | None = None,
        console: bool = False,
        study: str | os.PathLike[str] | None = None,
        remote: str | None = None,
        remote_token: str | None = None,
    ):
        if not (data is None or isinstance(data, (str, os.PathLike))):
            raise SettingsError("data", data, "must be a folder, or None to keep nothing")
        if not (name is None or isinstance(name, str)):
            raise SettingsError("name", name, "must be a text")
        self._remote = None if remote is None else check_remote(remote, remote_token)
        if self._remote is not None:
            check_alone(study, plugins)
        named = load_plugins(plugins)
        if settings is None:
            if self._remote is None:
                raise SettingsError("settings", None, "must be a settings file, or a dictionary")
            settings = worker_settings(self._remote)
        configuration = read_configuration(settings)
        due: StudySession | None = None
        if study is not None:
            given = {"data": data, "shown": shown, "calibration": calibration}
            due = StudySession(study, participant, configuration, given)
            configuration, data, participant = due.settings, due.data, due.participant
            session, task = due.session, due.task
        kept = calibration_path(data, participant)
        if calibration == LAST:
            calibration = kept if kept is not None and kept.exists() else None
            if calibration is None:
                logger.warning("There is no earlier baseline of %s; record one.", participant)
        if calibration is not None:
            configuration = with_calibration(configuration, calibration)
        configuration, self._carried = with_carry_over(
            configuration, carry_over, participant, task, data
        )
        if shown:
            configuration = replace(configuration, shown={**configuration.shown, **shown})
        if self._remote is not None:
            check_shown(needed(configuration.shown))
        self._donors: Donors = read_donors(configuration, task, participant)
        self._plugins = plugins_used(configuration, named)
        self._creator = os.getpid()
        self._simulate = check_choice("simulate", simulate, ("never", "missing", "always"))
        self._stand_in: SimulatedAmplifier | None = None
        self._simulated_stream = False
        if name is not None:
            close_namesake(name, self)
        super().__init__(configuration, stale_after, between_blocks, kept, late_read, due)
        self.files: SessionFiles | None = None
        self._task = task
        if due is not None:
            self._blocks.follow(due)
            self._link.blinded = due.blinded
        if data is not None:
            self.files = new_session(data, participant=participant, session=session, task=task)
        self._want_page = console
        self._operator: OperatorLink | None = None

    def start(self) -> Neurofeedback:
        """Start the background process and wait until the EEG stream is open.

        Raises
        ------
        NfbError
            In one sentence: no such stream, two that match, a channel that is not there, a band
            above half of the stream's rate; or it was closed before.
        """
        if self._link.closed:
            raise SettingsError(
                "neurofeedback", "closed", "cannot be started again; make a new Neurofeedback"
            )
        if self._link.handle is not None:
            return self
        warn_of_reach(self.configuration)
        atexit.register(self._close_at_exit)
        try:
            if self._study is not None:
                self._study.claim()
            self._choose_source()
        except BaseException as error:
            self._give_up(error)
            raise
        with PostponedInterrupts():  # or shared memory could be left that nobody knows
            try:
                self._ring = self._start_worker().block.feedback
            except BaseException as error:
                self._give_up(error)
                raise
            self._operator = OperatorLink(self)
            self._operator.open(self._want_page)
        return self

    def _give_up(self, error: BaseException) -> None:
        """End a start that failed, by Ctrl-C too: nothing is left running, and the run is free."""
        self.close()
        if self.files is not None:
            self.files.give_up(error)

    def _choose_source(self) -> None:
        """Find out whether a worker elsewhere, an amplifier or simulated EEG is used."""
        if self._remote is not None and not is_used(self._remote, self._simulate):
            self._remote = None
        if self._remote is None:
            self._stand_in = stand_in_for(self.configuration.stream, self._simulate)
        if self._stand_in is not None:
            self._configure(replace(self.configuration, stream=self._stand_in.selection))

    def _start_worker(self) -> WorkerProcess:
        import psychopy

        facts = {
            **({} if self.files is None else self.files.begun(self._task)),
            **self._carried,
            "clock": to_dict(self.clock.measure()),
            "experiment": {
                "pid": os.getpid(),
                "simulated": self.simulated,
                "psychopy": psychopy.__version__,
            },
        }
        if self._plugins:
            facts["own_parts"] = [plugin.facts() for plugin in self._plugins]
        seal = None
        if self._study is not None:
            facts |= self._study.facts()
            seal = self._study.seal(self.files)
        public = seal is None and self.files is not None
        donors = keep_donors(self._donors, self.files.shown if public else None)
        self._donors = {}
        handle = self._link.handle = WorkerProcess(
            to_dict(self.configuration),
            self.configuration.value_names,
            None if self.files is None else str(self.files.stem),
            facts,
            self._news.take,
            counting=False,
            plugins=[plugin.order() for plugin in self._plugins],
            donors=donors,
            seal=seal,
            remote=self._remote,
        )
        handle.start()
        if self._study is not None:
            self._study.begin(self.files)
        self._state.know_chunks(handle.ready["chunk_seconds"])
        stream = handle.ready["stream"]
        self._simulated_stream = bool(stream.get("simulated"))
        if self._simulated_stream and self._stand_in is None:
            logger.warning(
                "The EEG is simulated: the stream '%s' is %s%s.",
                stream["name"],
                stream["simulated"],
                "" if self.files is None else ", and the session is recorded as simulated",
            )
        return handle

    @property
    def simulated(self) -> bool:
        """Whether the EEG comes from the simulator or a replay in place of an amplifier.

        Of a stream that another program sends it is known once it is open, if the stream says so.
        """
        return self._stand_in is not None or self._simulated_stream

    @property
    def settle(self) -> float:
        """Seconds from the start, or from a gap, until the filters give clean values."""
        return 0.0 if self._link.handle is None else self._link.handle.ready.get("settle", 0.0)

    @property
    def shortest_baseline(self) -> float:
        """Seconds that a baseline of these signals must last, at least; known after the start."""
        ready = {} if self._link.handle is None else self._link.handle.ready
        return shortest_baseline(ready.get("baseline_seconds", 0.0))

    @property
    def restarts(self) -> int:
        """How often the background process had to be started again."""
        return 0 if self._link.handle is None else self._link.handle.restarts

    @property
    def worker_pid(self) -> int | None:
        """Process id of the background process; None before the start and after the end."""
        return self._link.handle.pid if self._link.open else None

    def close(self) -> None:
        """End the background process and finish the files.

        Never raises. Harmless when called again, and in a process forked from the experiment's.
        """
        if self._link.closed:
            return
        with PostponedInterrupts():  # all of it is done, whatever fails and whoever is impatient
            atexit.unregister(self._close_at_exit)
            try:
                with ExitStack() as ending:
                    if self._study is not None:
                        ending.callback(self._study.release)
                    if self._stand_in is not None:
                        ending.callback(self._stand_in.stop)
                    if self._link.handle is not None:
                        ending.callback(self._link.handle.close)
                    if self._operator is not None:
                        ending.callback(self._operator.close)
                    ending.callback(self._let_go)
                    if os.getpid() == self._creator:
                        self._finish()
            except Exception:
                logger.exception("Closing was not complete.")

    def _close_at_exit(self) -> None:
        """Close; a Ctrl-C meanwhile has ended the wait, and has nothing else to end."""
        with suppress(KeyboardInterrupt):
            self.close()

    def _finish(self) -> None:
        """Send what the files still need: ends of blocks, marks, facts."""
        if self._link.handle is None:
            if self.files is not None:
                self.files.release()
            return
        trained, reached = self._blocks.trained, self._own_thresholds()
        self._blocks.end_all()
        if self._frames is not None:
            self._frames.send_left_marks()
        if (
            not self._blocks.counted
            and self._frames is not None
            and self._frames.outside > OUTSIDE_FRAMES
        ):
            logger.warning(
                "No points were counted: there was no block with feedback. Name what is "
                "trained, as in `with nfb.block('training'):`, and record a baseline as in "
                "`with nfb.baseline():`; without `with`, neither begins."
            )
        self._link.facts(
            clock=to_dict(self.clock.measure()),
            late_read=None if self._late is None else self._late.facts(),
            marks_sent=self._marks.close_outputs(),
        )
        if self._study is not None:
            self._study.end(self.configuration, reached, trained)

    def __enter__(self) -> Neurofeedback:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def blocks_done(self) -> int:
        """Blocks with feedback that the run before had, where this one continues a session."""
        return 0 if self._study is None else self._study.blocks_done

    def _own_thresholds(self) -> dict[str, float]:
        """Return where the own threshold of each signal is now, as far as there is a value yet."""
        record = None if self._ring is None else self._ring.newest()
        if record is None:
            return {}
        reached = self._ring.layout.named(record)
        found = {
            name: float(reached[value_name(name, "threshold")])
            for name in self.configuration.signals
        }
        return {name: value for name, value in found.items() if math.isfinite(value)}
