"""Events of this package's own sessions, as words."""

from __future__ import annotations

import json

SAID_ALONE = ("mark", "marker", "note")
"""Events whose value is a text of the experiment, another program or the operator."""


def event_text(text: str) -> str:
    """Return the words of an event that a session has recorded; any other text as it is.

    Examples
    --------
    >>> event_text('{"event": "mark", "kind": "experiment", "value": "eyes open", "sample": 9}')
    'eyes open'
    >>> event_text('{"event": "flags", "kind": "flags", "value": "FLAT"}'), event_text("S  1")
    ('flags: FLAT', 'S  1')
    """
    if not text.startswith('{"event"'):
        return text
    try:
        told = json.loads(text)
    except ValueError:
        return text
    event, value = told.get("event"), told.get("value")
    if not isinstance(event, str) or "kind" not in told:
        return text
    if value is None:
        return event
    return str(value) if event in SAID_ALONE else f"{event}: {value}"
