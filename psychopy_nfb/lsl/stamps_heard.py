"""What the first samples of a stream say of its clock, its chunks and its rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from psychopy_nfb.lsl.stamps_lost import lost_between
from psychopy_nfb.lsl.stamps_noise import noise_of
from psychopy_nfb.lsl.stamps_unit import seconds_per_unit

FOREIGN_SECONDS = 1.0
"""Stamps further than this from the arrival of their samples are on another clock than LSL's."""
WRONG_RATE = 0.01
"""Share by which a rate may differ from what is declared."""
TOGETHER_SECONDS = 0.003
"""Samples that arrive within this time of each other belong to one chunk."""
TOGETHER_SHARE = 0.3
"""The same as a share of the time between chunks, as LSL may hand long ones over in parts."""
LEAST_CHUNKS = 4
"""Arrivals that a rate is estimated from, at least."""
LEAST_GROWTH_SECONDS = 0.03
"""Growth of the delay of samples, from one half of the time to the other, that is no jitter."""
GAP_SECONDS = 0.1
SILENCE_SECONDS = 0.1
"""Without new samples for so long a stream of short chunks is silent: six frames at 60 Hz."""
SILENCE_CHUNKS = 1.5
"""The same for a stream of long chunks, as a share of their length."""
WHOLE_RATE = 0.003
"""Share by which an estimated rate may differ from a whole number that it is taken for."""


@dataclass(frozen=True)
class Heard:
    """What was understood of a stream from its first samples."""

    samples: int = 0
    """How many came; of a stream that was silent nothing else is known."""
    chunk: int = 1
    """Samples that come at once."""
    pace: float | None = None
    """Samples a second of real time; None if it cannot be told."""
    within: float = math.inf
    """Uncertainty of `pace`, as a share of it."""
    paces: tuple[float, float] = (math.nan, math.nan)
    """`pace` in the first and in the second half of the time."""
    unit: float = 1.0
    """Length in seconds of the unit that the stamps are in."""
    offset: float = 0.0
    """Seconds to add to the stamps to have LSL's clock; 0 where they are on it."""
    counted: bool = False
    """Whether the stamps do not tell when each sample was taken, so that samples are counted."""
    unchanging: bool = False
    """Whether all samples have the same stamp."""
    own: bool = True
    """Whether a chunk's last stamp tells when the chunk was ready."""
    noise: float = 0.0
    """Standard deviation in seconds of stamps that scatter around the times of their samples, early
    as often as late; 0 where they do not. Samples are then counted along their mean."""
    undecided: bool = False
    """Whether there were too few stamps to tell such noise from delays."""
    doubtful: bool = False
    """Whether samples come later and later, though not evenly: their stamps are made up, or this
    computer is too busy to take them. They are believed unless more time tells otherwise."""

    @property
    def steady(self) -> bool:
        """Whether both halves of the time had the same rate."""
        first, second = self.paces
        return abs(first / second - 1) <= WRONG_RATE + 3 * self.within

    def differs_from(self, declared: float) -> bool:
        """Return whether the rate is certainly not the `declared` one."""
        if self.pace is None:
            return False
        return abs(self.pace / declared - 1) > max(WRONG_RATE, self.within)

    def pace_beside(self, declared: float) -> float:
        """Return the pace, or the `declared` one where that is within the uncertainty."""
        if self.pace is None or abs(self.pace / declared - 1) <= self.within:
            return declared
        return self.pace

    @property
    def rate(self) -> float | None:
        """The pace, rounded to a whole number of samples a second if it is near to one."""
        if self.pace is None:
            return None
        whole = round(self.pace)
        return float(whole) if abs(self.pace / max(1, whole) - 1) < WHOLE_RATE else self.pace

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON; ``Heard(**content)`` is the same again."""
        return asdict(self)


def silence_seconds(chunk_seconds: float) -> float:
    """Return after which time without samples a stream is silent, from the length of its chunks.

    Examples
    --------
    >>> silence_seconds(0.02), silence_seconds(0.25)
    (0.1, 0.375)
    """
    return max(SILENCE_SECONDS, SILENCE_CHUNKS * chunk_seconds)


def is_foreign(late: float) -> bool:
    """Return whether stamps are on another clock: `late` is the narrowest arrival less its stamp.

    Samples may be on their way for a while, but do not arrive before they are taken.
    """
    return math.isfinite(late) and not -GAP_SECONDS <= late <= FOREIGN_SECONDS


def understand(arrivals: Sequence[tuple[np.ndarray, float]]) -> Heard:
    """Return what the first samples of a stream say of it.

    Parameters
    ----------
    arrivals : sequence of (stamps, received)
        Stamps of the samples that arrived together, (n,) as the stream sent them, and LSL's time
        then.

    Examples
    --------
    >>> arrivals = [(50 + np.arange(k, k + 5) / 100, 50 + (k + 4) / 100) for k in range(0, 100, 5)]
    >>> heard = understand(arrivals)
    >>> heard.chunk, heard.rate, heard.offset, heard.counted
    (5, 100.0, 0.0, False)
    """
    if not arrivals:
        return Heard()
    stamps = np.concatenate([part for part, _ in arrivals])
    received, ends, sizes = _chunks(arrivals)
    heard: dict[str, Any] = {"samples": len(stamps), "chunk": max(1, round(np.median(sizes)))}
    known = np.isfinite(stamps) & (stamps != 0)
    rough = 0.0  # samples a second
    if len(received) >= LEAST_CHUNKS and received[-1] > received[0]:
        rough = (ends[-1] - ends[0]) / (received[-1] - received[0])
    last = np.where(known[ends - 1], stamps[ends - 1], np.nan)
    heard["unit"] = unit = seconds_per_unit(last, ends, rough)
    stamps, last = stamps * unit, last * unit
    late = received - last
    heard["unchanging"] = bool(
        len(received) >= LEAST_CHUNKS and known.any() and not np.ptp(stamps[known])
    )
    if known.mean() > 0.5 and np.isfinite(late).any() and not heard["unchanging"]:
        narrowest = float(np.nanmin(late))
        heard["offset"] = narrowest if is_foreign(narrowest) else 0.0
    else:
        heard["own"], heard["counted"] = False, True
    if not rough:
        return Heard(**heard)
    counted = heard.get("counted", False)
    if not counted:
        counted = _uneven(stamps[known], rough)
        if not counted and _grows(late, received):
            counted = _evenly(_pace(ends, received, len(received)))
            heard["doubtful"], heard["own"] = not counted, not counted
        heard["own"] = heard.get("own", True) and not heard["offset"]
        if heard["own"] and not heard.get("doubtful"):
            rows = ends[np.isfinite(last)] - 1
            heard["noise"], heard["undecided"] = noise_of(
                rows, last[np.isfinite(last)], received[np.isfinite(last)]
            )
        heard["counted"] = counted = counted or bool(heard.get("noise"))
    if counted:
        times, numbers = (last if heard["own"] else received), ends
        times, numbers = times[np.isfinite(times)], numbers[np.isfinite(times)]
    else:
        numbers, times = _longest_whole(np.flatnonzero(known), stamps[known], rough)
        numbers = _with_lost(numbers, times, ends)
    return Heard(**heard, **_pace(numbers, times, len(received)))


def _chunks(
    arrivals: Sequence[tuple[np.ndarray, float]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return when each chunk had arrived, samples until then, and the chunks' sizes."""
    received = np.array([at for _, at in arrivals])
    ends = np.cumsum([len(part) for part, _ in arrivals])
    waits = np.diff(received)
    usual = np.percentile(waits, 90) if len(waits) else 0.0
    apart = np.append(waits > max(TOGETHER_SECONDS, TOGETHER_SHARE * usual), True)
    received, ends = received[apart], ends[apart]
    sizes = np.diff(ends, prepend=0)
    return received, ends, sizes[1:] if len(sizes) > 1 else sizes  # the first waited in a buffer


def _uneven(stamps: np.ndarray, rough: float) -> bool:
    """Return whether stamps do not advance from sample to sample: those of a chunk are the same."""
    steps = np.diff(stamps)
    return bool((steps < 0).any() or (steps < 0.25 / rough).mean() > 0.2)


def _grows(late: np.ndarray, received: np.ndarray) -> bool:
    """Return whether the stamps run away from real time: samples seem to come later and later."""
    middle = (received[0] + received[-1]) / 2
    first, second = late[received < middle], late[received >= middle]
    if not (np.isfinite(first).any() and np.isfinite(second).any()):
        return False
    growth = float(np.nanmin(second) - np.nanmin(first))
    half = (received[-1] - received[0]) / 2
    return abs(growth) > max(LEAST_GROWTH_SECONDS, WRONG_RATE * half)


def _evenly(pace: dict[str, Any]) -> bool:
    """Return whether arrivals tell a rate, the same from beginning to end."""
    found = Heard(**pace)
    return found.within <= WRONG_RATE and found.steady


def _longest_whole(
    numbers: np.ndarray, stamps: np.ndarray, rough: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers and stamps of the longest stretch in which no sample is missing."""
    edges = np.flatnonzero(np.diff(stamps) > GAP_SECONDS + 3 / rough) + 1
    parts = np.split(np.arange(len(stamps)), edges)
    longest = max(parts, key=len)
    return numbers[longest], stamps[longest]


def _with_lost(numbers: np.ndarray, stamps: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the numbers that samples would have if none were missing, a few at a time.

    Stamps that were made of a chunk's arrival and a wrong rate are farther apart between chunks:
    where that is so from most chunks to the next, nothing is missing.
    """
    lost = lost_between(stamps, numbers)
    n_chunks = int(((ends > numbers[0]) & (ends <= numbers[-1])).sum())
    if 2 * np.count_nonzero(lost) > n_chunks:
        return numbers
    return numbers + np.concatenate(([0], np.cumsum(lost)))


def _pace(numbers: np.ndarray, times: np.ndarray, n_chunks: int) -> dict[str, Any]:
    """Return pace, its uncertainty and the pace of both halves, from times of sample numbers."""
    if len(times) < LEAST_CHUNKS or times[-1] <= times[0]:
        return {}
    slope, start = np.polyfit(numbers - numbers[0], times - times[0], 1)
    if slope <= 0:
        return {}
    rest = times - times[0] - (start + slope * (numbers - numbers[0]))
    n = min(n_chunks, len(times))
    middle = len(times) // 2
    halves = [
        (numbers[part][-1] - numbers[part][0]) / max(1e-9, times[part][-1] - times[part][0])
        for part in (slice(None, middle + 1), slice(middle, None))
    ]
    first, second = (float(pace) for pace in halves)
    span = times[-1] - times[0]
    if abs(first / second - 1) > WRONG_RATE:  # a bend is no jitter
        bend = np.polyval(np.polyfit(numbers - numbers[0], rest, 2), numbers - numbers[0])
        rest = rest - bend
    return {
        "pace": float(1 / slope),
        "within": float(3 * np.ptp(rest) / span / math.sqrt(n)),
        "paces": (first, second),
    }
