"""Sources that show what was recorded earlier, or what is made of a recorded baseline."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import ClassVar, Literal

from psychopy_nfb.checks import check_choice, check_number, check_whole
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.schedules.lots import DrawsLots
from psychopy_nfb.protocol.shown.source import ShownSource

ORDERS = ("rotated", "reversed")
THIS = "this"
"""In place of a recorded session: the one that runs."""


@dataclass(kw_only=True)
class FromSession(ShownSource):
    """What sources that show blocks of a recorded session have in common.

    The first time that the source is shown it is the session's first block of this name, or the one
    that `first` says, the second time the next one, and so on.
    """

    session: str
    """The recorded session: its stem or any of its files."""
    block: str
    """Name of the blocks that are shown."""
    seconds: float
    """How long your own blocks last that show them: a recorded block must be as long."""
    blocks: int = 1
    """How many blocks of your own show it: so many must be there."""
    first: int = 1
    """Which of the blocks of that name is shown first: 3 for the third."""

    as_shown: ClassVar[bool] = False
    """Whether it is shown as it was shown there, or its EEG is processed anew."""

    def __post_init__(self) -> None:
        if isinstance(self.session, os.PathLike):
            self.session = os.fspath(self.session)
        for name in ("session", "block"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name).strip():
                raise SettingsError(name, getattr(self, name), "must be a text")
        self.seconds = check_number("seconds", self.seconds, above=0, unit="s")
        self.blocks = check_whole("blocks", self.blocks, at_least=1, at_most=1000)
        self.first = check_whole("first", self.first, at_least=1, at_most=1000)

    def number(self, turn: int) -> int:
        """Return which of the blocks of that name is shown, from 1 on.

        Parameters
        ----------
        turn : int
            How often the source was shown before.
        """
        return self.first + turn % self.blocks


@dataclass(kw_only=True)
class Yoked(FromSession):
    """Another person's session: values, rewards and score as they were shown there.

    Each sample shows what the other person was shown at the same time since the block's begin.

    Examples
    --------
    >>> Yoked(session="data/sub-02_ses-01_task-alpha_run-01", block="training", seconds=300).blocks
    1
    """

    as_shown: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.session == THIS:
            raise SettingsError(
                "session",
                self.session,
                "is the one that runs, and a yoked one is another person's; use Replay to show an "
                "earlier block of this session",
            )


@dataclass(kw_only=True)
class Replay(DrawsLots, FromSession):
    """An earlier block of the same person: its EEG through the filters and baseline of now.

    With ``session="this"`` it is one of the session that runs, which has ended before.

    Examples
    --------
    >>> block = Replay(
    ...     session="data/sub-01_ses-01_task-alpha_run-01", block="training", seconds=300, seed=1
    ... )
    >>> block.order
    'rotated'
    """

    order: Literal["rotated", "reversed"] = "rotated"
    """Rotated: from a random place on to its end, then from its begin; or from its end to its
    begin."""

    def __post_init__(self) -> None:
        check_choice("order", self.order, ORDERS)
        FromSession.__post_init__(self)
        DrawsLots.__post_init__(self)

    @property
    def of_this_session(self) -> bool:
        """Whether the block is one of the session that runs."""
        return self.session == THIS


@dataclass(kw_only=True)
class Surrogate(DrawsLots, ShownSource):
    """A signal like that of the baseline, with the same spectrum and amplitudes, at random phases.

    It is made when a baseline has been recorded in this session, and is as long as that; then it
    begins again.

    Examples
    --------
    >>> Surrogate(seed=3).seed
    3
    """
