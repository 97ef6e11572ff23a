"""The screens of a baseline: what to do, the recording with its countdown, whether it succeeded."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.display.letters import legible_on
from psychopy_nfb.errors import FileError
from psychopy_nfb.protocol import TRAINED

if TYPE_CHECKING:
    from psychopy.visual import Window

    from psychopy_nfb.display.neurofeedback import Neurofeedback

logger: logging.Logger = logging.getLogger(__name__)

INSTRUCTIONS = {
    "open": "Next we measure your brain activity at rest, for {seconds:g} seconds.\n\n"
    "Sit still and look at the cross.\nKeep your jaw and forehead relaxed.",
    "closed": "Next we measure your brain activity at rest, for {seconds:g} seconds.\n\n"
    "Sit still and close your eyes.\nKeep your jaw and forehead relaxed.\n\n"
    "Keep your eyes closed until you are told to open them.",
}
_BASELINE_OF = re.compile(r"signals\.(\w+)\.baseline=")
NO_ANSWER = "The background process did not answer; wait a moment, then repeat it."
DONE = {"open": "Thank you.", "closed": "Thank you. You can open your eyes."}
ENDED_SECONDS = 1.5
"""How long the word that it succeeded is shown."""
LETTER = 0.042
WIDTH = 1.2
"""Of the text, in units of the window's height; less in a window that is narrower."""
BAR_WIDTH, BAR_HEIGHT = 0.5, 0.012
TRACK_OPACITY = 0.25


def _save(nfb: Neurofeedback) -> None:
    """Keep the calibration; this session goes on without a file too."""
    try:
        nfb.save_calibration()
    except FileError as error:
        logger.error("The calibration is not kept for the next session: %s", error)


class _Escaped(Exception):
    """Escape was pressed."""


@dataclass(frozen=True)
class BaselineResult:
    """How a baseline went."""

    succeeded: bool
    """Whether it is in use now."""
    escaped: bool
    """Whether Escape was pressed: end the experiment."""
    attempts: int
    """How often it was recorded."""
    reason: str | None
    """Why the last attempt failed, in a sentence; None if it did not."""


def run_baseline(
    nfb: Neurofeedback,
    win: Window,
    *,
    seconds: float = 60.0,
    eyes: str = "open",
    instructions: str | None = None,
    key: str = "space",
    countdown: bool = True,
    repeats: int = 2,
    wait: float | None = None,
    keep: bool = True,
) -> BaselineResult:
    """Record a baseline with all its screens, and use it from its end on.

    Parameters
    ----------
    nfb : Neurofeedback
        Started, and attached to `win`.
    win : psychopy.visual.Window
        Where it is shown.
    seconds : float
        Length of the recording.
    eyes : {"open", "closed"}
        What the participant does; also the baseline's label.
    instructions : str, optional
        In place of the usual ones.
    key : str
        Begins the recording, and repeats it when it failed.
    countdown : bool
        Whether a thin line shows how much is left.
    repeats : int
        How often it may be repeated when there was too little clean signal.
    wait : float, optional
        Seconds after which it goes on without a key, to run unattended; None waits for the key.
    keep : bool
        Keep the result for the participant's next session; see `Neurofeedback.save_calibration`.

    Returns
    -------
    BaselineResult

    Raises
    ------
    SettingsError
        If a parameter cannot be used.
    """
    check_choice("eyes", eyes, tuple(INSTRUCTIONS))
    check_number("seconds", seconds, above=0, unit="s")
    check_number("repeats", repeats, at_least=0)
    screens = _Screens(nfb, win)
    attempts, reason = 0, None
    try:
        text = instructions
        if text is None:
            text = INSTRUCTIONS[eyes].format(seconds=seconds)
        screens.wait_for(f"{text}\n\nPress {key} to begin.", key, wait)
        while True:
            attempts += 1
            nfb.begin_baseline(f"eyes {eyes}")
            with nfb.block(f"baseline eyes {eyes}", feedback=False):
                screens.record(seconds, eyes, countdown)
            reason = None if nfb.end_baseline() else nfb.refusal or NO_ANSWER
            if reason is None or attempts > repeats:
                break
            left = repeats + 1 - attempts
            times = "once" if left == 1 else f"{left} times"
            screens.wait_for(
                f"{failure(reason)}\n\nPress {key} to measure again (possible {times}).",
                key,
                wait,
            )
        if reason is None:
            if keep:
                _save(nfb)
            screens.show(DONE[eyes], ENDED_SECONDS)
        else:
            screens.wait_for(
                f"{failure(reason)}\n\nPlease tell the experimenter: without this measurement "
                f"there is no feedback.\nPress {key} to go on without it, Escape to end.",
                key,
                wait,
            )
    except _Escaped:
        return BaselineResult(False, True, attempts, "ended by Escape")
    return BaselineResult(reason is None, False, attempts, reason)


def failure(reason: str) -> str:
    """Return what the screen says of a baseline that failed: why, and what to do.

    Parameters
    ----------
    reason : str
        A sentence of the package's errors: what is wrong, a semicolon, what to do.

    Examples
    --------
    >>> print(failure("signals.emg.baseline='rest': does not vary at all; check the electrodes."))
    This measurement did not succeed.
    <BLANKLINE>
    Why: the signal emg does not vary at all.
    <BLANKLINE>
    What to do: check the electrodes.
    """
    name, _, rest = reason.partition(": ")
    signal = _BASELINE_OF.match(name)
    if signal:
        whose = "it" if signal[1] == TRAINED else f"the signal {signal[1]}"
        reason = f"{whose} {rest}"
    why, _, what = reason.partition("; ")
    lines = ["This measurement did not succeed.", "", f"Why: {why.rstrip('.')}."]
    return "\n".join([*lines, "", f"What to do: {what}"] if what else lines)


class _Screens:
    """Draws and waits, a frame at a time, so that every frame is logged."""

    def __init__(self, nfb: Neurofeedback, win: Window):
        from psychopy import event, visual

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
                raise _Escaped
            yield pressed
        if self._nfb.aborted:
            raise _Escaped

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
            if wait is not None:
                return

    def record(self, seconds: float, eyes: str, countdown: bool) -> None:
        """Show what belongs to the recording."""
        from psychopy_nfb.clock import lsl_now

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
