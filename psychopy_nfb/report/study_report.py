"""A study's report: who was there, what was learned, by arm once the study is open."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from psychopy_nfb.analysis import (
    HeldSummary,
    bang_index,
    contingency,
    held_summary,
    james_index,
)
from psychopy_nfb.analysis.blinding import FEWEST_ASKED
from psychopy_nfb.analysis.session_blocks import FEEDBACK
from psychopy_nfb.display.held_lag import USUAL_FRAME
from psychopy_nfb.errors import FileError, NfbError, cause
from psychopy_nfb.recording import read_session
from psychopy_nfb.report.cred_nf.answers import Answers, StudyFacts, answers_of
from psychopy_nfb.report.given_answers import answers_table, in_words
from psychopy_nfb.report.learning_command import AXES, slopes_sections
from psychopy_nfb.report.learning_figure import CAPTION, learning_figure
from psychopy_nfb.report.numbers import percent
from psychopy_nfb.report.page import Picture, Section, Table, write_page
from psychopy_nfb.report.participant_flow import flow_section
from psychopy_nfb.report.study_methods import methods_section, timing_section
from psychopy_nfb.study.guesses import guesses_by_arm, read_guesses
from psychopy_nfb.study.openings import unblinding_of
from psychopy_nfb.study.plan import StudyFolder
from psychopy_nfb.study.register import Register
from psychopy_nfb.study.status import Progress, blinding, progress
from psychopy_nfb.study.unblinding import read_arms
from psychopy_nfb.study.words import QUESTIONS, REPEAT, UNKNOWN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from psychopy_nfb.recording import SessionFiles

PRINT_DPI = 300
"""Of figures that are files of their own."""
BLIND = (
    "The study is blinded: nothing here is by arm. It will be, in a report after psychopy-nfb "
    "study unblind."
)
PARTLY = (
    "The arms of some participants only were opened: nothing here is by arm until all of them are."
)
CONTINUED, REPEATED = "continued", "repeated"
UNDECIDED = "its session is not finished"
"""What became of a run that was cut off."""


@dataclass(frozen=True)
class StudyFiles:
    """What a study's sessions have left."""

    finished: list[SessionFiles]
    """Of the sessions that got to their end, and of the runs that these continue."""
    continued: frozenset[str]
    """Names of those that were cut off and are continued by a later one."""
    cut_off: list[tuple[str, str]]
    """Names of the runs that did not, and what became of each."""

    def left_out(self) -> list[str]:
        """Return the runs that are in no figure, each with the reason."""
        return [f"{name} ({became})" for name, became in self.cut_off if became != CONTINUED]


def files_of(folder: StudyFolder) -> StudyFiles:
    """Return the files of a study's sessions.

    Raises
    ------
    FileError
        If no session has finished.
    """
    register = Register(folder)
    counting = register.counting()
    if not counting:
        raise FileError("study", str(folder.path), "has no finished session yet")
    continued = [register.files(run).stem.name for run in counting if run.state != "finished"]
    cut_off = []
    for run in register.runs():
        if register.cut_off(run):
            name = register.files(run).stem.name
            became = REPEATED if run.decision == REPEAT else UNDECIDED
            cut_off.append((name, CONTINUED if name in continued else became))
    kept = [register.files(run) for run in counting]
    return StudyFiles(kept, frozenset(continued), cut_off)


def arms_of(folder: StudyFolder) -> dict[str, str]:
    """Return the arm of each participant; empty while the study, or a part of it, is blind."""
    study = folder.study
    if not study.blinded:
        return dict.fromkeys(study.participants, next(iter(study.arms)))
    if not any(one["participants"] == "all" for one in unblinding_of(folder)):
        return {}
    return {label: row["arm"] for label, row in read_arms(folder).items()}


def write_study_report(folder: StudyFolder, out: Path, table: pd.DataFrame) -> dict[str, Path]:
    """Write the page and the table in long form; return their paths.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    out : Path
        Folder for the files.
    table : DataFrame
        From `learning_table`, of the study's `files_of`.

    Raises
    ------
    FileError
        If no session has finished, or `out` cannot be written.
    """
    files, arms = files_of(folder), arms_of(folder)
    paths = {kind: out / f"study.{kind}" for kind in ("html", "csv")}
    _write_table(table, paths["csv"])
    answers = answers_table(files.finished, arms)
    if len(answers):
        paths["answers"] = out / "answers.csv"
        _write_table(answers, paths["answers"])
    by_arm = folder.study.blinded and bool(arms)
    people = progress(folder)
    direction = _direction(files.finished[0])
    sections = [
        _people(folder, files, people),
        flow_section(folder.study, people, table, arms if by_arm else {}, direction),
        *_learning(table, direction),
        _artifacts(table),
        timing_section(files.finished),
    ]
    sections += [_answered(answers)] if len(answers) else []
    if by_arm:
        sections += [*_shown_by_arm(files, arms), *_blinding(folder, arms)]
    elif folder.study.blinded:
        sections[0].paragraphs.append(PARTLY if read_arms(folder) else BLIND)
    study = folder.study
    sections.append(methods_section(study, folder.allocation.exists(), opened=by_arm))
    for section in sections:
        for picture in section.pictures:
            paths |= _write_figure(picture.figure, out / "learning")
    told = f"{len(study.participants)} participants, {len(files.finished)} recordings"
    write_page(paths["html"], study.name, sections, subtitle=told)
    return paths


def _write_table(table: pd.DataFrame, path: Path) -> None:
    try:
        table.to_csv(path, index=False, encoding="utf-8")
    except OSError as error:
        raise FileError(
            "out", str(path), f"cannot be written ({cause(error)}); choose another folder"
        ) from None


def _write_figure(figure: Figure, stem: Path) -> dict[str, Path]:
    """Write a figure for papers and slides; return the files by their kind."""
    paths = {kind: stem.with_suffix(f".{kind}") for kind in ("png", "svg")}
    try:
        for kind, path in paths.items():
            figure.savefig(path, format=kind, dpi=PRINT_DPI)
    except OSError as error:
        raise FileError(
            "out", str(stem), f"cannot be written ({cause(error)}); choose another folder"
        ) from None
    return paths


def _answered(answers: pd.DataFrame) -> Section:
    """Return what participants answered, question by question."""
    rows = [
        [str(question), str(len(own)), in_words(own.answer.tolist())]
        for question, own in answers.groupby("question", sort=False)
    ]
    table = Table(["question", "recordings", "answers"], rows)
    return Section("What participants answered", ["All answers are in answers.csv."], table=table)


def _people(folder: StudyFolder, files: StudyFiles, people: list[Progress]) -> Section:
    study = folder.study
    rows = [
        [one.participant, one.stratum, f"{one.done} of {study.sessions}", one.state]
        for one in people
    ]
    planned = study.sessions * len(study.participants)
    done = sum(one.done for one in people)
    said = [
        f"{done} of {planned} planned sessions are done; {len(files.cut_off)} runs were cut off. "
        f"Arms: {blinding(folder)}."
    ]
    if files.cut_off:
        each = ", ".join(f"{name} ({became})" for name, became in files.cut_off)
        said.append(f"Cut off: {each}. What was repeated or is not finished is in no figure here.")
    for label, text in (
        ("Pre-registration", study.preregistration),
        ("Ethics approval", study.ethics),
    ):
        said.append(f"{label}: {text or 'not given'}.")
    table = Table(["participant", "stratum", "sessions", "state"], rows)
    return Section("Who took part", said, table=table)


def _learning(table: pd.DataFrame, direction: str) -> list[Section]:
    if not (table.kind == FEEDBACK).any():
        return [Section("What was learned", ["No session has a block with feedback."])]
    sections = slopes_sections(table, "z_own", direction)
    sections[0].pictures.append(Picture(learning_figure(table, "z_own", AXES["z_own"]), CAPTION))
    return sections


def _direction(files: SessionFiles) -> str:
    """Return which way was trained, by the settings of a session."""
    from psychopy_nfb.settings import read_plain_json

    content = read_plain_json(files.settings)
    signals = (content.get("configuration") or {}).get("signals") or {}
    return str(next(iter(signals.values()), {}).get("direction", "up"))


def _artifacts(table: pd.DataFrame) -> Section:
    """Return the share of artifacts by arm and kind of block, each participant counted once."""
    own = table[table.measure == "artifact"]
    means = own.groupby(["arm", "kind", "participant"]).value.mean()
    rows = [
        [str(arm) or "all", str(kind), str(len(values)), f"{100 * values.mean():.1f} %"]
        for (arm, kind), values in means.groupby(level=["arm", "kind"])
    ]
    heads = ["arm", "kind of block", "participants", "share of artifacts"]
    return Section("Artifacts", table=Table(heads, rows))


def _shown_by_arm(files: StudyFiles, arms: dict[str, str]) -> list[Section]:
    """Return by arm how far what was shown was the own feedback, and which lag it had."""
    found: dict[str, list[float]] = {arm: [] for arm in arms.values()}
    lags: dict[str, list[HeldSummary]] = {arm: [] for arm in arms.values()}
    for one in files.finished:
        session = read_session(one.stem)
        arm = arms[str(one.facts()["participant"])]
        blocks = contingency(session)
        if len(blocks) and np.isfinite(blocks.r).any():
            found[arm].append(float(np.nanmean(blocks.r)))
        frame = (session.settings.get("display") or {}).get("frame_period") or USUAL_FRAME
        lags[arm].append(held_summary(session.frames, frame))
    chosen = any(row.frames for rows in lags.values() for row in rows)
    return [_contingencies(found), *([_lags(lags)] if chosen else [])]


def _lags(lags: dict[str, list[HeldSummary]]) -> Section:
    """Return by arm the chosen lag of its recordings, and how well it was held."""
    rows = []
    for arm, summaries in lags.items():
        known = [one for one in summaries if one.frames]
        if not known:
            rows.append([arm, "0", "–", "–", "–"])
            continue
        low, high = known[0].wanted_low_ms, max(one.wanted_high_ms for one in known)
        low = min(low, *(one.wanted_low_ms for one in known))
        wanted = f"{low:.0f} ms" if high - low < 1 else f"{low:.0f} to {high:.0f} ms"
        median = float(np.median([one.lag_median_ms for one in known]))
        held = 1 - sum(one.not_held for one in known) / sum(one.frames for one in known)
        rows.append([arm, str(len(known)), wanted, f"{median:.1f} ms", percent(held)])
    said = (
        "From the brain to the flip, in the blocks with a chosen lag. Held: within a frame of it."
    )
    heads = ["arm", "recordings", "chosen lag", "median lag", "held"]
    return Section("Lag", [said], table=Table(heads, rows))


def _contingencies(found: dict[str, list[float]]) -> Section:
    """Return by arm how far what was shown was the own feedback."""
    rows = [
        [arm, str(len(values)), f"{np.mean(values):+.3f}", f"{min(values):+.3f}"]
        + [f"{max(values):+.3f}"]
        for arm, values in found.items()
        if values
    ]
    said = (
        "Correlation of the value that was shown with the person's own live value, mean of each "
        "session: near 1 for own feedback, near 0 for sham."
    )
    heads = ["arm", "recordings", "mean r", "lowest", "highest"]
    return Section("Contingency", [said], table=Table(heads, rows))


def _blinding(folder: StudyFolder, arms: dict[str, str]) -> list[Section]:
    """Return how well people could tell their arm, of those who were asked."""
    sections = []
    for who in QUESTIONS:
        counts = guesses_by_arm(folder, who, arms)
        title = f"Could the {who}s tell the arm?"
        if not counts:
            sections.append(Section(title, ["Nobody was asked (psychopy-nfb study guess)."]))
            continue
        rows = []
        for arm, row in counts.items():
            right, unknown = row[arm], row[UNKNOWN]
            wrong = row.total() - right - unknown
            interval = ["cannot be computed (one person)", "", ""]
            if row.total() >= FEWEST_ASKED:
                index = bang_index(right, wrong, unknown)
                interval = [f"{value:+.2f}" for value in (index.value, index.low, index.high)]
            rows.append([arm, str(right), str(wrong), str(unknown), *interval])
        said = "Bang's index by arm: 0 is what chance gives, 1 means that all guessed right."
        if sum(row.total() for row in counts.values()) >= FEWEST_ASKED:
            said += (
                f" James's index of all: {james_index(counts, UNKNOWN):.2f} (0.5 is chance, 1 "
                "means that nobody knew)."
            )
        heads = ["arm", "right", "wrong", "do not know", "Bang's index", "95 % from", "to"]
        sections.append(Section(title, [said], table=Table(heads, rows)))
    return sections


def answers_in(folder: StudyFolder, arms: dict[str, str]) -> Answers:
    """Return what a study knows for the CRED-nf checklist.

    Its own texts; who was asked for the arm, and who has unblinded it; arms once they are open.

    Raises
    ------
    NfbError
        If ``answers`` in ``study.json`` holds something else.
    """
    study = folder.study
    if not isinstance(study.answers, dict):
        raise NfbError("answers", study.answers, "must be an object with a text for each item")
    given = {"1a": study.preregistration} if study.preregistration else {}
    asked = Counter(guess.who for guess in read_guesses(folder))
    facts = StudyFacts(
        participants=len(study.participants),
        asked={who: asked[who] for who in QUESTIONS},
        guesses={who: guesses_by_arm(folder, who, arms) for who in QUESTIONS},
        unblinding=unblinding_of(folder),
    )
    answers = answers_of({**given, **study.answers, "arms": arms})
    return replace(answers, questions=study.questions, study=facts if study.blinded else None)
