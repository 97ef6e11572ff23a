"""A start together with a scanner, or whatever else sends a key."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.errors import NfbError

if TYPE_CHECKING:
    from psychopy.visual import Window

    from psychopy_nfb.display.neurofeedback import Neurofeedback


def wait_for_trigger(
    nfb: Neurofeedback,
    win: Window,
    key: str = "t",
    *,
    text: str = "Waiting for the scanner",
    timeout: float | None = None,
) -> float | None:
    """Show `text` until the trigger comes; all other keys but Escape are ignored.

    The trigger is marked in the session's files with the time at which the key was seen, which is
    up to one frame late.

    Parameters
    ----------
    nfb : Neurofeedback
        Started, and attached to `win`.
    win : psychopy.visual.Window
        Where the text is shown.
    key : str
        What the scanner sends; most send ``"t"`` or ``"5"``.
    text : str
        Shown meanwhile.
    timeout : float, optional
        Seconds to wait at most; None waits as long as it takes.

    Returns
    -------
    float or None
        When it came, in seconds on the LSL clock; None if Escape was pressed.

    Raises
    ------
    NfbError
        If it did not come in time.
    """
    from psychopy import event, visual

    words = visual.TextStim(win, text, units="height", height=0.045, color="#E6EBF0", autoLog=False)
    event.clearEvents()
    for _ in nfb.frames(math.inf if timeout is None else timeout):
        words.draw()
        pressed = event.getKeys([key, "escape"])
        if "escape" in pressed:
            return None
        if key in pressed:
            t = lsl_now()
            nfb.mark(f"trigger {key}")
            nfb.update()
            win.flip()  # the mark goes with a flip
            return t
    raise NfbError("key", key, f"did not come within {timeout:g} s; check the scanner's cable")
