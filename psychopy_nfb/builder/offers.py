"""What the buttons beside fields offer: streams and channels on the network, signals, names.

Each function is called when its button is pressed, never before, and only then looks at LSL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from textwrap import fill
from typing import TYPE_CHECKING, Any

from psychopy_nfb.builder.parameters import used
from psychopy_nfb.errors import NfbError

if TYPE_CHECKING:
    from psychopy_nfb.lsl.selection import StreamSelection

LOOK_SECONDS = 1.0
"""How long a press of a button looks for streams."""
MESSAGE_WIDTH = 90
"""Longest line of a message, in characters."""
USUAL_CHANNELS = (
    *("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8"),
    *("P7", "P3", "Pz", "P4", "P8", "O1", "Oz", "O2", "TP9", "TP10", "A1", "A2", "M1", "M2"),
)
"""Labels of the 10-20 system, and of the usual references."""
STREAM_FIELDS = {
    "stream_type": "streamType",
    "stream_name": "streamName",
    "source_id": "sourceId",
    "hostname": "hostname",
}
"""The component's fields that say which stream it is, by their names in a device's profile."""


@dataclass(frozen=True)
class Offer:
    """What a person may choose from."""

    message: str
    """What stands above the list."""
    labels: list[str]
    """One line each."""
    values: list[dict[str, str]]
    """What each line puts into which fields."""
    several: bool = False
    """Whether more than one may be chosen; their values are joined by commas."""

    def chosen(self, lines: list[int]) -> dict[str, str]:
        """Return what the chosen lines put into which fields."""
        fields: dict[str, str] = {}
        for line in lines:
            for name, value in self.values[line].items():
                fields[name] = f"{fields[name]}, {value}" if name in fields else value
        return fields

    def ticked(self, name: str, text: str) -> list[int]:
        """Return the lines that the field `name`, which holds `text`, has already."""
        held = {part.strip() for part in text.split(",")}
        return [line for line, value in enumerate(self.values) if value.get(name) in held]


def streams(element: Any, field: str, texts: dict[str, str]) -> Offer:
    """Offer the streams of the network; the choice fills all fields that say which stream it is.

    Parameters
    ----------
    element : component, Routine or device
        Whose dialog it is.
    field : str
        Beside which the button is.
    texts : dict of str: str
        What the fields of the dialog hold now.
    """
    from psychopy_nfb.hardware.profiles import scan

    *found, _ = scan(irregular=True)
    names = _field_names(texts)
    return Offer(
        "LSL streams that are sent now:"
        if found
        else "No LSL stream was found. Is the amplifier on, and its LSL output?",
        [profile["deviceName"] for profile in found],
        [{name: profile[key] for key, name in names.items()} for profile in found],
    )


def _field_names(texts: dict[str, str]) -> dict[str, str]:
    """Return the fields of a dialog that say which stream it is, by the name in a profile."""
    if "stream_type" in texts:  # of a device
        return {key: key for key in STREAM_FIELDS}
    return STREAM_FIELDS


def wanted_stream(texts: dict[str, str]) -> StreamSelection:
    """Return which stream the fields of a dialog mean, those of a device or of a component.

    Raises
    ------
    SettingsError
        If they mean none.
    """
    from psychopy_nfb.hardware.amplifier import LSLAmplifier, device_stream

    if device := chosen_device(texts):
        return device_stream(device)
    names = {**_field_names(texts), "units": "units", "rate": "rate"}
    return LSLAmplifier(**{key: texts.get(name, "") for key, name in names.items()}).selection


def chosen_device(texts: dict[str, str]) -> str:
    """Return the device that a component's dialog names, empty for none."""
    device = texts.get("deviceLabel", "")
    return "" if device == "None" else device


def channels(element: Any, field: str, texts: dict[str, str]) -> Offer:
    """Offer the channels of the stream that the dialog names, or the usual ones without it."""
    from psychopy_nfb.channels import EEG
    from psychopy_nfb.lsl.ask import ask_channels
    from psychopy_nfb.lsl.find import find_stream

    try:
        info = find_stream(replace(wanted_stream(texts), timeout=LOOK_SECONDS))
        found = ask_channels(info, LOOK_SECONDS, units="uV")  # their names, whatever their unit
    except NfbError as error:
        message = fill(f"No channels can be read: {error.remedy}.", MESSAGE_WIDTH)
        message += "\nLabels of the 10-20 system:"
        labels, lines = USUAL_CHANNELS, list(USUAL_CHANNELS)
    else:
        message = f"Channels of the stream '{info.name()}':"
        labels = found.labels
        lines = [
            label if kind == EEG else f"{label} (no EEG)"
            for label, kind in zip(labels, found.kinds, strict=True)
        ]
    return Offer(message, lines, [{field: label} for label in labels], several=True)


def signals(element: Any) -> list[tuple[str, bool]]:
    """Return names of the experiment's signals, and whether each leads; that one first."""
    kin = [one for one, _ in used(element.exp, "NeuroFeedbackComponent") if one.role != "same"]
    kin.sort(key=lambda one: not one.leads)
    return [(str(one.params["name"]), one.leads) for one in kin]


def components(element: Any, field: str, texts: dict[str, str]) -> Offer:
    """Offer the Neuro Feedback components whose signal another one may use."""
    names = [name for name, _ in signals(element)]
    return Offer("Signals of this experiment:", names, [{field: name} for name in names])


def _expressions(
    element: Any, field: str, leading: dict[str, str], others: dict[str, str]
) -> Offer:
    """Offer what there is of each signal: attributes and what they mean."""
    labels, values = [], []
    for name, leads in signals(element):
        for attribute, meaning in (leading if leads else others).items():
            labels.append(f"{name}.{attribute}: {meaning}")
            values.append({field: f"{name}.{attribute}"})
    message = "What there is of the experiment's signals:"
    if not labels:
        message = "There is no signal yet: add a Neuro Feedback component to a Routine."
    return Offer(message, labels, values)


def shown_values(element: Any, field: str, texts: dict[str, str]) -> Offer:
    """Offer what a display may show."""
    value = "the signal as displays show it, 0 to 1"
    beyond = "whether it is beyond its threshold, for a tone, a dimmer or a sign"
    return _expressions(
        element,
        field,
        {
            "value": value,
            "score": "points so far, for a text",
            "hits": "hits so far, for a text",
            "rewards": "rewards so far, for a text or the tone at each reward",
            "rewards / 30": "the share of thirty rewards that is reached, for a picture",
            "beyond": beyond,
            "quality": "share of clean EEG in the last second, 0 to 1",
        },
        {"value": value, "beyond": beyond},
    )


def thresholds(element: Any, field: str, texts: dict[str, str]) -> Offer:
    """Offer the thresholds that a display may mark."""
    meaning = {"display_threshold": "its threshold as displays show it"}
    return _expressions(element, field, meaning, meaning)


def warnings(element: Any, field: str, texts: dict[str, str]) -> Offer:
    """Offer while what a display may warn."""
    return _expressions(
        element,
        field,
        {
            "stale": "no new EEG has arrived",
            "quality < 0.5": "more than half of the last second was bad",
        },
        {"beyond": "it is beyond its threshold"},
    )


OFFERS: dict[str, Callable[[Any, str, dict[str, str]], Offer]] = {
    "streams": streams,
    "channels": channels,
    "components": components,
    "shown_values": shown_values,
    "thresholds": thresholds,
    "warnings": warnings,
}
"""By the name that a `Field` gives."""
