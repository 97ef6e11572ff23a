"""A Routine that shows which channels are good, before the run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.builder.dialog_fields import add_fields
from psychopy_nfb.builder.experiment_signals import main_name, tell_without_signal
from psychopy_nfb.builder.help_page import HelpPage
from psychopy_nfb.builder.key_fields import check_key
from psychopy_nfb.builder.parameters import CATEGORY, ICONS, PLUGIN, Field, code

if TYPE_CHECKING:
    from psychopy_nfb.untyped import PsychoPyClass as BaseStandaloneRoutine
else:
    from psychopy.experiment.routines import BaseStandaloneRoutine

FIELDS = (Field("key", "space", "Key", "Ends the check."),)
ON_ESCAPE = """\
if {name}.escaped:
    thisExp.status = FINISHED
    endExperiment(thisExp, win=win)
    return
"""


class SignalCheckRoutine(BaseStandaloneRoutine):
    """Each channel, live: good or bad, why, and what to do about it."""

    categories: list[str] = [CATEGORY]
    targets: list[str] = ["PsychoPy"]
    plugin = PLUGIN
    version = "2026.1.0"
    iconFile: Path = ICONS / "signalcheck.png"
    iconSVG: Path = ICONS / "signalcheck.svg"
    tooltip = "Signal Check: each EEG channel, live, good or bad with reason and remedy"
    beta = False
    url: HelpPage = HelpPage("component_signal_check")
    wait: float | None = None
    """Seconds after which it goes on without a key: no field, see `unattended`."""

    def __init__(self, exp: Any, name: str = "signal_check", disabled: bool = False):
        super().__init__(exp, name=name, disabled=disabled)
        self.type = "SignalCheck"
        del self.params["stopVal"], self.params["stopType"]
        self.exp.requireImport("psychopy_nfb")
        add_fields(self, FIELDS)

    def writeMainCode(self, buff: Any) -> None:
        """Write the call, and what ends the experiment on Escape."""
        name, signal = self.params["name"], main_name(self.exp) or "nfb"
        arguments = f"{signal}, win, key={code(self.params['key'])}"
        arguments += "" if self.wait is None else f", wait={self.wait}"
        buff.writeIndentedLines(
            f"\n# --- Signal check: {name} ---\n"
            f"{name} = psychopy_nfb.show_signal_check({arguments})\n"
            f"thisExp.addData('{name}.bad', "
            f"', '.join({name}.bad) if {name}.judged else 'not judged')\n"
            + ON_ESCAPE.format(name=name)
        )

    def integrityCheck(self) -> None:
        """Tell when there is nothing to check, or no key ends it."""
        check_key(self)
        tell_without_signal(self)
