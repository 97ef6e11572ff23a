"""Darkness over whatever is drawn before it, such as a movie."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.checks import check_number
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.display.shapes import box_corners, triangles
from psychopy_nfb.display.stimulus import FeedbackStimulus

if TYPE_CHECKING:
    from psychopy.visual import Window

STEP = 1 / 510
"""A change of opacity that no pixel of 8 bits shows."""


class FeedbackDimmer(FeedbackStimulus):
    """Darkens all that was drawn before it: much at a value of 0, nothing at 1.

    Draw a movie, a game or a picture first, then this. It changes smoothly, so a signal at its
    threshold does not flicker. Without feedback (None or NaN) nothing is dark.

    Parameters
    ----------
    win : psychopy.visual.Window
        Where it is drawn; all of it is covered.
    darkest : float
        Opacity at a value of 0; 1 is black.
    smooth : float
        Seconds in which it comes two thirds of the way to a new value; 0 is at once.
    color : color
        Of the darkness.

    Attributes
    ----------
    opacity : float
        Of what is drawn: 0 is nothing, 1 is black.

    Raises
    ------
    SettingsError
        If a setting cannot be used.

    Examples
    --------
    .. code-block:: python

        movie = visual.MovieStim(win, "fish.mp4")
        dimmer = FeedbackDimmer(win)
        for _ in nfb.frames(300):
            movie.draw()
            dimmer.value = nfb.beyond  # clear while the criterion holds; or nfb.value
            dimmer.draw()
    """

    def __init__(
        self,
        win: Window,
        *,
        darkest: float = 0.85,
        smooth: float = 0.3,
        color: object = "black",
    ):
        super().__init__(win)
        self.darkest: float = check_number("darkest", darkest, above=0, at_most=1)
        self.smooth: float = check_number("smooth", smooth, at_least=0, at_most=60, unit="s")
        half_width, half_height = np.ceil(np.asarray(win.size) / 2)
        corners = box_corners(-half_width, -half_height, half_width, half_height)
        self._cover = triangles(win, corners, color, opacity=0.0)
        self._shown = 0.0  # the opacity that the shape has
        self._target = 0.0
        self._t: float | None = None
        self.opacity: float = 0.0

    def draw(self) -> None:
        """Draw it into the next frame."""
        now = lsl_now()
        if self._t is None or not self.smooth:
            self.opacity = self._target
        else:
            share = 1.0 - math.exp((self._t - now) / self.smooth)
            self.opacity += share * (self._target - self.opacity)
        self._t = now
        if abs(self.opacity - self._target) < STEP:
            self.opacity = self._target
        if self.opacity != self._shown:
            self._shown = self.opacity
            self._cover.setOpacity(self._shown, log=False)
        if self._shown:
            self._cover.draw()

    def _value_changed(self) -> None:
        value = self._value
        self._target = 0.0 if math.isnan(value) else self.darkest * (1.0 - value)
