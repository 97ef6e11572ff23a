"""What the feedback stimuli have in common: a value, a threshold, a second signal that warns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from psychopy_nfb.checks import check_number
from psychopy_nfb.display.auto_draw import AutoDraw

if TYPE_CHECKING:
    from psychopy.visual import Window

# Okabe and Ito's palette, which colour-blind people can tell apart too
# (https://jfly.uni-koeln.de/color/), before a quiet grey.
BLUE = "#56B4E9"
GREEN = "#1DB88A"
VERMILION = "#E8743B"
PANEL = "#23282E"
QUIET = "#8A949E"
LINE = "#D5DBE1"


class FeedbackStimulus(AutoDraw):
    """A stimulus that follows a value from 0 to 1.

    Set `value` (and whatever else changed), then call `draw`, once a frame. Setting what is set
    already, or what falls on the same pixel, is free. Position, size and colours are fixed when it
    is made.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    threshold : float, optional
        Value from which on the state is ``"reward"``; None is never.
    inhibit_threshold : float, optional
        Level of the second signal, `inhibit`, from which on the state is ``"warning"``; None is
        never.
    """

    def __init__(
        self,
        win: Window,
        threshold: float | None = None,
        inhibit_threshold: float | None = None,
    ):
        self.win = win
        self._value = math.nan
        self._threshold = _check_level("threshold", threshold)
        self.inhibit_threshold = inhibit_threshold
        self.inhibit: float | None = None
        self.warning = False
        """Set it to warn whatever `inhibit` says."""

    @property
    def value(self) -> float:
        """The value shown, 0 to 1; what lies beyond is shown as 0 or 1.

        None or NaN is no feedback: the stimulus rests in a neutral state, as it does before the
        first value.
        """
        return self._value

    @value.setter
    def value(self, value: float | None) -> None:
        value = math.nan if value is None else float(value)
        if value == value:
            value = 0.0 if value < 0.0 else 1.0 if value > 1.0 else value
        if value != self._value:
            self._value = value
            self._value_changed()

    @property
    def threshold(self) -> float | None:
        """Value from which on the state is ``"reward"``, 0 to 1; None is never."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold: float | None) -> None:
        if threshold != self._threshold:
            self._threshold = _check_level("threshold", threshold)
            self._threshold_changed()

    @property
    def state(self) -> str:
        """Return ``"warning"``, ``"reward"`` or ``"normal"``.

        It warns while `warning` is set, or the second signal, `inhibit` (muscle activity, say), is
        at or above `inhibit_threshold`, and then nothing else counts.
        """
        limit = self.inhibit_threshold
        if self.warning:
            return "warning"
        if limit is not None and self.inhibit is not None and self.inhibit >= limit:
            return "warning"
        if self._threshold is not None and self._value >= self._threshold:
            return "reward"
        return "normal"

    def _value_changed(self) -> None:
        """Move what depends on the value."""

    def _threshold_changed(self) -> None:
        """Move what depends on the threshold."""


def _check_level(name: str, level: float | None) -> float | None:
    return None if level is None else check_number(name, level, at_least=0, at_most=1)
