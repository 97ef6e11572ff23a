"""PsychoPy's window: opened for commands that show something, checked where one is given."""

from __future__ import annotations

import os
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
        raise SettingsError(
            "display",
            os.environ.get("DISPLAY"),
            f"no window could be opened ({error}); run this on a desktop",
        ) from error


def check_window(win: object) -> None:
    """Refuse what is no window of PsychoPy's; raises a `SettingsError`."""
    if not hasattr(win, "flip"):
        raise SettingsError("win", win, "must be PsychoPy's window, visual.Window(…)")


def pacing_note(win: Window) -> str:
    """Return the sentence that a paced display's results need, nothing for any other."""
    paced = getattr(win, "nfb_paced_hz", None)
    return f"This display has no vertical sync: flips were paced to {paced:g} Hz." if paced else ""
