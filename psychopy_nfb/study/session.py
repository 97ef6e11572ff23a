"""A session of a study as it runs: its lock, its arm, what it leaves for the next one."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.protocol import ShownSource
from psychopy_nfb.protocol.chosen_lag import Lag
from psychopy_nfb.recording import SessionFiles
from psychopy_nfb.recording.sealed_file import Seal
from psychopy_nfb.settings import to_dict, write_json
from psychopy_nfb.study.allocation import Allocation
from psychopy_nfb.study.due import due, shown_in, slot_of, sources, taken_over
from psychopy_nfb.study.locks import Lock
from psychopy_nfb.study.openings import is_open
from psychopy_nfb.study.plan import StudyFolder, now
from psychopy_nfb.study.register import Register, Run, about

logger: logging.Logger = logging.getLogger(__name__)


class StudySession:
    """The session of a participant that is due.

    Parameters
    ----------
    study : path
        The study's folder.
    participant : str
        Label of the participant.
    settings : Configuration
        What is trained.
    given : dict
        What else was given and the study says itself: must be empty.

    Attributes
    ----------
    settings : Configuration
        With what is taken over, and what all arms show.
    number : int
        Which session it is, from 1 on.
    blocks_done : int
        Blocks with feedback that an earlier run of this session had, which it continues.

    Raises
    ------
    SettingsError, FileError
        If no session is due, something is missing, or the session runs on another computer.
    """

    def __init__(
        self,
        study: str | os.PathLike[str],
        participant: object,
        settings: Configuration,
        given: Mapping[str, object],
    ):
        self._folder = folder = StudyFolder(study)
        _check_given(given, settings, folder)
        self._due = one = due(folder, participant)
        self._slot = slot_of(folder, one)
        prepared: dict[str, ShownSource] = sources(folder, one, self._slot)
        self._shown = shown_in(folder, self._slot)
        settings = taken_over(folder, one, settings)
        self.settings: Configuration = replace(settings, shown=prepared)
        self.number: int = one.number
        self.blocks_done: int = one.blocks_done
        self._open = self.blinded and is_open(folder, one.participant)
        if self._open:
            logger.warning(
                "The arm of participant %s was opened before this session, which is not blind.",
                one.participant,
            )
        self._lock: Lock | None = None
        self._run: Run | None = None
        logger.warning(
            "Study %s: participant %s, session %d of %d%s.",
            folder.study.name,
            one.participant,
            one.number,
            folder.study.sessions,
            f", from block {one.blocks_done + 1} on" if one.before is not None else "",
        )

    @property
    def data(self) -> Path:
        """Folder for the session's files."""
        return self._folder.data

    @property
    def participant(self) -> str:
        """Label of the participant."""
        return self._due.participant

    @property
    def session(self) -> str:
        """Label of the session."""
        return f"{self.number:02d}"

    @property
    def task(self) -> str:
        """The study's task."""
        return self._folder.study.task

    @property
    def blinded(self) -> bool:
        """Whether nobody may see what is shown."""
        return self._folder.study.blinded

    @property
    def turns(self) -> dict[str, int]:
        """How often the arm's source was shown before, in the run that this one continues."""
        return {self._shown: self.blocks_done}

    def shown(self, calibrated: bool) -> str:
        """Return what a block with feedback shows.

        Parameters
        ----------
        calibrated : bool
            Whether a baseline was recorded in this session.

        Raises
        ------
        SettingsError
            If an arm, whichever it is, needs a baseline and there is none.
        """
        if self._folder.study.made_of_baseline and not calibrated:
            raise SettingsError(
                "study",
                self._folder.study.name,
                "has an arm that is made of a baseline; record one in each session, before the "
                "first block with feedback",
            )
        return self._shown

    @property
    def lag(self) -> Lag | None:
        """The lag of the arm's blocks with feedback; None is as little as there must be."""
        lag = self._folder.study.arms[self._slot.arm].lag
        return None if lag is None else replace(lag, seed=None)  # another one in each session

    @property
    def lags(self) -> list[Lag]:
        """The lags of all arms: whether they are possible is asked of all, whatever the arm is."""
        return [arm.lag for arm in self._folder.study.arms.values() if arm.lag is not None]

    @property
    def lag_sealed(self) -> bool:
        """Whether nobody may see with which lag the feedback is shown."""
        return self._folder.study.lag_is_arm

    def check_patch(self, mode: str) -> None:
        """Refuse a patch on the screen whose grey is the feedback that is shown.

        Its levels stand in the frame log, and a light sensor records them.

        Raises
        ------
        SettingsError
            If it is one, and the study is blinded.
        """
        if self.blinded and mode == "value":
            raise SettingsError(
                "patch.mode",
                mode,
                "would record what is shown, which a blinded study must not do; use code or toggle",
            )

    def facts(self) -> dict[str, Any]:
        """Return what the session's settings file says of the study."""
        study = self._folder.study
        return {
            "study": {
                "id": study.id,
                "name": study.name,
                "session": self.number,
                "sessions": study.sessions,
                "token": self._due.person.token,
                "stratum": self._due.person.stratum,
                "blocks_done_before": self.blocks_done,
                "blinded": study.blinded and not self._open,
                "sealed": study.blinded,
                "lag_sealed": study.lag_is_arm,
                "preregistration": study.preregistration,
                "ethics": study.ethics,
            }
        }

    def seal(self, files: SessionFiles) -> dict[str, Any] | None:
        """Return for whom the session's files are sealed; None where nothing is hidden."""
        if not self.blinded:
            return None
        public = Allocation.read(self._folder).public
        facts = {
            "arm": self._slot.arm,
            "shown": self._shown,
            "donor": self._slot.donor,
            "sources": to_dict(self.settings.shown),
        }
        return to_dict(Seal(public.hex(), about(self._folder, files), facts, self.lag_sealed))

    def claim(self) -> None:
        """Take the lock of the participant, or refuse to begin.

        Raises
        ------
        FileError
            If a session of the participant runs elsewhere.
        SettingsError
            If another one has run in the meantime, or the participant has withdrawn.
        """
        label, number = self.participant, self.number
        self._lock = self._folder.lock(f"sub-{label}", f"Session {number} of participant {label}")
        try:
            again = due(StudyFolder(self._folder.path), label)
        except NfbError:
            self.release()
            raise
        if (again.number, again.run) != (number, self._due.run):
            self.release()
            raise SettingsError(
                "study",
                self._folder.study.name,
                f"has had session {number} of {label} in the meantime; start again for the next",
            )

    def begin(self, files: SessionFiles) -> None:
        """Note that the session has begun."""
        self._run = Run(
            participant=self.participant,
            number=self.number,
            run=self._due.run,
            stem=Path(os.path.relpath(files.stem, self._folder.path)).as_posix(),
            begun=now(),
            machine=platform.node(),
            blocks=self.blocks_done,
        )
        Register(self._folder).write(self._run)

    def end(self, configuration: Configuration, thresholds: dict[str, float], blocks: int) -> None:
        """Note how far the session got, and keep what the next one takes over.

        Parameters
        ----------
        configuration : Configuration
            With the baseline and the fitted filters of the end.
        thresholds : dict of str: float
            Where own thresholds were in the end.
        blocks : int
            Blocks with feedback that were done.
        """
        run = self._run
        if run is None:
            return
        study = self._folder.study
        run.ended = now()
        run.blocks = self.blocks_done + blocks
        run.state = "finished" if run.blocks >= (study.blocks or 1) else "cut off"
        run.thresholds = thresholds
        if all(signal.baseline is not None for signal in configuration.signals.values()):
            name = f"{run.name.removesuffix('.json')}_calibration.json"
            write_json(replace(configuration, shown={}), Register(self._folder).path / name)
            run.calibration = f"sessions/{name}"
        Register(self._folder).write(run)
        if run.state == "cut off":
            logger.warning(
                "Session %d of %s counts as cut off: %d of %d blocks with feedback were done. "
                "psychopy-nfb study next %s %s says what can follow.",
                self.number,
                self.participant,
                run.blocks,
                study.blocks or 1,
                self._folder.path,
                self.participant,
            )

    def release(self) -> None:
        """Let the participant's next session begin. Harmless when called again."""
        if self._lock is not None:
            self._lock.release()


def _check_given(given: Mapping[str, object], settings: Configuration, folder: StudyFolder) -> None:
    for name, value in given.items():
        if value:
            raise SettingsError(
                name, value, "is set by the study; leave it out when study= is given"
            )
    if settings.shown:
        raise SettingsError(
            "shown", list(settings.shown), "is set by the study's arms; leave it out"
        )
    if settings.publish and folder.study.blinded:
        raise SettingsError(
            "publish",
            True,
            "would send what is shown to other programs, which a blinded study must not "
            "do; leave it out",
        )
