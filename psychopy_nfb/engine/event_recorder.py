"""Events of a run on their way into its files: each with the sample that it belongs to."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pylsl

from psychopy_nfb.engine.frame_rows import PATIENCE_SECONDS
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.sample_index import SampleIndex
from psychopy_nfb.lsl.continuity import Gap
from psychopy_nfb.lsl.stamps_heard import FOREIGN_SECONDS
from psychopy_nfb.recording import SessionWriter

ON_ITS_WAY_SECONDS = PATIENCE_SECONDS + FOREIGN_SECONDS
"""How long an event waits for the sample it belongs to, beside the time from chunk to chunk, once
no more samples come: those that come may be old, after a start or a standstill."""


class EventRecorder:
    """Writes events where their samples are; an event that is earlier than its sample waits for it.

    Parameters
    ----------
    writer : SessionWriter or None
        Of the session's files; None keeps nothing.
    processor : Processor
        It has counted the samples: an event without a time lies before the next one.
    index : SampleIndex
        Of the samples that are recorded.
    record_samples : callable
        Records the samples that have come, so that what came before an event is written before it.
    """

    def __init__(
        self,
        writer: SessionWriter | None,
        processor: Processor,
        index: SampleIndex,
        record_samples: Callable[[], None],
    ):
        self._writer = writer
        self._processor = processor
        self._index = index
        self._record_samples = record_samples
        self._last_t: float | None = None
        self._early: list[dict[str, Any]] = []
        self._waiting: deque[tuple[float, dict[str, Any]]] = deque()
        self.taken_at: float = -math.inf
        """When the newest samples came, on the LSL clock."""

    def take_samples(self, stamps: np.ndarray, first: int) -> None:
        """Take the stamps of recorded samples, (n,) in seconds, from number `first` on."""
        self._index.extend(stamps)
        self._last_t = float(stamps[-1])
        if self._early:
            self.write_early(float(stamps[0]), first)

    def gaps(self, gaps: list[Gap], first: int) -> None:
        """Mark lost samples: the event's sample is the first one after them."""
        for gap in gaps:
            self.write(
                "gap",
                t=gap.t,
                sample=first + gap.row,
                kind="stream",
                duration=gap.seconds,
                detail={"seconds": gap.seconds},
            )

    def write(
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
        self._record_samples()  # what came before it is written before it
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

    def write_early(self, t: float, sample: int) -> None:
        """Write what happened before the first sample, as of that one."""
        for event in self._early:
            self._writer.event(t=t, sample=sample, **event)
        self._early.clear()

    def shown(self, source: str, turn: int, called: float | None) -> None:
        """Write from which sample on something else is shown."""
        self.write(
            "shown",
            t=called,
            kind="command",
            detail={"shown": source, "turn": turn},
        )

    def of_command(
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
            self._record_samples()
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
            self.write(**event)
        elif sample is None:
            self.wait(t, event)
        else:
            self.write(**event, t=t, sample=sample)

    def keep_again(self, number: int, event: dict[str, Any]) -> None:
        """Keep the event of a command that an earlier worker has obeyed.

        The last samples that it had are not in its files: what it did then comes where these end.
        """
        if event.get("after") is not None:
            self._record_samples()
            event = {**event, "sample": self._index.after(event["after"])}
        self.keep(number, event)

    def wait(self, t: float, event: dict[str, Any]) -> None:
        """Let an event wait for the sample at LSL time `t`, which `write_waiting` looks for."""
        self._waiting.append((t, event))

    def write_waiting(self, chunk_seconds: float, patient: bool) -> None:
        """Write the events whose sample has come; without patience all of them.

        However long a sample is on its way, its own stamp says to which the event belongs. What
        lies in the future is by another clock and waits for nothing.
        """
        if self._writer is None:
            self._waiting.clear()
            return
        waiting = []
        now = pylsl.local_clock()
        patience = ON_ITS_WAY_SECONDS + chunk_seconds
        while self._waiting:
            t, event = self._waiting.popleft()
            sample = self._index.at(t)
            if event.get("command"):  # the experiment has it until it is in the files
                waits = t - now < PATIENCE_SECONDS
            else:
                waits = now - max(t, self.taken_at) < patience
            if sample is None and patient and waits:
                waiting.append((t, event))
            else:
                self.write(
                    **event, t=t, sample=self._processor.n_samples if sample is None else sample
                )
        self._waiting.extend(waiting)
