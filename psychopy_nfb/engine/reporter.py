"""What the experiment is told of the run, and what of it is an event."""

from __future__ import annotations

import pylsl

from psychopy_nfb.engine.acquisition import Acquisition
from psychopy_nfb.engine.channel_watch import ChannelWatch
from psychopy_nfb.engine.command_handler import CommandHandler
from psychopy_nfb.engine.control import ControlLine
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.recorder import Recorder
from psychopy_nfb.settings import to_dict

WITHOUT_SAMPLES = ("no_data", "stream_back", "stream_differs", "reconnect_failed")
"""Events of a stream that is away."""
VERDICTS_SECONDS = 0.25
THRESHOLDS_SECONDS = 1.0
"""How often the experiment is told, for a successor, how far moving thresholds have come."""
OFFSET_SECONDS = 0.01
"""Change of the offset of the amplifier's clock of which the experiment is told, for a
successor."""


class Reporter:
    """Tells the experiment what has happened, and what another worker would go on from.

    Parameters
    ----------
    control : ControlLine
        Messages go over it.
    source : Acquisition
        The opened streams.
    processor : Processor
        What their samples pass through.
    recorder : Recorder
        Writes what is an event, too.
    commands : CommandHandler
        Has the verdicts on the channels while they are watched.
    channels : ChannelWatch
        Finds channels that stay bad.
    """

    def __init__(
        self,
        control: ControlLine,
        source: Acquisition,
        processor: Processor,
        recorder: Recorder,
        commands: CommandHandler,
        channels: ChannelWatch,
    ):
        self._control = control
        self._source = source
        self._processor = processor
        self._recorder = recorder
        self._commands = commands
        self._channels = channels
        self._chunk_seconds = source.chunk_seconds
        self._told_offset = source.clock_offset
        self._thresholds_at = 0.0
        self._verdicts_at = 0.0
        self._told_faults: set[str] = set()

    def tell_ready(self) -> None:
        """Tell that samples can come, and what they are."""
        self._control.send(
            "ready",
            stream=self._source.facts(),
            streams=self._source.known(),
            delay=self._processor.delay,
            settle=self._processor.settle,
            baseline_seconds=self._processor.baseline_seconds,
            rate=self._processor.rate,
            chunk_seconds=self._chunk_seconds,
        )

    def tell_thresholds(self, now: float, moved: bool) -> None:
        """Give the experiment what another worker would need to move the thresholds on."""
        if self._processor.thresholds.any and (moved or now > self._thresholds_at):
            self._thresholds_at = now + THRESHOLDS_SECONDS
            reached = self._processor.thresholds.reached()
            self._control.send("thresholds", sample=self._processor.n_samples, reached=reached)

    def report(self, now: float) -> None:
        """Tell what is new at `now`: recording, channels, faults, the streams' events."""
        if self._chunk_seconds != self._source.chunk_seconds:  # a stream that was silent at first
            self._chunk_seconds = self._source.chunk_seconds
            self._control.send("chunks", seconds=self._chunk_seconds)
        if (news := self._recorder.news()) is not None:
            self._control.send(**news)
        if self._commands.quality is not None and now > self._verdicts_at:
            self._verdicts_at = now + VERDICTS_SECONDS
            self._control.send(
                "channels",
                channels=to_dict(self._commands.quality.verdicts()),
                traces=self._commands.quality.traces(),
            )
        kept = self._recorder.kept()
        if kept:
            self._control.send("kept", numbers=kept)
        for event, fault in self._processor.faults():
            if fault not in self._told_faults:
                self._told_faults.add(fault)
                shown = self._processor.shown
                if self._recorder.sealed and shown is not None and (event, fault) in shown.faults():
                    detail = {"why": fault, "of_shown": True}
                    self._recorder.events.write(event, detail=detail, kind="worker")
                    continue
                self._recorder.events.write(event, detail={"why": fault}, kind="worker")
                self._control.send("fault", why=fault)
        while (failure := self._recorder.unreported()) is not None:
            self._recorder.events.write(
                "settings_not_written", detail={"why": failure}, kind="worker"
            )
            self._control.send("recording", error=failure)
        while self._channels.found:
            self._source.events.append(("bad_channel", self._channels.found.popleft()))
        while self._source.events:
            what, detail = self._source.events.popleft()
            # While no samples come, what happens is later than the last of them.
            t = pylsl.local_clock() if what in WITHOUT_SAMPLES else None
            self._recorder.events.write(what, t=t, detail=detail, kind="stream")
            self._control.send("stream", what=what, detail=detail)
            if what == "stream_back":
                self._tell_streams()
        if abs(self._source.clock_offset - self._told_offset) > OFFSET_SECONDS:
            self._tell_streams()

    def _tell_streams(self) -> None:
        """Give the experiment what another worker needs to take the same streams."""
        self._told_offset = self._source.clock_offset
        self._control.send("streams", streams=self._source.known())
