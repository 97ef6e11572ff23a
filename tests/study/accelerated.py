"""Sessions of a study faster than they last: all of the package runs, by a clock of its own.

`accelerate` is called first in a process of its own, before anything of the package is imported.
From then on LSL's clock is one that goes on with the samples of a planted EEG, and the background
process is its loop in a thread. All else is what runs in a laboratory: `Neurofeedback` with its
study, the filters, the files and their sealed parts.
"""

from __future__ import annotations

import logging
import threading
from collections import deque

import numpy as np
import pylsl

STEP_SECONDS = 0.5
"""How much of the EEG comes at once: the loop sees it as a chunk of an amplifier."""
PATIENCE_SECONDS = 60.0


class Clock:
    """LSL's clock, which goes on with the samples."""

    def __init__(self, read):
        self.now = read()

    def __call__(self) -> float:
        self.now += 1e-6  # no two readings are the same
        return self.now


def accelerate() -> None:
    """Let LSL's clock in this process be one that goes on with the samples."""
    pylsl.local_clock = Clock(pylsl.local_clock)


class PlannedStream:
    """A planted EEG with the interface of an inlet; gives what `Feed.go_on` has let go."""

    def __init__(self, eeg, rate, labels):
        from psychopy_nfb.dsp import SignalInfo
        from psychopy_nfb.lsl.stamps import StampClock
        from psychopy_nfb.lsl.stamps_heard import Heard

        self.info = SignalInfo(rate=rate, labels=labels)
        self.declared_rate, self.speed, self.address = rate, 1.0, ""
        self.heard = Heard(samples=round(STEP_SECONDS * rate), pace=rate)
        self.clock = StampClock(rate, self.heard)
        self.waiting = False
        self.format = np.dtype(np.float32)
        self.native = np.empty((0, len(labels)), np.float32)
        self._eeg = eeg.astype(np.float32)
        self._begin = pylsl.local_clock.now
        self.sent = self.allowed = 0
        self.moved = threading.Condition()

    def pull(self, timeout):
        """Return the samples that were let go, at most `STEP_SECONDS`."""
        with self.moved:
            if self.sent >= self.allowed:
                self.moved.notify_all()
                self.moved.wait(timeout)
            if self.sent >= self.allowed:
                return None
            rate = self.info.rate
            end = min(self.allowed, self.sent + round(STEP_SECONDS * rate))
            stamps = self._begin + np.arange(self.sent, end) / rate
            self.native = self._eeg[self.sent : end]
            self.sent = end
            pylsl.local_clock.now = self._begin + (end - 0.5) / rate
        return self.native.astype(np.float64), stamps

    def go_on(self, seconds):
        """Let so much of the EEG go, and wait until it has passed the loop."""
        with self.moved:
            self.allowed += round(seconds * self.info.rate)
            if self.allowed > len(self._eeg):
                raise ValueError("the planted EEG is too short")
            self.moved.notify_all()
            # The loop asks for more once it has carried what it had to shared memory and disk.
            assert self.moved.wait_for(lambda: self.sent == self.allowed, PATIENCE_SECONDS)
            assert self.moved.wait(PATIENCE_SECONDS)

    def facts(self):
        """Return what identifies it."""
        n = len(self.info.labels)
        return {
            "name": "planted",
            "type": "EEG",
            "source_id": "planted",
            "hostname": "",
            "rate": self.info.rate,
            "declared_rate": self.declared_rate,
            "labels": list(self.info.labels),
            "format": str(self.format),
            "kinds": {},
            "units": ["microvolts"] * n,
            "microvolts_per_unit": [1.0] * n,
            "assumptions": [],
            "clock_corrected": False,
            "clock": self.clock.facts(),
        }

    def close(self):
        """Nothing is held open."""


class Line:
    """The line between experiment and loop, where both are in one process."""

    def __init__(self, taken):
        self.ended = threading.Event()
        self.waiting: deque[dict] = deque()
        self._taken = taken

    def take(self):
        """Return the next waiting command, or None."""
        return self.waiting.popleft() if self.waiting else None

    def send(self, kind, **content):
        """Hand a message to the experiment."""
        self._taken({"kind": kind, **content})


class ThreadedWorker:
    """The loop of the background process in a thread, with the interface of `WorkerProcess`."""

    def __init__(
        self,
        configuration,
        value_names,
        session,
        facts,
        on_message,
        counting=True,
        plugins=(),
        donors=None,
        seal=None,
        remote=None,
        relay=None,
    ):
        from psychopy_nfb.engine.memory import SharedBlock

        self._order = {
            "configuration": configuration,
            "session": session,
            "facts": facts,
            "counting": counting,
            "training": counting,
            "plugins": list(plugins),
            "donors": donors,
            "seal": seal,
            "remote": remote,
            "relay": relay,
            "kept": None,
            "streams": None,
            "restore": None,
        }
        self._on_message = on_message
        self._line = Line(self._take)
        self._number = 0
        self.block = SharedBlock.create(value_names)
        self.ready: dict = {}
        self.restarts, self.pid = 0, None
        self._told = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed: Exception | None = None

    def start(self):
        """Begin the loop and wait until it is ready."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._told.wait(PATIENCE_SECONDS)
        if self._failed is not None:
            raise self._failed

    def _run(self):
        from psychopy_nfb.engine.acquisition import Acquisition
        from psychopy_nfb.engine.loop import Loop
        from psychopy_nfb.lsl.selection import StreamSelection

        try:
            source = Acquisition(StreamSelection(test_signal=True))
            loop = Loop(self._order, self.block, self._line, source)
            loop.run()
            loop.finish("stopped")
        except Exception as error:
            self._failed = error
        finally:
            self._told.set()

    def _take(self, message):
        if message["kind"] == "ready":
            self.ready = message
            self._told.set()
        self._on_message(message)

    def command(self, name, **content):
        """Queue a command: it is carried out before the samples that are let go afterwards."""
        self._number += 1
        called = {"command": name, "called": pylsl.local_clock(), "number": self._number}
        self._line.waiting.append({**called, **content})

    def close(self):
        """End the loop and let it finish its files."""
        self.command("stop")
        self._thread.join(PATIENCE_SECONDS)
        self.block.close()
        if self._failed is not None:
            raise self._failed
        return self.restarts


class Console(logging.Handler):
    """Keeps what a session says to the experimenter."""

    def __init__(self):
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record):
        self.lines.append(f"{record.levelname} {record.getMessage()}")


def run_session(folder, person, settings, layout, *, run=1, session=None):
    """Run the session of a planted person that is due; return its stem and what it has said.

    Parameters
    ----------
    folder : path
        Of the study; with `session` the data folder of people who are in no study.
    person : Person
        Whose EEG it is.
    settings : dict
        The training.
    layout : Layout
        Blocks and their lengths.
    run : int
        Which run of the session: its noise is another one.
    session : int, optional
        Its number where it is in no study.
    """
    from planted_people import LABELS, RATE

    from psychopy_nfb.display import neurofeedback
    from psychopy_nfb.engine import acquisition

    console = Console()
    logging.getLogger("psychopy_nfb").addHandler(console)
    where = {"study": folder}
    if session is not None:
        where = {"data": folder, "session": f"{session:02d}", "task": "alpha"}
    try:
        neurofeedback.WorkerProcess = ThreadedWorker
        nfb = neurofeedback.Neurofeedback(settings, participant=person.label, **where)
        number = int(nfb.files.facts()["session"])
        eeg = person.eeg(number, layout.seconds, run)
        stream = PlannedStream(eeg, RATE, LABELS)
        acquisition.SyntheticStream = lambda: stream
        with nfb:
            go_on(nfb, layout, stream.go_on)
    finally:
        logging.getLogger("psychopy_nfb").removeHandler(console)
    return nfb.files.stem, console.lines


def go_on(nfb, layout, wait):
    """Do all blocks of a session that are still to be done; `wait` lets so many seconds pass."""
    wait(layout.settle)
    if not nfb.calibrated:
        with nfb.baseline():
            wait(layout.baseline)
        assert nfb.calibrated, nfb.refusal
    with nfb.block("rest", feedback=False):
        wait(layout.rest)
    for _ in range(nfb.blocks_done, layout.blocks):
        with nfb.block("training"):
            wait(layout.block)
        nfb.update()
        wait(layout.pause)
    with nfb.block("rest", feedback=False):
        wait(layout.rest)
