"""The settings of a training as the script has them: what the dialogs say, as Python code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psychopy_nfb.builder.field_errors import API_NAMES, IN_MILLISECONDS
from psychopy_nfb.builder.parameters import code
from psychopy_nfb.builder.schedule_fields import schedule_code
from psychopy_nfb.builder.signal_settings import NONE_MEANS_OFF, PIPELINE, REWARD, SHOWN
from psychopy_nfb.builder.threshold_fields import rule_code, rule_settings

_STREAM = ("streamType", "streamName", "sourceId", "hostname", "units", "rate", "timeout")


def settings_lines(component: Any, others: Sequence[Any]) -> list[str]:
    """Return the lines of a training's settings, the first argument of `Neurofeedback`.

    Parameters
    ----------
    component : NeuroFeedbackComponent
        Of the first signal, which says which stream it is and when there is reward.
    others : sequence of NeuroFeedbackComponent
        Of the other signals.
    """
    params = component.params
    if params["settingsFile"].val:
        return [f"{code(params['settingsFile'])},\n"]
    signals = [line for one in (component, *others) for line in _signal_lines(one)]
    return [
        "psychopy_nfb.Configuration(\n",
        f"    stream={_stream(component)},\n",
        "    signals={\n",
        *(f"        {line}" for line in signals),
        "    },\n",
        f"    reward=psychopy_nfb.Reward({_reward(component)}),\n",
        f"    publish={code(params['publish'])},\n",
        "),\n",
    ]


def _signal_lines(component: Any) -> list[str]:
    """Return the lines of its entry among the signals, a call of `band_amplitude`."""
    params = component.params
    band = f"band=({code(params['bandLow'])}, {code(params['bandHigh'])})"
    lines = [
        f"{_keywords(component, 'channels')}, {band}",
        _keywords(component, *PIPELINE[1:4]),
        _keywords(component, *PIPELINE[4:]),
        _shown(component),
    ]
    ends = [code(params[name]) for name in ("displayLow", "displayHigh")]
    if ends != ["None", "None"]:
        lines.append(f"display_range=({', '.join(ends)})")
    name = params["name"]
    return [
        f"'{name}': psychopy_nfb.errors_name_fields('{name}')(psychopy_nfb.band_amplitude)(\n",
        f"    role='{component.role}',\n",
        *(f"    {line},\n" for line in lines),
        "),\n",
    ]


def _shown(component: Any) -> str:
    """Return the arguments of comparison, threshold and display."""
    if not rule_settings(component):
        return _keywords(component, *SHOWN)
    others = [name for name in SHOWN if name not in ("threshold", "thresholdKind")]
    return f"threshold={rule_code(component)}, {_keywords(component, *others)}"


def _reward(component: Any) -> str:
    """Return the arguments of the reward."""
    schedule = schedule_code(component)
    return _keywords(component, *REWARD) + (f", schedule={schedule}" if schedule else "")


def _stream(component: Any) -> str:
    """Return the call that says which stream it is."""
    if code(component.params["deviceLabel"]) == "None":
        return f"psychopy_nfb.StreamSelection({_keywords(component, *_STREAM)})"
    device = code(component.params["deviceLabel"])
    return f"psychopy_nfb.device_stream({device}, {_keywords(component, 'timeout')})"


def _keywords(component: Any, *names: str) -> str:
    """Return keyword arguments in a row; what is empty is left to its default."""
    given = {
        name: code(component.params[name])
        for name in names
        if component.params[name].updates in (None, "constant")  # others come with the Routine
    }
    for name in set(given) & set(IN_MILLISECONDS):
        given[name] = _in_seconds(given[name])
    return ", ".join(
        f"{API_NAMES.get(name, name)}={value}"
        for name, value in given.items()
        if value != "None" or name in NONE_MEANS_OFF
    )


def _in_seconds(milliseconds: str) -> str:
    """Return Python code for a time in seconds, of code for one in milliseconds."""
    try:
        return f"{float(milliseconds) / 1e3:g}"
    except ValueError:
        return milliseconds if milliseconds == "None" else f"({milliseconds}) / 1000"
