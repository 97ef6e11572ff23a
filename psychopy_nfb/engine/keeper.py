"""What the worker keeps of a run: samples, signals, events and frames, to the session's files."""

from __future__ import annotations

import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pylsl

from psychopy_nfb.channels import EEG
from psychopy_nfb.dsp import SignalInfo, flag_names
from psychopy_nfb.engine.frame_rows import frame_row
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.engine.processor import Block, Processor
from psychopy_nfb.engine.sample_index import SampleIndex
from psychopy_nfb.engine.source import Source
from psychopy_nfb.errors import FileError
from psychopy_nfb.lsl.continuity import Gap
from psychopy_nfb.lsl.markers import OWN_SOURCE_ID, MarkerWatcher
from psychopy_nfb.recording import SessionFiles, SessionRecord, SessionWriter, machine_facts
from psychopy_nfb.settings import to_dict

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.5
"""How long an event waits for the sample it belongs to, and a frame for the text of its mark."""
UNITS = {1e6: "volts", 1e3: "millivolts", 1.0: "microvolts", 1e-3: "nanovolts"}
"""Names of units by how many microvolts they are: samples are kept as the stream sent them."""


class Keeper:
    """Everything of a run that goes to disk, or nothing if the run has no session.

    Parameters
    ----------
    order : dict
        The worker's first command.
    block : SharedBlock
        Where the frame records come from.
    source : Source
        Where the samples come from.
    processor : Processor
        What they pass through.
    restore : dict
        What an earlier worker of this run had reached; empty for the first.
    """

    def __init__(
        self,
        order: dict,
        block: SharedBlock,
        source: Source,
        processor: Processor,
        restore: dict,
    ):
        self._block = block
        self._source = source
        self._processor = processor
        self._restore = restore
        self._labels = {
            kind: {int(number): label for number, label in texts.items()}
            for kind, texts in restore.get("labels", {"mark": {}, "block": {}}).items()
        }
        self._index = SampleIndex(source.info.rate, start=processor.n_samples)
        self._pending: deque[tuple[float, dict]] = deque()
        self._blocks: dict[int, float] = {}
        self._seen_flags = 0
        self._last_t: float | None = None
        self._early: list[dict] = []
        self._frames_seen = 0
        self._writer: SessionWriter | None = None
        self._record: SessionRecord | None = None
        self._settings_error: str | None = None
        self._unreported: deque[str] = deque()
        self._watcher = MarkerWatcher({OWN_SOURCE_ID}) if processor.configuration.markers else None
        self._lost: FileError | None = None
        if order["session"] is not None:
            try:
                self._open(order)
            except FileError as error:
                if not restore:
                    raise
                self._writer = self._record = None
                self._lost = error  # the feedback goes on

    def _open(self, order: dict) -> None:
        """Open the session's files, or those that an earlier worker of this run has left."""
        source, processor, restore = self._source, self._processor, self._restore
        files = SessionFiles.from_stem(order["session"])
        facts: dict[str, Any] = source.facts()
        # Settings are written by another thread: the disk may take its time.
        self._clerk = ThreadPoolExecutor(1, thread_name_prefix="settings")
        self._record = SessionRecord.load(files.settings)
        if not restore:
            machine = machine_facts()
            # By psychopy.useVersion an experiment may run on another one than is installed.
            machine["packages"]["psychopy"] = order["facts"]["experiment"]["psychopy"]
            self.remember(
                configuration_at_start=to_dict(processor.configuration),
                machine=machine,
                **order["facts"],
            )
        self.remember(stream=facts, delay=processor.delay, settle=processor.settle)
        self.remember_configuration()
        aux = source.aux_info
        self._writer = SessionWriter(
            files,
            {
                "name": facts["name"],
                "labels": source.info.labels,
                "rate": source.info.rate,
                "format": str(source.format),
                "units": _units(source.info, facts),
                "kinds": [source.info.kinds.get(label, EEG) for label in source.info.labels],
                "source_id": facts["source_id"],
                "positions": source.info.positions,
            },
            processor.configuration.value_names,
            append=bool(restore),
            aux=None if aux is None else {"labels": aux.labels, "rate": aux.rate},
            value_rate=processor.rate,
            about=order["facts"].get("session"),
        )

    @property
    def error(self) -> str | None:
        """Why nothing more could be written, or None."""
        if self._writer is None or self._writer.error is None:
            return self._settings_error
        return str(self._writer.error)

    def unreported(self) -> str | None:
        """Return a failed write of the settings that the experiment has not been told yet."""
        return self._unreported.popleft() if self._unreported else None

    @property
    def stopped(self) -> str | None:
        """Why samples, events and frames are no longer written, or None."""
        error = self._lost if self._writer is None else self._writer.error
        return None if error is None else str(error)

    def start(self) -> None:
        """Note the beginning."""
        if self._restore:
            self.event(
                "worker_restarted",
                kind="worker",
                detail={
                    "why": self._restore["why"],
                    "restarts": self._restore["restarts"],
                    "recorded": None if self._writer is None else self._writer.eeg_before,
                },
            )
        else:
            self.event("start", kind="worker")

    def take(self, native: np.ndarray, stamps: np.ndarray, block: Block) -> None:
        """Keep one block: samples as the stream sent them, (n, n_channels), and the outcome."""
        self._index.extend(stamps)
        self._last_t = float(stamps[-1])
        if self._writer is None:
            return
        self._writer.eeg(native, stamps)
        if self._early:
            self._keep_early(float(stamps[0]), self._processor.n_samples - len(stamps))
        if len(block.rows):
            first = self._processor.n_samples - len(stamps)
            self._writer.signals(block.values, stamps[block.rows], block.flags, first + block.rows)
        bits = int(block.flags.max()) if len(block.flags) else 0
        if bits != self._seen_flags or bits and len(block.flags) > 1:
            self._flag_events(block, stamps)

    def _flag_events(self, block: Block, stamps: np.ndarray) -> None:
        """Mark in the data where the flags change."""
        changed = np.flatnonzero(np.diff(block.flags, prepend=np.uint32(self._seen_flags)))
        first = self._processor.n_samples - len(stamps)
        for place in changed:
            row = int(block.rows[place])
            now = int(block.flags[place])
            self.event(
                "flags",
                t=float(stamps[row]),
                sample=first + row,
                value="+".join(flag_names(now)) or "clean",
                kind="flags",
            )
        if len(block.flags):
            self._seen_flags = int(block.flags[-1])

    def gaps(self, gaps: list[Gap], first: int) -> None:
        """Mark lost samples: the event's sample is the first one after them."""
        for gap in gaps:
            self.event(
                "gap",
                t=gap.t,
                sample=first + gap.row,
                kind="stream",
                duration=gap.seconds,
                detail={"seconds": gap.seconds},
            )

    def event(
        self,
        label: str,
        *,
        kind: str,
        t: float | None = None,
        sample: int | None = None,
        value: str | None = None,
        duration: float = 0.0,
        detail: dict | None = None,
    ) -> None:
        """Write an event; without `t` and `sample` it lies before the next sample.

        Before the first sample such an event waits for it: what the inlet has waiting is older than
        now.
        """
        if self._writer is None:
            return
        what = {"kind": kind, "value": value, "duration": duration, "detail": detail}
        if t is None and self._last_t is None:
            self._early.append({"label": label, **what})
            return
        self._writer.event(
            label,
            self._last_t if t is None else t,
            self._processor.n_samples if sample is None else sample,
            **what,
        )

    def _keep_early(self, t: float, sample: int) -> None:
        """Write what happened before the first sample, as of that one."""
        for event in self._early:
            self._writer.event(t=t, sample=sample, **event)
        self._early.clear()

    def mark(self, number: int, label: str, t: float) -> None:
        """Keep a mark of the experiment, once the sample at its time has come."""
        if number:
            self._labels["mark"][number] = label
        self._pending.append((t, {"label": "mark", "value": label, "kind": "experiment"}))

    def block(self, command: dict) -> None:
        """Keep the beginning or the end of a block of the experiment."""
        number, t = command["id"], command["t"]
        self._labels["block"][number] = command["label"]
        event = {
            "label": f"block_{command['edge']}",
            "value": command["label"],
            "kind": "experiment",
            "detail": {"block": number, "feedback": command["feedback"]},
        }
        if command["edge"] == "begin":
            self._blocks[number] = t
        else:
            event["duration"] = t - self._blocks.get(number, t)
        self._pending.append((t, event))

    def look_after(self) -> None:
        """Keep what came from elsewhere: markers, frames, what the second stream sent."""
        if self._watcher is not None:
            for marker in self._watcher.take():
                event = {
                    "label": "marker",
                    "value": marker.label,
                    "kind": "marker",
                    "detail": {"stream": marker.stream},
                }
                self._pending.append((marker.t, event))
            for sentence in self._watcher.take_notes():
                self._source.events.append(("marker_stream", {"why": sentence}))
        if self._writer is None:
            self._pending.clear()
            self._source.aux_pulled.clear()
            return
        self._keep_pending(patient=True)
        self._keep_frames(patient=True)
        self._keep_aux()

    def _keep_aux(self) -> None:
        """Write all that the second stream has sent since the last call."""
        while self._source.aux_pulled:
            self._writer.aux(*self._source.aux_pulled.popleft())

    def _keep_pending(self, patient: bool) -> None:
        """Write the events whose sample has come; without patience all of them."""
        waiting = []
        now = pylsl.local_clock()
        while self._pending:
            t, event = self._pending.popleft()
            sample = self._index.at(t)
            if sample is None and patient and now - t < PATIENCE_SECONDS:
                waiting.append((t, event))
            else:
                self.event(
                    **event, t=t, sample=self._processor.n_samples if sample is None else sample
                )
        self._pending.extend(waiting)

    def _keep_frames(self, patient: bool) -> None:
        """Write the frames that were shown since the last call."""
        rows = []
        now = pylsl.local_clock()
        for record in self._block.frames.since(self._frames_seen):
            row = frame_row(record, self._labels)
            if row is None:
                if patient and now - record[6] < PATIENCE_SECONDS:
                    break  # its mark is on the way
                row = frame_row(record, _numbers_as_texts(record, self._labels))
            rows.append(row)
            self._frames_seen = record[0]
        if rows:
            self._writer.frames(rows)

    def remember(self, **sections: object) -> None:
        """Put sections into the session's settings file."""
        if self._record is not None:
            self._clerk.submit(self._write_settings, sections)

    def _write_settings(self, sections: dict) -> None:
        """Write the settings file; a failure is reported, and what it lacks comes with the next."""
        try:
            self._record.update(**sections)
        except Exception as error:  # whatever it is, the future would keep it to itself
            logger.error("Settings: %s", error)
            if self._settings_error is None:
                self._unreported.append(str(error))
            self._settings_error = str(error)
        else:
            self._settings_error = None

    def remember_configuration(self) -> None:
        """Put the settings as they are now, baseline and fitted filters included, into the file."""
        self.remember(configuration=to_dict(self._processor.configuration))

    def finish(self, reason: str, **sections: object) -> None:
        """Write what is left and close the files."""
        if self._watcher is not None:
            self.look_after()
            self._watcher.close()
        if self._writer is None:
            return
        self._keep_pending(patient=False)
        self._keep_frames(patient=False)
        self._keep_aux()
        self.event(reason, kind="worker")
        self._keep_early(pylsl.local_clock(), self._processor.n_samples)
        self._writer.close()
        self.remember(**sections, counts=self._writer.counts(), ended=reason)
        self._clerk.shutdown(wait=True)


def _units(info: SignalInfo, facts: dict[str, Any]) -> list[str]:
    """Return the units of samples as they are kept; none for those of a second stream."""
    voltages = info.voltages
    units = [
        UNITS.get(scale, f"{scale:g} microvolts") if place in voltages else unit
        for place, (scale, unit) in enumerate(
            zip(facts["microvolts_per_unit"], facts["units"], strict=True)
        )
    ]
    return units + [""] * (info.n_channels - len(units))


def _numbers_as_texts(record: tuple, labels: dict[str, dict]) -> dict[str, dict]:
    """Return `labels` with the numbers of this record's mark and block as their own texts."""
    mark, block = record[15], record[16]
    return {
        "mark": {mark: str(mark), **labels["mark"]},
        "block": {block: str(block), **labels["block"]},
    }
