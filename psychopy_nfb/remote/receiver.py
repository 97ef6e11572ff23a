"""The background process on the screen's computer, where the EEG is processed on another one.

It has the place of the worker: it is started, held and ended in the same way, takes the same
commands and writes the same records. The work itself is done by `psychopy-nfb worker`.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Any

import pylsl

from psychopy_nfb.engine.control import ControlLine
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.engine.worker import refuse, run_beside_experiment
from psychopy_nfb.engine.worker_health import start_seconds
from psychopy_nfb.errors import NfbError, WorkerError
from psychopy_nfb.recording.settings_file import machine_facts
from psychopy_nfb.remote.commands import moved
from psychopy_nfb.remote.host import KEEP_SECONDS
from psychopy_nfb.remote.host_link import HostLink
from psychopy_nfb.remote.line import Line
from psychopy_nfb.remote.other_clock import OtherClock
from psychopy_nfb.remote.record_stream import RecordStream
from psychopy_nfb.remote.screen_files import ScreenFiles
from psychopy_nfb.remote.worker_address import WorkerAddress

OWN = 0
"""Number of the commands of this process itself."""
PULL_SECONDS = 0.02
"""Longest wait for records: how late a command can be when nothing arrives."""
CHORES_SECONDS = 0.1
"""How often frames are sent."""
FAREWELL_SECONDS = 9.0
"""How long the worker may take to finish the session's files, beyond which nobody waits."""
LAST_WORDS_SECONDS = 0.4
"""The same when the experiment has died, which this process must not outlive."""
REMEMBER_SECONDS = 20.0
"""How often is written how the clocks compare. What a drift of 50 ppm adds until a session is
killed is a millisecond then."""
LOST = (
    "The connection to the worker's computer was lost, and displays are empty until it is back. A "
    "worker that still runs records the EEG as before, and ends the session after "
    f"{KEEP_SECONDS:g} s."
)


class Receiver:
    """One session whose EEG is processed on another computer.

    Parameters
    ----------
    order : dict
        The first command, as for `psychopy_nfb.engine.loop.Loop`, with ``remote``: ``name`` and
        ``token`` of the worker.
    block : SharedBlock
        Where feedback goes and frames come from.
    control : ControlLine
        Further commands and messages.
    """

    def __init__(self, order: dict[str, Any], block: SharedBlock, control: ControlLine):
        self._order = order
        self._block = block
        self._control = control
        self._clock = OtherClock()
        self._line = Line(self._take)
        self._answered = threading.Event()
        self._closed = threading.Event()
        self._ended = threading.Event()
        self._ready: dict[str, Any] | None = None
        self._error: NfbError | None = None
        self._labels = self._known_labels()
        known = order["streams"] or {}
        stream_seconds = order["configuration"]["stream"]["timeout"]
        self._seconds = start_seconds(order["configuration"])
        address = WorkerAddress(**order["remote"], timeout=stream_seconds)
        self._link = HostLink(address, self._line, known.get("session"))
        self._records: RecordStream | None = None
        self._files: ScreenFiles | None = None
        self._connections = 1
        self._machine = machine_facts()
        self._stopping = False
        self._ended_there: str | None = None
        self._told_lost = self._told_over = False

    def _known_labels(self) -> dict[str, dict[int, str]]:
        """Return the texts of marks and blocks that an earlier process of this run was told."""
        told = (self._order["restore"] or {}).get("labels", {"mark": {}, "block": {}})
        return {
            kind: {int(number): text for number, text in texts.items()}
            for kind, texts in told.items()
        }

    def open(self) -> None:
        """Begin the session on the worker's computer, or go on with it.

        Raises
        ------
        NfbError
            What is wrong, there or on the way.
        """
        begins = self._link.session is None
        self._link.open()
        if begins:
            self._line.send("open", **self._order_there())
        if not self._answered.wait(self._seconds):
            raise WorkerError(
                "timeout", self._seconds, "the worker's computer did not begin the session"
            )
        if self._error is not None:
            raise self._error
        self._records = RecordStream(self._ready["records"], self._block, self._clock)
        self._records.open(self._order["configuration"]["stream"]["timeout"])
        self._files = ScreenFiles(
            self._order, self._block, self._labels, self._clock, self._facts()
        )
        clock = {"clock": self._order["facts"]["clock"]}
        self._pass_on(self._own_command(**clock, remote=self._facts()))

    def _order_there(self) -> dict[str, Any]:
        """Return what the worker must know: no file of this computer, no code."""
        facts = dict(self._order["facts"])
        about = facts.pop("session", None)
        facts.pop("clock")  # follows once the clocks are compared
        return {
            "configuration": self._order["configuration"],
            "facts": facts,
            "counting": self._order["counting"],
            "about": None if self._order["session"] is None else about,
        }

    def _facts(self) -> dict[str, Any]:
        """Return the section that says what is where, and how the clocks were compared."""
        stem = self._order["session"]
        return {
            "worker": self._order["remote"]["name"],
            "session": self._link.session,
            "worker_files": self._ready["stem"],
            "screen": {
                "computer": socket.gethostname(),
                "files": None if stem is None else os.path.basename(stem),
                "machine": self._machine,
            },
            "clock": self._clock.facts(pylsl.local_clock()),
        }

    def _own_command(self, **sections: object) -> dict[str, Any]:
        """Return a command of this process, which has no number: sections for the settings."""
        called = pylsl.local_clock()
        return {"command": "facts", "number": OWN, "called": called, "sections": sections}

    def run(self) -> int:
        """Go on until told to stop or the experiment is gone; return the exit status."""
        self._control.send("ready", **self._ready, streams={"session": self._link.session})
        chores = threading.Thread(target=self._do_chores, name="nfb-frames", daemon=True)
        chores.start()
        running = True
        while running and not self._control.ended.is_set():
            self._records.pull(PULL_SECONDS)
            self._block.heartbeat = pylsl.local_clock()
            while (command := self._control.take()) is not None:
                running = command["command"] != "stop"
                if running:
                    self._pass_on(command)
            self._watch_connection()
        self._ended.set()
        chores.join()
        self._finish()
        return 0

    def _pass_on(self, command: dict[str, Any]) -> None:
        """Send a command of the experiment, with its times on the worker's clock."""
        if command["command"] in self._labels:
            self._labels[command["command"]][command["id"]] = command["label"]
        sections = command.get("sections", {})
        if (clock := sections.get("clock")) is not None:
            there = {**sections, "clock": self._psychopy_there(clock)}
            command = {**command, "sections": there}
        self._line.send("command", command=moved(command, self._clock.to_there))

    def _psychopy_there(self, clock: dict[str, float]) -> dict[str, float]:
        """Return how far PsychoPy's clock is ahead of the worker's LSL clock."""
        return {
            "offset": clock["offset"] + self._clock.offset(clock["t"]),
            "uncertainty": clock["uncertainty"] + self._clock.uncertainty,
            "t": self._clock.to_there(clock["t"]),
        }

    def _watch_connection(self) -> None:
        """Tell of a connection that was lost or is back, and take a new stream of records then."""
        if self._link.lost and not self._told_lost and self._why_over() is None:
            self._told_lost = True
            self._tell_network("network_lost", LOST)
        if self._link.connections != self._connections:
            self._connections = self._link.connections
            self._told_lost = False
            self._block["busy"] = 1  # LSL may look for it longer than a live process is silent
            try:
                self._records.open_again()
            finally:
                self._block["busy"] = 0
            self._files.cuts += 1
            self._tell_network("network_back", "The connection to the worker's computer is back.")
        if (why := self._why_over()) is not None and not self._told_over:
            self._told_over = True
            self._control.send("given_up", why=why)

    def _tell_network(self, what: str, sentence: str) -> None:
        self._control.send("stream", what=what, detail={"sentence": sentence})

    def _why_over(self) -> str | None:
        """Return why the session has ended on the worker's computer before it was to; else None."""
        if self._ended_there is not None:
            return f"The session was ended on the worker's computer: {self._ended_there}."
        return None if self._link.refusal is None else str(self._link.refusal)

    def _do_chores(self) -> None:
        """Write and send the frames that were shown, in a thread: the disk may take its time."""
        remembered = time.monotonic()
        while not self._ended.wait(CHORES_SECONDS):
            self._send_frames(patient=True)
            if time.monotonic() - remembered > REMEMBER_SECONDS:
                remembered = time.monotonic()
                self._files.remember(self._facts())

    def _send_frames(self, patient: bool) -> None:
        rows = self._files.frames(patient, self._records.their_number)
        if rows and self._why_over() is None:  # else nobody will ever take them
            self._line.send("frames", rows=rows)

    def _finish(self) -> None:
        """Let the worker finish its files, wait for it as long as may be, and close."""
        self._send_frames(patient=False)
        self._pass_on(self._own_command(remote=self._facts()))
        self._stopping = True
        self._line.send("stop")
        died = self._control.ended.is_set()
        patience = LAST_WORDS_SECONDS if died else FAREWELL_SECONDS
        complete = self._why_over() is None and self._closed.wait(patience)
        self._records.close()
        self._files.close(complete, self._facts())
        self._link.close()

    def _take(self, message: dict[str, Any]) -> None:
        """Take a message of the worker's computer, in the thread of the line."""
        kind = message["kind"]
        if kind == "worker":
            told = message["message"]
            if told["kind"] == "ready":
                self._ready = {key: value for key, value in told.items() if key != "kind"}
                self._ready.pop("streams", None)
                self._answered.set()
            else:
                self._control.send(**told)
        elif kind == "obeyed":
            if message["number"] != OWN:
                self._control.send(
                    "obeyed", number=message["number"], event=None, sample=message["sample"]
                )
        elif kind == "error":
            self._error = _error(message)
            self._answered.set()
        elif kind == "closed":
            if not self._stopping:
                self._ended_there = str(message["why"])
            self._closed.set()


def _error(message: dict[str, Any]) -> NfbError:
    """Return what went wrong on the worker's computer, as it would have here."""
    kinds = {kind.__name__: kind for kind in NfbError.__subclasses__()}
    kind = kinds.get(message["error"], WorkerError)
    return kind(message["parameter"], message["value"], message["remedy"])


def _serve(order: dict[str, Any], block: SharedBlock, control: ControlLine) -> int:
    try:
        receiver = Receiver(order, block, control)
        receiver.open()
    except NfbError as error:
        refuse(control, error)
        return 2
    return receiver.run()


if __name__ == "__main__":
    # Everything is written and closed by now; the threads of liblsl would take another second.
    os._exit(run_beside_experiment(_serve))
