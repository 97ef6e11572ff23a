"""What the participant sees, or hears: a bar, a text, a picture, a tone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.builder import experiment_checks
from psychopy_nfb.builder.block_end import end_with_block
from psychopy_nfb.builder.dialog_fields import add_fields
from psychopy_nfb.builder.display_code import (
    check_display,
    check_tone,
    follow_signal,
    making,
    setting,
)
from psychopy_nfb.builder.display_fields import (
    APPEARANCE,
    BASIC,
    LAYOUT,
)
from psychopy_nfb.builder.display_times import check_span
from psychopy_nfb.builder.experiment_signals import signal_classes, tell_without_signal
from psychopy_nfb.builder.help_page import HelpPage
from psychopy_nfb.builder.neurofeedback import NeuroFeedbackComponent
from psychopy_nfb.builder.number_fields import check_numbers
from psychopy_nfb.builder.older_files import Converted, newer_code
from psychopy_nfb.builder.parameters import CATEGORY, ICONS, PLUGIN, used

if TYPE_CHECKING:
    from psychopy_nfb.untyped import PsychoPyClass as BaseComponent
else:
    from psychopy.experiment.components import BaseComponent


class FeedbackDisplayComponent(BaseComponent):
    """A display that follows the feedback."""

    categories: list[str] = [CATEGORY]
    targets: list[str] = ["PsychoPy"]
    plugin = PLUGIN
    version = "2026.1.0"
    iconFile: Path = ICONS / "feedbackdisplay.png"
    iconSVG: Path = ICONS / "feedbackdisplay.svg"
    tooltip = "Feedback Display: a bar, text, picture or tone that follows the feedback"
    beta = False
    url: HelpPage = HelpPage("component_feedback_display")

    def __init__(
        self,
        exp: Any,
        parentName: str,
        name: str = "display",
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
        self.type = "FeedbackDisplay"
        self.exp.requireImport("psychopy_nfb")
        add_fields(self, (*BASIC, *LAYOUT, *APPEARANCE))
        for field in ("value", "threshold", "inhibit"):
            self.params[field] = Converted(self.params[field], newer_code)
        follow_signal(self)

    @property
    def _display(self) -> str:
        return self.params["display"].val

    def writeInitCode(self, buff: Any) -> None:
        """Write what makes the display, once however often the Routine is used."""
        name = self.params["name"]
        buff.writeOnceIndentedLines(making(self, name))
        if self._display != "tone":
            buff.writeIndentedLines(f"{name}.depth = {-self.getPosInRoutine()}\n")

    def writeFrameCode(self, buff: Any) -> None:
        """Write start, what it shows in this frame, and stop."""
        name, heard = self.params["name"], self._display == "tone"
        indented = self.writeStartTestCode(buff)
        if indented:
            buff.writeIndentedLines("pass\n" if heard else f"{name}.setAutoDraw(True)\n")
            buff.setIndentLevel(-indented, relative=True)
        buff.writeIndentedLines(f"\nif {name}.status == STARTED:\n")
        buff.setIndentLevel(+1, relative=True)
        buff.writeIndentedLines(setting(self, name))
        if heard:
            buff.writeIndentedLines(f"{name}.update()\n")
        buff.setIndentLevel(-1, relative=True)
        indented = self.writeStopTestCode(buff, end_with_block(self, NeuroFeedbackComponent))
        if indented:
            buff.writeIndentedLines(f"{name}.stop()\n" if heard else f"{name}.setAutoDraw(False)\n")
            buff.setIndentLevel(-indented, relative=True)

    def integrityCheck(self) -> None:
        """Tell what can be known to be wrong before the experiment runs."""
        super().integrityCheck()
        check_numbers(self, *(("value", "threshold") if self._display != "text" else ()))
        check_display(self)
        check_tone(self)
        if self._display == "tone":
            tell_without_signal(self)
        experiment_checks.check_is_read(self, NeuroFeedbackComponent)
        check_span(self, NeuroFeedbackComponent)
        others = [one for one, _ in used(self.exp, "NeuroFeedbackComponent")]
        if not others and next(used(self.exp, "FeedbackDisplayComponent"))[0] is self:
            # Otherwise the first signal goes through all names.
            experiment_checks.check_names(self.exp, signal_classes(self.exp))
