"""What an operator has asked of the experiment itself, for its own loop to see."""

from __future__ import annotations

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.display.blocks import Blocks
from psychopy_nfb.display.worker_link import WorkerLink
from psychopy_nfb.errors import SettingsError


class OperatorAsked:
    """Keeps what the operator wants to end; the experiment's loop looks at it once a frame.

    Parameters
    ----------
    link : WorkerLink
        To the worker, which writes what was asked into the events.
    blocks : Blocks
        Of the session.
    """

    def __init__(self, link: WorkerLink, blocks: Blocks):
        self._link = link
        self._blocks = blocks
        self._end_asked = 0  # number of the block that shall end
        self.aborted: bool = False
        """Whether the experiment shall end."""

    @property
    def to_end(self) -> bool:
        """Whether a block that is still open, or the experiment, shall end."""
        if self._end_asked:
            open_ones = self._blocks.open_blocks
            return self.aborted or any(one.number == self._end_asked for one in open_ones)
        return self.aborted

    def end_block(self) -> None:
        """Ask for the end of the innermost block.

        Raises
        ------
        SettingsError
            If there is none.
        """
        blocks = self._blocks.open_blocks
        if not blocks:
            raise SettingsError("end_block", None, "no block is open now")
        self.event("end_block", blocks[-1].label)
        self._end_asked = blocks[-1].number

    def abort(self) -> None:
        """Ask for the end of the experiment."""
        self.event("abort", None)
        self.aborted = self._blocks.aborted = True

    def event(self, label: str, value: str | None) -> None:
        """Write what the operator did, at the sample of now."""
        self._link.command("operator", label=label, value=value, t=lsl_now())
