"""`psychopy-nfb report`: how a session went, as a page: problems, outcome and lag."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psychopy_nfb.checks import check_writable
from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.settings import finite
from psychopy_nfb.terminal import doing, naming_kept_files

if TYPE_CHECKING:
    import pandas as pd

    from psychopy_nfb.analysis import LagSummary
    from psychopy_nfb.report.chosen_lags import ChosenLag
    from psychopy_nfb.report.findings import Finding
    from psychopy_nfb.report.page import Section, Table
    from psychopy_nfb.report.session_data import SessionData


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb report``."""
    add = parser.add_argument
    add("session", metavar="SESSION", help="any file of a session, or what their names begin with")
    add("--out", metavar="DIR", help="folder for page and figures (default: the session's)")
    add("--json", metavar="FILE", help="write the numbers to this file, too")


@dataclass
class Report:
    """What a report says, and where it was written."""

    headline: str
    findings: list[Finding]
    lag: LagSummary
    chosen: list[ChosenLag]
    """The blocks in which the lag was chosen, and how well it was held."""
    blocks: pd.DataFrame | None
    """The outcome of each block; None if it is not known."""
    paths: dict[str, Path]
    """``page``, and ``lag`` and ``outcome`` for the figures that could be drawn."""

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON; what is not known is None."""
        blocks = [] if self.blocks is None else self.blocks.to_dict("records")
        content = {
            "headline": self.headline,
            "findings": [finding.to_dict() for finding in self.findings],
            "lag": self.lag.to_dict(),
            "chosen_lags": [one.to_dict() for one in self.chosen],
            "blocks": blocks,
            "files": {name: str(path) for name, path in self.paths.items()},
        }
        return finite(content)


def main(options: argparse.Namespace) -> int:
    """Write the report as `options` say; return the exit status."""
    from psychopy_nfb.recording import SessionFiles
    from psychopy_nfb.report.lag_words import what_dominated

    if options.json:
        check_writable("json", options.json)
    stem = SessionFiles.from_stem(options.session).stem
    folder = stem.parent if options.out is None else Path(options.out)
    kept = [folder / f"{stem.name}_{part}" for part in ("report", "lag", "outcome")]
    with naming_kept_files(*kept), doing("Writing the report"):
        report = write_report(options.session, options.out)
    if not any(finding.problem for finding in report.findings):
        print(report.headline)
    for finding in report.findings:
        print(finding)
    if report.lag.frames > report.lag.frames_without_value:
        print(report.lag.table())
        print(what_dominated(report.lag))
    for one in report.chosen:
        print(one)
    print("Files:")
    for path in report.paths.values():
        print(f"  {path}")
    if options.json:
        content = json.dumps(report.to_dict(), indent=2) + "\n"
        Path(options.json).write_text(content, encoding="utf-8")
    return 0


def write_report(session: str, out: str | None = None) -> Report:
    """Write a session's ``…_report.html``, ``…_lag.png`` and ``…_outcome.png``.

    Parameters
    ----------
    session : path
        Any file of the session, or their stem.
    out : path, optional
        Another folder than the session's.

    Returns
    -------
    Report

    Raises
    ------
    FileError
        If there is no frame log, a file cannot be read, or the folder cannot be written.
    """
    from psychopy_nfb.analysis import lag_summary
    from psychopy_nfb.report import lag_words
    from psychopy_nfb.report.chosen_lags import chosen_lags, chosen_table
    from psychopy_nfb.report.eeg_sections import eeg_sections
    from psychopy_nfb.report.findings import findings, headline, in_headline
    from psychopy_nfb.report.outcome import outcome
    from psychopy_nfb.report.page import Section, write_page
    from psychopy_nfb.report.session_data import load_session_data

    data = load_session_data(session)
    summary = lag_summary(data.frames, data.settings)
    found = findings(data, summary)
    said = headline(found, summary)
    folder = data.files.stem.parent if out is None else Path(out)
    name = data.files.stem.name
    blocks = outcome(data) if data.signals is not None and data.blocks else None
    first = in_headline(found)
    remedies = [finding.remedy for finding in first if finding.remedy]
    further = [finding for finding in found if finding not in first]
    problems = [str(finding) for finding in further if finding.problem]
    others = [str(finding) for finding in further if not finding.problem]
    sections = [Section("What matters most", remedies, problems, lead=said)]
    if others:
        sections.append(Section("Worth a look", points=others))
    shown = {"outcome": _outcome_section(data, blocks), "lag": _lag_section(data, summary)}
    sections += [*eeg_sections(data, blocks), *shown.values()]
    chosen = chosen_lags(data)
    if chosen:
        sentences = [str(one) for one in chosen]
        sections.append(
            Section("The chosen lag", sentences, [], chosen_table(chosen), note=CHOSEN_NOTE)
        )
    if summary.frames > summary.frames_without_value:
        not_in_it = NOT_IN_IT if summary.clock_note is None else UNKNOWN_TOO
        sentences = [str(one) for one in chosen]
        paragraph = lag_words.methods_paragraph(summary, data.settings, sentences)
        sections.append(Section("For a methods section", [paragraph]))
        sections.append(Section("What the lag does not include", [not_in_it]))
    paths = {"page": folder / f"{name}_report.html"}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for part, section in shown.items():
            for picture in section.pictures:
                paths[part] = folder / f"{name}_{part}.png"
                paths[part].write_bytes(picture.png)
    except OSError as error:
        raise FileError(
            "out", str(folder), f"cannot be written ({cause(error)}); choose another folder"
        ) from None
    write_page(paths["page"], "Session report", sections, subtitle=name)
    return Report(said, found, summary, chosen, blocks, paths)


def _outcome_section(data: SessionData, blocks: pd.DataFrame | None) -> Section:
    from psychopy_nfb.report.outcome import TABLE_CAPTION, outcome_sentences, outcome_table
    from psychopy_nfb.report.outcome_figure import outcome_figure
    from psychopy_nfb.report.page import Picture, Section

    if blocks is None:
        said = data.no_signals or "The training's outcome is not known: there is no block."
        return Section("The training's outcome", [said])
    return Section(
        "The training's outcome",
        outcome_sentences(data, blocks),
        table=outcome_table(data, blocks),
        pictures=[Picture(outcome_figure(data, blocks), OUTCOME_CAPTION)],
        note=TABLE_CAPTION,
    )


def _lag_section(data: SessionData, summary: LagSummary) -> Section:
    from psychopy_nfb.recording.blinding import lag_is_sealed
    from psychopy_nfb.report import lag_words
    from psychopy_nfb.report.certificate import certificate_sentence
    from psychopy_nfb.report.lag_figure import lag_figure
    from psychopy_nfb.report.page import Picture, Section

    if lag_is_sealed(data.settings):
        return Section("The lag", [lag_words.SEALED, lag_words.frames_sentence(summary)])
    if not summary.frames:
        return Section("The lag", [lag_words.NO_FRAMES])
    if summary.frames == summary.frames_without_value:
        return Section("The lag", ["Nothing is known of the lag: no frame had a value."])
    sentences = [
        lag_words.what_dominated(summary),
        lag_words.frames_sentence(summary),
        lag_words.clock_sentence(data),
    ]
    sentences += [summary.clock_note] if summary.clock_note else []
    certified = certificate_sentence(data.settings, data.files.stem.parent)
    sentences += [certified] if certified else []
    picture = Picture(lag_figure(data, summary), LAG_CAPTION)
    return Section("The lag", sentences, [], _table(summary), [picture], note=TABLE_NOTE)


OUTCOME_CAPTION = (
    "Above: the signal, median of short stretches without artifacts, and the threshold; grey: "
    "blocks without feedback. Middle: share of the clean time beyond the threshold in each block; "
    "hatched: without feedback. Below: clean samples, of the samples that were due."
)
LAG_CAPTION = (
    "From top to bottom: the stages of a typical frame, one after the other. Age of the newest "
    "sample at the flip, and frame intervals (on a logarithmic scale). The course of the age "
    "(grey: blocks without feedback). Dropped frames, of those that were due."
)
TABLE_NOTE = (
    "Frames that repeated an old value, as no new sample came, count from published → read on. "
    "Medians of stages do not add up to the median of their sum; the means in the figure do."
)
CHOSEN_NOTE = (
    "The lag of a frame is from the brain signal that it showed to its flip. Held: it differed by "
    "no more than a frame from the wanted lag, which is in the frame log, column wanted_lag. "
    "Flips cannot be foreseen when frames are dropped; a smoother display holds the lag better."
)
_FLIPS = (
    "Flip times are the times at which PsychoPy's flip returned; only a light sensor tells when "
    "the frame became light (psychopy-nfb photodiode)."
)
NOT_IN_IT = (
    "The amplifier's stamps are taken as the times of the samples: what it needs before it stamps "
    f"them is not included. {_FLIPS}"
)
UNKNOWN_TOO = (
    "The amplifier's stamps could not be taken as the times of the samples. The quickest arrival "
    "counts as no delay at all: what amplifier and network need at least is not included, and may "
    f"be much. {_FLIPS}"
)


def _table(summary: LagSummary) -> Table:
    """Return all stages in milliseconds."""
    from psychopy_nfb.analysis.lag import ONLY_REMOTE, TITLES
    from psychopy_nfb.report.page import Table

    rows = []
    for name, stage in summary.stages.items():
        if name in ONLY_REMOTE and not stage.n:
            continue
        title, meaning = TITLES[name]
        figures = (stage.min, stage.median, stage.p95, stage.p99, stage.max)
        cells = [f"{figure:.2f}" if stage.n else "–" for figure in figures]
        rows.append([title, *cells, meaning])
    columns = ["ms", "min", "median", "95 %", "99 %", "max", "what it is"]
    return Table(columns, rows)
