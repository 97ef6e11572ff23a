"""A simulated amplifier in place of one that is not there, for trying an experiment out."""

from __future__ import annotations

import logging
import os
import subprocess
import uuid

from psychopy_nfb.lsl.selection import STAND_IN, StreamSelection
from psychopy_nfb.process import CREATION_FLAGS, child_environment, end, python_command

logger: logging.Logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How long an amplifier may take to answer before the simulator takes its place."""
START_SECONDS = 20.0
"""How long the simulator may take to start."""


def is_there(selection: StreamSelection) -> bool:
    """Return whether any stream that matches `selection` answers within `LOOK_SECONDS`."""
    import pylsl

    query = selection.query()
    return bool(pylsl.resolve_bypred(query, 1, min(selection.timeout, LOOK_SECONDS)))


def stand_in_for(selection: StreamSelection, simulate: str) -> SimulatedAmplifier | None:
    """Start the simulator in place of a stream, if that is wanted.

    Parameters
    ----------
    selection : StreamSelection
        The stream that the settings ask for.
    simulate : {"never", "missing", "always"}
        As for `Neurofeedback`.

    Returns
    -------
    SimulatedAmplifier or None
        None if the stream itself is used.
    """
    if simulate == "never" or selection.test_signal:
        return None
    if simulate == "missing" and is_there(selection):
        return None
    stand_in = SimulatedAmplifier()
    logger.warning("The EEG is simulated: the stream %s is not used.", selection)
    return stand_in


class SimulatedAmplifier:
    """The simulator in a process of its own, which ends with this one.

    Its streams are on LSL, where other programs see them; none of this package takes them but the
    run that knows their source_id.

    Attributes
    ----------
    selection : StreamSelection
        Identifies the simulated stream.
    """

    def __init__(self) -> None:
        source_id = f"{STAND_IN}{uuid.uuid4().hex[:8]}"
        self.selection: StreamSelection = StreamSelection(
            source_id=source_id, timeout=START_SECONDS
        )
        command = ["simulate.simulator", "--name", "Simulated", "--source-id", source_id]
        self._process = subprocess.Popen(
            python_command(*command, "--until-process-ends", str(os.getpid())),
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # inherited, it would freeze PsychoPy Runner
            creationflags=CREATION_FLAGS,
            start_new_session=True,  # Ctrl-C in a terminal is for the experiment alone
        )
        self._creator = os.getpid()

    def stop(self) -> None:
        """End it. Harmless when called again, and in a process forked from its creator's."""
        if os.getpid() == self._creator:
            end(self._process)
