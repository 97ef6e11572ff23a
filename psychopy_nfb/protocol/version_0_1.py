"""Settings and tables of version 0.1, turned into those of today.

Version 0.1 had one trained signal, with ``pipeline``, ``protocol`` and ``baseline`` of its own, and
``further`` ones by name; what is rewarded was a part of the protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.value_names import SIGNAL_VALUES, TRAINED, value_name

SETTINGS_NOTICE = (
    "These settings are of version 0.1: the trained signal is read as the signal '%s', further "
    "ones beside it"
)
"""What is told of converted settings; takes the name that the trained signal got."""
_KEYS = ("pipeline", "protocol", "baseline", "further")
_REWARD = {"dwell": "dwell", "refractory": "refractory", "reward_mode": "mode", "points": "points"}


def is_older(settings: Any) -> bool:
    """Return whether these are settings of a training as version 0.1 wrote them.

    Examples
    --------
    >>> is_older({"pipeline": {"steps": []}}), is_older({"signals": {}})
    (True, False)
    """
    return (
        isinstance(settings, dict)
        and "signals" not in settings
        and any(key in settings for key in _KEYS)
    )


def trained_name(further: Iterable[str]) -> str:
    """Return the name of the signal that was the trained one, beside these further ones.

    Examples
    --------
    >>> trained_name(["emg"]), trained_name(["trained"])
    ('trained', 'trained_')
    """
    taken, name = set(further), TRAINED
    while name in taken:
        name += "_"
    return name


def converted_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings of version 0.1 as those of today.

    Examples
    --------
    >>> converted_settings({"protocol": {"threshold": 1.0, "reward_mode": "time"}})
    {'signals': {'trained': {'threshold': 1.0, 'role': 'reward'}}, 'reward': {'mode': 'time'}}

    Raises
    ------
    SettingsError
        If a part of them is no object with named settings.
    """
    rest = {key: value for key, value in settings.items() if key not in _KEYS}
    further = _part(settings, "further")
    protocol = _part(settings, "protocol")
    reward = {new: protocol[old] for old, new in _REWARD.items() if old in protocol}
    own = {key: settings[key] for key in ("pipeline", "baseline") if key in settings}
    signals = {trained_name(further): {**own, **_of_signal(protocol), "role": "reward"}}
    for name in further:
        one = _part(further, name, "further")
        own = {key: value for key, value in one.items() if key not in ("protocol", "inhibits")}
        protocol = _part(one, "protocol", f"further.{name}")
        role = "inhibit" if one.get("inhibits") else "watch"
        signals[name] = {**own, **_of_signal(protocol), "role": role}
    return {**rest, "signals": signals, "reward": reward}


def _of_signal(protocol: dict[str, Any]) -> dict[str, Any]:
    """Return what of a protocol belongs to the signal, not to the reward."""
    return {key: value for key, value in protocol.items() if key not in _REWARD}


def _part(settings: dict[str, Any], key: str, where: str = "") -> dict[str, Any]:
    part = settings.get(key)
    if part is None:
        return {}
    if not isinstance(part, dict):
        name = f"{where}.{key}" if where else key
        raise SettingsError(name, part, "must be an object with named settings")
    return part


def columns_today(columns: Sequence[str]) -> dict[str, str]:
    """Return the columns of a table with values, each with its name of today, in today's order.

    Those of the trained signal had no signal's name before them. Columns of today stay as they are.

    Examples
    --------
    >>> list(columns_today(["t", "value", "signal", "z", "threshold", "score", "emg_z"]).values())
    ['t', 'trained_value', 'trained_signal', 'trained_z', 'trained_threshold', 'emg_z', 'score']
    """
    if not set(SIGNAL_VALUES) <= set(columns):
        return {name: name for name in columns}
    further = [name for name in columns if _is_further(name)]
    name = trained_name(column.rpartition("_")[0] for column in further)
    new: dict[str, str] = {}
    for column in columns:
        if column in SIGNAL_VALUES:
            new[column] = value_name(name, column)
            if column == SIGNAL_VALUES[-1]:
                new |= {one: one for one in further}
        elif column not in further:
            new[column] = column
    return new


def _is_further(column: str) -> bool:
    signal, _, what = column.rpartition("_")
    return bool(signal) and what in SIGNAL_VALUES
