"""Samples that are missing a few at a time, as a radio link loses single packets.

Nothing but the stamps tells it: the steps between them are the period of the stream, or several
periods where samples are missing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

NEAR = 0.15
"""Largest distance of a step from a whole number of periods, in periods."""
LEAST_WHOLE = 0.8
"""Share of the steps, and of the longer ones among them, that are whole numbers of periods at
least: stamps that jitter, or that follow the arrival of chunks, are longer by any amount."""
MOST_SHORT = 0.2
"""Steps of less than half a period, as a share of the longer ones, that there are at most: what was
only late is followed by a short step, what is missing is not."""
MOST_IN_TURN = 0.5
"""Share of the longer steps that may follow another one: more are another rate."""
MOST_LOST = 0.25
"""Largest share of the samples that counts as missing a few at a time in a running stream; beyond
it is another rate."""
TOLD_SHARE = 0.005
"""Share of missing samples from which on it is told of a running stream."""
TOLD_SECONDS = 3.0
"""Time after which a share is told at the earliest."""
FEW_MISSING = (
    "About {:.1f} % of the samples are missing, a few at a time: their times are right, but "
    "filters meet steps there."
)
"""What is told of it, in a recording as in a running stream; takes the percentage."""
LOOK_AT_THE_LINK = (
    " Bring the amplifier closer to its receiver, and look at its battery and radio link."
)


def periods_between(
    stamps: np.ndarray, numbers: np.ndarray | None = None
) -> tuple[np.ndarray, float]:
    """Return the steps between stamps in periods of the stream, and the period in seconds.

    Parameters
    ----------
    stamps : ndarray, shape (n,)
        Seconds.
    numbers : ndarray, shape (n,), optional
        Number of the sample that each stamp belongs to, where some have none.

    Returns
    -------
    periods : ndarray, shape (n - 1,)
        Less those that `numbers` explain: 1 where no sample is missing.
    period : float
        The usual step; 0 if stamps do not advance.
    """
    apart = np.ones(max(0, len(stamps) - 1)) if numbers is None else np.diff(numbers)
    steps = np.diff(stamps)
    single = steps[apart == 1]
    period = float(np.median(single)) if len(single) else 0.0
    if period <= 0:
        return np.ones(len(steps)), 0.0
    # Stamps in whole milliseconds have two steps: their mean is the period.
    usual = single[np.abs(single - period) < period / 2]
    period = float(usual.mean())
    return steps / period - (apart - 1), period


def lost_between(stamps: np.ndarray, numbers: np.ndarray | None = None) -> np.ndarray:
    """Return how many samples are missing between each stamp and the next.

    Parameters
    ----------
    stamps : ndarray, shape (n,)
        Seconds, one for each sample.
    numbers : ndarray, shape (n,), optional
        Number of the sample that each stamp belongs to, where some have none.

    Returns
    -------
    lost : ndarray of int, shape (n - 1,)
        0 everywhere unless the longer steps are whole numbers of the usual one.

    Examples
    --------
    >>> kept = np.delete(np.arange(20), [7, 8, 9])
    >>> lost_between(50 + kept / 250).tolist()
    [0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    """
    periods, period = periods_between(stamps, numbers)
    none = np.zeros(len(periods), dtype=int)
    longer = periods > 1.5
    if not period or not longer.any():
        return none
    whole = (np.abs(periods - np.rint(periods)) <= NEAR) & (periods > 0.5)
    short = int((periods < 0.5).sum())
    in_turn = int((longer[1:] & longer[:-1]).sum())
    if (
        min(whole.mean(), whole[longer].mean()) < LEAST_WHOLE
        or short > MOST_SHORT * longer.sum()
        or in_turn > MOST_IN_TURN * longer.sum()
    ):
        return none
    return np.where(longer, np.rint(periods) - 1, 0).astype(int)


class LossCount:
    """Counts samples that are missing a few at a time in a stream while it runs.

    Parameters
    ----------
    rate : float
        Rate in Hz, within a few percent.

    Attributes
    ----------
    n_lost : int
        Samples that were missing so far.

    Examples
    --------
    >>> count = LossCount(250.0)
    >>> count.add(50 + np.delete(np.arange(500), [77, 78, 300]) / 250, last=None)
    3
    """

    def __init__(self, rate: float):
        self.rate = rate
        self.n_lost: int = 0
        self._told = False
        self._was_longer = False
        self._n = self._n_whole = self._n_longer = self._n_short = 0

    def add(self, stamps: np.ndarray, last: float | None) -> int:
        """Take the next stamps and return how many samples are missing among them.

        Parameters
        ----------
        stamps : ndarray, shape (n,)
            Seconds, without a gap between them.
        last : float or None
            The stamp before them; None at the beginning and after a gap.
        """
        steps = np.diff(stamps) if last is None else np.diff(stamps, prepend=last)
        periods = self.rate * steps
        if len(periods) and 0.5 <= periods.min() and periods.max() <= 1.5:  # nearly always
            self._n += len(stamps)
            self._was_longer = False
            return 0
        longer = periods > 1.5
        whole = longer & (np.abs(periods - np.rint(periods)) <= NEAR)
        self._n += len(stamps)
        self._n_longer += int(longer.sum())
        self._n_whole += int(whole.sum())
        self._n_short += int((periods < 0.5).sum())
        lost = int((np.rint(periods[whole]) - 1).sum())
        in_turn = int((longer & np.r_[self._was_longer, longer[:-1]]).sum()) if len(longer) else 0
        self._was_longer = bool(len(longer) and longer[-1])
        if (
            in_turn > MOST_IN_TURN * longer.sum()
            or self._n_whole < LEAST_WHOLE * self._n_longer
            or self._n_short > MOST_SHORT * self._n_longer
            or self.n_lost + lost > MOST_LOST * (self._n + self.n_lost + lost)
        ):
            return 0
        self.n_lost += lost
        return lost

    def reached(self) -> dict[str, Any]:
        """Return what a successor needs to count on, as JSON knows it."""
        return {
            "n_lost": self.n_lost,
            "told": self._told,
            "counts": [self._n, self._n_whole, self._n_longer, self._n_short],
        }

    def restore(self, reached: dict[str, Any], n_more: int) -> None:
        """Go on from what another process had `reached`, and `n_more` samples without a loss."""
        self.n_lost, self._told = reached["n_lost"], reached["told"]
        self._n, self._n_whole, self._n_longer, self._n_short = reached["counts"]
        self._n += n_more

    @property
    def share(self) -> float:
        """Samples that were missing so far, as a share of all."""
        return self.n_lost / max(1, self._n + self.n_lost)

    def news(self) -> dict[str, object] | None:
        """Return what is to be told of missing samples, once; None before and after."""
        if self._told or self.share < TOLD_SHARE or self._n < TOLD_SECONDS * self.rate:
            return None
        self._told = True
        sentence = FEW_MISSING.format(100 * self.share) + LOOK_AT_THE_LINK
        return {"share": self.share, "sentence": sentence}
