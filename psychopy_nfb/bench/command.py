"""`psychopy-nfb bench`: which benchmark, and what is done with its figures."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from psychopy_nfb.bench.calm import TURN_SECONDS, stolen_seconds
from psychopy_nfb.checks import check_number, check_writable

PARTS = {
    "loop": "psychopy_nfb.bench.loop",
    "builder": "psychopy_nfb.bench.builder_run",
    "dsp": "psychopy_nfb.bench.dsp",
    "step": "psychopy_nfb.bench.step",
}
"""Each module has ``measure(options) -> Outcome``."""


@dataclass
class Outcome:
    """What a benchmark found."""

    figures: dict[str, float]
    at_most: dict[str, float] = field(default_factory=dict)
    """What each figure must not exceed."""
    at_least: dict[str, float] = field(default_factory=dict)
    """What each figure must reach."""
    conditions: dict[str, object] = field(default_factory=dict)
    """Under which it was measured."""

    def missed(self, name: str) -> bool:
        """Return whether a figure misses its bar."""
        value = self.figures[name]
        too_high = value > self.at_most.get(name, float("inf"))
        return too_high or value < self.at_least.get(name, float("-inf"))

    def lines(self) -> list[str]:
        """Return each figure, beside its bar if it has one."""
        lines = []
        for name, value in self.figures.items():
            bar = self.at_most.get(name, self.at_least.get(name))
            said = ""
            if bar is not None:
                sign = "≤" if name in self.at_most else "≥"
                said = f"bar {sign} {bar:g}: {'NOT HELD' if self.missed(name) else 'held'}"
            lines.append(f"{name:34s} {value:12.4g}  {said}".rstrip())
        return lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb bench``."""
    add = parser.add_argument
    add("what", choices=list(PARTS), help="what to measure")
    add("--json", metavar="FILE", help="write the figures there")
    add(
        "--seconds",
        type=float,
        default=60.0,
        help="length of each condition in a frame loop (default 60)",
    )
    add("--reads", type=int, default=10_000_000, help="reads under a writer (default 10 million)")
    add("--chunks", type=int, default=1_000_000, help="chunks through a pipeline (default 1 mio.)")


def main(options: argparse.Namespace) -> int:
    """Measure and report; exit status 1 if a figure misses its bar."""
    from psychopy_nfb.recording import machine_facts

    check_number("seconds", options.seconds, at_least=TURN_SECONDS, unit="s")
    check_number("reads", options.reads, at_least=1000)
    check_number("chunks", options.chunks, at_least=1000)
    if options.json:
        check_writable("json", options.json)
    stolen, begun = stolen_seconds(), time.monotonic()
    outcome = importlib.import_module(PARTS[options.what]).measure(options)
    # A virtual machine that others take from misses frames on its own account.
    taken = 100 * (stolen_seconds() - stolen) / (time.monotonic() - begun)
    if options.json:
        content = {
            "figures": outcome.figures,
            "bars": {**outcome.at_most, **outcome.at_least},
            "conditions": {
                **machine_facts(),
                "cores": os.cpu_count(),
                **outcome.conditions,
                "stolen_percent": taken,
            },
        }
        Path(options.json).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"processor time taken by other machines: {taken:.1f} %")
    print("\n".join(outcome.lines()))
    return int(any(outcome.missed(name) for name in outcome.figures))
