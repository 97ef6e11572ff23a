"""Whether the worker works: what its heartbeat says, and for how long it may be silent."""

from __future__ import annotations

import math
from typing import Any

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.process import is_suspended

START_SECONDS = 20.0
"""How long a worker may take to be ready, beyond the stream's timeout: cold disk, virus scanner."""
STALLED_SECONDS = 1.5
"""Without a heartbeat a worker is killed and started again."""
DOUBTFUL_SECONDS = 0.2
"""Without a heartbeat for so long, ten times what a round of its loop takes, it may be stopped."""
SUSPENDED_LOOKS = 4
"""A worker that is seen suspended so many times in a row is replaced. Looks are counted, not
seconds: where the experiment itself was stopped too, it did not look."""
BUSY_SECONDS = 120.0
"""The same while it fits its steps to a baseline, which takes seconds with many channels."""
WORKED_SECONDS = 3.0
"""A worker that worked for so long did not die of its start."""
MOST_RESTARTS = 20
"""So many workers in a row that did not work for `WORKED_SECONDS`; then there is no other."""


def start_seconds(configuration: dict[str, Any]) -> float:
    """Return how long a worker may take to be ready, in seconds."""
    return START_SECONDS + 2 * configuration["stream"]["timeout"]


class WorkerHealth:
    """How long the current process has been silent, and how many before it were of no use.

    Parameters
    ----------
    block : SharedBlock
        Where the process writes its heartbeat.

    Attributes
    ----------
    is_ready : bool
        Whether the current process has begun to work.
    is_doubtful : bool
        Whether the current process may have to be replaced soon.
    in_vain : int
        How many processes in a row have ended that did not work for `WORKED_SECONDS`.
    """

    def __init__(self, block: SharedBlock):
        self._block = block
        self._looked_at = self._slept_at = lsl_now()
        self._spawned_at = self._ready_at = 0.0
        self._n_suspended = 0  # looks in a row
        self.is_ready: bool = False
        self.is_doubtful: bool = False
        self.in_vain: int = 0

    def begin(self) -> None:
        """Note that a process was started, which has no heartbeat yet."""
        self._block["busy"] = 0
        self._block.heartbeat = 0.0
        self._spawned_at = lsl_now()
        self._n_suspended = 0

    def become_ready(self, current: bool) -> None:
        """Note that a process is ready, and whether it is the current one."""
        self._ready_at = lsl_now()
        self.is_ready = current

    @property
    def has_worked(self) -> bool:
        """Whether the current process has worked for so long that its start is over."""
        return self.is_ready and lsl_now() - self._ready_at > WORKED_SECONDS

    def is_lost(self, pid: int, first: bool) -> bool:
        """Return whether it is suspended or silent for too long; to be called ten times a second.

        Parameters
        ----------
        pid : int
            Its process id.
        first : bool
            Whether it is the first worker and not ready: it may wait for its stream, for which
            `WorkerProcess.start` has a limit; successors do not.
        """
        beat = self._block.heartbeat
        now = lsl_now()
        if now - self._looked_at > STALLED_SECONDS / 2:
            self._slept_at = now  # all processes did, as in a laptop that was closed
        self._looked_at = now
        if beat:
            patience = BUSY_SECONDS if self._block["busy"] else STALLED_SECONDS
        else:
            patience = math.inf if first else START_SECONDS
        silent = now - max(beat or self._spawned_at, self._slept_at)
        self.is_doubtful = silent > DOUBTFUL_SECONDS and not first
        suspended = self.is_doubtful and is_suspended(pid)
        self._n_suspended = self._n_suspended + 1 if suspended else 0
        return silent > patience or self._n_suspended >= SUSPENDED_LOOKS

    def end(self) -> str | None:
        """Note that the current process has ended; return why no other may follow, or None."""
        worked = self._block.heartbeat - self._ready_at if self.is_ready else 0.0
        self.in_vain = 0 if worked > WORKED_SECONDS else self.in_vain + 1
        if self.in_vain <= MOST_RESTARTS:
            return None
        return (
            f"ended {MOST_RESTARTS} times within {WORKED_SECONDS:g} s of its start and is not "
            "started any more"
        )
