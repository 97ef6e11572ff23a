"""The designs in which a neurofeedback program may compute: each gives the newest value."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import connection
from typing import Any

from psychopy_nfb.bench.setting import training
from psychopy_nfb.process import ignore_interrupts

Newest = Callable[[], tuple[float, float] | None]
"""Called once a frame: the newest value at hand and the LSL time of its sample."""
READY_SECONDS = 20.0
PULL_SECONDS = 0.1


class Computer:
    """Pulls what has arrived from a stream and computes it: the work that every design does."""

    def __init__(self, source_id: str, burn_ms: float):
        from psychopy_nfb.engine.processor import Processor
        from psychopy_nfb.lsl.inlet import Inlet

        configuration = training(source_id, burn_ms=burn_ms)
        self._inlet = Inlet(configuration.stream)
        self._processor = Processor(configuration, self._inlet.info)

    def compute(self, timeout: float) -> tuple[float, float] | None:
        """Return the newest sample's time and value, None if none came within `timeout`."""
        pulled = self._inlet.pull(timeout)
        if pulled is None or len(pulled[1]) == 0:
            return None
        samples, stamps = pulled
        block = self._processor.process(samples)
        return float(stamps[block.rows[-1]]), block.value_rows[-1][0]

    def close(self) -> None:
        """Let go of the stream."""
        self._inlet.close()


@contextmanager
def in_the_loop(source_id: str, burn_ms: float) -> Iterator[Newest]:
    """Compute in the frame loop itself."""
    computer = Computer(source_id, burn_ms)
    try:
        yield lambda: computer.compute(0.0)
    finally:
        computer.close()


@contextmanager
def in_a_thread(source_id: str, burn_ms: float) -> Iterator[Newest]:
    """Compute in a thread of the same process."""
    computer, stop = Computer(source_id, burn_ms), threading.Event()
    held: list[tuple[float, float] | None] = [None]

    def go_on() -> None:
        while not stop.is_set():
            held[0] = computer.compute(PULL_SECONDS) or held[0]

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield lambda: held[0]
    finally:
        stop.set()
        thread.join()
        computer.close()


@contextmanager
def behind_a_queue(source_id: str, burn_ms: float) -> Iterator[Newest]:
    """Compute in a process that puts its values into a `multiprocessing.Queue`."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    with _process(context, _into_queue, source_id, burn_ms, queue):
        queue.get(timeout=READY_SECONDS)

        def newest() -> tuple[float, float] | None:
            value = None
            while not queue.empty():
                value = queue.get()
            return value

        yield newest
    queue.close()


@contextmanager
def behind_a_pipe(source_id: str, burn_ms: float) -> Iterator[Newest]:
    """Compute in a process that sends its values through a pipe."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    with _process(context, _into_pipe, source_id, burn_ms, sender):
        sender.close()
        if not receiver.poll(READY_SECONDS):
            raise RuntimeError("the process did not start")

        def newest() -> tuple[float, float] | None:
            value = None
            while receiver.poll():
                value = receiver.recv()
            return value

        yield newest
    receiver.close()


@contextmanager
def _process(
    context: multiprocessing.context.SpawnContext, target: Callable[..., Any], *arguments: object
) -> Iterator[None]:
    process = context.Process(target=target, args=arguments, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _into_queue(source_id: str, burn_ms: float, queue: multiprocessing.Queue[Any]) -> None:
    _forever(source_id, burn_ms, queue.put)


def _into_pipe(source_id: str, burn_ms: float, sender: connection.Connection) -> None:
    _forever(source_id, burn_ms, sender.send)


def _forever(source_id: str, burn_ms: float, give: Callable[..., Any]) -> None:
    ignore_interrupts()
    computer = Computer(source_id, burn_ms)
    while True:
        value = computer.compute(PULL_SECONDS)
        if value is not None:
            give(value)


ENGINES = {
    "frame loop": in_the_loop,
    "thread": in_a_thread,
    "process, mp.Queue": behind_a_queue,
    "process, pipe": behind_a_pipe,
}
"""All but this package's own, which has a frame log of its own."""
OURS = "psychopy_nfb"
