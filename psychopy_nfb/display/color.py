"""A square that goes from one colour to another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from psychopy_nfb.display.shapes import box_corners, pixel_box, triangles
from psychopy_nfb.display.stimulus import BLUE, PANEL, QUIET, FeedbackStimulus

if TYPE_CHECKING:
    from psychopy.visual import Window


class FeedbackColor(FeedbackStimulus):
    """A square whose colour goes straight from one to another as the value goes from 0 to 1.

    Red, green and blue are each ``round(low + value * (high - low))`` of 255.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    size : (float, float), optional
        Width and height in `units`; default 40 % of the window's height.
    pos : (float, float)
        Centre in `units`.
    units : str, optional
        Default the window's.
    low_color, high_color : color
        At a value of 0 and of 1.
    neutral_color : color
        Without feedback.

    Attributes
    ----------
    rgb : tuple of int
        The colour shown, red, green and blue of 255.

    Raises
    ------
    SettingsError
        If the size cannot be used.
    """

    def __init__(
        self,
        win: Window,
        size: Sequence[float] | None = None,
        pos: Sequence[float] = (0.0, 0.0),
        units: str | None = None,
        *,
        low_color: object = PANEL,
        high_color: object = BLUE,
        neutral_color: object = QUIET,
    ):
        super().__init__(win)
        corners = box_corners(*pixel_box(win, size, pos, units, default=(0.4, 0.4)))
        self._square = triangles(win, corners, neutral_color)
        self._low, self._high, self._neutral = (
            _rgb255(color, win.colorSpace) for color in (low_color, high_color, neutral_color)
        )
        self.rgb: tuple[int, int, int] = self._neutral

    def draw(self) -> None:
        """Draw it into the next frame."""
        self._square.draw()

    def _value_changed(self) -> None:
        value = self._value
        if math.isnan(value):
            rgb = self._neutral
        else:
            rgb = tuple(
                round(low + value * (high - low))
                for low, high in zip(self._low, self._high, strict=True)
            )
        if rgb != self.rgb:
            self.rgb = rgb
            self._square.setColor(rgb, colorSpace="rgb255", log=False)


def _rgb255(color: object, space: str) -> tuple[int, int, int]:
    """Return `color`, anything that PsychoPy takes for one, as red, green and blue of 255."""
    from psychopy.colors import Color

    return tuple(round(float(share) * 255) for share in Color(color, space).rgb1[:3])
