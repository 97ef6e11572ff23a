"""What is wrong with the plan or the block of a Neuro Block Routine, told before it runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psychopy_nfb.builder import alerts
from psychopy_nfb.builder.block_fields import CELLS, DETAILS, FIELDS, LABELS
from psychopy_nfb.builder.control_conditions import asked, tell_of_shown
from psychopy_nfb.builder.experiment_checks import needs_baseline, records_baseline
from psychopy_nfb.builder.experiment_signals import main_component
from psychopy_nfb.builder.neurofeedback import NeuroFeedbackComponent
from psychopy_nfb.builder.number_fields import constant
from psychopy_nfb.builder.parameters import is_shown, used
from psychopy_nfb.builder.plan_errors import field_of
from psychopy_nfb.course import Plan, Turn, course, one_block, read_plan
from psychopy_nfb.course.files import ready_plans
from psychopy_nfb.errors import NfbError

USUAL = {"label": "block", "seconds": 60.0}
"""For fields whose value is known when it runs."""


def read_routine(routine: Any) -> Plan | None:
    """Return the plan of a Neuro Block Routine; None if it is not known before it runs.

    Raises
    ------
    NfbError
        If it cannot be used.
    """
    if routine.planned:
        known, name = constant(routine.params["plan"])
        if not known or name is None:
            return None
        home = routine.exp.filename
        if str(name) in ready_plans():
            return read_plan(str(name))
        if not (home or Path(str(name)).is_absolute()):
            return None
        return read_plan(Path(home or ".").resolve().parent / str(name))
    cells: dict[str, Any] = dict(USUAL)
    for field, column in CELLS.items():
        known, value = constant(routine.params[field])
        if known and value is not None and is_shown(routine, field):
            cells[column] = value
        elif known and field == "seconds":
            del cells["seconds"]
    return one_block(**cells)


def turns_of(routine: Any) -> Sequence[Turn]:
    """Return the course of a Neuro Block Routine, as far as it is known before it runs."""
    try:
        plan = read_routine(routine)
    except NfbError:
        return ()
    return () if plan is None else course(plan, 0 if plan.seed is None else plan.seed)


def check_block(routine: Any) -> None:
    """Tell what cannot be used: the plan or the block itself, or together with the training."""
    if routine.planned:
        _check_without_effect(routine)
    try:
        plan = read_routine(routine)
    except NfbError as error:
        if routine.planned:
            alerts.tell(routine, str(error), "file", LABELS["plan"])
        else:
            field, sentence = field_of(error)
            alerts.tell(routine, sentence, "setting", field)
        return
    if plan is None and routine.planned and constant(routine.params["plan"])[0]:
        if routine.params["plan"].val in ("", None):
            sentence = "is empty; choose a file, or write eyes_open_closed or artifacts."
            alerts.tell(routine, sentence, "file", LABELS["plan"])
        return
    _check_shown(routine)
    _check_baseline(routine)


def _check_without_effect(routine: Any) -> None:
    """Tell of fields of one block that are filled in beside a plan: Builder cannot hide them."""
    labels = [
        one.label
        for one in FIELDS
        if one.tab == DETAILS and one.name in CELLS and routine.params[one.name].val != one.value
    ]
    if labels:
        said = f"{', '.join(labels)}: without effect here; the plan says it, change it there."
        alerts.tell(routine, said, "signal")


def _check_shown(routine: Any) -> None:
    """Tell of control conditions that the experiment does not have."""
    main = main_component(routine.exp)
    if main is None:
        return
    if routine.planned:
        names = [turn.block.shown for turn in turns_of(routine) if turn.block.shown]
        tell_of_shown(routine, dict.fromkeys(names), main, LABELS["plan"])
    elif is_shown(routine, "shown"):
        text = str(routine.params["shown"].val).strip()
        names = asked(text[1:], routine.exp) if text.startswith("$") else [text] if text else []
        tell_of_shown(routine, names, main, LABELS["shown"])


def _check_baseline(routine: Any) -> None:
    """Tell of a block with feedback that comes before the baseline which it needs."""
    kin = [one for one, _ in used(routine.exp, NeuroFeedbackComponent.__name__)]
    if not any(needs_baseline(one, kin) for one in kin):
        return
    flow = list(routine.exp.flow)
    before = flow[: next((n for n, one in enumerate(flow) if one is routine), 0)]
    there = any(records_baseline(entry) for entry in before)
    if not any(records_baseline(entry) for entry in flow):
        return  # of which the signal's own alert tells
    for turn in turns_of(routine):
        if there or turn.block.kind == "baseline":
            return
        if turn.block.feedback or turn.block.counts:
            alerts.tell(
                routine,
                f"the block {turn.block.label} needs a baseline, but comes before it; move the "
                "Neuro Baseline Routine before this one, or begin the plan with a block of the "
                "kind baseline.",
                "baseline",
            )
            return
