"""Steps of `psychopy-nfb study` that write pages and datasets: report and bids."""

from __future__ import annotations

import argparse
from pathlib import Path

from psychopy_nfb.study.steps import Step


class ReportStep(Step):
    """Writes the study's report."""

    summary = "write the report: who took part, what was learned, CRED-nf checklist"
    description = (
        "Write the report of a study: sessions that are done and missing, learning within and "
        "between sessions with intervals, artifacts, and the CRED-nf checklist. After unblinding "
        "all of it is by arm, with contingency and blinding index; before, nothing is. What the "
        "checklist asks of you is answered in study.json, under answers."
    )
    example = "my_study --out my_report"

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add its options."""
        parser.add_argument(
            "--out", metavar="DIR", type=Path, help="folder (default: report, in the study's)"
        )

    @staticmethod
    def run(options: argparse.Namespace) -> None:
        """Do it."""
        from psychopy_nfb.checks import prepare_folder
        from psychopy_nfb.report.cred_nf.checklist import checklist
        from psychopy_nfb.report.cred_nf.command import pictures
        from psychopy_nfb.report.cred_nf.written import (
            markdown,
            summary,
            write_checklist,
            write_markdown,
        )
        from psychopy_nfb.report.study_report import (
            answers_in,
            arms_of,
            files_of,
            write_study_report,
        )
        from psychopy_nfb.study.plan import StudyFolder
        from psychopy_nfb.terminal import doing, naming_kept_files

        folder = StudyFolder(options.folder)
        out = options.out or folder.path / "report"
        files, arms = files_of(folder), arms_of(folder)
        answers = answers_in(folder, arms)
        prepare_folder(out)
        with naming_kept_files(out / "study"), doing("Reading the sessions"):
            stems = [one.stem for one in files.finished]
            filled = checklist(stems, answers, files.continued)
            paths = write_study_report(folder, out, filled.table)
            told = folder.study.name
            write_checklist(out / "cred-nf.html", filled, told, pictures(filled.table))
            write_markdown(out / "cred-nf.md", markdown(filled, told))
        print(f"CRED-nf: {summary(filled)}")
        print("Files:")
        for path in (*paths.values(), out / "cred-nf.html", out / "cred-nf.md"):
            print(f"  {path}")


class BidsStep(Step):
    """Exports the study's sessions."""

    summary = "export the sessions as a dataset after BIDS"
    description = (
        "Export all finished sessions into one folder as a dataset after BIDS. Sessions and texts "
        "that are in the folder stay as they are. What was shown is in it after unblinding only. "
        "The table of participants has strata, and after which session somebody withdrew."
    )
    example = "my_study my_dataset"

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add its options."""
        parser.add_argument("out", metavar="OUT", type=Path, help="folder of the dataset")

    @staticmethod
    def run(options: argparse.Namespace) -> None:
        """Do it."""
        from tqdm import tqdm

        from psychopy_nfb.report.bids.export import export_session
        from psychopy_nfb.report.bids.participants import describe_participants
        from psychopy_nfb.report.study_report import files_of
        from psychopy_nfb.study.plan import StudyFolder

        folder = StudyFolder(options.folder)
        files = files_of(folder)
        new = 0
        for one in tqdm(files.finished, desc="sessions", unit="", disable=None, leave=False):
            done = export_session(one.stem, options.out)
            new += done.new
            for note in done.notes if done.new else ():
                print(f"{done.stem}: {note}")
        describe_participants(options.out, folder.study)
        there = len(files.finished) - new
        print(f"{new} sessions were added" + (f", {there} were there already." if there else "."))
        if left_out := files.left_out():
            print(f"Left out, as they were cut off: {', '.join(left_out)}.")
        print(f"Dataset:\n  {options.out}")
