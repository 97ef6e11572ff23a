"""A session back in memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from psychopy_nfb.errors import FileError
from psychopy_nfb.recording.names import SessionFiles
from psychopy_nfb.recording.settings_file import SessionRecord

if TYPE_CHECKING:
    import mne
    import pandas as pd

HOW_TO_INSTALL = 'needs a package that is not installed; run: pip install "psychopy-nfb[files]"'


@dataclass
class RecordedEEG:
    """The samples of a session."""

    samples: np.ndarray
    """(n, n_channels) in the stream's own format and unit."""
    stamps: np.ndarray
    """(n,) LSL times in seconds."""
    labels: list[str]
    """One a channel."""
    rate: float
    """Nominal, in Hz."""
    units: str
    """As declared."""


@dataclass
class Session:
    """A recorded session."""

    files: SessionFiles
    """Where it was read from."""
    eeg: RecordedEEG
    """The samples."""
    signals: pd.DataFrame
    """One row for each processed sample: ``t``, the feedback's values, ``flags``, ``sample``."""
    frames: pd.DataFrame
    """One row for each displayed frame."""
    events: pd.DataFrame
    """What happened when."""
    settings: dict[str, Any]
    """The settings file."""


def read_session(path: str | os.PathLike) -> Session:
    """Read the session that `path`, its stem or any of its files, belongs to.

    A session whose experiment or worker was killed is read up to the last flush.

    Raises
    ------
    FileError
        If a file is missing or cannot be read, or pyxdf is not installed.
    """
    import pandas as pd

    files = SessionFiles.from_stem(path)
    streams = {name: stream for name, stream in _load_xdf(files.eeg)}
    eeg = next(stream for stream in streams.values() if stream["info"]["type"][0] == "EEG")
    feedback = streams["Feedback"]
    signals = pd.DataFrame(
        np.asarray(feedback["time_series"]).reshape(-1, len(_labels(feedback))),
        columns=_labels(feedback),
    )
    signals = signals.astype({"flags": int, "sample": int})
    signals.insert(0, "t", feedback["time_stamps"])
    return Session(
        files=files,
        eeg=RecordedEEG(
            samples=np.asarray(eeg["time_series"]),
            stamps=np.asarray(eeg["time_stamps"]),
            labels=_labels(eeg),
            rate=float(eeg["info"]["nominal_srate"][0]),
            units=eeg["info"]["desc"][0]["channels"][0]["channel"][0]["unit"][0] or "",
        ),
        signals=signals,
        frames=pd.read_csv(files.frames),
        events=pd.read_csv(files.events, sep="\t"),
        settings=SessionRecord.load(files.settings).content,
    )


def to_mne(session: Session) -> mne.io.RawArray:
    """Return the session's EEG for MNE-Python, in volts, its events as annotations.

    Raises
    ------
    FileError
        If MNE-Python is not installed.
    """
    try:
        import mne
    except ImportError:
        raise FileError("file", str(session.files.eeg), HOW_TO_INSTALL) from None
    eeg = session.eeg
    scales = np.asarray(session.settings["stream"]["microvolts_per_unit"]) * 1e-6
    scales = np.pad(scales, (0, len(eeg.labels) - len(scales)), constant_values=1e-6)
    info = mne.create_info(eeg.labels, eeg.rate, "eeg", verbose="error")
    raw = mne.io.RawArray((eeg.samples * scales).T, info, verbose="error")
    raw.set_montage("colin27_1005" if _has_montage(mne) else "standard_1005", on_missing="ignore")
    events = session.events
    labels = events.trial_type + events.value.fillna("").map(
        lambda text: f"/{text}" if text else ""
    )
    # MNE counts time in samples: an annotation lies where its sample does, gaps or not.
    rows = np.searchsorted(eeg.stamps, events.t).clip(max=len(eeg.stamps) - 1)
    raw.set_annotations(mne.Annotations(rows / eeg.rate, events.duration, labels))
    return raw


def _has_montage(mne: Any) -> bool:
    return "colin27_1005" in mne.channels.get_builtin_montages()


def _load_xdf(path: os.PathLike) -> list[tuple[str, dict]]:
    try:
        import pyxdf
    except ImportError:
        raise FileError("file", os.fspath(path), HOW_TO_INSTALL) from None
    if not os.path.exists(path):
        raise FileError("file", os.fspath(path), "is not there; name a session's file or stem")
    streams, _ = pyxdf.load_xdf(
        path, synchronize_clocks=False, dejitter_timestamps=False, verbose=False
    )
    return [(stream["info"]["name"][0], stream) for stream in streams]


def _labels(stream: dict) -> list[str]:
    channels = stream["info"]["desc"][0]["channels"][0]["channel"]
    return [channel["label"][0] for channel in channels]
