"""A bar with a bulb, a scale and a mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.checks import check_whole
from psychopy_nfb.display.bar import FeedbackBar
from psychopy_nfb.display.letters import Line, Picture, Text, legible_on, whole, width_of
from psychopy_nfb.display.shapes import pixel_box, triangles
from psychopy_nfb.display.stimulus import BLUE, GREEN, LINE, PANEL, VERMILION
from psychopy_nfb.display.text import rounded
from psychopy_nfb.display.window import check_window
from psychopy_nfb.errors import SettingsError

if TYPE_CHECKING:
    from psychopy.visual import Window

DEFAULT_SHARES = (0.05, 0.6)
"""Width and height of the tube as shares of the window's height, if none are given."""
BULB = 1.0
"""Radius of the bulb as a share of the tube's width."""
EDGES = 64
TICK, GAP = 0.35, 0.2
"""Length of a tick and distance from it to its number, as shares of the tube's width."""
LETTER = 0.05
"""Height of the numbers as a share of the tube's height, at least …"""
SMALLEST_LETTER = 10
"""… so many pixels."""


class FeedbackThermometer(FeedbackBar):
    """A thermometer: a bar that rises out of a bulb, with a scale beside it.

    The tube is a `FeedbackBar`, whose height is exact to the pixel; the threshold is a line across
    it. Bulb and tube take the reward's colour beyond the threshold.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    size : (float, float), optional
        Width and height of the tube in `units`; default 5 % and 60 % of the window's height. The
        bulb is below it.
    pos : (float, float)
        Centre of the tube in `units`.
    units : str, optional
        Default the window's.
    scale : (float, float), optional
        What is written at the scale's lower and upper end, such as ``(-2, 2)`` for standard
        deviations. Use the signal's `display_range`, which are the values shown as 0 and 1. None
        is a scale without numbers.
    ticks : int
        How many ticks the scale has, its ends included.
    threshold : float, optional
        Value of the threshold's line, from which on it takes `reward_color`; 0 to 1.
    inhibit_threshold : float, optional
        From this level of the second signal, `inhibit`, on it takes `warning_color`.
    color, reward_color, warning_color : color
        Of bulb and filled tube.
    track_color, line_color : color
        Of the empty tube and of the threshold's line.

    Raises
    ------
    SettingsError
        If the size, the scale or a threshold cannot be used.

    Examples
    --------
    .. code-block:: python

        thermometer = FeedbackThermometer(win, scale=(0, 20))  # microvolts
        for _ in nfb.frames(60):
            thermometer.value = nfb.value
            thermometer.threshold = nfb.display_threshold
            thermometer.draw()
    """

    def __init__(
        self,
        win: Window,
        size: Sequence[float] | None = None,
        pos: Sequence[float] = (0.0, 0.0),
        units: str | None = None,
        *,
        scale: Sequence[float] | None = None,
        ticks: int = 5,
        threshold: float | None = None,
        inhibit_threshold: float | None = None,
        color: object = BLUE,
        reward_color: object = GREEN,
        warning_color: object = VERMILION,
        track_color: object = PANEL,
        line_color: object = LINE,
    ):
        check_window(win)
        tube = pixel_box(win, size, pos, units, default=DEFAULT_SHARES)
        left, bottom, right, top = tube
        super().__init__(
            win,
            (right - left, top - bottom),
            ((left + right) / 2, (bottom + top) / 2),
            "pix",
            threshold=threshold,
            inhibit_threshold=inhibit_threshold,
            color=color,
            reward_color=reward_color,
            warning_color=warning_color,
            track_color=track_color,
            line_color=line_color,
        )
        bulb = _disc((left + right) / 2, bottom, BULB * (right - left))
        self._bulbs = {
            "normal": triangles(win, bulb, color),
            "reward": triangles(win, bulb, reward_color),
            "warning": triangles(win, bulb, warning_color),
            "": triangles(win, bulb, track_color),
        }
        self._scale_picture = _scale(win, tube, _check_scale(scale), ticks)

    def draw(self) -> None:
        """Draw it into the next frame."""
        # Before the tube, of which its upper half would otherwise hide the lower end.
        self._bulbs[self.state if self._value == self._value else ""].draw()
        super().draw()
        self._scale_picture.draw()


def _disc(x: float, y: float, radius: float) -> np.ndarray:
    """Return the triangles of a disc, shape (3 EDGES, 2)."""
    angles = np.linspace(0.0, 2.0 * np.pi, EDGES + 1)
    rim = np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)])
    fan = np.empty((3 * EDGES, 2))
    fan[0::3], fan[1::3], fan[2::3] = (x, y), rim[:-1], rim[1:]
    return fan


def _scale(
    win: Window,
    tube: tuple[float, float, float, float],
    scale: tuple[float, float] | None,
    ticks: int,
) -> Picture:
    """Return ticks and numbers to the right of the tube."""
    ticks = check_whole("ticks", ticks, at_least=2, at_most=50)
    _, bottom, right, top = tube
    width = tube[2] - tube[0]
    pixels = max(SMALLEST_LETTER, round(LETTER * (top - bottom)))
    ends = right + TICK * width
    numbers = [] if scale is None else [rounded(one) for one in np.linspace(*scale, ticks)]
    longest = max((width_of(one, pixels) for one in numbers), default=0.0)
    edge = ends + GAP * width + longest + 2
    picture = Picture(win, whole((right, bottom - pixels, edge, top + pixels), win), None)
    color = legible_on(win)
    heights = np.linspace(bottom, top, ticks)
    parts: list[Line | Text] = [Line(((right, y), (ends, y)), color, 2.0) for y in heights]
    parts += [
        Text(ends + GAP * width, y, number, pixels, color)
        for y, number in zip(heights, numbers, strict=False)
    ]
    picture.paint(parts)
    return picture


def _check_scale(scale: Sequence[float] | None) -> tuple[float, float] | None:
    if scale is None:
        return None
    try:
        low, high = (float(one) for one in scale)
    except (TypeError, ValueError):
        raise SettingsError(
            "scale", scale, "must be the numbers at the lower and the upper end"
        ) from None
    return low, high
