"""Transports: the ways in which bytes go from one process to another, behind one interface.

Those that *wait* hand over every message and let a receiver sleep until there is one; those that do
not are places where the newest value lies, and a receiver looks whether there is a new one.
"""

from __future__ import annotations

import ctypes
import os
import queue
import socket
import struct
import tempfile
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection
from multiprocessing.context import BaseContext
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any, ClassVar

from psychopy_nfb.engine import records
from psychopy_nfb.engine.memory import Ring, record_size
from psychopy_nfb.engine.named_memory import create_memory, join_memory, remove_memory
from psychopy_nfb.engine.records import Layout

NUMBER = struct.Struct("<q")
"""Each message begins with its number, 1 and up; 0 is what memory holds before the first."""
WAIT_SECONDS = 0.5
"""Seconds after which a waiting receiver checks whether its sender still runs."""


class Transport:
    """One way for messages of a size; made by the receiver, and sent to the sender as it starts."""

    name: ClassVar[str]
    waits: ClassVar[bool] = True

    def __init__(self, context: BaseContext, size: int):
        self.size = size

    def open_sender(self) -> None:
        """Open the sender's end, in its process."""

    def open_receiver(self) -> None:
        """Open the receiver's end, when the sender's has been opened or is about to be."""

    def send(self, data: bytes) -> None:
        """Send `size` bytes."""
        raise NotImplementedError

    def receive(self) -> bytes | None:
        """Return a message: the next, or if it does not wait a new one; None if there is none."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of all, as the receiver."""


class File(Transport):
    """A file that is written anew beside and then put in place."""

    name = "file"
    waits = False

    def __init__(self, context: BaseContext, size: int):
        super().__init__(context, size)
        folder = tempfile.mkdtemp(prefix="nfb_bench_")
        self._path, self._draft = os.path.join(folder, "value"), os.path.join(folder, "draft")
        self._seen = None

    def send(self, data: bytes) -> None:
        with open(self._draft, "wb") as file:
            file.write(data)
        with suppress(PermissionError):  # Windows, while it is read
            os.replace(self._draft, self._path)

    def receive(self) -> bytes | None:
        try:
            about = os.stat(self._path)
            seen = about.st_ino, about.st_mtime_ns
            if seen == self._seen:
                return None
            data = Path(self._path).read_bytes()
        except OSError:
            return None
        self._seen = seen
        return data

    def close(self) -> None:
        for path in (self._path, self._draft):
            Path(path).unlink(missing_ok=True)
        os.rmdir(os.path.dirname(self._path))


class Pipe(Transport):
    """A pipe of `multiprocessing`."""

    name = "pipe"

    def __init__(self, context: BaseContext, size: int):
        super().__init__(context, size)
        self._receiver, self._sender = context.Pipe(duplex=False)

    def send(self, data: bytes) -> None:
        self._sender.send_bytes(data)

    def receive(self) -> bytes | None:
        return self._receiver.recv_bytes() if self._receiver.poll(WAIT_SECONDS) else None

    def close(self) -> None:
        self._receiver.close()
        self._sender.close()


class Queue(Transport):
    """`multiprocessing.Queue`: a thread pickles, a pipe carries."""

    name = "mp.Queue"

    def __init__(self, context: BaseContext, size: int):
        super().__init__(context, size)
        self._queue = context.Queue()

    def send(self, data: bytes) -> None:
        self._queue.put(data)

    def receive(self) -> bytes | None:
        try:
            return self._queue.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            return None

    def close(self) -> None:
        self._queue.close()


class SimpleQueue(Transport):
    """`multiprocessing.SimpleQueue`: a queue without that thread."""

    name = "SimpleQueue"

    def __init__(self, context: BaseContext, size: int):
        super().__init__(context, size)
        self._queue = context.SimpleQueue()

    def send(self, data: bytes) -> None:
        self._queue.put(data)

    def receive(self) -> bytes | None:
        # It has no time limit of its own.
        queue: Any = self._queue  # its end for reading has no public name
        if not connection.wait([queue._reader], WAIT_SECONDS):
            return None
        return self._queue.get()

    def close(self) -> None:
        self._queue.close()


class Manager(Queue):
    """A queue in a process of its own, through proxies."""

    name = "Manager"

    def __init__(self, context: BaseContext, size: int):
        Transport.__init__(self, context, size)
        self._manager = context.Manager()
        self._queue = self._manager.Queue()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_manager": None}  # its proxies find it

    def close(self) -> None:
        self._manager.shutdown()


class Socket(Transport):
    """A TCP connection within the machine, without Nagle's delay."""

    name = "socket"

    def __init__(self, context: BaseContext, size: int):
        super().__init__(context, size)
        self._listener: socket.socket | None = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._socket: socket.socket | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_listener": None}

    def open_sender(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def open_receiver(self) -> None:
        self._socket, _ = self._listener.accept()
        self._socket.settimeout(WAIT_SECONDS)
        self._buffer = bytearray(self.size)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> bytes | None:
        view, at = memoryview(self._buffer), 0
        while at < self.size:
            try:
                n = self._socket.recv_into(view[at:])
            except TimeoutError:
                if at == 0:
                    return None
                continue
            if n == 0:
                return None
            at += n
        return bytes(self._buffer)

    def close(self) -> None:
        for held in (self._socket, self._listener):
            if held is not None:
                held.close()


class Array(Transport):
    """`multiprocessing.RawArray`, guarded by a lock.

    About half of the time the lock is in the hands of a receiver that only looks, and the sender
    has to be woken: its median lies between two very different latencies.
    """

    name = "RawArray + Lock"
    waits = False

    def __init__(self, context: BaseContext, size: int):
        super().__init__(context, size)
        self._array = context.RawArray(ctypes.c_char, size)
        self._lock = context.Lock()
        self._seen = bytes(NUMBER.size)

    def open_sender(self) -> None:
        self._view = memoryview(self._array).cast("B")

    open_receiver = open_sender

    def send(self, data: bytes) -> None:
        with self._lock:
            self._view[:] = data

    def receive(self) -> bytes | None:
        with self._lock:
            number = bytes(self._view[: NUMBER.size])
            if number == self._seen:
                return None
            data = bytes(self._view)
        self._seen = number
        return data


class Ours(Transport):
    """A ring of records in shared memory, without a lock: what this package uses."""

    name = "psychopy_nfb"
    waits = False

    SLOTS = 4
    READ_AGAIN_BYTES = 4096

    def __init__(self, context: BaseContext, size: int):
        super().__init__(context, size)
        ring_bytes = self.SLOTS * record_size(_layout(size))
        self._memory: SharedMemory | None = create_memory(64 + ring_bytes)
        self._name = self._memory.name
        self._seen = 0
        self._data = _layout(size).place("data")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_memory": None}

    def open_sender(self) -> None:
        self._memory = join_memory(self._name)
        self.open_receiver()

    def open_receiver(self) -> None:
        buffer = self._memory.buf
        self._ring = Ring(buffer[:], buffer[:8].cast("q"), 0, 64, self.SLOTS, _layout(self.size))

    def send(self, data: bytes) -> None:
        self._ring.write(data)

    def receive(self) -> bytes | None:
        # A small record is read again and again, as each frame does. What looks for a new number
        # first is quick to find none, and slow when there is one: rarely run, its code is cold.
        if self.size > self.READ_AGAIN_BYTES and self._ring.newest_seq == self._seen:
            return None
        record = self._ring.newest()
        if record is None or record[records.NUMBER] == self._seen:
            return None
        self._seen = record[records.NUMBER]
        return record[self._data]

    def close(self) -> None:
        self._ring.release()
        self._memory.close()
        remove_memory(self._memory)


def _layout(size: int) -> Layout:
    """Return the layout of records of `size` bytes."""
    return Layout({"data": f"{size}s"})


class Zeromq(Transport):
    """ZeroMQ's push and pull over TCP, as PsychoPy brings it."""

    name = "ZeroMQ"

    def __init__(self, context: BaseContext, size: int):
        import zmq  # noqa: F401 - where it is not installed, this way cannot run

        super().__init__(context, size)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]

    def _open(self, kind: str, join: Callable[..., Any]) -> None:
        import zmq

        self._context = zmq.Context()
        self._socket = self._context.socket(getattr(zmq, kind))
        join(self._socket, f"tcp://127.0.0.1:{self._port}")

    def open_sender(self) -> None:
        self._open("PUSH", lambda own, address: own.connect(address))

    def open_receiver(self) -> None:
        self._open("PULL", lambda own, address: own.bind(address))

    def send(self, data: bytes) -> None:
        self._socket.send(data)

    def receive(self) -> bytes | None:
        return self._socket.recv() if self._socket.poll(1e3 * WAIT_SECONDS) else None

    def close(self) -> None:
        self._socket.close(0)
        self._context.term()


WAYS = (File, Pipe, Queue, SimpleQueue, Manager, Socket, Array, Ours, Zeromq)
