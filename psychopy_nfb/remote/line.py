"""Messages between two computers, in order and each exactly once, over any number of connections.

A connection of TCP keeps the order and loses nothing until it ends. What the other end has not
confirmed by then is sent again over the next one, and what it had already is passed over.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from psychopy_nfb.errors import cause
from psychopy_nfb.repeated import RepeatedFault

logger: logging.Logger = logging.getLogger(__name__)

BEAT_SECONDS = 0.5
"""How often each end confirms what it has, also when there is nothing new."""
SILENT_SECONDS = 3.0
"""Without a word for so long a connection is dead, and another one is made. TCP itself would wait
for minutes, and after some seconds without a network doubles its pauses."""
LONGEST_LINE = 16_000_000
"""Most bytes of one message, such as settings with a baseline of many channels."""
MOST_PASSING = 50
"""Messages waiting, beyond which one that only tells how things are now is left out."""


def lines_of(connection: socket.socket, longest: int = LONGEST_LINE) -> Iterator[Any]:
    """Yield what comes over a connection, one JSON value a line, until it ends.

    Raises
    ------
    OSError, ValueError
        If it breaks, is silent for longer than its timeout, or sends what is no such line.
    """
    rest = bytearray()
    while part := connection.recv(65536):
        rest += part
        while (end := rest.find(b"\n")) >= 0:
            line = bytes(rest[:end])
            del rest[: end + 1]
            yield json.loads(line)
        if len(rest) > longest:
            raise ValueError(f"a message of more than {longest} bytes")


class Line:
    """One end of the line.

    Parameters
    ----------
    take : callable
        Called with each message of the other end, in the thread that runs `serve`.

    Attributes
    ----------
    received : int
        Number of the last message that came.
    """

    def __init__(self, take: Callable[[dict[str, Any]], None]):
        self._take = take
        self._changed = threading.Condition()
        self._kept: deque[bytes] = deque()  # what the other end has not confirmed
        self._first = 1  # number of the first of these
        self._sent = 0
        self._confirmed = 0  # what this end has told that it has
        self._connection: socket.socket | None = None
        self._wrong = RepeatedFault(logger.error)
        self.received: int = 0

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._connection is not None

    @property
    def waiting(self) -> int:
        """How many messages the other end has not confirmed."""
        with self._changed:
            return len(self._kept)

    def send(self, kind: str, *, passing: bool = False, **content: object) -> None:
        """Send a message; never waits.

        Parameters
        ----------
        kind : str
            What it is.
        passing : bool
            Whether it may be left out when many are waiting.
        **content
            The rest of it, as JSON knows it.
        """
        text = json.dumps({"kind": kind, **content}).encode()
        with self._changed:
            if passing and len(self._kept) > MOST_PASSING:
                return
            self._kept.append(text)
            self._changed.notify_all()

    def restart(self) -> None:
        """Count from 1 again, as the other end does that has lost what it knew."""
        with self._changed:
            self._first, self._sent = 1, 0
            self.received = self._confirmed = 0

    def serve(self, connection: socket.socket, heard: int) -> None:
        """Exchange messages over `connection` until it ends, which is closed then.

        Parameters
        ----------
        connection : socket
            Both ends have proved who they are.
        heard : int
            Number of the last message that the other end has.
        """
        with self._changed:
            self._drop(heard)
            self._sent = self._first - 1
            self._connection = connection
        connection.settimeout(SILENT_SECONDS)
        sender = threading.Thread(
            target=self._send_all, args=(connection,), name="nfb-line", daemon=True
        )
        sender.start()
        try:
            for message in lines_of(connection):
                if connection is not self._connection:
                    break
                self._read(message)
        except (OSError, ValueError, LookupError, TypeError) as error:
            logger.info("The connection to the other computer ended: %s", error)
        finally:
            self._leave(connection)
            self._wrong.close()
            sender.join()
            connection.close()

    def hang_up(self) -> None:
        """End the connection; messages are kept."""
        if (connection := self._connection) is not None:
            self._leave(connection)

    def _leave(self, connection: socket.socket) -> None:
        with self._changed:
            if self._connection is connection:
                self._connection = None
            self._changed.notify_all()
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def _read(self, line: dict[str, Any]) -> None:
        with self._changed:
            self._drop(int(line["have"]))
        if "number" not in line or line["number"] <= self.received:
            return
        if line["number"] != self.received + 1:
            raise ValueError(f"message {line['number']} came after {self.received}")
        try:
            self._take(line["message"])
        except Exception as error:  # one that is wrong must not end the line
            self._wrong.note(
                f"A message from the other computer was not understood and is left out "
                f"({type(error).__name__}: {cause(error)})."
            )
        self.received = line["number"]

    def _drop(self, have: int) -> None:
        """Forget what the other end has."""
        while self._kept and self._first <= have:
            self._kept.popleft()
            self._first += 1

    def _send_all(self, connection: socket.socket) -> None:
        """Send what is new, and what this end has, until the connection ends."""
        beat = 0.0
        while True:
            with self._changed:
                if not self._is_due(connection, beat):
                    self._changed.wait(BEAT_SECONDS)
                if self._connection is not connection:
                    return
                new = max(0, self._sent + 1 - self._first)
                texts = list(self._kept)[new:]
                number = self._sent = self._first - 1 + len(self._kept)
                have = self.received
            head = b'{"have": %d' % have
            lines = [
                b'%b, "number": %d, "message": %b}\n' % (head, number - len(texts) + 1 + n, text)
                for n, text in enumerate(texts)
            ]
            try:
                connection.sendall(b"".join(lines) or head + b"}\n")
            except OSError:
                self._leave(connection)
                return
            beat = time.monotonic()

    def _is_due(self, connection: socket.socket, beat: float) -> bool:
        """Whether there is something to send at once."""
        return (
            self._connection is not connection
            or self._sent < self._first - 1 + len(self._kept)
            or time.monotonic() - beat > BEAT_SECONDS
        )
