"""The worker's loop: samples in, one feedback record out, and everything kept."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pylsl

from psychopy_nfb.dsp import ChannelQuality, Flags
from psychopy_nfb.engine.configuration import read_configuration
from psychopy_nfb.engine.control import ControlLine
from psychopy_nfb.engine.keeper import Keeper
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.engine.processor import Block, Processor
from psychopy_nfb.engine.source import Source
from psychopy_nfb.errors import NfbError
from psychopy_nfb.lsl.continuity import Continuity
from psychopy_nfb.lsl.outlet import make_outlet
from psychopy_nfb.settings import to_dict

PULL_SECONDS = 0.02
"""Longest wait for samples: how late a command can be when nothing arrives."""
NO_DATA_SECONDS = 0.1
VERDICTS_SECONDS = 0.25
CHORES_SECONDS = 0.1
"""How often markers, frame records and stream events are looked after."""


class Loop:
    """One run of the worker.

    Parameters
    ----------
    order : dict
        The first command: ``configuration``, ``session`` (the files' stem or None), ``facts`` for
        the settings file, ``counting`` (whether points count until a block says otherwise),
        ``restore`` (what an earlier worker of this run had reached, or None).
    block : SharedBlock
        Where feedback goes and frames come from.
    control : ControlLine
        Further commands and messages.
    source : Source
        The opened streams.

    Raises
    ------
    NfbError
        If the configuration does not fit the stream.
    """

    def __init__(self, order: dict, block: SharedBlock, control: ControlLine, source: Source):
        self.control = control
        self.block = block
        self.source = source
        self.processor = Processor(read_configuration(order["configuration"]), source.info)
        self.continuity = Continuity(source.info.rate, self.processor.configuration.gap_seconds)
        restore = order.get("restore") or {}
        self.processor.counting = order["counting"]
        self.processor.n_samples = restore.get("n_samples", 0)
        if restore:
            self.processor.feedback.restore(restore["feedback"])
            self.processor.paused = restore["paused"]
            self.processor.gap()
            if restore["baseline"]:
                self.processor.begin_baseline(restore["baseline"])
        self._outlet = self._make_outlet() if self.processor.configuration.publish else None
        self.keeper = Keeper(order, block, source, self.processor, restore)
        self._quality: ChannelQuality | None = None
        self._verdicts_at = 0.0
        self._watch_channels(restore.get("watching", False))
        self._running = True
        self._last_received = pylsl.local_clock()
        self._last_record: tuple | None = None
        self._chores_at = 0.0
        self._no_data = False
        self._told_stopped = False
        self.loop_seconds = 0.0
        self.stage_seconds = {"receive": 0.0, "publish": 0.0, "record": 0.0}
        self.largest_block = 0

    def run(self) -> None:
        """Go round until told to stop or the experiment is gone."""
        self.control.send(
            "ready",
            stream=self.source.facts(),
            delay=self.processor.delay,
            settle=self.processor.settle,
            rate=self.processor.rate,
        )
        self.keeper.start()
        self._note_counting()
        while self._running and not self.control.ended.is_set():
            pulled = self.source.pull(PULL_SECONDS)
            now = self.block.heartbeat = pylsl.local_clock()
            started = perf_counter()
            while (command := self.control.take()) is not None:
                self._obey(command)
            if pulled is not None:
                self._take(*pulled, now, started)
            elif now - self._last_received > NO_DATA_SECONDS:
                self._publish_no_data()
            if now > self._chores_at:
                self._chores_at = now + CHORES_SECONDS
                self._chores()

    def _take(
        self, samples: np.ndarray, stamps: np.ndarray, received: float, started: float
    ) -> None:
        """Carry the samples that arrived to shared memory, then to disk."""
        first = self.processor.n_samples
        self._last_received = received
        gaps = self.continuity.check(stamps)
        if len(samples) > self.largest_block:
            self.largest_block = len(samples)
        processing = perf_counter()
        if gaps:
            block = self._process_around(gaps, samples)
            self.keeper.gaps(gaps, first)
        else:
            block = self.processor.process(samples)
        processed = perf_counter()
        if len(block.rows):
            self._publish(block, stamps, received, first)
        published = perf_counter()
        self.continuity.learn()
        if self._quality is not None:
            self._quality.add(samples)
        self.keeper.take(self.source.native(samples), stamps, block)
        if self._outlet is not None and len(block.rows):
            self._outlet.push_chunk(block.values, stamps[block.rows].tolist())
        ended = perf_counter()
        self.stage_seconds["receive"] += processing - started
        self.stage_seconds["publish"] += published - processed
        self.stage_seconds["record"] += ended - published
        self.loop_seconds += ended - started

    def _process_around(self, gaps: list, samples: np.ndarray) -> Block:
        """Process one block with gaps in it: the filters start anew after each."""
        parts, offsets = [], []
        at = 0
        for row in [*(gap.row for gap in gaps), len(samples)]:
            if row > at:
                parts.append(self.processor.process(samples[at:row]))
                offsets.append(at)
            if row < len(samples):
                self.processor.gap()
            at = row
        return Block(
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.flags for part in parts]),
            np.concatenate(
                [part.rows + offset for part, offset in zip(parts, offsets, strict=True)]
            ),
        )

    def _publish(self, block: Block, stamps: np.ndarray, received: float, first: int) -> None:
        row = int(block.rows[-1])
        flags = block.flags
        bits = int(flags[0]) if len(flags) == 1 else int(np.bitwise_or.reduce(flags))
        values = block.values[-1].tolist()
        t_sample = float(stamps[row])
        self.block.feedback.write(
            t_sample,
            received,
            pylsl.local_clock(),
            self.processor.delay,
            first + row,
            bits,
            *values,
        )
        self._last_record = (t_sample, received, first + row, bits, values)
        self._no_data = False

    def _publish_no_data(self) -> None:
        """Publish once that the stream is silent, with the last values and their old stamps."""
        if self._no_data or self._last_record is None:
            return
        self._no_data = True
        t_sample, received, sample, bits, values = self._last_record
        self.block.feedback.write(
            t_sample,
            received,
            pylsl.local_clock(),
            self.processor.delay,
            sample,
            bits | Flags.NO_DATA,
            *values,
        )

    def _chores(self) -> None:
        self.keeper.look_after()
        if not self._told_stopped and self.keeper.stopped is not None:
            self._told_stopped = True
            self.control.send("recording_stopped", why=self.keeper.stopped)
        if self._quality is not None and self._chores_at > self._verdicts_at:
            self._verdicts_at = self._chores_at + VERDICTS_SECONDS
            self.control.send(
                "channels",
                channels=to_dict(self._quality.verdicts()),
                traces=self._quality.traces(),
            )
        while (failure := self.keeper.unreported()) is not None:
            self.keeper.event("settings_not_written", detail={"why": failure}, kind="worker")
            self.control.send("recording", error=failure)
        while self.source.events:
            what, detail = self.source.events.popleft()
            self.keeper.event(what, detail=detail, kind="stream")
            self.control.send("stream", what=what, detail=detail)

    def _obey(self, command: dict) -> None:
        """Carry out one command; what cannot be done is reported and changes nothing."""
        try:
            getattr(self, f"_on_{command['command']}")(command)
        except NfbError as error:
            self.control.send("refused", command=command["command"], sentence=str(error))
            self.keeper.event("refused", detail={**command, "why": str(error)}, kind="command")

    def _on_stop(self, _: dict) -> None:
        self._running = False

    def _on_set(self, command: dict) -> None:
        self.processor.apply(command["changes"])
        self.keeper.event("set", detail=command["changes"], kind="command")
        self.keeper.remember_configuration()
        self._tell_configuration()

    def _on_pause(self, _: dict) -> None:
        self.processor.paused = True
        self.keeper.event("pause", kind="command")

    def _on_resume(self, _: dict) -> None:
        self.processor.paused = False
        self.keeper.event("resume", kind="command")

    def _on_baseline_begin(self, command: dict) -> None:
        self.processor.begin_baseline(command["label"])
        self.keeper.event("baseline_begin", detail={"label": command["label"]}, kind="command")

    def _on_baseline_end(self, _: dict) -> None:
        # The whole baseline may pass through the pipeline again: silent, but not stalled.
        self.block["busy"] = 1
        try:
            baseline = self.processor.end_baseline()
        finally:
            self.block["busy"] = 0
        self.keeper.event("baseline_end", detail={"label": baseline.label}, kind="command")
        self.keeper.remember_configuration()
        self._tell_configuration()
        self.control.send("calibrated", baseline=to_dict(baseline))

    def _on_watch_channels(self, command: dict) -> None:
        self._watch_channels(command["on"])

    def _watch_channels(self, on: bool) -> None:
        self._quality = ChannelQuality(self.source.info) if on else None

    def _on_reset_score(self, _: dict) -> None:
        self.processor.feedback.reset_score()
        self.keeper.event("reset_score", kind="command")

    def _on_mark(self, command: dict) -> None:
        self.keeper.mark(command["id"], command["label"], command["t"])

    def _on_block(self, command: dict) -> None:
        self.keeper.block(command)
        if command["points"] != self.processor.counting:
            self.processor.counting = command["points"]
            self._note_counting()

    def _note_counting(self) -> None:
        """Write from which sample on points count or not; a block's own event has its time."""
        on = self.processor.counting
        self.keeper.event("points_on" if on else "points_off", kind="command")

    def _on_facts(self, command: dict) -> None:
        self.keeper.remember(**command["sections"])

    def _tell_configuration(self) -> None:
        """Give the experiment what another worker would need to go on from here."""
        self.control.send("configuration", configuration=to_dict(self.processor.configuration))

    def _make_outlet(self) -> pylsl.StreamOutlet:
        facts = self.source.facts()
        return make_outlet(
            "psychopy_nfb",
            "Feedback",
            self.processor.configuration.value_names,
            self.processor.rate,
            units="",
            source_id=f"psychopy_nfb_{facts['source_id'] or facts['name']}",
            format="double64",
        )

    def finish(self, reason: str) -> None:
        """Write what is left and tell how the run went."""
        stages = {**self.stage_seconds, **self.processor.stages()}
        self.keeper.finish(
            reason,
            continuity=self.continuity.facts(),
            stages={
                "blocks": self.processor.n_blocks,
                "samples_per_block_mean": self.processor.n_samples
                / max(1, self.processor.n_blocks),
                "samples_per_block_max": self.largest_block,
                "loop_seconds": self.loop_seconds,
                "seconds": stages,
            },
        )
        self.source.close()
        self.control.send("stopped", reason=reason, error=self.keeper.error)
