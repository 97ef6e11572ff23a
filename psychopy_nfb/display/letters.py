"""Many short texts as one picture, which is drawn at once.

Each of PsychoPy's texts takes 0.1 ms to draw, so that the labels and numbers of 128 channels would
miss every second frame. A picture takes as long as one of them, and where each letter is is known
before, on every system, because the font comes with Matplotlib.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.display.shapes import buffer_pixels

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont
    from psychopy.visual import Window

BACKGROUND = "#14181C"
"""Behind all letters, whatever the window's colour: so they are legible on each."""
TEXT, QUIET = "#E6EBF0", "#9AA5B0"

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in PsychoPy's pixels from the window's centre."""


@functools.cache
def font(pixels: int, bold: bool = False) -> FreeTypeFont:
    """Return the font whose letters are so many pixels high, from descender to ascender."""
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{name}", pixels)


@dataclass(frozen=True)
class Text:
    """One line of text in a picture."""

    x: float
    """In pixels from the window's centre, as `y`."""
    y: float
    """Of the line's middle."""
    text: str
    """What is written."""
    pixels: int
    """Size of the letters."""
    color: str = TEXT
    """Of the letters."""
    bold: bool = False
    """Whether they are bold."""
    anchor: str = "l"
    """Whether `x` is the text's left end, its middle or its right end: l, m, r."""

    @property
    def box(self) -> Box:
        """Where it is, by the letters' nominal breadth and height."""
        width = width_of(self.text, self.pixels, self.bold)
        left = self.x - width * {"l": 0.0, "m": 0.5, "r": 1.0}[self.anchor]
        half = 0.5 * self.pixels
        return (left, self.y - half, left + width, self.y + half)


@dataclass(frozen=True)
class Patch:
    """A filled box behind the texts of a picture."""

    box: Box
    color: str


@dataclass(frozen=True)
class Line:
    """A line in a picture through points in pixels from the window's centre."""

    points: tuple[tuple[float, float], ...]
    color: str
    width: float = 1.0


class Picture:
    """A rectangle of the window with texts, patches and lines in it.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    box : (float, float, float, float)
        Left, bottom, right, top in whole pixels from the window's centre.
    background : color or None
        Behind all parts; None shows what was drawn before.
    """

    def __init__(self, win: Window, box: Box, background: str | None = BACKGROUND):
        from psychopy.visual import ImageStim

        self.box = box
        self._background = background
        self.parts: Sequence[Text | Patch | Line] = ()
        left, bottom, right, top = box
        self._scale = buffer_pixels(win)
        self._stimulus = ImageStim(
            win,
            units="pix",
            size=(right - left, top - bottom),
            pos=((left + right) / 2, (bottom + top) / 2),
            interpolate=False,
            autoLog=False,
        )

    def paint(self, parts: Sequence[Text | Patch | Line]) -> bool:
        """Show `parts`; return whether anything had changed, which takes some milliseconds."""
        parts = tuple(parts)
        if parts == self.parts:
            return False
        from PIL import Image, ImageDraw

        self.parts = parts
        scale, (left, bottom, right, top) = self._scale, self.box
        size = (round(scale * (right - left)), round(scale * (top - bottom)))
        clear = self._background is None
        image = Image.new("RGBA", size) if clear else Image.new("RGB", size, self._background)
        draw = ImageDraw.Draw(image)

        def place(x: float, y: float) -> tuple[float, float]:
            return scale * (x - left), scale * (top - y)

        for part in parts:
            if isinstance(part, Patch):
                x0, y0, x1, y1 = part.box
                draw.rectangle([*place(x0, y1), *place(x1, y0)], fill=part.color)
            elif isinstance(part, Line):
                points = [place(*point) for point in part.points]
                draw.line(points, fill=part.color, width=round(scale * part.width), joint="curve")
            else:
                draw.text(
                    place(part.x, part.y),
                    part.text,
                    fill=part.color,
                    font=font(scale * part.pixels, part.bold),
                    anchor=f"{part.anchor}m",
                )
        self._stimulus.image = image
        return True

    def draw(self) -> None:
        """Draw it into the next frame, if there is anything in it."""
        if self.parts:
            self._stimulus.draw()


@functools.lru_cache(maxsize=4096)
def width_of(text: str, pixels: int, bold: bool = False) -> float:
    """Return the breadth of `text` in pixels."""
    return font(pixels, bold).getlength(text)


def shortened(text: str, pixels: int, width: float, bold: bool = False) -> str:
    """Return `text`, with an ellipsis for what does not fit into `width` pixels."""
    if width_of(text, pixels, bold) <= width:
        return text
    while text and width_of(text + "…", pixels, bold) > width:
        text = text[:-1]
    return text + "…"


def wrapped(text: str, pixels: int, width: float, bold: bool = False) -> list[str]:
    """Return `text` as lines that are no broader than `width` pixels, broken at plain spaces."""
    lines = [""]
    for word in filter(None, text.split(" ")):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width_of(longer, pixels, bold) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [shortened(line, pixels, width, bold) for line in lines]


def whole(box: Sequence[float], win: Window) -> Box:
    """Return `box` with its edges moved between whole pixels of the window."""
    half = np.asarray(win.frameBufferSize) / buffer_pixels(win) / 2
    edges = np.reshape(box, (2, 2))
    return tuple(float(edge) for edge in (np.rint(edges + half) - half).ravel())


def legible_on(win: Window) -> str:
    """Return the colour of letters that stand out from the window's: light on dark, dark on light.

    The one of `TEXT` and `BACKGROUND` whose contrast is larger, by relative luminance as the Web
    Content Accessibility Guidelines define it (https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio).
    """
    from psychopy.colors import Color

    def luminance(color: Color) -> float:
        shares = np.clip(np.asarray(color.rgb1, float).ravel()[:3], 0.0, 1.0)
        linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722)) + 0.05

    light, dark = (luminance(Color(color, "hex")) for color in (TEXT, BACKGROUND))
    behind = luminance(Color(win.color, win.colorSpace))
    return TEXT if light / behind > behind / dark else BACKGROUND
