"""The screens of a baseline: what to do, the recording with its countdown, whether it succeeded."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psychopy_nfb.checks import check_choice, check_number
from psychopy_nfb.display.screens import Escaped, Screens
from psychopy_nfb.errors import FileError
from psychopy_nfb.protocol import TRAINED
from psychopy_nfb.protocol.baseline import USUAL_SECONDS, check_length

if TYPE_CHECKING:
    from psychopy.visual import Window

    from psychopy_nfb.display.neurofeedback import Neurofeedback

logger: logging.Logger = logging.getLogger(__name__)

INSTRUCTIONS = {
    "open": "Next we measure your brain activity at rest,\nfor {seconds:g} seconds.\n\n"
    "Sit still and look at the cross.\nKeep your jaw and forehead relaxed.",
    "closed": "Next we measure your brain activity at rest,\nfor {seconds:g} seconds.\n\n"
    "Sit still and close your eyes.\nKeep your jaw and forehead relaxed.\n\n"
    "Keep your eyes closed until you are told to open them.",
}
_BASELINE_OF = re.compile(r"signals\.(\w+)\.baseline=")
DONE = {"open": "Thank you.", "closed": "Thank you. You can open your eyes."}
ENDED_SECONDS = 1.5
"""How long the word that it succeeded is shown."""


def _save(nfb: Neurofeedback) -> None:
    """Keep the calibration; this session goes on without a file too."""
    try:
        nfb.save_calibration()
    except FileError as error:
        logger.error("The calibration is not kept for the next session: %s", error)


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
    seconds: float = USUAL_SECONDS,
    eyes: str = "open",
    instructions: str | None = None,
    key: str = "space",
    countdown: bool = True,
    repeats: int = 2,
    wait: float | None = None,
    keep: bool = True,
    label: str | None = None,
) -> BaselineResult:
    """Record a baseline with all its screens, and use it from its end on.

    Parameters
    ----------
    nfb : Neurofeedback
        Started, and attached to `win`.
    win : psychopy.visual.Window
        Where it is shown.
    seconds : float
        Length of the recording: `Neurofeedback.shortest_baseline` or more.
    eyes : {"open", "closed"}
        What the participant does.
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
    label : str, optional
        Name of the block in the recording; None is ``"baseline eyes open"`` or ``"… closed"``.

    Returns
    -------
    BaselineResult

    Raises
    ------
    SettingsError
        If a parameter cannot be used, such as a length that can give no baseline.
    """
    check_choice("eyes", eyes, tuple(INSTRUCTIONS))
    seconds = check_length(seconds, nfb.shortest_baseline)
    check_number("repeats", repeats, at_least=0)
    if wait is not None:
        check_number("wait", wait, at_least=0, unit="s")
    screens = Screens(nfb, win)
    attempts, reason = 0, None
    try:
        text = instructions
        if text is None:
            text = INSTRUCTIONS[eyes].format(seconds=seconds)
        screens.wait_for(f"{text}\n\nPress {key} to begin.", key, wait)
        while True:
            attempts += 1
            nfb.begin_baseline(f"eyes {eyes}")
            with nfb.block(label or f"baseline eyes {eyes}", feedback=False):
                screens.record(seconds, eyes, countdown)
            reason = None if nfb.end_baseline() else nfb.refusal
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
    except Escaped:
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
