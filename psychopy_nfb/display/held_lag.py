"""A lag that was chosen, as a block has it: is it possible, which record has it, was it held.

Each frame shows an earlier record than the newest, the one whose age at the flip is nearest to what
is wanted. Where the background process or the stream stood still there may be none near: the
nearest is shown all the same, and the frame counts as one without the wanted lag.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from psychopy_nfb.engine.memory import Ring
from psychopy_nfb.engine.records import DELAY, NUMBER, T_RECEIVED, T_SAMPLE, available
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.chosen_lag import Lag

USUAL_FRAME = 1 / 60
"""Seconds that a frame counts for where the display's frame period is not known."""
LOOKED_AT = 512
"""Records that tell how old the newest sample gets here: a second's, or half of one."""
USUAL_SHARE = 90
"""Percentile of these ages that counts: a machine that stood still once says nothing."""


class HeldLag:
    """The chosen lag of an open block, and how many of its frames had it.

    Parameters
    ----------
    lag : Lag
        What is wanted.
    begun : float
        LSL time at which the block began, in seconds.
    within : float or None
        Seconds by which a frame's lag may differ: a frame. None where its length is not known.

    Attributes
    ----------
    wanted : float
        The lag that the frame read last shall have, in seconds.
    """

    def __init__(self, lag: Lag, begun: float, within: float | None):
        self.lag = lag
        self.wanted: float = math.nan
        self._begun = begun
        self._within = within or USUAL_FRAME
        self._frames = self._off = 0
        self._farthest = 0.0

    def record(
        self, ring: Ring, newest: tuple[Any, ...], t_read: float, t_flip: float, smoothing: float
    ) -> tuple[Any, ...]:
        """Return the record to show at the flip expected at `t_flip`; see `nearest_record`."""
        self.wanted = self.lag.wanted(t_read - self._begun)
        return nearest_record(ring, newest, t_flip, self.wanted, smoothing)

    def flipped(self, lag: float) -> None:
        """Count a frame that was flipped with this lag, in seconds."""
        off = abs(lag - self.wanted)
        self._frames += 1
        if off > self._within:
            self._off += 1
        if off > self._farthest:
            self._farthest = off

    @property
    def not_held(self) -> int:
        """How many frames so far were more than a frame from the wanted lag."""
        return self._off

    def facts(self) -> dict[str, Any]:
        """Return what the block's event keeps of it: what was chosen, and how it was held so far.

        ``not_held`` of the ``frames`` were more than ``within`` seconds from the wanted lag; none
        was further from it than ``farthest``.
        """
        if not self._frames:
            return self.lag.facts()
        return {
            **self.lag.facts(),
            "frames": self._frames,
            "not_held": self._off,
            "within": round(self._within, 6),
            "farthest": round(self._farthest, 6),
        }

    def told(self, label: str) -> str:
        """Return in a sentence how many frames of the block `label` did not have the lag."""
        return (
            f"In the block {label!r} {self._off} of {self._frames} frames were more than a frame "
            f"({1e3 * self._within:.1f} ms) from the wanted lag, {1e3 * self._farthest:.0f} ms at "
            "most; the column wanted_lag of the frame log tells which."
        )


def nearest_record(
    ring: Ring, newest: tuple[Any, ...], t_flip: float, lag: float, smoothing: float
) -> tuple[Any, ...]:
    """Return the record whose effective age at a flip is nearest to `lag`.

    Halves the ring a dozen times, which takes some tens of microseconds.

    Parameters
    ----------
    ring : Ring
        Of feedback records.
    newest : tuple
        The newest record.
    t_flip : float
        When the flip is expected, LSL time.
    lag : float
        What is wanted, in seconds.
    smoothing : float
        Delay of the display's smoothing, in seconds.
    """
    wanted = t_flip - lag
    if _shows(newest, smoothing) <= wanted:
        return newest
    before, after = None, newest  # what is wanted is between these two
    low, high = max(1, newest[NUMBER] - ring.slots + 2), newest[NUMBER]
    while low < high:
        middle = (low + high) // 2
        record = ring.read(middle)
        if record is None:  # overwritten just now
            low = middle + 1
        elif _shows(record, smoothing) <= wanted:
            before, low = record, middle + 1
        else:
            after, high = record, middle
    if before is None:
        return after
    late, early = wanted - _shows(before, smoothing), _shows(after, smoothing) - wanted
    return before if late <= early else after


def check_possible(
    lag: Lag, ring: Ring, delay: float, chunk: float, smoothing: float, frame: float | None
) -> None:
    """Refuse a lag that this stream, these filters and this display cannot have.

    Parameters
    ----------
    lag : Lag
        What is wanted.
    ring : Ring
        Of feedback records: the last ones tell how old the newest sample gets.
    delay : float
        Of the filters, in seconds, before there is a record that has it.
    chunk : float
        Seconds from one chunk of the stream to the next, before there are records.
    smoothing : float
        Delay of the display's smoothing, in seconds.
    frame : float or None
        Seconds that a frame lasts, None where it is not known; 0 before there is a window.

    Raises
    ------
    SettingsError
        If it is less than there must be, or more than records are kept for; the sentence says how
        much is possible.
    """
    records = list(ring.since(max(0, ring.newest_seq - LOOKED_AT)))
    if records:
        delay = records[-1][DELAY]
    age = _usual_age(records, chunk)
    frame = USUAL_FRAME if frame is None else frame
    needed = delay + smoothing + age + frame
    if lag.least < needed:
        raise SettingsError(
            "lag",
            lag.least,
            f"is less than the {needed:.3f} s that it takes here: filters {delay:.3f} s, smoothing "
            f"of the display {smoothing:.3f} s, stream and background process {age:.3f} s, a frame "
            f"{frame:.3f} s; choose at least {math.ceil(1e3 * needed) / 1e3:g} s",
        )
    rate = _records_a_second(records)
    kept = (ring.slots - 2) / rate + delay + smoothing if rate else math.inf
    if lag.most > kept:
        raise SettingsError(
            "lag",
            lag.most,
            f"is more than the {kept:.3f} s for which feedback is kept here, at {rate:.0f} values "
            f"a second; choose at most {math.floor(1e3 * kept) / 1e3:g} s, or let the amplifier's "
            "program send larger chunks",
        )


def _usual_age(records: list[tuple[Any, ...]], chunk: float) -> float:
    """Return how old the newest sample usually gets, in seconds, until the next one is there."""
    received = np.array([record[T_RECEIVED] for record in records])
    ends = np.flatnonzero(np.diff(received))  # the last record of what came at once
    # A chunk that comes at once is published as several records; its last is the newest sample.
    ages = [
        available(records[following]) - records[end][T_SAMPLE]
        for end, following in zip(ends[:-1], ends[1:], strict=True)
    ]
    return float(np.percentile(ages, USUAL_SHARE)) if ages else chunk


def _records_a_second(records: list[tuple[Any, ...]]) -> float:
    """Return how many records a second there are; 0 where that is not known."""
    if len(records) < 2:
        return 0.0
    seconds = records[-1][T_SAMPLE] - records[0][T_SAMPLE]
    return (len(records) - 1) / seconds if seconds > 0 else 0.0


def _shows(record: tuple[Any, ...], smoothing: float) -> float:
    """Return the time of the brain signal that a record shows."""
    return record[T_SAMPLE] - record[DELAY] - smoothing
