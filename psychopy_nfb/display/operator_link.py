"""The experiment's end of the line to an operator's page and to other programs.

One thread waits at a socket of this computer. Without a page it sleeps. With one it looks four
times a second whether anything has changed that shared memory does not tell, and sends that. The
frame loop never waits for it.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import secrets
import selectors
import socket
import subprocess
import threading
from collections import deque
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.display.operator_state import operator_state
from psychopy_nfb.engine.blinding import may_be_told
from psychopy_nfb.engine.operator_commands import (
    LONGEST_REQUEST,
    SOURCES,
    TOO_MANY,
    VERSION,
    Budget,
    Request,
    asked_by,
    check_request,
    read_json,
)
from psychopy_nfb.engine.reach import check_reach
from psychopy_nfb.engine.running_sessions import announce, withdraw
from psychopy_nfb.errors import NfbError, SettingsError, cause
from psychopy_nfb.process import CREATION_FLAGS, child_environment, python_command
from psychopy_nfb.repeated import RepeatedFault

logger: logging.Logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
"""How late a page is told of what shared memory does not hold."""
JOIN_SECONDS = 1.0
MOST_UNSENT = 1 << 22
"""Bytes that wait for a client; one that does not take them is left."""
MOST_CLIENTS = 16
MOST_MESSAGES = 200


class _Messages(logging.Handler):
    """Keeps what the package tells the user, for the page; whoever heard it before still does."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.kept: deque[dict[str, Any]] = deque(maxlen=MOST_MESSAGES)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(Exception):  # a message that cannot be written says nothing to the page
            self.add(record.getMessage(), record.levelname.lower())
        # A script that has set up no logging reads warnings on stderr only for as long as no
        # logger has a handler, as ours is one.
        last = logging.lastResort
        if last is not None and record.levelno >= last.level and self._is_alone(record.name):
            last.handle(record)

    def _is_alone(self, name: str) -> bool:
        """Return whether no handler but those of sessions hears a logger, this one first."""
        handlers: list[logging.Handler] = []
        logger: logging.Logger | None = logging.getLogger(name)
        while logger is not None:
            handlers += logger.handlers
            logger = logger.parent if logger.propagate else None
        return handlers[0] is self and all(isinstance(one, _Messages) for one in handlers)

    def add(self, text: str, level: str) -> None:
        self.count += 1
        self.kept.append({"number": self.count, "t": lsl_now(), "level": level, "text": text})


class _Client:
    """One connection."""

    def __init__(self, connection: socket.socket):
        self.connection = connection
        self.source: str | None = None  # until it has said the token
        self.received = bytearray()
        self.unsent = bytearray()
        self.state_sent = ""
        self.messages_sent = 0
        self.budget = Budget()

    def send(self, kind: str, **content: object) -> None:
        """Queue a message."""
        self.unsent += json.dumps({"kind": kind, **content}).encode() + b"\n"


class OperatorLink:
    """Announces a running session, answers its pages, and carries out what they ask.

    Parameters
    ----------
    nfb : Neurofeedback
        Started. It imports this module, so that no type can be named here.
    """

    def __init__(self, nfb: Any):
        self._nfb = nfb
        self._token = secrets.token_hex(16)
        self._announced: Path | None = None
        self._messages = _Messages()
        self._strangers, self._faults = RepeatedFault(logger.warning), RepeatedFault(logger.error)
        self._clients: list[_Client] = []
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._door: socket.socket | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="nfb-operator", daemon=True)
        self._creator = os.getpid()

    def open(self, page: bool) -> None:
        """Announce the session, and start the operator's page if it is wanted. Never raises."""
        try:
            self._door = socket.create_server(("127.0.0.1", 0), backlog=MOST_CLIENTS)
            self._door.setblocking(False)
            self._woken.setblocking(False)
            self._selector.register(self._door, selectors.EVENT_READ, None)
            self._selector.register(self._woken, selectors.EVENT_READ, None)
            logging.getLogger("psychopy_nfb").addHandler(self._messages)
            self._announced = announce(
                {
                    "version": VERSION,
                    "name": self._name(),
                    "memory": self._nfb._link.handle.block.name,
                    "port": self._door.getsockname()[1],
                    "token": self._token,
                }
            )
            self._thread.start()
            if page:
                self._start_page()
        except (OSError, NfbError) as error:
            logger.warning("The operator's page cannot reach this session: %s", error)

    def _name(self) -> str:
        files = self._nfb.files
        return f"process {os.getpid()}" if files is None else Path(files.stem).name

    def _start_page(self) -> None:
        if find_spec("bokeh") is None:
            logger.warning(
                "The operator's page needs the package bokeh (pip install psychopy-nfb[console]); "
                "the session goes on without the page."
            )
            return
        subprocess.Popen(
            python_command("console.program", "--announcement", str(self._announced), "--browser"),
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # inherited, it would freeze PsychoPy Runner
            creationflags=CREATION_FLAGS,
            start_new_session=True,  # Ctrl-C in a terminal is for the experiment alone
        )

    def close(self) -> None:
        """Tell the pages that the session has ended, and leave no thread. Never raises."""
        if os.getpid() != self._creator:
            return
        if self._announced is not None:
            withdraw(self._announced)
        self._ended.set()
        with suppress(OSError):
            self._wake.send(b"\0")
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(JOIN_SECONDS)
        for repeated in (self._strangers, self._faults):
            repeated.close()
        logging.getLogger("psychopy_nfb").removeHandler(self._messages)
        for one in (self._wake, self._woken, self._door):
            if one is not None:
                one.close()
        self._selector.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                self._turn()
            except Exception as error:  # the session goes on; the next turn may succeed
                logger.debug("A request of the operator's page failed.", exc_info=True)
                self._faults.note(
                    f"A request of the operator's page failed ({type(error).__name__}: "
                    f"{cause(error)}); going on."
                )
                self._ended.wait(LOOK_SECONDS)
        for client in list(self._clients):
            with suppress(OSError):
                client.send("ended", name=self._name())
                client.connection.setblocking(True)
                client.connection.settimeout(LOOK_SECONDS)
                client.connection.sendall(client.unsent)
            self._leave(client)

    def _turn(self) -> None:
        for key, _ in self._selector.select(LOOK_SECONDS if self._clients else None):
            if key.fileobj is self._door:
                self._accept()
            elif key.fileobj is self._woken:
                with suppress(OSError):
                    self._woken.recv(64)
            else:
                self._hear(key.data)
        if self._ended.is_set():
            return
        known = [client for client in self._clients if client.source is not None]
        if known:
            self._tell(known)
        for client in list(self._clients):
            self._flush(client)

    def _accept(self) -> None:
        connection, _ = self._door.accept()
        if len(self._clients) >= MOST_CLIENTS:
            connection.close()
            return
        connection.setblocking(False)
        client = _Client(connection)
        self._clients.append(client)
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _leave(self, client: _Client) -> None:
        if client in self._clients:
            self._clients.remove(client)
            with suppress(KeyError, ValueError):
                self._selector.unregister(client.connection)
            client.connection.close()

    def _hear(self, client: _Client) -> None:
        try:
            part = client.connection.recv(LONGEST_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        client.received += part
        *lines, rest = client.received.split(b"\n")
        client.received = rest
        for line in lines:
            if client in self._clients:
                self._take(client, bytes(line))
        if not part or len(rest) > LONGEST_REQUEST:
            self._flush(client)  # who has said all may still listen
            self._leave(client)

    def _take(self, client: _Client, line: bytes) -> None:
        """Answer one line; the first of a client must have the token."""
        number = None
        try:
            message = read_json(line)
            if client.source is None:
                self._greet(client, message)
                return
            if not client.budget.take():
                raise SettingsError("request", "rate", TOO_MANY)
            if isinstance(message, dict):
                number = message.pop("number", None)
                number = number if isinstance(number, int) else None
            request = check_request(message)
            with asked_by(client.source):
                self._obey(request)
        except NfbError as error:
            client.send("answer", number=number, done=False, sentence=str(error))
        else:
            client.send("answer", number=number, done=True, sentence="")

    def _greet(self, client: _Client, message: object) -> None:
        said = message.get("token") if isinstance(message, dict) else None
        source = message.get("source") if isinstance(message, dict) else None
        right = isinstance(said, str) and hmac.compare_digest(
            said.encode(errors="replace"), self._token.encode()
        )
        if not right or source not in SOURCES:
            self._strangers.note("A program without the session's token was refused at its socket.")
            self._leave(client)
            return
        client.source = source
        client.send("hello", version=VERSION)

    def _obey(self, request: Request) -> None:
        """Carry out one command, by the same ways as the experiment's own.

        Raises
        ------
        NfbError
            If it cannot be done now.
        """
        nfb, given = self._nfb, request.arguments
        if request.do == "pause":
            nfb.pause()
        elif request.do == "resume":
            nfb.resume()
        elif request.do == "set":
            check_reach(nfb.configuration, given["changes"], given["signal"])
            nfb._change(given["changes"], given["signal"])
        elif request.do in ("freeze", "adapt"):
            nfb._change({"frozen": request.do == "freeze"}, given["signal"])
        elif request.do == "end_block":
            nfb._asked.end_block()
        elif request.do == "abort":
            nfb._asked.abort()
        elif request.do == "note":
            nfb._asked.event("note", given["text"])
        elif request.do == "mark":
            nfb._asked.event("mark", given["label"])

    def _tell(self, clients: list[_Client]) -> None:
        """Send the state where it has changed, and new messages."""
        state = json.dumps(operator_state(self._nfb))
        for client in clients:
            if client.state_sent != state:
                client.state_sent = state
                client.unsent += b'{"kind": "state", "state": ' + state.encode() + b"}\n"
            if client.messages_sent != self._messages.count:
                client.send("messages", messages=self._new_messages(client.messages_sent))
                client.messages_sent = self._messages.count

    def _new_messages(self, since: int) -> list[dict[str, Any]]:
        nfb = self._nfb
        return [
            one
            for one in list(self._messages.kept)
            if one["number"] > since
            and may_be_told(one["text"], nfb.configuration.shown, nfb.blinded)
        ]

    def _flush(self, client: _Client) -> None:
        if not client.unsent:
            return
        try:
            sent = client.connection.send(client.unsent)
            del client.unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._leave(client)
            return
        if len(client.unsent) > MOST_UNSENT:
            self._leave(client)
