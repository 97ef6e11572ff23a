"""Fields of a threshold that follows the person, and the rule that they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psychopy_nfb.builder.parameters import Field, code, is_shown

KINDS = {
    "success": "following success",
    "running": "following the running mean",
    "trend": "rising as planned",
    "staircase": "in steps after each block",
    "quest": "by QUEST, after each block",
}
"""Further choices of *Threshold given as*, and what the dialog shows for each."""
_TYPES = {kind: kind.capitalize() for kind in KINDS}
_COMPARED = ("normalise", "!= 'none'")


def _shown(*kinds: str) -> tuple[tuple[str, str], ...]:
    return (_COMPARED, ("thresholdKind", f"in {kinds}"))


FIELDS = (
    Field(
        "successTarget",
        "",
        "Share beyond the threshold (0 to 1)",
        "How much of the time the signal shall be beyond the threshold. Empty: the usual 0.6; 0.1 "
        "for a signal that withholds reward. 0.6 to 0.9 are in use.",
        tab="Feedback",
        type="num",
        show=_shown(
            "success",
        ),
    ),
    Field(
        "lookBack",
        "60",
        "Look back (s)",
        "How many clean seconds the threshold follows. 60 is usual; it first moves after half of "
        "them.",
        tab="Feedback",
        type="num",
        show=_shown("success", "running"),
    ),
    Field(
        "changeEvery",
        "5",
        "Change every (s)",
        "How many seconds the threshold stays where it is before it moves on. 5 is usual.",
        tab="Feedback",
        type="num",
        show=_shown("success", "running", "trend"),
    ),
    Field(
        "freezeAfter",
        "",
        "Freeze after (s)",
        "After how many clean seconds the threshold moves no more. Usually empty: it follows to "
        "the end. Of a signal that withholds reward 20 to 40 with a look back of 40.",
        tab="Feedback",
        type="num",
        show=_shown(
            "success",
        ),
    ),
    Field(
        "deviations",
        "0.5",
        "Above the running mean (SD)",
        "How many running standard deviations the threshold lies above the running mean; below 0 "
        "where less is rewarded.",
        tab="Feedback",
        type="num",
        show=_shown(
            "running",
        ),
    ),
    Field(
        "rise",
        "0.05",
        "Rise per minute (SD, %, share)",
        "What is added to the threshold with each clean minute, in the unit of the comparison with "
        "the baseline; below 0 where less is rewarded.",
        tab="Feedback",
        type="num",
        show=_shown(
            "trend",
        ),
    ),
    Field(
        "step",
        "0.1",
        "Step (SD, %, share)",
        "How far the threshold moves after a block, in the unit of the comparison with the "
        "baseline.",
        tab="Feedback",
        type="num",
        show=_shown(
            "staircase",
        ),
    ),
    Field(
        "harderAt",
        "0.7",
        "Harder from (0 to 1)",
        "From which share of the block beyond the threshold on the next block is harder.",
        tab="Feedback",
        type="num",
        show=_shown(
            "staircase",
        ),
    ),
    Field(
        "questShare",
        "0.25",
        "Share for a success (0 to 1)",
        "A block is a success when the signal was beyond the threshold for this share of its clean "
        "time. 0.25 is usual.",
        tab="Feedback",
        type="num",
        show=_shown("quest"),
    ),
    Field(
        "questAim",
        "0.75",
        "Blocks that succeed (0 to 1)",
        "The share of the blocks that shall be a success: QUEST looks for the threshold at which "
        "they are. 0.75 is usual.",
        tab="Feedback",
        type="num",
        show=_shown("quest"),
    ),
    Field(
        "questSd",
        "",
        "Threshold known to within (SD, %, share)",
        "How uncertain the first threshold is, as a standard deviation in the unit chosen above: a "
        "larger one lets QUEST move further at first. Empty: 0.15, with a comparison in standard "
        "deviations; otherwise it is needed.",
        tab="Feedback",
        type="num",
        show=_shown("quest"),
    ),
    Field(
        "easierAt",
        "0.4",
        "Easier up to (0 to 1)",
        "Up to which share of the block beyond the threshold the next block is easier.",
        tab="Feedback",
        type="num",
        show=_shown(
            "staircase",
        ),
    ),
)
_SETTINGS = {
    "successTarget": "target",
    "lookBack": "window",
    "changeEvery": "update",
    "freezeAfter": "freeze_after",
    "deviations": "k",
    "rise": "slope",
    "step": "step",
    "harderAt": "up_at",
    "easierAt": "down_at",
    "questShare": "share",
    "questAim": "aim",
    "questSd": "sd",
    "threshold": "start",
}
"""Names of the rules' settings by field."""
PLACES = {
    **{f"threshold.{setting}": name for name, setting in _SETTINGS.items()},
    "threshold.tau": "lookBack",
}
"""Fields by the parameter that an error names."""


def rule_settings(component: Any) -> dict[str, str]:
    """Return by setting which field of the component has it; empty where it has no rule."""
    kind = component.params["thresholdKind"].val
    if kind not in KINDS or not is_shown(component, "thresholdKind"):
        return {}
    settings = {_SETTINGS[name]: name for name in _SETTINGS if is_shown(component, name)}
    if kind == "running":
        settings["tau"] = settings.pop("window")
    return settings


def rule_of(component: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rule as a settings file has it, of the values of its settings."""
    return {"type": _TYPES[component.params["thresholdKind"].val], **values}


def rule_code(component: Any) -> str:
    """Return the rule as Python source; what is empty is left to its default."""
    given = {
        setting: code(component.params[name]) for setting, name in rule_settings(component).items()
    }
    parts = [f"'{setting}': {value}" for setting, value in given.items() if value != "None"]
    kind = _TYPES[component.params["thresholdKind"].val]
    return "{" + ", ".join([f"'type': '{kind}'", *parts]) + "}"
