"""What a session's files are called."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from psychopy_nfb.errors import FileError, SettingsError

SUFFIXES = {"eeg": "_eeg.xdf", "frames": "_frames.csv", "events": "_events.tsv"}
SETTINGS_SUFFIX = "_nfb.json"
RESERVED = b"{}\n"
"""What the settings file of a session holds that has not begun."""


@dataclass(frozen=True)
class SessionFiles:
    """The files of one session.

    Examples
    --------
    >>> files = SessionFiles(Path("data", "sub-01_ses-01_task-alpha_run-01"))
    >>> files.frames.name
    'sub-01_ses-01_task-alpha_run-01_frames.csv'
    """

    stem: Path
    """What all of them begin with, folder included."""

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

    def release(self) -> None:
        """Give the names back if nothing was written under them, as when the start failed."""
        if self.settings.exists() and self.settings.read_bytes() == RESERVED:
            self.settings.unlink()

    def _file(self, suffix: str) -> Path:
        return self.stem.with_name(self.stem.name + suffix)

    @classmethod
    def from_stem(cls, path: str | os.PathLike) -> SessionFiles:
        """Return the session that `path`, its stem or any of its files, belongs to."""
        path = Path(path)
        for suffix in (*SUFFIXES.values(), SETTINGS_SUFFIX):
            if path.name.endswith(suffix):
                return cls(path.with_name(path.name[: -len(suffix)]))
        return cls(path)


def new_session(
    folder: str | os.PathLike,
    participant: str = "01",
    session: str = "01",
    task: str = "neurofeedback",
) -> SessionFiles:
    """Choose names that no earlier session has, and reserve them.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    participant, session, task : str
        Letters and digits; others are left out, as BIDS wants it.

    Returns
    -------
    SessionFiles
        With the next free run; its settings file exists from now on.

    Raises
    ------
    SettingsError
        If a part has no letter or digit.
    FileError
        If the folder cannot be made or written.
    """
    parts = {"participant": participant, "session": session, "task": task}
    labels = {name: _label(name, value) for name, value in parts.items()}
    base = f"sub-{labels['participant']}_ses-{labels['session']}_task-{labels['task']}"
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = [
            int(match[1])
            for path in folder.glob(f"{base}_run-*")
            if (match := re.match(rf"{re.escape(base)}_run-(\d+)_", path.name))
        ]
        run = max(taken, default=0) + 1
        while True:
            files = SessionFiles(folder.resolve() / f"{base}_run-{run:02d}")
            try:
                # Exclusive: of two experiments that start at once each gets a run of its own.
                with open(files.settings, "xb") as file:
                    file.write(RESERVED)
                return files
            except FileExistsError:
                run += 1
    except OSError as error:
        raise FileError(
            "data",
            os.fspath(folder),
            f"cannot be written ({error.strerror}); choose a folder that you may write to",
        ) from None


def calibration_path(folder: str | os.PathLike | None, participant: str) -> Path | None:
    """Return where a participant's calibration is kept between sessions; None without a folder."""
    if folder is None:
        return None
    return Path(folder) / f"sub-{_label('participant', participant)}_calibration.json"


def _label(name: str, value: object) -> str:
    label = re.sub(r"[^0-9A-Za-z]", "", str(value))
    if not label:
        raise SettingsError(name, value, "must have at least one letter or digit")
    return label
