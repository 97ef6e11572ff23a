"""A scrolling curve of the last seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.checks import check_number
from psychopy_nfb.display.shapes import box_corners, buffer_pixels, pixel_box, triangles
from psychopy_nfb.display.stimulus import BLUE, GREEN, PANEL, QUIET, FeedbackStimulus
from psychopy_nfb.errors import SettingsError

if TYPE_CHECKING:
    from psychopy.visual import Window

PIXELS_PER_FRAME = 2
"""How far it scrolls, if no number of points is given; whole pixels do not shimmer."""
CURVE_LAYERS = ((3.4, 0.4), (2.2, 1.0))
"""The curve is drawn twice, so many pixels wide and so opaque: the first smooths its edge."""
SHADE_OPACITY = 0.45
HEAD_RADIUS, HEAD_EDGES = 4.0, 20
MARGIN_PIXELS = 6.0
"""Between the panel's edges and the curve at 0 and at 1, and its head."""


class FeedbackTrace(FeedbackStimulus):
    """The values of the last frames as a curve that scrolls to the left, one point a frame.

    Where the curve is above the threshold the patch between them is shaded. A frame without
    feedback leaves a gap. What a frame costs, in time and in memory, does not depend on how long it
    runs: the points, and the corners of what is drawn, are arrays that are made once.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    size : (float, float), optional
        Width and height in `units`; default 80 % and 30 % of the window's height.
    pos : (float, float)
        Centre in `units`.
    units : str, optional
        Default the window's.
    points : int, optional
        Frames that are visible at once, at least 2; default one for every two pixels.
    threshold : float, optional
        Value of the threshold's line, 0 to 1.
    color, shade_color, panel_color, line_color : color
        Of the curve, of the patches above the threshold, of the panel behind them and of the
        threshold's line.

    Attributes
    ----------
    history : ndarray, shape (points,)
        The values that are visible, oldest first, NaN for gaps.

    Raises
    ------
    SettingsError
        If the size, the number of points or the threshold cannot be used.
    """

    def __init__(
        self,
        win: Window,
        size: Sequence[float] | None = None,
        pos: Sequence[float] = (0.0, 0.0),
        units: str | None = None,
        *,
        points: int | None = None,
        threshold: float | None = None,
        color: object = BLUE,
        shade_color: object = GREEN,
        panel_color: object = PANEL,
        line_color: object = QUIET,
    ):
        super().__init__(win, threshold)
        left, bottom, right, top = pixel_box(win, size, pos, units, default=(0.8, 0.3))
        self._bottom, self._height = bottom + MARGIN_PIXELS, top - bottom - 2 * MARGIN_PIXELS
        if self._height <= 0 or right - left <= 2 * MARGIN_PIXELS:
            least = 2 * MARGIN_PIXELS + 1
            raise SettingsError("size", size, f"each side must be at least {least:g} pixels")
        length = right - left - MARGIN_PIXELS
        if points is None:
            points, step = int(length / PIXELS_PER_FRAME) + 1, PIXELS_PER_FRAME
        else:
            points = int(check_number("points", points, at_least=2))
            step = length / (points - 1)
        self.history: np.ndarray = np.full(points, math.nan)
        self._curve = np.zeros((points, 2))
        self._curve[:, 0] = right - MARGIN_PIXELS - step * np.arange(points)[::-1]
        self._along = np.full((points - 1, 2), float(step))

        self._panel = triangles(win, box_corners(left, bottom, right, top), panel_color)
        self._pixel = 1 / buffer_pixels(win)
        self._line_corners = box_corners(left, bottom, right, bottom)
        self._line = triangles(win, self._line_corners, line_color)
        self._shade_strip = np.zeros((points - 1, 6, 2))
        self._shade = triangles(win, self._shade_strip.reshape(-1, 2), shade_color, SHADE_OPACITY)
        self._layers = []
        for width, opacity in CURVE_LAYERS:
            strip = np.zeros((points - 1, 6, 2))
            shape = triangles(win, strip.reshape(-1, 2), color, opacity)
            self._layers.append((width / 2, strip, shape))
        angles = np.linspace(0, 2 * np.pi, HEAD_EDGES + 1)
        rim = HEAD_RADIUS * np.column_stack([np.cos(angles), np.sin(angles)])
        slices = np.stack([np.zeros((HEAD_EDGES, 2)), rim[:-1], rim[1:]], axis=1)
        self._head_shape = slices.reshape(-1, 2)
        self._head_corners = self._head_shape.copy()
        self._head = triangles(win, self._head_corners, color)
        self._threshold_changed()

    def draw(self) -> None:
        """Scroll by one point to the value, and draw it into the next frame."""
        self.history[:-1] = self.history[1:]
        self.history[-1] = self._value
        self._move()
        self._panel.draw()
        if self._threshold is not None:
            self._shade.draw()
            self._line.draw()
        for _, _, curve in self._layers:
            curve.draw()
        if self._value == self._value:
            self._head.draw()

    def _move(self) -> None:
        """Put the corners where the history wants them, in the arrays that are there."""
        curve, along = self._curve, self._along
        known = np.isfinite(self.history)
        curve[:, 1] = self._bottom + np.where(known, self.history, 0.0) * self._height
        joined = known[:-1] & known[1:]
        along[:, 1] = np.diff(curve[:, 1])
        across = along[:, ::-1] / np.hypot(along[:, 0], along[:, 1])[:, None]
        across[:, 0] *= -1.0
        across[~joined] = 0.0
        for half, strip, _ in self._layers:
            side = half * across
            first, last = curve[:-1], curve[1:]
            _set_strip(strip, first - side, last - side, last + side, first + side)
        if self._threshold is not None:
            line = curve.copy()
            line[:, 1] = self._bottom + self._threshold * self._height
            above = np.maximum(curve, line)
            _set_strip(self._shade_strip, line[:-1], line[1:], above[1:], above[:-1])
            self._shade_strip[~joined] = 0.0
        np.add(self._head_shape, curve[-1], out=self._head_corners)

    def _threshold_changed(self) -> None:
        if self._threshold is not None:
            up = round(self._threshold * self._height / self._pixel)
            top = self._bottom + up * self._pixel
            self._line_corners[[0, 1, 3], 1] = top - self._pixel
            self._line_corners[[2, 4, 5], 1] = top


def _set_strip(strip: np.ndarray, *corners: np.ndarray) -> None:
    """Set the two triangles of each piece of a strip, in place.

    Parameters
    ----------
    strip : ndarray, shape (n, 6, 2)
        The triangles' corners.
    *corners : four ndarrays, shape (n, 2)
        The pieces' corners, going round.
    """
    for place, corner in enumerate((0, 1, 2, 0, 2, 3)):
        strip[:, place] = corners[corner]
