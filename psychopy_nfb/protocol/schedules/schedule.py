"""What every schedule of reward is: which hits are rewarded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from psychopy_nfb.families import join


@dataclass(kw_only=True)
class Schedule:
    """Which of the hits are rewarded, as settings.

    A subclass is a dataclass: its fields are its settings, checked in ``__post_init__``. Its name
    is its ``"type"`` in a settings file. It keeps no state: `due` is told how far things have come,
    so that a background process that takes over from another goes on as if nothing had happened.
    """

    family: ClassVar[dict[str, type[Schedule]]] = {}
    """Every schedule by its class's name."""
    by: ClassVar[str] = "hits"
    """What `due` is told of: ``"hits"`` or ``"samples"`` since the last reward."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        join(Schedule.family, cls, "schedule")

    def due(self, since: int, rewards: int, rate: float) -> bool:
        """Return whether the hit that comes now is rewarded.

        Parameters
        ----------
        since : int
            Hits since the last reward, this one included, or samples, as `by` says.
        rewards : int
            Rewards so far.
        rate : float
            Samples a second.
        """
        raise NotImplementedError


@dataclass(kw_only=True)
class Continuous(Schedule):
    """Each hit is rewarded.

    Examples
    --------
    >>> Continuous().due(1, 0, 250.0)
    True
    """

    def due(self, since: int, rewards: int, rate: float) -> bool:
        """Return whether the hit that comes now is rewarded; see `Schedule.due`."""
        return True
