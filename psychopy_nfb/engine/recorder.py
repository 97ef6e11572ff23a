"""What the worker keeps of a run: samples, signals, events and frames, to the session's files."""

from __future__ import annotations

import logging
import math
from collections import deque
from dataclasses import replace
from typing import Any

import numpy as np
import pylsl

from psychopy_nfb.engine.acquisition import Acquisition
from psychopy_nfb.engine.block import Block, events_of
from psychopy_nfb.engine.experiment_events import ExperimentEvents
from psychopy_nfb.engine.frame_rows import PATIENCE_SECONDS, FrameReader
from psychopy_nfb.engine.marker_clock import time_beside_eeg
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.recorded_stream import recorded_stream
from psychopy_nfb.engine.sample_batch import SampleBatch
from psychopy_nfb.engine.sample_index import SampleIndex
from psychopy_nfb.engine.settings_clerk import SettingsClerk
from psychopy_nfb.errors import FileError
from psychopy_nfb.lsl.continuity import Gap
from psychopy_nfb.lsl.markers import MarkerWatcher
from psychopy_nfb.lsl.stamps_heard import FOREIGN_SECONDS
from psychopy_nfb.recording import SessionFiles, SessionWriter, machine_facts
from psychopy_nfb.recording.session import temporary_files
from psychopy_nfb.settings import finite, to_dict

logger: logging.Logger = logging.getLogger(__name__)

ON_ITS_WAY_SECONDS = PATIENCE_SECONDS + FOREIGN_SECONDS
"""How long an event waits for the sample it belongs to, beside the time from chunk to chunk, once
no more samples come: those that come may be old, after a start or a standstill."""


class Recorder:
    """Everything of a run that goes to disk, or nothing if the run has no session.

    Parameters
    ----------
    order : dict
        The worker's first command.
    block : SharedBlock
        Where the frame records come from.
    source : Acquisition
        Where the samples come from.
    processor : Processor
        What they pass through.
    restore : dict
        What an earlier worker of this run had reached; empty for the first.
    watcher : MarkerWatcher or None
        Collects the markers of other programs.

    Attributes
    ----------
    experiment : ExperimentEvents
        Its marks and blocks.
    """

    def __init__(
        self,
        order: dict[str, Any],
        block: SharedBlock,
        source: Acquisition,
        processor: Processor,
        restore: dict[str, Any],
        watcher: MarkerWatcher | None,
    ):
        self._source = source
        self._processor = processor
        self._restore = restore
        self.experiment: ExperimentEvents = ExperimentEvents(
            restore.get("labels", {"mark": {}, "block": {}}), restore.get("open_blocks", ())
        )
        self.n_samples: int = restore.get("n_samples", 0)
        """Samples of the session up to the last that was recorded; at first those that an earlier
        worker has left, in its files where it wrote them."""
        self.left: dict[str, Any] = {}
        """What an earlier worker left of the stream's continuity, for `Continuity.resume`."""
        self._index = SampleIndex(source.info.rate)
        self._batch = SampleBatch()
        self._pending: deque[tuple[float, dict[str, Any]]] = deque()
        self._seen_flags = 0
        self._last_t: float | None = None
        self._taken_at = -math.inf
        self._early: list[dict[str, Any]] = []
        self._frames = FrameReader(block.frames, self.experiment.labels)
        self._writer: SessionWriter | None = None
        self._settings: SettingsClerk | None = None
        self._told: tuple[Any, ...] | None = None
        self._watcher = watcher
        self._lost: FileError | None = None
        self.sealed: bool = order["seal"] is not None
        if order["session"] is not None:
            try:
                self._open(order, SessionFiles.from_stem(order["session"]))
            except FileError as error:
                if not restore:
                    raise
                self._begin_elsewhere(order, error)
        if restore:
            self._go_on(restore)

    def _go_on(self, restore: dict[str, Any]) -> None:
        """Take over what an earlier worker has left, from its files or its last record."""
        if self._writer is None:
            self.left = {"last": restore.get("t_sample"), "n_gaps": 0, "lost_seconds": 0.0}
            self._index = SampleIndex(self._source.info.rate, start=self.n_samples)
            return
        before = self._writer.before
        self.n_samples = before.n_samples
        last = float(before.stamps[-1]) if len(before.stamps) else None
        self.left = {"last": last, "n_gaps": before.n_gaps, "lost_seconds": before.lost_seconds}
        first = self.n_samples - len(before.stamps)
        self._index = SampleIndex(self._source.info.rate, start=first)
        if last is not None:
            self._index.extend(before.stamps)
            self._last_t = last

    def _begin_elsewhere(self, order: dict[str, Any], error: FileError) -> None:
        """Write what comes to a temporary folder: the earlier worker's files are gone."""
        self._writer = self._settings = None
        self._lost = error
        try:
            self._open(order, temporary_files(SessionFiles.from_stem(order["session"])), new=True)
        except (OSError, FileError):  # the feedback goes on
            logger.exception("Nothing can be recorded any more.")
            self._writer = self._settings = None

    def _open(self, order: dict[str, Any], files: SessionFiles, new: bool = False) -> None:
        """Open the session's files, or those that an earlier worker of this run has left."""
        source, processor = self._source, self._processor
        new = new or not self._restore
        facts: dict[str, Any] = source.facts()
        self._files = files
        self._settings = SettingsClerk(files.settings, new=self._lost is not None)
        if new:
            machine = machine_facts()
            # By psychopy.useVersion an experiment may run on another one than is installed.
            experiment = dict(order["facts"]["experiment"])
            machine["packages"]["psychopy"] = experiment["psychopy"]
            # Also of a stream from elsewhere that says so itself.
            experiment["simulated"] = experiment["simulated"] or bool(facts.get("simulated"))
            self.remember(
                configuration_at_start=self._settings_told(),
                machine=machine,
                **{**order["facts"], "experiment": experiment},
            )
        else:
            # The last samples of a baseline may be in no file: no rerun could find it again.
            begun = {str(self._restore["restarts"]): self._settings_told()}
            earlier = self._settings.content.get("configuration_at_restart", {})
            self.remember(configuration_at_restart={**earlier, **begun})
        self.remember(
            stream=facts, delay=processor.delay, delays=processor.delays, settle=processor.settle
        )
        self.remember_configuration()
        aux = source.aux_info
        self._writer = SessionWriter(
            files,
            recorded_stream(source),
            processor.configuration.value_names,
            append=not new,
            aux=None if aux is None else {"labels": aux.labels, "rate": aux.rate},
            value_rate=processor.rate,
            about=order["facts"].get("session"),
            seal=order["seal"],
            donors=order["donors"],
        )

    @property
    def error(self) -> str | None:
        """Why nothing more could be written, or None."""
        if self._writer is None or self._writer.error is None:
            return None if self._settings is None else self._settings.error
        return str(self._writer.error)

    def unreported(self) -> str | None:
        """Return a failed write of the settings that the experiment has not been told yet."""
        return None if self._settings is None else self._settings.unreported()

    def news(self) -> dict[str, Any] | None:
        """Return a message for the experiment when the recording has stopped or goes on elsewhere.

        None when there is nothing new.
        """
        writer = self._writer
        error = self._lost if writer is None or writer.error is None else writer.error
        if error is None:
            return None
        stem = None if writer is None or not writer.writes else str(writer.files.stem)
        if (stem, str(error)) == self._told:
            return None
        self._told = stem, str(error)
        if stem is None:
            return {"kind": "recording_stopped", "why": str(error)}
        detail = {"why": str(error), "from": str(self._files.stem)}
        if writer.files != self._files:
            self._files.leave_word(f"{error} The rest of the session is in {stem}_*")
            self._files = writer.files
            self._settings.move(writer.files.settings)
        self.event("recording_moved", detail=detail, kind="worker")
        for begun in self.experiment.open_blocks.values():
            # Or the rest would not have the block; what had not been flushed goes into it anyway.
            if begun["command"] is None or begun["command"] in writer.left:
                self.event(**{key: begun[key] for key in ("label", "kind", "value", "detail")})
        return {"kind": "recording_moved", "why": str(error), "stem": stem}

    def start(self, thresholds: dict[str, dict[str, float]]) -> None:
        """Note the beginning, of a successor with the `thresholds` that it went on with."""
        if self._restore:
            self.event(
                "worker_restarted",
                kind="worker",
                detail={
                    "why": self._restore["why"],
                    "restarts": self._restore["restarts"],
                    "baseline": self._restore["baseline"],
                    **self._restore["feedback"],
                    **({"thresholds": thresholds} if thresholds else {}),
                },
            )
        else:
            self.event("start", kind="worker")

    def take(self, native: np.ndarray, stamps: np.ndarray, block: Block, received: float) -> None:
        """Keep one block: samples as the stream sent them, (n, n_channels), and the outcome.

        They are recorded with those after them, by `look_after` or before the next event.
        """
        self._taken_at = received
        self._batch.add(native, stamps, block)

    def _record_batch(self) -> None:
        """Record the samples that were taken since the last call."""
        taken = self._batch.take()
        if taken is None:
            return
        native, stamps, block = taken
        first = self.n_samples
        self.n_samples += len(stamps)
        self._index.extend(stamps)
        self._last_t = float(stamps[-1])
        if self._writer is None:
            return
        self._writer.eeg(native, stamps)
        if self._early:
            self._write_early(float(stamps[0]), first)
        if len(block.rows):
            self._writer.signals(block.values, stamps[block.rows], block.flags, first + block.rows)
        for row, event in events_of(block, self._seen_flags):
            t = float(stamps[min(row, len(stamps) - 1)])
            self._writer.event(**event, t=t, sample=first + row)
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
        detail: dict[str, Any] | None = None,
        command: int | None = None,
    ) -> None:
        """Write an event; without `t` and `sample` it lies before the next sample.

        Before the first sample such an event waits for it: what the inlet has waiting is older than
        now. The event of a command has its number, so that it is written once.
        """
        if self._writer is None:
            return
        self._record_batch()  # what came before it is written before it
        what = {
            "kind": kind,
            "value": value,
            "duration": duration,
            "detail": detail,
            "command": command,
        }
        if t is None and self._last_t is None:
            self._early.append({"label": label, **what})
            return
        self._writer.event(
            label,
            self._last_t if t is None else t,
            self._processor.n_samples if sample is None else sample,
            **what,
        )

    def _write_early(self, t: float, sample: int) -> None:
        """Write what happened before the first sample, as of that one."""
        for event in self._early:
            self._writer.event(t=t, sample=sample, **event)
        self._early.clear()

    def shown(self, source: str, turn: int, called: float | None) -> None:
        """Write from which sample on something else is shown."""
        self.event(
            "shown",
            t=called,
            kind="command",
            detail={"shown": source, "turn": turn},
        )

    def command_event(
        self, number: int, event: dict[str, Any], called: float
    ) -> dict[str, Any] | None:
        """Keep the event of a command that was obeyed now; return it for whom it may be lost to.

        One that has a time of its own is written once the sample at that time has come; others
        take effect from the next sample on, and happened when they were `called`. None where
        nothing is kept.
        """
        if self._writer is None:
            return None
        if "t" not in event:
            self._record_batch()
            after = self._last_t
            t = None if after is None else called
            event = {**event, "t": t, "sample": self._processor.n_samples, "after": after}
        self.keep(number, event)
        return event

    def keep(self, number: int, event: dict[str, Any]) -> None:
        """Keep the event of the command `number`."""
        event = {**event, "command": number}
        t, sample = event.pop("t"), event.pop("sample", None)
        event.pop("after", None)
        if t is None:  # before the first sample
            self.event(**event)
        elif sample is None:
            self._pending.append((t, event))
        else:
            self.event(**event, t=t, sample=sample)

    def keep_again(self, number: int, event: dict[str, Any]) -> None:
        """Keep the event of a command that an earlier worker has obeyed.

        The last samples that it had are not in its files: what it did then comes where these end.
        """
        if event.get("after") is not None:
            self._record_batch()
            event = {**event, "sample": self._index.after(event["after"])}
        self.keep(number, event)

    def kept(self) -> list[int]:
        """Return the numbers of the commands whose events have come into the files since."""
        return [] if self._writer is None else self._writer.kept()

    def look_after(self) -> None:
        """Record what was taken, and what came from elsewhere: markers, frames, a second stream."""
        self._record_batch()
        if self._watcher is not None:
            offset = self._source.clock_facts()["offset"]
            for marker in self._watcher.take():
                event = {
                    "label": "marker",
                    "value": marker.label,
                    "kind": "marker",
                    "detail": {"stream": marker.stream},
                }
                self._pending.append((time_beside_eeg(marker, offset), event))
            for sentence in self._watcher.take_notes():
                self._source.events.append(("marker_stream", {"sentence": sentence}))
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
        """Write the events whose sample has come; without patience all of them.

        However long a sample is on its way, its own stamp says to which the event belongs. What
        lies in the future is by another clock and waits for nothing.
        """
        waiting = []
        now = pylsl.local_clock()
        patience = ON_ITS_WAY_SECONDS + self._source.chunk_seconds
        while self._pending:
            t, event = self._pending.popleft()
            sample = self._index.at(t)
            if event.get("command"):  # the experiment has it until it is in the files
                waits = t - now < PATIENCE_SECONDS
            else:
                waits = now - max(t, self._taken_at) < patience
            if sample is None and patient and waits:
                waiting.append((t, event))
            else:
                self.event(
                    **event, t=t, sample=self._processor.n_samples if sample is None else sample
                )
        self._pending.extend(waiting)

    def _keep_frames(self, patient: bool) -> None:
        """Write the frames that were shown since the last call."""
        rows = [row for _, row in self._frames.take(patient)]
        if rows:
            self._writer.frames(rows)

    def remember(self, **sections: object) -> None:
        """Put sections into the session's settings file."""
        if self._settings is not None:
            self._settings.write(sections)

    def remember_configuration(self) -> None:
        """Put the settings as they are now, baseline and fitted filters included, into the file."""
        self.remember(configuration=self._settings_told())

    def _settings_told(self) -> dict[str, Any]:
        """Return the settings as they are now; of a sealed session without what could be shown."""
        configuration = self._processor.configuration
        return to_dict(replace(configuration, shown={}) if self.sealed else configuration)

    def finish(self, reason: str, **sections: object) -> None:
        """Write what is left and close the files."""
        if self._watcher is not None:
            self.look_after()
            self._watcher.close()
        self._record_batch()
        if self._writer is None:
            return
        self._keep_pending(patient=False)
        self._keep_frames(patient=False)
        self._keep_aux()
        if self.sealed:
            self.event("stages", kind="worker", detail=finite(sections.pop("stages", {})))
        self.event(reason, kind="worker")
        self._write_early(pylsl.local_clock(), self._processor.n_samples)
        self._writer.close()
        self.remember(**sections, counts=self._writer.counts(), ended=reason)
        self._settings.close()
