"""The rate that the stamps of a recorded stream tell, and whether it stays the same."""

from __future__ import annotations

import numpy as np

from psychopy_nfb.errors import FileError
from psychopy_nfb.lsl.stamps_lost import lost_between, periods_between

SLOWEST = 1.0
"""Samples a second that a recording has at least."""
GAP_SECONDS = 0.1
"""A longer pause between stamps is a gap if the samples after it stay late; so in live streams."""
GAP_SAMPLES = 3
"""The same in samples, for slow streams."""
RATE_TOLERANCE = 0.01
"""Relative difference from the declared rate from which on the real one counts."""
EXACT = 0.02
"""Largest distance from a whole number of periods of what is lost at regular times, in periods."""
REGULAR_SHARE = 0.1
"""Largest share of the samples that may be lost at regular times."""
LONGEST_CHUNK = 2.5
"""Seconds; what returns more seldom are gaps."""
ROUND_SHARE = 0.003
"""Estimated rates so near to a whole number are that number."""
NEAR_BLOCKS = 9
"""Blocks of a second, or of four chunks, whose median tells the rate at a time."""
FEWEST_BLOCKS = 4
"""Before and after a change of the rate; shorter ones may be a network that stood still."""
LEAST_CHANGE = 0.02
"""Relative change of the rate within a recording that counts; amplifiers offer 250 and 256 Hz."""
LEAST_LATENESS = 1.0
"""Seconds by which a changed rate must have moved the samples; a bad network holds up no longer."""


def check_steps(times: np.ndarray, declared: float, name: str) -> None:
    """Refuse stamps so far apart that they cannot be seconds.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Stamps as they are.
    declared : float
        Rate in Hz; 0 if the stream declares none.
    name : str
        Of the stream, for the error.

    Raises
    ------
    FileError
        It says how far they are apart.

    Examples
    --------
    >>> check_steps(4.0 * np.arange(100), 0.0, "Amp")
    Traceback (most recent call last):
    psychopy_nfb.errors.FileError: stream='Amp': has stamps that are 4 apart from sample to ...
    """
    steps = np.diff(times)
    steps = steps[steps > 0]  # within a chunk they may be equal
    usual = float(np.median(steps)) * len(steps) / (len(times) - 1) if len(steps) else 0.0
    if usual > 1 / SLOWEST:
        says = f"and the stream declares {declared:g} Hz" if declared else "and declares no rate"
        raise FileError(
            "stream",
            name,
            f"has stamps that are {usual:g} apart from sample to sample, {says}; if they are in "
            "milliseconds or another unit, record again with stamps in seconds and the real rate",
        )


def rough_rate(times: np.ndarray, declared: float) -> tuple[float, float]:
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


def rate_that_counts(
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
    half = len(part) // 2
    begin, end = slope(part[:half], size), slope(part[half:], size)
    late = part - np.arange(len(part)) / real
    why = ""
    if abs(begin / end - 1) > RATE_TOLERANCE:
        beside = abs(10 * end / begin - 10)
        why = f": at another one they pass another band, at 10 Hz one {beside:.1g} Hz beside it"
    unsteady = np.median(np.abs(late - np.median(late))) > GAP_SECONDS + chunk
    if unsteady or abs(begin / end - 1) > RATE_TOLERANCE:
        says = f"declares {declared:g} Hz" if declared else "declares no rate"
        raise FileError(
            "stream",
            name,
            f"{says}, but its samples come at no steady rate ({begin:.4g} Hz at first, {end:.4g} "
            f"Hz later), and filters are made for one rate{why}; choose another stream, or record "
            "again with the amplifier's own rate",
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


def lost_before(times: np.ndarray, chunk: float) -> np.ndarray:
    """Return how many samples are missing before each, a few at a time.

    Losses that come after always as many samples look like chunks whose stamps were made of their
    arrival and a wrong rate. Arrivals are no whole number of periods apart, and a wrong rate is
    wrong by more.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Stamps in seconds, without jumps of their clock.
    chunk : float
        Seconds from chunk to chunk, as `rough_rate` finds them; 0 if there are none.

    Returns
    -------
    lost : ndarray of int, shape (n,)
        0 before gaps, which are found by themselves.

    Examples
    --------
    >>> lost_before(np.delete(np.arange(1000), np.arange(97, 900, 100)) / 250, 0.4).sum()
    np.int64(9)
    """
    none = np.zeros(len(times), dtype=int)
    lost = lost_between(times)
    periods, period = periods_between(times)
    if not lost.any():
        return none
    lost[periods * period > period + max(GAP_SECONDS, GAP_SAMPLES * period)] = 0
    if chunk:
        longer = periods[lost > 0]
        exact = len(longer) and np.mean(np.abs(longer - np.rint(longer)) < EXACT) > 0.9
        if not exact or lost.sum() > REGULAR_SHARE * (len(times) + lost.sum()):
            return none
    return np.concatenate(([0], lost))


def slope(times: np.ndarray, size: int) -> float:
    """Return the usual rate: chunks of `size` samples that were held up do not move it."""
    apart = max(len(times) // 2 // size, 1) * size
    return apart / float(np.median(times[apart:] - times[:-apart]))


def check_one_rate(times: np.ndarray, chunk: float, name: str) -> None:
    """Refuse a recording whose samples come at another rate from some time on.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Stamps in seconds, without jumps of their clock.
    chunk : float
        Seconds from chunk to chunk; 0 if each sample has its own stamp.
    name : str
        Of the stream, for the error.

    Raises
    ------
    FileError
        It says when, and both rates.

    Examples
    --------
    >>> check_one_rate(np.cumsum(np.repeat([0.004, 0.008], [5000, 2500])), 0.0, "Amp")
    Traceback (most recent call last):
    psychopy_nfb.errors.FileError: stream='Amp': its real rate changes after about 20 s from 250 ...
    """
    steps = np.diff(times)
    if not len(steps):
        return
    mean = float(np.clip(steps, 0, LONGEST_CHUNK).mean())
    size = max(round(1 / mean), round(4 * chunk / mean)) if mean > 0 else 0
    n = len(times) // size if size else 0
    if n < 2 * FEWEST_BLOCKS + 1:
        return
    # The sample of a block that was least late tells its time: others were only held up.
    counted = np.arange(size) * mean
    begins = (times[: n * size].reshape(n, size) - counted).min(axis=1)
    raw = size / np.maximum(np.diff(begins), 0.1 * size * mean)
    rates = middle(raw)
    split = _split(rates)
    before = float(np.median(rates[max(0, split - NEAR_BLOCKS) : split]))
    after = float(np.median(rates[split : split + NEAR_BLOCKS]))
    nearer = np.abs(rates - before) < np.abs(rates - after)
    shorter = min(_run(nearer[:split][::-1]), _run(~nearer[split:])) * size
    near = slice(max(0, split - NEAR_BLOCKS), split + NEAR_BLOCKS)
    unsteady = np.abs(raw - np.where(np.arange(len(raw)) < split, before, after))[near]
    if (
        abs(before / after - 1) < LEAST_CHANGE
        or np.median(unsteady) > abs(before - after) / 3  # by chance, or a drift
        or shorter * abs(1 / before - 1 / after) < LEAST_LATENESS
        or _lost(times, split * size, NEAR_BLOCKS * size, before / after)
    ):
        return
    part = times[max(0, split - 2) * size : (split + 2) * size]
    # Where two slopes meet, the stamps are farthest from a straight line.
    bend = part[np.argmax(np.abs(part - np.linspace(part[0], part[-1], len(part))))]
    raise FileError(
        "stream",
        name,
        f"its real rate changes after about {bend - times[0]:.0f} s from {before:.4g} Hz "
        f"to {after:.4g} Hz, and filters are made for one rate; use a recording of one rate, or "
        "save the part before or after the change as one of its own",
    )


def middle(values: np.ndarray) -> np.ndarray:
    """Return the running median of `NEAR_BLOCKS` values: gaps and what is held up drop out.

    Examples
    --------
    >>> middle(np.array([1.0, 1.0, 9.0, 1.0, 1.0])).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    padded = np.pad(values, NEAR_BLOCKS // 2, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, NEAR_BLOCKS), axis=1)


def _split(values: np.ndarray) -> int:
    """Return where values (n,) are cut into two parts that are most alike within themselves."""
    n = np.arange(FEWEST_BLOCKS, len(values) - FEWEST_BLOCKS + 1)
    sums = np.cumsum(values)[n - 1]
    # The sum of squares within is smallest where that between is largest.
    between = (sums / n - (values.sum() - sums) / (len(values) - n)) ** 2 * n * (len(values) - n)
    return int(n[np.argmax(between)])


def _run(true: np.ndarray) -> int:
    """Return how many of the first values are true."""
    return len(true) if true.all() else int(np.argmin(true))


def _lost(times: np.ndarray, row: int, n: int, change: float) -> bool:
    """Return whether samples only lack on one side of `row`: the others come as on the other."""
    before, _ = rough_rate(times[max(0, row - n) : row], 0.0)
    after, _ = rough_rate(times[row : row + n], 0.0)
    return abs(np.log(before / after)) < abs(np.log(change)) / 2
