"""PsychoPy's window: opened for commands that show something, checked where one is given."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from psychopy_nfb.errors import SettingsError

if TYPE_CHECKING:
    from psychopy.visual import Window


def open_window(size: tuple[int, int], **settings: Any) -> Window:
    """Open a black window.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels.
    **settings
        As for `psychopy.visual.Window`.

    Raises
    ------
    SettingsError
        If there is no display to open it on.
    """
    try:
        from psychopy import visual

        return visual.Window(size, color="black", **settings)
    except Exception as error:  # display drivers and pyglet have no exception in common
        raise _no_screen(error) from error


def check_screen() -> None:
    """Refuse to begin what will show a window where there is no screen; opens none itself.

    Raises
    ------
    SettingsError
        If there is no display.
    """
    try:
        from psychopy import visual  # first: it sets pyglet's options

        del visual
        import pyglet

        pyglet.canvas.get_display()
    except Exception as error:  # as `open_window`
        raise _no_screen(error) from error


def _no_screen(error: Exception) -> SettingsError:
    """Return what is said where a window cannot be opened."""
    remedy = f"a screen is needed, and no window could be opened ({error}); run this on a desktop"
    if sys.platform == "linux":
        remedy += ", over SSH set DISPLAY, or without any screen put xvfb-run before the command"
    return SettingsError("display", os.environ.get("DISPLAY"), remedy)


def check_window(win: object) -> None:
    """Refuse what is no window of PsychoPy's; raises a `SettingsError`."""
    if not hasattr(win, "flip"):
        raise SettingsError("win", win, "must be PsychoPy's window, visual.Window(…)")


def pacing_note(win: Window) -> str:
    """Return the sentence that a paced display's results need, nothing for any other."""
    paced = getattr(win, "nfb_paced_hz", None)
    return f"This display has no vertical sync: flips were paced to {paced:g} Hz." if paced else ""
