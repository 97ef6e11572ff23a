"""Stamps of an XDF file on the recording computer's clock, whatever single clock offsets say.

A clock offset is what must be added to a stream's stamps; LabRecorder measures one every 5 s and
writes when it did so on the stream's clock. One that was measured over a network which stood still
is wrong by half of the time that it took, so that none may move the others.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from psychopy_nfb.recording.eeg_files.stamps import trusted
from psychopy_nfb.recording.eeg_files.xdf_streams import name_of, rate_of

LEAST_JUMP, RESTART_SECONDS = 0.1, 1.0
"""Offsets that differ by more from their predecessors are wrong, or a clock was set.

The first holds where offsets are steady, the second, from which on a computer may have been started
anew, where they scatter.
"""
FASTEST_DRIFT = 1e-3
"""Seconds per second by which two clocks may drift apart between offsets."""
NEAR_SECONDS = 60.0
"""Stamps and offsets that jump no further from each other than this do so for one reason."""
OUTLIER_SECONDS = 0.05
"""Distance from the line through the others from which on an offset is left out."""
OUTLIER_DEVIATIONS = 10.0
"""The same, and that of a jump, in standard deviations: offsets that scatter are all used."""
NORMAL = 1.4826
"""Standard deviation of a normal distribution in median distances from its middle."""
NOISE_SECONDS = 1e-4
"""Usual error of an offset in a local network; larger ones count linearly, not squared."""
MOST_FOR_ROUGH_LINE = 1000
"""The rough line is found in the slopes between all pairs: of more offsets it takes a part."""
SET_OFFSETS = 3
"""So many offsets in turn are no outliers: a clock was set."""


def synchronize(stream: dict[str, Any], notes: list[str]) -> None:
    """Bring the stamps of a stream, in place, onto the recording computer's clock.

    Parameters
    ----------
    stream : dict
        As pyxdf returns it with ``synchronize_clocks=False``.
    notes : list of str
        Takes which clock offsets are left out.
    """
    stamps = stream["time_stamps"]
    times = np.array(stream["clock_times"], dtype=float)
    offsets = np.array(stream["clock_values"], dtype=float)
    n = len(times)
    if not n or not len(stamps):
        return
    numbers = np.isfinite(times) & np.isfinite(offsets)
    name = name_of(stream)
    if not numbers.all():
        notes.append(_count(n - int(numbers.sum()), n, name, "is no number", "are no numbers"))
    times, offsets = times[numbers], offsets[numbers]
    if not len(times):
        return
    steps = np.abs(np.diff(offsets))
    usual = OUTLIER_DEVIATIONS * NORMAL * np.median(steps) if len(steps) else 0.0
    limit = float(np.clip(usual, LEAST_JUMP, RESTART_SECONDS))
    jumps = np.flatnonzero(steps > limit + FASTEST_DRIFT * np.abs(np.diff(times))) + 1
    resets = _resets(stamps, times, offsets, jumps, limit, rate_of(stream) > 0)
    edges = [(0, 0), *resets, (len(times), len(stamps))]
    moved, apart = stamps.copy(), np.zeros(len(times))
    kept = np.ones(len(times), dtype=bool)
    for (first, row), (last, end) in pairwise(edges):
        part = slice(first, last)
        borders = jumps[(jumps > first) & (jumps < last)] - first
        line, kept[part] = _line(times[part], offsets[part], borders, limit)
        apart[part] = np.abs(offsets[part] - np.polyval(line, times[part]))
        moved[row:end] += np.polyval(line, stamps[row:end])
    if not kept.all():
        notes.append(_left_out(kept, float(apart[~kept].max()), n, name))
    if not (numbers[-1] and kept[-1]) and _n_announced(stream) == len(stamps) - 1:
        # An outlet that ends sends a sample and an offset of chance:
        # https://github.com/sccn/liblsl/issues/246
        moved, stream["time_series"] = moved[:-1], stream["time_series"][:-1]
    stream["time_stamps"] = moved


def _n_announced(stream: dict[str, Any]) -> int:
    """Return how many samples the summary of a stream counts; -1 if there is none."""
    summary = (stream.get("footer") or {}).get("info") or {}
    return int((summary.get("sample_count") or [-1])[0])


def _resets(
    stamps: np.ndarray,
    times: np.ndarray,
    offsets: np.ndarray,
    jumps: np.ndarray,
    limit: float,
    regular: bool,
) -> list[tuple[int, int]]:
    """Return (offset, row) from which on the stream's clock was another one, as after a restart.

    Then its stamps jump as well, by the opposite. In streams of single events pauses look alike:
    there it is when offsets were measured, on the same clock, that tells it.
    """
    found: list[tuple[int, int]] = []
    rows = trusted(stamps)
    steps = np.diff(stamps[rows])
    large = np.flatnonzero(np.abs(steps) > limit)  # few, so that many jumps take little time
    steps, last_rows, first_rows = steps[large], rows[large], rows[large + 1]
    for number in jumps.tolist():
        before, after = times[number - 1], times[number]
        change = offsets[number] - offsets[number - 1]
        least_row = found[-1][1] if found else 0
        if regular:
            opposite = np.sign(steps) == -np.sign(change)
            # A computer that starts anew takes its time; a clock that is set does not.
            longest = np.inf if abs(change) > RESTART_SECONDS else limit
            pause = steps + change
            fits = opposite & (pause > -limit) & (pause < longest) & (first_rows > least_row)
            # Both tell when it was, on the recording computer's clock: not before the last sample
            # and the last offset of the old clock, nor after the first ones of the new clock.
            last = np.maximum(stamps[last_rows], before) + offsets[number - 1]
            first = np.minimum(stamps[first_rows], after) + offsets[number]
            apart = np.maximum(last - first, 0.0)
            fits &= apart < NEAR_SECONDS
            if fits.any():
                unexplained = np.where(fits, apart + np.abs(pause), np.inf)
                found.append((number, int(first_rows[np.argmin(unexplained)])))
        elif _stays(offsets, jumps, number, limit) and abs(after - before + change) < abs(
            after - before
        ):
            later = np.abs(stamps[least_row:] - after) <= np.abs(stamps[least_row:] - before)
            row = int(np.argmax(later)) if later.any() else len(later)
            found.append((number, least_row + row))
    return found


def _stays(offsets: np.ndarray, jumps: np.ndarray, number: int, limit: float) -> bool:
    """Return whether offsets that jump neither return afterwards nor return here."""
    ends = [0, *jumps.tolist(), len(offsets)]
    at = ends.index(number)
    returns = ends[at + 1] < len(offsets) and (
        abs(offsets[ends[at + 1]] - offsets[number - 1]) < limit
    )
    returned = at > 1 and abs(offsets[number] - offsets[ends[at - 1] - 1]) < limit
    return not (returns or returned)


def _line(
    times: np.ndarray, offsets: np.ndarray, jumps: np.ndarray, limit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and height of the line through most offsets, and which of them it follows."""
    from scipy.optimize import least_squares  # here: it takes a second to import
    from scipy.stats import siegelslopes

    group = _largest_group(times, offsets, jumps, limit)
    x, y = times[group], offsets[group]
    if not np.ptp(x):
        return np.array([0.0, np.median(y)]), group
    middle = x.mean()
    some = slice(None, None, -(-len(x) // MOST_FOR_ROUGH_LINE))
    slope, height = siegelslopes(y[some], x[some] - middle)
    apart = np.abs(offsets - height - slope * (times - middle))
    deviation = NORMAL * float(np.median(apart[group]))
    kept = group & (apart <= max(OUTLIER_SECONDS, OUTLIER_DEVIATIONS * deviation))
    x, y = times[kept] - middle, offsets[kept]
    span = max(float(np.abs(x).max()), 1.0)

    def errors(line: np.ndarray) -> np.ndarray:
        return line[0] * x / span + line[1] - y

    start = [slope * span, height]
    slope, height = least_squares(
        errors, start, loss="huber", f_scale=NOISE_SECONDS, x_scale=NOISE_SECONDS
    ).x
    return np.array([slope / span, height - slope / span * middle]), kept


def _largest_group(
    times: np.ndarray, offsets: np.ndarray, jumps: np.ndarray, limit: float
) -> np.ndarray:
    """Return which offsets belong to the largest group of those that follow one another."""
    groups: list[list[int]] = []
    for first, last in pairwise([0, *jumps.tolist(), len(times)]):
        for group in groups:
            drift = FASTEST_DRIFT * abs(times[first] - times[group[-1]])
            if abs(offsets[first] - offsets[group[-1]]) <= limit + drift:
                group += range(first, last)
                break
        else:
            groups.append(list(range(first, last)))
    kept = np.zeros(len(times), dtype=bool)
    kept[max(groups, key=len)] = True
    return kept


def _left_out(kept: np.ndarray, seconds: float, n: int, name: str) -> str:
    """Return the sentence that tells which offsets are left out, and why."""
    edges = np.flatnonzero(np.diff(np.r_[True, kept, True].astype(int)))
    if np.max(edges[1::2] - edges[::2]) < SET_OFFSETS:
        less = f"{seconds:.3g} s from the others"
        several = f"differ by up to {less}"
        return _count(int((~kept).sum()), n, name, f"differs by {less}", several)
    return (
        f"The clock offsets of {name!r} jump by {seconds:.3g} s while its stamps do not, as if the "
        f"clock of the recording computer had been set: the {int(kept.sum())} of {n} that agree "
        "are used for the whole recording. Markers of another stream may be misplaced by as much; "
        "compare them with what is seen in the EEG before you use them."
    )


def _count(some: int, n: int, name: str, one: str, several: str) -> str:
    says = f"{one} and is" if some == 1 else f"{several} and are"
    return f"{some} of {n} clock offsets of {name!r} {says} left out."
