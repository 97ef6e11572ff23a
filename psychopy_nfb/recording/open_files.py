"""The files of a session that are being written, all of them together."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.recording.names import SessionFiles
from psychopy_nfb.recording.proofs import Watched
from psychopy_nfb.recording.sealed_file import SealedFile
from psychopy_nfb.recording.sidecars import write_sidecars
from psychopy_nfb.recording.tables import EVENT_COLUMNS, TEXT_COLUMNS, EventLog, FrameLog
from psychopy_nfb.recording.text import shortened
from psychopy_nfb.recording.xdf import XdfWriter

EEG_STREAM = 1
"""Number of the EEG in the XDF file: it is added first."""


@dataclass(frozen=True)
class Left:
    """What the files of a session held when another process went on with them."""

    n_samples: int
    """EEG samples."""
    stamps: np.ndarray
    """Their last stamps, those of some seconds."""
    n_gaps: int
    lost_seconds: float
    """What the gaps in them sum up to."""
    commands: tuple[int, ...]
    """Numbers of the commands whose events were in the XDF file."""
    restarts: frozenset[int]
    """Numbers of the restarts of the background process that were in it."""


def own_source_id(name: str) -> str:
    """Return the source id of a stream of ours in the XDF file."""
    return f"psychopy_nfb_{name.casefold()}"


def add_on_own_clock(xdf: XdfWriter, *args: Any, **kwargs: Any) -> int:
    """Add a stream whose stamps are on this computer's LSL clock, as all are in a session.

    Without that word pyxdf warns of each stream. A continued stream has it again: its first
    one may have been lost with the process that wrote the header.
    """
    number = xdf.add_stream(*args, **kwargs)
    xdf.clock_offset(number, lsl_now(), 0.0)
    return number


class FramesStream:
    """The frames in the XDF file: the columns of the frame log that hold numbers.

    Parameters
    ----------
    xdf : XdfWriter
        The file.
    columns : sequence of str
        Of the frame log.
    """

    def __init__(self, xdf: XdfWriter, columns: Sequence[str]):
        numeric = [name for name in columns if name not in TEXT_COLUMNS]
        self._xdf = xdf
        self._places = [columns.index(name) for name in numeric]
        self._flip_place = numeric.index("t_flip")
        names = ("Frames", "Frames", numeric, 0.0, "double64")
        self._number = add_on_own_clock(xdf, *names, source_id=own_source_id("Frames"))

    def write(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows of the frame log."""
        if rows:
            numbers = np.array([[row[place] for place in self._places] for row in rows], float)
            self._xdf.write(self._number, numbers, numbers[:, self._flip_place])


class AddedFrames(NamedTuple):
    """What `add_frames` has done."""

    n: int
    """Rows that were added."""
    eeg_until: float | None
    """Stamp of the last EEG sample in the session's files; None if there is none."""


def add_frames(
    files: SessionFiles, value_names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> AddedFrames:
    """Add those rows of the frame log that a session which has ended does not have.

    Raises
    ------
    FileError
        If a file cannot be written.
    """
    log = FrameLog(files.frames, value_names, append=True)
    new = log.write(rows)
    log.close()
    xdf = XdfWriter(files.eeg, append=True)
    FramesStream(xdf, log.columns).write(new)
    until = xdf.last_stamp(EEG_STREAM)
    xdf.close()
    return AddedFrames(len(new), until)


class OpenFiles:
    """XDF file, frame log and events of one session, open for writing.

    Parameters
    ----------
    files : SessionFiles
        Where to.
    eeg : dict
        ``name, labels, rate, format, units, source_id, positions`` of the recorded stream, and
        ``kinds`` of its channels where not all are EEG.
    value_names : sequence of str
        Names of the feedback's values.
    append : bool
        Go on with files that another process left.
    aux : dict, optional
        ``labels`` and ``rate`` of a second stream that is kept as it came.
    value_rate : float, optional
        Values a second, in Hz; default the stream's own rate.
    about : dict, optional
        ``date`` (ISO 8601), ``participant``, ``session``, ``task``, ``run`` for the XDF's headers.
    first_sample : int
        Number of the sample that is the first in these files: there it is 0.
    seal : dict, optional
        `Seal` as plain JSON: what is shown is sealed then.
    donors : path, optional
        File with recorded blocks that are shown, to be sealed as well.

    Raises
    ------
    FileError
        If a file cannot be written.
    """

    def __init__(
        self,
        files: SessionFiles,
        eeg: dict[str, Any],
        value_names: Sequence[str],
        append: bool = False,
        aux: dict[str, Any] | None = None,
        value_rate: float | None = None,
        about: dict[str, Any] | None = None,
        first_sample: int = 0,
        seal: dict[str, Any] | None = None,
        donors: str | None = None,
    ):
        self.files = files
        self._first_sample = first_sample
        about = about or {}
        date = about.get("date")
        self._sealed = None
        if seal is not None:
            self._sealed = SealedFile(files.sealed, seal, value_names, append, donors)
            value_names = self._sealed.visible
        if not append:
            write_sidecars(files, value_names)
        self._xdf = XdfWriter(files.eeg, append, date and datetime.fromisoformat(date))
        self._frame_log = FrameLog(files.frames, value_names, append)
        self._event_log = EventLog(files.events, append)
        written = (self._xdf, self._frame_log, self._event_log, self._sealed)
        self._all = [file for file in written if file is not None]
        rate = eeg["rate"]
        self._eeg = self._add(
            eeg["name"],
            "EEG",
            eeg["labels"],
            rate,
            eeg["format"],
            source_id=eeg["source_id"],
            units=eeg["units"],
            kinds=eeg.get("kinds"),
            positions=eeg["positions"],
            desc=_description(about),
        )
        columns = self._frame_log.columns
        self._sample_place = columns.index("sample")
        signals = [*value_names, "flags", "sample"]
        self._signals = self._add_own("Feedback", "Feedback", signals, value_rate or rate)
        self._frames = FramesStream(self._xdf, columns)
        self._events = self._add_own("Events", "Markers", ["event"], form="string")
        self._aux = None
        if aux is not None:
            self._aux = self._add_own("Aux", "Aux", aux["labels"], aux["rate"])
        if self._sealed is not None:
            for file in (self._xdf, self._frame_log, self._event_log):
                file.flush()  # what an earlier process left ends here
            self._sealed.watch(Watched(files.watched, append, files.events))
        self._origin: float | None = self._xdf.first_stamp(self._eeg)
        self.before: Left = self._left_before()
        self._in_xdf = set(self.before.commands)
        self._flushed: list[int] = []  # sizes of the files, in bytes
        self._n_flushed = 0
        try:
            self.flush()
        except OSError as error:
            raise FileError("file", f"{files}", f"cannot be written: {cause(error)}") from None
        if not append:
            files.release()

    def _left_before(self) -> Left:
        """Return what the files held already when they were continued."""
        events = [json.loads(text) for text in self._xdf.texts(self._events)]
        gaps = [event["detail"]["seconds"] for event in events if event["event"] == "gap"]
        return Left(
            n_samples=self.n_samples,
            stamps=self._xdf.last_stamps(self._eeg),
            n_gaps=len(gaps),
            lost_seconds=sum(gaps),
            commands=tuple(event["command"] for event in events if event.get("command")),
            restarts=frozenset(
                one["restarts"]
                for event in events
                if event["event"] == "worker_restarted"
                for one in (*event["detail"].get("earlier", ()), event["detail"])
            ),
        )

    @property
    def n_samples(self) -> int:
        """EEG samples that are in the files."""
        return self._xdf.count(self._eeg)

    def _add(self, *args: Any, **kwargs: Any) -> int:
        return add_on_own_clock(self._xdf, *args, **kwargs)

    def _add_own(
        self,
        name: str,
        kind: str,
        labels: Sequence[str],
        rate: float = 0.0,
        form: str = "double64",
    ) -> int:
        """Add a stream of ours; its `kind` and source id tell it from an amplifier so named."""
        return self._add(name, kind, labels, rate, form, source_id=own_source_id(name))

    def eeg(self, samples: np.ndarray, stamps: np.ndarray) -> None:
        """Write EEG samples (n, n_channels), in the stream's own format, and their stamps (n,)."""
        if self._origin is None:
            self._origin = float(stamps[0])
        self._xdf.write(self._eeg, samples, stamps)

    def aux(self, samples: np.ndarray, stamps: np.ndarray) -> None:
        """Write the second stream's samples and stamps."""
        self._xdf.write(self._aux, samples, stamps)

    def signals(
        self, values: np.ndarray, stamps: np.ndarray, flags: np.ndarray, samples: np.ndarray
    ) -> None:
        """Write what samples became: values (n, n_values), flags (n,), sample numbers (n,)."""
        samples = samples - self._first_sample
        if self._sealed is not None:
            values = self._sealed.signals(values, samples)
        rows = np.column_stack((values, flags, samples))
        self._xdf.write(self._signals, rows, stamps)

    def event(
        self,
        label: str,
        t: float,
        sample: int,
        kind: str,
        value: str | None,
        duration: float,
        detail: dict[str, Any] | None,
        command: int | None,
    ) -> None:
        """Write an event; that of a `command` whose number is there already is passed over."""
        origin = t if self._origin is None else self._origin
        sample = max(0, sample - self._first_sample)
        label, value = shortened(label), None if value is None else shortened(value)
        if self._sealed is not None:
            cells = (t - origin, duration, label, value, sample, t, detail)
            event = dict(zip(EVENT_COLUMNS, cells, strict=False))
            seen, detail = self._sealed.event(event, kind, command)
            if not seen:
                return
        self._event_log.write(t - origin, duration, label, value, sample, t, detail, command)
        content = {"event": label, "kind": kind, "value": value, "sample": sample, "detail": detail}
        if command is not None:
            if command in self._in_xdf:
                return
            self._in_xdf.add(command)
            content["command"] = command
        # Numbers of numpy, say, become texts: no event is worth the end of the recording.
        self._xdf.write(self._events, [[json.dumps(content, default=str)]], [t])

    def frames(self, rows: list[tuple[Any, ...]]) -> None:
        """Write rows of the frame log; those that are in it already are passed over."""
        if self._first_sample:
            place = self._sample_place
            rows = [
                (*row[:place], row[place] - self._first_sample, *row[place + 1 :]) for row in rows
            ]
        if self._sealed is not None:
            rows = self._sealed.frames(rows, self._frame_log.last_frame)
        self._frames.write(self._frame_log.write(rows))

    def counts(self) -> dict[str, int]:
        """Return how many samples of each stream, events and frames are in the files."""
        return self._xdf.counts()

    def flush(self) -> None:
        """Hand all that was written to the operating system.

        Raises
        ------
        OSError
            If a file cannot be written: its disk is full, above all.
        FileError
            If a file is gone: its folder was deleted or its disk removed, which a write does not
            tell.
        """
        for file in self._all:
            file.flush()
        sizes = []
        for file in self._all:
            try:
                sizes.append(os.path.getsize(file.path))
            except FileNotFoundError:
                raise FileError(
                    "file", str(file.path), "was deleted or moved while it was written"
                ) from None
        self._flushed, self._n_flushed = sizes, self.n_samples

    def abandon(self) -> int:
        """Leave the files as they were at the last flush; return their number of EEG samples.

        What was handed over since goes elsewhere, and none of it stays here, too. Harmless when
        called again.
        """
        for file, size in zip(self._all, self._flushed, strict=True):
            file.abandon(size)
        return self._n_flushed

    def close(self) -> list[Exception]:
        """Close all files, whatever happens to one of them; return what went wrong."""
        problems = []
        for file in self._all:
            try:
                file.close()
            except Exception as error:  # a disk that is full or gone, above all
                problems.append(error)
        return problems


def _description(about: dict[str, Any]) -> dict[str, Any]:
    """Return whose session it is in the words of XDF's meta-data, for the EEG's header."""
    if "participant" not in about:
        return {}
    return {
        "subject": {"id": about["participant"]},
        "experiment": {
            "session": {"id": about["session"]},
            "task": {"label": about["task"]},
            "run": about["run"],
        },
    }
