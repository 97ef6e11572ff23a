"""The screen's end of the connection: finds the worker, connects, and connects again."""

from __future__ import annotations

import logging
import socket
import threading

import pylsl

from psychopy_nfb.errors import NfbError, StreamError, WorkerError, cause, listed
from psychopy_nfb.lsl.find import find_stream
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.remote.handshake import greet
from psychopy_nfb.remote.host import ADDRESSES, PORT, STREAM_TYPE
from psychopy_nfb.remote.line import Line

logger: logging.Logger = logging.getLogger(__name__)

CONNECT_SECONDS = 2.0
AGAIN_SECONDS = 0.3
"""From one try to connect to the next."""


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
            f"is no worker that answers ({error.remedy}). Start `psychopy-nfb worker --name "
            f"{name}` on the amplifier's computer",
        ) from None
    inlet = pylsl.StreamInlet(found, recover=False)
    try:
        description = inlet.info(timeout).desc()
        port = int(description.child_value(PORT))
    except (TimeoutError, pylsl.util.LostError, RuntimeError, ValueError):
        raise StreamError("remote", name, "was found but did not answer; start it again") from None
    return [(address, port) for address in description.child_value(ADDRESSES).split()]


class HostLink:
    """Keeps a line connected to a worker until it is closed.

    Parameters
    ----------
    name, token : str
        Of the worker.
    line : Line
        What is sent over it.
    session : str or None
        Which session goes on, None for a new one.
    timeout : float
        Seconds to look for the worker.

    Attributes
    ----------
    session : str or None
        The session's, once it has begun.
    connections : int
        How many there have been.
    refusal : NfbError or None
        Why the worker does not go on with the session.
    """

    def __init__(self, name: str, token: str, line: Line, session: str | None, timeout: float):
        self._token = token
        self._line = line
        self._name = name
        self._places = find_worker(name, timeout)
        self._fresh = True  # the worker counts from the beginning
        self._closed = threading.Event()
        self.session: str | None = session
        self.connections: int = 0
        self.refusal: NfbError | None = None
        self._thread = threading.Thread(target=self._keep, name="nfb-remote", daemon=True)

    def open(self) -> None:
        """Connect for the first time; from then on a thread keeps it so.

        Raises
        ------
        NfbError
            If the worker refuses, or there is no connection to it.
        """
        try:
            first = self._connect()
        except NfbError:
            raise
        except (OSError, ValueError, LookupError) as error:
            places = listed(f"{address}:{port}" for address, port in self._places)
            raise WorkerError(
                "remote",
                self._name,
                f"was found but takes no connection at {places} ({cause(error)}); let Python "
                "through the firewall of the amplifier's computer, or give the worker a port that "
                "is open: --port",
            ) from None
        self._first = first
        self._thread.start()

    def close(self) -> None:
        """End the connection."""
        self._closed.set()
        self._line.hang_up()

    def _connect(self) -> tuple[socket.socket, int]:
        """Connect at the first of the worker's addresses that leads to it; keep to that one."""
        problem: Exception = OSError("it has no address")
        for place in self._places:
            try:
                connected = self._connect_at(place)
            except NfbError:
                raise  # it is the worker, and refuses
            except (OSError, ValueError, LookupError) as error:
                problem = error
            else:
                self._places = [place]
                return connected
        raise problem

    def _connect_at(self, place: tuple[str, int]) -> tuple[socket.socket, int]:
        connection = socket.create_connection(place, CONNECT_SECONDS)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            heard = None if self._fresh else self._line.received
            answer = greet(connection, self._token, self.session, heard)
        except BaseException:
            connection.close()
            raise
        self._fresh = False
        self.session = answer["session"]
        self.connections += 1
        return connection, answer["heard"]

    def _keep(self) -> None:
        connected: tuple[socket.socket, int] | None = self._first
        while not self._closed.is_set():
            if connected is None:
                self._closed.wait(AGAIN_SECONDS)
                try:
                    connected = self._connect()
                except NfbError as error:
                    logger.error("The worker does not go on: %s", error)
                    self.refusal = error
                    return
                except (OSError, ValueError, LookupError):
                    continue
            self._line.serve(*connected)
            connected = None
