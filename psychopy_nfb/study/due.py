"""Which session of a participant is due, with all that it takes over."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace

from psychopy_nfb.engine.calibration import with_calibration
from psychopy_nfb.engine.carry_over import with_carry_over
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.protocol import OWN, ShownSource
from psychopy_nfb.protocol.shown import Surrogate, Yoked
from psychopy_nfb.protocol.thresholds import ThresholdRule
from psychopy_nfb.study.allocation import Allocation, Slot
from psychopy_nfb.study.changes import check_unchanged
from psychopy_nfb.study.donors import donor_session
from psychopy_nfb.study.plan import Participant, StudyFolder
from psychopy_nfb.study.register import Register, Run
from psychopy_nfb.study.words import CONTINUE

logger: logging.Logger = logging.getLogger(__name__)


@dataclass
class Due:
    """A session that is due."""

    participant: str
    """Label of the participant."""
    person: Participant
    """The participant."""
    number: int
    """Which session it is, from 1 on."""
    run: int
    """Which run of that session."""
    before: Run | None
    """The run that it continues; None if it begins anew."""
    last: Run | None
    """The run whose baseline and thresholds it takes over."""

    @property
    def blocks_done(self) -> int:
        """Blocks with feedback that earlier runs of the same session had."""
        return 0 if self.before is None else self.before.blocks


def due(folder: StudyFolder, participant: object) -> Due:
    """Return the session of a participant that is due.

    Raises
    ------
    SettingsError
        If there is no such participant or they have withdrawn, all sessions are done, or the last
        one was cut off and nobody has decided what follows.
    FileError
        If the study was changed after its allocation.
    """
    label, person = folder.taking_part(participant)
    check_unchanged(folder)
    register = Register(folder)
    runs = register.runs(label)
    whole = [run for run in runs if run.state == "finished"]
    last = whole[-1] if whole else None
    if not runs:
        return Due(label, person, 1, 1, None, None)
    newest = runs[-1]
    if newest.state == "finished":
        if newest.number >= folder.study.sessions:
            raise SettingsError(
                "participant", label, f"has done all {folder.study.sessions} sessions of the study"
            )
        return Due(label, person, newest.number + 1, 1, None, last)
    if not register.cut_off(newest):
        folder.lock(f"sub-{label}", f"Session {newest.number} of participant {label}").release()
    if newest.decision is None:
        command = f"psychopy-nfb study next {folder.path} {label}"
        raise SettingsError(
            "participant",
            label,
            f"had session {newest.number} cut off on {newest.begun[:16].replace('T', ' ')}; decide "
            f"what follows with {command} --repeat (all of it again) or {command} --continue (the "
            "blocks that are missing); its files stay in any case",
        )
    if newest.decision == CONTINUE:
        taken = newest if newest.calibration else last
        return Due(label, person, newest.number, newest.run + 1, newest, taken)
    return Due(label, person, newest.number, newest.run + 1, None, last)


def taken_over(folder: StudyFolder, one: Due, settings: Configuration) -> Configuration:
    """Return the settings with what the session takes over from the one before.

    A session that continues one that was cut off takes over its baseline and thresholds in any
    case. Where an arm is made of the session's own baseline, none is taken over, in any arm.

    Raises
    ------
    FileError, SettingsError
        If the baseline is of another signal.
    """
    if one.last is None:
        return settings
    wanted = folder.study.carry_over
    if one.before is one.last:
        wanted = ["baseline", "threshold"]
    if "baseline" in wanted and folder.study.made_of_baseline:
        logger.warning(
            "The study has an arm that is made of a baseline: none is taken over from the run "
            "before; record a baseline before the first block with feedback."
        )
    elif "baseline" in wanted:
        if one.last.calibration is None:
            logger.warning("The session before has left no baseline; record one.")
        else:
            settings = with_calibration(settings, folder.path / one.last.calibration)
    if "threshold" in wanted:
        settings = _with_thresholds(folder, one.last, settings)
    return settings


def _with_thresholds(folder: StudyFolder, last: Run, settings: Configuration) -> Configuration:
    """Return the settings with thresholds that go on where those of the run before were."""
    signals = dict(settings.signals)
    for name, signal in settings.signals.items():
        reached = last.thresholds.get(name)
        rule = isinstance(signal.threshold, ThresholdRule)
        if reached is not None and not rule and signal.threshold_kind == "fixed":
            signals[name] = replace(signal, threshold=reached)
    settings = replace(settings, signals=signals)
    if not any(isinstance(signal.threshold, ThresholdRule) for signal in signals.values()):
        return settings
    try:
        place = folder.path / last.stem
        return with_carry_over(settings, place, last.participant, folder.study.task, None)[0]
    except NfbError as error:  # it was cut off before it had trained, or had other rules
        logger.warning("The thresholds of the session before do not go on: %s", error)
        return settings


def slot_of(folder: StudyFolder, one: Due) -> Slot:
    """Return the arm of a participant, and whose sessions a yoked one would show."""
    study = folder.study
    if not study.blinded:
        return Slot(next(iter(study.arms)))
    if one.person.token is None:
        raise SettingsError(
            "participant",
            one.participant,
            "has no token, as there is no allocation yet; a third person makes it with "
            f"psychopy-nfb study allocate {folder.path}",
        )
    stratum = study.stratum(one.person.stratum)
    return Allocation.read(folder).slot(one.person.token, stratum)


def sources(folder: StudyFolder, one: Due, slot: Slot) -> dict[str, ShownSource]:
    """Return what all arms show, whatever the arm is: the same is prepared for everybody."""
    made: dict[str, ShownSource] = {}
    for name, arm in folder.study.arms.items():
        source = arm.shown
        if source is None:
            continue
        if isinstance(source, Yoked):
            place = Allocation.read(folder).donors
            stem = donor_session(folder, place, slot.donor, one.number)
            source = replace(source, session=os.fspath(stem))
        elif isinstance(source, Surrogate):
            source = replace(source, seed=None)  # other ones in each session
        made[name] = source
    return made


def shown_in(folder: StudyFolder, slot: Slot) -> str:
    """Return the name of what the arm's blocks show."""
    return OWN if folder.study.arms[slot.arm].shown is None else slot.arm
