"""What belongs to a dataset as a whole: its description, participants, sessions and runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from psychopy_nfb import __version__
from psychopy_nfb.recording.text import NOT_AVAILABLE
from psychopy_nfb.report.bids.names import BidsName
from psychopy_nfb.report.bids.tables import add_row, write_json

BIDS_VERSION = "1.10.0"
DERIVATIVE = Path("derivatives", "psychopy_nfb")
"""Where what the training computed and showed is, within a dataset."""
GENERATED_BY = [{"Name": "psychopy_nfb", "Version": __version__}]
README = """\
EEG neurofeedback, recorded with psychopy_nfb
=============================================

Each run has the EEG as the amplifier sent it (BrainVision, 32-bit floating point), its channels,
and what happened when. Where the amplifier lost samples the file goes on without them: the event
"gap" tells how much is missing, and the column t of the events has the real time.

derivatives/psychopy_nfb has what the training computed and showed:
- *_recording-feedback_stim.tsv.gz: each signal, its threshold, reward and score, for each sample;
- *_desc-frames_events.tsv: each frame of the display, with the EEG sample that it showed and the
  times of all stages in between, on one clock.

Before you publish: write here what the study was about and who may be asked, add authors and
license to dataset_description.json, and age, sex or group to participants.tsv, if your
participants consented to that. Times of recording are real ones.
"""
PARTICIPANTS = {
    "participant_id": {"Description": "Label of the participant in the names of all files."}
}
SESSIONS = {
    "session_id": {"Description": "Label of the session in the names of all files."},
    "acq_time": {"Description": "When its first run that is in this dataset began (UTC)."},
}


def prepare_dataset(root: Path) -> None:
    """Write what a dataset begins with, as far as it is not there."""
    (root / DERIVATIVE).mkdir(parents=True, exist_ok=True)
    common = {"BIDSVersion": BIDS_VERSION, "GeneratedBy": GENERATED_BY}
    described = root / "dataset_description.json"
    if not described.exists():
        write_json(described, {"Name": root.resolve().name, "DatasetType": "raw", **common})
    described = root / DERIVATIVE / "dataset_description.json"
    if not described.exists():
        name = f"{root.resolve().name}: neurofeedback"
        source = {"SourceDatasets": [{"URL": "../.."}]}
        write_json(described, {"Name": name, "DatasetType": "derivative", **common, **source})
    for folder in (root, root / DERIVATIVE):
        if not any(folder.glob("README*")):
            (folder / "README").write_bytes(README.encode())
    for name, content in (("participants", PARTICIPANTS), ("sessions", SESSIONS)):
        path = root / f"{name}.json"
        if not path.exists():
            write_json(path, content)


def add_to_dataset(root: Path, name: BidsName, begun: datetime | None) -> None:
    """Add a run to the tables of participants, sessions and runs.

    Parameters
    ----------
    root : path
        The dataset.
    name : BidsName
        Whose run it is.
    begun : datetime with time zone, optional
        When its first sample was taken.
    """
    at = begun.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if begun else NOT_AVAILABLE
    person, session = root / name.subject, f"ses-{name.session}"
    add_row(root / "participants.tsv", {"participant_id": name.subject})
    row = {"session_id": session, "acq_time": at}
    add_row(person / f"{name.subject}_sessions.tsv", row)
    scans = person / session / f"{name.subject}_{session}_scans.tsv"
    add_row(scans, {"filename": f"eeg/{name.stem}_eeg.vhdr", "acq_time": at})
