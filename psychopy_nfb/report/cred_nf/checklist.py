"""All items of a study, each with what its files and its people say."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psychopy_nfb.analysis.learning import learning_table
from psychopy_nfb.recording.read import read_sessions
from psychopy_nfb.report.cred_nf.answers import Answers
from psychopy_nfb.report.cred_nf.items import DOMAINS, Item
from psychopy_nfb.report.cred_nf.of_answers import of_answers
from psychopy_nfb.report.cred_nf.of_design import of_design
from psychopy_nfb.report.cred_nf.of_outcome import of_outcome
from psychopy_nfb.report.cred_nf.of_settings import of_settings
from psychopy_nfb.report.cred_nf.recording import Recording

if TYPE_CHECKING:
    import pandas as pd

    from psychopy_nfb.recording import Session
    from psychopy_nfb.report.cred_nf.said import Said


@dataclass
class Entry:
    """One item of the checklist, as far as it is filled."""

    item: Item
    from_files: list[str] = field(default_factory=list)
    """What the files say, a sentence each."""
    values: dict[str, Any] = field(default_factory=dict)
    """The figures in it, by name."""
    answer: str = ""
    """What a person answered."""
    complete: bool = False
    """Whether the files say all of it, also where a person is asked."""

    @property
    def open_question(self) -> str:
        """What is still to be answered; empty if nothing is."""
        wanted = (self.item.asked and not self.complete) or not self.from_files
        missing = not self.answer and wanted
        return self.item.question if missing else ""


@dataclass
class Checklist:
    """The checklist of a study."""

    entries: dict[str, Entry]
    """By the item's name, in their order."""
    table: pd.DataFrame
    """What each block came to, from `learning_table`."""

    @property
    def still_open(self) -> list[str]:
        """Names of the items that somebody still has to answer."""
        return [name for name, entry in self.entries.items() if entry.open_question]


def checklist(
    sessions: Iterable[str | os.PathLike[str]],
    answers: Answers | None = None,
    continued: Collection[str] = (),
) -> Checklist:
    """Return the CRED-nf checklist of a study.

    Sessions are read one after the other, never all at once.

    Parameters
    ----------
    sessions : iterable of path
        Any file of each session.
    answers : Answers, optional
        What people answered.
    continued : collection of str
        As for `learning_table`.

    Raises
    ------
    FileError
        If none can be read. One of several that cannot be is left out, which is logged.
    """
    answers = answers or Answers()
    read: list[Recording] = []

    def one_by_one() -> Iterator[Session]:
        for session in read_sessions(sessions):
            read.append(Recording.of(session))
            yield session

    table = learning_table(one_by_one(), answers.arms, continued)
    said: dict[str, Said] = {
        **of_design(read, answers),
        **of_settings(read),
        **of_outcome(read, table, answers),
        **of_answers(read, answers),
    }
    entries = {}
    for domain in DOMAINS:
        for item in domain.items:
            found = said.get(item.name)
            entries[item.name] = Entry(
                item,
                found.sentences if found else [],
                found.values if found else {},
                answers.texts.get(item.name, ""),
                found.complete if found else False,
            )
    return Checklist(entries, table)
