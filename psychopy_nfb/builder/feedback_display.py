"""What the participant sees, or hears: a bar, a text, a picture, a tone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.builder import alerts, experiment_checks
from psychopy_nfb.builder.block_end import end_with_block
from psychopy_nfb.builder.dialog_fields import add_fields
from psychopy_nfb.builder.display_fields import (
    APPEARANCE,
    BASIC,
    HEARD_ONCE,
    LAYOUT,
    WITH_THRESHOLD,
    WITH_WARNING,
)
from psychopy_nfb.builder.display_values import check_meaning
from psychopy_nfb.builder.help_page import HelpPage
from psychopy_nfb.builder.neurofeedback import (
    NeuroFeedbackComponent,
    main_name,
    signal_classes,
    tell_without_signal,
)
from psychopy_nfb.builder.number_fields import check_numbers, constant
from psychopy_nfb.builder.older_files import Converted, newer_code
from psychopy_nfb.builder.parameters import CATEGORY, ICONS, PLUGIN, code, is_shown, used
from psychopy_nfb.display.text import check_template
from psychopy_nfb.errors import SettingsError

if TYPE_CHECKING:
    from psychopy_nfb.untyped import PsychoPyClass as BaseComponent
else:
    from psychopy.experiment.components import BaseComponent

CLASSES = {
    "bar": "FeedbackBar",
    "thermometer": "FeedbackThermometer",
    "circle": "FeedbackCircle",
    "trace": "FeedbackTrace",
    "color": "FeedbackColor",
    "text": "FeedbackText",
    "sign": "FeedbackSign",
    "progress": "FeedbackProgress",
    "dimmer": "FeedbackDimmer",
    "tone": "FeedbackTone",
}
WITH_COLOR = (*WITH_THRESHOLD, "text")
VALUES = {"reward": "rewards", "criterion": "beyond"}
"""What a tone follows that is not the value from 0 to 1, by its kind."""


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
        if display == "tone":
            given = self._of_tone()
        elif display == "dimmer":
            given = {"darkest": code(params["darkest"]), "smooth": code(params["dimSeconds"])}
        else:
            if display == "text":
                given["template"] = code(params["template"])
            elif display == "progress":
                names = [one.strip() for one in str(params["pictures"].val).split(",")]
                given["pictures"] = repr([one for one in names if one])
            elif display == "thermometer":
                given["scale"] = code(params["scale"])
            given["pos"] = code(params["pos"])
            if display == "text":
                given["height"] = code(params["letterHeight"])
            else:
                given["radius" if display == "circle" else "size"] = code(params["size"])
            if params["units"].val != "from exp settings":
                given["units"] = repr(params["units"].val)
            given |= self._colors()
        return [f"{name}={value}" for name, value in given.items() if value != "None"]

    def _of_tone(self) -> dict[str, str]:
        params = self.params
        kind = params["toneKind"].val
        given = {
            "kind": repr(kind),
            "name": repr(str(params["name"])),
            "volume": code(params["volume"]),
        }
        if kind == "pitch":
            low, high = code(params["toneLow"]), code(params["toneHigh"])
            given["frequencies"] = "None" if "None" in (low, high) else f"({low}, {high})"
        else:
            given["frequency"] = code(params["tonePitch"])
        if kind in HEARD_ONCE:
            given["seconds"] = code(params["toneSeconds"])
            given["sound"] = code(params["soundFile"])
        given["required"] = repr(params["withoutSound"].val == "stop")
        return given

    def _colors(self) -> dict[str, str]:
        params, display = self.params, self._display
        color, reward, warning = (
            code(params[name]) for name in ("color", "rewardColor", "warningColor")
        )
        if display == "color":
            return {"high_color": color}
        if display == "sign":
            return {"success_color": reward, "failure_color": warning}
        given = {"color": color} if display in WITH_COLOR else {}
        if display in WITH_WARNING:
            given |= {"reward_color": reward, "warning_color": warning}
        elif display == "trace":
            given["shade_color"] = reward
        return given

    def writeInitCode(self, buff: Any) -> None:
        """Write what makes the display, once however often the Routine is used."""
        name = self.params["name"]
        heard = self._display == "tone"
        where = main_name(self.exp) if heard else "win"
        buff.writeOnceIndentedLines(
            f"with psychopy_nfb.errors_name_fields('{name}'):\n"
            f"    {name} = psychopy_nfb.{CLASSES[self._display]}(\n"
            f"        {where}, {', '.join(self._arguments())}\n"
            "    )\n"
        )
        if not heard:
            buff.writeIndentedLines(f"{name}.depth = {-self.getPosInRoutine()}\n")

    def writeFrameCode(self, buff: Any) -> None:
        """Write start, what it shows in this frame, and stop."""
        name, display = self.params["name"], self._display
        heard = display == "tone"
        indented = self.writeStartTestCode(buff)
        if indented:
            buff.writeIndentedLines("pass\n" if heard else f"{name}.setAutoDraw(True)\n")
            buff.setIndentLevel(-indented, relative=True)
        buff.writeIndentedLines(f"\nif {name}.status == STARTED:\n")
        buff.setIndentLevel(+1, relative=True)
        buff.writeIndentedLines(f"{name}.value = {code(self.params['value'])}\n")
        if display in WITH_THRESHOLD and self.params["threshold"].val:
            buff.writeIndentedLines(f"{name}.threshold = {code(self.params['threshold'])}\n")
        if display in WITH_WARNING and self.params["inhibit"].val:
            buff.writeIndentedLines(f"{name}.warning = bool({code(self.params['inhibit'])})\n")
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
        self._check_value()
        check_meaning(self, signal_classes(self.exp))
        self._check_shown()
        experiment_checks.check_is_read(self, NeuroFeedbackComponent)
        experiment_checks.check_outlasts(self, NeuroFeedbackComponent)
        others = [one for one, _ in used(self.exp, "NeuroFeedbackComponent")]
        if not others and next(used(self.exp, "FeedbackDisplayComponent"))[0] is self:
            # Otherwise the first signal goes through all names.
            experiment_checks.check_names(self.exp, signal_classes(self.exp))

    def _check_shown(self) -> None:
        """Tell of fields without which nothing can be seen or heard."""
        value = str(self.params["value"].val)
        wanted = VALUES.get(self.params["toneKind"].val)
        if is_shown(self, "toneKind") and wanted and re.fullmatch(r"\w+\.value", value):
            signal = value.split(".")[0]
            alerts.tell(
                self,
                f"{value} is a number from 0 to 1, and this tone follows something else; enter "
                f"{signal}.{wanted}.",
                field=self.params["value"].label,
            )
        if is_shown(self, "pictures") and not str(self.params["pictures"].val).strip(" ,"):
            alerts.tell(self, "no picture is named.", field=self.params["pictures"].label)
        if self._display == "tone":
            tell_without_signal(self)

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
