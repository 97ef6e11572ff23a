"""The screen's end of the connection: connects to the worker, and connects again."""

from __future__ import annotations

import logging
import socket
import threading
from typing import Any

from psychopy_nfb.errors import NfbError
from psychopy_nfb.remote.line import Line
from psychopy_nfb.remote.worker_address import BROKEN, WorkerAddress

logger: logging.Logger = logging.getLogger(__name__)

AGAIN_SECONDS = 0.3
"""From one try to connect to the next."""


class HostLink:
    """Keeps a line connected to a worker until it is closed.

    Parameters
    ----------
    address : WorkerAddress
        Of the worker.
    line : Line
        What is sent over it.
    session : str or None
        Which session goes on, None for a new one.

    Attributes
    ----------
    session : str or None
        The session's, once it has begun.
    connections : int
        How many there have been.
    lost : bool
        Whether the last one has ended and there is no other yet.
    refusal : NfbError or None
        Why the worker does not go on with the session.
    """

    def __init__(self, address: WorkerAddress, line: Line, session: str | None):
        self._address = address
        self._line = line
        self._closed = threading.Event()
        self.session: str | None = session
        self.connections: int = 0
        self.lost: bool = False
        self.refusal: NfbError | None = None

    def open(self) -> None:
        """Connect for the first time; from then on a thread keeps it so.

        Raises
        ------
        NfbError
            If the worker refuses, or there is no connection to it.
        """
        # Whatever an earlier process of this run had heard: the worker counts from the beginning.
        first = self._address.connect_first("session", session=self.session, heard=None)
        keeper = threading.Thread(
            target=self._keep, args=(self._begun(*first),), name="nfb-remote", daemon=True
        )
        keeper.start()

    def close(self) -> None:
        """End the connection."""
        self._closed.set()
        self._line.hang_up()

    def _begun(
        self, connection: socket.socket, answer: dict[str, Any]
    ) -> tuple[socket.socket, int]:
        """Return a connection, and number of the last message that the worker has."""
        self.session = str(answer["session"])
        self.connections += 1
        self.lost = False
        return connection, int(answer["heard"])

    def _keep(self, connected: tuple[socket.socket, int]) -> None:
        while True:
            self._line.serve(*connected)
            self.lost = True
            while not self._closed.wait(AGAIN_SECONDS):
                more = {"session": self.session, "heard": self._line.received}
                try:
                    connected = self._begun(*self._address.connect("session", **more))
                    break
                except NfbError as error:
                    logger.error("The worker cannot continue: %s", error)
                    self.refusal = error
                    return
                except BROKEN:
                    pass  # the network is still cut
            else:
                return
