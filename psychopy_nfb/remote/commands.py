"""What the experiment's computer may ask of the worker: each command with its fields, checked.

Nothing that comes over the network is evaluated, names a file or runs code. What a command's fields
mean is checked where it is carried out; here, that there is nothing but what the command has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from psychopy_nfb.errors import SettingsError, listed
from psychopy_nfb.recording.text import LONGEST_TEXT

LARGEST = 2**53
"""No number of a command is larger."""
MOST_TEXTS = 16
"""A frame's mark may be several, each of `LONGEST_TEXT` characters at most."""
Check = Callable[[object], bool]


def _number(value: object) -> bool:
    right = isinstance(value, int | float) and not isinstance(value, bool)
    return right and -LARGEST <= value <= LARGEST


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _yes_or_no(value: object) -> bool:
    return isinstance(value, int) and value in (0, 1)


def _text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MOST_TEXTS * LONGEST_TEXT


def _mapping(value: object) -> bool:
    return isinstance(value, dict)


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _turn(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and _text(value[0]) and _count(value[1])


OF_ALL: dict[str, Check] = {"called": _number, "number": _count, "source": _or_none(_text)}
"""Fields of each command; ``source`` may be missing."""
COMMANDS: dict[str, dict[str, Check]] = {
    "pause": {},
    "resume": {},
    "reset_score": {},
    "baseline_begin": {"label": _text},
    "baseline_end": {},
    "watch_channels": {"on": _yes_or_no},
    "set": {"changes": _mapping, "signal": _or_none(_text)},
    "mark": {"id": _count, "label": _text, "t": _number},
    "operator": {"label": _text, "value": _or_none(_text), "t": _number},
    "sound": {"label": _text, "t": _number, "detail": _mapping},
    "block": {
        "id": _count,
        "label": _text,
        "edge": lambda value: value in ("begin", "end"),
        "t": _number,
        "begun": _number,
        "cut_off": _yes_or_no,
        "feedback": _yes_or_no,
        "lag": _or_none(_mapping),
        "points": _yes_or_no,
        "training": _yes_or_no,
        "show": _or_none(_turn),
        "shown": _or_none(_text),
        "kept": _or_none(_turn),
    },
    "facts": {"sections": _mapping},
}
TIMES = ("called", "t", "begun")
"""Fields that hold a time on the LSL clock of the computer that sends the command."""


def check_command(content: object) -> tuple[str, int, dict[str, Any]]:
    """Return a command's name, its number and its fields.

    Raises
    ------
    SettingsError
        If it is none.

    Examples
    --------
    >>> check_command({"command": "pause", "number": 3, "called": 12.5})
    ('pause', 3, {'called': 12.5})
    >>> check_command({"command": "eval", "number": 4, "called": 12.5})
    Traceback (most recent call last):
    psychopy_nfb.errors.SettingsError: command='eval': is not a command; the commands are pause,
    resume, reset_score, baseline_begin, baseline_end, watch_channels, set, mark, operator, sound,
    block, facts.
    """
    if not isinstance(content, dict):
        raise SettingsError("command", content, "must be a JSON object")
    fields = dict(content)
    name = fields.pop("command", None)
    if not isinstance(name, str) or name not in COMMANDS:
        raise SettingsError(
            "command", name, f"is not a command; the commands are {listed(COMMANDS)}"
        )
    checks = {**OF_ALL, **COMMANDS[name]}
    for field, value in fields.items():
        if field not in checks:
            raise SettingsError(field, value, f"is not a field of the command {name}; leave it out")
        if not checks[field](value):
            raise SettingsError(field, value, f"cannot be used in the command {name}")
    missing = checks.keys() - fields.keys() - {"source"}
    if missing:
        raise SettingsError("command", name, f"lacks {listed(sorted(missing))}")
    return name, fields.pop("number"), fields


def moved(command: Mapping[str, Any], clock: Callable[[float], float]) -> dict[str, Any]:
    """Return a command with its times on another clock.

    Examples
    --------
    >>> moved({"command": "mark", "t": 2.0, "label": "go"}, lambda t: t + 3)
    {'command': 'mark', 't': 5.0, 'label': 'go'}
    """
    return {key: clock(value) if key in TIMES else value for key, value in command.items()}
