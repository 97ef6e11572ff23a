"""One session into a dataset after BIDS, beside those that are there."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.reading import reading
from psychopy_nfb.recording import read_session
from psychopy_nfb.recording.blinding import is_sealed
from psychopy_nfb.recording.names import recorded_session
from psychopy_nfb.recording.read import first_sample_date
from psychopy_nfb.report.bids.dataset import DERIVATIVE, add_to_dataset, prepare_dataset
from psychopy_nfb.report.bids.eeg import channels, needs_rounding, recording_facts, write_eeg
from psychopy_nfb.report.bids.events import write_events
from psychopy_nfb.report.bids.feedback import write_feedback
from psychopy_nfb.report.bids.names import bids_name
from psychopy_nfb.report.bids.tables import write_json
from psychopy_nfb.report.numbers import times

MOVED = "The rest of this session went to another folder, as its own %s says; export it, too."
LOST = "Samples are missing %s; the file goes on without them."
SECOND = (
    "The second stream is in the dataset as it was merged with the EEG (channels of type MISC), "
    "not at its own rate."
)
BLINDED = "The study is blinded: nothing of what was shown is in the dataset."
NO_SAMPLE = "holds no EEG sample, so there is nothing to export"
THERE = (
    "The dataset has %s already, and keeps it as it is; to export the session again, delete that "
    "run's files and its row in the scans.tsv."
)


@dataclass(frozen=True)
class Exported:
    """What became of a session."""

    stem: str
    """What its files are called in the dataset."""
    new: bool
    """Whether it was written; False if the dataset had it already."""
    notes: list[str] = field(default_factory=list)
    """What is to be known of it, a sentence each."""


def export_session(session: str | os.PathLike[str], out: str | os.PathLike[str]) -> Exported:
    """Add a session to a dataset after BIDS.

    What is in the dataset is never overwritten: files that describe it and tables may be completed
    by hand, and stay as they are when other sessions are added.

    Parameters
    ----------
    session : path
        Any file of the session, or what their names begin with.
    out : path
        Folder of the dataset; made if it is not there.

    Returns
    -------
    Exported

    Raises
    ------
    FileError
        If the session cannot be read or has no sample, its names are not those of a session, the
        folder holds something else or cannot be written, or pybv is not installed.

    Examples
    --------
    .. code-block:: python

        export_session("data/sub-01_ses-01_task-alpha_run-01", "my_dataset")
    """
    files, root = recorded_session(session, "eeg"), Path(out)
    name = bids_name(files)
    _check_folder(root)
    if (root / name.folder / f"{name.stem}_eeg.vhdr").exists():
        return Exported(name.stem, False, [THERE % name.stem])
    read = read_session(files.stem)
    if "stream" not in read.settings or not len(read.eeg.samples):
        raise FileError("session", str(files.stem), NO_SAMPLE)
    with reading(files.settings, "session", "as the settings of a session"):
        channels(read)
        begun = first_sample_date(read)
    try:
        prepare_dataset(root)
        draft = Path(mkdtemp(prefix=".draft_", dir=root))
        try:
            eeg, feedback = draft / "eeg", draft / "feedback"
            eeg.mkdir()
            feedback.mkdir()
            write_eeg(read, eeg, name.stem, begun)
            gaps = write_events(read, eeg, name.stem)
            write_json(eeg / f"{name.stem}_eeg.json", recording_facts(read, gaps))
            write_feedback(read, feedback, name.stem)
            _move(feedback, root / DERIVATIVE / name.folder)
            _move(eeg, root / name.folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        add_to_dataset(root, name, begun)
    except OSError as error:
        raise FileError(
            "out", str(root), f"cannot be written ({cause(error)}); choose another folder"
        ) from None
    notes = [needs_rounding(read), LOST % times(gaps) if gaps else ""]
    notes += [BLINDED if is_sealed(read.settings) else ""]
    notes += [SECOND if (read.settings.get("configuration") or {}).get("aux") else ""]
    notes += [MOVED % files.rest.name if files.rest.exists() else ""]
    return Exported(name.stem, True, [note for note in notes if note])


def _check_folder(root: Path) -> None:
    """Refuse a folder that holds something else than a dataset."""
    if not root.exists():
        return
    if not root.is_dir():
        raise FileError("out", str(root), "is a file; name a folder")
    there = [one.name for one in root.iterdir() if not one.name.startswith(".")]
    if there and "dataset_description.json" not in there:
        raise FileError(
            "out",
            str(root),
            "holds files, but no dataset_description.json; name an empty or new folder, or one "
            "with a dataset after BIDS",
        )


def _move(source: Path, target: Path) -> None:
    """Move the files of a folder into another one, in which files of the same name stay."""
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if not (target / path.name).exists():
            os.replace(path, target / path.name)
