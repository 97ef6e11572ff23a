"""`psychopy-nfb bench`: which benchmark, and what is done with its figures."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import time
from pathlib import Path

from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.bench.steal_time import TURN_SECONDS, stolen_seconds
from psychopy_nfb.checks import check_number, check_writable, prepare_folder
from psychopy_nfb.recording import machine_facts
from psychopy_nfb.terminal import add_stream, add_units

PARTS = {
    "loop": "psychopy_nfb.bench.loop",
    "builder": "psychopy_nfb.bench.builder_run",
    "start": "psychopy_nfb.bench.python_ipc.start",
    "ipc": "psychopy_nfb.bench.python_ipc.ipc",
    "designs": "psychopy_nfb.bench.python_ipc.designs",
    "dsp": "psychopy_nfb.bench.dsp",
    "step": "psychopy_nfb.bench.step",
    "display": "psychopy_nfb.bench.display",
    "console": "psychopy_nfb.bench.operator_page",
}
"""Each module has ``measure(options) -> Outcome``."""
ALL = ("start", "ipc", "designs", "dsp")
"""Parts of ``bench all`` and its page; the others take long and have limits of their own."""
ON_SCREEN = ("loop", "builder", "start", "designs", "console", "all")
"""Those that open windows."""
BRIEF_CHUNKS = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb bench``."""
    add = parser.add_argument
    add(
        "what",
        choices=[*PARTS, "all"],
        help="loop: the frame loop; builder: an experiment of Builder; start: starting processes; "
        "ipc: ways between processes; designs: other designs than this package's; dsp: filters; "
        "step: answer to a step of the amplitude; display: how much a bar moves; "
        "console: what open pages of an operator cost; "
        f"all: {', '.join(ALL)}",
    )
    add(
        "recordings",
        nargs="*",
        metavar="RECORDING",
        help="for display: EEG files of more than a minute (default a simulated person)",
    )
    add_units(parser)
    add_stream(parser)
    add("--json", metavar="FILE", help="write the figures to this file, too")
    add(
        "--seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="length of each condition of loop, builder, step and console, in seconds (default 60)",
    )
    add(
        "--reads",
        type=int,
        default=10_000_000,
        metavar="N",
        help="reads of shared memory while it is written (default 10000000)",
    )
    add("--out", metavar="DIR", default="data", help="folder for the page of all (default data)")
    add(
        "--chunks",
        type=int,
        default=1_000_000,
        metavar="N",
        help="chunks of samples through a pipeline (default 1000000)",
    )


def main(options: argparse.Namespace) -> int:
    """Measure and report; exit status 1 if a figure misses its bar."""
    check_number("seconds", options.seconds, at_least=TURN_SECONDS, unit="s")
    check_number("reads", options.reads, at_least=1000)
    check_number("chunks", options.chunks, at_least=1000)
    if options.json:
        check_writable("json", options.json)
    if options.what == "all":
        options.chunks = min(options.chunks, BRIEF_CHUNKS)
        prepare_folder(options.out)
    if options.what in ON_SCREEN:
        from psychopy_nfb.display.window import check_screen

        check_screen()
    outcomes: dict[str, Outcome] = {}
    for part in ALL if options.what == "all" else (options.what,):
        outcomes[part] = _measured(part, options)
        if options.json:  # after each part, so that nothing is lost
            _write_json(options, outcomes)
        print(outcomes[part].said())
        if not outcomes[part].complete:
            print("Stopped by Ctrl-C. The figures are those measured until then.")
            break
    if options.what == "all":
        from psychopy_nfb.bench.python_ipc.findings import write_findings

        print(f"Page:\n  {write_findings(Path(options.out), outcomes)}")
    missed = any(one.missed(name) for one in outcomes.values() for name in one.figures)
    return int(missed or not all(one.complete for one in outcomes.values()))


def _measured(part: str, options: argparse.Namespace) -> Outcome:
    """Measure one part, and note how much of the processors others took meanwhile."""
    stolen, begun = stolen_seconds(), time.monotonic()
    outcome = importlib.import_module(PARTS[part]).measure(options)
    # A virtual machine that others take from misses frames on its own account.
    seconds = time.monotonic() - begun
    taken = 100 * (stolen_seconds() - stolen) / seconds
    outcome.conditions |= {"stolen_percent": taken, "measured_seconds": seconds}
    return outcome


def _write_json(options: argparse.Namespace, outcomes: dict[str, Outcome]) -> None:
    machine = {**machine_facts(), "cores": os.cpu_count()}
    parts = {part: one.to_dict() for part, one in outcomes.items()}
    if options.what != "all":
        (content,) = parts.values()
        content["conditions"] = {**machine, **content["conditions"]}
    else:
        content = {"conditions": machine, "parts": parts}
    Path(options.json).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
