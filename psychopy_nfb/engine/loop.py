"""The worker's loop: samples in, feedback records out, and everything kept."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pylsl

from psychopy_nfb.engine.acquisition import Acquisition
from psychopy_nfb.engine.block import Block, join_blocks
from psychopy_nfb.engine.channel_watch import ChannelWatch
from psychopy_nfb.engine.command_handler import CommandHandler, unpacked
from psychopy_nfb.engine.configuration import read_configuration
from psychopy_nfb.engine.control import ControlLine
from psychopy_nfb.engine.donor_files import load_donors
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.publisher import Publisher
from psychopy_nfb.engine.recorder import Recorder
from psychopy_nfb.engine.relay import make_relay
from psychopy_nfb.engine.reporter import Reporter
from psychopy_nfb.lsl.continuity import Continuity, Gap
from psychopy_nfb.lsl.markers import MarkerWatcher
from psychopy_nfb.lsl.outlet import make_outlet
from psychopy_nfb.lsl.stamps_heard import silence_seconds
from psychopy_nfb.lsl.stamps_rate import RateWatch

STOPPED = "stopped"
"""Why a run ended that no other process goes on with."""
PULL_SECONDS = 0.02
"""Longest wait for samples: how late a command can be when nothing arrives."""
NOTHING_SECONDS = 2.0
"""How long a stream may send nothing at first before this is told."""
FIRST_SAMPLE_SECONDS = 1.0
"""How long commands wait for the first sample, so that they do not come before older ones."""
COMMANDS_SECONDS = 0.01
"""How long commands may take between two chunks: thousands at once must not hold up the samples,
nor look like a worker that stands still."""
BACKLOG_SECONDS = 0.2
"""Samples of so long, and more than one chunk, that come at once have waited."""
CHORES_SECONDS = 0.1
"""How often markers, frame records and stream events are looked after."""


class Loop:
    """One run of the worker.

    Parameters
    ----------
    order : dict
        The first command: ``configuration``, ``session`` (the files' stem or None), ``facts`` for
        the settings file, ``counting`` and ``training`` (whether points count and thresholds
        follow until a block says otherwise), ``donors`` (the file with recorded blocks that
        are shown, or None), ``kept`` (the folder for blocks of this session that are shown again,
        or None), ``restore`` (what an earlier worker of this run had reached, or None),
        ``relay`` (the ``source_id`` of a stream with each record, or None).
    block : SharedBlock
        Where feedback goes and frames come from.
    control : ControlLine
        Further commands and messages.
    source : Acquisition
        The opened streams.
    watcher : MarkerWatcher or None
        Collects the markers of other programs.

    Raises
    ------
    NfbError
        If the configuration does not fit the stream.
    """

    def __init__(
        self,
        order: dict[str, Any],
        block: SharedBlock,
        control: ControlLine,
        source: Acquisition,
        watcher: MarkerWatcher | None = None,
    ):
        self.control = control
        self.block = block
        self.source = source
        self.processor: Processor = Processor(
            read_configuration(order["configuration"]),
            source.info,
            load_donors(order["donors"]) if order["donors"] else None,
            Path(order["kept"]) if order["kept"] else None,
        )
        source.notes = self.processor.notes
        self.channels: ChannelWatch = ChannelWatch(source.info, self.processor.uses())
        self.rate: RateWatch = RateWatch(source.pace)
        self.continuity: Continuity = Continuity(
            source.info.rate, self.processor.configuration.gap_seconds
        )
        restore = order.get("restore") or {}
        self.processor.counting = order["counting"]
        self.processor.thresholds.training = order["training"]
        self.processor.n_samples = restore.get("n_samples", 0)
        if restore:
            self.processor.reward.restore(restore["feedback"])
            self.processor.paused = restore["paused"]
            self.processor.gap()
            if restore["baseline"]:
                broken = f"the background process {restore['why']} in it"
                self.processor.begin_baseline(restore["baseline"], broken)
        self._outlet = self._make_outlet() if self.processor.configuration.publish else None
        relay = make_relay(order["relay"], block) if order["relay"] else None
        self.publisher: Publisher = Publisher(block, self.processor, self.rate, relay)
        self.recorder: Recorder = Recorder(
            order, block, source, self.processor, restore, watcher, self._watch
        )
        self._succeeds, self._held_up = bool(restore), False
        if restore:
            self.processor.n_samples = self.recorder.n_samples
            self.continuity.resume(**self.recorder.left)
            self._restore_shown(restore)
            if restore["trial"] is not None:
                self.processor.begin_trial(restore["trial"])
            self.processor.keep_block(restore["kept"])
        # The last samples that it had are not in its files, and no rerun has them.
        parts = restore.get("thresholds", ())
        self._gone_on = self.processor.thresholds.go_on(
            [part for part in parts if part["sample"] <= self.processor.n_samples]
        )
        self._told_lost = self.continuity.losses.n_lost
        self.commands: CommandHandler = CommandHandler(
            self.processor, self.recorder, control, block, source
        )
        self.commands.watch_channels(restore.get("watching", False))
        self.reporter: Reporter = Reporter(
            control, source, self.processor, self.recorder, self.commands, self.channels
        )
        self._last_received = pylsl.local_clock()
        self._chores_at = 0.0
        self._told_nothing = False
        self.loop_seconds: float = 0.0
        self.stage_seconds: dict[str, float] = {"receive": 0.0, "publish": 0.0, "record": 0.0}
        self.largest_block: int = 0

    def _restore_shown(self, restore: dict[str, Any]) -> None:
        """Go on with what was shown, from where it was at the last sample that the files have."""
        shown = restore["feedback"].get("shown")
        if self.processor.shown is None:
            return
        if self.processor.shown.kept is not None:
            self.processor.shown.kept.go_on(self.processor.n_samples)
        if shown is None:
            return
        last, t_sample = self.recorder.left["last"], restore["t_sample"]
        if last is not None and t_sample is not None:
            shown["at"] -= max(0, round((t_sample - last) * self.processor.rate))
        if restore["baseline_signals"]:
            self.processor.shown.take_baseline(unpacked(restore["baseline_signals"]))
        self.processor.shown.restore(restore["feedback"])

    def run(self) -> None:
        """Go round until told to stop or the experiment is gone."""
        self.reporter.tell_ready()
        if self._succeeds:  # it counts from what the files have, whatever was told before
            self.control.send("losses", **self.continuity.reached())
        self.recorder.start(self._gone_on)
        self.commands.begin()
        begun = pylsl.local_clock()
        while self.commands.running and not self.control.ended.is_set():
            pulled = self.source.pull(PULL_SECONDS)
            now = self.block.heartbeat = pylsl.local_clock()
            started = perf_counter()
            if not self._older_first(pulled, now - begun):
                self._obey(started)
            if pulled is not None:
                self._take(*pulled, now, started)
            elif now - self._last_received > silence_seconds(self.source.chunk_seconds):
                self._note_silence(now)
            if now > self._chores_at:
                self._chores_at = now + CHORES_SECONDS
                self.recorder.look_after()
                self.reporter.report(now)

    def _obey(self, begun: float) -> None:
        """Carry out what is commanded, as far as samples can wait; the rest comes after them."""
        while (command := self.control.take()) is not None:
            self.commands.obey(command)
            if perf_counter() - begun > COMMANDS_SECONDS:
                break

    def _older_first(self, pulled: tuple[Any, ...] | None, ran: float) -> bool:
        """Return whether the samples that were pulled come before what is commanded now.

        A command belongs to the samples after it. A successor, `ran` seconds after its start, first
        takes what has waited meanwhile; so does a process that was held up, once: where more waits
        each time, it is too slow, and has to be told.
        """
        late = self._is_late(pulled)
        if self._succeeds:
            begins = not self.publisher.has_begun and ran < FIRST_SAMPLE_SECONDS
            return begins or self.source.waiting or late
        self._held_up = late and not self._held_up
        return self._held_up

    def _is_late(self, pulled: tuple[Any, ...] | None) -> bool:
        """Return whether samples have waited for long."""
        if pulled is None or len(pulled[0]) <= self.publisher.most_rows:
            return False  # nearly always, with no more asked
        seconds = len(pulled[0]) / self.source.pace
        return seconds > BACKLOG_SECONDS + 1.5 * self.source.chunk_seconds

    def _take(
        self, samples: np.ndarray, stamps: np.ndarray, received: float, started: float
    ) -> None:
        """Carry the samples that arrived to shared memory, then to disk."""
        first = self.processor.n_samples
        self._last_received = received
        gaps = self.continuity.check(stamps, self.source.breaks)
        if len(samples) > self.largest_block:
            self.largest_block = len(samples)
        processing = perf_counter()
        if gaps:
            self.recorder.record_batch()  # what came before them belongs to what restarts here
            block = self._process_around(gaps, samples)
            self.recorder.events.gaps(gaps, first)
            self.rate.restart()
            self.channels.restart()
        else:
            block = self.processor.process(samples)
        processed = perf_counter()
        if block.bits and not self.source.waiting:
            self.publisher.publish(block, stamps, received, first)
        published = perf_counter()
        self.recorder.take(self.source.native(samples), stamps, block, received)
        self.reporter.tell_thresholds(received, bool(block.changes))
        if self._outlet is not None and block.bits:
            self._outlet.push_chunk(block.values, stamps[block.rows].tolist())
        if self.rate.share != 1 or self.processor.rate_spoilt:
            self._note_rate()
        ended = perf_counter()
        self.stage_seconds["receive"] += processing - started
        self.stage_seconds["publish"] += published - processed
        self.stage_seconds["record"] += ended - published
        self.loop_seconds += ended - started

    def _watch(self, native: np.ndarray, stamps: np.ndarray) -> None:
        """Judge rate and channels by the samples that are recorded, (n, n_channels) as sent.

        A tenth of a second at once, as they are recorded: with each single sample of 64 channels
        at 1 kHz this took 10 us of the 250 that a sample took.
        """
        lost = self.continuity.learn()
        self.rate.add(len(stamps) + lost, float(stamps[-1]), self.source.stamped_on_arrival)
        if lost and (news := self.continuity.losses.news()) is not None:
            self.source.events.append(("samples_missing", news))
        self._tell_losses()
        quality = self.commands.quality
        if quality is not None or self.channels.watches:
            samples = self.source.in_microvolts(native)
            self.channels.add(samples)
            if quality is not None:
                quality.add(samples)

    def _tell_losses(self) -> None:
        """Give the experiment, for another worker, the count of samples that no gap tells of."""
        if self.continuity.losses.n_lost != self._told_lost:
            self._told_lost = self.continuity.losses.n_lost
            self.control.send("losses", **self.continuity.reached())

    def _note_rate(self) -> None:
        """Tell that the stream no longer has the rate that the filters were made for."""
        rate = self.source.info.rate
        news = self.rate.news(rate)
        if news is not None:
            self.source.events.append(("rate_differs", news))
        spoilt = self.rate.spoilt and self.processor.configuration.stream.rate is None
        if spoilt != self.processor.rate_spoilt:
            self.processor.rate_spoilt = spoilt
            what = "rate_spoilt" if spoilt else "rate_right"
            self.recorder.events.write(what, detail={"real": rate * self.rate.share}, kind="stream")

    def _process_around(self, gaps: list[Gap], samples: np.ndarray) -> Block:
        """Process one block with gaps in it: the filters start anew after each."""
        blocks, first_rows = [], []
        seconds = {gap.row: gap.seconds for gap in gaps}
        at = 0
        for row in [*(gap.row for gap in gaps), len(samples)]:
            if row > at:
                blocks.append(self.processor.process(samples[at:row]))
                first_rows.append(at)
            if row in seconds:
                self.processor.gap(seconds[row])
            at = row
        return join_blocks(blocks, first_rows)

    def _note_silence(self, now: float) -> None:
        """Publish that the stream is silent; before its first sample tell it, once."""
        if self.publisher.has_begun:
            self.publisher.publish_no_data()
        elif not (self._succeeds or self._told_nothing):
            if now - self._last_received > NOTHING_SECONDS:
                self._told_nothing = True
                sentence = (
                    f"The stream '{self.source.facts()['name']}' is open, but has sent nothing in "
                    f"the first {NOTHING_SECONDS:g} s: start the measurement in the amplifier's "
                    "program. Until samples come there is no feedback."
                )
                self.source.events.append(("no_data", {"sentence": sentence}))

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
        if reason == STOPPED:  # else another process goes on
            self.commands.cut_off()
        self.commands.keep_thresholds()
        self.recorder.record_batch()
        stages = {**self.stage_seconds, **self.processor.stages()}
        self.recorder.finish(
            reason,
            continuity=self.continuity.facts(),
            stamps=self.source.clock_facts(),
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
        if self.processor.shown is not None:
            self.processor.shown.close()
        self.control.send("stopped", reason=reason, error=self.recorder.error)
