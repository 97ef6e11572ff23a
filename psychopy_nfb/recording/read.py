"""A session back in memory."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import numpy as np

from psychopy_nfb.channels import EEG, IEEG, MISC, VOLTAGES
from psychopy_nfb.errors import FileError
from psychopy_nfb.protocol.version_0_1 import columns_today
from psychopy_nfb.reading import read_table, reading
from psychopy_nfb.recording.names import SessionFiles, recorded_session
from psychopy_nfb.recording.opened import OpenedSession
from psychopy_nfb.recording.settings_file import SessionRecord
from psychopy_nfb.recording.tables import TEXT_COLUMNS, holds_numbers
from psychopy_nfb.recording.text import NOT_AVAILABLE, text_of_cell

if TYPE_CHECKING:
    from pathlib import Path

    import mne
    import pandas as pd

logger: logging.Logger = logging.getLogger(__name__)

PLAUSIBLE_SECONDS = 600.0
"""From a run's start to its first sample, at most."""
OLDER_NOTICE = (
    "%s is of version 0.1: the columns value, signal, z and threshold are read as those of the "
    "signal '%s'."
)
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
    positions: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    """Electrode positions in millimetres by label, as far as the amplifier's program sent them:
    x right, y front, z up."""


@dataclass
class Session:
    """A recorded session."""

    files: SessionFiles
    """Where it was read from."""
    eeg: RecordedEEG
    """The samples."""
    signals: pd.DataFrame
    """One row for each processed sample: ``t``, the feedback's values (``alpha_value``, …,
    ``score``), ``flags``, ``sample``."""
    frames: pd.DataFrame
    """One row for each displayed frame."""
    events: pd.DataFrame
    """What happened when."""
    settings: dict[str, Any]
    """The settings file."""

    @property
    def sealed(self) -> bool:
        """Whether what was shown is sealed, as before a study is unblinded."""
        return self.files.sealed.exists() and not self.files.opened.exists()

    def check_open(self) -> None:
        """Refuse what needs to know what was shown, if that is sealed.

        Raises
        ------
        FileError
            If it is.
        """
        if self.sealed:
            raise FileError(
                "session",
                str(self.files.stem),
                "is of a blinded study, and what it showed is sealed; unblind the study first: "
                "psychopy-nfb study unblind FOLDER",
            )


def read_session(path: str | os.PathLike[str]) -> Session:
    """Read the session that `path`, its stem or any of its files, belongs to.

    A session whose experiment or worker was killed is read up to the last flush, a damaged one as
    far as it can be, which is logged. One of version 0.1 has the names of today, which is logged.
    One of a blinded study has what was shown once the study is unblinded.

    Raises
    ------
    FileError
        If a file is missing or cannot be read, or pyxdf is not installed.
    """
    files = recorded_session(path, "eeg")
    with reading(files.eeg, what="as a session"):
        eeg, signals = _read_eeg(files)
    # A mark or block may be called "None" or "NA": nothing is an empty cell.
    frames = read_table(
        files.frames,
        numbers=("frame", "t_flip"),
        numbers_if_there=holds_numbers,
        whole_rows=True,
        keep_default_na=False,
        na_values=[""],
    )
    today = columns_today(signals.columns)
    if list(today) != list(today.values()):
        logger.warning(OLDER_NOTICE, files.stem.name, today["z"].removesuffix("_z"))
    session = Session(
        files=files,
        eeg=eeg,
        signals=named_today(signals),
        frames=named_today(_texts_of(frames, *TEXT_COLUMNS)),
        events=read_events(files.events),
        settings=SessionRecord.load(files.settings).content,
    )
    return _with_opened(session) if files.opened.exists() else session


def read_sessions(sessions: Iterable[str | os.PathLike[str] | Session]) -> Iterator[Session]:
    """Yield each session; one that cannot be read is left out, which is logged.

    Parameters
    ----------
    sessions : iterable of path or Session
        Any file of each, or its stem; or what was read already.

    Raises
    ------
    FileError
        If none of them can be read.
    """
    refused, n_read = None, 0
    for one in sessions:
        try:
            session = one if isinstance(one, Session) else read_session(one)
        except FileError as error:
            logger.warning("A session is left out. %s", error)
            refused = refused or error
            continue
        n_read += 1
        yield session
    if refused is not None and not n_read:
        raise refused


def _with_opened(session: Session) -> Session:
    """Return a session of a blinded study with all that was sealed of it."""
    opened = OpenedSession(session.files)
    return replace(
        session,
        signals=opened.signals(session.signals),
        frames=opened.frames(session.frames),
        events=opened.events(session.events),
        settings=opened.settings(session.settings),
    )


def _read_eeg(files: SessionFiles) -> tuple[RecordedEEG, pd.DataFrame]:
    """Return what a session's XDF holds: the samples, and what they became."""
    import pandas as pd

    # By type, which is always ours: an amplifier may be named as one of our streams is.
    streams = {stream["info"]["type"][0]: stream for stream in _load_xdf(files.eeg)}
    if "EEG" not in streams or "Feedback" not in streams:
        there = ", ".join(map(repr, streams)) or "none"
        raise FileError(
            "file",
            str(files.eeg),
            "is no recording of a session, or broke off at its very beginning (its streams: "
            f"{there})",
        )
    eeg, feedback = streams["EEG"], streams["Feedback"]
    signals = pd.DataFrame(
        np.asarray(feedback["time_series"]).reshape(-1, len(_labels(feedback))),
        columns=_labels(feedback),
    )
    signals = signals.astype({"flags": int, "sample": int})
    signals.insert(0, "t", feedback["time_stamps"])
    samples = RecordedEEG(
        samples=np.asarray(eeg["time_series"]),
        stamps=np.asarray(eeg["time_stamps"]),
        labels=_labels(eeg),
        rate=float(eeg["info"]["nominal_srate"][0]),
        units=eeg["info"]["desc"][0]["channels"][0]["channel"][0]["unit"][0] or "",
        positions=_positions(eeg),
    )
    return samples, signals


def named_today(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with values whose columns are those of today, also one of version 0.1.

    There each hit was rewarded.
    """
    today = columns_today(table.columns)
    table = table[list(today)].rename(columns=today)
    if "hits" in table and "rewards" not in table:
        after = table.columns.get_loc("hits") + 1
        table.insert(after, "rewards", table.hits)
        table.insert(after + 1, "progress", 0.0 * table.hits)
    return table


def read_events(path: Path) -> pd.DataFrame:
    """Read the events in order of onset, also those of a session that was killed."""
    # A mark may be called "None" or "NA": of pandas' own words for nothing only these two are.
    events = read_table(
        path,
        separator="\t",
        numbers=("onset", "duration", "sample", "t"),
        texts=("trial_type", "value", "detail"),
        whole_rows=True,
        keep_default_na=False,
        na_values=["", NOT_AVAILABLE],
    )
    events = _texts_of(events, "trial_type", "value")
    return events.sort_values("onset", kind="stable", ignore_index=True)


def _texts_of(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return a table whose texts are as they were before they were written into cells."""
    there = [name for name in columns if name in table.columns]
    return table.assign(**{name: table[name].map(text_of_cell) for name in there})


def to_mne(session: Session) -> mne.io.RawArray:
    """Return the session's EEG for MNE-Python, in volts, its events as annotations.

    MNE counts time in samples: an annotation lies where its samples do, and lasts as long as they.

    Channels that are no EEG have MNE's type for their kind; those that are no voltage, and those of
    a second stream, are as they were sent.

    MNE-Python itself reads no XDF. ``to_mne(session).save("sub-01_raw.fif")`` writes what
    ``mne.io.read_raw`` opens.

    Returns
    -------
    mne.io.RawArray
        ``info["meas_date"]`` is when the first sample was taken, by this computer's clock (UTC),
        and ``info["subject_info"]["his_id"]`` the participant; both only where the session has
        them.

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
    stream = session.settings["stream"]
    scales = np.asarray(stream["microvolts_per_unit"]) * 1e-6
    n_aux = len(eeg.labels) - len(scales)
    scales = np.pad(scales, (0, n_aux), constant_values=1.0)
    beside = dict.fromkeys(eeg.labels[len(eeg.labels) - n_aux :], MISC)
    kinds = {**stream.get("kinds", {}), **beside}
    own = [kinds.get(label, EEG) for label in eeg.labels]
    scales[[kind not in VOLTAGES for kind in own]] = 1.0
    types = ["seeg" if kind == IEEG else kind.lower() for kind in own]  # MNE has none for all
    info = mne.create_info(eeg.labels, eeg.rate, types, verbose="error")
    raw = mne.io.RawArray((eeg.samples * scales).T, info, verbose="error")
    raw.set_montage("colin27_1005" if _has_montage(mne) else "standard_1005", on_missing="ignore")
    about = session.settings.get("session")
    if about is not None:
        raw.info["subject_info"] = {"his_id": about["participant"]}
        raw.set_meas_date(first_sample_date(session))
    events = session.events
    labels = events.trial_type + events.value.fillna("").map(
        lambda text: f"/{text}" if text else ""
    )
    rows, durations = places_of_events(eeg, events)
    raw.set_annotations(mne.Annotations(rows / eeg.rate, durations, labels))
    return raw


def places_of_events(eeg: RecordedEEG, events: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return where events lie where time is counted in samples, gaps or not.

    Returns
    -------
    rows : ndarray of int, shape (n_events,)
        The sample of each.
    durations : ndarray, shape (n_events,)
        In seconds, without what is missing: a gap has none.
    """
    begins = events.t.to_numpy(float)
    rows = nearest_rows(eeg.stamps, begins)
    ends = nearest_rows(eeg.stamps, begins + annotation_durations(events))
    gap = (events.trial_type == "gap").to_numpy()  # of which the sample is the first one after it
    rows = np.where(gap, events["sample"].clip(0, max(0, len(eeg.stamps) - 1)), rows).astype(int)
    return rows, np.where(gap, 0.0, (ends - rows) / eeg.rate)


def nearest_rows(stamps: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the row of the stamp that is nearest to each time."""
    if len(stamps) < 2:
        return np.zeros(len(times), int)
    after = np.searchsorted(stamps, times).clip(1, len(stamps) - 1)
    return after - (times - stamps[after - 1] <= stamps[after] - times)


def annotation_durations(events: pd.DataFrame) -> np.ndarray:
    """Return durations in seconds: a block's is that of its begin, where MNE and BIDS want it."""
    durations = events.duration.to_numpy().copy()
    begins = {}
    for row, event in enumerate(events.itertuples()):
        if event.trial_type == "block_begin":
            begins[json.loads(event.detail)["block"]] = row
        elif event.trial_type == "block_end":
            begin = begins.get(json.loads(event.detail)["block"])
            durations[row] = 0.0
            if begin is not None:
                durations[begin] = event.duration
    return durations


def first_sample_date(session: Session) -> datetime | None:
    """Return when the first sample was taken; the run's start where its stamps cannot tell."""
    if not len(session.eeg.stamps):
        return None
    start = datetime.fromisoformat(session.settings["session"]["date"]).astimezone(timezone.utc)
    wall = session.settings["wall_clock"]
    taken = float(session.eeg.stamps[0]) + wall["offset"]
    # Some amplifiers stamp by a clock of their own, years away from LSL's.
    if abs(taken - start.timestamp()) > PLAUSIBLE_SECONDS:
        return start
    return datetime.fromtimestamp(taken, timezone.utc)


def _has_montage(mne: Any) -> bool:
    return "colin27_1005" in mne.channels.get_builtin_montages()


def _load_xdf(path: Path) -> list[dict[str, Any]]:
    from psychopy_nfb.recording.eeg_files.xdf import load_streams

    streams, notes = load_streams(path, synchronized=False)
    for sentence in notes:
        logger.warning("%s: %s", path.name, sentence)
    return streams


def _labels(stream: dict[str, Any]) -> list[str]:
    channels = stream["info"]["desc"][0]["channels"][0]["channel"]
    return [channel["label"][0] for channel in channels]


def _positions(stream: dict[str, Any]) -> dict[str, tuple[float, float, float]]:
    channels = stream["info"]["desc"][0]["channels"][0]["channel"]
    places = {}
    for channel in channels:
        location = (channel.get("location") or [None])[0]
        if location:
            x, y, z = (float(location[axis][0]) for axis in "XYZ")
            places[channel["label"][0]] = (x, y, z)
    return places
