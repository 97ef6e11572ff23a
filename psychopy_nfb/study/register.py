"""Which sessions a study has had: one small file for each run, and what follows from them."""

from __future__ import annotations

import csv
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.recording import SessionFiles
from psychopy_nfb.recording.names import SETTINGS_SUFFIX
from psychopy_nfb.settings import from_dict, read_plain_json, write_json
from psychopy_nfb.study.locks import holder_of
from psychopy_nfb.study.plan import StudyFolder
from psychopy_nfb.study.words import REPEAT

RUN_FILE: re.Pattern[str] = re.compile(r"sub-([0-9A-Za-z]+)_ses-\d+_run-\d+\.json")


@dataclass(kw_only=True)
class Run:
    """One run of a session."""

    participant: str
    """Label of the participant."""
    number: int
    """Which session of the participant it is, from 1 on."""
    run: int
    """Which run of that session."""
    stem: str
    """Its files, as seen from the study's folder."""
    begun: str
    """When, as ISO 8601."""
    machine: str = ""
    """On which computer."""
    ended: str | None = None
    """When; None while it runs, and after a crash."""
    state: Literal["begun", "finished", "cut off"] = "begun"
    """How it ended."""
    blocks: int = 0
    """Blocks with feedback that were done, in it and in the runs that it has continued."""
    decision: Literal["repeat", "continue"] | None = None
    """What follows a run that was cut off; None until somebody has decided."""
    calibration: str | None = None
    """File with baseline and fitted filters, as seen from the study's folder."""
    thresholds: dict[str, float] = field(default_factory=dict)
    """By signal, where its own threshold was in the end."""

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"sub-{self.participant}_ses-{self.number:02d}_run-{self.run:02d}.json"


class Register:
    """The runs of a study.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    """

    def __init__(self, folder: StudyFolder):
        self._folder = folder
        self.path: Path = folder.path / "sessions"

    def runs(self, participant: str | None = None) -> list[Run]:
        """Return the runs in order, those of one participant or of all."""
        runs = [
            from_dict(Run, read_plain_json(self.path / name), name)
            for name, whose in self._names().items()
            if participant in (None, whose)
        ]
        return sorted(runs, key=lambda run: (run.participant, run.number, run.run))

    def by_participant(self) -> dict[str, list[Run]]:
        """Return the runs of each participant who has any, in order."""
        found: dict[str, list[Run]] = {}
        for run in self.runs():
            found.setdefault(run.participant, []).append(run)
        return found

    def participants(self) -> set[str]:
        """Return the labels of those who have had a session, by the names of the files alone."""
        return set(self._names().values())

    def _names(self) -> dict[str, str]:
        """Return whose run each file has, by the file's name."""
        names = os.listdir(self.path) if self.path.is_dir() else []
        found = {name: RUN_FILE.fullmatch(name) for name in names}
        return {name: match[1] for name, match in found.items() if match}

    def write(self, run: Run) -> None:
        """Write a run's file.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(run, self.path / run.name)

    def under_way(self, participant: str) -> bool:
        """Whether a session of the participant runs now, on this or another computer."""
        return holder_of(self._folder.path / "locks" / f"sub-{participant}.lock") is not None

    def files(self, run: Run) -> SessionFiles:
        """Return the files of a run."""
        return SessionFiles(self._folder.path / run.stem)

    def cut_off(self, run: Run) -> bool:
        """Whether a run did not get to its end; one that runs now is not asked for."""
        return run.state != "finished" and not (
            run.state == "begun" and self.under_way(run.participant)
        )

    def counting(self) -> list[Run]:
        """Return the runs that finished sessions consist of, in order.

        A session has several where one that was cut off was continued; of those that were repeated
        it has the last.
        """
        runs: dict[tuple[str, int], list[Run]] = {}
        for run in self.runs():
            runs.setdefault((run.participant, run.number), []).append(run)
        kept: list[Run] = []
        for of_session in runs.values():
            if of_session[-1].state == "finished":
                anew = [place for place, run in enumerate(of_session) if run.decision == REPEAT]
                kept += of_session[anew[-1] + 1 if anew else 0 :]
        return kept

    def decide(self, participant: str, decision: Literal["repeat", "continue"]) -> Run:
        """Note what follows the participant's run that was cut off.

        Raises
        ------
        SettingsError
            If there is none.
        """
        runs = self.runs(participant)
        if not runs or not self.cut_off(runs[-1]):
            raise SettingsError(
                decision, participant, "has no session that was cut off; start the next one"
            )
        run = runs[-1]
        if run.state == "begun":  # the program crashed and could not say what it had done
            files = self.files(run)
            run.blocks += _blocks_done(files)
            run.state = "cut off"
            if _has_baseline(files):
                run.calibration = f"{run.stem}{SETTINGS_SUFFIX}"
        run.decision = decision
        self.write(run)
        return run


def about(folder: StudyFolder, files: SessionFiles) -> str:
    """Return what a sealed file of a study belongs to: it opens as this only."""
    return f"{folder.study.id} {files.stem.name}"


def _has_baseline(files: SessionFiles) -> bool:
    """Whether the settings file of a run that crashed has a baseline of each signal."""
    try:
        signals = read_plain_json(files.settings)["configuration"]["signals"]
    except (KeyError, NfbError):
        return False
    return all(signal["baseline"] is not None for signal in signals.values())


def _blocks_done(files: SessionFiles) -> int:
    """Return how many outermost blocks with feedback got to their end in a run."""
    if not files.events.exists():
        return 0
    with open(files.events, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    done, open_blocks = 0, 0
    for row in rows:
        if row["trial_type"] == "block_begin":
            open_blocks += 1
        elif row["trial_type"] == "block_end":
            open_blocks = max(0, open_blocks - 1)
            detail = json.loads(row["detail"])
            done += bool(detail.get("feedback")) and not open_blocks and not detail.get("cut_off")
    return done
