"""A disc that grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.display.shapes import outline, to_pixels, triangles
from psychopy_nfb.display.stimulus import BLUE, GREEN, LINE, VERMILION, FeedbackStimulus
from psychopy_nfb.errors import SettingsError

if TYPE_CHECKING:
    from psychopy.visual import Window

EDGES = 96
DEFAULT_SHARES = (0.04, 0.3)
"""Radii at 0 and at 1 as shares of the window's height, if none are given."""
EDGE_PIXELS = 1.5
"""Width of the smooth line that hides the steps of the disc's edge …"""
EDGE_REACH = 0.5
"""… and by which it makes the disc larger, in pixels; measured."""


class FeedbackCircle(FeedbackStimulus):
    """A disc whose radius grows with the value; a thin ring marks where 1, or the threshold, is.

    Without feedback only the ring is there.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn.
    radius : (float, float), optional
        At a value of 0 and of 1, in `units`; default 4 % and 30 % of the window's height.
    pos : (float, float)
        Centre in `units`.
    units : str, optional
        Default the window's.
    threshold : float, optional
        Value from which on the disc takes `reward_color`, 0 to 1; the ring is there.
    inhibit_threshold : float, optional
        From this level of the second signal, `inhibit`, on the disc takes `warning_color`.
    color, reward_color, warning_color : color
        Of the disc.
    ring_color : color
        Of the ring.

    Attributes
    ----------
    pixels : float
        Radius of the disc in PsychoPy's pixels.

    Raises
    ------
    SettingsError
        If the radii or a threshold cannot be used.
    """

    def __init__(
        self,
        win: Window,
        radius: tuple[float, float] | None = None,
        pos: Sequence[float] = (0.0, 0.0),
        units: str | None = None,
        *,
        threshold: float | None = None,
        inhibit_threshold: float | None = None,
        color: object = BLUE,
        reward_color: object = GREEN,
        warning_color: object = VERMILION,
        ring_color: object = LINE,
    ):
        super().__init__(win, threshold, inhibit_threshold)
        if radius is None:
            self._radii = np.array(DEFAULT_SHARES) * to_pixels(win, (0.0, 1.0), "height")[1]
        else:
            # Vertical lengths, where the units differ from the horizontal ones.
            self._radii = np.array([to_pixels(win, (0.0, one), units)[1] for one in radius])
            if not 0 <= self._radii[0] < self._radii[1]:
                raise SettingsError("radius", tuple(radius), "must be two radii, the smaller first")
        self._centre = to_pixels(win, pos, units)
        angles = np.linspace(0.0, 2.0 * np.pi, EDGES, endpoint=False)
        self._rim = np.column_stack([np.cos(angles), np.sin(angles)])
        self._fan = np.zeros((3 * EDGES, 2))
        self._fan[0::3] = self._centre
        self._edge = np.zeros((EDGES, 2))
        self._ring_corners = np.zeros((EDGES, 2))
        colors = {"normal": color, "reward": reward_color, "warning": warning_color}
        self._discs = {state: triangles(win, self._fan, one) for state, one in colors.items()}
        self._edges = {
            state: outline(win, self._edge, one, EDGE_PIXELS) for state, one in colors.items()
        }
        self._ring = outline(win, self._ring_corners, ring_color, EDGE_PIXELS)
        self.pixels: float = 0.0
        self._threshold_changed()

    def draw(self) -> None:
        """Draw it into the next frame."""
        if self._value == self._value:
            state = self.state
            self._discs[state].draw()
            self._edges[state].draw()
        self._ring.draw()

    def _radius(self, value: float) -> float:
        smallest, largest = self._radii
        return smallest + value * (largest - smallest)

    def _value_changed(self) -> None:
        if self._value != self._value:
            self.pixels = 0.0
            return
        self.pixels = float(self._radius(self._value))
        np.multiply(self._rim, max(self.pixels - EDGE_REACH, 0.0), out=self._edge)
        self._edge += self._centre
        self._fan[1::3] = self._edge
        self._fan[2:-1:3] = self._edge[1:]
        self._fan[-1] = self._edge[0]

    def _threshold_changed(self) -> None:
        value = 1.0 if self._threshold is None else self._threshold
        self._ring_corners[:] = self._centre + self._rim * self._radius(value)
