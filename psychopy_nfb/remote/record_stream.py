"""Feedback records from the other computer, into the shared memory of this one."""

from __future__ import annotations

import logging
import threading
import time

import numpy as np
import pylsl

from psychopy_nfb.engine.memory import Ring, SharedBlock
from psychopy_nfb.engine.records import FeedbackFields
from psychopy_nfb.errors import StreamError
from psychopy_nfb.remote.other_clock import OtherClock, measure

logger: logging.Logger = logging.getLogger(__name__)

BUFFER = 20
"""Hundreds of records that LSL keeps for a receiver that is busy."""
MOST_ROWS = 4096
CLOCK_SECONDS = 1.0
"""How often LSL is asked for its newest measurement of the clocks; it has one every two seconds."""
MEASURE_SECONDS = 5.0
_FIELDS = FeedbackFields._fields
_PLACES = {name: 1 + _FIELDS.index(name) for name in _FIELDS}
_TIMES = ("t_sample", "t_received", "t_published")


class RecordStream:
    """Takes records from LSL and writes them with their times on this computer's clock.

    Parameters
    ----------
    source_id : str
        Of the worker's stream of records.
    block : SharedBlock
        Where they go.
    clock : OtherClock
        Of the worker's computer; it is kept up to date from here.
    """

    def __init__(self, source_id: str, block: SharedBlock, clock: OtherClock):
        self._source_id = source_id
        self._ring: Ring = block.feedback
        self._clock = clock
        self._rows = np.empty((MOST_ROWS, 1 + len(self._ring.layout.names)))
        self._last = 0  # the worker's number of the last record
        self._theirs = [0] * self._ring.slots
        self._inlet: pylsl.StreamInlet | None = None
        self._ended = threading.Event()
        self._measurer = threading.Thread(target=self._measure, name="nfb-clock", daemon=True)

    def open(self, timeout: float) -> None:
        """Find the stream; the first measurement of the clocks is there afterwards.

        Raises
        ------
        StreamError
            If it does not answer.
        """
        inlet = self._find(timeout)
        try:
            if inlet is None:
                raise TimeoutError
            self._clock.add(pylsl.local_clock(), *measure(inlet, timeout))
        except (TimeoutError, pylsl.util.LostError, RuntimeError):
            raise StreamError(
                "remote",
                self._source_id,
                "is the stream of the worker's records and does not answer; let Python through "
                "the firewalls of both computers (UDP 16571, TCP and UDP 16572-16604)",
            ) from None
        self._inlet = inlet
        self._measurer.start()

    def open_again(self) -> None:
        """Take a new connection after the network was cut; TCP resumes an old one late."""
        inlet = self._find(CLOCK_SECONDS)
        if inlet is not None:
            self._inlet = inlet

    def _find(self, timeout: float) -> pylsl.StreamInlet | None:
        found = pylsl.resolve_byprop("source_id", self._source_id, 1, timeout)
        if not found:
            return None
        # LSL itself recovers when the worker was started again with the same source_id.
        inlet = pylsl.StreamInlet(found[0], max_buflen=BUFFER)
        try:
            inlet.open_stream(timeout)
        except (TimeoutError, pylsl.util.LostError, RuntimeError):
            return None
        return inlet

    def pull(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for records and write all that are there."""
        if self._inlet is None:
            time.sleep(timeout)
            return
        _, stamps = self._inlet.pull_chunk(
            timeout, MOST_ROWS, dest_obj=self._rows, min_samples=1, as_numpy=True
        )
        n = len(stamps)
        if not n:
            return
        arrived = pylsl.local_clock()
        offset = self._clock.offset(arrived)
        rows = self._rows[:n]
        for name in _TIMES:
            rows[:, _PLACES[name]] += offset
        rows[:, _PLACES["t_arrived"]] = arrived
        for row in rows.tolist():
            self._write(row)

    def _write(self, row: list[float]) -> None:
        number = int(row[0])
        if number <= self._last:  # sent again over a new connection
            return
        self._last = number
        for name in ("sample", "flags"):
            row[_PLACES[name]] = int(row[_PLACES[name]])
        seq = self._ring.write(*row[1:])
        self._theirs[seq % self._ring.slots] = number

    def their_number(self, seq: int) -> int:
        """Return the worker's number of the record that has number `seq` here; 0 for none."""
        return self._theirs[seq % self._ring.slots] if seq > 0 else 0

    def close(self) -> None:
        """Take no more records."""
        self._ended.set()

    def _measure(self) -> None:
        """Keep the clock up to date."""
        while not self._ended.wait(CLOCK_SECONDS):
            try:
                measured = measure(self._inlet, MEASURE_SECONDS)
            except (TimeoutError, pylsl.util.LostError, RuntimeError):
                continue  # the network is cut: what is known goes on
            self._clock.add(pylsl.local_clock(), *measured)
