"""One session of an experiment on another computer, in the usual background process of this one."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from psychopy_nfb.engine.configuration import read_configuration
from psychopy_nfb.engine.memory import Ring
from psychopy_nfb.engine.plugins import plugins_used
from psychopy_nfb.engine.worker_process import WorkerProcess
from psychopy_nfb.errors import NfbError, SettingsError
from psychopy_nfb.recording import SessionFiles, new_session
from psychopy_nfb.remote.commands import check_command
from psychopy_nfb.remote.handshake import Door
from psychopy_nfb.remote.line import Line
from psychopy_nfb.settings import to_dict

logger: logging.Logger = logging.getLogger(__name__)

TOLD = (
    *("ready", "configuration", "calibrated", "channels", "trial", "refused", "fault", "stream"),
    *("chunks", "recording", "recording_stopped", "given_up", "stopped"),
)
"""Messages of the background process that the experiment gets as they are."""
PASSING = ("channels",)
"""Those of them that only tell how things are now."""
BACKLOG_ROWS = 500
"""Frame records that come at once after a cut; the background process gets them in such parts."""
BACKLOG_SECONDS = 0.15
"""Time from one part to the next, in which it writes them."""
FAREWELL_SECONDS = 10.0
"""How long the last messages are kept for an experiment that has no connection."""


class HostSession:
    """Carries out what the other computer sends, and sends it what the background process says.

    Parameters
    ----------
    data : path
        Folder for the files.
    tell : callable
        Called with a sentence when the session begins.

    Attributes
    ----------
    id : str
        Of this session alone.
    line : Line
        To the other computer.
    title : str
        What people know it by.
    ended_by : str
        Why it has ended.
    """

    def __init__(self, data: str | os.PathLike[str], tell: Callable[[str], None]):
        self.id: str = uuid.uuid4().hex
        self.line: Line = Line(self._take)
        self.title: str = "A session"
        self.ended_by: str = ""
        self._data = data
        self._tell = tell
        self._worker: WorkerProcess | None = None
        self._ready: dict[str, Any] | None = None
        self._serving = threading.Lock()
        self._alone_since: float | None = None
        self._closed_at: float | None = None
        self._closing = threading.Lock()
        self._numbering = threading.Lock()
        self._numbers: dict[int, int] = {}  # the experiment's, by the background process's
        self._last_command = 0
        self._last_frame = -1

    @property
    def seconds_alone(self) -> float:
        """Seconds without a connection."""
        since = self._alone_since
        return 0.0 if since is None or self.done else time.monotonic() - since

    @property
    def done(self) -> bool:
        """Whether it has ended, and the other computer knows or will not listen any more."""
        if self._closed_at is None:
            return False
        return not self.line.waiting or time.monotonic() - self._closed_at > FAREWELL_SECONDS

    def serve(self, connection: socket.socket, door: Door) -> None:
        """Exchange messages over one connection until it ends."""
        self.line.hang_up()  # an earlier one, whose end has not been noticed here yet
        with self._serving:
            heard = door.heard
            if heard is None:
                self.line.restart()
                heard = 0
                if self._ready is not None:
                    self.line.send("worker", message=self._ready)
            door.welcome(session=self.id, heard=self.line.received)
            self._alone_since = None
            self.line.serve(connection, heard)
            self._alone_since = time.monotonic()

    def close(self, why: str) -> None:
        """End the background process, which finishes the files. Harmless when called again."""
        with self._closing:
            if self._closed_at is not None:
                return
            self.ended_by = why
            if self._worker is not None:
                self._worker.close()
            self.line.send("closed", why=why)
            self._closed_at = time.monotonic()

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["kind"]
        if kind == "open":
            if self._worker is not None or self._closed_at is not None:
                logger.info("A session that had begun was to be begun again; it goes on.")
                return
            self._open(message)
        elif kind == "stop":
            self.close("as the experiment wanted")
        elif self._worker is None or self._closed_at is not None:
            return
        elif kind == "command":
            self._obey(message["command"])
        elif kind == "frames":
            self._frames(message["rows"])

    def _open(self, order: dict[str, Any]) -> None:
        """Start the background process, and tell the experiment if that is not possible."""
        files = None
        try:
            files = self._new_files(order)
            self._start(order, files)
        except Exception as error:
            if not isinstance(error, NfbError):
                logger.exception("A session could not begin.")
                error = SettingsError("order", None, "of the experiment was not understood")
            if files is not None:
                files.give_up(error)
            self.line.send(
                "error",
                error=type(error).__name__,
                parameter=error.parameter,
                value=None if error.value is None else str(error.value),
                remedy=error.remedy,
            )
            self.close(str(error))

    def _new_files(self, order: dict[str, Any]) -> SessionFiles | None:
        about = order["about"]
        if about is None:
            return None
        names = {name: str(about[name]) for name in ("participant", "session", "task")}
        return new_session(self._data, **names)

    def _start(self, order: dict[str, Any], files: SessionFiles | None) -> None:
        configuration = read_configuration(dict(order["configuration"]))
        facts = {str(name): section for name, section in dict(order["facts"]).items()}
        plugins = plugins_used(configuration)
        if plugins:  # of this computer, which may have another version than the experiment's
            facts["own_parts"] = [plugin.facts() for plugin in plugins]
        if files is not None:
            facts |= files.begun(str(order["about"]["task_name"]))
            self.title = files.stem.name
        self._worker = WorkerProcess(
            to_dict(configuration),
            configuration.value_names,
            None if files is None else str(files.stem),
            facts,
            self._tell_experiment,
            counting=bool(order["counting"]),
            plugins=[plugin.order() for plugin in plugins],
            relay=f"nfb_records_{self.id}",
        )
        self._worker.start()
        self._tell(f"{self.title}: begun.")

    def _obey(self, content: dict[str, Any]) -> None:
        """Hand one command on, unless it came already from an earlier end of the line."""
        try:
            name, number, fields = check_command(content)
        except SettingsError as error:
            refused = {"kind": "refused", "command": None, "sentence": str(error)}
            self.line.send("worker", message=refused)
            number = content.get("number") if isinstance(content, dict) else None
            if isinstance(number, int):
                self.line.send("obeyed", number=number, sample=0)
            return
        if 0 < number <= self._last_command:
            self.line.send("obeyed", number=number, sample=0)
            return
        self._last_command = max(number, self._last_command)
        with self._numbering:
            self._numbers[self._worker.command(name, **fields)] = number

    def _frames(self, rows: list[list[float]]) -> None:
        """Write frame records into shared memory, from where they come into the files."""
        ring = self._worker.block.frames
        for first in range(0, len(rows), BACKLOG_ROWS):
            for row in rows[first : first + BACKLOG_ROWS]:
                fields = _frame_fields(row, ring)
                if fields[0] > self._last_frame:
                    self._last_frame = fields[0]
                    ring.write(*fields)
            if len(rows) >= BACKLOG_ROWS:
                time.sleep(BACKLOG_SECONDS)

    def _tell_experiment(self, message: dict[str, Any]) -> None:
        """Send a message of the background process on."""
        kind = message["kind"]
        if kind == "obeyed":
            with self._numbering:
                number = self._numbers.pop(message["number"], None)
            if number is not None:
                self.line.send("obeyed", number=number, sample=message["sample"])
            return
        if kind == "recording_moved":
            why = f"{message['why']} The rest is in {message['stem']}_* on the worker's computer."
            message = {"kind": "recording_stopped", "why": why}
        elif kind == "ready":
            message = {**message, "records": f"nfb_records_{self.id}", "stem": self.title}
            again, self._ready = self._ready is not None, message
            if again:
                return
        elif kind not in TOLD:
            return
        self.line.send("worker", passing=kind in PASSING, message=message)


def _frame_fields(row: list[float], ring: Ring) -> list[float]:
    """Return a frame record's fields and values, as numbers of the right kind.

    Raises
    ------
    ValueError, TypeError
        If it is none.
    """
    codes = ring.layout.codes
    if len(row) != len(codes):
        raise ValueError(f"a frame of {len(row)} numbers, not {len(codes)}")
    return [
        int(value) if code == "q" else float(value) for value, code in zip(row, codes, strict=True)
    ]
