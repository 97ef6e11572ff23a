"""What an operator or another program may ask of a running session, and what must hold of it.

Everything that comes over a socket passes `check_request`: nothing of it is evaluated, and what is
not exactly a command of `COMMANDS` is answered with a sentence.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.errors import SettingsError, listed

VERSION = 1
"""Of the commands and values; it changes when a program that knows an earlier one would err."""
LONGEST_REQUEST = 8192
"""Most bytes of one request."""
LONGEST_NOTE = 500
LONGEST_LABEL = 80
LARGEST = 1e6
"""No threshold, dwell or number of points is larger, in whatever unit."""
NUMBERS = ("threshold", "dwell", "refractory", "points")
"""Settings that may be changed, all numbers."""
RATE, BURST = 20.0, 40.0
"""Requests a second that one program may send in the long run, and at once."""
TOO_MANY = f"came too soon; send at most {RATE:g} requests a second"
SOURCES = ("operator", "remote")
"""Who may ask: a person at the operator's page, or a program."""

_source: ContextVar[str | None] = ContextVar("source", default=None)


class Request(NamedTuple):
    """One command, checked."""

    do: str
    """A key of `COMMANDS`."""
    arguments: dict[str, Any]
    """By name."""


class Budget:
    """What one program may still send: `BURST` requests at once, `RATE` a second after that.

    Examples
    --------
    >>> budget = Budget()
    >>> sum(budget.take() for _ in range(1000)) < 100
    True
    """

    def __init__(self) -> None:
        self._left, self._at = BURST, lsl_now()

    def take(self) -> bool:
        """Return whether another request is within the budget, and count it."""
        now = lsl_now()
        self._left = min(BURST, self._left + RATE * (now - self._at))
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@contextmanager
def asked_by(source: str) -> Iterator[None]:
    """Note `source` in the event of each command that this thread gives meanwhile."""
    before = _source.set(source)
    try:
        yield
    finally:
        _source.reset(before)


def source_entry() -> dict[str, str]:
    """Return who asks for the commands of this thread, as part of one; empty for the experiment."""
    source = _source.get()
    return {} if source is None else {"source": source}


def _text(name: str, value: object, most: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(name, value, "must be a text that is not empty")
    if len(value) > most:
        raise SettingsError(name, value, f"must have at most {most} characters; shorten it")
    text = " ".join(value.split())
    if not text.isprintable():
        raise SettingsError(name, value, "must not hold control characters")
    return text


def _note(name: str, value: object) -> str:
    return _text(name, value, LONGEST_NOTE)


def _label(name: str, value: object) -> str:
    return _text(name, value, LONGEST_LABEL)


def _signal(name: str, value: object) -> str | None:
    return None if value is None else _text(name, value, LONGEST_LABEL)


def _changes(name: str, value: object) -> dict[str, float]:
    if not isinstance(value, Mapping) or not value:
        raise SettingsError(name, value, f"must name at least one of {', '.join(NUMBERS)}")
    for key, number in value.items():
        if key not in NUMBERS:
            raise SettingsError(str(key), number, f"cannot be changed; {', '.join(NUMBERS)} can")
        right = isinstance(number, int | float) and not isinstance(number, bool)
        if not right or not abs(number) < math.inf:  # a whole number may be too large for a float
            raise SettingsError(key, number, "must be a number")
        if abs(number) > LARGEST:
            raise SettingsError(key, number, f"must lie between -{LARGEST:g} and {LARGEST:g}")
    return {key: float(number) for key, number in value.items()}


COMMANDS: dict[str, dict[str, Any]] = {
    "pause": {},
    "resume": {},
    "set": {"changes": _changes, "signal": _signal},
    "freeze": {"signal": _signal},
    "adapt": {"signal": _signal},
    "end_block": {},
    "abort": {},
    "note": {"text": _note},
    "mark": {"label": _label},
}
"""Each command with its arguments and what checks them; ``signal`` may be left out: the first."""


def check_request(message: object) -> Request:
    """Return a message as a command.

    Parameters
    ----------
    message : dict
        ``{"do": "set", "changes": {"threshold": 0.7}}``; keys beside the command's arguments are
        refused.

    Raises
    ------
    SettingsError
        Which part is wrong, and what is possible.

    Examples
    --------
    >>> check_request({"do": "set", "changes": {"threshold": 1}})
    Request(do='set', arguments={'changes': {'threshold': 1.0}, 'signal': None})
    >>> check_request({"do": "eval"})
    Traceback (most recent call last):
    psychopy_nfb.errors.SettingsError: do='eval': is no command; there are: pause, resume, set,
    freeze, adapt, end_block, abort, note, mark.
    """
    if not isinstance(message, dict):
        raise SettingsError("request", message, "must be a JSON object, such as {'do': 'pause'}")
    do = message.get("do")
    if not isinstance(do, str) or do not in COMMANDS:
        raise SettingsError("do", do, f"is no command; there are: {listed(COMMANDS)}")
    checks = COMMANDS[do]
    for key, value in message.items():
        if key != "do" and key not in checks:
            raise SettingsError(
                str(key), value, f"is not a field of the command {do}; leave it out"
            )
    return Request(do, {name: check(name, message.get(name)) for name, check in checks.items()})


def read_number(name: str, text: str) -> float:
    """Return the number that somebody typed, with a decimal point or a decimal comma.

    Raises
    ------
    SettingsError
        If it is none.

    Examples
    --------
    >>> read_number("threshold", "0,7")
    0.7
    """
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise SettingsError(name, text, f"must be a number, such as {name}=0.7") from None


def read_json(text: str | bytes) -> Any:
    """Return what a text of another program holds.

    Raises
    ------
    SettingsError
        If it is too long or no JSON.
    """
    if len(text) > LONGEST_REQUEST:
        raise SettingsError(
            "request", f"{len(text)} bytes", f"must have at most {LONGEST_REQUEST} bytes"
        )
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise SettingsError("request", text, "must be JSON") from None
