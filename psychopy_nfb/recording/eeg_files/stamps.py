"""What the stamps of a recorded stream tell: its real rate, its gaps, when each sample was taken.

A file can be looked at as a whole, so that the rate and the length of chunks are known before the
gaps are judged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from psychopy_nfb.errors import FileError
from psychopy_nfb.lsl.stamps_lost import FEW_MISSING, periods_between
from psychopy_nfb.lsl.stamps_noise import MOST_SKEWNESS
from psychopy_nfb.recording.eeg_files.stamp_rates import (
    GAP_SAMPLES,
    GAP_SECONDS,
    RATE_TOLERANCE,
    check_one_rate,
    check_steps,
    lost_before,
    middle,
    rate_that_counts,
    rough_rate,
    slope,
)

LEAST_SECONDS, LEAST_SAMPLES = 2.0, 20
"""Length from which on stamps can tell a rate."""
SETTLE_SECONDS = 2.0
"""Before and after a pause: within this time, samples that were only held up are on time again."""
CLOCK_SECONDS = 3600.0
"""A longer pause is none: the clock was set."""
EXCURSION_SECONDS = 1.0
"""Stamps that jump by more and soon jump back are wrong themselves, not the samples late."""
LEAST_NOISE_SECONDS = 0.0006
"""The same where stamps scatter to both sides: a standard deviation of 0.9 ms."""
LINE_BLOCKS, LEAST_EVEN = 61, 1.3
"""Seconds that a line is drawn through, if blocks lie about it as far as they differ from each
other (standard deviation)."""
JITTER_SECONDS = 0.002
"""Median distance of stamps from the line through them, from which on the line tells the times."""


@dataclass
class Timing:
    """What the stamps tell."""

    rate: float
    """Samples per second that count: as declared, or the real ones."""
    times: np.ndarray
    """(n,) seconds, never falling: when each sample was taken, on the clock of the stamps."""
    gaps: list[tuple[int, float]]
    """(sample after the gap, seconds missing); NaN where that cannot be known."""
    notes: list[str] = field(default_factory=list)
    """What was corrected or assumed, one sentence each."""
    real_rate: float | None = None
    """Samples per second that the stamps say; None if there are too few."""
    n_missing: int = 0
    """Samples without a stamp, or with one that is far off."""
    n_jumps: int = 0
    """How often the clock of the stamps was set."""
    chunk: float = 0.0
    """Seconds from chunk to chunk, if samples were stamped in chunks; 0 if not."""


def read_stamps(stamps: np.ndarray, declared: float, name: str) -> Timing:
    """Return what the stamps of a stream tell.

    Parameters
    ----------
    stamps : ndarray, shape (n,)
        In seconds; NaN where there is none.
    declared : float
        Rate in Hz; 0 if the stream declares none.
    name : str
        Of the stream, for errors.

    Raises
    ------
    FileError
        If the samples come at no steady rate, or at one that changes.

    Examples
    --------
    >>> timing = read_stamps(50 + np.arange(1000) / 200.0, 256.0, "Amp")
    >>> timing.rate, timing.notes
    (200.0, ['The stream declares 256 Hz, but its stamps say 200 Hz: 200 Hz is used.'])
    """
    notes: list[str] = []
    times, n_missing = _whole(np.array(stamps, dtype=float), declared, name, notes)
    check_steps(times, declared, name)
    rough, chunk = rough_rate(times, declared)
    jumps = _without_jumps(times, rough, chunk, notes)
    pauses = _pauses(times, rough, chunk)
    lost = lost_before(times, chunk)
    numbers = np.arange(len(times)) + np.cumsum(lost)
    if lost.any():
        chunk = 0.0
        rough = 1 / periods_between(times)[1]
        pauses = _pauses(times, rough, chunk)
        notes.append(FEW_MISSING.format(100 * lost.sum() / (len(times) + lost.sum())))
    # The rate is that of the samples as if none were missing.
    whole = np.interp(np.arange(numbers[-1] + 1), numbers, times)
    check_one_rate(whole, chunk, name)
    part = _longest(whole, numbers[pauses])
    size = max(1, round(chunk * rough))  # samples
    real = None
    told = n_missing < len(times)
    if told and len(part) >= LEAST_SAMPLES and part[-1] - part[0] >= max(LEAST_SECONDS, 4 * chunk):
        real = slope(part, size)
        overall = (len(whole) - 1) / float(whole[-1] - whole[0])
        if declared and abs(real / declared - 1) > RATE_TOLERANCE > abs(overall / declared - 1):
            # What was held up comes all at once after a pause: only both together tell the rate.
            real = overall
    rate = rate_that_counts(part, size, real, declared, chunk, name, notes)
    gaps = _gaps(times, numbers, pauses, rate, chunk)
    if chunk > GAP_SECONDS:
        notes.append(
            f"Samples were stamped in chunks of {1000 * chunk:.0f} ms, not one by one: their times "
            "are counted on from chunk to chunk."
        )
        times = _spread(times, [row for row, _ in gaps], real or rate)
    elif not chunk and not lost.any():
        # Where samples are lost here and there, the stamps are right and counting is not.
        times = _steadied(times, [row for row, _ in gaps], real or rate, notes)
    gaps += [(row, float("nan")) for row in jumps]
    return Timing(
        rate,
        np.maximum.accumulate(times),
        sorted(gaps),
        notes,
        real,
        n_missing=n_missing,
        n_jumps=len(jumps),
        chunk=chunk,
    )


def _whole(
    stamps: np.ndarray, declared: float, name: str, notes: list[str]
) -> tuple[np.ndarray, int]:
    """Return stamps in which missing and wrong ones are replaced, and how many were.

    They are taken from their neighbours, or counted where the stamps say nothing.
    """
    n = len(stamps)
    valid = trusted(stamps)
    if len(valid) < 2 and n > 1:
        if not declared:
            raise FileError("stream", name, "has neither stamps nor a rate")
        notes.append(
            f"The stream has no stamps: its samples are counted at the declared {declared:g} Hz, "
            "which nothing confirms."
        )
        return np.arange(n) / declared, n
    if n > 1 and not np.ptp(stamps[valid]):
        if not declared:
            raise FileError("stream", name, "has stamps that do not change, and no rate")
        notes.append(
            "The stamps do not change from sample to sample: they are not used, and the samples "
            f"are counted at the declared {declared:g} Hz, which nothing confirms."
        )
        return np.arange(n) / declared, n
    if n > 1 and np.median(np.diff(stamps[valid])) < 0:
        if not declared:
            raise FileError("stream", name, "has stamps that fall from sample to sample, no rate")
        notes.append(
            "The stamps fall from sample to sample: they are not used, and the samples are counted "
            f"at the declared {declared:g} Hz, which nothing confirms."
        )
        return np.arange(n) / declared, n
    if len(valid) < n:
        notes.append(
            f"{n - len(valid)} of {n} samples have no stamp, or one that is far off (such as 0): "
            "their times are taken from their neighbours."
        )
        steps = np.diff(stamps[valid]) / np.diff(valid)
        period = 1 / declared if declared else float(np.median(steps))
        rows = np.arange(n)
        first, last = valid[0], valid[-1]
        stamps = np.interp(rows, valid, stamps[valid])
        stamps[:first] = stamps[first] - (first - rows[:first]) * period
        stamps[last + 1 :] = stamps[last] + (rows[last + 1 :] - last) * period
    return stamps, n - len(valid)


def _without_jumps(times: np.ndarray, rate: float, chunk: float, notes: list[str]) -> list[int]:
    """Take out of `times`, in place, the jumps of a clock that was set; return their rows.

    A single stamp may lie before its predecessor: a jump back is one that stays.
    """
    steps = np.diff(times)
    around = round(max(SETTLE_SECONDS, 3 * chunk) * rate)
    rows = []
    for row in (np.flatnonzero((steps < -GAP_SECONDS) | (steps > CLOCK_SECONDS)) + 1).tolist():
        first = max(row - around, rows[-1] if rows else 0)
        part = times[first : row + around] - np.arange(first, min(row + around, len(times))) / rate
        before, after = part[: row - first].min(), part[row - first :].min()
        if -GAP_SECONDS < after - before < CLOCK_SECONDS:
            continue
        jump = steps[row - 1] - 1 / rate
        times[row:] -= jump
        rows.append(row)
        notes.append(
            f"After {times[row] - times[0]:.1f} s (sample {row}) the stamps jump "
            f"{'back' if jump < 0 else 'on'} by {abs(jump):.2f} s: a gap of unknown length, from "
            "which the samples are counted on."
        )
    return rows


def trusted(stamps: np.ndarray) -> np.ndarray:
    """Return the rows whose stamps are numbers and no excursion: away and back by the same."""
    valid = np.flatnonzero(np.isfinite(stamps))
    steps = np.diff(stamps[valid])
    jumps = np.flatnonzero(np.abs(steps) > EXCURSION_SECONDS)
    kept = np.ones(len(valid), dtype=bool)
    last = -1
    for away, back in pairwise(jumps):
        opposite = abs(steps[away] + steps[back]) < EXCURSION_SECONDS / 2
        if opposite and away > last:
            kept[away + 1 : back + 1] = False
            last = back
    return valid[kept]


def _pauses(times: np.ndarray, rate: float, chunk: float) -> np.ndarray:
    """Return the rows that follow a longer pause."""
    limit = max(1 / rate, chunk) + max(GAP_SECONDS, GAP_SAMPLES / rate)
    return np.flatnonzero(np.diff(times) > limit) + 1


def _longest(times: np.ndarray, pauses: np.ndarray) -> np.ndarray:
    """Return the longest stretch without a pause."""
    edges = [0, *pauses.tolist(), len(times)]
    first, last = max(pairwise(edges), key=lambda edge: edge[1] - edge[0])
    return times[first:last]


def _gaps(
    times: np.ndarray, numbers: np.ndarray, pauses: np.ndarray, rate: float, chunk: float
) -> list[tuple[int, float]]:
    """Return the pauses after which the samples stay late: others were only held up."""
    late = times - numbers / rate
    settle = round(max(SETTLE_SECONDS, 3 * chunk) * rate)
    least = max(GAP_SECONDS, GAP_SAMPLES / rate) / 2
    gaps, begin = [], 0
    for row in pauses.tolist():
        before = late[max(begin, row - settle) : row].min()
        after = late[row : row + settle].min()
        if after - before > least:
            gaps.append((row, float(after - before)))
            begin = row
    return gaps


def _spread(times: np.ndarray, gaps: list[int], rate: float) -> np.ndarray:
    """Return times one sample apart: the samples of a chunk share the stamp of its arrival.

    The newest sample of the quickest chunk was stamped nearest to when it was taken.
    """
    edges = [0, *gaps, len(times)]
    parts = []
    for first, last in pairwise(edges):
        counted = np.arange(last - first) / rate
        parts.append(counted + (times[first:last] - counted).min())
    return np.concatenate(parts)


def _steadied(times: np.ndarray, gaps: list[int], rate: float, notes: list[str]) -> np.ndarray:
    """Return times without jitter: between gaps those of a line through seconds of stamps.

    A clock that runs unevenly over many seconds is followed, and what was held up for less than
    half of them moves nothing.
    """
    size = max(2, round(rate))
    both = _scatters_to_both_sides(times, gaps, rate)
    parts, apart = [], []
    for first, last in pairwise([0, *gaps, len(times)]):
        rows = np.arange(last - first)
        late = times[first:last] - rows / rate
        n = len(late) // size
        if n < 2:
            parts.append(rows / rate + np.median(late))
            continue
        blocks = late[: n * size].reshape(n, size)
        usual = np.median(blocks, axis=1)
        # Within a second: a few samples that are lost now and then are no jitter.
        # Nor is a rate that changes: the line through each second tells the slope of its own.
        from_middle = np.arange(size) - (size - 1) / 2
        slopes = (blocks @ from_middle / (from_middle @ from_middle))[:, None]
        apart.append(np.abs(blocks - usual[:, None] - slopes * from_middle).ravel())
        usual = _followed(usual) if both else middle(usual)
        parts.append(rows / rate + np.interp(rows, (np.arange(n) + 0.5) * size, usual))
    steady = np.concatenate(parts)
    jitter = float(np.median(np.concatenate(apart))) if apart else 0.0
    if jitter < (LEAST_NOISE_SECONDS if both else JITTER_SECONDS):
        return times
    assumed = (
        "They scatter to both sides, which is taken for noise around the times of the samples."
        if both
        else "They are late rather than early, which is taken for delays; the middle one counts."
    )
    typical = 1000 * jitter
    notes.append(
        f"Half of the stamps are more than {typical:.{0 if typical > 1 else 1}f} ms early or late "
        "(jitter): the samples' times, and so the places of markers, are counted at the real rate "
        f"instead. {assumed}"
    )
    return steady


def _scatters_to_both_sides(times: np.ndarray, gaps: list[int], rate: float) -> bool:
    """Return whether stamps are early as often as late, by the skewness of their distances."""
    first, last = max(pairwise([0, *gaps, len(times)]), key=lambda edge: edge[1] - edge[0])
    late = times[first:last] - np.arange(last - first) / rate
    size = max(2, round(rate))
    late = late[: len(late) // size * size].reshape(-1, size)
    if not len(late):
        return False
    late = late - late.mean(axis=1, keepdims=True)
    spread = late.std()
    return bool(spread) and bool(abs((late**3).mean()) <= MOST_SKEWNESS * spread**3)


def _followed(usual: np.ndarray) -> np.ndarray:
    """Return how late blocks of a second are (n,) without noise: along lines through a minute.

    Where the clock runs less evenly than that, the median of a few blocks is all that is known.
    """
    from scipy.signal import savgol_filter

    n = min(LINE_BLOCKS, len(usual) - (len(usual) + 1) % 2)
    if n < 3:
        return middle(usual)
    lines = savgol_filter(usual, n, 1)
    noise = np.diff(usual).std() / np.sqrt(2)
    return lines if (usual - lines).std() <= LEAST_EVEN * noise else middle(usual)
