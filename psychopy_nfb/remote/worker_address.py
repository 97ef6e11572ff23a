"""Where a worker is: found over LSL by its name, connected over TCP."""

from __future__ import annotations

import socket
from typing import Any

import pylsl

from psychopy_nfb.errors import NfbError, StreamError, WorkerError, cause, listed
from psychopy_nfb.lsl.find import find_stream
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.remote.handshake import greet
from psychopy_nfb.remote.host import ADDRESSES, PORT, STREAM_TYPE

CONNECT_SECONDS = 2.0
FIND_SECONDS = 5.0
"""How long a worker is looked for where no settings say it."""
BROKEN = (OSError, ValueError, LookupError, TypeError)
"""What a connection that breaks, or says what nobody understands, raises."""


def find_worker(name: str, timeout: float) -> list[tuple[str, int]]:
    """Return the addresses and ports at which the worker of this name may be reached.

    Raises
    ------
    StreamError
        If none answers within `timeout` seconds, or several do.
    """
    try:
        found = find_stream(StreamSelection(name=name, type=STREAM_TYPE, timeout=timeout))
    except StreamError as error:
        raise StreamError(
            "remote",
            name,
            f"does not answer as a worker ({error.remedy}). Start `psychopy-nfb worker --name "
            f"{name}` on the amplifier's computer",
        ) from None
    inlet = pylsl.StreamInlet(found, recover=False)
    try:
        description = inlet.info(timeout).desc()
        port = int(description.child_value(PORT))
    except (TimeoutError, pylsl.util.LostError, RuntimeError, ValueError):
        raise StreamError("remote", name, "was found but did not answer; start it again") from None
    return [(address, port) for address in description.child_value(ADDRESSES).split()]


class WorkerAddress:
    """Makes connections to a worker.

    Parameters
    ----------
    name, token : str
        Of the worker.
    timeout : float
        Seconds to look for it.

    Raises
    ------
    StreamError
        If it is not found.
    """

    def __init__(self, name: str, token: str, timeout: float):
        self._name = name
        self._token = token
        self._places = find_worker(name, timeout)

    def connect(self, wants: str, **more: object) -> tuple[socket.socket, dict[str, Any]]:
        """Return a connection and what the worker has answered, as `greet` does.

        Of the worker's addresses the first that leads to it is kept to.

        Raises
        ------
        WorkerError
            If the worker refuses.
        OSError, ValueError, LookupError, TypeError
            If there is no connection.
        """
        problem: Exception = OSError("it has no address")
        for place in self._places:
            try:
                connection = socket.create_connection(place, CONNECT_SECONDS)
            except OSError as error:
                problem = error
                continue
            try:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                answer = greet(connection, self._name, self._token, wants, **more)
            except NfbError:  # it is the worker, and refuses
                connection.close()
                raise
            except BROKEN as error:
                connection.close()
                problem = error
            else:
                self._places = [place]
                return connection, answer
        raise problem

    def connect_first(self, wants: str, **more: object) -> tuple[socket.socket, dict[str, Any]]:
        """Return the same; a connection that cannot be made is told in a sentence.

        Raises
        ------
        WorkerError
            Also if there is no connection.
        """
        try:
            return self.connect(wants, **more)
        except NfbError:
            raise
        except BROKEN as error:
            places = listed(f"{address}:{port}" for address, port in self._places)
            raise WorkerError(
                "remote",
                self._name,
                f"was found but takes no connection at {places} ({cause(error)}); let Python "
                "through the firewall of the amplifier's computer, or give the worker a port that "
                "is open: --port",
            ) from None


def worker_settings(remote: dict[str, str]) -> dict[str, Any]:
    """Return the settings of the training that a worker was given.

    Parameters
    ----------
    remote : dict
        Its ``name`` and ``token``.

    Raises
    ------
    NfbError
        If it has none, or is not there.
    """
    address = WorkerAddress(remote["name"], remote["token"], FIND_SECONDS)
    connection, answer = address.connect_first("settings")
    connection.close()
    return dict(answer["settings"])
