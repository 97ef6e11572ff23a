"""What an operator has asked of the experiment itself, for its own loop to see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.errors import SettingsError

if TYPE_CHECKING:
    from psychopy_nfb.engine.worker_process import WorkerProcess


class OperatorAsked:
    """The part of a session that an operator's page talks to.

    The page's thread only sets what is here; the experiment's loop looks at it once a frame.
    """

    blinded: bool = False
    """Whether nobody present may know what is shown: the operator's page is not sent it then."""
    aborted: bool = False
    """Whether the operator has asked for the experiment's end. `Neurofeedback.frames` yields
    nothing any more; a script of your own looks at it between its parts."""
    _end_asked = 0  # number of the block that shall end
    _frames_end: float | None = None  # LSL time at which the running `frames` ends by itself
    _handle: WorkerProcess | None
    _open_blocks: list[Any]

    @property
    def asked_to_end(self) -> bool:
        """Whether the operator has asked for the end of a block that is still open, or of all.

        `Neurofeedback.frames` ends by itself then; a loop of your own must look at it.
        """
        if self._end_asked:
            return self.aborted or any(one.number == self._end_asked for one in self._open_blocks)
        return self.aborted

    def _ask_end_block(self) -> None:
        """Ask for the end of the innermost block.

        Raises
        ------
        SettingsError
            If there is none.
        """
        blocks = list(self._open_blocks)
        if not blocks:
            raise SettingsError("end_block", None, "no block is open now")
        self._operator_event("end_block", blocks[-1].label)
        self._end_asked = blocks[-1].number

    def _ask_abort(self) -> None:
        """Ask for the end of the experiment."""
        self._operator_event("abort", None)
        self.aborted = True

    def _operator_event(self, label: str, value: str | None) -> None:
        """Write what the operator did, at the sample of now."""
        self._handle.command("operator", label=label, value=value, t=lsl_now())
