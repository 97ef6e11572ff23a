"""One figure of a session's lag, fit for a paper's methods section."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from psychopy_nfb.timing import LagSummary
from psychopy_nfb.timing.lag import STAGES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WAY = (
    "sample_to_received_ms",
    "received_to_published_ms",
    "published_to_read_ms",
    "read_to_flip_ms",
)
"""Stages that follow each other; the others are sums of them."""
COLOURS = ("#9db7d5", "#2a6fb0", "#e8b04b", "#c0392b")
DELAY_COLOUR = "#8b93a5"


def lag_figure(frames: pd.DataFrame, summary: LagSummary) -> Figure:
    """Return the figure: the way of a value, the age at the flip, the course of the run.

    Parameters
    ----------
    frames : DataFrame
        The frame log.
    summary : LagSummary
        Of the same log.
    """
    from matplotlib.figure import Figure

    shown = frames[frames.t_sample.notna()]
    figure = Figure(figsize=(9, 7.5), layout="constrained")
    places = figure.subplot_mosaic([["way", "way"], ["age", "intervals"], ["course", "course"]])
    _way(places["way"], summary)
    _age(places["age"], shown)
    _intervals(places["intervals"], frames)
    _course(places["course"], frames, shown)
    return figure


def _way(axes: Axes, summary: LagSummary) -> None:
    """Draw the stages' medians behind each other, filter delay first."""
    stages = [("filter", summary.stages["filter_delay_ms"].median, DELAY_COLOUR)]
    stages += [
        (STAGES[name][2], summary.stages[name].median, colour)
        for name, colour in zip(WAY, COLOURS, strict=True)
    ]
    begin = 0.0
    for label, milliseconds, colour in stages:
        axes.barh(0, milliseconds, left=begin, color=colour, label=f"{label} {milliseconds:.1f} ms")
        begin += milliseconds
    axes.set(yticks=[], xlabel="median (ms)", title="From brain signal to flip", ylim=(-0.5, 1.5))
    axes.legend(frameon=False, ncols=3, loc="upper left", fontsize=9)


def _age(axes: Axes, shown: pd.DataFrame) -> None:
    age = 1e3 * (shown.t_flip - shown.t_sample).to_numpy()
    high = np.percentile(age, 99.5) if len(age) else 1.0
    axes.hist(age, np.linspace(0, 1.2 * high, 60), color=COLOURS[1])
    axes.set(xlabel="age of the newest sample at the flip (ms)", ylabel="frames")


def _intervals(axes: Axes, frames: pd.DataFrame) -> None:
    intervals = 1e3 * frames.interval.dropna().to_numpy()
    middle = np.median(intervals) if len(intervals) else 1.0
    axes.hist(
        intervals.clip(0, 3 * middle), np.linspace(0, 3 * middle, 90), color=COLOURS[2], log=True
    )
    axes.set(xlabel="frame interval (ms)", ylabel="frames")


def _course(axes: Axes, frames: pd.DataFrame, shown: pd.DataFrame) -> None:
    begin = frames.t_flip.iloc[0]
    age = 1e3 * (shown.t_flip - shown.t_sample)
    axes.plot(shown.t_flip - begin, age, ".", markersize=1.5, color=COLOURS[1], label="age at flip")
    high = 2 * np.percentile(age, 99) if len(age) else 1.0
    axes.set_ylim(0, high)
    lost = frames[frames.dropped.diff().fillna(frames.dropped.iloc[0]) > 0]
    if len(lost):
        axes.vlines(lost.t_flip - begin, 0, high, COLOURS[3], linewidth=0.8, label="dropped frame")
    for name, rows in frames[frames.block.notna()].groupby("block", sort=False):
        first, last = rows.t_flip.iloc[0] - begin, rows.t_flip.iloc[-1] - begin
        axes.axvspan(first, last, color="#000000", alpha=0.05, linewidth=0)
        axes.text(first, high, f" {name}", va="top", fontsize=8)
    axes.set(xlabel="time (s)", ylabel="ms")
    axes.legend(frameon=False, loc="upper right", fontsize=8)
