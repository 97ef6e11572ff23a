"""A Routine that runs the blocks of a plan, or one block, with all their screens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.builder.block_checks import check_block, turns_of
from psychopy_nfb.builder.block_fields import CELLS, FIELDS
from psychopy_nfb.builder.dialog_fields import add_fields
from psychopy_nfb.builder.display_code import check_display, follow_signal, making, setting
from psychopy_nfb.builder.experiment_checks import records_baseline
from psychopy_nfb.builder.experiment_signals import main_name, tell_without_signal
from psychopy_nfb.builder.help_page import HelpPage
from psychopy_nfb.builder.key_fields import check_key
from psychopy_nfb.builder.neurofeedback import NeuroFeedbackComponent
from psychopy_nfb.builder.number_fields import check_numbers, constant
from psychopy_nfb.builder.parameters import CATEGORY, ICONS, PLUGIN, code, is_shown, used
from psychopy_nfb.builder.signal_check import ON_ESCAPE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psychopy_nfb.course import Turn
    from psychopy_nfb.untyped import PsychoPyClass as BaseStandaloneRoutine
else:
    from psychopy.experiment.routines import BaseStandaloneRoutine

RESULTS = """\
for {name}Row in {name}.rows({signal}.blinded):
    if {name}Row['number'] > 1:
        thisExp.nextEntry()
    for {name}Column, {name}Cell in {name}Row.items():
        thisExp.addData('{name}.' + {name}Column, {name}Cell)
for {name}Question, {name}Answer in {name}.answers.items():
    thisExp.addData('{name}.' + {name}Question, {name}Answer)
"""
"""A row of PsychoPy's data file for each block; the answers stand in the last one."""


class NeuroBlockRoutine(BaseStandaloneRoutine):
    """Blocks of a session: those of a plan, or one."""

    categories: list[str] = [CATEGORY]
    targets: list[str] = ["PsychoPy"]
    plugin = PLUGIN
    version = "2026.1.0"
    iconFile: Path = ICONS / "block.png"
    iconSVG: Path = ICONS / "block.svg"
    tooltip = "Neuro Block: one block, or a session as planned, with instructions and feedback"
    beta = False
    url: HelpPage = HelpPage("component_neuro_block")
    wait: float | None = None
    """Seconds after which it goes on without a key: no field, see `unattended`."""
    hurry: float | None = None
    """What the times of a plan are divided by: no field, see `unattended`."""

    def __init__(self, exp: Any, name: str = "blocks", disabled: bool = False):
        super().__init__(exp, name=name, disabled=disabled)
        self.type = "NeuroBlock"
        del self.params["stopVal"], self.params["stopType"]
        self.exp.requireImport("psychopy_nfb")
        add_fields(self, FIELDS)
        follow_signal(self)

    @property
    def planned(self) -> bool:
        """Whether it runs a plan, or one block of its own."""
        return bool(self.params["source"].val == "plan")

    @property
    def turns(self) -> Sequence[Turn]:
        """The course of what it runs, as far as it is known before it runs."""
        return turns_of(self)

    def _plan(self) -> list[str]:
        """Return the lines that give the plan."""
        if self.planned:
            return [f"{code(self.params['plan'])},\n"]
        given = {CELLS[name]: code(self.params[name]) for name in CELLS if is_shown(self, name)}
        if given["label"] == "None":
            given["label"] = repr(str(self.params["name"].val))
        cells = (f"    {column}={cell},\n" for column, cell in given.items() if cell != "None")
        return ["psychopy_nfb.one_block(\n", *cells, "),\n"]

    def _known_at_start(self) -> bool:
        """Whether what it runs is known before any loop has begun."""
        names = ("plan",) if self.planned else [one for one in CELLS if is_shown(self, one)]
        return all(constant(self.params[name])[0] for name in names)

    def writeInitCode(self, buff: Any) -> None:
        """Write what checks the plan before anything is shown."""
        params = self.params
        if self.planned:
            # As PsychoPy's own Form does: a plan may ask questions.
            buff.writeIndentedLines("win.allowStencil = True\n")
        self._write_display(buff)
        if not self._known_at_start():
            return
        signal, plan = main_name(self.exp) or "nfb", self._plan()
        flow = [entry for entry in self.exp.flow if entry is not self]
        later = ["calibrated=True,\n"] if any(map(records_baseline, flow)) else []
        later += [] if self._alone() else ["alone=False,\n"]
        lines = "".join(f"        {line}" for line in [f"{signal},\n", *plan, *later])
        buff.writeIndentedLines(
            f"with psychopy_nfb.plan_errors_name_fields('{params['name']}', {self.planned}):\n"
            f"    psychopy_nfb.check_plan(\n{lines}    )\n"
        )

    def _write_display(self, buff: Any) -> None:
        """Write what makes the display, and what shows the value of a frame with it."""
        name = f"{self.params['name']}Display"
        lines = setting(self, name).splitlines(keepends=True)
        buff.writeOnceIndentedLines(
            making(self, name)
            + f"def {self.params['name']}Draw(turn):\n"
            + "".join(f"    {line}" for line in lines)
            + f"    {name}.draw()\n"
        )

    def _alone(self) -> bool:
        """Whether no other block with feedback can come before this Routine's first."""
        others = [
            entry
            for entry in self.exp.flow
            if isinstance(entry, NeuroBlockRoutine) and entry is not self
        ]
        signals = used(self.exp, NeuroFeedbackComponent.__name__)
        blocks = any(str(one.params["feedback"].val) != "False" for one, _ in signals)
        loops = any(type(entry).__name__ == "LoopInitiator" for entry in self.exp.flow)
        return not (others or blocks or loops)

    def writeMainCode(self, buff: Any) -> None:
        """Write the call, its results, and what ends the experiment on Escape."""
        params, signal = self.params, main_name(self.exp) or "nfb"
        name = str(params["name"])
        given = {
            "draw": f"{name}Draw",
            "points": code(params["showPoints"]),
            "key": code(params["key"]),
            "seed": f"int({seed})"
            if self.planned and (seed := code(params["seed"])) != "None"
            else "None",
            "wait": str(self.wait),
            "hurry": str(self.hurry if self.planned else None),
        }
        lines = [
            f"with psychopy_nfb.plan_errors_name_fields('{name}', {self.planned}):\n",
            f"    {name} = psychopy_nfb.run_plan(\n",
            f"        {signal}, win,\n",
            *(f"        {line}" for line in self._plan()),
            *(f"        {one}={value},\n" for one, value in given.items() if value != "None"),
            "    )\n",
        ]
        buff.writeIndentedLines(
            f"\n# --- Blocks: {name} ---\n{''.join(lines)}"
            + RESULTS.format(name=name, signal=signal)
            + ON_ESCAPE.format(name=name)
        )

    def integrityCheck(self) -> None:
        """Tell what can be known to be wrong before the experiment runs."""
        check_key(self)
        tell_without_signal(self)
        check_display(self)
        values = ("value", "threshold") if self.params["display"].val != "text" else ()
        if check_numbers(self, *values):
            check_block(self)
