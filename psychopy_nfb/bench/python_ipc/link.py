"""A transport between processes, with a sender at its other end: what is timed there, and how."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection

import numpy as np
import psutil

from psychopy_nfb.bench.python_ipc.transports import NUMBER, Transport
from psychopy_nfb.process import ignore_interrupts

FRAME_SECONDS, WORK_SECONDS = 1 / 60, 0.012
"""The busy consumer's frame, and for how much of it Python is kept busy."""
FRAMES_MORE = 12
"""For which the sender goes on after those that count."""
COMPUTED_SECONDS = 0.0005
"""For which the sender is busy before each message, as one that computes what it sends."""
READY_SECONDS = 20.0
FLOOD_BYTES, FLOOD_MESSAGES = 50_000_000, 5000
SETTLING_BYTES = 31_000_000
"""Just below the largest size, 32 MiB, that glibc takes into account."""
LOOK_SECONDS = 0.5
"""Without a message, between two looks whether the sender still lives."""
ENDED = "the sender ended by itself"
LAST = -1
"""The number that says that no more will come."""


class Link:
    """A transport at some sizes, with a sender at its other end in a process of its own.

    Parameters
    ----------
    transports : dict of Transport
        By size in bytes.
    context : multiprocessing.context.SpawnContext
        What starts the sender.
    """

    def __init__(
        self, transports: dict[int, Transport], context: multiprocessing.context.SpawnContext
    ):
        self._transports = transports
        self._look_at = 0.0
        _keep_memory()
        self._orders, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(transports, theirs), daemon=True)
        try:
            self._process.start()
            theirs.close()
            for transport in transports.values():
                transport.open_receiver()
            if not self._orders.poll(READY_SECONDS):
                raise RuntimeError("the sender did not start")
            self._orders.recv()
        except BaseException:
            self.close()
            raise

    @property
    def sizes(self) -> list[int]:
        """The sizes of its messages."""
        return list(self._transports)

    def close(self) -> None:
        """End the sender and let go of the transports."""
        if self._process.pid is not None:
            self._process.kill()
            self._process.join()
        self._orders.close()
        for transport in self._transports.values():
            transport.close()

    def _next(self, transport: Transport) -> tuple[int, float] | None:
        """Return a message's number and when it was there; None if there is none yet."""
        data = transport.receive()
        there = time.perf_counter()
        if data is None:
            if there > self._look_at:
                self._look_at = there + LOOK_SECONDS
                if not self._process.is_alive():
                    raise RuntimeError(ENDED)
            return None
        return NUMBER.unpack_from(data)[0], there

    def _sent(self, numbers: list[int]) -> np.ndarray:
        """Return when the messages of the turn that has ended were sent."""
        try:
            return self._orders.recv()[np.array(numbers, dtype=int) - 1]
        except EOFError:
            raise RuntimeError(ENDED) from None

    def latencies(self, size: int, rate: float, n: int) -> np.ndarray:
        """Return seconds from sent to there of `n` messages, for an otherwise idle consumer.

        It stays on the first core and the sender on the last: whether both happen to share one
        would otherwise make half or twice of a latency. In a frame loop it goes where it may.
        """
        self._orders.send((size, n, rate))
        transport = self._transports[size]
        numbers, there = [], []
        allowed = cores()
        _stay_on(allowed[:1])
        try:
            while True:
                message = self._next(transport)
                if message is None:
                    continue
                if message[0] == LAST:
                    return np.array(there) - self._sent(numbers)
                numbers.append(message[0])
                there.append(message[1])
        finally:
            _stay_on(allowed)

    def ages_in_frames(self, size: int, rate: float, frames: int) -> np.ndarray:
        """Return how old the newest value at hand is when one of `frames` needs it, in seconds.

        The consumer is busy with Python for most of each frame. Where messages wait to be fetched,
        a thread of its own fetches them; where they lie, the frame looks itself.
        """
        seconds = (frames + FRAMES_MORE) * FRAME_SECONDS
        self._orders.send((size, round(seconds * rate), rate))
        transport = self._transports[size]
        newest, done = [0], threading.Event()

        def fetch() -> None:
            message = self._next(transport)
            if message is not None and message[0] == LAST:
                done.set()
            elif message is not None:
                newest[0] = message[0]

        def fetch_all() -> None:
            # The sender may end: that is told when it does not answer.
            with suppress(RuntimeError):
                while not done.is_set():
                    fetch()
            done.set()

        thread = threading.Thread(target=fetch_all, daemon=True) if transport.waits else None
        if thread is not None:
            thread.start()
        numbers, shown, due = [], [], time.perf_counter()
        while not done.is_set():
            due += FRAME_SECONDS
            _keep_busy(WORK_SECONDS)
            if thread is None:
                fetch()
            if newest[0] and not done.is_set():
                numbers.append(newest[0])
                shown.append(time.perf_counter())
            time.sleep(max(0.0, due - time.perf_counter()))
        if thread is not None:
            thread.join()
        ages = np.array(shown) - self._sent(numbers)
        # The last ones were read after the sender had stopped.
        return ages[:frames]

    def flood(self, size: int) -> tuple[float, float]:
        """Return messages a second when sent without a pause, and the share that was seen."""
        n = int(np.clip(FLOOD_BYTES // size, 5, FLOOD_MESSAGES))
        self._orders.send((size, n, None))
        transport = self._transports[size]
        seen = 0
        while True:
            message = self._next(transport)
            if message is None:
                continue
            if message[0] == LAST:
                break
            seen += 1
        return n / (message[1] - self._sent([1])[0]), seen / n


def cores() -> list[int]:
    """Return the cores on which this process may run; none where the system does not tell."""
    try:
        return psutil.Process().cpu_affinity()
    except (AttributeError, psutil.Error):  # macOS has no such setting
        return []


def _stay_on(some: list[int]) -> None:
    if some:
        psutil.Process().cpu_affinity(some)


def _keep_memory() -> None:
    """Make this process keep the memory of large messages that it is done with.

    Where the C library is glibc, whether it asks the system anew for each depends on which sizes
    were freed before (mallopt(3), M_MMAP_THRESHOLD), and makes half or twice of a latency. One
    large piece that is freed settles that.
    """
    bytes(SETTLING_BYTES)


def _keep_busy(seconds: float) -> None:
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        pass


def serve(transports: dict[int, Transport], orders: Connection) -> None:
    """Send what is ordered until killed; answer each order with when it sent what.

    A message holds its number and not its time: to put the time in would be a part of the latency,
    and after a pause a larger one than shared memory's own.
    """
    ignore_interrupts()
    _stay_on(cores()[-1:])
    _keep_memory()
    for transport in transports.values():
        transport.open_sender()
    drafts = {size: bytearray(size) for size in transports}
    orders.send("ready")
    while True:
        try:
            size, n, rate = orders.recv()
        except EOFError:
            os._exit(0)
        orders.send(_send(transports[size], drafts[size], n, rate))


def _send(transport: Transport, draft: bytearray, n: int, rate: float | None) -> np.ndarray:
    """Send `n` messages at a rate or at full speed, then the last one; return when."""

    def message(number: int) -> bytes:
        NUMBER.pack_into(draft, 0, number)
        return bytes(draft)

    times = np.zeros(n)
    begun = time.perf_counter()
    for number in range(n):
        if rate is not None:
            due = begun + (number + 1) / rate
            time.sleep(max(0.0, due - COMPUTED_SECONDS - time.perf_counter()))
            ready = message(number + 1)
            _keep_busy(due - time.perf_counter())
        else:
            ready = message(number + 1)
        sent = time.perf_counter()
        transport.send(ready)
        times[number] = sent
    # The last value is seen before it is replaced.
    time.sleep(1 / rate if rate is not None else 0.0 if transport.waits else 0.01)
    transport.send(message(LAST))
    return times
