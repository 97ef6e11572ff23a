"""The code that makes a feedback display of its dialog's fields, and what is told of them before.

The Feedback Display component and the Neuro Block Routine have the same fields.
"""

from __future__ import annotations

import re
from typing import Any

from psychopy_nfb.builder import alerts
from psychopy_nfb.builder.display_fields import HEARD_ONCE, WITH_THRESHOLD, WITH_WARNING
from psychopy_nfb.builder.display_look import check_look
from psychopy_nfb.builder.display_values import check_meaning
from psychopy_nfb.builder.experiment_signals import main_name, signal_classes
from psychopy_nfb.builder.number_fields import constant
from psychopy_nfb.builder.parameters import code, is_shown
from psychopy_nfb.display.text import check_template
from psychopy_nfb.errors import SettingsError

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
_LIVE = re.compile(r"\b\w+\.(?:z|signal|beyond)\b")
"""What a signal has whether there is feedback or not."""


def follow_signal(element: Any) -> None:
    """Let a new display follow the experiment's signal, which not all call nfb."""
    main = main_name(element.exp)
    if main is not None:
        element.params["value"].val = f"{main}.value"
        element.params["threshold"].val = f"{main}.display_threshold"


def making(element: Any, name: str) -> str:
    """Return the lines that make the display of an element's fields, called `name`."""
    display = element.params["display"].val
    where = main_name(element.exp) if display == "tone" else "win"
    return (
        f"with psychopy_nfb.errors_name_fields('{element.params['name']}'):\n"
        f"    {name} = psychopy_nfb.{CLASSES[display]}(\n"
        f"        {where}, {', '.join(_arguments(element.params))}\n"
        "    )\n"
    )


def setting(element: Any, name: str) -> str:
    """Return the lines that set what the display `name` shows in this frame.

    What a signal is now is shown where there is feedback only: not before or after a block, nor in
    one without feedback. Its ``value`` says so itself.
    """
    params, display = element.params, element.params["display"].val
    value, inhibit = code(params["value"]), code(params["inhibit"])
    run = main_name(element.exp)
    if run is not None and _LIVE.search(value):
        value = f"({value}) if {run}.showing else None"
    lines = [f"{name}.value = {value}\n"]
    if display in WITH_THRESHOLD and params["threshold"].val:
        lines.append(f"{name}.threshold = {code(params['threshold'])}\n")
    if display in WITH_WARNING and params["inhibit"].val:
        showing = f"{run}.showing and " if run is not None and _LIVE.search(inhibit) else ""
        lines.append(f"{name}.warning = {showing}bool({inhibit})\n")
    return "".join(lines)


def _arguments(params: Any) -> list[str]:
    """Return the constructor's keyword arguments that are not left to their defaults."""
    display = params["display"].val
    given = {}
    if display == "tone":
        given = _of_tone(params)
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
        given |= _colors(params)
    return [f"{name}={value}" for name, value in given.items() if value != "None"]


def _of_tone(params: Any) -> dict[str, str]:
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


def _colors(params: Any) -> dict[str, str]:
    display = params["display"].val
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


def check_display(element: Any) -> None:
    """Tell of fields with which nothing can be seen or heard, or nothing that means something."""
    value, template = element.params["value"], element.params["template"]
    if not str(value.val).strip():
        alerts.tell(element, "is empty; enter the value of a signal.", field=value.label)
    known, text = constant(template)
    if element.params["display"].val == "text" and known:
        try:
            check_template(text or "")
        except SettingsError as error:
            alerts.tell(element, f"{text} {error.remedy}.", field=template.label)
    check_meaning(element, signal_classes(element.exp))
    if is_shown(element, "pictures") and not str(element.params["pictures"].val).strip(" ,"):
        alerts.tell(element, "no picture is named.", field=element.params["pictures"].label)
    check_look(element, _of_look(element.params))


def _of_look(params: Any) -> list[str]:
    """Return which fields of position, size and colours the display uses."""
    display = params["display"].val
    if display in ("dimmer", "tone"):
        return []
    used = ["pos"] if display == "text" else ["pos", "size"]
    used += ["scale"] if display == "thermometer" else []
    used += ["color"] if display in (*WITH_COLOR, "color") else []
    used += ["rewardColor"] if display in (*WITH_THRESHOLD, "sign") else []
    return used + (["warningColor"] if display in (*WITH_WARNING, "sign") else [])


def check_tone(element: Any) -> None:
    """Tell of a tone that follows something else than its kind needs."""
    value = element.params["value"]
    wanted = VALUES.get(element.params["toneKind"].val)
    if is_shown(element, "toneKind") and wanted and re.fullmatch(r"\w+\.value", str(value.val)):
        signal = str(value.val).split(".")[0]
        alerts.tell(
            element,
            f"{value.val} is a number from 0 to 1, and this tone follows something else; enter "
            f"{signal}.{wanted}.",
            field=value.label,
        )
