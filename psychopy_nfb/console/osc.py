"""Values and commands over OSC, for music programs and stimulus machines that speak it.

Values go out as one bundle at a time, so that those of one sample stay together. Commands come in
with the session's token as their first argument and are checked like those of the web socket. A
packet's time tag is not waited for: a sender could make the page's process sleep with it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.console.access import WRONG_SECONDS, Tokens
from psychopy_nfb.console.desk import Desk
from psychopy_nfb.console.session_line import Answer, SessionLine
from psychopy_nfb.engine.operator_commands import (
    COMMANDS,
    LONGEST_REQUEST,
    TOO_MANY,
    Budget,
    Request,
    check_request,
)
from psychopy_nfb.errors import NfbError, SettingsError

PREFIX = "/nfb/"
MOST_SENDERS = 256
"""Addresses with a wrong token that are remembered at a time."""


class OscValues:
    """Sends the newest values to one address, as often as it is called.

    Parameters
    ----------
    desk : Desk
        The session.
    target : (str, int)
        Host and port.

    Raises
    ------
    SettingsError
        If the host is not known.
    """

    def __init__(self, desk: Desk, target: tuple[str, int]):
        self._desk = desk
        try:  # once: to ask for a name with each packet would hold up the page
            found = socket.getaddrinfo(*target, type=socket.SOCK_DGRAM)[0]
        except (OSError, UnicodeError):
            raise SettingsError(
                "osc-out",
                f"{target[0]}:{target[1]}",
                "is not a known computer; give its IP address",
            ) from None
        family, self._target = found[0], found[4]
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def send(self) -> None:
        """Send them once. Never raises and never waits."""
        told = self._desk.values()
        if told["sample"] is None:
            return
        bundle = OscBundleBuilder(IMMEDIATELY)
        bundle.add_content(_message("sample", told["sample"]))
        bundle.add_content(_message("stale", int(told["stale"])))
        bundle.add_content(_message("flags", *told["flags"]))
        for name, value in told["values"].items():
            if value is not None:
                bundle.add_content(_message(f"value/{name}", float(value)))
        with suppress(OSError):  # nobody listens there, or the network is gone
            self._socket.sendto(bundle.build().dgram, self._target)


class OscCommands(asyncio.DatagramProtocol):
    """Passes commands on, and answers each sender that has the token.

    Parameters
    ----------
    line : SessionLine
        Takes the commands.
    tokens : Tokens
        Knows the right one.
    """

    def __init__(self, line: SessionLine, tokens: Tokens):
        self._line, self._tokens = line, tokens
        self._budget = Budget()
        self._refused: dict[str, float] = {}  # senders of wrong tokens, until when
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are sent by."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Take one packet; never raises."""
        if len(data) > LONGEST_REQUEST:
            return
        try:
            messages = [one.message for one in OscPacket(data).messages]
            messages = [one for one in messages if _whole(one)]
        except Exception:  # whatever a library makes of bytes that are no packet
            return
        for message in messages:
            self._take(message.address, list(message.params), addr)

    def error_received(self, exc: Exception) -> None:
        """Go on: whoever was answered does not listen any more."""

    def _take(self, address: str, arguments: list[Any], sender: Any) -> None:
        if not self._may(arguments[:1], sender):
            return
        try:
            if not self._budget.take():
                raise SettingsError("message", "rate", TOO_MANY)
            request = read_message(address, arguments[1:])
        except NfbError as error:
            self._tell(sender, address, Answer(False, str(error)))
            return
        future = asyncio.wrap_future(self._line.ask(request.do, **request.arguments))
        future.add_done_callback(lambda done: self._tell(sender, address, done.result()))

    def _may(self, said: list[Any], sender: Any) -> bool:
        """Return whether a message has the token.

        Who sent a wrong one is not listened to for a while, so that tokens are guessed slowly; to
        answer would help whoever sends under the name of another.
        """
        now, host = lsl_now(), sender[0]
        if self._refused.get(host, now) > now:
            return False
        if said and isinstance(said[0], str) and self._tokens.right(said[0]):
            return True
        if len(self._refused) >= MOST_SENDERS:
            self._refused = {one: until for one, until in self._refused.items() if until > now}
        if len(self._refused) < MOST_SENDERS:
            self._refused[host] = now + WRONG_SECONDS
        self._tokens.report(host)
        return False

    def _tell(self, sender: Any, address: str, answer: Answer) -> None:
        told = _message("answer", address, int(answer.done), answer.sentence)
        self._transport.sendto(told.dgram, sender)


def read_message(address: str, arguments: Sequence[Any]) -> Request:
    """Return an OSC message without its token as a command.

    Parameters
    ----------
    address : str
        ``/nfb/`` and the command's name.
    arguments : sequence
        ``set`` has names and values by turns, then the signal's name if it is not the first;
        ``freeze`` and ``adapt`` may have that name, ``note`` and ``mark`` have their text.

    Raises
    ------
    SettingsError
        If it is no command.

    Examples
    --------
    >>> read_message("/nfb/set", ["threshold", 0.699999988079071, "alpha"])
    Request(do='set', arguments={'changes': {'threshold': 0.7}, 'signal': 'alpha'})
    >>> read_message("/nfb/pause", [])
    Request(do='pause', arguments={})
    """
    do = address.removeprefix(PREFIX)
    if do == address or do not in COMMANDS:
        raise SettingsError(
            "address", address, f"must be {PREFIX} and one of {', '.join(COMMANDS)}"
        )
    rest, message = list(arguments), {"do": do}
    if do == "set":
        pairs = len(rest) // 2
        message["changes"] = {str(rest[2 * n]): _number(rest[2 * n + 1]) for n in range(pairs)}
        rest = rest[2 * pairs :]
    for name in COMMANDS[do]:
        if name not in message and rest:
            message[name] = rest.pop(0)
    if rest:
        raise SettingsError(do, len(arguments), "has too many arguments; leave out the last ones")
    return check_request(message)


def _whole(message: OscMessage) -> bool:
    """Return whether no number of a message was cut off.

    python-osc takes zeros for bytes that are missing, and a threshold of 9 would become 8 or 0.
    With other bytes behind the message such a number differs.
    """
    return OscMessage(message.dgram + b"\xff" * 8).params == message.params


def _number(value: Any) -> Any:
    """Return a number as its sender wrote it: OSC's usual floats have 32 bits."""
    if isinstance(value, float) and float(np.float32(value)) == value:
        return float(str(np.float32(value)))
    return value


def _message(name: str, *arguments: Any) -> Any:
    message = OscMessageBuilder(PREFIX + name)
    for one in arguments:
        message.add_arg(one)
    return message.build()
