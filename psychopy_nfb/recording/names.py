"""What a session's files are called."""

from __future__ import annotations

import glob
import logging
import os
import re
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from psychopy_nfb.clock import lsl_now, measure_offset
from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.recording.labels import participant_label, session_label, task_label
from psychopy_nfb.recording.text import safe_text

logger: logging.Logger = logging.getLogger(__name__)

SUFFIXES = {"eeg": "_eeg.xdf", "frames": "_frames.csv", "events": "_events.tsv"}
SIDECARS = {"frames": "_frames.json", "events": "_events.json"}
SETTINGS_SUFFIX = "_nfb.json"
STARTING_SUFFIX = "_starting.txt"
FAILED_SUFFIX = "_failed.txt"
NOT_STARTED = "A start failed, and nothing was recorded"
"""What each line of that file says first: it may stand beside a session that started later."""
REST_SUFFIX = "_rest.txt"
SHOWN_SUFFIX = "_shown.npz"
SEALED_SUFFIX = "_sealed.bin"
OPENED_SUFFIX = "_opened.npz"
ALL_SUFFIXES = (
    *SUFFIXES.values(),
    *SIDECARS.values(),
    *(SETTINGS_SUFFIX, SHOWN_SUFFIX, SEALED_SUFFIX, OPENED_SUFFIX, STARTING_SUFFIX),
)
"""Of the files that make a run's number taken; why a start failed and a log do not."""
NEEDED = {
    "eeg": "recording (…_eeg.xdf)",
    "frames": "frame log (…_frames.csv)",
    "settings": "settings file (…_nfb.json)",
}
"""What sentences call the files that a session is read from."""
STARTING = (
    "A session of this name was started at {now} and has no files yet. If no experiment runs, that "
    "start was killed, and this file can be deleted.\n"
)


def _reason(error: BaseException) -> str:
    """Return what an error says, and of one without words what it means."""
    return str(error) or ("stopped by Ctrl-C" if isinstance(error, KeyboardInterrupt) else "")


def _remove_if_empty(path: Path) -> None:
    """Remove what a full disk has left of a file: its name."""
    with suppress(OSError):
        if path.stat().st_size == 0:
            path.unlink()


@dataclass(frozen=True)
class SessionFiles:
    """The files of one session.

    Examples
    --------
    >>> files = SessionFiles(Path("data", "sub-01_ses-01_task-alpha_run-01"))
    >>> files.frames.name
    'sub-01_ses-01_task-alpha_run-01_frames.csv'
    >>> str(files).endswith("sub-01_ses-01_task-alpha_run-01_*")
    True
    """

    stem: Path
    """What all of them begin with, folder included."""

    def __str__(self) -> str:
        """Return what stands for all of them: the stem and ``_*``."""
        return f"{self.stem}_*"

    @property
    def eeg(self) -> Path:
        """Samples, signals, markers and frames: XDF."""
        return self._file(SUFFIXES["eeg"])

    @property
    def frames(self) -> Path:
        """One row a displayed frame: CSV."""
        return self._file(SUFFIXES["frames"])

    @property
    def events(self) -> Path:
        """What happened when: TSV after BIDS."""
        return self._file(SUFFIXES["events"])

    @property
    def settings(self) -> Path:
        """Everything needed to repeat it: JSON."""
        return self._file(SETTINGS_SUFFIX)

    @property
    def shown(self) -> Path:
        """What was shown of recorded sessions: NumPy arrays; there if anything was."""
        return self._file(SHOWN_SUFFIX)

    @property
    def sealed(self) -> Path:
        """What a session of a blinded study keeps sealed; there in each of them."""
        return self._file(SEALED_SUFFIX)

    @property
    def opened(self) -> Path:
        """The same after unblinding: NumPy arrays."""
        return self._file(OPENED_SUFFIX)

    @property
    def watched(self) -> tuple[Path, Path, Path]:
        """Visible files whose sums a blinded session seals."""
        return self.eeg, self.events, self.frames

    @property
    def starting(self) -> Path:
        """What keeps the names for a session that starts, until it has files."""
        return self._file(STARTING_SUFFIX)

    @property
    def failed(self) -> Path:
        """Why starts under this name failed, one line each; there if any did."""
        return self._file(FAILED_SUFFIX)

    def sidecar(self, table: str) -> Path:
        """Return the file that describes the columns of ``"frames"`` or ``"events"``: JSON."""
        return self._file(SIDECARS[table])

    def facts(self) -> dict[str, str | int]:
        """Return participant, session, task and run, as the names have them.

        Examples
        --------
        >>> SessionFiles(Path("sub-01_ses-pre_task-alpha_run-02")).facts()
        {'participant': '01', 'session': 'pre', 'task': 'alpha', 'run': 2}
        """
        participant, session, task, run = (
            part.split("-", 1)[1] for part in self.stem.name.split("_")
        )
        return {"participant": participant, "session": session, "task": task, "run": int(run)}

    def begun(self, task_name: str) -> dict[str, dict[str, Any]]:
        """Return the sections of the settings file that say whose session begins now, and when.

        Returns
        -------
        dict
            ``session``: ``date`` (ISO 8601, with the offset from UTC), the `facts`, and the task's
            name as it was given; ``wall_clock``: how far Unix time is ahead of LSL's clock.
        """
        date = datetime.now().astimezone().isoformat(timespec="milliseconds")
        return {
            "session": {"date": date, **self.facts(), "task_name": str(task_name)},
            "wall_clock": asdict(measure_offset(time.time, lsl_now)),
        }

    def keep(self) -> bool:
        """Keep the names for a session that starts; return whether they were free.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        try:
            # Exclusive: of two experiments that start at once each gets a run of its own.
            with open(self.starting, "x", encoding="utf-8") as file:
                file.write(STARTING.format(now=now))
        except FileExistsError:
            return False
        others = (self._file(suffix) for suffix in ALL_SUFFIXES if suffix != STARTING_SUFFIX)
        if any(path.exists() for path in others):  # of one that has begun since the last look
            self.release()
            return False
        return True

    def release(self) -> None:
        """Keep the names no longer for a session that starts: it has files now, or never will."""
        self.starting.unlink(missing_ok=True)

    def give_up(self, error: BaseException) -> None:
        """Give the names back after a start that failed, and leave its reason in `failed`.

        The next start gets the same run. Nothing raises: the caller has the reason at hand.
        """
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        try:
            with open(self.failed, "a", encoding="utf-8") as file:
                reason = f"{type(error).__name__}: {safe_text(_reason(error))}"
                file.write(f"{now}  {NOT_STARTED}: {reason}\n")
        except OSError as problem:
            logger.warning("The reason of the failed start could not be kept: %s", problem)
            _remove_if_empty(self.failed)
        for suffix in ALL_SUFFIXES:
            try:
                self._file(suffix).unlink(missing_ok=True)
            except OSError as problem:  # Windows does not delete what somebody has open
                logger.warning("%s of a failed start is left: %s", self._file(suffix), problem)

    def leave_word(self, sentence: str) -> None:
        """Write beside the files where the rest of the session is, if that is still possible."""
        try:
            self.rest.write_text(safe_text(sentence) + "\n", encoding="utf-8")
        except OSError as problem:
            logger.warning("No word could be left beside the files: %s", problem)
            _remove_if_empty(self.rest)

    @property
    def rest(self) -> Path:
        """Where the rest of the session is, in a sentence; there if it had to move."""
        return self._file(REST_SUFFIX)

    def _file(self, suffix: str) -> Path:
        return self.stem.with_name(self.stem.name + suffix)

    @classmethod
    def from_stem(cls, path: str | os.PathLike[str]) -> SessionFiles:
        """Return the session that `path`, its stem or any of its files, belongs to."""
        path = Path(path)
        for suffix in (*ALL_SUFFIXES, FAILED_SUFFIX, REST_SUFFIX):
            if path.name.endswith(suffix):
                return cls(path.with_name(path.name[: -len(suffix)]))
        return cls(path)


def recorded_session(
    path: str | os.PathLike[str],
    needed: Literal["eeg", "frames", "settings"],
    what: str = "a session",
) -> SessionFiles:
    """Return the files of the session that `path`, its stem or any of its files, belongs to.

    Parameters
    ----------
    path : path
        As a person named it.
    needed : {"eeg", "frames", "settings"}
        Which of its files must be there.
    what : str
        What should have been named, for the message.

    Raises
    ------
    FileError
        If that file is not there: `path` is missing, a folder or another program's file, or the
        session has no such file.
    """
    files = SessionFiles.from_stem(path)
    if files.stem.name and os.path.isfile(getattr(files, needed)):  # no name: ".", "/"
        return files
    name_one = f"name any file of {what}"
    if os.path.isdir(path):
        remedy = f"is a folder; {name_one}"
    elif os.path.isfile(files.failed) and not os.path.isfile(files.settings):
        remedy = f"did not start, and nothing was recorded; '{files.failed.name}' says why"
        path = files.stem
    elif any(files.stem.parent.glob(f"{glob.escape(files.stem.name)}_*")):
        remedy, path = f"has no {NEEDED[needed]}; {name_one}", files.stem
    elif os.path.isfile(path):
        remedy = f"is no file of {what}; name one that is, such as the one that ends with _nfb.json"
    else:
        remedy = f"does not exist; {name_one}"
    raise FileError("session", os.fspath(path), remedy)


def new_session(
    folder: str | os.PathLike[str],
    participant: str = "01",
    session: str = "01",
    task: str = "neurofeedback",
) -> SessionFiles:
    """Choose names that no earlier session has, and reserve them.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    participant, session : str
        Letters and digits, as BIDS wants it.
    task : str
        Of other texts the letters and digits are taken.

    Returns
    -------
    SessionFiles
        With the next free run, which is kept for it until it has files or gives the names back.

    Raises
    ------
    SettingsError
        If participant or session have other characters, with a proposal.
    FileError
        If the folder cannot be made or written.
    """
    folder = Path(folder)
    person = participant_label(participant, folder)
    base = f"sub-{person}_ses-{session_label(session, folder, person)}_task-{task_label(task)}"
    endings = "|".join(map(re.escape, ALL_SUFFIXES))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = [
            int(match[1])
            for path in folder.glob(f"{base}_run-*")
            if (match := re.fullmatch(rf"{base}_run-(\d+)({endings})", path.name, re.IGNORECASE))
        ]
        run = max(taken, default=0) + 1
        while True:
            files = SessionFiles(folder.resolve() / f"{base}_run-{run:02d}")
            if files.keep():
                return files
            run += 1
    except (OSError, ValueError) as error:  # ValueError: a NUL in the folder's name
        raise FileError("data", os.fspath(folder), _why_not(folder, error)) from None


def _why_not(folder: Path, error: OSError | ValueError) -> str:
    """Return why a folder cannot be written, and what to do."""
    # Of a folder below a file Linux says that a part of it is no folder, Windows that it exists.
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        if folder.is_file():
            return "is a file; name a folder"
        file = next((above for above in folder.parents if above.is_file()), None)
        if file is not None:
            return f"cannot be made, as {file.name} is a file; name a folder"
    return f"cannot be written ({cause(error)}); choose a folder that you may write to"


def calibration_path(folder: str | os.PathLike[str] | None, participant: str) -> Path | None:
    """Return where a participant's calibration is kept between sessions; None without a folder.

    Raises
    ------
    SettingsError
        If the participant's label cannot stand in a file name.
    """
    if folder is None:
        return None
    return Path(folder) / f"sub-{participant_label(participant, folder)}_calibration.json"
