"""Pictures of when frames were light."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.light.times import LightTimes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 400
"""Edges in the raster."""
RASTER_STEP = 0.5e-3
"""Seconds a column of the raster stands for."""
BESIDE_MS = 0.5
"""Of the histogram, beyond what is in it."""
BLUE, RED = "#2a6fb0", "#c0392b"


def light_figure(times: LightTimes, channel: str) -> Figure:
    """Return lag's distribution, its course, and the light of single edges in one figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 8), layout="constrained")
    (left, right), (below, answers) = figure.subplots(2, 2)
    _histogram(left, times)
    _course(right, times)
    _raster(below, times)
    _answers(answers, times)
    figure.suptitle(f"From flip to light: {channel}")
    return figure


def _histogram(axes: Axes, times: LightTimes) -> None:
    timed = times.frames[times.frames.edge]
    rising = _rising(times)
    lag = 1e3 * timed.lag.to_numpy()
    middle = np.median(lag)
    low, high = np.percentile(lag, [0.5, 99.5])
    bins = np.linspace(low - BESIDE_MS, high + BESIDE_MS, 60)
    up = timed.frame.isin(rising).to_numpy()
    axes.hist([lag[up], lag[~up]], bins, stacked=True, color=[BLUE, RED], label=["up", "down"])
    axes.axvline(middle, color="black", linewidth=1)
    axes.set(xlabel="flip to light (ms)", ylabel="frames", title=f"median {middle:.2f} ms")
    axes.legend(frameon=False)


def _course(axes: Axes, times: LightTimes) -> None:
    frames, timed = times.frames, times.frames[times.frames.edge]
    begin = frames.t_flip.iloc[0]
    up = timed.frame.isin(_rising(times))
    for rows, colour in ((timed[up], BLUE), (timed[~up], RED)):
        axes.plot(rows.t_flip - begin, 1e3 * rows.lag, ".", markersize=2, color=colour)
    low, high = axes.get_ylim()
    for rows, colour, label in (
        (frames[frames.shown == False], "black", "missed"),  # noqa: E712
        (frames[frames.repeated > 0], "#e08a00", "repeated"),
    ):
        if len(rows):
            axes.vlines(rows.t_flip - begin, low, high, colour, linewidth=0.8, label=label)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)
    axes.set(xlabel="time (s)", ylabel="flip to light (ms)", title="each frame with an edge")


def _raster(axes: Axes, times: LightTimes) -> None:
    light, frames = times.light, times.frames.set_index("frame")
    rising = _rising(times)
    rising = rising[np.linspace(0, len(rising) - 1, min(len(rising), MOST_ROWS)).astype(int)]
    flips = frames.t_flip.loc[rising].to_numpy()
    lag, period = times.summary.lag_median_ms / 1e3, 1 / times.summary.refresh_hz
    since = np.arange(lag - 1.2 * period, lag + 1.8 * period, RASTER_STEP)
    values = 1 - light.values if times.summary.inverted else light.values
    rows = np.interp(flips[:, None] + since, light.stamps, values)
    axes.imshow(
        rows,
        aspect="auto",
        cmap="gray",
        vmin=0,
        vmax=1,
        extent=(1e3 * since[0], 1e3 * since[-1], len(rows), 0),
        interpolation="nearest",
    )
    axes.set(xlabel="since the flip (ms)", ylabel="edge", title="light of edges from dark to light")


def _answers(axes: Axes, times: LightTimes) -> None:
    summary = times.summary
    for answer, colour, label in (
        (times.rise, BLUE, f"up, {summary.rise_ms:.1f} ms"),
        (times.fall, RED, f"down, {summary.fall_ms:.1f} ms"),
    ):
        axes.plot(1e3 * (answer.since - answer.middle()), answer.level, color=colour, label=label)
    axes.axvline(0, color="black", linewidth=1)
    axes.axhline(0.5, color="black", linewidth=0.5)
    axes.set(xlabel="since half-way (ms)", ylabel="share of the way", title="pixels and sensor")
    axes.legend(frameon=False, title="from 10 to 90 %")


def _rising(times: LightTimes) -> np.ndarray:
    """Return the frames that were timed by an edge from dark to light."""
    edged = set(times.frames.frame[times.frames.edge])
    rising = times.edges[times.edges.rising & times.edges.t.notna()].frame
    return np.array([frame for frame in rising if frame in edged])
