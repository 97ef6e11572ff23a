"""Pictures that go on as rewards come."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from psychopy_nfb.display.shapes import box_corners, buffer_pixels, pixel_box, triangles
from psychopy_nfb.display.stimulus import PANEL, FeedbackStimulus
from psychopy_nfb.errors import FileError, SettingsError, cause

if TYPE_CHECKING:
    from psychopy.visual import ImageStim, Window

DEFAULT_SHARE = 0.6
"""Height and width as a share of the window's height, if none are given."""


class FeedbackProgress(FeedbackStimulus):
    """A picture that is uncovered from the bottom, or a story of pictures, as the value grows.

    The value is the share that is reached: ``nfb.rewards / 30`` is complete with the thirtieth
    reward. Of one picture ``round(value * height)`` rows of pixels are uncovered. Of several the
    first is shown at 0 and the last at 1, in equal steps between. Without feedback (None or NaN)
    what was reached last stays.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    pictures : path or sequence of path
        Image files; they are loaded when this is made.
    size : (float, float), optional
        Width and height in `units`; default 60 % of the window's height.
    pos : (float, float)
        Centre in `units`.
    units : str, optional
        Default the window's.
    cover_color : color
        Over what is not reached of one picture.

    Attributes
    ----------
    step : int
        Which of several pictures is shown, counted from 0; of one how many rows are uncovered.

    Raises
    ------
    SettingsError, FileError
        If the size cannot be used, or a picture cannot be read.

    Examples
    --------
    .. code-block:: python

        castle = FeedbackProgress(win, "castle.png")
        for _ in nfb.frames(300):
            castle.value = nfb.rewards / 30
            castle.draw()
    """

    def __init__(
        self,
        win: Window,
        pictures: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        size: Sequence[float] | None = None,
        pos: Sequence[float] = (0.0, 0.0),
        units: str | None = None,
        *,
        cover_color: object = PANEL,
    ):
        super().__init__(win)
        box = pixel_box(win, size, pos, units, default=(DEFAULT_SHARE, DEFAULT_SHARE))
        left, bottom, right, top = box
        paths = [pictures] if isinstance(pictures, (str, os.PathLike)) else list(pictures)
        if not paths:
            raise SettingsError("pictures", [], "are missing; name at least one image file")
        self._pictures = [_picture(win, path, box) for path in paths]
        self._bottom, self._scale = bottom, buffer_pixels(win)
        self._rows = round((top - bottom) * self._scale)
        self._corners = box_corners(left, bottom, right, top)
        self._cover = triangles(win, self._corners, cover_color)
        self.step: int = 0

    def draw(self) -> None:
        """Draw it into the next frame."""
        if len(self._pictures) > 1:
            self._pictures[self.step].draw()
            return
        self._pictures[0].draw()
        if self.step < self._rows:
            self._cover.draw()

    def _value_changed(self) -> None:
        if self._value != self._value:
            return
        if len(self._pictures) > 1:
            # 1e-9: a share as 3/10 * 10 comes out just below a whole number.
            self.step = int(self._value * (len(self._pictures) - 1) + 1e-9)
            return
        self.step = round(self._value * self._rows)
        self._corners[[0, 1, 3], 1] = self._bottom + self.step / self._scale


def _picture(
    win: Window, path: str | os.PathLike[str], box: tuple[float, float, float, float]
) -> ImageStim:
    from PIL import Image
    from psychopy.visual import ImageStim

    try:
        with Image.open(path) as opened:
            image = opened.convert("RGBA")
    except Exception as error:  # each format has exceptions of its own
        raise FileError(
            "pictures", os.fspath(path), f"cannot be read as an image ({cause(error)})"
        ) from None
    left, bottom, right, top = box
    return ImageStim(
        win,
        image,
        units="pix",
        size=(right - left, top - bottom),
        pos=((left + right) / 2, (bottom + top) / 2),
        interpolate=True,
        autoLog=False,
    )
