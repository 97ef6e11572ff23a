"""Measuring on a virtual machine, whose host gives its processor time to others now and then."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from tempfile import TemporaryFile
from typing import IO, TypeVar

import numpy as np
import psutil

from psychopy_nfb.process import CREATION_FLAGS, child_environment, python_command

Outcome = TypeVar("Outcome")

TURN_SECONDS = 4.0
"""Conditions take turns of this length, so that a slow spell of the machine meets all of them."""
CALM_SECONDS = 0.015
"""When the host gave more of a turn to others, the turn says nothing about this program. One unit
of the system's count, ten milliseconds and less than one frame, is let pass."""
STANDSTILL_SECONDS = 0.002
"""A processor on which even the highest priority does not run for longer stood still. Less than
what late reading keeps free before a flip."""
READY_SECONDS = 10.0
LOOP_ROUNDS = 2000


def stolen_seconds() -> float:
    """Return the processor seconds that the host has given to others, 0 on a real machine."""
    return getattr(psutil.cpu_times(), "steal", 0.0)


class Pace:
    """How fast the machine was while something was measured, by a fixed piece of Python.

    What shares a core's caches and units with another machine's program is slower by up to a half,
    for seconds or minutes, and no count of stolen time tells.
    """

    def __init__(self) -> None:
        self._seconds: list[float] = []

    def look(self) -> None:
        """Run the piece once."""
        begun, total = time.perf_counter(), 0
        for number in range(LOOP_ROUNDS):
            total += number * number
        self._seconds.append(time.perf_counter() - begun)

    def facts(self) -> dict[str, float]:
        """Return its duration in microseconds: median and quartiles; nothing if it never ran."""
        if not self._seconds:
            return {}
        quartiles = np.percentile(self._seconds, (25, 50, 75))
        names = ("loop_us_quartile_1", "loop_us_median", "loop_us_quartile_3")
        return {name: 1e6 * float(value) for name, value in zip(names, quartiles, strict=True)}


class Turns:
    """Repeats turns that the host disturbed.

    Parameters
    ----------
    repeats : int
        How many may be repeated before disturbed ones count as well.

    Attributes
    ----------
    repeated : int
        Turns that were repeated.
    disturbed : int
        Turns that counted although they were disturbed.
    """

    def __init__(self, repeats: int) -> None:
        self.repeats = repeats
        self.repeated: int = 0
        self.disturbed: int = 0

    def calm(self, measure: Callable[[], tuple[Outcome, float]]) -> Outcome:
        """Return a calm turn's outcome; `measure` gives an outcome and the stolen seconds."""
        while True:
            outcome, stolen = measure()
            if stolen <= CALM_SECONDS:
                return outcome
            if self.repeated == self.repeats:
                self.disturbed += 1
                return outcome
            self.repeated += 1


class Standstills:
    """Knows when a processor stood still: a context manager with a witness process on each.

    The count of stolen time does not tell when, and knows units of ten milliseconds only. Where a
    witness cannot have its priority, nothing counts as a standstill.

    Attributes
    ----------
    watched : bool
        Whether every processor has a witness.
    """

    def __init__(self) -> None:
        self.watched: bool = False
        self._witnesses: list[tuple[subprocess.Popen[bytes], IO[str]]] = []

    def __enter__(self) -> Standstills:
        cpus: set[int] = set()
        if sys.platform == "linux":
            cpus = os.sched_getaffinity(0)
        for cpu in cpus:
            said = TemporaryFile("w+", encoding="utf-8")
            command = python_command("bench.witness", "--cpu", str(cpu))
            process = subprocess.Popen(
                command, stdout=said, env=child_environment(), creationflags=CREATION_FLAGS
            )
            self._witnesses.append((process, said))
        latest = time.monotonic() + READY_SECONDS
        while self._witnesses and not self.watched and time.monotonic() < latest:
            time.sleep(0.05)
            self.watched = all(self._lines(said) for _, said in self._witnesses)
        return self

    def __exit__(self, *_: object) -> None:
        for process, said in self._witnesses:
            process.kill()
            process.wait()
            said.close()

    @staticmethod
    def _lines(said: IO[str]) -> list[str]:
        # The witness writes at the end of the same open file; a position of one's own leaves it be.
        if sys.platform == "win32":
            return []  # it has no witnesses
        size = os.fstat(said.fileno()).st_size
        return os.pread(said.fileno(), size, 0).decode().split("\n")[:-1]

    def during(self, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return for each span of LSL's clock whether some processor stood still in it.

        Parameters
        ----------
        begins, ends : array-like of float, shape (n,)
            Seconds.

        Returns
        -------
        numpy.ndarray of bool, shape (n,)
        """
        begins, ends = np.asarray(begins), np.asarray(ends)
        stood = np.zeros(len(begins), dtype=bool)
        for _, said in self._witnesses:
            for line in self._lines(said)[1:]:
                first, last = map(float, line.split())
                stood |= (first < ends) & (last > begins)
        return stood
