"""`psychopy-nfb study`: make a study, see what is due, allocate, unblind."""

from __future__ import annotations

import argparse
import textwrap
from importlib import import_module
from pathlib import Path

from psychopy_nfb.study.key_steps import AllocateStep, ContingencyStep, UnblindStep
from psychopy_nfb.study.steps import (
    AddStep,
    GuessStep,
    NewStep,
    NextStep,
    StatusStep,
    Step,
    WithdrawStep,
)

STEPS: dict[str, type[Step] | str] = {
    "new": NewStep,
    "allocate": AllocateStep,
    "add": AddStep,
    "next": NextStep,
    "status": StatusStep,
    "withdraw": WithdrawStep,
    "guess": GuessStep,
    "unblind": UnblindStep,
    "contingency": ContingencyStep,
    "report": "psychopy_nfb.report.study_steps:ReportStep",
    "bids": "psychopy_nfb.report.study_steps:BidsStep",
}
"""In the order in which a study needs them; by name where a folder further on has them."""
HELP_WIDTH = 78


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the steps of ``psychopy-nfb study`` and their options."""
    steps = parser.add_subparsers(
        dest="step",
        metavar="STEP",
        title="steps",
        required=True,
        help="psychopy-nfb study STEP --help explains it",
    )
    for name, found in STEPS.items():
        step = _named(found) if isinstance(found, str) else found
        one = steps.add_parser(
            name,
            help=step.summary,
            description=textwrap.fill(step.description, HELP_WIDTH),
            epilog=f"example:\n  psychopy-nfb study {name} {step.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.add_argument("folder", metavar="FOLDER", type=Path, help="the study's folder")
        step.add_options(one)
        one.set_defaults(step_run=step.run)


def _named(place: str) -> type[Step]:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def main(options: argparse.Namespace) -> int:
    """Do the step that `options` say; return the exit status."""
    options.step_run(options)
    return 0
