"""Gaps in a stream, and how far its clock runs from the rate it declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from psychopy_nfb.lsl.stamps_lost import LossCount


@dataclass(frozen=True)
class Gap:
    """Samples that did not arrive."""

    row: int
    """The block's row that follows the gap."""
    seconds: float
    """How much longer than one sample the stamps jumped; 0 where only their clock did."""
    t: float
    """LSL time of the last sample before it."""


class Continuity:
    """Watches the stamps of one stream.

    Parameters
    ----------
    rate : float
        Nominal rate in Hz.
    gap_seconds : float
        A jump beyond this counts as a gap; a shorter one as jitter of an amplifier that sends in
        chunks.

    Notes
    -----
    The effective rate is the slope of a least-squares line through the stamps. Sums are kept
    relative to the first stamp, so that hours of recording lose no precision. Samples that are
    missing a few at a time, by whole periods of the stamps, are no gaps, but enter `lost_seconds`
    and the numbers of the samples on that line.

    Attributes
    ----------
    losses : LossCount
        Samples that are missing a few at a time.
    n_learned : int
        Number of the sample after the last that `learn` has taken.
    """

    def __init__(self, rate: float, gap_seconds: float = 0.1):
        self.rate = rate
        self.gap_seconds: float = max(gap_seconds, 3 / rate)
        self.n_gaps: int = 0
        self.lost_seconds: float = 0.0
        self.losses: LossCount = LossCount(rate)
        self.n_learned: int = 0
        self._last: float | None = None
        self._restart_line()

    def resume(
        self,
        last: float | None,
        n_gaps: int,
        lost_seconds: float,
        n_samples: int = 0,
        stamps: np.ndarray | None = None,
        losses: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Go on where another process stopped.

        Parameters
        ----------
        last : float or None
            The stamp before the next one; None if there was none.
        n_gaps : int
            Gaps until then.
        lost_seconds : float
            What these gaps sum up to.
        n_samples : int
            Samples until then.
        stamps : ndarray, shape (n,), optional
            The last ones of these that are known.
        losses : sequence of dict
            What it told of each few samples that were missing, oldest first: `reached`. What it
            told after `n_samples` was lost with it.
        """
        self.n_gaps = n_gaps
        known = [one for one in losses if one["sample"] <= n_samples]
        n_more = n_samples
        if known:
            n_more -= known[-1]["sample"]
        # What was lost before the stamps that are known has been told: one came each time.
        tail = np.empty(0) if stamps is None else stamps[max(0, len(stamps) - n_more - 1) :]
        if known:
            self.losses.restore(known[-1]["reached"], max(0, n_more - len(tail)))
        limit = 1 / self.rate + self.gap_seconds
        for part in np.split(tail, np.flatnonzero(np.diff(tail) > limit) + 1):
            self.losses.add(part[1:], last=None if len(part) == 0 else float(part[0]))
        self.n_learned = n_samples
        self.lost_seconds = lost_seconds + self.losses.n_lost / self.rate
        self._last = self._learned = last

    def reached(self) -> dict[str, Any]:
        """Return one of the `losses` that `resume` takes."""
        return {"sample": self.n_learned, "reached": self.losses.reached()}

    def check(self, stamps: np.ndarray, breaks: Sequence[int] = ()) -> list[Gap]:
        """Take the next block's `stamps`, shape (n,), in seconds; return the gaps in it.

        `breaks` are rows before which samples may be missing though the stamps do not tell.
        """
        gaps: list[Gap] = []
        last = float(stamps[0]) - 1 / self.rate if self._last is None else self._last
        self._last = float(stamps[-1])
        limit = 1 / self.rate + self.gap_seconds
        if breaks or self._last - last > limit:  # no single step exceeds the whole
            steps = np.diff(stamps, prepend=last)
            for row in sorted({*np.flatnonzero(steps > limit).tolist(), *breaks}):
                before = last if row == 0 else float(stamps[row - 1])
                gaps.append(Gap(row, max(0.0, float(steps[row]) - 1 / self.rate), before))
        if gaps:
            self.n_gaps += len(gaps)
            self.lost_seconds += sum(gap.seconds for gap in gaps)
            begin = 0
            for gap in gaps:
                self._new.append(stamps[begin : gap.row])
                self.learn()  # or the few that are missing just before a gap were not counted
                self._restart_line()
                begin = gap.row
            stamps = stamps[begin:]
        self._new.append(stamps)
        return gaps

    def _restart_line(self) -> None:
        self._origin: float | None = None
        self._n = self._n_on_line = 0  # numbers of samples, and those that came
        self._learned: float | None = None
        self._sum_t = self._sum_it = self._sum_i = self._sum_ii = 0.0
        self._new: list[np.ndarray] = []

    def learn(self) -> int:
        """Take what was checked since the last call into the effective rate.

        It can wait, unlike gaps: for single samples one call a tenth of a second is enough.

        Returns
        -------
        lost : int
            Samples that are missing among them, a few at a time.
        """
        stamps = np.concatenate(self._new) if self._new else np.empty(0)
        self._new = []
        if not len(stamps):
            return 0
        self.n_learned += len(stamps)
        if self._origin is None:
            self._origin = float(stamps[0])
        lost = self.losses.add(stamps, self._learned)
        self.lost_seconds += lost / self.rate
        n = len(stamps)
        times = stamps - self._origin
        numbers = np.arange(self._n, self._n + n)
        if lost:
            steps = np.diff(stamps, prepend=self._learned or stamps[0] - 1 / self.rate)
            numbers = self._n - 1 + np.cumsum(np.maximum(1, np.rint(self.rate * steps)))
        self._learned = float(stamps[-1])
        self._sum_t += float(times.sum())
        self._sum_i += float(numbers.sum())
        self._sum_ii += float(numbers @ numbers)
        self._sum_it += float(times @ numbers)
        self._n = int(numbers[-1]) + 1
        self._n_on_line += n
        return lost

    @property
    def effective_rate(self) -> float | None:
        """Samples a second since the last gap; None before there are two seconds of them."""
        n = self._n_on_line
        if n < 2 * self.rate:
            return None
        covariance = self._sum_it - self._sum_i * self._sum_t / n
        variance = self._sum_ii - self._sum_i * self._sum_i / n
        return variance / covariance if covariance > 0 else None

    @property
    def drift_ppm(self) -> float | None:
        """How much faster than declared the stream runs, in parts per million."""
        effective = self.effective_rate
        return None if effective is None else (effective / self.rate - 1) * 1e6

    def facts(self) -> dict[str, object]:
        """Return gaps and drift for the session's settings file."""
        return {
            "n_gaps": self.n_gaps,
            "n_lost_few": self.losses.n_lost,
            "lost_seconds": round(self.lost_seconds, 6),
            "effective_rate": self.effective_rate,
            "drift_ppm": self.drift_ppm,
        }
