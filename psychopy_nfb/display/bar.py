"""A thermometer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from psychopy_nfb.display.shapes import box_corners, buffer_pixels, pixel_box, triangles
from psychopy_nfb.display.stimulus import BLUE, GREEN, LINE, PANEL, VERMILION, FeedbackStimulus

if TYPE_CHECKING:
    from psychopy.visual import Window

LINE_PIXELS = 2
"""Thickness of the threshold's line."""
OVERHANG = 0.2
"""How far the threshold's line extends beyond the bar on either side, as a share of its width."""


class FeedbackBar(FeedbackStimulus):
    """A bar that rises from the bottom of its track to the top as the value goes from 0 to 1.

    Its height is ``round(value * height of the track)`` whole pixels. Without feedback only the
    track is there.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    size : (float, float), optional
        Width and height in `units`; default 8 % and 60 % of the window's height.
    pos : (float, float)
        Centre in `units`.
    units : str, optional
        Default the window's.
    threshold : float, optional
        Value of the threshold's line, from which on the bar takes `reward_color`; 0 to 1.
    inhibit_threshold : float, optional
        From this level of the second signal, `inhibit`, on the bar takes `warning_color`.
    color, reward_color, warning_color : color
        Of the bar.
    track_color, line_color : color
        Of the track and of the threshold's line.

    Attributes
    ----------
    pixels : int
        Height of the bar in pixels of the frame buffer.

    Raises
    ------
    SettingsError
        If the size or a threshold cannot be used.

    Examples
    --------
    .. code-block:: python

        bar = FeedbackBar(win, size=(0.1, 0.6), threshold=0.7, inhibit_threshold=15.0)
        for _ in nfb.frames(60):
            bar.value = nfb.value
            bar.inhibit = muscle.value
            bar.draw()
    """

    def __init__(
        self,
        win: Window,
        size: Sequence[float] | None = None,
        pos: Sequence[float] = (0.0, 0.0),
        units: str | None = None,
        *,
        threshold: float | None = None,
        inhibit_threshold: float | None = None,
        color: object = BLUE,
        reward_color: object = GREEN,
        warning_color: object = VERMILION,
        track_color: object = PANEL,
        line_color: object = LINE,
    ):
        super().__init__(win, threshold, inhibit_threshold)
        left, bottom, right, top = pixel_box(win, size, pos, units, default=(0.08, 0.6))
        self._scale = buffer_pixels(win)
        self._bottom = bottom
        self._full = round((top - bottom) * self._scale)
        self.pixels: int = 0
        self._track = triangles(win, box_corners(left, bottom, right, top), track_color)
        self._corners = box_corners(left, bottom, right, bottom)
        self._fills = {
            "normal": triangles(win, self._corners, color),
            "reward": triangles(win, self._corners, reward_color),
            "warning": triangles(win, self._corners, warning_color),
        }
        over = round((right - left) * OVERHANG * self._scale) / self._scale
        self._line_corners = box_corners(left - over, bottom, right + over, bottom)
        self._line = triangles(win, self._line_corners, line_color)
        self._threshold_changed()

    def draw(self) -> None:
        """Draw it into the next frame."""
        self._track.draw()
        if self.pixels:
            self._fills[self.state].draw()
        if self._threshold is not None:
            self._line.draw()

    def _value_changed(self) -> None:
        pixels = round(self._value * self._full) if self._value == self._value else 0
        if pixels != self.pixels:
            self.pixels = pixels
            self._corners[[2, 4, 5], 1] = self._bottom + pixels / self._scale

    def _threshold_changed(self) -> None:
        if self._threshold is not None:
            # The line's upper edge is where the bar's is when it just reaches the threshold.
            top = self._bottom + round(self._threshold * self._full) / self._scale
            self._line_corners[[0, 1, 3], 1] = top - LINE_PIXELS / self._scale
            self._line_corners[[2, 4, 5], 1] = top
