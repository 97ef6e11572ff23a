"""Fields of the schedule of reinforcement, and the schedule that they are."""

from __future__ import annotations

from typing import Any

from psychopy_nfb.builder.parameters import Field, code, is_shown

_HITS = (("role", "== 'reward'"), ("rewardMode", "== 'hit'"))
_EACH = "Continuous"
FIELDS = (
    Field(
        "schedule",
        _EACH,
        "Rewarded are",
        "Which of the hits are rewarded. Usual: all. With a ratio each so many hits bring one "
        "reward, with an interval the first hit after some time does; variable ones are drawn anew "
        "for each reward and keep people at it for longer.",
        control="choice",
        choices={
            _EACH: "all hits",
            "FixedRatio": "each n-th hit (FR)",
            "VariableRatio": "hits at random, one in n (VR)",
            "FixedInterval": "the first hit after some time (FI)",
            "VariableInterval": "the first hit after a random time (VI)",
        },
        show=_HITS,
    ),
    Field(
        "scheduleHits",
        "3",
        "Hits per reward",
        "How many hits bring one reward, on average if they are drawn. 2 to 5 is usual.",
        type="num",
        show=(*_HITS, ("schedule", "in ('FixedRatio', 'VariableRatio')")),
    ),
    Field(
        "scheduleSeconds",
        "10",
        "Time between rewards (s)",
        "How many seconds after a reward the first hit is rewarded, on average if they are drawn. "
        "Only time in which points are counted goes on.",
        type="num",
        show=(*_HITS, ("schedule", "in ('FixedInterval', 'VariableInterval')")),
    ),
)
_SETTINGS = {"scheduleHits": "n", "scheduleSeconds": "seconds"}
PLACES = {f"schedule.{setting}": name for name, setting in _SETTINGS.items()}
"""Fields by the parameter that an error names."""


def schedule_fields(component: Any) -> dict[str, str]:
    """Return by setting of the schedule which field has it; empty where each hit is rewarded."""
    return {setting: name for name, setting in _SETTINGS.items() if is_shown(component, name)}


def schedule_code(component: Any) -> str:
    """Return the schedule as Python source; empty where each hit is rewarded."""
    fields = schedule_fields(component)
    given = {setting: code(component.params[name]) for setting, name in fields.items()}
    parts = [f"'{setting}': {value}" for setting, value in given.items() if value != "None"]
    if not fields:
        return ""
    return "{" + ", ".join([f"'type': '{component.params['schedule'].val}'", *parts]) + "}"
