"""Lag as a factor of the experiment: the lag that a block shall have.

A pipeline and a screen have a smallest lag. More than that can be chosen; how it is then held is
in `display.held_lag`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from psychopy_nfb.checks import check_number, check_seconds, check_whole
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.settings import from_dict

LONGEST_LAG = 2.0
"""Seconds. Shared memory keeps the records of so long a time at 2000 a second."""
SHORTEST_DRAW = 0.1
"""Seconds from one drawn lag to the next, at least."""
LARGEST_SEED = 2**32 - 1


@dataclass(kw_only=True)
class Lag:
    """The lag of a block, from the brain to the flip: constant, or drawn anew every so often.

    Parameters
    ----------
    hold : float, optional
        Seconds from a sample, less the delay of filters and smoothing, to the flip that shows it.
    jitter : tuple of float, optional
        Smallest and largest such time: one between them is drawn, all equally likely.
    every : float
        Seconds from one draw to the next.
    seed : int, optional
        What the lots are drawn from. None draws a seed, which is in the block's event.

    Raises
    ------
    SettingsError
        If neither or both of `hold` and `jitter` are given, or a number is impossible.

    Examples
    --------
    >>> Lag(hold=0.15).wanted(7.0)
    0.15
    >>> lag = Lag(jitter=(0.2, 0.4), every=1.0, seed=3)
    >>> [round(lag.wanted(seconds), 3) for seconds in (0.0, 0.9, 1.0)]
    [0.217, 0.217, 0.251]
    """

    hold: float | None = None
    jitter: tuple[float, float] | None = None
    every: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.hold is None and self.jitter is None:
            raise SettingsError(
                "lag", None, "needs either hold, in seconds, or jitter, two times in seconds"
            )
        if self.hold is not None and self.jitter is not None:
            raise SettingsError(
                "lag",
                {"hold": self.hold, "jitter": self.jitter},
                "has both hold and jitter; leave one of them out",
            )
        if self.hold is not None:
            self.hold = _lag_seconds("lag.hold", self.hold)
            return
        if not isinstance(self.jitter, (list, tuple)) or len(self.jitter) != 2:
            raise SettingsError("lag.jitter", self.jitter, "must be two times in seconds")
        low, high = (_lag_seconds(f"lag.jitter[{n}]", one) for n, one in enumerate(self.jitter))
        check_number("lag.jitter[1]", high, at_least=low, unit="s")
        self.jitter = (low, high)
        self.every = check_number("lag.every", self.every, at_least=SHORTEST_DRAW, unit="s")
        if self.seed is None:
            self.seed = int(np.random.default_rng().integers(LARGEST_SEED + 1))
        self.seed = check_whole("lag.seed", self.seed, at_least=0, at_most=LARGEST_SEED)
        self._number = -1
        self._drawn = low

    @property
    def least(self) -> float:
        """The smallest lag that may be wanted, in seconds."""
        return self.hold if self.jitter is None else self.jitter[0]  # type: ignore[return-value]

    @property
    def most(self) -> float:
        """The largest lag that may be wanted, in seconds."""
        return self.hold if self.jitter is None else self.jitter[1]  # type: ignore[return-value]

    def wanted(self, seconds: float) -> float:
        """Return the lag that is wanted so many seconds after the block's begin."""
        if self.jitter is None:
            return self.least
        number = max(0, math.floor(seconds / self.every))
        if number != self._number:
            lots = np.random.default_rng([int(self.seed or 0), number])
            self._drawn = float(lots.uniform(*self.jitter))
            self._number = number
        return self._drawn

    def facts(self) -> dict[str, Any]:
        """Return what the block's event keeps of it."""
        given = {"hold": self.hold} if self.jitter is None else asdict(self)
        return {name: value for name, value in given.items() if value is not None}


def _lag_seconds(name: str, value: object) -> float:
    """Return a lag in seconds; a larger one is one of milliseconds."""
    check_number(name, value, above=0, unit="s")
    return check_seconds(name, value, at_most=LONGEST_LAG)


def read_lag(lag: Lag | dict[str, Any] | float | None) -> Lag | None:
    """Return a lag as settings have it, or seconds, as `Lag`; None stays None.

    Examples
    --------
    >>> read_lag(0.2) == read_lag({"hold": 0.2}) == Lag(hold=0.2)
    True
    """
    if lag is None or isinstance(lag, Lag):
        return lag
    if isinstance(lag, dict):
        return from_dict(Lag, lag, "lag")
    return Lag(hold=check_number("lag", lag))
