"""`psychopy-nfb crednf`: the CRED-nf checklist of a study."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from psychopy_nfb.checks import prepare_folder
from psychopy_nfb.terminal import doing, naming_kept_files

if TYPE_CHECKING:
    import pandas as pd

    from psychopy_nfb.report.page import Picture


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb crednf``."""
    add = parser.add_argument
    add(
        "sessions",
        metavar="SESSION",
        nargs="+",
        help="any file of each session of the study, or what their names begin with",
    )
    add(
        "--answers",
        metavar="FILE",
        help="JSON file with your answers; if it is not there, it is written with the questions",
    )
    add("--out", metavar="DIR", default=".", help="folder for the checklist (default: this one)")


def main(options: argparse.Namespace) -> int:
    """Write the checklist as `options` say; return the exit status."""
    from psychopy_nfb.report.cred_nf.answers import Answers, read_answers, write_questions
    from psychopy_nfb.report.cred_nf.checklist import checklist
    from psychopy_nfb.report.cred_nf.written import (
        markdown,
        summary,
        write_checklist,
        write_markdown,
    )

    answers = Answers()
    questions = None
    if options.answers and Path(options.answers).exists():
        answers = read_answers(options.answers)
    elif options.answers:
        questions = Path(options.answers)
    prepare_folder(options.out)
    stem = Path(options.out, "cred-nf")
    with naming_kept_files(stem), doing("Filling the checklist"):
        filled = checklist(options.sessions, answers)
        n = len(filled.table[["participant", "session", "run"]].drop_duplicates())
        told = f"{n} recording{'s' if n > 1 else ''}"
        write_checklist(stem.with_suffix(".html"), filled, told, pictures(filled.table))
        write_markdown(stem.with_suffix(".md"), markdown(filled, told))
    print(summary(filled))
    for name in filled.still_open:
        print(f"  {name:12s}{filled.entries[name].item.question}")
    if questions is not None:
        write_questions(questions)
        print(f"Write your answers into this file and run the command again:\n  {questions}")
    print("Files:")
    for suffix in (".html", ".md"):
        print(f"  {stem.with_suffix(suffix)}")
    return 0


def pictures(table: pd.DataFrame) -> list[Picture]:
    """Return the figure of the training's course, as far as there is one."""
    from psychopy_nfb.analysis.session_blocks import FEEDBACK
    from psychopy_nfb.report.learning_command import AXES
    from psychopy_nfb.report.learning_figure import CAPTION, learning_figure
    from psychopy_nfb.report.page import Picture

    if not (table.kind == FEEDBACK).any():
        return []
    return [Picture(learning_figure(table, "z_own", AXES["z_own"]), CAPTION)]
