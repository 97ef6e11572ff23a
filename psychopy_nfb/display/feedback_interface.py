"""What a script reads of the feedback: values, reward, score, and how good the signal is."""

from __future__ import annotations

from psychopy_nfb.display.feedback_state import FeedbackState
from psychopy_nfb.display.run_state import RunState
from psychopy_nfb.display.signal_view import SignalViews


class FeedbackInterface(RunState):
    """The newest feedback under the names that scripts read."""

    _state: FeedbackState

    @property
    def signals(self) -> SignalViews:
        """What the record says of each signal, by name.

        The first is the one that `value`, `signal`, `z` and `threshold` mean. Where a block shows
        something else in its place, all of them, `reward`, `score`, `hits` and `rewards` are of
        what is shown.
        """
        return self._state.signals

    @property
    def stale_after(self) -> float:
        """Seconds without new samples after which `stale` is true."""
        return self._state.stale_after

    @property
    def value(self) -> float:
        """What displays show of the first signal: 0 to 1.

        0 in blocks without feedback, before the first value, and when no sample has come for
        `Signal.display_hold`.
        """
        return self._state.first.value

    @property
    def signal(self) -> float:
        """Output of the first signal's pipeline, e.g. an envelope in microvolts; NaN at first."""
        return self._state.first.signal

    @property
    def z(self) -> float:
        """The first signal against its baseline; NaN before the first value."""
        return self._state.first.z

    @property
    def threshold(self) -> float:
        """The first signal's threshold, in the units of `z`.

        See `display_threshold` for the units of displays.
        """
        return self._state.first.threshold

    @property
    def display_threshold(self) -> float | None:
        """The first signal's threshold as displays show it, 0 to 1; None while it is not known."""
        return self._state.first.display_threshold

    @property
    def beyond(self) -> bool:
        """Whether the first signal is beyond its threshold; false while there is no baseline."""
        return self._state.first.beyond

    @property
    def showing(self) -> bool:
        """Whether feedback is given now; false in blocks without it."""
        return self._state.showing

    @property
    def reward(self) -> bool:
        """Whether a reward came since the last update (or the time beyond thresholds counts now).

        Each hit brings one, unless the schedule of `Reward` says otherwise.
        """
        return self._state.reward

    @property
    def score(self) -> float:
        """Points so far."""
        return self._state.score

    @property
    def hits(self) -> int:
        """Hits so far."""
        return self._state.hits

    @property
    def rewards(self) -> int:
        """Hits so far that were rewarded."""
        return self._state.rewards

    @property
    def quality(self) -> float:
        """Share of clean samples in the last second, 0 to 1; 0 when none came in it."""
        return self._state.quality

    @property
    def flags(self) -> int:
        """The record's `psychopy_nfb.dsp.Flags`; 0 is clean, NO_DATA before the first sample."""
        return self._state.flags

    @property
    def stale(self) -> bool:
        """Whether no new sample has reached the screen for `stale_after` seconds.

        True as well when the amplifier is silent as when the worker is dead, stopped or starved.
        """
        return self._state.stale

    @property
    def age(self) -> float:
        """Seconds between the sample that is shown and this frame's read; NaN before the first."""
        return self._state.age
