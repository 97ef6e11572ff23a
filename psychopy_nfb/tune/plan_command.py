"""``psychopy-nfb plan``: a plan of a session checked, and the course that it gives."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from psychopy_nfb.checks import check_whole, check_writable
from psychopy_nfb.course.files import read_plan, ready_plans
from psychopy_nfb.course.fit import check_again, check_fit
from psychopy_nfb.course.order import Turn, course, drawn_seed
from psychopy_nfb.course.tables import write_conditions
from psychopy_nfb.course.words import as_text
from psychopy_nfb.errors import listed
from psychopy_nfb.protocol.chosen_lag import LARGEST_SEED
from psychopy_nfb.settings import write_json
from psychopy_nfb.terminal import add_plugins, naming_kept_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb plan``."""
    add = parser.add_argument
    add(
        "plan",
        metavar="FILE",
        help="the plan: a .json, .csv or .xlsx file, or the name of one that comes with the "
        f"package ({listed(ready_plans())})",
    )
    add("--seed", type=int, metavar="N", help="seed of the order (default: the plan's, or drawn)")
    add(
        "--conditions",
        metavar="OUT.csv",
        help="write the course as a conditions file for a loop of Builder",
    )
    add(
        "--settings",
        metavar="FILE",
        help="settings file of a training: check whether the plan fits it",
    )
    add_plugins(parser)
    add("--json", metavar="OUT.json", help="write the plan itself, to change it")


def _check_training(turns: Sequence[Turn], options: argparse.Namespace) -> None:
    """Refuse a course that does not fit the training of a settings file.

    Lags are not compared with anything: how much stream and screen take is known when they run.
    """
    from psychopy_nfb.engine.configuration import read_configuration
    from psychopy_nfb.engine.plugins import load_installed, load_plugins

    load_plugins(options.plugin)
    load_installed()
    training = read_configuration(options.settings)
    there = all(signal.baseline is not None for signal in training.signals.values())
    check_fit(turns, training.signals, training.shown, calibrated=there)
    check_again(turns, training.shown)


def main(options: argparse.Namespace) -> int:
    """Print the course, write what is asked for, return 0."""
    plan = read_plan(options.plan)
    if options.seed is not None:
        check_whole("seed", options.seed, at_least=0, at_most=LARGEST_SEED)
    seed = plan.seed if options.seed is None else options.seed
    drawn = seed is None
    seed = drawn_seed() if seed is None else seed
    turns = course(plan, seed)
    if options.settings:
        _check_training(turns, options)
    files = [Path(one) for one in (options.conditions, options.json) if one]
    for name in ("conditions", "json"):
        if getattr(options, name):
            check_writable(name, getattr(options, name))
    if plan.title:
        sys.stdout.write(f"{plan.title}\n\n")
    sys.stdout.write(as_text(plan, turns))
    how = "drawn now; a session draws its own, unless the plan or run_plan names one"
    sys.stdout.write(f"Seed {seed}{f' ({how})' if drawn else ''}.\n")
    with naming_kept_files(*files):
        if options.conditions:
            write_conditions(turns, options.conditions)
        if options.json:
            write_json(plan, options.json)
    if options.conditions and any(turn.block.kind == "baseline" for turn in turns):
        sys.stdout.write(
            "The conditions file has no baselines: put a Neuro Baseline Routine before its loop.\n"
        )
    if files:
        sys.stdout.write("\n".join(["Files:", *(f"  {path}" for path in files)]) + "\n")
    return 0
