"""The line to a running session: its state and messages one way, commands the other."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, NamedTuple

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.engine.operator_commands import VERSION
from psychopy_nfb.errors import WorkerError

logger: logging.Logger = logging.getLogger(__name__)

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 3.0
"""How long a command may take until it is said that no answer came."""
MOST_MESSAGES = 200


class Answer(NamedTuple):
    """What the session said to a command."""

    done: bool
    """Whether it was carried out; a setting holds from the next sample on."""
    sentence: str
    """Why not."""


class SessionLine:
    """A connection to the session that an announcement describes.

    Parameters
    ----------
    about : dict
        The announcement.
    source : {"operator", "remote"}
        Who asks; it stands in the session's events.

    Attributes
    ----------
    state : dict
        What the session said last; empty until it has said anything.
    messages : deque of dict
        What it has told the user, oldest first, each with number, t, level and text.
    ended : threading.Event
        Set when the session has ended or is gone.

    Raises
    ------
    WorkerError
        If it does not answer, or speaks another version.
    """

    def __init__(self, about: dict[str, Any], source: str):
        self.name: str = about["name"]
        self.state: dict[str, Any] = {}
        self.messages: deque[dict[str, Any]] = deque(maxlen=MOST_MESSAGES)
        self.ended: threading.Event = threading.Event()
        self._known = threading.Event()  # whether the first state has come
        self._answers: dict[int, Future[Answer]] = {}
        self._number = 0
        self._lock = threading.Lock()
        if about["version"] != VERSION:
            raise WorkerError(
                "session", self.name, "was started by another version of psychopy_nfb; use that one"
            )
        try:
            self._socket = socket.create_connection(("127.0.0.1", about["port"]), CONNECT_SECONDS)
            self._write({"token": about["token"], "source": source})
        except OSError:
            raise WorkerError(
                "session", self.name, "does not answer; check that it is still running"
            ) from None
        self._socket.settimeout(None)
        threading.Thread(target=self._listen, name="session-line", daemon=True).start()
        if not self._known.wait(CONNECT_SECONDS):
            self.close()
            raise WorkerError(
                "session", self.name, "does not answer; check that it is still running"
            )

    def ask(self, do: str, **arguments: object) -> Future[Answer]:
        """Send a command; the future has the answer. Never waits."""
        future: Future[Answer] = Future()
        with self._lock:
            self._number += 1
            number = self._number
            self._answers[number] = future
        try:
            self._write({"do": do, "number": number, **arguments})
        except (OSError, ValueError):
            self._answer(number, Answer(False, "The session has ended."))
        timer = threading.Timer(
            ANSWER_SECONDS, self._answer, (number, Answer(False, "No answer came; look again."))
        )
        timer.daemon = True
        timer.start()
        future.add_done_callback(lambda _: timer.cancel())
        return future

    def note(self, text: str) -> None:
        """Add a message that does not come from the session itself."""
        self.messages.append({"number": 0, "t": lsl_now(), "level": "warning", "text": text})

    def close(self) -> None:
        """Leave the session."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _write(self, message: dict[str, Any]) -> None:
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def _answer(self, number: int | None, answer: Answer) -> None:
        with self._lock:
            future = self._answers.pop(number, None)
        if future is not None:
            future.set_result(answer)

    def _listen(self) -> None:
        try:
            with self._socket.makefile("rb") as lines:
                for line in lines:
                    self._take(json.loads(line))
        except (OSError, ValueError, LookupError):
            logger.debug("The line to the session has ended.", exc_info=True)
        self.ended.set()
        for number in list(self._answers):
            self._answer(number, Answer(False, "The session has ended."))

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["kind"]
        if kind == "state":
            self.state = message["state"]
            self._known.set()
        elif kind == "messages":
            self.messages.extend(message["messages"])
        elif kind == "answer":
            self._answer(message["number"], Answer(message["done"], message["sentence"]))
        elif kind == "ended":
            self.ended.set()
