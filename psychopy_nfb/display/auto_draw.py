"""Stimuli that the window draws at each flip, in the order of their depths, as PsychoPy's own."""

from __future__ import annotations

from typing import Any

from psychopy_nfb.display.run_state import RunState


class AutoDraw(RunState):
    """Adds `setAutoDraw` to what has a window `win` and a method `draw`."""

    depth: float = 0.0
    """Where it is drawn among the others: what has a lower depth is drawn later, on top."""
    _drawn = None

    def setAutoDraw(self, value: bool, log: bool | None = None) -> None:
        """Draw it at each flip from now on, or no longer.

        Parameters
        ----------
        value : bool
            Whether to draw.
        log : bool, optional
            As PsychoPy's stimuli take it; nothing is logged.
        """
        if self._drawn is None:
            from psychopy.visual.basevisual import MinimalStim

            self._drawn = MinimalStim(type(self).__name__, autoLog=False)
            drawn: Any = self
            self._drawn.win, self._drawn.draw = drawn.win, drawn.draw
        self._drawn.depth = self.depth
        self._drawn.autoDraw = value
