"""How many participants were allocated, received sessions, withdrew and are in the analysis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from psychopy_nfb.analysis.session_blocks import FEEDBACK
from psychopy_nfb.analysis.slopes import between_sessions
from psychopy_nfb.report.numbers import counted
from psychopy_nfb.report.page import Section, Table
from psychopy_nfb.study.plan import Study, withdrew

if TYPE_CHECKING:
    import pandas as pd

    from psychopy_nfb.study.status import Progress

TITLE = "Flow of participants"
EVERYBODY = "participants"
"""Head of the only column while nothing is by arm."""


def flow_section(
    study: Study,
    people: list[Progress],
    table: pd.DataFrame,
    arms: Mapping[str, str],
    direction: str,
) -> Section:
    """Return the numbers that a flow diagram after CONSORT needs, by arm once arms are open.

    Parameters
    ----------
    study : Study
        The study.
    people : list of Progress
        How far each participant is.
    table : DataFrame
        From `learning_table`.
    arms : mapping of str to str
        Arm by participant; empty while the study is blinded.
    direction : {"up", "down"}
        Which way was trained.

    References
    ----------
    Schulz, Altman and Moher 2010, CONSORT 2010 statement, https://doi.org/10.1136/bmj.c332
    """
    allocated = [one for one in people if one.token or not study.blinded]
    trained = table[(table.measure == "z_own") & (table.kind == FEEDBACK)]
    analysed = set(trained.participant.astype(str))
    responded: set[str] = set()
    if analysed:
        slopes = between_sessions(table, "z_own", direction)
        responded = set(slopes.participant[slopes.responder.astype(bool)].astype(str))
    gone = {label: one.withdrawn for label, one in study.participants.items() if one.withdrawn}
    columns = list(dict.fromkeys(arms[one.participant] for one in allocated)) if arms else []

    def row(name: str, counts: Callable[[Progress], bool]) -> list[str]:
        found = [one for one in allocated if counts(one)]
        if not columns:
            return [name, str(len(found))]
        by_arm = Counter(arms[one.participant] for one in found)
        return [name, *(str(by_arm[arm]) for arm in columns), str(len(found))]

    rows = [
        row("allocated" if study.blinded else "in the study", lambda one: True),
        row("began a session", lambda one: bool(one.last)),
    ]
    for name, after in (("after no finished session", False), ("after a session", True)):
        reasons = Counter(
            gone[one.participant].reason
            for one in allocated
            if one.participant in gone and bool(gone[one.participant].after_session) == after
        )
        for reason in sorted(reasons):
            rows.append(
                row(
                    f"withdrew {name}: {reason}",
                    lambda one, reason=reason, after=after: (
                        (left := gone.get(one.participant)) is not None
                        and (left.reason, bool(left.after_session)) == (reason, after)
                    ),
                )
            )
    rows += [
        row("withdrew, in all", lambda one: one.participant in gone),
        row("had all sessions", lambda one: one.done >= study.sessions),
        row(
            "has sessions to come",
            lambda one: one.participant not in gone and one.done < study.sessions,
        ),
        row("in the analysis", lambda one: one.participant in analysed),
        row("responded, of all of them", lambda one: one.participant in responded),
    ]
    said = [_intention_to_treat(allocated, analysed, set(gone))]
    never = [one.participant for one in people if one not in allocated]
    if never:
        each = "; ".join(
            f"{label} ({withdrew(gone[label]) if label in gone else 'no token yet'})"
            for label in never
        )
        said.append(f"Added and not allocated: {each}.")
    heads = ["", *columns, "all"] if columns else ["", EVERYBODY]
    return Section(TITLE, said, table=Table(heads, rows))


def _intention_to_treat(allocated: list[Progress], analysed: set[str], gone: set[str]) -> str:
    """Return in words who is in the analysis."""
    inside = [one.participant for one in allocated if one.participant in analysed]
    left = counted(sum(label in gone for label in inside), "participant")
    return (
        "The analyses are by intention to treat: everybody with a finished session counts, in the "
        f"arm that was allocated, {left} who withdrew included. {len(inside)} of "
        f"{len(allocated)} have such data; nothing is filled in for the others. A participant "
        "whose slope has no interval does not count as a responder."
    )
