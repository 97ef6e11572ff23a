"""Pictures of when frames were light."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.photodiode.times import LightTimes
from psychopy_nfb.report.style import (
    BINS,
    BLACK,
    DARK,
    GREY,
    LIGHT,
    SMALL,
    inside,
    new_figure,
    tell_outside,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 400
"""Edges in the raster."""
RASTER_STEP = 0.5e-3
"""Seconds a column of the raster stands for."""
UP, DOWN = "dark → light", "light → dark"


def light_figure(times: LightTimes, channel: str) -> Figure:
    """Return lag's distribution, its course, and the light of single edges in one figure."""
    figure = new_figure(9, 8.5)
    (left, right), (below, answers) = figure.subplots(2, 2)
    low, high = inside(1e3 * times.frames.lag[times.frames.edge].to_numpy())
    _histogram(left, times, low, high)
    _course(right, times, low, high)
    _raster(below, times)
    _answers(answers, times)
    figure.suptitle(f"From flip to light: {channel}", fontsize=11)
    return figure


def _histogram(axes: Axes, times: LightTimes, low: float, high: float) -> None:
    timed = times.frames[times.frames.edge]
    lag = 1e3 * timed.lag.to_numpy()
    up = timed.frame.isin(_rising(times)).to_numpy() & (lag >= low) & (lag <= high)
    down = ~timed.frame.isin(_rising(times)).to_numpy() & (lag >= low) & (lag <= high)
    bins = np.linspace(low, high, BINS + 1)
    # A display that gives light in pulses has edges of one direction only.
    drawn = [one for one in ((lag[up], DARK, UP), (lag[down], LIGHT, DOWN)) if len(one[0])]
    lags, colours, labels = (list(part) for part in zip(*drawn, strict=True))
    axes.hist(lags, bins, stacked=True, color=colours, label=labels)
    median = float(np.median(lag))
    axes.axvline(median, color=BLACK, linestyle="--", linewidth=1, label=f"median {median:.2f} ms")
    axes.set(xlabel="flip to light (ms)", ylabel="frames", xlim=(low, high))
    axes.set_ylim(0, 1.35 * axes.get_ylim()[1])  # the legend lies above the bars
    tell_outside(axes, lag, low, high, "ms")
    axes.legend(fontsize=SMALL, loc="upper left", framealpha=0.8)


def _course(axes: Axes, times: LightTimes, low: float, high: float) -> None:
    """Draw the lag of each frame with an edge, frames missed and repeated below and above."""
    frames, timed = times.frames, times.frames[times.frames.edge]
    begin = frames.t_flip.iloc[0]
    up = timed.frame.isin(_rising(times))
    for rows, colour, mark, label in ((timed[up], DARK, "o", UP), (timed[~up], LIGHT, "s", DOWN)):
        since, lag = rows.t_flip - begin, 1e3 * rows.lag
        if len(rows):
            axes.plot(since, lag, mark, markersize=2, color=colour, label=label)
    room = high - low
    for rows, mark, place, label in (
        (frames[frames.shown == False], "x", low - 0.1 * room, "never shown"),  # noqa: E712
        (frames[frames.repeated > 0], "+", high + 0.1 * room, "shown longer"),
    ):
        if len(rows):
            label = f"{label} ({len(rows)})"
            height = np.full(len(rows), place)
            axes.plot(rows.t_flip - begin, height, mark, color=BLACK, markersize=5, label=label)
    axes.set(xlabel="time (s)", ylabel="flip to light (ms)")
    axes.set_ylim(low - 0.2 * room, high + 0.6 * room)
    tell_outside(axes, 1e3 * timed.lag.to_numpy(), low, high, "ms")
    axes.legend(fontsize=SMALL, loc="upper left", ncols=2, framealpha=0.8)


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
    axes.set(xlabel="time since the flip (ms)", ylabel="edge from dark to light, by number")
    axes.set_title("Light of single edges (black: dark, white: light)", fontsize=10)


def _answers(axes: Axes, times: LightTimes) -> None:
    summary = times.summary
    drawn = [
        (times.rise, DARK, "-", f"{UP}: {summary.rise_ms:.1f} ms"),
        (times.fall, LIGHT, "--", f"{DOWN}: {summary.fall_ms:.1f} ms"),
    ]
    if summary.pulse_ms:
        drawn = [(times.rise, DARK, "-", f"pulse: rises in {summary.rise_ms:.1f} ms")]
    for answer, colour, line, label in drawn:
        since = 1e3 * (answer.since - answer.middle())
        axes.plot(since, 100 * answer.level, line, color=colour, label=label)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.axhline(50, color=GREY, linewidth=0.5)
    axes.set(xlabel="time since half-way (ms)", ylabel="share of the change (%)", ylim=(-8, 150))
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.set_title("Response of pixels and sensor", fontsize=10)
    axes.legend(fontsize=SMALL, loc="upper left", title="from 10 to 90 %", title_fontsize=SMALL)


def _rising(times: LightTimes) -> np.ndarray:
    """Return the frames that were timed by an edge from dark to light."""
    edged = set(times.frames.frame[times.frames.edge])
    rising = times.edges[times.edges.rising & times.edges.t.notna()].frame
    return np.array([frame for frame in rising if frame in edged])
