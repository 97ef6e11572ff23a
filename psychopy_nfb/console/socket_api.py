"""Commands and values for other programs: JSON over a web socket at ``/api``.

Every message is checked by `read_json` and `check_request`; nothing of it is evaluated, and one
that is wrong is answered with a sentence.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from urllib.parse import urlparse

from tornado.ioloop import PeriodicCallback
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from psychopy_nfb.console.access import Tokens
from psychopy_nfb.console.desk import Desk
from psychopy_nfb.console.session_line import SessionLine
from psychopy_nfb.engine.operator_commands import (
    TOO_MANY,
    VERSION,
    Budget,
    check_request,
    read_json,
)
from psychopy_nfb.errors import NfbError, SettingsError

logger: logging.Logger = logging.getLogger(__name__)

MOST_HZ = 20.0
WRONG_TO_END = 100
"""Wrong messages after which a connection is closed."""


class Socket(WebSocketHandler):
    """One connection of a program."""

    def initialize(self, desk: Desk, line: SessionLine, tokens: Tokens) -> None:
        """Take what there is to tell, the line for commands, and who may ask."""
        self._desk, self._line, self._tokens = desk, line, tokens
        self._budget = Budget()
        self._wrong = 0
        self._values: PeriodicCallback | None = None

    async def prepare(self) -> None:
        """Refuse who has no token before anything is said."""
        if not await self._tokens.admits(self):
            self.set_status(403)
            self.finish("This address lacks the session's token.")

    def check_origin(self, origin: str) -> bool:
        """Return whether a page of this server opens it; programs send no origin at all."""
        return urlparse(origin).netloc.lower() == self.request.headers.get("Host", "").lower()

    def open(self, *_: str) -> None:
        """Greet."""
        self._tell("hello", session=self._desk.name)

    def on_message(self, message: str | bytes) -> None:
        """Answer one message; never raises."""
        number = None
        try:
            if not self._budget.take():
                raise SettingsError("message", "rate", TOO_MANY)
            content = read_json(message)
            if not isinstance(content, dict):
                raise SettingsError("message", content, "must be a JSON object")
            number = content.pop("number", None)
            if number is not None and (not isinstance(number, int) or abs(number) > 2**53):
                number = None
                raise SettingsError("number", "?", "must be a whole number")
            if "values" in content:
                self._subscribe(content)
                self._tell("answer", number=number, done=True, sentence="")
                return
            request = check_request(content)
        except NfbError as error:
            self._tell("answer", number=number, done=False, sentence=str(error))
            self._wrong += 1
            if self._wrong >= WRONG_TO_END:
                self.close(1008, "too many wrong messages")
            return
        future = self._line.ask(request.do, **request.arguments)
        asyncio.ensure_future(self._answer(number, asyncio.wrap_future(future)))

    def on_close(self) -> None:
        """Send nothing more."""
        if self._values is not None:
            self._values.stop()

    def _subscribe(self, content: dict[str, Any]) -> None:
        """Send values once, at a rate, or no longer."""
        rate = content.pop("values")
        if content:
            raise SettingsError(
                next(iter(content)), "?", "is not a field of a request for values; leave it out"
            )
        right = isinstance(rate, int | float) and not isinstance(rate, bool)
        if not right or not 0 <= rate <= MOST_HZ:
            raise SettingsError(
                "values", rate, f"must be a number of times a second, 0 to {MOST_HZ:g}"
            )
        if self._values is not None:
            self._values.stop()
            self._values = None
        self._send_values()
        if rate:
            self._values = PeriodicCallback(self._send_values, 1e3 / rate)
            self._values.start()

    def _send_values(self) -> None:
        self._tell("values", **self._desk.values())

    async def _answer(self, number: int | None, future: asyncio.Future[Any]) -> None:
        answer = await future
        self._tell("answer", number=number, done=answer.done, sentence=answer.sentence)

    def _tell(self, kind: str, **content: object) -> None:
        try:
            self.write_message(json.dumps({"version": VERSION, "kind": kind, **content}))
        except WebSocketClosedError:
            self.on_close()
