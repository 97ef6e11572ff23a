"""The amplifier's computer: waits for experiments on other computers, one session at a time."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress

import psutil
import pylsl

from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.errors import SettingsError, WorkerError, cause
from psychopy_nfb.remote.handshake import ALL_ADDRESSES, Door, NotWelcome
from psychopy_nfb.remote.host_session import HostSession
from psychopy_nfb.repeated import RepeatedFault
from psychopy_nfb.settings import to_dict

logger: logging.Logger = logging.getLogger(__name__)

STREAM_TYPE = "NFBWorker"
"""Content type of the LSL stream by which experiments find the worker."""
PORT, ADDRESSES = "port", "addresses"
"""Entries of its description: where it waits for connections. LSL itself knows the address, and
does not tell it to programs; a computer's name leads there in some networks only."""
KEEP_SECONDS = 60.0
"""How long a session goes on without a connection to the screen's computer."""
MOST_AT_ONCE = 8
"""Connections that may be beginning at the same time."""
LOOK_SECONDS = 0.25
LAST_WORDS_SECONDS = 1.0
"""How long a worker that is stopped waits until the experiment has heard of it."""


def own_addresses() -> list[str]:
    """Return the IPv4 addresses by which other computers, or this one, reach this computer."""
    found = [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET
    ]
    return sorted(found, key=lambda address: address.startswith("127."))


class WorkerHost:
    """What `psychopy-nfb worker` runs.

    Parameters
    ----------
    name : str
        By which experiments find it.
    token : str
        Which they must know.
    data : path
        Folder for the sessions' files.
    settings : Configuration or None
        Of the training, for experiments that name none.
    address : str
        Of this computer, at which it waits; `ALL_ADDRESSES` for all that it has.
    port : int
        0 for any that is free.
    tell : callable
        Called with a sentence when a session begins or ends.

    Raises
    ------
    SettingsError
        If nothing can wait there, or the name is empty.
    """

    def __init__(
        self,
        name: str,
        token: str,
        data: str | os.PathLike[str],
        settings: Configuration | None,
        address: str,
        port: int,
        tell: Callable[[str], None],
    ):
        if not name:
            raise SettingsError("name", name, "must not be empty: experiments find it by this")
        self._token = token
        self._data = data
        self._settings = settings
        self._tell = tell
        self._strangers = RepeatedFault(tell)
        self._session: HostSession | None = None
        self._changing = threading.Lock()
        self._beginning = threading.BoundedSemaphore(MOST_AT_ONCE)
        try:
            self._door = socket.create_server((address, port))
        except (OSError, OverflowError) as error:
            raise SettingsError(
                "port", port, f"cannot be used at {address} ({cause(error)}); choose another one"
            ) from None
        self.port: int = self._door.getsockname()[1]
        info = pylsl.StreamInfo(name, STREAM_TYPE, 1, 0, "string", f"nfb_worker_{uuid.uuid4().hex}")
        info.desc().append_child_value("manufacturer", "psychopy_nfb")
        info.desc().append_child_value(PORT, str(self.port))
        known = own_addresses() if address == ALL_ADDRESSES else [address]
        info.desc().append_child_value(ADDRESSES, " ".join(known))
        self._sign = pylsl.StreamOutlet(info)  # found as long as it exists

    def run(self, stop: threading.Event) -> None:
        """Serve experiments until `stop` is set; a session that runs then is ended."""
        self._door.settimeout(LOOK_SECONDS)
        while not stop.is_set():
            with suppress(TimeoutError):
                connection, _ = self._door.accept()
                threading.Thread(target=self._meet, args=(connection,), daemon=True).start()
            self._look_after()
        self._door.close()
        self._strangers.close()
        if (session := self._session) is not None:
            session.close("the worker was stopped")
            self._tell_end(session)
            ends = time.monotonic() + LAST_WORDS_SECONDS
            while session.line.connected and session.line.waiting and time.monotonic() < ends:
                time.sleep(LOOK_SECONDS / 10)
            session.line.hang_up()

    def _look_after(self) -> None:
        """End a session whose experiment has been gone for long, and forget one that has ended."""
        session = self._session
        if session is None:
            return
        if session.seconds_alone > KEEP_SECONDS:
            session.close(f"no connection for {KEEP_SECONDS:g} s")
        if session.done:
            session.line.hang_up()
            self._session = None
            self._tell_end(session)

    def _tell_end(self, session: HostSession) -> None:
        self._tell(f"{session.title}: ended ({session.ended_by}).")

    def _meet(self, connection: socket.socket) -> None:
        """Let one connection in, if it may, and serve it to its end."""
        if not self._beginning.acquire(blocking=False):
            connection.close()
            return
        begins = True
        try:
            door = Door(connection, self._token)
            if door.wants == "settings":
                self._give_settings(door)
                return
            session = self._session_for(door)
            if session is None:
                return
            self._beginning.release()
            begins = False
            session.serve(connection, door)
        except NotWelcome:
            self._strangers.note("A program without the right token was refused.")
        except (OSError, ValueError, LookupError, TypeError) as error:
            logger.info("A connection was closed, because it was not understood: %s", error)
        finally:
            if begins:
                self._beginning.release()
            with suppress(OSError):
                connection.close()

    def _give_settings(self, door: Door) -> None:
        if self._settings is None:
            door.refuse(
                WorkerError(
                    "settings",
                    None,
                    "has no settings; name the training's in the experiment, or give the worker "
                    "a file: --settings FILE",
                )
            )
        else:
            door.welcome(settings=to_dict(self._settings))

    def _session_for(self, door: Door) -> HostSession | None:
        """Return the session that a connection is for; None after its refusal."""
        with self._changing:
            session = self._session
            if door.session is not None:
                if session is not None and session.id == door.session:
                    return session
                door.refuse(
                    WorkerError("session", door.session, "has ended on the worker's computer")
                )
                return None
            if session is not None and session.line.connected:
                door.refuse(WorkerError("worker", session.title, "has a session that still runs"))
                return None
            if session is not None:
                session.close("another one has begun")
                self._tell_end(session)
            self._session = HostSession(self._data, self._tell)
            return self._session
