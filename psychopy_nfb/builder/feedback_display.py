"""What the participant sees: a bar, a circle, a trace, a colour or a text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.builder import alerts, experiment_checks
from psychopy_nfb.builder.dialog_fields import add_fields
from psychopy_nfb.builder.feedback_fields import WRITTEN_AS
from psychopy_nfb.builder.help_page import HelpPage
from psychopy_nfb.builder.neurofeedback import (
    NeuroFeedbackComponent,
    main_name,
    signal_classes,
)
from psychopy_nfb.builder.number_fields import check_numbers, constant
from psychopy_nfb.builder.older_files import Converted, newer_code
from psychopy_nfb.builder.parameters import CATEGORY, ICONS, PLUGIN, Field, code, used
from psychopy_nfb.display.text import check_template
from psychopy_nfb.errors import SettingsError

if TYPE_CHECKING:
    from psychopy_nfb.untyped import PsychoPyClass as BaseComponent
else:
    from psychopy.experiment.components import BaseComponent

CLASSES = {
    "bar": "FeedbackBar",
    "circle": "FeedbackCircle",
    "trace": "FeedbackTrace",
    "color": "FeedbackColor",
    "text": "FeedbackText",
}
_NUMBERS = ("display", "not in ('text', 'color')")
_TEXT = ("display", "== 'text'")
_WARNING = ("display", "in ('bar', 'circle')")
BASIC = (
    Field(
        "display",
        "bar",
        "Display",
        "How the value is shown. A bar with its threshold is usual.",
        control="choice",
        choices={
            "bar": "bar",
            "circle": "circle",
            "trace": "trace",
            "color": "colour square",
            "text": "text",
        },
    ),
    Field(
        "value",
        "nfb.value",
        "Value (0 to 1)",
        "What is shown, read in each frame: the value of a signal, or Python code that gives a "
        "number from 0 to 1; for a text whatever is to be written, such as nfb.score. The button "
        "lists the signals of this experiment.",
        type="code",
        offers="shown_values",
    ),
    Field(
        "threshold",
        "nfb.display_threshold",
        "Threshold (0 to 1)",
        "Where the mark of the threshold is, read in each frame. Usually the threshold of the "
        "signal that is shown. Empty: no mark.",
        type="code",
        offers="thresholds",
        show=(_NUMBERS,),
    ),
    Field(
        "inhibit",
        "",
        "Warn while",
        "The warning colour shows while this is true, read in each frame: emg.beyond for muscle "
        "activity. Usually empty: never.",
        type="code",
        offers="warnings",
        show=(_WARNING,),
    ),
    Field(
        "template",
        "{:.0f}",
        WRITTEN_AS,
        "How a number is written: {:.0f} without decimals, {:.1f} points with one and a word.",
        show=(_TEXT,),
    ),
    Field(
        "letterHeight",
        "",
        "Letter height (units of Layout)",
        "Height of the letters, in the units that are chosen on the tab Layout. Empty: a usual "
        "height.",
        type="num",
        show=(_TEXT,),
    ),
)
LAYOUT = (
    Field(
        "pos",
        "(0, 0)",
        "Position [x, y] (units below)",
        "Of the centre, in the units below.",
        tab="Layout",
        type="list",
    ),
    Field(
        "size",
        "",
        "Size [w, h] (units below)",
        "Width and height, in the units below; for a circle its radius when empty and when full. "
        "Empty: a usual size.",
        tab="Layout",
        type="list",
    ),
    Field(
        "units",
        "from exp settings",
        "Units",
        "Of position, size and letters. height is usual: 1 is the height of the window.",
        tab="Layout",
        control="choice",
        choices={
            name: name
            for name in ("from exp settings", "height", "norm", "pix", "deg", "cm", "degFlat")
        },
    ),
)
APPEARANCE = (
    Field(
        "color",
        "#56B4E9",
        "Colour",
        "Of the display below the threshold; of a colour square when it is full.",
        tab="Appearance",
        type="color",
        control="color",
    ),
    Field(
        "rewardColor",
        "#1DB88A",
        "Reward colour",
        "Of bar and circle beyond the threshold; of a trace the ground beyond it. Not used for a "
        "text or a colour square.",
        tab="Appearance",
        type="color",
        control="color",
    ),
    Field(
        "warningColor",
        "#E8743B",
        "Warning colour",
        "Of bar and circle while the warning lasts.",
        tab="Appearance",
        type="color",
        control="color",
    ),
)


class FeedbackDisplayComponent(BaseComponent):
    """A display that follows the feedback."""

    categories: list[str] = [CATEGORY]
    targets: list[str] = ["PsychoPy"]
    plugin = PLUGIN
    version = "2026.1.0"
    iconFile: Path = ICONS / "feedbackdisplay.png"
    iconSVG: Path = ICONS / "feedbackdisplay.svg"
    tooltip = "Feedback Display: a bar, circle, trace, colour or text that follows the feedback"
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
        main = main_name(exp)
        if main is not None:  # not all call it nfb
            self.params["value"].val = f"{main}.value"
            self.params["threshold"].val = f"{main}.display_threshold"

    @property
    def _display(self) -> str:
        return self.params["display"].val

    def _arguments(self) -> list[str]:
        """Return the constructor's keyword arguments that are not left to their defaults."""
        params, display = self.params, self._display
        given = {}
        if display == "text":
            given["template"] = code(params["template"])
        given["pos"] = code(params["pos"])
        if display == "text":
            given["height"] = code(params["letterHeight"])
        else:
            given["radius" if display == "circle" else "size"] = code(params["size"])
        if params["units"].val != "from exp settings":
            given["units"] = repr(params["units"].val)
        given["high_color" if display == "color" else "color"] = code(params["color"])
        if display in ("bar", "circle"):
            given["reward_color"] = code(params["rewardColor"])
            given["warning_color"] = code(params["warningColor"])
        elif display == "trace":
            given["shade_color"] = code(params["rewardColor"])
        return [f"{name}={value}" for name, value in given.items() if value != "None"]

    def writeInitCode(self, buff: Any) -> None:
        """Write what makes the display, once however often the Routine is used."""
        name = self.params["name"]
        buff.writeOnceIndentedLines(
            f"with psychopy_nfb.errors_name_fields('{name}'):\n"
            f"    {name} = psychopy_nfb.{CLASSES[self._display]}(\n"
            f"        win, {', '.join(self._arguments())}\n"
            "    )\n"
        )
        buff.writeIndentedLines(f"{name}.depth = {-self.getPosInRoutine()}\n")

    def writeFrameCode(self, buff: Any) -> None:
        """Write start, what it shows in this frame, and stop."""
        name = self.params["name"]
        indented = self.writeStartTestCode(buff)
        if indented:
            buff.writeIndentedLines(f"{name}.setAutoDraw(True)\n")
            buff.setIndentLevel(-indented, relative=True)
        buff.writeIndentedLines(f"\nif {name}.status == STARTED:\n")
        buff.setIndentLevel(+1, relative=True)
        buff.writeIndentedLines(f"{name}.value = {code(self.params['value'])}\n")
        if self._display not in ("text", "color") and self.params["threshold"].val:
            buff.writeIndentedLines(f"{name}.threshold = {code(self.params['threshold'])}\n")
        if self._display in ("bar", "circle") and self.params["inhibit"].val:
            buff.writeIndentedLines(f"{name}.warning = bool({code(self.params['inhibit'])})\n")
        buff.setIndentLevel(-1, relative=True)
        indented = self.writeStopTestCode(buff)
        if indented:
            buff.writeIndentedLines(f"{name}.setAutoDraw(False)\n")
            buff.setIndentLevel(-indented, relative=True)

    def integrityCheck(self) -> None:
        """Tell what can be known to be wrong before the experiment runs."""
        super().integrityCheck()
        check_numbers(self, *(("value", "threshold") if self._display != "text" else ()))
        self._check_value()
        experiment_checks.check_is_read(self, NeuroFeedbackComponent)
        experiment_checks.check_outlasts(self, NeuroFeedbackComponent)
        others = [one for one, _ in used(self.exp, "NeuroFeedbackComponent")]
        if not others and next(used(self.exp, "FeedbackDisplayComponent"))[0] is self:
            # Otherwise the first signal goes through all names.
            experiment_checks.check_names(self.exp, signal_classes(self.exp))

    def _check_value(self) -> None:
        """Tell if there is nothing to show, or no way to write it."""
        value, template = self.params["value"], self.params["template"]
        if not str(value.val).strip():
            alerts.tell(self, "is empty; enter the value of a signal.", field=value.label)
        known, text = constant(template)
        if self._display == "text" and known:
            try:
                check_template(text or "")
            except SettingsError as error:
                alerts.tell(self, f"{text} {error.remedy}.", field=template.label)
