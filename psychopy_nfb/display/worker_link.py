"""The experiment's end of the line to the worker: what is sent over it, and whether it is open."""

from __future__ import annotations

from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.worker_process import WorkerProcess
from psychopy_nfb.errors import SettingsError


class WorkerLink:
    """Sends commands to the worker of a session, from its start to its end.

    Parameters
    ----------
    configuration : Configuration
        The run's settings; the worker's calibrations replace it.
    """

    def __init__(self, configuration: Configuration):
        self.configuration: Configuration = configuration
        self.handle: WorkerProcess | None = None
        """The worker, once it was started."""
        self.blinded: bool = False
        """Whether nobody may see yet what is shown: a session of a study."""
        self.closed: bool = False
        """Whether the session has ended."""

    @property
    def open(self) -> bool:
        """Whether commands reach the worker now."""
        return self.handle is not None and not self.closed

    def started(self) -> WorkerProcess:
        """Return the worker.

        Raises
        ------
        SettingsError
            If there is none yet, or no longer.
        """
        if self.closed:
            raise SettingsError("neurofeedback", "closed", "make a new Neurofeedback for this")
        if self.handle is None:
            raise SettingsError(
                "neurofeedback",
                "not started",
                "call start(), or use it in a with statement, before this",
            )
        return self.handle

    def command(self, name: str, /, **fields: object) -> None:
        """Send one command; the worker carries it out exactly once.

        Raises
        ------
        SettingsError
            If the session has not begun, or is closed.
        """
        self.started().command(name, **fields)

    def facts(self, **sections: object) -> None:
        """Write sections into the session's settings file."""
        self.command("facts", sections=sections)
