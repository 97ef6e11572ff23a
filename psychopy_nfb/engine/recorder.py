"""What the worker keeps of a run: samples, signals, events and frames, to the session's files."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pylsl

from psychopy_nfb.engine.acquisition import Acquisition
from psychopy_nfb.engine.block import Block, events_of
from psychopy_nfb.engine.event_recorder import EventRecorder
from psychopy_nfb.engine.experiment_events import ExperimentEvents
from psychopy_nfb.engine.frame_rows import FrameReader
from psychopy_nfb.engine.marker_clock import time_beside_eeg
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.recorded_stream import recorded_stream
from psychopy_nfb.engine.sample_batch import SampleBatch
from psychopy_nfb.engine.sample_index import SampleIndex
from psychopy_nfb.engine.settings_clerk import SettingsClerk
from psychopy_nfb.errors import FileError
from psychopy_nfb.lsl.markers import MarkerWatcher
from psychopy_nfb.recording import SessionFiles, SessionWriter, machine_facts
from psychopy_nfb.recording.session import temporary_files
from psychopy_nfb.settings import finite, to_dict

logger: logging.Logger = logging.getLogger(__name__)


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
    watch : callable
        Takes samples as the stream sent them and their stamps, all in turn and once, whether they
        are written or not.

    Attributes
    ----------
    experiment : ExperimentEvents
        Its marks and blocks.
    events : EventRecorder
        Writes these and all others.
    """

    def __init__(
        self,
        order: dict[str, Any],
        block: SharedBlock,
        source: Acquisition,
        processor: Processor,
        restore: dict[str, Any],
        watcher: MarkerWatcher | None,
        watch: Callable[[np.ndarray, np.ndarray], None],
    ):
        self._source = source
        self._watch = watch
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
        self._batch = SampleBatch()
        self._seen_flags = 0
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
        stamps = self._go_on(restore) if restore else np.empty(0)
        self.events: EventRecorder = EventRecorder(
            self._writer,
            processor,
            SampleIndex(source.info.rate, start=self.n_samples - len(stamps)),
            self.record_batch,
        )
        if len(stamps):
            self.events.take_samples(stamps, self.n_samples - len(stamps))

    def _go_on(self, restore: dict[str, Any]) -> np.ndarray:
        """Take over what an earlier worker has left; return the last stamps that it has written."""
        if self._writer is None:
            self.left = {"last": restore.get("t_sample"), "n_gaps": 0, "lost_seconds": 0.0}
            self.left |= {"n_samples": self.n_samples, "losses": restore["losses"]}
            return np.empty(0)
        before = self._writer.before
        self.n_samples = before.n_samples
        last = float(before.stamps[-1]) if len(before.stamps) else None
        self.left = {
            "last": last,
            "n_gaps": before.n_gaps,
            "lost_seconds": before.lost_seconds,
            "n_samples": self.n_samples,
            "stamps": before.stamps,
            "losses": restore["losses"],
        }
        return before.stamps

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
        self._settings = SettingsClerk(files.settings, new=new)
        sections = {
            "stream": facts,
            "delay": processor.delay,
            "delays": processor.delays,
            "settle": processor.settle,
            "configuration": self._settings_told(),
        }
        if new:
            machine = machine_facts()
            # By psychopy.useVersion an experiment may run on another one than is installed.
            experiment = dict(order["facts"]["experiment"])
            machine["packages"]["psychopy"] = experiment["psychopy"]
            # Also of a stream from elsewhere that says so itself.
            experiment["simulated"] = experiment["simulated"] or bool(facts.get("simulated"))
            self._settings.begin(
                {
                    "configuration_at_start": self._settings_told(),
                    "machine": machine,
                    **order["facts"],
                    "experiment": experiment,
                    **sections,
                }
            )
        else:
            # The last samples of a baseline may be in no file: no rerun could find it again.
            begun = {str(self._restore["restarts"]): self._settings_told()}
            earlier = self._settings.content.get("configuration_at_restart", {})
            self.remember(configuration_at_restart={**earlier, **begun}, **sections)
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
        self.events.write("recording_moved", detail=detail, kind="worker")
        for begun in self.experiment.open_blocks.values():
            # Or the rest would not have the block; what had not been flushed goes into it anyway.
            if begun["command"] is None or begun["command"] in writer.left:
                self.events.write(
                    **{key: begun[key] for key in ("label", "kind", "value", "detail")}
                )
        return {"kind": "recording_moved", "why": str(error), "stem": stem}

    def start(self, thresholds: dict[str, dict[str, float]]) -> None:
        """Note the beginning, of a successor with the `thresholds` that it went on with."""
        if self._restore:
            known = frozenset() if self._writer is None else self._writer.before.restarts
            told = [one for one in self._restore["earlier"] if one["restarts"] not in known]
            self.events.write(
                "worker_restarted",
                kind="worker",
                detail={
                    **{key: self._restore[key] for key in ("why", "restarts", "at")},
                    "earlier": told,
                    "baseline": self._restore["baseline"],
                    "trial": self._restore["trial"],
                    **self._restore["feedback"],
                    **({"thresholds": thresholds} if thresholds else {}),
                },
            )
        else:
            self.events.write("start", kind="worker")

    def take(self, native: np.ndarray, stamps: np.ndarray, block: Block, received: float) -> None:
        """Keep one block: samples as the stream sent them, (n, n_channels), and the outcome.

        They are recorded with those after them, by `look_after` or before the next event.
        """
        self.events.taken_at = received
        self._batch.add(native, stamps, block)

    def record_batch(self) -> None:
        """Record the samples that were taken since the last call, and have them watched."""
        taken = self._batch.take()
        if taken is None:
            return
        native, stamps, block = taken
        self._watch(native, stamps)
        first = self.n_samples
        self.n_samples += len(stamps)
        if self._writer is not None:
            self._writer.eeg(native, stamps)
        self.events.take_samples(stamps, first)
        if self._writer is None:
            return
        if len(block.rows):
            self._writer.signals(block.values, stamps[block.rows], block.flags, first + block.rows)
        for row, event in events_of(block, self._seen_flags):
            t = float(stamps[min(row, len(stamps) - 1)])
            self._writer.event(**event, t=t, sample=first + row)
        if block.bits:
            self._seen_flags = block.bits[-1]

    def kept(self) -> list[int]:
        """Return the numbers of the commands whose events have come into the files since."""
        return [] if self._writer is None else self._writer.kept()

    def look_after(self) -> None:
        """Record what was taken, and what came from elsewhere: markers, frames, a second stream."""
        self.record_batch()
        if self._watcher is not None:
            offset = self._source.clock_facts()["offset"]
            for marker in self._watcher.take():
                event = {
                    "label": "marker",
                    "value": marker.label,
                    "kind": "marker",
                    "detail": {"stream": marker.stream},
                }
                self.events.wait(time_beside_eeg(marker, offset), event)
            for sentence in self._watcher.take_notes():
                self._source.events.append(("marker_stream", {"sentence": sentence}))
        self.events.write_waiting(self._source.chunk_seconds, patient=True)
        if self._writer is None:
            self._source.aux_pulled.clear()
            return
        self._keep_frames(patient=True)
        self._keep_aux()

    def _keep_aux(self) -> None:
        """Write all that the second stream has sent since the last call."""
        while self._source.aux_pulled:
            self._writer.aux(*self._source.aux_pulled.popleft())

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
        self.record_batch()
        if self._writer is None:
            return
        self.events.write_waiting(self._source.chunk_seconds, patient=False)
        self._keep_frames(patient=False)
        self._keep_aux()
        if self.sealed:
            self.events.write("stages", kind="worker", detail=finite(sections.pop("stages", {})))
        self.events.write(reason, kind="worker")
        self.events.write_early(pylsl.local_clock(), self._processor.n_samples)
        self._writer.close()
        self.remember(**sections, counts=self._writer.counts(), ended=reason)
        self._settings.close()
