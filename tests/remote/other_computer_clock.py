"""The clock of another computer: ahead of this one's, and drifting. Linux and root only."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

SOURCE = Path(__file__).with_name("drifting_clock.c")


def compiler() -> str | None:
    """Return a C compiler; None if there is none."""
    return shutil.which("gcc") or shutil.which("cc")


class Clock:
    """CLOCK_MONOTONIC of the other computer, which begins now.

    Parameters
    ----------
    folder : Path
        For the library that makes it drift.
    ahead : float
        Seconds by which it is ahead of this computer's as it begins.
    drift : float
        Seconds that it gains a second.
    """

    def __init__(self, folder: Path, ahead: float, drift: float):
        self._library = folder / "drifting_clock.so"
        options = ["-O2", "-Wall", "-Werror", "-shared", "-fPIC"]
        command = [compiler(), *options, "-o", self._library, SOURCE, "-ldl"]
        subprocess.run(command, check=True)
        self._ahead, self._drift = ahead, drift
        self._begun = time.clock_gettime(time.CLOCK_MONOTONIC)

    def before(self) -> tuple[str, ...]:
        """Return the beginning of a command that runs with this clock."""
        kernels = ("unshare", "--time", "--monotonic", f"{self._ahead:g}")
        begun = self._begun + self._ahead
        drifting = (f"DRIFTING_CLOCK_DRIFT={self._drift!r}", f"DRIFTING_CLOCK_FROM={begun!r}")
        return (*kernels, "env", f"LD_PRELOAD={self._library}", *drifting)

    def to_here(self, t):
        """Return times of the other computer on this one's clock."""
        return self._begun + (t - self._begun - self._ahead) / (1 + self._drift)
