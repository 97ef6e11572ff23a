"""A simulated amplifier in place of one that is not there, for trying an experiment out."""

from __future__ import annotations

import os
import subprocess
import uuid

from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.process import CREATION_FLAGS, child_environment, end, python_command

LOOK_SECONDS = 2.0
"""How long an amplifier may take to answer before the simulator takes its place."""
START_SECONDS = 20.0
"""How long the simulator may take to start."""


def is_there(selection: StreamSelection) -> bool:
    """Return whether any stream that matches `selection` answers within `LOOK_SECONDS`."""
    import pylsl

    query = selection.query()
    return bool(pylsl.resolve_bypred(query, 1, min(selection.timeout, LOOK_SECONDS)))


class StandIn:
    """The simulator in a process of its own, which ends with this one.

    Attributes
    ----------
    selection : StreamSelection
        Identifies the simulated stream.
    """

    def __init__(self) -> None:
        source_id = f"psychopy_nfb_stand_in_{uuid.uuid4().hex[:8]}"
        self.selection = StreamSelection(source_id=source_id, timeout=START_SECONDS)
        command = ["lsl.simulator", "--name", "Simulated", "--source-id", source_id]
        self._process = subprocess.Popen(
            python_command(*command, "--until-process-ends", str(os.getpid())),
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # inherited, it would freeze PsychoPy Runner
            creationflags=CREATION_FLAGS,
        )

    def stop(self) -> None:
        """End it. Harmless when called again."""
        end(self._process)
