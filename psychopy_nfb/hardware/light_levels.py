"""What a light sensor reads while the window shows something known."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.clock import lsl_now

if TYPE_CHECKING:
    from psychopy.hardware.lightsensor import BaseLightSensorGroup
    from psychopy.visual import Window
    from psychopy.visual.shape import BaseShapeStim

SETTLE_SECONDS = 0.25
"""What a screen and a sensor get to reach a new level; PsychoPy's own sensors take as long."""
LEVEL_SECONDS = 0.25
"""Over this a level is measured: periods of mains hum and of any backlight."""
PATIENCE_SECONDS = 1.0
"""How much later than by their stamps samples may arrive."""
LOOK_SECONDS = 0.005


def rectangle(
    win: Window, color: str, pos: Sequence[float] = (0, 0), size: Sequence[float] = (2, 2)
) -> BaseShapeStim:
    """Return a rectangle, in halves of the window; by default it fills the window."""
    from psychopy import visual

    return visual.Rect(win, units="norm", pos=pos, size=size, fillColor=color, lineColor=None)


def levels(sensor: BaseLightSensorGroup, win: Window, *stimuli: BaseShapeStim) -> np.ndarray:
    """Show `stimuli` and return what the sensor reads of them once it has settled.

    Returns
    -------
    ndarray, shape (n, n_channels)
        Samples of a quarter of a second; none if the stream has stopped.
    """
    for stimulus in stimuli:
        stimulus.draw()
    win.flip()
    begins = lsl_now() + SETTLE_SECONDS
    ends = begins + LEVEL_SECONDS
    found = [np.empty((0, sensor.channels))]
    newest = -np.inf
    while newest < ends and lsl_now() < ends + PATIENCE_SECONDS:
        for samples, stamps, _ in sensor.arrived():
            found.append(samples[(stamps >= begins) & (stamps < ends)])
            newest = stamps[-1]
        time.sleep(LOOK_SECONDS)
    return np.concatenate(found)
