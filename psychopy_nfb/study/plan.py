"""What a study is: arms, sessions, participants and what the report asks for, in ``study.json``."""

from __future__ import annotations

import logging
import os
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from psychopy_nfb.checks import check_number
from psychopy_nfb.errors import FileError, SettingsError, listed
from psychopy_nfb.protocol import NONE, OWN, ShownSource, Surrogate
from psychopy_nfb.protocol.chosen_lag import Lag
from psychopy_nfb.protocol.shown import Replay, Yoked
from psychopy_nfb.recording.labels import participant_label, same_label, task_label
from psychopy_nfb.settings import read_json, write_json
from psychopy_nfb.study.locks import Lock
from psychopy_nfb.study.words import ITEM_NAMES, UNKNOWN

logger: logging.Logger = logging.getLogger(__name__)

STUDY_FILE = "study.json"
DONOR = "donor"
"""In place of the session of a yoked arm: who it is, is drawn at allocation."""
EVERYBODY = "all"
"""Name of the only stratum of a study without strata."""
MOST_SESSIONS = 1000


@dataclass(kw_only=True)
class Arm:
    """A group of a study.

    Examples
    --------
    >>> from psychopy_nfb.protocol import Surrogate
    >>> Arm(shown=Surrogate(seed=1)).share
    1
    """

    shown: ShownSource | None = None
    """What its blocks with feedback show; None is the own feedback."""
    lag: Lag | None = None
    """The lag of these blocks, from the brain to the flip; None is as little as possible. Where one
    arm has a lag, each has."""
    share: int = 1
    """How many people are in it for each one of an arm with the share 1."""

    def __post_init__(self) -> None:
        check_number("share", self.share, at_least=1, at_most=100)
        if isinstance(self.shown, Replay):
            raise SettingsError(
                "shown",
                "Replay",
                "needs an earlier session of the same person, which the first session has not; "
                "take Surrogate or Yoked",
            )
        if isinstance(self.shown, Yoked) and self.shown.session != DONOR:
            raise SettingsError(
                "shown.session",
                self.shown.session,
                f"must be {DONOR!r} in a study: donors are drawn at allocation",
            )


@dataclass(kw_only=True)
class Withdrawal:
    """Why somebody takes part no longer."""

    date: str
    """The day, as ISO 8601."""
    reason: str
    """Why, in the words of whoever has entered it."""
    after_session: int
    """The last session that had finished by then; 0 for none."""
    entered: str
    """When it was entered, as ISO 8601."""


@dataclass(kw_only=True)
class Participant:
    """Somebody who takes part."""

    added: str
    """When, as ISO 8601."""
    stratum: dict[str, str] = field(default_factory=dict)
    """Each stratum's name and where the participant belongs."""
    token: str | None = None
    """Stands for the arm, which nobody sees."""
    withdrawn: Withdrawal | None = None
    """Since when and why the participant takes part no longer."""


@dataclass(kw_only=True)
class Study:
    """A study, as it stands in its file.

    Examples
    --------
    >>> study = Study(name="Alpha", sessions=10, arms={"real": Arm()})
    >>> study.blinded
    False
    """

    name: str
    """What it is called."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Its own, so that no key or file of another study fits."""
    task: str = "neurofeedback"
    """A part of all files' names."""
    sessions: int = 10
    """How many each participant has."""
    blocks: int | None = None
    """How many blocks with feedback a session has: with fewer it counts as cut off. None counts a
    session with at least one as whole, unless the experiment crashed."""
    arms: dict[str, Arm] = field(default_factory=lambda: {"real": Arm()})
    """The groups by name."""
    strata: dict[str, list[str]] = field(default_factory=dict)
    """Within which groups of people arms are balanced, such as ``{"sex": ["f", "m"]}``."""
    carry_over: list[Literal["baseline", "threshold"]] = field(default_factory=list)
    """What a session takes over from the participant's session before: the baseline with the fitted
    filters, and the thresholds that were reached."""
    preregistration: str = ""
    """Where the study is registered."""
    ethics: str = ""
    """Which committee has approved it, and when."""
    questions: dict[str, list[str]] = field(default_factory=dict)
    """By item of the CRED-nf checklist, the questions that sessions ask the participant about it,
    such as ``{"3c": ["How did you do it?"]}``; see `Neurofeedback.keep_answers`."""
    answers: dict[str, Any] = field(default_factory=dict)
    """What the CRED-nf checklist asks of people: a text for each item by its name, such as
    ``{"1b": "By a power analysis."}``, and ``behaviour``, for each measure its change by
    participant."""
    participants: dict[str, Participant] = field(default_factory=dict)
    """Who takes part, by label."""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise SettingsError("name", self.name, "is empty; say what the study is called")
        check_number("sessions", self.sessions, at_least=1, at_most=MOST_SESSIONS)
        if self.blocks is not None:
            check_number("blocks", self.blocks, at_least=1, at_most=MOST_SESSIONS)
        if not self.arms:
            raise SettingsError("arms", self.arms, "has none; name at least one, such as real")
        for name in self.arms:
            if not name.isidentifier() or name in (OWN, NONE, UNKNOWN):
                raise SettingsError(
                    "arms",
                    name,
                    "must be a name of letters, digits and underscores, other than own, none and "
                    "unknown, which mean something else",
                )
        self._check_differences()
        self._check_lags()
        for name, arm in self.arms.items():
            source = arm.shown
            if isinstance(source, Yoked) and self.blocks and source.blocks < self.blocks:
                raise SettingsError(
                    f"arms.{name}.shown.blocks",
                    source.blocks,
                    f"are fewer than the {self.blocks} blocks of a session: one would be shown "
                    "twice",
                )
        for name, levels in self.strata.items():
            if not levels:
                raise SettingsError("strata", name, "has no levels; name at least two")
            if len({level.strip() for level in levels} - {""}) < len(levels):
                raise SettingsError(
                    f"strata.{name}", levels, "has a level twice, or an empty one; name each once"
                )
        for item in self.questions:
            if item not in ITEM_NAMES:
                raise SettingsError(
                    "questions",
                    item,
                    f"is no item of the CRED-nf checklist; there are {listed(ITEM_NAMES)}",
                )
        self.task = task_label(self.task)

    def _check_differences(self) -> None:
        """Refuse two arms that are the same but for their names and shares."""
        seen: dict[str, str] = {}
        for name, arm in self.arms.items():
            settings = {} if arm.shown is None else vars(arm.shown)
            lag = {} if arm.lag is None else arm.lag.facts()
            # Another seed is drawn in each session.
            what = [{key: one[key] for key in one if key != "seed"} for one in (settings, lag)]
            if (other := seen.setdefault(f"{plain(arm.shown)} {what}", name)) != name:
                raise SettingsError(
                    "arms",
                    listed([other, name]),
                    "show the same, so that they are one arm; let one of them show something else, "
                    "or with another lag",
                )

    def _check_lags(self) -> None:
        """Refuse that only some arms have a lag: they would differ in how steady it is, too."""
        without = [name for name, arm in self.arms.items() if arm.lag is None]
        if without and len(without) < len(self.arms):
            raise SettingsError(
                "arms",
                listed(without),
                "need a lag, as other arms have one: then nothing but its length differs; give the "
                "smallest that is possible with your filters and display, such as own@0.3",
            )

    @property
    def blinded(self) -> bool:
        """Whether there are several arms: then sessions are sealed."""
        return len(self.arms) > 1

    @property
    def lag_is_arm(self) -> bool:
        """Whether arms differ in their lag: then what tells the lag is sealed."""
        return self.blinded and any(arm.lag is not None for arm in self.arms.values())

    @property
    def made_of_baseline(self) -> bool:
        """Whether an arm shows what is made of the session's own baseline: each records one."""
        return any(isinstance(arm.shown, Surrogate) for arm in self.arms.values())

    @property
    def yoked(self) -> list[Yoked]:
        """What arms show of other people's sessions."""
        return [arm.shown for arm in self.arms.values() if isinstance(arm.shown, Yoked)]

    def label_of(self, label: str) -> str | None:
        """Return the label in the study of the person that `label` means; None if there is none.

        ``2``, ``02`` and ``002`` are one person, and so are ``s2`` and ``S2``.
        """
        known = {same_label(one): one for one in self.participants}
        return known.get(same_label(label))

    def stratum(self, given: dict[str, str]) -> str:
        """Return the name of a stratum, such as ``"sex=f, age=old"``.

        Raises
        ------
        SettingsError
            If one is missing or there is no such level.
        """
        for name in given:
            if name not in self.strata:
                there = listed(self.strata) or "none"
                raise SettingsError("stratum", name, f"is not a stratum of this study: {there}")
        for name, levels in self.strata.items():
            if given.get(name) not in levels:
                raise SettingsError(
                    "stratum",
                    f"{name}={given.get(name, '')}",
                    f"must be one of {listed(f'{name}={level}' for level in levels)}",
                )
        return ", ".join(f"{name}={given[name]}" for name in self.strata) or EVERYBODY


class StudyFolder:
    """A study's folder: ``study.json`` and what its sessions leave.

    Parameters
    ----------
    folder : path
        The folder, or the file ``study.json`` in it.

    Raises
    ------
    FileError
        If there is no study.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        path = Path(os.path.abspath(folder))  # an experiment may change its working folder
        self.path: Path = path.parent if path.name == STUDY_FILE else path
        if not self.file.is_file():
            raise FileError(
                "study",
                os.fspath(folder),
                "is not the folder of a study; make one with psychopy-nfb study new FOLDER",
            )
        self.study: Study = read_json(Study, self.file)

    @property
    def file(self) -> Path:
        """``study.json``."""
        return self.path / STUDY_FILE

    @property
    def data(self) -> Path:
        """Where the sessions' files are."""
        return self.path / "data"

    @property
    def allocation(self) -> Path:
        """The sealed allocation."""
        return self.path / "allocation.json"

    def lock(self, name: str, what: str) -> Lock:
        """Return a lock of the study, which no other program holds.

        Raises
        ------
        FileError
            If another one does; it says which.
        """
        return Lock(self.path / "locks" / f"{name}.lock", what)

    def participant(self, label: object) -> tuple[str, Participant]:
        """Return a participant's label and entry.

        Raises
        ------
        SettingsError
            If nobody is called so, whatever the case and leading zeros.
        """
        label = participant_label(label)
        known = self.study.label_of(label)
        if known is None:
            raise SettingsError(
                "participant",
                label,
                f"is not in the study {self.study.name}; add the participant first: "
                f"psychopy-nfb study add {self.path} {label}",
            )
        return known, self.study.participants[known]

    def taking_part(self, label: object) -> tuple[str, Participant]:
        """Return label and entry of a participant who has not withdrawn.

        Raises
        ------
        SettingsError
            If nobody is called so, or the participant has withdrawn.
        """
        label, person = self.participant(label)
        if person.withdrawn is None:
            return label, person
        raise SettingsError(
            "participant",
            label,
            f"{withdrew(person.withdrawn)}; there are no more sessions. If that was entered by "
            f"mistake: psychopy-nfb study withdraw {self.path} {label} --undo. A replacement is "
            "added as a new participant, with a label of their own",
        )


def new_study(folder: str | os.PathLike[str], study: Study) -> StudyFolder:
    """Write a study into a folder that has none.

    Raises
    ------
    SettingsError
        If sessions would take over the baseline that each must record.
    FileError
        If there is one already, or it cannot be written.
    """
    if study.made_of_baseline and "baseline" in study.carry_over:
        raise SettingsError(
            "carry_over",
            "baseline",
            "cannot go with an arm that shows a surrogate, which is made of a baseline of the same "
            "session; leave it out of --carry-over, and record a baseline in each session",
        )
    path = Path(folder) / STUDY_FILE
    if path.exists():
        raise FileError("folder", os.fspath(folder), "has a study already; choose another folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError("folder", os.fspath(folder), f"cannot be made: {error.strerror}") from None
    write_json(study, path)
    return StudyFolder(folder)


def now() -> str:
    """Return this moment as ISO 8601, with the offset from UTC."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def withdrew(one: Withdrawal) -> str:
    """Return in words that somebody has withdrawn.

    Examples
    --------
    >>> day, at = "2026-03-05", "2026-03-06T10:00:00+01:00"
    >>> withdrew(Withdrawal(date=day, reason="moved away", after_session=2, entered=at))
    'withdrew on 2026-03-05 after session 2: moved away'
    """
    done = f"session {one.after_session}" if one.after_session else "no finished session"
    return f"withdrew on {one.date} after {done}: {one.reason}"


def plain(source: ShownSource | None) -> Any:
    """Return what an arm shows in one word, for people."""
    return OWN if source is None else type(source).__name__
