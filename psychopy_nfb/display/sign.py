"""A sign for success or failure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from psychopy_nfb.display.auto_draw import AutoDraw
from psychopy_nfb.display.letters import Picture, Text
from psychopy_nfb.display.shapes import pixel_box
from psychopy_nfb.display.stimulus import GREEN, VERMILION
from psychopy_nfb.display.window import check_window

if TYPE_CHECKING:
    from psychopy.visual import Window

SUCCESS, FAILURE = "✓", "✗"
DEFAULT_SHARE = 0.2
"""Height as a share of the window's height, if none is given."""


class FeedbackSign(AutoDraw):
    """A tick while the value is true, a cross while it is false, nothing while it is None.

    They differ in shape and in colours that colour-blind people can tell apart.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    size : (float, float), optional
        Width and height in `units`; default a fifth of the window's height.
    pos : (float, float)
        Centre in `units`.
    units : str, optional
        Default the window's.
    success_color, failure_color : str
        Of the tick and the cross, as ``"#1DB88A"`` or a name.

    Attributes
    ----------
    value : bool or None
        What is shown.

    Raises
    ------
    SettingsError
        If the size cannot be used.

    Examples
    --------
    .. code-block:: python

        sign = FeedbackSign(win)
        sign.value = nfb.rewards > before  # at the end of a trial
        for _ in nfb.frames(1):
            sign.draw()
    """

    def __init__(
        self,
        win: Window,
        size: Sequence[float] | None = None,
        pos: Sequence[float] = (0.0, 0.0),
        units: str | None = None,
        *,
        success_color: str = GREEN,
        failure_color: str = VERMILION,
    ):
        check_window(win)
        self.win = win
        self.value: bool | None = None
        box = pixel_box(win, size, pos, units, default=(DEFAULT_SHARE, DEFAULT_SHARE))
        self._pictures = {
            True: _painted(win, box, SUCCESS, success_color),
            False: _painted(win, box, FAILURE, failure_color),
        }

    def draw(self) -> None:
        """Draw it into the next frame."""
        if self.value is not None and self.value == self.value:
            self._pictures[bool(self.value)].draw()


def _painted(win: Window, box: tuple[float, float, float, float], sign: str, color: str) -> Picture:
    left, bottom, right, top = box
    pixels = max(1, int(min(right - left, top - bottom)))
    picture = Picture(win, box, background=None)
    middle = ((left + right) / 2, (bottom + top) / 2)
    picture.paint([Text(*middle, sign, pixels, color, bold=True, anchor="m")])
    return picture
