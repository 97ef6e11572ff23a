"""Blocks with feedback that have ended: what later blocks of the session may show again."""

from __future__ import annotations

import copy

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.shown.recorded import Replay

EDGE_SECONDS = 0.25
"""By how much a block may be shorter than it was meant to be: it ends with a frame, and holds
samples from one chunk to another."""


class EarlierBlocks:
    """Counts blocks with feedback by their names; one within another is part of that.

    Attributes
    ----------
    open : (str, int) or None
        Name of the block that is open, and which of that name it is, from 1 on.

    Examples
    --------
    >>> earlier = EarlierBlocks()
    >>> earlier.begin("training", block=7)
    >>> earlier.open
    ('training', 1)
    >>> earlier.end(block=7, seconds=60.0)
    >>> earlier.check("again", Replay(session="this", block="training", seconds=60), turn=0)
    >>> earlier.check("again", Replay(session="this", block="training", seconds=60, first=2), 0)
    Traceback (most recent call last):
    psychopy_nfb.errors.SettingsError: shown='again': shows block 2 of the name training of this
    session, and 1 of that name comes before it; show it later, or set another block or first.
    """

    def __init__(self) -> None:
        self.open: tuple[str, int] | None = None
        self._number = 0
        self._seconds: dict[str, list[float]] = {}

    def copy(self) -> EarlierBlocks:
        """Return one that goes on by itself, for blocks that are planned."""
        return copy.deepcopy(self)

    def begin(self, label: str, block: int) -> None:
        """Note that a block with feedback begins, by its number in the session."""
        if self.open is None:
            self.open = label, len(self._seconds.get(label, ())) + 1
            self._number = block

    def end(self, block: int, seconds: float) -> None:
        """Note that a block has ended after so many seconds."""
        if self.open is not None and block == self._number:
            self._seconds.setdefault(self.open[0], []).append(seconds)
            self.open = None

    def check(self, name: str, source: Replay, turn: int) -> None:
        """Refuse to show a block that is not there, or not for so long.

        Parameters
        ----------
        name : str
            Of the source.
        source : Replay
            Shows blocks of this session.
        turn : int
            How often it was shown before.

        Raises
        ------
        SettingsError
            In a sentence.
        """
        number, ended = source.number(turn), self._seconds.get(source.block, [])
        which = f"shows block {number} of the name {source.block} of this session"
        if number > len(ended):
            come = f"{len(ended)} of that name {'comes' if len(ended) == 1 else 'come'} before it"
            raise SettingsError(
                "shown", name, f"{which}, and {come}; show it later, or set another block or first"
            )
        if ended[number - 1] < source.seconds - EDGE_SECONDS:
            raise SettingsError(
                "shown",
                name,
                f"{which} for {source.seconds:g} s, and that lasts {ended[number - 1]:.1f} s; "
                "choose a longer block, or set fewer seconds",
            )
