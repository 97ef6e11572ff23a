"""Fields that hold the name of a key."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from psychopy_nfb.builder import alerts

NAMED = (
    *("space", "return", "enter", "escape", "tab", "backspace", "delete", "insert"),
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown"),
    *("lshift", "rshift", "lctrl", "rctrl", "lalt", "ralt"),
    *(f"f{number}" for number in range(1, 13)),
    *(f"num_{number}" for number in range(10)),
    *("num_enter", "comma", "period", "slash", "minus", "equal", "semicolon"),
)
"""What PsychoPy calls the keys whose names are longer than a character."""
_CLOSE = 0.75
"""Similarity, 0 to 1, of a mistyped name: spacebar and space have 0.77, leer and enter 0.67."""


def check_key(element: Any) -> None:
    """Tell if the field `key` names no key: the participant could not go on."""
    param = element.params["key"]
    key = str(param.val).strip()
    if key.startswith("$") or key in NAMED or (len(key) == 1 and key.isalnum()):
        return
    near = get_close_matches(key.strip("'\"").lower(), NAMED, 1, _CLOSE)
    meant = f"did you mean {near[0]}?" if near else "enter one key, such as space, return or t."
    alerts.tell(element, f"{key or 'nothing'} is the name of no key; {meant}", field=param.label)
