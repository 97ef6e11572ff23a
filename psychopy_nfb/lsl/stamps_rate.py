"""Whether a stream goes on at the rate that its filters were designed for."""

from __future__ import annotations

from collections import deque

from psychopy_nfb.lsl.stamps_heard import WRONG_RATE

WINDOW_SECONDS = 3.0
"""Time over which samples are counted."""
SPOILT_RATE = 0.05
"""Share by which the rate may differ before the filters' bands are no longer the chosen ones."""
SHORT_SECONDS = 1.0
"""The same time where each sample has the amplifier's own stamp and the rate differs by more than
`SPOILT_RATE`. Streams that are stamped on arrival and jitter are counted (`StampClock`), and are
not judged so soon: in twelve hours of simulated wireless links (chunks of 1, 12 and 63 samples,
delays of 0 to 400 ms) there was no false alarm; `tests/lsl/test_stamps_rate.py` has minutes of
them."""
STEP_SECONDS = 0.25
"""How often the last `SHORT_SECONDS` and those before them are looked at."""

OTHER_RATE = (
    "The stream sends {:.5g} samples a second, but the filters were made for {:.5g}: they pass "
    "another band. If this goes on, look at the amplifier's battery, radio link and program, and "
    "start the run again."
)


class RateWatch:
    """Compares the samples that come in a second with those that were expected.

    A rate counts as another one if two windows of time, one after the other, differ from it to the
    same side: one alone may end with a chunk that came late.

    Parameters
    ----------
    pace : float
        Samples a second of real time that are expected.

    Attributes
    ----------
    share : float
        Real rate, as a share of the expected one, of the last window; 1 while it is not known or
        within a percent.

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
        self._before = self._long = self._short = 1.0
        self._steps: deque[tuple[float, int]] = deque()
        self._total = 0

    def add(self, n: int, stamp: float, on_arrival: bool = False) -> None:
        """Take a block of samples.

        Parameters
        ----------
        n : int
            How many.
        stamp : float
            Of the last one, in seconds.
        on_arrival : bool
            Whether stamps follow the arrival of samples, which tells a rate over a longer time
            only.
        """
        self._total += n
        if on_arrival:
            self._steps.clear()
            self._short = 1.0
        elif not self._steps or stamp - self._steps[-1][0] >= STEP_SECONDS:
            self._look(stamp)
        if self._since is None:
            self._since = stamp
            return
        self._n += n
        seconds = stamp - self._since
        if seconds >= WINDOW_SECONDS:
            share = self._n / seconds / self.pace
            self._long = _agreed(self._before, share, WRONG_RATE)
            self._before = share
            self._since, self._n = stamp, 0
        self.share = self._short if self._short != 1 else self._long

    def _look(self, stamp: float) -> None:
        """Compare the last `SHORT_SECONDS` with those before them."""
        steps = self._steps
        steps.append((stamp, self._total))
        while len(steps) > 2 and steps[1][0] <= stamp - 2 * SHORT_SECONDS:
            steps.popleft()
        if steps[0][0] > stamp - 2 * SHORT_SECONDS + STEP_SECONDS:
            return
        middle = min(steps, key=lambda step: abs(step[0] - stamp + SHORT_SECONDS))
        before, now = (
            (later[1] - earlier[1]) / max(later[0] - earlier[0], STEP_SECONDS) / self.pace
            for earlier, later in ((steps[0], middle), (middle, steps[-1]))
        )
        self._short = _agreed(before, now, SPOILT_RATE)

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


def _agreed(before: float, now: float, limit: float) -> float:
    """Return the share of the second of two windows if both are off to one side, else 1."""
    off = min(abs(before - 1), abs(now - 1)) > limit
    return now if off and (before - 1) * (now - 1) > 0 else 1.0
