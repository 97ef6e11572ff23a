"""A Routine that records a baseline: instructions, recording, repetition when it failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.builder import alerts
from psychopy_nfb.builder.dialog_fields import add_fields
from psychopy_nfb.builder.experiment_signals import main_name, tell_without_signal
from psychopy_nfb.builder.help_page import HelpPage
from psychopy_nfb.builder.key_fields import check_key
from psychopy_nfb.builder.number_fields import check_at_least, check_numbers, constant
from psychopy_nfb.builder.parameters import CATEGORY, ICONS, PLUGIN, Field, code
from psychopy_nfb.builder.signal_check import ON_ESCAPE
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.baseline import SHORTEST_BASELINE, check_length

if TYPE_CHECKING:
    from psychopy_nfb.untyped import PsychoPyClass as BaseStandaloneRoutine
else:
    from psychopy.experiment.routines import BaseStandaloneRoutine

FEW_SECONDS = 30
"""Length from which on a baseline is worth a threshold."""
FIELDS = (
    Field(
        "seconds",
        "60",
        "Length (s)",
        "How long the EEG is recorded, in seconds. 60 is usual; below 30 the threshold becomes a "
        "matter of chance.",
        type="num",
    ),
    Field(
        "eyes",
        "open",
        "Eyes",
        "What the participant does meanwhile. Choose the same as during the training: closed eyes "
        "make much more alpha.",
        control="choice",
        choices={"open": "open, on a cross", "closed": "closed"},
    ),
    Field(
        "instructions",
        "",
        "Instructions",
        "What the participant reads before it begins. Empty: the usual words.",
        control="multi",
    ),
    Field("key", "space", "Key", "Begins it, and repeats it when it failed."),
    Field(
        "countdown",
        True,
        "Show time left",
        "A thin line that becomes shorter.",
        type="bool",
        control="bool",
    ),
    Field(
        "repeats",
        "2",
        "Repeat at most (times)",
        "How often it is recorded again when there was too little clean signal.",
        type="int",
    ),
    Field(
        "keep",
        True,
        "Keep for next time",
        "Keep the baseline in the data folder, in a file of the participant's.",
        tab="Data",
        type="bool",
        control="bool",
    ),
    Field(
        "skip",
        False,
        "Skip if there is one",
        "Leave this Routine out when the signal took over the baseline of an earlier session.",
        tab="Data",
        type="bool",
        control="bool",
    ),
)


class NeuroBaselineRoutine(BaseStandaloneRoutine):
    """A baseline of all signals of the experiment."""

    categories: list[str] = [CATEGORY]
    targets: list[str] = ["PsychoPy"]
    plugin = PLUGIN
    version = "2026.1.0"
    iconFile: Path = ICONS / "baseline.png"
    iconSVG: Path = ICONS / "baseline.svg"
    tooltip = "Neuro Baseline: measure the EEG without feedback, which feedback is compared with"
    beta = False
    url: HelpPage = HelpPage("component_neuro_baseline")
    wait: float | None = None
    """Seconds after which it goes on without a key: no field, see `unattended`."""

    def __init__(self, exp: Any, name: str = "baseline", disabled: bool = False):
        super().__init__(exp, name=name, disabled=disabled)
        self.type = "NeuroBaseline"
        del self.params["stopVal"], self.params["stopType"]
        self.exp.requireImport("psychopy_nfb")
        add_fields(self, FIELDS)

    def writeMainCode(self, buff: Any) -> None:
        """Write the call, and what ends the experiment on Escape."""
        params, signal = self.params, main_name(self.exp) or "nfb"
        name = params["name"]
        names = ("seconds", "eyes", "instructions", "key", "countdown", "repeats", "keep")
        given = {one: code(params[one]) for one in names}
        given["wait"] = str(self.wait)
        arguments = "".join(
            f"        {one}={value},\n" for one, value in given.items() if value != "None"
        )
        labels = {one: params[one].label for one in names}
        call = (
            f"with psychopy_nfb.errors_name_fields('{name}', fields={labels}):\n"
            f"    {name} = psychopy_nfb.run_baseline(\n        {signal}, win,\n{arguments}    )\n"
        )
        lines = (
            f"{call}"
            f"thisExp.addData('{name}.succeeded', {name}.succeeded)\n"
            f"{ON_ESCAPE.format(name=name)}"
        )
        if params["skip"].val:
            indented = "".join(f"    {line}\n" for line in lines.splitlines())
            lines = f"if not {signal}.calibrated:\n{indented}"
        buff.writeIndentedLines(f"\n# --- Baseline: {name} ---\n{lines}")

    def integrityCheck(self) -> None:
        """Tell what can be known to be wrong before the experiment runs."""
        if check_numbers(self):
            check_at_least(self, repeats=0)
            self._check_length()
        check_key(self)
        tell_without_signal(self)

    def _check_length(self) -> None:
        """Tell if the length is missing, can give none, or makes the threshold one of chance."""
        length = self.params["seconds"]
        known, seconds = constant(length)
        if known and seconds is None:
            sentence = "is empty; enter how many seconds are recorded, 60 is usual."
            alerts.tell(self, sentence, "baseline", length.label)
        elif known and seconds < SHORTEST_BASELINE:
            try:
                check_length(seconds)
            except SettingsError as error:
                sentence = f"{seconds:g} {error.remedy}."
                alerts.tell(self, sentence, "baseline", length.label)
        elif known and seconds < FEW_SECONDS:
            sentence = (
                f"{seconds:g} s are few: below {FEW_SECONDS} s the threshold becomes a matter of "
                "chance; 60 is usual."
            )
            alerts.tell(self, sentence, "baseline", length.label)
