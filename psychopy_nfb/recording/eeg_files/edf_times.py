"""When each record of an EDF+ file begins, and which sample an annotation belongs to."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from psychopy_nfb.recording.eeg_files.stamps import GAP_SECONDS, trusted

LONGEST_PAUSE = 604_800.0
"""A longer pause in seconds, a week, is none: the clock was set."""
LEAST_GAP_SAMPLES, LEAST_GAP_SECONDS = 0.75, 1e-3
"""A pause is longer than both: a sample that is lost lasts one, and times are written to the
millisecond."""
ROUNDED = 0.75
"""Share of the digit to which times are written, if that is coarser, which a pause exceeds."""
STAYS_RECORDS = 3
"""After a pause so many records are late; the time of one that is alone was not exact."""
STEADY_RECORDS = 7
"""Records whose middle time is followed where two clocks drift apart."""
MOST_TOLD = 3
"""Steps of the times that are told one by one."""


@dataclass
class RecordTimes:
    """When the records of a file begin.

    Parameters
    ----------
    starts : ndarray, shape (n_records,)
        Seconds from the start of the file, as the records say it; NaN where one does not.
    seconds : float
        Length of a record.
    size : int
        Samples of a record.

    Examples
    --------
    >>> times = RecordTimes(np.array([0.0, 1.0, 11.0, 5.0]), seconds=1.0, size=100)
    >>> times.gaps
    [(200, 9.0), (300, nan)]
    >>> times.notes
    ['After 3 s (sample 300) the times of the records step back by 7.00 s: a gap of unknown length,
    from which the samples are counted on.']
    >>> times.row(5.5, record=3), times.row(6.0, record=0)
    (350, -1)
    """

    starts: np.ndarray
    seconds: float
    size: int
    begins: np.ndarray = field(init=False)
    """(n_records,) seconds; counted on where a record does not say it, or says it wrong."""
    gaps: list[tuple[int, float]] = field(init=False, default_factory=list)
    """(sample after the gap, seconds missing); NaN where the times step back."""
    notes: list[str] = field(init=False, default_factory=list)
    """What was corrected, one sentence each."""

    def __post_init__(self) -> None:
        self._parts = [0]
        """Records from which on the times rise."""
        late = self._believed() - self.seconds * np.arange(len(self.starts))
        least = self._least_gap(late)
        base = late[0] if np.isfinite(late[0]) else 0.0
        first = 0  # record of the stretch that has no gap
        early, steps, bases = [], [], np.empty(len(late))
        for number, one in enumerate(late):
            if abs(one - base) > least:  # NaN is not
                before, after = self._around(late, number, first, base)
                if one - base > LONGEST_PAUSE or one - base < -GAP_SECONDS:
                    steps.append((number, float(one - base)))
                    base, first = one, number
                elif after.min() - before.max() > least:
                    base = float(np.median(after[after <= after.min() + least]))
                    self.gaps.append((number * self.size, base - float(np.median(before))))
                    first = number
                elif before.min() - after.max() > least:
                    base = float(np.median(after[after >= after.max() - least]))
                    early.append(float(np.median(before)) - base)
                    first = number
                else:  # the clocks drift apart, or one time was not exact
                    near = late[max(first, number - STEADY_RECORDS // 2) : number + 1]
                    middle = float(np.nanmedian(near))
                    base = middle if abs(middle - base) > least else base
            bases[number] = base
        self.begins = bases + self.seconds * np.arange(len(late))
        self._tell_steps(steps)
        if early:
            self.notes.append(
                f"{len(early)} of {len(late)} records begin up to {1e3 * max(early):.3g} ms "
                "before the one before them has ended: their samples follow each other without a "
                "gap."
            )

    def _least_gap(self, late: np.ndarray) -> float:
        """Return the pause in seconds from which on it is no inaccuracy of the times."""
        starts = self.starts[np.isfinite(late)]
        digits = (0.01, 0.1, 1.0)
        written = max((d for d in digits if _multiples(starts, d)), default=0.0)
        period = self.seconds / self.size
        return max(LEAST_GAP_SAMPLES * period, LEAST_GAP_SECONDS, ROUNDED * written)

    @staticmethod
    def _around(
        late: np.ndarray, number: int, first: int, base: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return how late the records before one are, and those from it on, without pauses."""
        before = late[max(first, number - STAYS_RECORDS) : number]
        before = before[np.isfinite(before)]
        after = late[number : number + STAYS_RECORDS]
        after = after[np.isfinite(after)]
        later = np.flatnonzero(np.abs(after - after[0]) > GAP_SECONDS)
        after = after[: later[0]] if len(later) else after
        return before if len(before) else np.array([base]), after

    @property
    def _half(self) -> float:
        """Seconds of half a sample."""
        return self.seconds / (2 * self.size)

    def _believed(self) -> np.ndarray:
        """Return the times that are not far off, NaN for others; all NaN if they do not rise."""
        n = len(self.starts)
        starts = np.where(np.isfinite(self.starts), self.starts, np.nan)
        late = starts - self.seconds * np.arange(n)
        known = late[np.isfinite(late)]
        n_back = int((np.diff(known) < -min(GAP_SECONDS, self.seconds / 2)).sum())
        if n_back > max(0, len(known) - 1) / 2:
            self.notes.append(
                "Most records begin, by their times, before the one before them has ended: the "
                "times are not used, and the records are taken to follow one another without a gap."
            )
            return np.full(n, np.nan)
        wrong = np.isfinite(late)
        wrong[trusted(late)] = False
        if wrong.any():
            self.notes.append(
                f"{wrong.sum()} of {n} records have a time that is far from those before and after "
                "them: they are taken to follow the records before them."
            )
            starts[wrong] = np.nan
        return starts

    def _tell_steps(self, steps: list[tuple[int, float]]) -> None:
        """Note the clocks that were set, each before a record; of many the first."""
        self._parts += [number for number, _ in steps]
        self.gaps = sorted(
            [*self.gaps, *((number * self.size, math.nan) for number, _ in steps)],
            key=lambda gap: gap[0],
        )
        for number, late in steps[:MOST_TOLD]:
            self.notes.append(
                f"After {number * self.seconds:g} s (sample {number * self.size}) the times of the "
                f"records step {'back' if late < 0 else 'on'} by {abs(late):.2f} s: a gap of "
                "unknown length, from which the samples are counted on."
            )
        if len(steps) > MOST_TOLD:
            self.notes.append(f"So they do at {len(steps) - MOST_TOLD} more places.")

    def row(self, onset: float, record: int) -> int:
        """Return the sample at an onset in seconds; -1 in a pause or outside.

        Parameters
        ----------
        onset : float
            In seconds.
        record : int
            The record that holds the annotation. Where the times step back, an onset is first
            looked for between the same two steps.
        """
        for first, end in self._nearest(record):
            found = self._row_within(onset, first, end)
            if found >= 0:
                return found
        return -1

    def part(self, onset: float, seconds: float, record: int) -> tuple[int, int]:
        """Return the first sample of a stretch of time and the first after it.

        Pauses within the time count for nothing. Where no sample is in it, both are the same.

        Parameters
        ----------
        onset, seconds : float
            Begin and length of the time, in seconds.
        record : int
            As of `row`.
        """
        for first, end in self._nearest(record):
            rows = [self._before(at, first, end) for at in (onset, onset + seconds)]
            if rows[0] < rows[1]:
                return rows[0], rows[1]
        return 0, 0

    def _nearest(self, record: int) -> list[tuple[int, int]]:
        """Return the stretches of records whose times rise, the record's own first."""
        edges = [*self._parts, len(self.begins)]
        parts = list(zip(edges, edges[1:], strict=False))
        own = int(np.searchsorted(self._parts, record, side="right")) - 1
        return [parts[own], *parts[:own], *parts[own + 1 :]]

    def _before(self, at: float, first: int, end: int) -> int:
        """Return the number of the first sample that is not before a time, in some records."""
        passed = np.rint((at - self.begins[first:end]) / (2 * self._half))
        return first * self.size + int(passed.clip(0, self.size).sum())

    def _row_within(self, onset: float, first: int, end: int) -> int:
        begins = self.begins[first:end]
        record = int(np.searchsorted(begins, onset + self._half, side="right")) - 1
        if record < 0:
            return -1
        within = round((onset - begins[record]) / (2 * self._half))
        return (first + record) * self.size + within if within < self.size else -1


def _multiples(values: np.ndarray, digit: float) -> bool:
    """Return whether all values are written to a digit, such as 0.01, and no finer one."""
    return bool(len(values) and (np.abs(values / digit - np.rint(values / digit)) < 1e-6).all())
