"""How two computers begin a connection: each proves that it knows the token, which is never sent.

Each end draws a random text and gets back its HMAC (RFC 2104) with the token as key. What follows
on the connection is neither encrypted nor signed: it is for a network that the lab trusts.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import socket
import time
from typing import Any

from psychopy_nfb.errors import NfbError, SettingsError, WorkerError

ALL_ADDRESSES = "0.0.0.0"
"""Where a worker waits that waits at each address of its computer."""
PROTOCOL = 1
"""Of the messages; both ends need the same one."""
GREETING_SECONDS = 5.0
WRONG_SECONDS = 1.0
"""How long the answer to a wrong token takes, so that nobody tries many."""
LONGEST_GREETING = 4096
LONGEST_ANSWER = 4_000_000
"""Most bytes of an answer, which may hold settings."""
SMALLEST_TOKEN = 8
TOKEN_VARIABLE = "PSYCHOPY_NFB_TOKEN"
"""Environment variable with the token, so that it stands in no experiment."""


class NotWelcome(Exception):
    """The other end has no right to connect."""


def check_token(parameter: str, token: object) -> str:
    """Return a token.

    Raises
    ------
    SettingsError
        If it is missing or so short that it could be guessed.
    """
    if not isinstance(token, str) or len(token) < SMALLEST_TOKEN:
        given = None if not token else "***"
        raise SettingsError(
            parameter,
            given,
            f"must be the token that `psychopy-nfb worker` shows on the other computer, of at "
            f"least {SMALLEST_TOKEN} characters; give it here or in the environment variable "
            f"{TOKEN_VARIABLE}",
        )
    return token


def _proof(token: str, side: str, nonces: str) -> str:
    return hmac.new(token.encode(), f"{side}:{nonces}".encode(), hashlib.sha256).hexdigest()


def _say(connection: socket.socket, **content: object) -> None:
    connection.sendall(json.dumps(content).encode() + b"\n")


def _hear(connection: socket.socket, longest: int = LONGEST_GREETING) -> dict[str, Any]:
    """Return one line, read byte by byte: what follows it is another's to read."""
    line = bytearray()
    while not line.endswith(b"\n"):
        part = connection.recv(1)
        if not part or len(line) > longest:
            raise OSError("the other end hung up")
        line += part
    content = json.loads(line)
    if not isinstance(content, dict):
        raise ValueError("a greeting must be a JSON object")
    return content


def greet(
    connection: socket.socket, name: str, token: str, wants: str, **more: object
) -> dict[str, Any]:
    """Begin as the experiment's end.

    Parameters
    ----------
    connection : socket
        Just made.
    name, token : str
        Of the worker.
    wants : {"session", "settings"}
        What the connection is for: messages of a session, or the worker's settings.
    **more
        Of a session: ``session``, which one goes on, None for a new one; ``heard``, number of its
        last message that came, None where this end has lost what it knew.

    Returns
    -------
    dict
        Of a session ``session`` and ``heard``, of the other end; or ``settings``.

    Raises
    ------
    WorkerError
        If the token is wrong, or the other end refuses.
    OSError, ValueError, LookupError
        If the connection breaks.
    """
    connection.settimeout(GREETING_SECONDS)
    theirs = _hear(connection)
    if theirs.get("protocol") != PROTOCOL:
        raise WorkerError(
            "remote",
            name,
            "has another version of psychopy_nfb; install the same one on both computers",
        )
    mine = secrets.token_hex(16)
    nonces = f"{theirs['nonce']}:{mine}"
    _say(connection, nonce=mine, proof=_proof(token, "experiment", nonces), wants=wants, **more)
    answer = _hear(connection, LONGEST_ANSWER)
    if "refused" in answer:
        raise WorkerError("remote", name, str(answer["refused"]))
    if not hmac.compare_digest(str(answer.get("proof")), _proof(token, "worker", nonces)):
        raise WorkerError("remote", name, "does not know the token; it is somebody else's worker")
    return answer


class Door:
    """The worker's end of one connection that begins.

    Parameters
    ----------
    connection : socket
        Just accepted.
    token : str
        Which the other end must know.

    Attributes
    ----------
    wants : str
        What the connection is for, ``"session"`` or ``"settings"``.
    session : str or None
        Which session the other end wants to go on with, None for a new one.
    heard : int or None
        Number of the last message that it has; None where it has lost what it knew.

    Raises
    ------
    NotWelcome
        If the other end does not know the token.
    OSError, ValueError, LookupError
        If it says what cannot be understood.
    """

    def __init__(self, connection: socket.socket, token: str):
        self._connection = connection
        self._token = token
        connection.settimeout(GREETING_SECONDS)
        mine = secrets.token_hex(16)
        _say(connection, protocol=PROTOCOL, nonce=mine)
        theirs = _hear(connection)
        self._nonces = f"{mine}:{theirs['nonce']}"
        right = _proof(token, "experiment", self._nonces)
        if not hmac.compare_digest(str(theirs.get("proof")), right):
            time.sleep(WRONG_SECONDS)
            _say(connection, refused="does not take this token; look at what the worker shows")
            raise NotWelcome
        self.wants: str = str(theirs["wants"])
        session, heard = theirs.get("session"), theirs.get("heard")
        self.session: str | None = None if session is None else str(session)
        self.heard: int | None = None if heard is None else int(heard)

    def welcome(self, **answer: object) -> None:
        """Let the other end in, with what it wants."""
        proof = _proof(self._token, "worker", self._nonces)
        _say(self._connection, proof=proof, **answer)

    def refuse(self, error: NfbError) -> None:
        """Tell the other end why it cannot have what it wants."""
        _say(self._connection, refused=error.remedy)
