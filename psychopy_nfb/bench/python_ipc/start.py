"""`psychopy-nfb bench start`: how long a process takes until it can tell something."""

from __future__ import annotations

import argparse
import json
import subprocess
from tempfile import TemporaryFile
from typing import Any

import pandas as pd
from tqdm import tqdm

from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.bench.python_ipc.start_parent import IMPORTS, WAYS
from psychopy_nfb.bench.steal_time import Pace
from psychopy_nfb.process import CREATION_FLAGS, child_environment, python_command

ROUNDS = 5
PARENTS = ("bare", "window")


def measure(options: argparse.Namespace) -> Outcome:
    """Start children of a bare parent and of one with a window, and table their medians."""
    found: list[dict[str, Any]] = []
    missing: list[str] = []
    complete = False
    pace = Pace()
    total = len(PARENTS) * ROUNDS * len(WAYS) * len(IMPORTS)
    try:
        with tqdm(total=total, desc="bench start", unit="process", disable=None) as progress:
            for parent in PARENTS:
                missing += _children(parent, found, progress, pace)
        complete = True
    except KeyboardInterrupt:
        pass  # what has been measured is kept
    rows, figures = [], {}
    if found:
        table = pd.DataFrame(found)
        for (parent, way, imports), group in table.groupby(
            ["parent", "way", "imports"], sort=False
        ):
            rows.append(
                {
                    "parent": parent,
                    "way": way,
                    "imports": imports,
                    "ms_median": group.ms.median(),
                    "ms_max": group.ms.max(),
                    "spread_percent": 100 * (group.ms.max() - group.ms.min()) / group.ms.median(),
                    "megabytes": group.megabytes.median(),
                }
            )
        medians = {(row["parent"], row["way"], row["imports"]): row["ms_median"] for row in rows}
        for (parent, way, imports), median in medians.items():
            figures[f"start_ms_{way}_{imports}_from_{parent}"] = median
    return Outcome(
        figures,
        conditions={"rounds": ROUNDS, **pace.facts()},
        rows=rows,
        missing=missing,
        complete=complete,
    )


def _children(parent: str, found: list[dict[str, Any]], progress: tqdm, pace: Pace) -> list[str]:
    """Add what a parent's children told to `found`; return what could not be measured, and why."""
    command = python_command("bench.python_ipc.start_parent", str(ROUNDS))
    if parent == "window":
        command.append("--window")
    missing = []
    with (
        TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=said,
            encoding="utf-8",
            errors="replace",
            env=child_environment(),
            creationflags=CREATION_FLAGS,
        ) as process,
    ):
        for line in process.stdout:
            if not line.startswith("{"):
                continue  # PsychoPy says this and that
            told = json.loads(line)
            if "reason" in told:
                missing.append(f"{told['way']} from a {parent} parent: {told['reason']}")
            else:
                found.append(told)
                pace.look()
                progress.update()
        if process.wait() != 0:
            said.seek(0)
            lines = said.read().strip().splitlines() or ["ended by itself"]
            missing.append(f"a {parent} parent: {lines[-1]}")
    return missing
