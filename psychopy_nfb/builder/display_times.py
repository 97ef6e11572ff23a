"""Displays that are on the screen while there is no feedback, told before the run."""

from __future__ import annotations

import re
from typing import Any

from psychopy_nfb.builder import alerts

LIVE = re.compile(r"\w+\.(value|z|signal|beyond)\b")
"""Values of a signal that mean something only while there is feedback."""


def check_span(display: Any, signals: type[Any]) -> None:
    """Tell of a display that begins before, or ends after, the block whose feedback it shows.

    Parameters
    ----------
    display : component
        What shows a signal.
    signals : type
        Class of the components that begin and end blocks.
    """
    block = next(
        (
            one
            for one in display.exp.routines[display.parentName]
            if isinstance(one, signals)
            and not one.params["disabled"].val
            and one.params["role"].val in ("reward", "same")
        ),
        None,
    )
    if block is None or not LIVE.search(str(display.params["value"].val)):
        return
    name = block.params["name"]
    begin, end = _span(display)
    block_begin, block_end = _span(block)
    if end is not None and block_begin is not None and end <= block_begin:
        alerts.tell(
            display,
            f"it ends at {end:g} s, before the feedback of {name} begins at {block_begin:g} s, so "
            "that none is ever seen; let both start and end at the same time.",
            "time",
            "Stop",
        )
        return
    if begin is not None and block_begin is not None and begin < block_begin:
        alerts.tell(
            display,
            f"it starts at {begin:g} s, but the feedback of {name} begins at {block_begin:g} s and "
            "it is empty until then; let both start at the same time.",
            "time",
            "Start",
        )
    if end is not None and block_end is not None and end > block_end:
        alerts.tell(
            display,
            f"it stays until {end:g} s, but the feedback of {name} ends at {block_end:g} s and it "
            "is empty from then on; let both end at the same time.",
            "time",
            "Stop",
        )


def _span(component: Any) -> tuple[float | None, float | None]:
    """Return when a component begins and ends, in seconds of its Routine; None if not known."""
    params = component.params
    if params["startType"].val != "time (s)":
        return None, None
    begin = _number(params["startVal"].val or 0)
    stop = _number(params["stopVal"].val)
    if begin is None or stop is None:
        return begin, None
    end = {"duration (s)": begin + stop, "time (s)": stop}.get(params["stopType"].val)
    # An end that is none has an alert of its own.
    return begin, end if end is None or end > begin else None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
