"""One figure of a session's lag, fit for a paper's methods section."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from psychopy_nfb.analysis import LagSummary
from psychopy_nfb.analysis.lag import STAGES, without_chosen
from psychopy_nfb.report.seen import all_frames
from psychopy_nfb.report.session_data import SessionData
from psychopy_nfb.report.style import (
    DARK,
    GREY,
    LIGHT,
    PALE,
    SMALL,
    histogram,
    label_spans,
    new_figure,
    waterfall,
)

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
COURSE_BINS = 150
"""Stretches that the course of a run is drawn in, however long it is."""


def lag_figure(data: SessionData, summary: LagSummary) -> Figure:
    """Return the figure: the way of a value, the age at the flip, the course of the run.

    Parameters
    ----------
    data : SessionData
        The session; it must have frames.
    summary : LagSummary
        Of its frame log.
    """
    figure = new_figure(9, 9)
    places = figure.subplot_mosaic(
        [["way", "way"], ["age", "intervals"], ["course", "course"], ["drops", "drops"]],
        height_ratios=(1.3, 1, 1, 0.6),
    )
    frames = all_frames(data)
    shown = frames[frames.t_sample.notna()]
    measured = without_chosen(shown)
    _way(places["way"], measured, summary)
    age = 1e3 * (shown.t_flip - shown.t_sample)
    age = age if summary.clock_offset is None else age[:0]
    known = age.to_numpy()
    histogram(places["age"], age.reindex(measured.index).dropna().to_numpy(), "ms")
    places["age"].set(xlabel="age of the sample at the flip (ms)", ylabel="frames")
    intervals = 1e3 * frames.interval.to_numpy()
    histogram(places["intervals"], intervals, "ms", _intervals_shown(intervals))
    places["intervals"].set(xlabel="frame interval (ms)", ylabel="frames", yscale="log")
    places["drops"].sharex(places["course"])
    _course(places["course"], data, frames, known)
    _drops(places["drops"], frames, known=summary.dropped is not None)
    return figure


def typical(stages: pd.DataFrame) -> pd.Series:
    """Return the mean of each stage over the middle half of the rows, by their sum.

    Unlike medians such means add up, and a few long delays do not move them.
    """
    sums = stages.sum(axis=1)
    low, high = sums.quantile([0.25, 0.75])
    return stages[(sums >= low) & (sums <= high)].mean()


def _way(axes: Axes, shown: pd.DataFrame, summary: LagSummary) -> None:
    """Draw the stages of a typical frame behind each other, filter delay first."""
    if summary.clock_offset is not None or not len(shown):
        axes.text(0.5, 0.5, "the age of the samples is not known", ha="center")
        axes.set_axis_off()
        return
    stages = pd.DataFrame({"filter and smoothing, as declared": 1e3 * shown.delay})
    for name in WAY:
        begin, end, title, _ = STAGES[name]
        stages[title] = 1e3 * (shown[end] - shown[begin])
    found = typical(stages.dropna())
    waterfall(axes, list(found.index), found.to_list(), "brain signal → flip")
    axes.set_title("A typical frame: mean of the middle half of the frames", fontsize=10)


def _intervals_shown(intervals: np.ndarray) -> tuple[float, float]:
    """Return the range of intervals to draw: dropped frames in it, long standstills not."""
    known = intervals[np.isfinite(intervals)]
    if not len(known):
        return 0.0, 1.0
    middle, high = np.percentile(known, (50, 99.5))
    return 0.0, float(np.clip(1.05 * high, 3.5 * middle, 12 * middle))


def _course(axes: Axes, data: SessionData, frames: pd.DataFrame, age: np.ndarray) -> None:
    """Draw the age of the sample shown over the run: median and 95 % of it, bin by bin."""
    begin = frames.t_flip.iloc[0]
    since = (frames.t_flip - begin).to_numpy()
    edges = _edges(since)
    axes.set_xlim(0, edges[-1])
    if len(age):
        times = since[frames.t_sample.notna().to_numpy()]
        middles, values = _binned(times, age, edges, (2.5, 50, 97.5))
        axes.fill_between(middles, values[0], values[2], color=PALE, linewidth=0, label="95 %")
        axes.plot(middles, values[1], color=DARK, linewidth=1.2, label="median")
        top = 1.5 * np.nanpercentile(values[2], 75)
        over = np.flatnonzero(values[2] > top)
        axes.set_ylim(0, 1.35 * top)  # the legend lies above the curve
        if len(over):
            label = f"above, up to {np.nanmax(values[2]):.0f} ms"
            axes.plot(middles[over], np.full(len(over), 1.05 * top), "^", color=LIGHT, label=label)
        axes.legend(fontsize=SMALL, loc="upper right", ncols=3, framealpha=0.8)
    else:
        axes.text(0.5, 0.5, "nothing is known", ha="center", transform=axes.transAxes)
    blocks = [(block.begin - begin, block.end - begin, block.label) for block in data.blocks]
    label_spans(axes, blocks, [not block.feedback for block in data.blocks])
    axes.set_ylabel("age at the flip (ms)")


def _drops(axes: Axes, frames: pd.DataFrame, known: bool) -> None:
    """Draw the share of due frames that were dropped, bin by bin, if it is known."""
    axes.set(xlabel="time since the first frame (s)", ylabel="dropped (%)")
    if not known:
        said = "how many frames were dropped is not known"
        axes.text(0.5, 0.5, said, ha="center", va="center", transform=axes.transAxes)
        axes.set_yticks([])
        return
    since = (frames.t_flip - frames.t_flip.iloc[0]).to_numpy()
    edges = _edges(since)
    missed, _ = np.histogram(since, edges, weights=frames.missed)
    shown, _ = np.histogram(since, edges)
    percent = 100 * missed / np.maximum(1, missed + shown)
    axes.stairs(percent, edges, fill=True, color=LIGHT)
    axes.stairs(percent, edges, color=GREY, linewidth=0.6)
    axes.set_ylim(0, max(1.0, 1.1 * percent.max(initial=0.0)))


def _edges(since: np.ndarray) -> np.ndarray:
    """Return the edges of the bins; each of them holds a second or more."""
    length = max(1.0, float(since[-1]))
    return np.linspace(0, length, 1 + int(np.clip(length, 1, COURSE_BINS)))


def _binned(
    times: np.ndarray, values: np.ndarray, edges: np.ndarray, percentiles: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the bins' middles and percentiles, (n_percentiles, n_bins); NaN in empty bins."""
    place = np.clip(np.digitize(times, edges) - 1, 0, len(edges) - 2)
    found = np.full((len(percentiles), len(edges) - 1), np.nan)
    for number in np.unique(place):
        found[:, number] = np.percentile(values[place == number], percentiles)
    return (edges[1:] + edges[:-1]) / 2, found
