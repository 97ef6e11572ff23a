"""What the feedback stimuli have in common: a value, a threshold, a second signal that warns."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from psychopy_nfb.checks import check_number
from psychopy_nfb.display.auto_draw import AutoDraw
from psychopy_nfb.display.window import check_window
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.families import failure, is_own, source

if TYPE_CHECKING:
    from psychopy.visual import Window

logger: logging.Logger = logging.getLogger(__name__)

# Okabe and Ito's palette, which colour-blind people can tell apart too
# (https://jfly.uni-koeln.de/color/), before a quiet grey.
BLUE = "#56B4E9"
GREEN = "#1DB88A"
VERMILION = "#E8743B"
PANEL = "#23282E"
QUIET = "#8A949E"
LINE = "#D5DBE1"


class FeedbackStimulus(AutoDraw):
    """A stimulus that follows a value from 0 to 1; what all displays are, your own too.

    Set `value` (and whatever else changed), then call `draw`, once a frame. Setting what is set
    already, or what falls on the same pixel, is free. Position, size and colours are fixed when it
    is made.

    A display of your own is a subclass with a method `draw`, which reads `value`, `threshold` and
    `state`. What fails in it is reported once in the log, and the experiment goes on.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    threshold : float, optional
        Value from which on the state is ``"reward"``; None is never.
    inhibit_threshold : float, optional
        Level of the second signal, `inhibit`, from which on the state is ``"warning"``; None is
        never.

    Examples
    --------
    .. code-block:: python

        class Balloon(FeedbackStimulus):
            def __init__(self, win):
                super().__init__(win)
                self._circle = visual.Circle(win, units="height")

            def draw(self):
                self._circle.radius = 0.05 if math.isnan(self.value) else 0.1 + 0.3 * self.value
                self._circle.draw()
    """

    def __init_subclass__(cls, **keywords: object) -> None:
        super().__init_subclass__(**keywords)
        if is_own(cls):
            for name in ("draw", "_value_changed", "_threshold_changed"):
                if name in vars(cls):
                    setattr(cls, name, _harmless(vars(cls)[name]))

    def __init__(
        self,
        win: Window,
        threshold: float | None = None,
        inhibit_threshold: float | None = None,
    ):
        check_window(win)
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
        try:
            value = math.nan if value is None else float(value)
        except (TypeError, ValueError):
            raise SettingsError(
                "value", value, "must be a number from 0 to 1, or None where there is no feedback"
            ) from None
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


def _harmless(method: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a method of a lab's display that reports what it raises, once, and goes on."""

    @functools.wraps(method)
    def guarded(self: Any) -> None:
        try:
            method(self)
        except Exception as error:  # the participant's frames go on
            told = self.__dict__.setdefault("_told_faults", set())
            if method.__name__ not in told:
                told.add(method.__name__)
                kind = type(self)
                why = failure(error, source(kind))
                logger.error("%s.%s failed: %s.", kind.__name__, method.__name__, why)

    return guarded


def _check_level(name: str, level: float | None) -> float | None:
    return None if level is None else check_number(name, level, at_least=0, at_most=1)
