"""An experiment changed from outside so that it runs to its end and asks nothing.

`psychopy-nfb compile --unattended` uses it, to try an experiment out and for tests. The experiment
itself needs nothing for this: no field, no code, no entry in its information dialog.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psychopy.experiment import Experiment
    from psychopy.experiment.routines import Routine

LONGEST_SECONDS = 5
"""No Routine lasts longer, and no recording of a baseline."""
WAIT_SECONDS = 1.0
"""How long the screens of our own Routines wait in place of a key."""
HURRY = 60
"""What the times of a plan are divided by."""
SUMMARY = (
    f"a script that asks nothing: no dialog, no keys, in a window, simulated EEG; each Routine "
    f"ends after {LONGEST_SECONDS} s at the latest, each loop runs once, and plans run "
    f"{HURRY} times as fast"
)
_SETTINGS = {
    "Show info dlg": False,
    "Full-screen window": False,
    "Window size (pixels)": "[800, 600]",
    # On a virtual display PsychoPy tries to measure it for a minute, in vain.
    "measureFrameRate": False,
    "frameRate": "60",
}


def make_unattended(experiment: Experiment) -> None:
    """Change `experiment` so that its script runs to its end alone, in a short time.

    Parameters
    ----------
    experiment : psychopy.experiment.Experiment
        Loaded; its file is not touched.
    """
    for name, value in _SETTINGS.items():
        experiment.settings.params[name].val = value
    for routine in experiment.routines.values():
        if hasattr(routine, "settings"):  # a Routine of components
            _shorten(routine)
        elif hasattr(routine, "wait"):
            routine.wait = WAIT_SECONDS
            if hasattr(routine, "hurry"):
                routine.hurry = HURRY
            if "seconds" in routine.params:
                seconds = routine.params["seconds"]
                seconds.val = _at_most(seconds.val, LONGEST_SECONDS)
    for entry in experiment.flow:
        if entry.getType() == "LoopInitiator":
            times = entry.loop.params["nReps"]
            times.val = _at_most(times.val, 1)


def _shorten(routine: Routine) -> None:
    """Let a Routine end by itself, and its signals be simulated ones."""
    stop, kind = routine.settings.params["stopVal"], routine.settings.params["stopType"]
    timed = kind.val == "duration (s)" and stop.val not in ("", None)
    stop.val = _at_most(stop.val, LONGEST_SECONDS) if timed else str(LONGEST_SECONDS)
    kind.val = "duration (s)"
    for component in routine:
        if "simulate" in component.params:
            component.params["simulate"].val = "always"


def _at_most(value: object, most: int) -> str:
    """Return Python code for `value`, a number or code, or `most` if that is less."""
    return f"min({str(value).lstrip('$')}, {most})"
