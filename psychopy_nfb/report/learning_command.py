"""`psychopy-nfb learning`: what the blocks and sessions of a study came to."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from psychopy_nfb.checks import prepare_folder
from psychopy_nfb.errors import FileError, NfbError, cause
from psychopy_nfb.terminal import doing, naming_kept_files

if TYPE_CHECKING:
    import pandas as pd

    from psychopy_nfb.report.page import Section

AXES = {
    "z_own": "own signal (as compared with the baseline)",
    "z_shown": "signal shown (as compared with the baseline)",
    "beyond": "share of time beyond the threshold",
    "rewards_per_minute": "rewards a minute",
    "artifact": "share of artifacts",
    "signal": "signal (its own unit)",
}
"""What each measure is, for a figure's axis."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb learning``."""
    add = parser.add_argument
    add(
        "sessions",
        metavar="SESSION",
        nargs="+",
        help="any file of each session, or what their names begin with",
    )
    add(
        "--measure",
        choices=list(AXES),
        default="z_own",
        help="measure whose course is drawn (default z_own: mean of the own signal); the table "
        "has all",
    )
    add(
        "--direction",
        choices=("up", "down"),
        default="up",
        help="which way was trained, to say who responded (default up)",
    )
    add(
        "--answers",
        metavar="FILE",
        help="JSON file with the arm of each participant, as of psychopy-nfb crednf; leave it out "
        "while the study is blinded",
    )
    add("--out", metavar="DIR", default=".", help="folder for table and page (default: this one)")


def main(options: argparse.Namespace) -> int:
    """Write table and page as `options` say; return the exit status."""
    from psychopy_nfb.analysis import learning_table
    from psychopy_nfb.report.cred_nf.answers import read_answers
    from psychopy_nfb.report.learning_figure import CAPTION, learning_figure
    from psychopy_nfb.report.page import Picture, write_page

    arms = read_answers(options.answers).arms if options.answers else None
    prepare_folder(options.out)
    stem = Path(options.out, "learning")
    with naming_kept_files(stem), doing("Reading the sessions"):
        table = learning_table(options.sessions, arms)
        if not (table.kind == "feedback").any():
            raise FileError(
                "session", options.sessions[0], "and the others have no block with feedback"
            )
        try:
            table.to_csv(stem.with_suffix(".csv"), index=False, encoding="utf-8")
        except OSError as error:
            raise FileError(
                "out", str(stem), f"cannot be written ({cause(error)}); choose another folder"
            ) from None
        sections = slopes_sections(table, options.measure, options.direction)
        figure = learning_figure(table, options.measure, AXES[options.measure])
        sections[0].pictures.append(Picture(figure, CAPTION))
        recordings = table[["participant", "session", "run"]].drop_duplicates()
        n = len(recordings)
        told = f"{n} recording{'s' if n > 1 else ''}, measure {options.measure}"
        write_page(stem.with_suffix(".html"), "Learning", sections, subtitle=told)
    for section in sections:
        for sentence in section.paragraphs:
            print(sentence)
    print("Files:")
    for suffix in (".csv", ".html"):
        print(f"  {stem.with_suffix(suffix)}")
    return 0


def slopes_sections(table: pd.DataFrame, measure: str, direction: str) -> list[Section]:
    """Return what is to be read of the slopes: over sessions, over blocks, of the group."""
    from psychopy_nfb.analysis import between_sessions, mixed_model, within_sessions
    from psychopy_nfb.report.page import Section, Table

    between = between_sessions(table, measure, direction)
    judged = between[between.low.notna()]
    said = "No participant has three sessions, as an interval over sessions needs."
    if len(judged):
        n = int(judged.responder.sum())
        said = (
            f"{n} of {len(judged)} participants with three sessions or more responded: the whole "
            f"95 % interval of their slope over sessions lies on the trained side ({direction}) "
            "of 0."
        )
    rows = [
        [row.participant, str(row.n), *map(_number, (row.slope, row.low, row.high))]
        + [("yes" if row.responder else "no") if row.low == row.low else "not known"]
        for row in between.itertuples()
    ]
    heads = ["participant", "sessions", "slope", "95 % from", "to", "responder"]
    sections = [Section("Over sessions", [said], table=Table(heads, rows))]
    within = within_sessions(table, measure)
    rows = [
        [
            f"{row.participant}, {row.session}",
            str(row.n),
            *map(_number, (row.slope, row.low, row.high)),
        ]
        for row in within.itertuples()
    ]
    heads = ["participant, session", "blocks", "slope", "95 % from", "to"]
    sections.append(Section("Over the blocks of each session", table=Table(heads, rows)))
    try:
        fitted = mixed_model(table, measure)
    except NfbError as error:
        sections.append(Section("The group", [f"No mixed model: {error.remedy}."]))
        return sections
    rows = [
        [row.effect, *map(_number, (row.estimate, row.low, row.high)), f"{row.p:.3f}"]
        for row in fitted.itertuples()
    ]
    (slope,) = (row for row in fitted.itertuples() if row.effect == "number")
    arms = sorted(set(table.arm))
    group = "In the group" if len(arms) < 2 else f"In the arm {arms[0] or 'without a name'}"
    said = (
        f"{group} the measure changed by {slope.estimate:+.3f} a session (95 % interval "
        f"{slope.low:+.3f} to {slope.high:+.3f}; linear mixed model, random by participant: "
        f"{fitted.attrs['random']})."
    )
    table_ = Table(["effect", "estimate", "95 % from", "to", "p"], rows)
    sections.append(Section("The group", [said, *fitted.attrs["remarks"]], table=table_))
    return sections


def _number(value: float) -> str:
    return f"{value:+.3f}" if value == value else "–"
