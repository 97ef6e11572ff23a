"""One page about a machine: how fast processes start and talk, and which design holds."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.bench.python_ipc.engines import OURS
from psychopy_nfb.bench.python_ipc.ipc import SIZES
from psychopy_nfb.recording import machine_facts
from psychopy_nfb.report.page import Picture, Section, Table, write_page
from psychopy_nfb.report.style import BLACK, curve, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = "bench.html"
FEW_DROPPED = 0.01
"""Of the frames that were due."""


def write_findings(folder: Path, outcomes: dict[str, Outcome]) -> Path:
    """Write the page about what was measured, and return its path.

    Parameters
    ----------
    folder : Path
        That exists.
    outcomes : dict of Outcome
        By part; those that are not there are left out.
    """
    sections = [_about(outcomes)]
    makers = {"designs": _designs, "ipc": _ipc, "start": _start, "dsp": _dsp}
    for part, make in makers.items():
        outcome = outcomes.get(part)
        if outcome is not None and outcome.figures:
            sections.append(make(outcome))
    missing = [what for outcome in outcomes.values() for what in outcome.missing]
    if missing:
        sections.append(Section("What this machine could not measure", points=missing))
    path = folder / PAGE
    machine = machine_facts()
    facts = [f"Python {machine['python']}", machine["platform"], machine["processor"]]
    write_page(
        path, "What processes, queues and threads cost", sections, subtitle=" · ".join(facts)
    )
    return path


def _about(outcomes: dict[str, Outcome]) -> Section:
    taken = max(one.conditions.get("stolen_percent", 0.0) for one in outcomes.values())
    paragraphs = [
        "A participant learns from what they see of their own rhythm, and the sooner the better. "
        "The lag is made of the amplifier, the filter, the way from the process that computes to "
        "the one that draws, and the display. This page is about the way between processes, and "
        "about what happens to frames when computing takes long. All figures are of this machine, "
        "measured now.",
        f"Other programs or machines took up to {taken:.1f} % of the processors' time meanwhile. "
        + _paces(outcomes)
        + "The spread in the tables is how far the medians of turns were apart, relative to the "
        "median of all: for starts all turns, for messages the middle half.",
    ]
    return Section("What this is", paragraphs)


def _paces(outcomes: dict[str, Outcome]) -> str:
    """Return how fast the machine was while each part was measured, as far as it was looked at."""
    told = [
        f"{one.conditions['loop_us_median']:.0f} µs ({part})"
        for part, one in outcomes.items()
        if "loop_us_median" in one.conditions
    ]
    if not told:
        return ""
    return (
        f"A fixed loop of Python took {', '.join(told)} in the median; medians of two runs can be "
        "compared where that is alike. "
    )


def _designs(outcome: Outcome) -> Section:
    rows = pd.DataFrame(outcome.rows)
    return Section(
        "Which design holds",
        design_sentences(rows),
        table=_table(rows),
        pictures=[
            Picture(
                _design_figure(rows),
                "Dropped frames (percent) and the age of the shown value at the flip, by the work "
                "that a chunk makes; a chunk comes every 20 ms.",
            )
        ],
    )


def design_sentences(rows: pd.DataFrame) -> list[str]:
    """Return what the designs' rows mean for an experimenter, one sentence each.

    Parameters
    ----------
    rows : DataFrame
        With the columns of ``bench designs``.
    """
    sentences = []
    for rate, part in rows.groupby("hz"):
        holding = [
            design
            for design, own in part.groupby("design", sort=False)
            if own.dropped.sum() <= FEW_DROPPED * _due(own).sum()
        ]
        failing = []
        for design, own in part.groupby("design", sort=False):
            lost = own[own.dropped > FEW_DROPPED * _due(own)]
            if design not in holding and len(lost):
                failing.append(f"{design} (from {lost.load_ms.min():g} ms a chunk)")
        said = (
            f"At {rate:g} Hz no more than one of a hundred frames due was dropped, at any load, "
            f"with: {'; '.join(holding) or 'none'}."
        )
        if failing:
            said += f" More were dropped with: {'; '.join(failing)}."
        sentences.append(said)
    slow = rows[rows.hz == rows.hz.min()]
    light = slow[slow.load_ms == slow.load_ms.min()].set_index("design").age_ms_median
    if OURS in light and len(light) > 1:
        others = light.drop(OURS)
        sentences.append(
            f"With little to compute the value shown at {slow.hz.min():g} Hz was {light[OURS]:.1f} "
            f"ms old with psychopy_nfb and {others.min():.1f} to {others.max():.1f} ms with the "
            "others. Half of a chunk and half of a frame of that cannot be avoided by a program "
            "that reads once, at the beginning of a frame."
        )
    return sentences


def _design_figure(rows: pd.DataFrame) -> Figure:
    rates = sorted(rows.hz.unique())
    figure = new_figure(max(6.0, 3 * len(rates)), 7)
    axes = figure.subplots(2, len(rates), sharex=True, sharey="row", squeeze=False)
    for column, rate in enumerate(rates):
        designs = rows[rows.hz == rate].groupby("design", sort=False)
        for index, (design, own) in enumerate(designs):
            style = curve(index)
            axes[0, column].plot(own.load_ms, 100 * own.dropped / _due(own), label=design, **style)
            axes[1, column].plot(own.load_ms, own.age_ms_median, **style)
        axes[0, column].set_title(f"{rate:g} Hz")
        axes[1, column].set_xlabel("work per chunk (ms)")
    axes[0, 0].set_ylabel("dropped frames (% of those due)")
    axes[1, 0].set_ylabel("age at the flip, median (ms)")
    axes[1, 0].set_yscale("log")
    for which in (axes[1, 0].yaxis.set_major_formatter, axes[1, 0].yaxis.set_minor_formatter):
        which(lambda milliseconds, _: f"{milliseconds:g}")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _due(rows: pd.DataFrame) -> pd.Series:
    """Return how many frames were due."""
    return rows.frames + rows.dropped


def _ipc(outcome: Outcome) -> Section:
    rows = pd.DataFrame(outcome.rows)
    return Section(
        "From one process to another",
        ipc_sentences(rows),
        table=_table(rows.assign(bytes=rows["bytes"].map(SIZES))),
        pictures=[
            Picture(
                _ipc_figure(rows),
                "Left: one-way latency, median, of a consumer that does nothing else. Right: how "
                "old the newest value at hand is when a frame that computes for 12 ms needs it.",
            )
        ],
    )


def ipc_sentences(rows: pd.DataFrame) -> list[str]:
    """Return what the rows of ``bench ipc`` mean for an experimenter, one sentence each."""
    sentences = []
    small = rows[rows["bytes"] == rows["bytes"].min()].set_index("way")
    if {"psychopy_nfb", "mp.Queue"} <= set(small.index):
        ours, theirs = small.loc["psychopy_nfb"], small.loc["mp.Queue"]
        sentences.append(
            f"A value is in the other process after {ours.us_p50:.0f} µs by psychopy_nfb's shared "
            f"memory and after {theirs.us_p50:.0f} µs by a multiprocessing.Queue (medians)."
        )
        sentences.append(
            "That hardly matters while the consumer waits for it. In a frame loop it does not "
            "wait, it draws: a thread that fetches messages gets Python only when the loop lets go "
            f"of it. Then the newest value at hand is {theirs.busy_us_p50 / 1e3:.1f} ms old by a "
            f"queue and {ours.busy_us_p50 / 1e3:.1f} ms by shared memory, where the loop looks "
            "itself."
        )
    large = rows[rows["bytes"] == rows["bytes"].max()]
    if len(large):
        best = large.loc[large.mb_per_s.idxmax()]
        sentences.append(
            f"Of {SIZES[int(best['bytes'])]} messages {best.way} carries the most, "
            f"{best.mb_per_s:.0f} MB a second; an amplifier of 64 channels at 1000 Hz sends 0.3."
        )
    return sentences


def _ipc_figure(rows: pd.DataFrame) -> Figure:
    figure = new_figure(9, 5.5)
    left, right = figure.subplots(1, 2, sharex=True)
    for index, (way, own) in enumerate(rows.groupby("way", sort=False)):
        style = curve(index) | ({"linewidth": 3.5, "color": BLACK} if way == OURS else {})
        left.plot(own["bytes"], own.us_p50, label=way, **style)
        right.plot(own["bytes"], own.busy_us_p50 / 1e3, **style)
    left.set(xscale="log", yscale="log", xlabel="size (bytes)", ylabel="one way, median (µs)")
    right.set(yscale="log", xlabel="size (bytes)", ylabel="age at the frame, median (ms)")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return figure


def _start(outcome: Outcome) -> Section:
    rows = pd.DataFrame(outcome.rows)
    sentences = [
        f"From a {parent} parent, a process that needs scipy.signal sends its first message after "
        + ", ".join(f"{row.ms_median:.0f} ms ({row.way})" for row in own.itertuples())
        + "."
        for parent, own in rows[rows.imports == "scipy.signal"].groupby("parent", sort=False)
    ]
    sentences.append(
        "Start it before the window shows anything, and keep it for the whole session. A fork of a "
        "process with a window inherits that window's connection to the display, and a fork of one "
        "with threads may hang: fast, but not for experiments."
    )
    return Section("Starting a process", sentences, table=_table(rows))


def _dsp(outcome: Outcome) -> Section:
    rows = [[_title(name), _cell(value)] for name, value in outcome.figures.items()]
    factor = outcome.figures.get("rt_factor_64ch_1khz", math.nan)
    said = (
        f"The usual pipeline on 64 channels at 1000 Hz, sample by sample, runs {factor:.0f} times "
        "faster than real time: computing adds nothing to the lag that one can see."
    )
    return Section("Computing", [said], table=Table(["what", "figure"], rows))


def _table(rows: pd.DataFrame) -> Table:
    cells = [[_cell(value) for value in row] for row in rows.itertuples(index=False)]
    return Table([_title(str(name)) for name in rows.columns], cells)


def _title(name: str) -> str:
    """Return a figure's name in words."""
    if name in TITLES:
        return TITLES[name]
    channels = re.fullmatch(r"chunk_us_(\d+)ch", name)
    return f"one sample of {channels[1]} channels (µs)" if channels else name


def _cell(value: object) -> str:
    """Return a value for a table: numbers with three digits that matter, never as 1e+06."""
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return "–"
    if value.is_integer() or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{value:.{min(digits, 4)}f}"


TITLES = {
    "design": "design",
    "load_ms": "work per chunk (ms)",
    "hz": "display (Hz)",
    "frames": "frames shown",
    "dropped": "frames dropped",
    "dropped_standstill": "of these, machine stood still",
    "interval_sd_ms": "frame interval, SD (ms)",
    "age_ms_median": "age of the value, median (ms)",
    "age_ms_p95": "age, 95 % (ms)",
    "age_ms_max": "age, largest (ms)",
    "cpu_percent": "processor (% of a core)",
    "way": "way",
    "bytes": "size",
    "us_p50": "one way, median (µs)",
    "us_p99": "one way, 99 % (µs)",
    "us_max": "one way, longest (µs)",
    "spread_percent": "spread (%)",
    "busy_us_p50": "age at the frame, median (µs)",
    "busy_us_p99": "age, 99 % (µs)",
    "busy_us_max": "age, largest (µs)",
    "messages_per_s": "messages per second",
    "mb_per_s": "MB per second",
    "arrived_percent": "arrived (%)",
    "parent": "parent",
    "imports": "imports",
    "ms_median": "first message, median (ms)",
    "ms_max": "first message, latest (ms)",
    "megabytes": "memory (MB)",
    "rt_factor_64ch_1khz": "64 channels at 1000 Hz: times faster than real time",
    "rt_factor_256ch_2khz": "256 channels at 2000 Hz: times faster than real time",
    "channel_cost_exponent": "cost grows with the number of channels to the power of",
    "growth_bytes": "memory that grew meanwhile (bytes)",
}
"""What the tables' columns are called on the page; the JSON file has the short names."""
