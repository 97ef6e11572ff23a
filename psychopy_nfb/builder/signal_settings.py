"""What can be known to be wrong with the settings of a signal before the experiment runs."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.builder import alerts
from psychopy_nfb.builder.field_errors import API_NAMES, IN_MILLISECONDS, LABELS, field_error
from psychopy_nfb.builder.number_fields import check_numbers, constant
from psychopy_nfb.builder.own_parts import plugin_problems
from psychopy_nfb.builder.parameters import is_shown
from psychopy_nfb.builder.schedule_fields import schedule_fields
from psychopy_nfb.builder.threshold_fields import PLACES, rule_of, rule_settings
from psychopy_nfb.checks import check_delay_ms, check_frame_rate, or_thousandth
from psychopy_nfb.errors import NfbError
from psychopy_nfb.protocol.chosen_lag import LONGEST_LAG

if TYPE_CHECKING:
    from psychopy_nfb.protocol import Signal

PIPELINE = (
    "channels",
    "reference",
    "referenceChannels",
    "exclude",
    "envelope",
    "delayMs",
    "lineFrequency",
    "artifact",
    "smooth",
)
SHOWN = ("normalise", "threshold", "thresholdKind", "direction", "displaySmoothingMs")
REWARD = ("dwell", "refractory", "rewardMode", "points", "loss", "blockSuccess")
NONE_MEANS_OFF = ("lineFrequency", "artifact", "smooth")
_LEAST_ARTIFACT_UV = 5.0
"""No EEG stays below it, so that all would be artifact."""
_LONGEST_SECONDS = {"dwell": 30.0, "refractory": 120.0, "smooth": 10.0, "timeout": 600.0}
"""A longer time is one of milliseconds."""
_EMPTY_FIELD = {
    "threshold": "; leave the field empty for that",
    "threshold.start": "; leave the field empty to begin where the baseline has it",
}
"""What an empty field would do, by the place of a number that is out of reach."""
_HIGHEST_HZ = 1000.0
"""No rhythm of the EEG is faster."""
_LEAST_BAND_UV = ((30.0, 1.0), (_HIGHEST_HZ, 0.2))
"""Microvolts below which the amplitude of a band hardly ever is, by the band's upper edge in Hz:
above 30 Hz the EEG is weaker."""
Problem = tuple[str, str, str]
"""Kind of the alert, label of the field, sentence."""


def check_settings(component: Any) -> None:
    """Tell what is wrong with the settings of a signal's component."""
    own = list(plugin_problems(component))
    for sentence in own:
        alerts.tell(component, sentence, "file", LABELS["plugins"])
    if own:  # the settings may name what is in them
        return
    check_numbers(component)  # what of them is no number is as unknown as code below
    problems = _file_problems if component.params["settingsFile"].val else _problems
    for kind, label, sentence in problems(component):
        alerts.tell(component, sentence, kind, label)


def _file_problems(component: Any) -> Iterator[Problem]:
    from psychopy_nfb.engine.configuration import read_configuration

    yield from _run_problems(component)  # which the file does not replace
    known, name = constant(component.params["settingsFile"])
    home = component.exp.filename
    path = Path(str(name))
    if not known or not (home or path.is_absolute()):
        return
    path = Path(home or ".").resolve().parent / path
    if not path.is_file():
        yield "file", LABELS["settingsFile"], f"{path} is not there; choose the file again."
        return
    try:
        read_configuration(path)
    except NfbError as error:
        yield "file", LABELS["settingsFile"], str(error)


def _problems(component: Any) -> Iterator[Problem]:
    params = component.params
    values = {name: constant(param)[1] for name, param in params.items()}
    told = dict(_delay_problems(component)) | dict(_long_problems(component))
    for name, sentence in told.items():
        yield "unit", LABELS[name], sentence
    yield from _run_problems(component)
    for name in ("bandLow", "bandHigh"):
        if params[name].val in ("", None):
            yield "setting", LABELS[name], "is empty; enter a frequency in Hz."
            return
        edge = values[name]
        if edge is not None and edge > _HIGHEST_HZ:
            yield (
                "setting",
                LABELS[name],
                f"{edge:g} Hz is faster than any rhythm of the EEG; enter at most {_HIGHEST_HZ:g}.",
            )
            return
    if (params["displayLow"].val == "") != (params["displayHigh"].val == ""):
        empty = "displayLow" if params["displayLow"].val == "" else "displayHigh"
        yield "setting", LABELS[empty], "is empty; fill in both ends of the display or none."
        return
    lag = constant(params["lagMs"])[1]
    if lag is not None and not 1 <= lag <= 1e3 * LONGEST_LAG:
        yield (
            "setting",
            LABELS["lagMs"],
            f"{lag:g} is no lag in milliseconds; enter 1 to {1e3 * LONGEST_LAG:g} or nothing.",
        )
    if rule_settings(component) and params["threshold"].updates == "set every repeat":
        yield (
            "setting",
            LABELS["threshold"],
            "would be set with each repeat, after which it follows no more; make it constant, or "
            "leave it empty.",
        )
        return
    if values["normalise"] == "none" and values["thresholdKind"] != "fixed":
        yield (
            "setting",
            LABELS["thresholdKind"],
            "takes the threshold from the baseline; choose how the signal is compared with it.",
        )
    limit = values["artifact"]
    if limit is not None and limit < _LEAST_ARTIFACT_UV:
        yield (
            "reach",
            LABELS["artifact"],
            f"{limit:g} µV is less than any EEG has, so there would be no reward; usual is 100, "
            "and an empty field means no limit.",
        )
        return
    try:
        signal = _signal(component, SHOWN, told)
        if component.role == "reward":
            _check_reward(component, told)
    except NfbError as error:
        wrong = field_error(str(params["name"]), error)
        yield "setting", wrong.field, wrong.sentence
        return
    edge = values["bandHigh"]
    least = 0.0 if edge is None else next(uv for up_to, uv in _LEAST_BAND_UV if edge <= up_to)
    yield from _reach_problems(signal, (values["displayLow"], values["displayHigh"]), limit, least)


def _delay_problems(component: Any) -> Iterator[tuple[str, str]]:
    """Yield each field with a delay in milliseconds that is none, and why."""
    for name in ("delayMs", "displaySmoothingMs"):
        known, value = constant(component.params[name])
        if not known or value is None or not is_shown(component, name):
            continue
        try:
            check_delay_ms(name, value, at_least=0)
        except NfbError as error:
            yield name, f"{error.value:g} {error.remedy}"


def _long_problems(component: Any) -> Iterator[tuple[str, str]]:
    """Yield each field with a time in seconds that is too long for one, and why."""
    for name, longest in _LONGEST_SECONDS.items():
        seconds = constant(component.params[name])[1]
        if seconds is not None and seconds > longest and is_shown(component, name):
            meant = or_thousandth(seconds, "s")
            yield name, f"{seconds:g} s{meant or f' is too long; enter at most {longest:g} s.'}"


def _run_problems(component: Any) -> Iterator[Problem]:
    """Yield what of stream and frame rate the run would refuse; only one component's counts."""
    if not component.leads:
        return
    pace = constant(component.params["pace"])[1]
    if pace:  # 0 is never, as nothing is
        try:
            check_frame_rate("pace", pace)
        except NfbError as error:
            told = field_error(str(component.params["name"]), error)
            yield "setting", told.field, told.sentence
    for name in ("timeout", "rate"):
        value = constant(component.params[name])[1]
        if value is not None and value <= 0 and is_shown(component, name):
            unit = "Hz" if name == "rate" else "s"
            yield "setting", LABELS[name], f"{value:g}: must be above 0 {unit}."


def _reach_problems(
    signal: Signal, display: tuple[Any, Any], limit: float | None, least: float
) -> Iterator[Problem]:
    """Yield why a threshold cannot be learned from."""
    from psychopy_nfb.engine.reach import UNITS, out_of_reach

    found = list(out_of_reach(signal, limit, least))
    for place, sentence in found:
        in_unit = place != "threshold" or signal.threshold_kind == "fixed"
        advice = _EMPTY_FIELD.get(place, "") if in_unit else ""
        field = PLACES.get(place, "threshold")
        yield "reach" if in_unit else "unit", LABELS[field], f"{sentence}{advice}."
    threshold, unit = signal.threshold, UNITS[signal.normalise]
    if found or None in display or not isinstance(threshold, (int, float)):
        return
    if signal.threshold_kind == "fixed":
        empty, full = display
        up = signal.direction == "up"
        inside = empty <= threshold < full if up else empty < threshold <= full
        if not inside:
            yield (
                "reach",
                LABELS["threshold"],
                f"{threshold:g}{unit} lies outside of what the display shows, {empty:g} to "
                f"{full:g}{unit}; change it, or leave both ends of the display empty.",
            )


def _signal(component: Any, shown: Sequence[str], told: Container[str]) -> Signal:
    """Make the signal as far as its settings are known, which raises what is wrong with them.

    Fields that are `told` already are left out.
    """
    from psychopy_nfb.engine.presets import band_amplitude

    params = component.params
    given = _given(component, [name for name in (*PIPELINE, *shown) if name not in told])
    if constant(params["channels"]) == (True, None):
        given["channels"] = ""  # not the default: an empty field is a mistake
    if "line_frequency" in given:
        text = given["line_frequency"]
        given["line_frequency"] = None if text in ("None", None) else float(text)
    for name in IN_MILLISECONDS:
        if API_NAMES[name] in given:
            given[API_NAMES[name]] /= 1e3
    for pair, low, high in (
        ("band", "bandLow", "bandHigh"),
        ("display_range", "displayLow", "displayHigh"),
    ):
        edges = [constant(params[edge]) for edge in (low, high)]
        if all(known and value is not None for known, value in edges):
            given[pair] = tuple(value for _, value in edges)
    settings = rule_settings(component)
    if settings:
        given.pop("threshold_kind", None)
        found = {setting: constant(params[name]) for setting, name in settings.items()}
        if all(known for known, _ in found.values()):
            numbers = {name: value for name, (_, value) in found.items() if value is not None}
            given["threshold"] = rule_of(component, numbers)
    return band_amplitude(**given, role=component.role)


def _check_reward(component: Any, told: Container[str]) -> None:
    """Make the reward as far as its settings are known, which raises what is wrong with them.

    Fields that are `told` already are left out.
    """
    from psychopy_nfb.protocol import Reward

    given = _given(component, [name for name in REWARD if name not in told])
    found = {one: constant(component.params[f]) for one, f in schedule_fields(component).items()}
    if found and all(known for known, _ in found.values()):
        numbers = {setting: value for setting, (_, value) in found.items() if value is not None}
        given["schedule"] = {"type": component.params["schedule"].val, **numbers}
    Reward(**given)


def _given(component: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return what is known of some fields, by their parameter of the Coder API."""
    given: dict[str, Any] = {}
    for name in names:
        known, value = constant(component.params[name])
        if known and (value is not None or name in NONE_MEANS_OFF):
            given[API_NAMES.get(name, name)] = value
    return given
