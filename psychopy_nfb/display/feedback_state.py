"""The newest feedback record as the participant's frame sees it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from psychopy_nfb.checks import check_number
from psychopy_nfb.display.newest_record import NewestRecord
from psychopy_nfb.display.signal_view import ShownView, SignalView, SignalViews
from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.engine.records import FLAGS, NUMBER, T_RECEIVED, T_SAMPLE, feedback_layout
from psychopy_nfb.lsl.stamps_heard import silence_seconds
from psychopy_nfb.protocol import QUALITY_SECONDS, SHOWN, value_name


class FeedbackState:
    """What the record that was read last says, by the names of the field.

    Parameters
    ----------
    configuration : Configuration
        The training's settings.
    change : callable
        Called as ``change(changes, signal)`` when settings of one signal shall change.
    stale_after : float, optional
        Seconds without new samples after which `stale` is true. Default 0.1 s, or one and a half
        of the stream's chunks if they are long.

    Attributes
    ----------
    signals : dict of str: SignalView
        What the record says of each signal. The first is the one that `value`, `signal`, `z` and
        `threshold` mean. Where a block shows something else in its place, all of them, `reward`,
        `score`, `hits` and `rewards` are of what is shown.
    """

    def __init__(
        self,
        configuration: Configuration,
        change: Callable[[dict[str, Any], str], None],
        stale_after: float | None = None,
    ):
        self._stale_chosen = stale_after is not None
        if stale_after is not None:
            check_number("stale_after", stale_after, above=0, unit="s")
        self.stale_after: float = silence_seconds(0.0) if stale_after is None else stale_after
        layout = feedback_layout(configuration.value_names)
        given = {what: what for what in ("reward", "score", "hits", "rewards")}
        if configuration.shown:
            given = {what: value_name(SHOWN, what) for what in given}
        self._reward, self._score = layout.place(given["reward"]), layout.place(given["score"])
        self._hits, self._rewards = layout.place(given["hits"]), layout.place(given["rewards"])
        self._quality = layout.place("quality")
        self._newest = NewestRecord()
        self.chunk_seconds: float = 0.0
        """From one chunk of the stream to the next."""
        self._rewards_before = 0.0
        self._latest = 0  # number of the latest record that was shown
        self._rewarded = False
        self._ended = False
        first = configuration.first
        self._by_time = configuration.reward.mode == "time"
        self.signals: SignalViews = SignalViews(
            (name, view(self._newest, name, settings, layout, change))
            for name, settings in configuration.signals.items()
            for view in [ShownView if configuration.shown and name == first else SignalView]
        )
        self._first = next(iter(self.signals.values()))

    def know_chunks(self, seconds: float) -> None:
        """Judge silence by the time from one chunk of the stream to the next."""
        self.chunk_seconds = seconds
        if not self._stale_chosen:
            self.stale_after = silence_seconds(seconds)

    def compare(self, configuration: Configuration) -> None:
        """Show thresholds as they lie with these settings and baselines."""
        for name, settings in configuration.signals.items():
            self.signals[name]._compare(settings)

    def take(
        self, record: tuple[Any, ...] | None, t_read: float, t_received: float | None = None
    ) -> None:
        """Use `record`, read at LSL time `t_read`, from now on. Runs once a frame.

        Where an earlier record than the newest is shown, the newest samples came at `t_received`.
        """
        newest = self._newest
        newest.record = record
        newest.t_read = t_read
        if record is None:
            return
        newest.t_received = record[T_RECEIVED] if t_received is None else t_received
        self._rewarded = False
        if record[NUMBER] >= self._latest:  # rewards of a record before it have been shown
            self._latest = record[NUMBER]
            rewards = record[self._rewards]
            # A record that is shown again, as no newer one came, brings no second hit.
            self._rewarded = rewards > self._rewards_before or (
                self._by_time and record[self._reward] > 0
            )
            self._rewards_before = rewards

    def let_go(self) -> None:
        """Give no reward any more: nothing new will be read."""
        self._rewarded = False
        self._ended = True

    @property
    def record(self) -> tuple[Any, ...] | None:
        """What was read last; None before the first."""
        return self._newest.record

    @property
    def silence(self) -> float:
        """Seconds since the newest sample came; infinite before the first."""
        newest = self._newest
        return newest.t_read - newest.t_received

    def _get(self, place: int, otherwise: float) -> Any:
        return otherwise if self._newest.record is None else self._newest.record[place]

    @property
    def first(self) -> SignalView:
        """The first signal."""
        return self._first

    @property
    def showing(self) -> bool:
        """Whether feedback is given now."""
        return self._newest.showing

    @showing.setter
    def showing(self, showing: bool) -> None:
        self._newest.showing = showing

    @property
    def reward(self) -> bool:
        """Whether a reward came with the record that was taken last."""
        return self._rewarded and self._newest.showing

    @property
    def score(self) -> float:
        """Points so far."""
        return self._get(self._score, 0.0)

    @property
    def hits(self) -> int:
        """Hits so far."""
        return int(self._get(self._hits, 0))

    @property
    def rewards(self) -> int:
        """Hits so far that were rewarded."""
        return int(self._get(self._rewards, 0))

    @property
    def quality(self) -> float:
        """Share of clean samples in the last second, 0 to 1; 0 when none came in it."""
        return 0.0 if self.silence > QUALITY_SECONDS else self._newest.record[self._quality]

    @property
    def flags(self) -> int:
        """The record's `psychopy_nfb.dsp.Flags`; NO_DATA before the first."""
        return self._get(FLAGS, int(Flags.NO_DATA))

    @property
    def stale(self) -> bool:
        """Whether no sample has come for `stale_after` seconds, or none will come any more."""
        return self._ended or self.silence > self.stale_after

    @property
    def age(self) -> float:
        """Seconds from the sample to the read; NaN before the first."""
        return self._newest.t_read - self._get(T_SAMPLE, math.nan)
