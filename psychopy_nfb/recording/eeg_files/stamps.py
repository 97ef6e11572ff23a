"""What the stamps of a recorded stream tell: its real rate, its gaps, when each sample was taken.

A file can be looked at as a whole, so that the rate and the length of chunks are known before the
gaps are judged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from psychopy_nfb.errors import FileError

GAP_SECONDS = 0.1
"""A longer pause between stamps is a gap if the samples after it stay late; so in live streams."""
GAP_SAMPLES = 3
"""The same in samples, for slow streams."""
RATE_TOLERANCE = 0.01
"""Relative difference from the declared rate from which on the real one counts."""
LEAST_SECONDS, LEAST_SAMPLES = 2.0, 20
"""Length from which on stamps can tell a rate."""
SETTLE_SECONDS = 2.0
"""Before and after a pause: within this time, samples that were only held up are on time again."""
CLOCK_SECONDS = 3600.0
"""A longer pause is none: the clock was set."""
LONGEST_CHUNK = 2.5
"""Seconds; what returns more seldom are gaps."""
EXCURSION_SECONDS = 1.0
"""Stamps that jump by more and soon jump back are wrong themselves, not the samples late."""
ROUND_SHARE = 0.003
"""Estimated rates so near to a whole number are that number."""


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
        If the samples come at no steady rate.

    Examples
    --------
    >>> timing = read_stamps(50 + np.arange(1000) / 200.0, 256.0, "Amp")
    >>> timing.rate, timing.notes
    (200.0, ['The stream declares 256 Hz, but its stamps say 200 Hz: 200 Hz is used.'])
    """
    notes: list[str] = []
    times = _whole(np.array(stamps, dtype=float), declared, name, notes)
    n_missing = len(stamps) - len(trusted(np.asarray(stamps, dtype=float)))
    rough, chunk = _rough_rate(times, declared)
    jumps = _without_jumps(times, rough, chunk, notes)
    pauses = _pauses(times, rough, chunk)
    part = _longest(times, pauses)
    size = max(1, round(chunk * rough))  # samples
    real = None
    if len(part) >= LEAST_SAMPLES and part[-1] - part[0] >= max(LEAST_SECONDS, 4 * chunk):
        real = _slope(part, size)
    rate = _rate_that_counts(part, size, real, declared, chunk, name, notes)
    gaps = _gaps(times, pauses, rate, chunk)
    if chunk > GAP_SECONDS:
        notes.append(
            f"Samples were stamped in chunks of {1000 * chunk:.0f} ms, not one by one: their times "
            "are counted on from chunk to chunk."
        )
        times = _spread(times, [row for row, _ in gaps], rate)
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


def _whole(stamps: np.ndarray, declared: float, name: str, notes: list[str]) -> np.ndarray:
    """Return stamps in which missing and wrong ones are taken from their neighbours."""
    n = len(stamps)
    valid = trusted(stamps)
    if len(valid) < 2 and n > 1:
        if not declared:
            raise FileError("stream", name, "has neither stamps nor a rate")
        notes.append(f"The stream has no stamps: its samples are counted at {declared:g} Hz.")
        return np.arange(n) / declared
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
    return stamps


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


def _rough_rate(times: np.ndarray, declared: float) -> tuple[float, float]:
    """Return the rate without regard to gaps, and seconds between chunks if they come regularly.

    A stream comes in chunks if a longer step returns after the same number of samples and the same
    time. Single samples that are only unsteady give no chunks: 0 s.
    """
    steps = np.diff(times)
    mean = float(np.clip(steps, 0, 10).mean()) if len(steps) >= GAP_SAMPLES else 0.0
    if mean <= 0:
        return declared or 1.0, 0.0
    usual = float(np.median(steps))
    begins = np.flatnonzero(steps > max(1.5 * usual, 0.1 * mean)) + 1
    if len(begins) >= 5:
        sizes, lengths = np.diff(begins), np.diff(times[begins])
        size, length = float(np.median(sizes)), float(np.median(lengths))
        regular = np.mean(np.abs(sizes - size) <= max(1.0, 0.05 * size))
        steady = np.mean(np.abs(lengths - length) <= 0.3 * length)
        if min(regular, steady) > 0.8 and size > 1 and length <= LONGEST_CHUNK:
            # The mean of the usual ones: 62 and 63 samples may take turns.
            alike = np.abs(sizes - size) <= max(1.0, 0.05 * size)
            return float(sizes[alike].mean()) / length, length
    return (1 / usual if usual > 0 else 1 / mean), 0.0


def _pauses(times: np.ndarray, rate: float, chunk: float) -> np.ndarray:
    """Return the rows that follow a longer pause."""
    limit = max(1 / rate, chunk) + max(GAP_SECONDS, GAP_SAMPLES / rate)
    return np.flatnonzero(np.diff(times) > limit) + 1


def _longest(times: np.ndarray, pauses: np.ndarray) -> np.ndarray:
    """Return the longest stretch without a pause."""
    edges = [0, *pauses.tolist(), len(times)]
    first, last = max(pairwise(edges), key=lambda edge: edge[1] - edge[0])
    return times[first:last]


def _rate_that_counts(
    part: np.ndarray,
    size: int,
    real: float | None,
    declared: float,
    chunk: float,
    name: str,
    notes: list[str],
) -> float:
    """Return the declared rate if the stamps agree; else theirs, if it is steady."""
    if real is None:
        if declared:
            return declared
        raise FileError("stream", name, "declares no rate, and has too few samples to tell one")
    if declared and abs(real / declared - 1) <= RATE_TOLERANCE:
        return declared
    if declared and not chunk and _only_lost(part, declared):
        missing = round((part[-1] - part[0]) * declared) - len(part) + 1
        share = missing / (missing + len(part))
        notes.append(
            f"About {100 * share:.1f} % of the samples are missing, a few at a time: their times "
            "are right, but filters meet steps there."
        )
        return declared
    half = len(part) // 2
    begin, end = _slope(part[:half], size), _slope(part[half:], size)
    late = part - np.arange(len(part)) / real
    unsteady = np.median(np.abs(late - np.median(late))) > GAP_SECONDS + chunk
    if unsteady or abs(begin / end - 1) > RATE_TOLERANCE:
        says = f"declares {declared:g} Hz" if declared else "declares no rate"
        raise FileError(
            "stream",
            name,
            f"{says}, but its samples come at no steady rate ({begin:.4g} Hz at first, {end:.4g} "
            "Hz later); choose another stream, or record again with the amplifier's own rate",
        )
    if abs(real / round(real) - 1) < ROUND_SHARE:
        real = float(round(real))
    if declared:
        notes.append(
            f"The stream declares {declared:g} Hz, but its stamps say {real:g} Hz: {real:g} Hz is "
            "used."
        )
    else:
        notes.append(f"The stream declares no rate; its stamps say {real:g} Hz, which is used.")
    return real


def _only_lost(times: np.ndarray, declared: float) -> bool:
    """Return whether samples come at the declared rate, but for some that are missing."""
    steps = np.diff(times) * declared
    longer = steps[steps > 1.5]
    whole = np.abs(longer - np.rint(longer)) < 0.1
    return bool(abs(np.median(steps) - 1) <= RATE_TOLERANCE and len(longer) and whole.mean() > 0.8)


def _slope(times: np.ndarray, size: int) -> float:
    """Return the usual rate: chunks of `size` samples that were held up do not move it."""
    apart = max(len(times) // 2 // size, 1) * size
    return apart / float(np.median(times[apart:] - times[:-apart]))


def _gaps(
    times: np.ndarray, pauses: np.ndarray, rate: float, chunk: float
) -> list[tuple[int, float]]:
    """Return the pauses after which the samples stay late: others were only held up."""
    late = times - np.arange(len(times)) / rate
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
