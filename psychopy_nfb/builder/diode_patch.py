"""The patch that a light sensor watches, to prove when a flip became light."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.builder.block_end import end_with_block
from psychopy_nfb.builder.dialog_fields import add_fields
from psychopy_nfb.builder.experiment_signals import main_name, tell_without_signal
from psychopy_nfb.builder.help_page import HelpPage
from psychopy_nfb.builder.neurofeedback import NeuroFeedbackComponent
from psychopy_nfb.builder.number_fields import check_numbers
from psychopy_nfb.builder.parameters import (
    CATEGORY,
    FRAME,
    ICONS,
    PLUGIN,
    Field,
    code,
)

if TYPE_CHECKING:
    from psychopy_nfb.untyped import PsychoPyClass as BaseComponent
else:
    from psychopy.experiment.components import BaseComponent

FIELDS = (
    Field(
        "mode",
        "code",
        "Mode",
        "What the square shows: a pseudo-random code, by which each frame is found again (usual); "
        "the same in pairs, in which more of the missed frames are seen; "
        "black and white in turn; the grey level of a value; or a flash when the component starts.",
        control="choice",
        choices={
            "code": "pseudo-random code",
            "pairs": "pseudo-random code in pairs",
            "toggle": "black and white in turn",
            "value": "grey level of a value",
            "event": "flash at the start",
        },
    ),
    Field(
        "value",
        "nfb.value",
        "Value (0 to 1)",
        "The grey level, 0 black to 1 white, read in each frame. Usual: nfb.value, to see the "
        "feedback itself in the light.",
        type="code",
        updates=FRAME[-1:],
        offers="shown_values",
        show=(("mode", "== 'value'"),),
    ),
    Field(
        "position",
        "bottom-right",
        "Corner",
        "The corner of the window where the light sensor is.",
        tab="Layout",
        control="choice",
        choices={name: name for name in ("bottom-right", "bottom-left", "top-right", "top-left")},
    ),
    Field(
        "side",
        "",
        "Side (units below)",
        "Length of its side, in the units below. Usually empty: a sixteenth of the window's "
        "height.",
        tab="Layout",
        type="num",
    ),
    Field(
        "units",
        "height",
        "Units",
        "Of the side.",
        tab="Layout",
        control="choice",
        choices={name: name for name in ("height", "pix", "deg", "cm")},
    ),
)


class DiodePatchComponent(BaseComponent):
    """A square whose level in each frame is in the frame log."""

    categories: list[str] = [CATEGORY]
    targets: list[str] = ["PsychoPy"]
    plugin = PLUGIN
    version = "2026.1.0"
    iconFile: Path = ICONS / "diodepatch.png"
    iconSVG: Path = ICONS / "diodepatch.svg"
    tooltip = "Diode Patch: a square for a light sensor; its level in each frame is logged"
    beta = False
    url: HelpPage = HelpPage("component_diode_patch")

    def __init__(
        self,
        exp: Any,
        parentName: str,
        name: str = "patch",
        startType: str = "time (s)",
        startVal: Any = 0.0,
        stopType: str = "duration (s)",
        stopVal: Any = "",
        startEstim: Any = "",
        durationEstim: Any = "",
        saveStartStop: bool = True,
        syncScreenRefresh: bool = True,
        disabled: bool = False,
    ):
        super().__init__(
            exp,
            parentName,
            name=name,
            startType=startType,
            startVal=startVal,
            stopType=stopType,
            stopVal=stopVal,
            startEstim=startEstim,
            durationEstim=durationEstim,
            saveStartStop=saveStartStop,
            syncScreenRefresh=syncScreenRefresh,
            disabled=disabled,
        )
        self.type = "DiodePatch"
        self.exp.requireImport("psychopy_nfb")
        add_fields(self, FIELDS)
        main = main_name(exp)
        if main is not None:  # not all call it nfb
            self.params["value"].val = f"{main}.value"

    def writeInitCode(self, buff: Any) -> None:
        """Write what makes the patch, once however often the Routine is used."""
        params = self.params
        arguments = ["win", *(f"{name}={code(params[name])}" for name in ("mode", "position"))]
        if code(params["side"]) != "None":
            arguments.append(f"size={code(params['side'])}, units={code(params['units'])}")
        buff.writeOnceIndentedLines(
            f"{params['name']} = psychopy_nfb.PhotodiodePatch({', '.join(arguments)})\n"
        )

    def writeFrameCode(self, buff: Any) -> None:
        """Write start, the value shown, and stop."""
        name, signal = self.params["name"], main_name(self.exp)
        indented = self.writeStartTestCode(buff)
        if indented:
            buff.writeIndentedLines(f"{name}.setAutoDraw(True)\n")
            if signal is not None:
                buff.writeIndentedLines(f"{signal}.log_patch({name})\n")
            if self.params["mode"].val == "event":
                buff.writeIndentedLines(f"{name}.trigger()\n")
            buff.setIndentLevel(-indented, relative=True)
        if self.params["mode"].val == "value":
            buff.writeIndentedLines(f"{name}.value = {code(self.params['value'])}\n")
        indented = self.writeStopTestCode(buff, end_with_block(self, NeuroFeedbackComponent))
        if indented:
            buff.writeIndentedLines(f"{name}.setAutoDraw(False)\n")
            buff.setIndentLevel(-indented, relative=True)

    def integrityCheck(self) -> None:
        """Tell when there is no frame log for the patch."""
        super().integrityCheck()
        check_numbers(self, "value")
        tell_without_signal(self)
