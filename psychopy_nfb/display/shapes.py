"""Shapes in whole pixels that change without being built anew.

A PsychoPy shape works out its corners and its triangles again whenever its size changes, which
takes 0.2 ms for a rectangle and 4 ms for a circle. These keep one array of corners in pixels; who
holds it moves the corners in place, and drawing takes 40 us.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.errors import SettingsError

if TYPE_CHECKING:
    from psychopy.visual import Window
    from psychopy.visual.shape import BaseShapeStim, ShapeStim


def to_pixels(win: Window, point: Sequence[float], units: str | None = None) -> np.ndarray:
    """Return `point` in PsychoPy's pixels from the window's centre.

    Parameters
    ----------
    win : psychopy.visual.Window
        The window, whose monitor is used for ``deg`` and ``cm``.
    point : (float, float)
        A position or a size.
    units : str, optional
        Any of PsychoPy's; default the window's.

    Returns
    -------
    ndarray, shape (2,)

    Raises
    ------
    SettingsError
        If PsychoPy does not know the units, or not the monitor's size and distance.
    """
    from psychopy.tools.monitorunittools import convertToPix

    units = units or win.units
    try:
        return np.asarray(convertToPix(np.zeros(2), np.array(point, float), units, win), float)
    except ValueError as error:
        raise SettingsError("units", units, f"cannot be used here ({error})") from None


def buffer_pixels(win: Window) -> int:
    """Return how many pixels of the frame buffer one of PsychoPy's has a side: 2 on a Retina."""
    return 2 if win.useRetina else 1


def pixel_box(
    win: Window,
    size: Sequence[float] | None,
    pos: Sequence[float],
    units: str | None = None,
    default: tuple[float, float] = (1.0, 1.0),
) -> tuple[float, float, float, float]:
    """Return left, bottom, right, top of a box in pixels, its edges moved between whole pixels.

    Parameters
    ----------
    win : psychopy.visual.Window
        The window. One with an odd number of pixels has its centre in the middle of a pixel.
    size : (float, float) or None
        Width and height in `units`.
    pos : (float, float)
        Centre in `units`.
    units : str, optional
        Default the window's.
    default : (float, float)
        Width and height as shares of the window's height, for a `size` of None.

    Raises
    ------
    SettingsError
        If a side is less than a pixel.
    """
    scale = buffer_pixels(win)
    half = np.asarray(win.frameBufferSize) / 2
    if size is None:
        width, height = np.rint(np.array(default) * win.frameBufferSize[1])
    else:
        width, height = np.rint(to_pixels(win, size, units) * scale)
        if width < 1 or height < 1:
            raise SettingsError("size", tuple(size), "each side must be at least a pixel")
    centre = to_pixels(win, pos, units) * scale
    left, bottom = np.rint(centre - (width / 2, height / 2) + half) - half
    return tuple(float(edge) / scale for edge in (left, bottom, left + width, bottom + height))


def box_corners(left: float, bottom: float, right: float, top: float) -> np.ndarray:
    """Return the two triangles of a box, shape (6, 2)."""
    return np.array(
        [(left, bottom), (right, bottom), (right, top), (left, bottom), (right, top), (left, top)],
        dtype=float,
    )


def triangles(win: Window, corners: np.ndarray, color: object, opacity: float = 1.0) -> ShapeStim:
    """Return a filled shape made of triangles.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    corners : ndarray of float64, shape (3 n, 2)
        Three corners for each triangle, in pixels; change them in place. Several shapes can share
        one array.
    color : color
        Anything that PsychoPy takes for one.
    opacity : float
        0 to 1.
    """
    filled, _ = _classes()
    shape = filled(
        win,
        units="pix",
        vertices=((0, 0), (1, 0), (0, 1)),
        lineWidth=0,
        lineColor=None,
        fillColor=color,
        opacity=opacity,
        autoLog=False,
    )
    shape.corners = corners
    return shape


def outline(win: Window, corners: np.ndarray, color: object, width: float = 1.0) -> BaseShapeStim:
    """Return a closed smooth line through `corners`, which can be changed in place.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    corners : ndarray of float64, shape (n, 2)
        In pixels.
    color : color
        Anything that PsychoPy takes for one.
    width : float
        In pixels.
    """
    _, line = _classes()
    shape = line(
        win,
        units="pix",
        vertices=((0, 0), (1, 0), (0, 1)),
        lineWidth=width,
        lineColor=color,
        fillColor=None,
        interpolate=True,
        autoLog=False,
    )
    shape.corners = corners
    return shape


@functools.cache
def _classes() -> tuple[type[ShapeStim], type[BaseShapeStim]]:
    """Return the two classes, made when first needed: importing PsychoPy's needs a display."""
    from psychopy.visual.shape import BaseShapeStim, ShapeStim

    class FilledPixels(ShapeStim):
        """Triangles whose corners are given in pixels."""

        corners = np.zeros((3, 2))

        @property
        def verticesPix(self) -> np.ndarray:
            """Corners of the triangles in pixels."""
            return self.corners

    class LinePixels(BaseShapeStim):
        """A line whose corners are given in pixels."""

        corners = np.zeros((3, 2))

        @property
        def verticesPix(self) -> np.ndarray:
            """Corners of the line in pixels."""
            return self.corners

    return FilledPixels, LinePixels
