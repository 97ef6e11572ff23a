"""Parts of a training that failed in a session: its own steps, threshold rules and schedules."""

from __future__ import annotations

from collections.abc import Iterator

from psychopy_nfb.report.finding import Finding
from psychopy_nfb.report.session_data import SessionData

REMEDY = {
    "step_failed": "Mend the step, or its settings, before the next session.",
    "rule_failed": "Mend the rule, or the schedule, before the next session.",
}
"""What to do, by event."""


def of_parts(data: SessionData) -> Iterator[Finding]:
    """Yield each part that failed, in the sentence that was told when it did.

    A background process that was started again tells the same part's failure anew.
    """
    first, last = data.span
    told: set[str] = set()
    for event in data.events_of(*REMEDY).itertuples():
        why = event.detail.get("why")
        if why is None or why in told:  # not in one that was cut off
            continue
        told.add(why)
        at = max(0.0, event.t - first)
        share = max(0.0, last - event.t) / max(1.0, last - first)
        yield Finding(
            share, True, f"From {at:.0f} s on, {why.rstrip('.')}.", REMEDY[event.trial_type]
        )
