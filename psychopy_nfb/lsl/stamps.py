"""The stamps of a stream on LSL's clock and in order, whatever its amplifier makes of them."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import numpy as np

from psychopy_nfb.lsl.stamps_counted import LEAST_STEP, SampleCounter
from psychopy_nfb.lsl.stamps_heard import (
    FOREIGN_SECONDS,
    GAP_SECONDS,
    Heard,
    is_foreign,
    understand,
)
from psychopy_nfb.lsl.stamps_mean import MeanCounter
from psychopy_nfb.lsl.stamps_unit import LEAST_STEPS, UNITS, seconds_per_unit
from psychopy_nfb.lsl.stamps_words import (
    COUNTED,
    JUMP,
    JUMP_BACK,
    JUMPS,
    MISSING,
    NOISY,
    UNCHANGING,
    UNIT,
    offset_told,
)

WINDOW_SECONDS = 5.0
"""Time in which the narrowest arrival is looked for: what does not come at once was on its way."""
LATE_START_SECONDS = 1.5
"""Of a stream that was silent when it was opened, how long its first samples are looked at."""
WAITED_SECONDS = 60.0
"""How long the first samples of a stream whose clock is known may have waited for this process."""
MOST_JUMPS, JUMPS_SECONDS = 10, 600.0
"""A clock that jumps more often within this time is not used any more: samples are counted."""
BACK_STEPS = 3
"""Blocks whose stamps are a little out of order that are put in order; with more, samples are
counted."""


class StampClock:
    """Moves the stamps of one stream onto LSL's clock, block by block.

    Stamps that are on it and in order are handed on as they are. Those of another clock are moved
    by an offset: the narrowest arrival of a sample, followed as the clocks drift. Where stamps do
    not tell when each sample was taken, samples are counted. Stamps in milliseconds, microseconds
    or nanoseconds are converted to seconds first. What is found is told once, in
    `events`.

    Parameters
    ----------
    pace : float
        Samples a second of real time.
    heard : Heard, optional
        What the first samples said; without it, it is found out from those that come.
    gap_seconds : float
        A delay beyond this counts as lost samples, where samples are counted.

    Attributes
    ----------
    breaks : tuple of int
        Rows of the last block before which the clock jumped or samples were lost that no stamp
        tells of.
    events : collections.deque of (str, dict)
        What was found: ``clock_offset``, ``clock_jump``, ``stamps_counted``, ``stamps_missing``,
        ``stamps_unit``.

    Examples
    --------
    >>> clock = StampClock(100.0)
    >>> clock.correct(1.7e9 + np.array([0.00, 0.01, 0.02, 0.03]), received=50.0).round(6).tolist()
    [49.97, 49.98, 49.99, 50.0]
    >>> clock.events[0][0]
    'clock_offset'
    """

    def __init__(self, pace: float, heard: Heard | None = None, gap_seconds: float = GAP_SECONDS):
        self.pace = pace
        self._gap_seconds = max(gap_seconds, 3 / pace)
        self.breaks: tuple[int, ...] = ()
        self.events: deque[tuple[str, dict[str, Any]]] = deque()
        self.offset: float = 0.0
        """Seconds added to the stream's stamps."""
        self._unit = 1.0  # length in seconds of the unit that they are sent in
        self._untold = False  # whether they are moved and `events` does not have it yet
        self._counter: SampleCounter | MeanCounter | None = None
        self._noise = 0.0  # of stamps that scatter to both sides
        self.moved: bool = False
        """Whether the stream's stamps are not handed on as they are."""
        self.n_missing: int = 0
        self.n_jumps: int = 0
        self._jumped_at: deque[float] = deque(maxlen=MOST_JUMPS)
        self._n_back = 0
        self._last = self._last_raw = -math.inf
        self._first_arrivals: list[tuple[np.ndarray, float]] | None = []
        self._chunk_seconds = 0.0
        self._begin_window(-math.inf)
        self._usual_late = 0.0
        self._received = -math.inf
        known = heard is not None and heard.samples > 0
        self._may_wait = WAITED_SECONDS if known else FOREIGN_SECONDS
        if heard is not None and heard.samples:
            self._adopt(heard)

    @property
    def counted(self) -> bool:
        """Whether samples are counted, as their stamps do not tell when they were taken."""
        return self._counter is not None

    @property
    def on_arrival(self) -> bool:
        """Whether times follow the arrival of samples, as the stamps do not tell them."""
        return self.moved or (self.counted and not self._noise)

    @property
    def chunk_seconds(self) -> float:
        """Time between two chunks of the stream; 0 while it is not known."""
        return self._chunk_seconds

    def correct(self, stamps: np.ndarray, received: float) -> np.ndarray:
        """Return the stamps of the next block on LSL's clock, each later than the one before.

        Parameters
        ----------
        stamps : ndarray, shape (n,)
            As the stream sent them; not changed.
        received : float
            LSL's time when the block had arrived.
        """
        self.breaks = ()
        if self._first_arrivals is not None:
            self._listen(stamps, received)
        if self._unit != 1:
            stamps = stamps * self._unit
        if received - self._received > FOREIGN_SECONDS:  # what waited meanwhile is late
            self._begin_window(received)
        self._received = received
        if self._counter is not None:
            out = self._count(stamps, received)
        elif not self.moved and self._right(stamps, received):
            self._last_raw = float(stamps[-1])
            out = stamps
            self._watch_offset(received - self._last_raw, received)
        else:
            out = self._mend(stamps, received)
        self._last = float(out[-1])
        return out

    def facts(self) -> dict[str, object]:
        """Return what was made of the stamps, for the session's settings file."""
        kind = (
            "averaged"
            if self._noise
            else "counted"
            if self.counted
            else "moved"
            if self.moved
            else "as sent"
        )
        return {
            "stamps": kind,
            "unit": UNITS.get(self._unit, "seconds"),
            "offset": self.offset,
            "chunk_seconds": round(self.chunk_seconds, 6),
            "noise": round(self._noise, 6),
            "n_missing": self.n_missing,
            "n_jumps": self.n_jumps,
        }

    def _adopt(self, heard: Heard) -> None:
        """Use what was heard, and tell what is odd in it."""
        self._first_arrivals = None
        self._chunk_seconds = heard.chunk / self.pace
        self._use_unit(heard.unit)
        told = bool(heard.offset) and (self._untold or not self.moved)
        if told:
            self._tell_offset(heard.offset)
        if heard.counted and not self.counted:
            if heard.noise:
                self._begin_to_follow_mean(heard.noise)
                return
            why = UNCHANGING if heard.unchanging else COUNTED
            self._begin_to_count(None if told else why, heard.own)

    def _listen(self, stamps: np.ndarray, received: float) -> None:
        """Learn the habits of a stream that was silent at first."""
        arrivals = self._first_arrivals
        arrivals.append((stamps.copy(), received))
        if self._unit == 1:  # stamps in another unit would be taken for jumps meanwhile
            so_far = np.concatenate([part for part, _ in arrivals])
            self._use_unit(seconds_per_unit(so_far, np.arange(len(so_far)), self.pace))
            late = received - float(stamps[-1]) * self._unit
            if self._unit != 1 and is_foreign(late):
                self._tell_offset(late)
            elif self._untold and self._n_heard > LEAST_STEPS:
                self._tell_offset(self.offset)
        if received - arrivals[0][1] > LATE_START_SECONDS:
            self._adopt(understand(arrivals))

    @property
    def _n_heard(self) -> float:
        """Samples that have come while the stream is listened to; many once it is known."""
        arrivals = self._first_arrivals
        return math.inf if arrivals is None else sum(len(part) for part, _ in arrivals)

    def _use_unit(self, unit: float) -> None:
        """Convert stamps from a `unit` of so many seconds from now on, and tell it."""
        if unit in (1, self._unit):
            return
        self._unit = unit
        # What was found in the wrong unit:
        self.offset, self.moved, self._untold, self._last_raw = 0.0, False, False, -math.inf
        sentence = UNIT.format(UNITS[unit], 1 / unit)
        self.events.append(("stamps_unit", {"unit": UNITS[unit], "sentence": sentence}))

    def _right(self, stamps: np.ndarray, received: float) -> bool:
        """Return whether stamps are in order and can be those of samples that came just now."""
        late = received - float(stamps[-1])
        return bool(
            float(stamps[0]) > self._last
            and (late >= -self._gap_seconds or self._steady_on(stamps, late))
            and (late <= self._may_wait or self._last > -math.inf)
            and (len(stamps) == 1 or (stamps[1:] > stamps[:-1]).all())
        )

    def _steady_on(self, stamps: np.ndarray, late: float) -> bool:
        """Return whether stamps of the future have no gap: their clock runs fast, and is watched.

        With a gap before them, it has jumped.
        """
        before = self._last_raw if self._last_raw > -math.inf else stamps[0]
        steps = np.diff(stamps, prepend=before)
        return bool(late >= -FOREIGN_SECONDS and steps.max() <= self._gap_seconds)

    def _begin_window(self, received: float) -> None:
        self._narrowest = math.inf
        self._window_ends = received + WINDOW_SECONDS
        if self._counter is not None:
            self._counter.begin_window(received)

    def _watch_offset(self, late: float, received: float) -> None:
        """Find out that the clocks have drifted apart by more than a delay can be."""
        if late < self._narrowest:
            self._narrowest = late
        if received > self._window_ends:
            if is_foreign(self._narrowest):
                self._tell_offset(self._narrowest)
            else:
                self._usual_late = self._narrowest
            self._begin_window(received)

    def _mend(self, stamps: np.ndarray, received: float) -> np.ndarray:
        """Return stamps that are not right as they are: of another clock, missing, or a jump."""
        raw = self._filled(stamps, received)
        before = self._last_raw if self._last_raw > -math.inf else raw[0] - 1 / self.pace
        steps = np.diff(raw, prepend=before)
        back, ahead, jump = int(steps.argmin()), int(steps.argmax()), None
        late = received - float(raw[-1]) - self.offset
        if steps[back] <= 0:
            if -steps[back] > max(self._gap_seconds, self._chunk_seconds):
                jump = back
            elif self._n_back < BACK_STEPS:
                self._n_back += 1
                out = raw + self.offset
            else:
                self._begin_to_count(COUNTED)
                return self._count(stamps, received)
        elif (
            steps[ahead] > self._gap_seconds
            and late < -self._gap_seconds
            and self._n_heard > LEAST_STEPS  # before, it may be their unit
        ):
            jump = ahead
        else:
            waited = 0 <= late <= self._may_wait
            if not self.moved and is_foreign(late) and self._last == -math.inf and not waited:
                if self._n_heard <= LEAST_STEPS:  # their unit is not known yet
                    self._move(late)
                    self._untold = True
                else:
                    self._tell_offset(late)
            out = raw + self.offset
            if self._n_heard <= LEAST_STEPS and (np.diff(raw) > self._gap_seconds).any():
                # Milliseconds, say: between samples that come together no second has passed.
                out = float(out[-1]) - np.arange(len(raw) - 1, -1, -1) / self.pace
            if self.moved:
                out = self._followed(out, received)
        if jump is not None:
            if self._jumps_again_and_again(received):
                return self._count(raw, received)
            out = self._jumped(raw, jump, float(steps[jump]), received)
        self._last_raw = float(raw[-1])
        return self._in_order(out)

    def _filled(self, stamps: np.ndarray, received: float) -> np.ndarray:
        """Return a copy in which samples without a stamp are counted from those beside them."""
        raw = np.array(stamps, float)
        missing = ~np.isfinite(raw) | (raw == 0)
        if not missing.any():
            return raw
        if not self.n_missing:
            self.events.append(("stamps_missing", {"sentence": MISSING}))
        self.n_missing += int(missing.sum())
        period = 1 / self.pace
        if missing.all() and self._last_raw == -math.inf:
            return received - self.offset - period * np.arange(len(raw))[::-1]
        for row in np.flatnonzero(missing):
            if row or self._last_raw > -math.inf:
                raw[row] = (raw[row - 1] if row else self._last_raw) + period
            else:
                known = int(np.flatnonzero(~missing)[0])
                raw[row] = raw[known] - period * known
        return raw

    def _jumps_again_and_again(self, received: float) -> bool:
        """Take one more jump; return whether there are so many that samples are counted."""
        self.n_jumps += 1
        first = self._jumped_at[0] if len(self._jumped_at) == MOST_JUMPS else -math.inf
        self._jumped_at.append(received)
        if received - first > JUMPS_SECONDS:
            return False
        self._begin_to_count(JUMPS.format(MOST_JUMPS + 1, received - first), own=False)
        return True

    def _jumped(self, raw: np.ndarray, row: int, step: float, received: float) -> np.ndarray:
        """Return stamps across a jump of the stream's clock.

        Samples go on without a gap, unless they arrive so late or early that it cannot be.
        """
        out = raw + self.offset
        seconds = step - 1 / self.pace
        late = received - float(raw[-1]) - self._usual_late
        if abs(late) <= self._gap_seconds and raw[row] > self._last:
            self.offset, self.moved = 0.0, False  # back on LSL's clock
            self._begin_window(received)
        else:
            before = float(out[row - 1]) if row else self._last
            self.offset, self.moved = before + 1 / self.pace - float(raw[row]), True
            late -= self.offset
            if not 0 <= late <= self._gap_seconds:
                self.offset += late
                self._begin_window(received)
        out[row:] = raw[row:] + self.offset
        self.breaks = (row,)
        detail: dict[str, Any] = {"seconds": seconds}
        if self.n_jumps == 1:
            detail["sentence"] = (JUMP if self.moved else JUMP_BACK).format(seconds)
        self.events.append(("clock_jump", detail))
        return out

    def _followed(self, out: np.ndarray, received: float) -> np.ndarray:
        """Return stamps moved on by what the clocks have drifted: nothing arrives before its time.

        A clock that runs fast is seen at once; one that runs slow after `WINDOW_SECONDS` in which
        nothing came without delay.
        """
        late = received - float(out[-1])
        if late < 0:
            self.offset += late
            self._narrowest = 0.0
            return out + late
        self._narrowest = min(self._narrowest, late)
        if received > self._window_ends:
            if self._narrowest < math.inf:
                self.offset += self._narrowest - self._usual_late
            self._begin_window(received)
        return out

    def _count(self, stamps: np.ndarray, received: float) -> np.ndarray:
        out, lost = self._counter.count(stamps, received, self._last)
        self.breaks = (0,) if lost else ()
        return out

    def _in_order(self, out: np.ndarray) -> np.ndarray:
        """Return stamps that go on after the last one, closer together if they have to."""
        if out[0] > self._last and (len(out) == 1 or (out[1:] > out[:-1]).all()):
            return out
        n = len(out)
        length = n / self.pace
        begin = self._last if self._last > -math.inf else float(out[-1]) - length
        end = max(float(out[-1]), begin + LEAST_STEP * length)
        return begin + (end - begin) / n * np.arange(1, n + 1)

    def _begin_to_count(self, sentence: str | None, own: bool = True) -> None:
        """Count samples from now on, and tell why unless it is told already."""
        self._counter = SampleCounter(self.pace, self._gap_seconds, self._chunk_seconds, own)
        if sentence is not None:
            self.events.append(("stamps_counted", {"sentence": sentence}))

    def _begin_to_follow_mean(self, noise: float) -> None:
        """Count samples along the mean of stamps that scatter by `noise` seconds, and tell it."""
        self._noise = noise
        self._counter = MeanCounter(self.pace, self._gap_seconds, self._chunk_seconds, noise)
        sentence = NOISY.format(1e3 * noise)
        self.events.append(("stamps_counted", {"noise": noise, "sentence": sentence}))

    def _move(self, offset: float) -> None:
        self.offset, self.moved = offset, True
        self._usual_late = 0.0
        self._begin_window(self._received)

    def _tell_offset(self, offset: float) -> None:
        self._move(offset)
        self._untold = False
        detail = {"seconds": -offset, "sentence": offset_told(offset)}
        self.events.append(("clock_offset", detail))
