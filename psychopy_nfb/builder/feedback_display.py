"""What the participant sees: a bar, a circle, a trace, a colour or a text."""

from __future__ import annotations

from typing import Any

from psychopy.experiment.components import BaseComponent

from psychopy_nfb.builder.parameters import (
    CATEGORY,
    ICONS,
    PLUGIN,
    Field,
    add_fields,
    code,
    show_when,
)

CLASSES = {
    "bar": "FeedbackBar",
    "circle": "FeedbackCircle",
    "trace": "FeedbackTrace",
    "color": "FeedbackColor",
    "text": "FeedbackText",
}
BASIC = (
    Field(
        "display",
        "bar",
        "Display",
        "How the value is shown.",
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
        "Value",
        "Python code, read each frame: nfb.value or any other number from 0 to 1; for a text "
        "whatever is to be written, such as nfb.score.",
        type="code",
    ),
    Field(
        "threshold",
        "nfb.threshold_shown",
        "Threshold",
        "Python code, read each frame: where reward begins. Empty: none.",
        type="code",
    ),
    Field(
        "inhibit",
        "",
        "Warn while",
        "Python code, read each frame: the warning colour shows while it is true, such as "
        "emg.beyond. Empty: never.",
        type="code",
    ),
    Field(
        "template",
        "{:.0f}",
        "Written as",
        "How a number is written, after Python's format: {:.1f} points",
    ),
)
LAYOUT = (
    Field(
        "pos",
        "(0, 0)",
        "Position",
        "Of the centre.",
        tab="Layout",
        type="list",
    ),
    Field(
        "size",
        "",
        "Size",
        "Width and height; for a circle the smaller and the larger radius. Empty: a usual one.",
        tab="Layout",
        type="list",
    ),
    Field(
        "letterHeight",
        "",
        "Letter height",
        "Of a text. Empty: a usual one.",
        tab="Layout",
        type="num",
    ),
    Field(
        "units",
        "from exp settings",
        "Units",
        "Of position and size.",
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
        "Of the display; of a colour square when it is full.",
        tab="Appearance",
        type="color",
        control="color",
    ),
    Field(
        "rewardColor",
        "#1DB88A",
        "Reward colour",
        "At and beyond the threshold.",
        tab="Appearance",
        type="color",
        control="color",
    ),
    Field(
        "warningColor",
        "#E8743B",
        "Warning colour",
        "While the warning lasts.",
        tab="Appearance",
        type="color",
        control="color",
    ),
)


class FeedbackDisplayComponent(BaseComponent):
    """A display that follows the feedback."""

    categories = [CATEGORY]
    targets = ["PsychoPy"]
    plugin = PLUGIN
    version = "2026.1.0"
    iconFile = ICONS / "feedbackdisplay.png"
    iconSVG = ICONS / "feedbackdisplay.svg"
    tooltip = "Feedback Display: a bar, circle, trace, colour or text that follows the feedback"
    beta = False

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
        show_when(self, "template", "display", "== 'text'")
        show_when(self, "threshold", "display", "not in ('text', 'color')")
        show_when(self, "inhibit", "display", "in ('bar', 'circle')")
        show_when(self, "rewardColor", "display", "not in ('text', 'color')")
        show_when(self, "warningColor", "display", "in ('bar', 'circle')")

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
            f"{name} = psychopy_nfb.{CLASSES[self._display]}(\n"
            f"    win, {', '.join(self._arguments())}\n"
            ")\n"
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
