"""Whether a stream goes on at the rate that its filters were designed for."""

from __future__ import annotations

from psychopy_nfb.lsl.stamps_heard import WRONG_RATE

WINDOW_SECONDS = 3.0
"""Time over which samples are counted."""
SPOILT_RATE = 0.05
"""Share by which the rate may differ before the filters' bands are no longer the chosen ones."""

OTHER_RATE = (
    "The stream sends {:.5g} samples a second, but the filters were made for {:.5g}: they pass "
    "another band. If this goes on, look at the amplifier's battery, radio link and program, and "
    "start the run again."
)


class RateWatch:
    """Compares the samples that come in a second with those that were expected.

    Parameters
    ----------
    pace : float
        Samples a second of real time that are expected.

    Attributes
    ----------
    share : float
        Real rate, as a share of the expected one, of the last `WINDOW_SECONDS`; 1 while it is not
        known or within a percent.

    Examples
    --------
    >>> watch = RateWatch(100.0)
    >>> for second in range(8):
    ...     watch.add(90, 50.0 + second)
    >>> round(watch.share, 3), watch.spoilt
    (0.9, True)
    """

    def __init__(self, pace: float):
        self.pace = pace
        self.restart()
        self.share: float = 1.0
        self._told = False

    def restart(self) -> None:
        """Begin a new window: samples were lost."""
        self._since: float | None = None
        self._n = 0
        self._before = 1.0

    def add(self, n: int, stamp: float) -> None:
        """Take a block of `n` samples, the last of which has this stamp."""
        if self._since is None:
            self._since = stamp
            return
        self._n += n
        seconds = stamp - self._since
        if seconds < WINDOW_SECONDS:
            return
        share = self._n / seconds / self.pace
        # Only if two windows agree: one may end with a chunk that came late.
        off = abs(share - 1) > WRONG_RATE and abs(self._before - 1) > WRONG_RATE
        same_side = (share - 1) * (self._before - 1) > 0
        self.share = share if off and same_side else 1.0
        self._before = share
        self._since, self._n = stamp, 0

    def news(self, rate: float) -> dict[str, object] | None:
        """Return what is to be told of a rate that differs, once; None before and after.

        Parameters
        ----------
        rate : float
            The rate that the filters were made for, in Hz.
        """
        if self._told or self.share == 1:
            return None
        self._told = True
        real = rate * self.share
        return {"declared": rate, "real": real, "sentence": OTHER_RATE.format(real, rate)}

    @property
    def spoilt(self) -> bool:
        """Whether the rate differs so far that the filters no longer pass the chosen bands."""
        return abs(self.share - 1) > SPOILT_RATE
