"""All files of a session, as the worker's loop hands things over."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.errors import FileError
from psychopy_nfb.recording.names import SessionFiles
from psychopy_nfb.recording.sidecars import write_sidecars
from psychopy_nfb.recording.tables import EventLog, FrameLog
from psychopy_nfb.recording.xdf import XdfWriter

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.25
"""How much a kill can cost."""
TEXT_COLUMNS = ("mark", "block")


class SessionWriter:
    """Takes what happens and writes it from a thread of its own.

    What the methods are handed is queued, which costs the caller microseconds. Nothing raises into
    the caller: when the disk is full or gone, `error` says so, and what was written stays readable.

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
    ):
        self.error: Exception | None = None
        about = about or {}
        date = about.get("date")
        if not append:
            write_sidecars(files, value_names)
        self._xdf = XdfWriter(files.eeg, append, date and datetime.fromisoformat(date))
        self._frame_log = FrameLog(files.frames, append, value_names)
        self._event_log = EventLog(files.events, append)
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
        numeric = [name for name in columns if name not in TEXT_COLUMNS]
        self._numeric_places = [columns.index(name) for name in numeric]
        self._flip_place = numeric.index("t_flip")
        signals = [*value_names, "flags", "sample"]
        self._signals = self._add_own("Feedback", "Feedback", signals, value_rate or rate)
        self._frames = self._add_own("Frames", "Frames", numeric)
        self._events = self._add_own("Events", "Markers", ["event"], form="string")
        self._aux = None
        if aux is not None:
            self._aux = self._add_own("Aux", "Aux", aux["labels"], aux["rate"])
        self._origin: float | None = self._xdf.first_stamp(self._eeg)
        self.eeg_before = self._xdf.count(self._eeg)
        """EEG samples that were in the file already when it was continued."""
        self._jobs: deque[tuple[Callable, tuple]] = deque()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    def _add(self, *args: Any, **kwargs: Any) -> int:
        """Add a stream whose stamps are on this computer's LSL clock, as all are here.

        Without that word pyxdf warns of each stream. A continued stream has it again: its first
        one may have been lost with the process that wrote the header.
        """
        number = self._xdf.add_stream(*args, **kwargs)
        self._xdf.clock_offset(number, lsl_now(), 0.0)
        return number

    def _add_own(
        self,
        name: str,
        kind: str,
        labels: Sequence[str],
        rate: float = 0.0,
        form: str = "double64",
    ) -> int:
        """Add a stream of ours; its `kind` and source id tell it from an amplifier so named."""
        source_id = f"psychopy_nfb_{name.casefold()}"
        return self._add(name, kind, labels, rate, form, source_id=source_id)

    def eeg(self, samples: np.ndarray, stamps: np.ndarray) -> None:
        """Take EEG samples (n, n_channels), in the stream's own format, and their stamps (n,)."""
        if self._origin is None:
            self._origin = float(stamps[0])
        self._jobs.append((self._xdf.write, (self._eeg, samples.copy(), stamps)))

    def aux(self, samples: np.ndarray, stamps: np.ndarray) -> None:
        """Take the second stream's samples and stamps, which the caller must not change."""
        self._jobs.append((self._xdf.write, (self._aux, samples, stamps)))

    def signals(
        self, values: np.ndarray, stamps: np.ndarray, flags: np.ndarray, samples: np.ndarray
    ) -> None:
        """Take what samples became: values (n, n_values), flags (n,), sample numbers (n,)."""
        self._jobs.append((self._write_signals, (values, stamps, flags, samples)))

    def event(
        self,
        label: str,
        t: float,
        sample: int,
        *,
        kind: str,
        value: str | None = None,
        duration: float = 0.0,
        detail: dict | None = None,
    ) -> None:
        """Take an event: ``trial_type`` `label` at LSL time `t`, at `sample`."""
        arguments = (label, t, sample, kind, value, duration, detail)
        self._jobs.append((self._write_event, arguments))

    def frames(self, rows: list[tuple]) -> None:
        """Take rows of the frame log; those that are in it already are passed over."""
        self._jobs.append((self._write_frames, (rows,)))

    def counts(self) -> dict[str, int]:
        """Return how many samples of each stream, events and frames are in the files."""
        return self._xdf.counts()

    def close(self) -> None:
        """Write what is left and close the files. Harmless when called again."""
        self._ended.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ended.wait(FLUSH_SECONDS):
            self._drain()
        self._drain()
        for file in (self._xdf, self._frame_log, self._event_log):
            self._guarded(file.close)

    def _drain(self) -> None:
        while self._jobs:
            job, arguments = self._jobs.popleft()
            self._guarded(job, *arguments)
        for file in (self._xdf, self._frame_log, self._event_log):
            self._guarded(file.flush)
        self._guarded(self._check_there)

    def _check_there(self) -> None:
        """Find out that the folder was deleted or its disk removed, which a write does not tell."""
        for file in (self._xdf, self._frame_log, self._event_log):
            if not file.path.exists():
                raise FileError("file", str(file.path), "was deleted or moved while it was written")

    def _guarded(self, job: Callable, *arguments: object) -> None:
        """Do a job on the files; once one has failed, no more, which could tear what is there."""
        closing = job in (self._xdf.close, self._frame_log.close, self._event_log.close)
        if self.error is not None and not closing:
            return
        try:
            job(*arguments)
        except Exception as error:
            if self.error is None:
                self.error = error
                logger.exception("The recording stopped.")  # where, is in the worker's log file

    def _write_signals(
        self, values: np.ndarray, stamps: np.ndarray, flags: np.ndarray, samples: np.ndarray
    ) -> None:
        self._xdf.write(self._signals, np.column_stack((values, flags, samples)), stamps)

    def _write_event(
        self,
        label: str,
        t: float,
        sample: int,
        kind: str,
        value: str | None,
        duration: float,
        detail: dict | None,
    ) -> None:
        origin = t if self._origin is None else self._origin
        self._event_log.write(t - origin, duration, label, value, sample, t, detail)
        content = {"event": label, "kind": kind, "value": value, "sample": sample, "detail": detail}
        # Numbers of numpy, say, become texts: no event is worth the end of the recording.
        self._xdf.write(self._events, [[json.dumps(content, default=str)]], [t])

    def _write_frames(self, rows: list[tuple]) -> None:
        new = self._frame_log.write(rows)
        if new:
            numbers = np.array(
                [[row[place] for place in self._numeric_places] for row in new], float
            )
            self._xdf.write(self._frames, numbers, numbers[:, self._flip_place])


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
