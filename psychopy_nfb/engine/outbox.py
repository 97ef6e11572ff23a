"""Commands on their way to the background process, kept until nothing can lose them any more.

A process may be killed at any moment, with commands in its pipe, in its memory or in files that are
not flushed. So a command is kept here until the process has said that it was obeyed and, where it
is an event of the session, that the event is in the files. What is still here goes to the process's
successor, in order.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from psychopy_nfb.interrupts import PostponedInterrupts


class Outbox:
    """Numbered commands for one run, through as many processes as it takes.

    Its methods are called from several threads, and none of them waits but `next`.

    Examples
    --------
    >>> outbox = Outbox()
    >>> outbox.target("first process")
    >>> outbox.add({"command": "pause"}), outbox.add({"command": "mark", "label": "go"})
    (1, 2)
    >>> outbox.next()
    ('first process', {'command': 'pause', 'number': 1})
    >>> outbox.obeyed(1, event={"label": "pause"})  # not yet in the files when the process dies
    {'command': 'pause', 'number': 1}
    >>> outbox.target("second process")
    >>> outbox.next(), outbox.next()
    (('second process', {'command': 'keep', 'number': 1, 'event': {'label': 'pause'}}), \
('second process', {'command': 'mark', 'label': 'go', 'number': 2}))
    >>> outbox.kept([1, 2])
    >>> len(outbox)
    0
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._commands: dict[int, dict[str, Any]] = {}  # by number, which is their order
        self._target: Any = None
        self._last = 0
        self._sent = 0
        self._closed = False

    @contextmanager
    def _held(self) -> Iterator[None]:
        with PostponedInterrupts(), self._changed:
            yield

    def __len__(self) -> int:
        with self._held():
            return len(self._commands)

    def add(self, command: dict[str, Any]) -> int:
        """Add a command and return its number."""
        with self._held():
            self._last += 1
            self._commands[self._last] = {**command, "number": self._last}
            self._changed.notify()
            return self._last

    def target(self, process: Any) -> None:
        """Send all that is here to `process` from now on, from the first one."""
        with self._held():
            self._target = process
            self._sent = 0
            self._changed.notify()

    def next(self) -> tuple[Any, dict[str, Any]] | None:
        """Wait for a command that its process has not been sent; return both, None once closed."""
        with self._held():
            while not self._closed:
                for number, command in self._commands.items():
                    if number > self._sent and self._target is not None:
                        self._sent = number
                        return self._target, command
                self._changed.wait()
            return None

    def obeyed(self, number: int, event: dict[str, Any] | None) -> dict[str, Any] | None:
        """Note that a command has had its effect, and what event of the session it is, if any.

        Returns
        -------
        dict or None
            The command; None if it is not here any more.
        """
        with self._held():
            command = self._commands.get(number)
            if command is None or command["command"] == "keep":
                return None
            if event is None:
                del self._commands[number]
            else:  # in the same place of the order
                self._commands[number] = {"command": "keep", "number": number, "event": event}
            return command

    def kept(self, numbers: Iterable[int]) -> None:
        """Drop commands: their events are in the session's files."""
        with self._held():
            for number in numbers:
                self._commands.pop(number, None)

    def close(self) -> None:
        """End `next`."""
        with self._held():
            self._closed = True
            self._changed.notify_all()
