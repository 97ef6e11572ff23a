"""`psychopy-nfb report`: the lag of a session as a page, a figure, and a paragraph."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from psychopy_nfb.checks import check_writable
from psychopy_nfb.errors import FileError

if TYPE_CHECKING:
    from psychopy_nfb.recording import SessionFiles
    from psychopy_nfb.report.page import Table
    from psychopy_nfb.timing import LagSummary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb report``."""
    add = parser.add_argument
    add("session", metavar="SESSION", help="any file of a session, or their stem")
    add("--out", metavar="DIR", help="folder for page and figure (default: the session's)")
    add("--json", metavar="FILE", help="also write the figures there")


def main(options: argparse.Namespace) -> int:
    """Write the report as `options` say; return the exit status."""
    from psychopy_nfb.recording import SessionFiles
    from psychopy_nfb.report.lag_words import what_dominated

    if options.json:
        check_writable("json", options.json)
    files = SessionFiles.from_stem(options.session)
    summary, paths = write_report(files, options.out)
    print(summary.table())
    print(what_dominated(summary))
    print("Files:")
    for path in paths.values():
        print(f"  {path}")
    if options.json:
        content = {"lag": summary.to_dict(), "files": {k: str(path) for k, path in paths.items()}}
        Path(options.json).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0


def write_report(files: SessionFiles, out: str | None = None) -> tuple[LagSummary, dict[str, Path]]:
    """Write a session's ``…_report.html`` and ``…_lag.png``.

    Parameters
    ----------
    files : SessionFiles
        The session.
    out : path, optional
        Another folder than the session's.

    Returns
    -------
    summary : LagSummary
        Of its frame log.
    paths : dict
        ``{"page": …, "figure": …}``.

    Raises
    ------
    FileError
        If a file cannot be read, has no frame with a value, or the folder cannot be written.
    """
    import pandas as pd

    from psychopy_nfb.recording.settings_file import SessionRecord
    from psychopy_nfb.report import lag_words
    from psychopy_nfb.report.lag_figure import lag_figure
    from psychopy_nfb.report.page import Picture, Section, png, write_page
    from psychopy_nfb.timing import lag_summary

    if not files.frames.exists():
        raise FileError(
            "session", str(files.stem), "has no frame log; name a session's file or stem"
        )
    frames = pd.read_csv(files.frames)
    if "t_sample" not in frames.columns or frames.t_sample.notna().sum() < 2:
        raise FileError(
            "session", str(files.frames), "shows no feedback: no frame of it has a value"
        )
    settings = SessionRecord.load(files.settings).content
    summary = lag_summary(frames)
    figure = lag_figure(frames, summary)
    folder = files.stem.parent if out is None else Path(out)
    name = files.stem.name
    paths = {"page": folder / f"{name}_report.html", "figure": folder / f"{name}_lag.png"}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths["figure"].write_bytes(png(figure))
    except OSError as error:
        raise FileError(
            "out", str(folder), f"cannot be written ({error.strerror}); choose another folder"
        ) from None
    sections = [
        Section(
            "In short",
            [
                lag_words.what_dominated(summary),
                lag_words.frames_sentence(summary),
                lag_words.clock_sentence(settings),
            ],
            pictures=[Picture(figure, FIGURE_CAPTION)],
        ),
        Section("Each stage", table=_table(summary)),
        Section("For a methods section", [lag_words.methods_paragraph(summary, settings)]),
        Section("What is not in it", [NOT_IN_IT]),
    ]
    write_page(paths["page"], "Lag report", sections, subtitle=name)
    return summary, paths


FIGURE_CAPTION = (
    "Above: medians of the stages between brain signal and flip. Middle: age of the newest sample "
    "at each flip, and frame intervals. Below: the run, its blocks and dropped frames."
)
NOT_IN_IT = (
    "Stamps of the amplifier are taken for the time of the sample; what it needs before it stamps "
    "is not seen here. Flips are when PsychoPy's flip returned; when the frame was light only a "
    " light sensor tells (psychopy-nfb photodiode)."
)


def _table(summary: LagSummary) -> Table:
    """Return all stages in milliseconds."""
    from psychopy_nfb.report.page import Table
    from psychopy_nfb.timing.lag import STAGES

    titles = {name: (title, meaning) for name, (_, _, title, meaning) in STAGES.items()}
    titles["filter_delay_ms"] = ("filter delay", "declared by the pipeline")
    titles["total_ms"] = ("total", "age of the brain signal shown")
    rows = []
    for name, stage in summary.stages.items():
        title, meaning = titles[name]
        figures = (stage.min, stage.median, stage.p95, stage.p99, stage.max)
        rows.append([title, *(f"{figure:.2f}" for figure in figures), meaning])
    return Table(["ms", "min", "median", "p95", "p99", "max", "what it is"], rows)
