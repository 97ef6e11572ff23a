"""The newest feedback record as the participant's frame sees it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from psychopy_nfb.checks import check_number
from psychopy_nfb.display.run_state import RunState
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.lsl.stamps_heard import silence_seconds
from psychopy_nfb.protocol import FURTHER_NAMES, QUALITY_SECONDS, VALUE_NAMES, Comparison, Protocol

# Places in a feedback record: number, the stamps, delay, sample, flags, then the values.
_T_SAMPLE, _T_RECEIVED, _FLAGS, _VALUES = 1, 2, 6, 7
_VALUE, _SIGNAL, _Z, _THRESHOLD, _REWARD, _SCORE, _HITS, _QUALITY = range(
    _VALUES, _VALUES + len(VALUE_NAMES)
)


class NewestFeedback(RunState):
    """What the record that was read last says, by the names of the field.

    Parameters
    ----------
    stale_after : float, optional
        Seconds without new samples after which `stale` is true. Default 0.1 s, or one and a half
        of the stream's chunks if they are long.
    further : sequence of str
        The further signals' names.

    Attributes
    ----------
    further : dict of str: NewestFurther
        What the record says of the further signals.
    """

    def __init__(self, stale_after: float | None = None, further: Sequence[str] = ()):
        self._stale_chosen = stale_after is not None
        if stale_after is not None:
            check_number("stale_after", stale_after, above=0, unit="s")
        self.stale_after = silence_seconds(0.0) if stale_after is None else stale_after
        self.further = {name: NewestFurther(self, number) for number, name in enumerate(further)}
        self._comparison = Comparison(Protocol())
        self._hold = math.inf
        self._record: tuple | None = None
        self._t_read = 0.0
        self._hits_before = 0.0
        self._rewarded = False
        self._showing = True

    def _know_chunks(self, seconds: float) -> None:
        """Judge silence by the time from one chunk of the stream to the next."""
        if not self._stale_chosen:
            self.stale_after = silence_seconds(seconds)

    def _compare(self, configuration: Configuration) -> None:
        """Show thresholds as they lie with these settings and baselines."""
        self._comparison = Comparison(configuration.protocol, configuration.baseline)
        hold = configuration.protocol.display_hold
        self._hold = math.inf if hold is None else hold
        for name, settings in configuration.further.items():
            self.further[name].comparison = Comparison(settings.protocol, settings.baseline)

    def _take(self, record: tuple | None, t_read: float) -> None:
        """Use `record`, read at LSL time `t_read`, from now on. Runs once a frame."""
        self._record = record
        self._t_read = t_read
        if record is not None:
            hits = record[_HITS]
            self._rewarded = hits > self._hits_before or (
                hits == self._hits_before and record[_REWARD] > 0
            )
            self._hits_before = hits

    def _get(self, place: int, otherwise: float) -> Any:
        return otherwise if self._record is None else self._record[place]

    @property
    def value(self) -> float:
        """What displays show: 0 to 1.

        0 in blocks without feedback, before the first value, and when no sample has come for
        `Protocol.display_hold`.
        """
        return self._record[_VALUE] if self._shows_value() else 0.0

    def _shows_value(self) -> bool:
        record = self._record
        return (
            record is not None
            and self._showing
            and self._t_read - record[_T_RECEIVED] <= self._hold
        )

    @property
    def signal(self) -> float:
        """The pipeline's output, e.g. an envelope in microvolts; NaN before the first."""
        return self._get(_SIGNAL, math.nan)

    @property
    def z(self) -> float:
        """The signal against the baseline; NaN before the first value."""
        return self._get(_Z, math.nan)

    @property
    def threshold(self) -> float:
        """The threshold, in the units of `z`; see `threshold_shown` for the units of displays."""
        return self._get(_THRESHOLD, math.nan)

    @property
    def threshold_shown(self) -> float | None:
        """The threshold as displays show it, 0 to 1; None while it is not known."""
        threshold = self.threshold
        return self._comparison.shown(threshold) if math.isfinite(threshold) else None

    @property
    def reward(self) -> bool:
        """Whether a hit came since the last update (or the time above threshold counts now)."""
        return self._rewarded and self._showing

    @property
    def score(self) -> float:
        """Points so far."""
        return self._get(_SCORE, 0.0)

    @property
    def hits(self) -> int:
        """Hits so far."""
        return int(self._get(_HITS, 0))

    @property
    def quality(self) -> float:
        """Share of clean samples in the last second, 0 to 1; 0 when none came in it."""
        if self._record is None or self._t_read - self._record[_T_RECEIVED] > QUALITY_SECONDS:
            return 0.0
        return self._record[_QUALITY]

    @property
    def flags(self) -> int:
        """The record's `psychopy_nfb.dsp.Flags`; 0 is clean."""
        return self._get(_FLAGS, 0)

    @property
    def stale(self) -> bool:
        """Whether no new sample has reached the screen for `stale_after` seconds.

        True as well when the amplifier is silent as when the worker is dead, stopped or starved.
        """
        return self._record is None or self._t_read - self._record[_T_RECEIVED] > self.stale_after

    @property
    def age(self) -> float:
        """Seconds between the newest sample and this frame's read; NaN before the first value."""
        return self._t_read - self._get(_T_SAMPLE, math.nan)


class NewestFurther(RunState):
    """What the newest record says of a further signal.

    Parameters
    ----------
    newest : NewestFeedback
        Holds the record.
    number : int
        Which of the further signals it is, from 0.

    Attributes
    ----------
    comparison : Comparison
        Its settings against its baseline.
    """

    def __init__(self, newest: NewestFeedback, number: int):
        self._newest = newest
        self._place = _VALUES + len(VALUE_NAMES) + number * len(FURTHER_NAMES)
        self.comparison = Comparison(Protocol())

    def _get(self, name: str) -> float:
        return self._newest._get(self._place + FURTHER_NAMES.index(name), math.nan)

    @property
    def value(self) -> float:
        """What displays show, 0 to 1; 0 where the trained signal's is."""
        value = self._get("value") if self._newest._shows_value() else 0.0
        return 0.0 if math.isnan(value) else value

    @property
    def signal(self) -> float:
        """The pipeline's output; NaN before the first."""
        return self._get("signal")

    @property
    def z(self) -> float:
        """The signal against the baseline; NaN before the first value."""
        return self._get("z")

    @property
    def threshold(self) -> float:
        """The threshold, in the units of `z`; NaN before the first value."""
        return self._get("threshold")

    @property
    def threshold_shown(self) -> float | None:
        """The threshold as displays show it, 0 to 1; None while it is not known."""
        threshold = self.threshold
        return self.comparison.shown(threshold) if math.isfinite(threshold) else None

    @property
    def beyond(self) -> bool:
        """Whether z is at or beyond the threshold; false before the first value."""
        if self.comparison.up:
            return self.z >= self.threshold
        return self.z <= self.threshold
