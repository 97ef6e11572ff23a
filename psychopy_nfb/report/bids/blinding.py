"""What a dataset may tell of what was shown: all of it, or nothing while the study is blinded."""

from __future__ import annotations

import json

import pandas as pd

from psychopy_nfb.protocol import SHOWN

TELLING = ("shown", "shown_ended")
"""Kinds of events that tell what was shown."""


def without_what_was_shown(events: pd.DataFrame) -> pd.DataFrame:
    """Return the events without those that tell what was shown, and without that in the others.

    Examples
    --------
    >>> told = pd.DataFrame({"trial_type": ["block_begin"], "detail": ['{"shown": "sham"}']})
    >>> without_what_was_shown(told).detail.item()
    '{}'
    """
    events = events[~events.trial_type.isin(TELLING)]
    return events.assign(detail=events.detail.map(_detail))


def tells_what_was_shown(column: str) -> bool:
    """Return whether a column of the signals or frames holds what was shown."""
    return column == SHOWN or column.startswith(f"{SHOWN}_")


def _detail(text: object) -> object:
    if not isinstance(text, str):
        return text
    content = json.loads(text)
    if not isinstance(content, dict):
        return text
    return json.dumps({key: one for key, one in content.items() if key != SHOWN})
