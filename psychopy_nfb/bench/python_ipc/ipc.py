"""`psychopy-nfb bench ipc`: how late a value is in another process, and how much goes through."""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.bench.python_ipc.link import WORK_SECONDS, Link, cores
from psychopy_nfb.bench.python_ipc.transports import WAYS, Ours, Queue
from psychopy_nfb.bench.steal_time import Pace

SIZES = {8: "8 B", 1024: "1 KB", 65_536: "64 KB", 1_000_000: "1 MB", 10_000_000: "10 MB"}


class Plan(NamedTuple):
    """How latency is measured at a size: far below what any way can carry."""

    hz: float
    """Messages a second."""
    messages: int
    """In a turn."""
    rounds: int
    """In each of which every way has a turn."""


SMALL = Plan(503, 25, 60)
PLANS = {
    **dict.fromkeys((8, 1024, 65_536), SMALL),
    1_000_000: Plan(50, 4, 30),
    10_000_000: Plan(10, 3, 13),
}
"""Many short turns over the whole time: a shared machine is slow for a second or two now and then,
and medians of few long turns are half or twice of each other. At 503 Hz messages meet frames of
60 Hz in ever another phase, at 500 Hz in three."""
BUSY_ROUNDS, BUSY_FRAMES, FLOOD_ROUNDS = 3, 20, 3
KINDS = ("idle", "busy", "flood")
"""Kinds of rounds: an otherwise idle consumer, one with a frame loop, messages at full speed."""
OURS_TIMES = 10.0
BARS_AT = (8, 1024)


def measure(options: argparse.Namespace) -> Outcome:
    """Measure every way at every size; all of them take turns."""
    missing: list[str] = []
    found: dict[int, dict[str, dict[str, list[Any]]]] = {size: {} for size in SIZES}
    complete = False
    links: dict[str, Link] = {}
    rounds = schedule()
    pace = Pace()
    try:
        _open(links, missing)
        with tqdm(
            total=len(rounds) * len(links), desc="bench ipc", unit="turn", disable=None
        ) as progress:
            for size, what in rounds:
                pace.look()
                given = _round(links, size, what, missing, progress.update)
                for name, parts in given.items():
                    found[size].setdefault(name, {kind: [] for kind in KINDS})[what].append(parts)
        complete = True
    except KeyboardInterrupt:
        pass  # the rounds until now are kept
    finally:
        for link in links.values():
            link.close()
    for own in found.values():  # what broke down later has rounds less than others
        for name in own.keys() - links.keys():
            del own[name]
    rows = [row for size, own in found.items() for row in _rows(size, own)]
    figures, most, least = _figures(rows)
    conditions = {
        "paced": {SIZES[size]: PLANS[size]._asdict() for size in SIZES},
        "frame_work_ms": 1e3 * WORK_SECONDS,
        **pace.facts(),
        "each_on_a_core_of_its_own": len(cores()) > 1,
    }
    return Outcome(figures, most, least, conditions, rows, missing, complete)


def schedule() -> list[tuple[int, str]]:
    """Return the rounds in their order: one of each sort, then the rest of each spread evenly."""
    rounds = []
    for size in SIZES:
        for what, n in (
            ("idle", PLANS[size].rounds),
            ("busy", BUSY_ROUNDS),
            ("flood", FLOOD_ROUNDS),
        ):
            rounds += [(number / n, size, what) for number in range(n)]
    return [(size, what) for _, size, what in sorted(rounds)]


def _open(links: dict[str, Link], missing: list[str]) -> None:
    """Open a link for each way that can run; note in `missing` what cannot, and why."""
    context = multiprocessing.get_context("spawn")
    for kind in WAYS:
        ways = {}
        try:
            for size, label in SIZES.items():
                try:
                    ways[size] = kind(context, size)
                except Exception as error:  # each way fails in its own manner
                    missing.append(f"{kind.name}, {label}: {type(error).__name__}: {error}")
            if ways:
                links[kind.name] = Link(ways, context)
        except Exception as error:
            missing.append(f"{kind.name}: {type(error).__name__}: {error}")


def _round(
    links: dict[str, Link],
    size: int,
    what: str,
    missing: list[str],
    turned: Callable[[], object],
) -> dict[str, object]:
    """Give every way a turn; return what was found, by way. Close and note those that break."""
    found = {}
    for name, link in list(links.items()):
        if size in link.sizes:
            try:
                found[name] = _turn(link, size, what)
            except Exception as error:  # each way fails in its own manner
                missing.append(f"{name}: {type(error).__name__}: {error}")
                links.pop(name).close()
        turned()
    return found


def _turn(link: Link, size: int, what: str) -> object:
    plan = PLANS[size]
    if what == "idle":
        return link.latencies(size, plan.hz, plan.messages)
    if what == "busy":
        return link.ages_in_frames(size, plan.hz, BUSY_FRAMES)
    return link.flood(size)


def _figures(
    rows: list[dict[str, Any]],
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Return ours against the others where values are small, and the bars of that."""
    figures: dict[str, float] = {}
    most: dict[str, float] = {}
    least: dict[str, float] = {}
    for size in BARS_AT:
        medians = {row["way"]: row["us_p50"] for row in rows if row["bytes"] == size}
        ours = medians.pop(Ours.name, None)
        if ours is None or Queue.name not in medians:
            continue
        label = SIZES[size].replace(" ", "")
        figures[f"ipc_us_median_ours_{label}"] = ours
        figures[f"ipc_queue_over_ours_{label}"] = medians[Queue.name] / ours
        figures[f"ipc_ours_over_best_other_{label}"] = ours / min(medians.values())
        least[f"ipc_queue_over_ours_{label}"] = OURS_TIMES
        most[f"ipc_ours_over_best_other_{label}"] = 1.0
    return figures, most, least


def _rows(size: int, found: dict[str, dict[str, list[Any]]]) -> list[dict[str, Any]]:
    """Return a row for each way; none if the first rounds have not been measured."""
    if not found or not all(parts[what] for parts in found.values() for what in KINDS):
        return []
    return [_row(name, size, parts) for name, parts in found.items()]


def _row(name: str, size: int, parts: dict[str, list[Any]]) -> dict[str, Any]:
    idle, busy = (1e6 * np.concatenate(parts[what]) for what in ("idle", "busy"))
    low, middle, high = np.percentile([np.median(turn) for turn in parts["idle"]], (25, 50, 75))
    messages, arrived = np.median(parts["flood"], axis=0)
    return {
        "way": name,
        "bytes": size,
        "us_p50": float(np.median(idle)),
        "us_p99": float(np.percentile(idle, 99)),
        "us_max": float(idle.max()),
        "spread_percent": float(100 * (high - low) / middle),
        "busy_us_p50": float(np.median(busy)),
        "busy_us_p99": float(np.percentile(busy, 99)),
        "busy_us_max": float(busy.max()),
        "messages_per_s": float(messages),
        "mb_per_s": float(messages * size / 1e6),
        "arrived_percent": float(100 * arrived),
    }


def table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as a table for people."""
    found = pd.DataFrame(rows)
    found["bytes"] = found["bytes"].map(SIZES)
    return found
