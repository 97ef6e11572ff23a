"""The worker's lines to the experiment, one JSON object a line on stdin and stdout."""

from __future__ import annotations

import json
import os
import select
import sys
import threading
import time
from collections import deque
from typing import Any

if sys.platform == "win32":
    import _winapi
    import msvcrt

    LOOK_SECONDS = 0.01
    """How late a command can be seen on Windows."""

    def wait_for_bytes(pipe: int) -> bool:
        """Return True once there is something to read, False when the other end is closed.

        Windows lets one call at a time at a pipe. While a thread waits in a read of stdin, whoever
        asks for its type waits too, and the Fortran libraries of scipy do so when they are loaded:
        the worker would never start. So nobody waits in a read here.
        """
        handle = msvcrt.get_osfhandle(pipe)
        try:
            while not _winapi.PeekNamedPipe(handle, 0)[0]:
                time.sleep(LOOK_SECONDS)
        except OSError:
            return False
        return True

else:

    def wait_for_bytes(pipe: int) -> bool:
        """Return True once there is something to read, False when the other end is closed."""
        waits = select.poll()
        waits.register(pipe, select.POLLIN)
        return any(event & select.POLLIN for _, event in waits.poll())


class ControlLine:
    """Commands in, messages out.

    Parameters
    ----------
    commands, messages : int
        File descriptors, usually of the process's stdin and stdout. They are used without Python's
        buffers, whose locks a waiting thread would hold when the process wants to end.
    """

    def __init__(self, commands: int, messages: int):
        self._commands = commands
        self._messages = messages
        self._rest = b""
        self._waiting: deque[dict[str, Any]] = deque()
        self._lock = threading.Lock()
        self.ended: threading.Event = threading.Event()
        """Set when the other end is closed."""

    def first(self) -> dict[str, Any] | None:
        """Wait for the first command and return it; None if the other end closed instead.

        Empty lines before it tell a process that still loads to hurry, no more.
        """
        while (line := self._next_line()) == b"":
            pass
        return None if line is None else json.loads(line)

    def listen(self) -> None:
        """Collect further commands in a thread."""
        threading.Thread(target=self._listen, name="commands", daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                line = self._next_line()
                command = None if line is None else json.loads(line)
            except ValueError as error:  # one line that is no JSON is no reason to be deaf
                self.send("refused", command=None, sentence=f"A command is not readable: {error}")
                continue
            if command is None:
                break
            self._waiting.append(command)
        self.ended.set()

    def _next_line(self) -> bytes | None:
        while b"\n" not in self._rest:
            part = os.read(self._commands, 65536) if wait_for_bytes(self._commands) else b""
            if not part:
                return None
            self._rest += part
        line, self._rest = self._rest.split(b"\n", 1)
        return line

    def take(self) -> dict[str, Any] | None:
        """Return the next waiting command, or None."""
        return self._waiting.popleft() if self._waiting else None

    def send(self, kind: str, **content: object) -> None:
        """Send a message; silent once the experiment is gone, which the guard finds out."""
        line = json.dumps({"kind": kind, **content}, default=_plain).encode() + b"\n"
        try:
            with self._lock:
                while line:
                    line = line[os.write(self._messages, line) :]
        except OSError:
            self.ended.set()


def _plain(value: object) -> object:
    """Turn numpy values into what JSON knows."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def standard_lines() -> ControlLine:
    """Return the control line over this process's stdin and stdout.

    From here on ``print`` goes to stderr, so that no library's chatter gets between the messages.
    """
    line = ControlLine(sys.stdin.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    return line
