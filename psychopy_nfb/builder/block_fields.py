"""The fields of the Neuro Block Routine's dialog: a plan, or one block's own settings."""

from __future__ import annotations

from dataclasses import replace

from psychopy_nfb.builder.display_fields import APPEARANCE, BASIC, LAYOUT
from psychopy_nfb.builder.parameters import Field

_PLAN = (("source", "== 'plan'"),)
_BLOCK = (("source", "== 'block'"),)
_FEEDBACK = (*_BLOCK, ("kind", "in ('train', 'observe')"))
_COUNTS = (*_BLOCK, ("kind", "in ('train', 'transfer')"))
_JUDGED = (*_BLOCK, ("kind", "!= 'rest'"))
DETAILS = "Details"
"""The tab with what else one block has. On *Basic* it would not fit: Builder draws the dialog of a
Routine of its own 500 pixels high, twelve lines of fields, and scrolls no further. Builder hides no
field of one tab by a field of another."""
_SEEN = ("bar", "thermometer", "circle", "trace", "color", "text", "progress")
"""Displays that a block can have; a tick or a cross, and tones, come by other fields."""
_OF_DISPLAY = (
    *("display", "value", "threshold", "inhibit", "template", "letterHeight", "scale"),
    "pictures",
)


def _display_fields() -> tuple[Field, ...]:
    """Return the fields of the Feedback Display component that a block has, too."""
    basic = [replace(one, tab="Display") for one in BASIC if one.name in _OF_DISPLAY]
    basic[0] = replace(
        basic[0],
        hint="How the value is shown in blocks with feedback. A bar with its threshold is usual.",
        choices={kind: basic[0].choices[kind] for kind in _SEEN},
    )
    return (*basic, *LAYOUT, *APPEARANCE)


FIELDS = (
    Field(
        "source",
        "plan",
        "This is",
        "A whole session as a plan has it, or one block, which a loop of the Flow may repeat.",
        control="choice",
        choices={"plan": "a plan of a session", "block": "one block"},
    ),
    Field(
        "plan",
        "",
        "Plan",
        "A plan of a session: a .json file, a table (.csv, .xlsx) with a block in each row, or "
        "eyes_open_closed or artifacts, which come with the package. The manual's page The course "
        "of a session has all that a plan may say; psychopy-nfb plan FILE shows its course.",
        type="file",
        control="file",
        show=_PLAN,
    ),
    Field(
        "seed",
        "",
        "Seed of the order",
        "Usually empty: the plan's seed or, if it has none, another order each time, whose seed is "
        "recorded. A whole number gives the same order each time.",
        type="num",
        show=_PLAN,
    ),
    Field(
        "kind",
        "train",
        "Kind of block",
        "What there is in it. Training is usual; transfer tells whether the participant can do it "
        "without feedback. A baseline has a Routine of its own, Neuro Baseline.",
        control="choice",
        choices={
            "train": "training: feedback, points are counted",
            "transfer": "transfer: no feedback, points are counted",
            "observe": "observation: feedback, no points",
            "rest": "rest: neither",
        },
        show=_BLOCK,
    ),
    Field(
        "label",
        "",
        "Name of the block",
        "Marks the recording from start to stop. Empty: the name of this Routine; or $ and a "
        "column of your conditions file.",
        show=_BLOCK,
    ),
    Field(
        "seconds",
        "60",
        "Length (s)",
        "How long it lasts, in seconds; the longest time, if something may end it earlier.",
        type="num",
        show=_BLOCK,
    ),
    Field(
        "untilRewards",
        "",
        "Ends early at so many rewards",
        "Usually empty: the block lasts its time. A number ends it as soon as there were so many "
        "rewards in it.",
        type="num",
        show=_COUNTS,
    ),
    Field(
        "untilPoints",
        "",
        "Ends early at so many points",
        "Usually empty: the block lasts its time. A number ends it as soon as so many points were "
        "gained in it.",
        type="num",
        show=_COUNTS,
    ),
    Field(
        "shown",
        "",
        "Feedback shown",
        "What stands in place of the own feedback. Empty: nothing does. In a control condition the "
        "name of one of the Control conditions of the Neuro Feedback component, such as sham; or $ "
        "and a column of your conditions file with such names, own or none.",
        show=_FEEDBACK,
    ),
    Field(
        "lagMs",
        "",
        "Lag of what is shown (ms)",
        "Usually empty: as short as it can be. To study lag, enter the milliseconds from the brain "
        "signal to the frame that shows it, filters and smoothing included, such as 300.",
        type="num",
        show=_FEEDBACK,
    ),
    Field(
        "sign",
        False,
        "Show ✓ or ✗ afterwards",
        "Whether the participant is told for a second if the block was a success: beyond the "
        "threshold for long enough, as the Neuro Feedback component says.",
        type="bool",
        control="bool",
        show=_JUDGED,
    ),
    Field("key", "space", "Key", "Ends instructions and other texts."),
    Field(
        "showPoints",
        True,
        "Show the points",
        "Whether the score so far is below the feedback, in blocks that count points.",
        tab="Display",
        type="bool",
        control="bool",
    ),
    *_display_fields(),
    Field(
        "text",
        "",
        "Text",
        "Of one block; a plan says its own, and needs no field below. What is shown throughout, "
        "above the feedback if there is any. {points} is the score.",
        tab=DETAILS,
        control="multi",
    ),
    Field(
        "instructions",
        "",
        "Instructions",
        "What the participant reads before the block, until the key is pressed. Empty: it begins "
        "at once.",
        tab=DETAILS,
        control="multi",
    ),
    Field(
        "instructionSeconds",
        "",
        "Instructions for (s)",
        "Usually empty: they stay until the key is pressed. A number shows them for so many "
        "seconds.",
        tab=DETAILS,
        type="num",
    ),
    Field(
        "halfTime",
        "",
        "Text at half-time",
        "What is shown for two seconds when half of the time is over. Usually empty.",
        tab=DETAILS,
    ),
    Field(
        "beep",
        "none",
        "Beep",
        "A short tone; with closed eyes it tells when to open them.",
        tab=DETAILS,
        control="choice",
        choices={
            "none": "none",
            "begin": "when the block begins",
            "end": "when it ends",
            "both": "when it begins and when it ends",
        },
    ),
    Field(
        "extra",
        "0",
        "Up to so much longer (s)",
        "Random extra time, drawn each time the block comes, so that nobody waits for its end. "
        "Usual: 0.",
        tab=DETAILS,
        type="num",
    ),
    Field(
        "repeats",
        "1",
        "How often (times)",
        "How often the block comes, one after the other. 1 is usual; a loop of the Flow can repeat "
        "it, too.",
        tab=DETAILS,
        type="num",
    ),
)
CELLS = {
    **{name: name for name in ("kind", "label", "seconds", "extra", "repeats", "shown", "text")},
    **{name: name for name in ("instructions", "beep", "sign")},
    "untilRewards": "until_rewards",
    "untilPoints": "until_points",
    "lagMs": "lag_ms",
    "instructionSeconds": "instruction_seconds",
    "halfTime": "half_time",
}
"""The columns of a table that fields of one block become; see `psychopy_nfb.course.tables`."""
LABELS = {one.name: one.label for one in FIELDS}
"""What stands before each field in the dialog."""
FIELD_OF = {
    **{column: name for name, column in CELLS.items()},
    "until.rewards": "untilRewards",
    "until.points": "untilPoints",
}
"""The fields that parameters of a planned block come from."""
