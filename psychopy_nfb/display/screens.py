"""Screens of text that a key ends, and a recording with its countdown: each frame is logged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.display.letters import legible_on
from psychopy_nfb.display.window import check_window

if TYPE_CHECKING:
    from psychopy.visual import Window

    from psychopy_nfb.display.neurofeedback import Neurofeedback

LETTER = 0.042
WIDTH = 1.2
"""Of the text, in units of the window's height; less in a window that is narrower."""
BAR_WIDTH, BAR_HEIGHT = 0.5, 0.012
TRACK_OPACITY = 0.25


class Escaped(Exception):
    """Escape was pressed."""


class Screens:
    """Draws and waits, a frame at a time, so that every frame is logged."""

    def __init__(self, nfb: Neurofeedback, win: Window):
        from psychopy import event, visual

        check_window(win)
        self._nfb = nfb
        self._keys = event
        color = legible_on(win)
        # In a window that is higher than broad everything is smaller.
        shape = min(1.0, 0.9 * win.size[0] / win.size[1] / WIDTH)
        self._text = visual.TextStim(
            win,
            units="height",
            height=shape * LETTER,
            wrapWidth=shape * WIDTH,
            color=color,
            autoLog=False,
        )
        self._cross = visual.ShapeStim(
            win, vertices="cross", units="height", size=0.06, fillColor=color, lineWidth=0
        )
        self._bar_width = shape * BAR_WIDTH
        line = {"units": "height", "lineWidth": 0, "anchor": "left", "autoLog": False}
        line |= {"pos": (-self._bar_width / 2, -0.35), "size": (self._bar_width, BAR_HEIGHT)}
        self._track = visual.Rect(win, fillColor=color, opacity=TRACK_OPACITY, **line)
        self._left = visual.Rect(win, fillColor=color, **line)

    def _frames(self, seconds: float) -> Iterator[Any]:
        """Yield the keys pressed, once a frame."""
        for _ in self._nfb.frames(seconds):
            pressed = self._keys.getKeys()
            if "escape" in pressed:
                raise Escaped
            yield pressed
        if self._nfb.aborted:  # by the operator
            raise Escaped

    def show(self, text: str, seconds: float) -> None:
        """Show `text` for so long."""
        self._text.text = text
        for _ in self._frames(seconds):
            self._text.draw()

    def wait_for(self, text: str, key: str, wait: float | None) -> None:
        """Show `text` until `key` is pressed, or for `wait` seconds."""
        self._keys.clearEvents()
        self._text.text = text
        while True:
            for pressed in self._frames(3600.0 if wait is None else wait):
                self._text.draw()
                if key in pressed:
                    return
            if wait is not None or not self._nfb._shows():  # the window was closed
                return

    def record(self, seconds: float, eyes: str, countdown: bool) -> None:
        """Show what belongs to the recording."""
        self._text.text = "" if eyes == "open" else "Eyes closed"
        begun = lsl_now()
        for _ in self._frames(seconds):
            if eyes == "open":
                self._cross.draw()
            else:
                self._text.draw()
            if countdown:
                left = max(0.0, 1 - (lsl_now() - begun) / seconds)
                self._left.size = (self._bar_width * left, BAR_HEIGHT)
                self._track.draw()
                self._left.draw()
