"""One figure of a training: the course of the signal, and what each block came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from psychopy_nfb.report.outcome import course
from psychopy_nfb.report.session_data import SessionData, signal_unit
from psychopy_nfb.report.style import BLACK, DARK, GREY, LIGHT, SMALL, label_spans, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HATCH = {"feedback": "", "no feedback": "///", "baseline": "..."}
ROBUST = (1, 99)
"""Percentiles of the course that set the scale."""


def outcome_figure(data: SessionData, blocks: pd.DataFrame) -> Figure:
    """Return the figure.

    Parameters
    ----------
    data : SessionData
        The session; its `signals` must be there.
    blocks : DataFrame
        From `outcome`.
    """
    figure = new_figure(9, 6.5)
    above, middle, below = figure.subplots(3, 1, sharex=True, height_ratios=(1.6, 1, 0.5))
    line = course(data)
    begin = data.signals.t.iloc[0]
    end = max(1.0, data.signals.t.iloc[-1] - begin)
    above.set_xlim(0, end)
    _signal(above, line, begin, signal_unit(data))
    spans = [(block.begin - begin, block.end - begin, block.label) for block in data.blocks]
    label_spans(above, spans, [not block.feedback for block in data.blocks])
    _blocks(middle, spans, blocks, data.first.get("direction", "up") == "up")
    step = np.append(line.t - begin, end)
    below.stairs(100 * line.clean, step, fill=True, color=GREY)
    below.set(xlabel="time since the first sample (s)", ylabel="clean (%)", ylim=(0, 105))
    return figure


def _signal(axes: Axes, line: pd.DataFrame, begin: float, unit: str) -> None:
    axes.plot(
        line.t - begin, line.signal, "o-", color=DARK, markersize=2.5, linewidth=1, label="signal"
    )
    if line.threshold.notna().any():
        axes.plot(
            line.t - begin, line.threshold, "--", color=BLACK, linewidth=1.2, label="threshold"
        )
    known = pd.concat([line.signal, line.threshold]).dropna()
    if len(known):
        low, high = np.percentile(known, ROBUST)
        margin = 0.15 * max(high - low, 1e-9)
        outside = int(((line.signal < low - margin) | (line.signal > high + 2.5 * margin)).sum())
        axes.set_ylim(low - margin, high + 2.5 * margin)  # the legend lies above the curve
        if outside:
            text = f"{outside} of {int(line.signal.notna().sum())} points lie outside"
            axes.text(0.01, 0.03, text, transform=axes.transAxes, fontsize=SMALL)
    axes.set_ylabel(f"signal ({unit})" if unit else "signal")
    axes.legend(fontsize=SMALL, loc="upper left", ncols=2, framealpha=0.8)


def _blocks(axes: Axes, spans: list[Any], blocks: pd.DataFrame, up: bool) -> None:
    """Draw the share of time beyond the threshold as a bar over each block."""
    labelled = set()
    for (first, last, _), row in zip(spans, blocks.itertuples(), strict=True):
        if not np.isfinite(row.above):
            continue
        axes.bar(
            first,
            100 * row.above,
            last - first,
            align="edge",
            color=LIGHT if row.kind == "feedback" else "white",
            hatch=HATCH[row.kind],
            edgecolor=GREY,
            label=None if row.kind in labelled else row.kind,
        )
        labelled.add(row.kind)
    if labelled:
        axes.legend(fontsize=SMALL, loc="upper left", ncols=2, framealpha=0.8)
    else:
        axes.text(0.5, 0.5, "no threshold was in use", ha="center", transform=axes.transAxes)
    axes.set(ylabel=f"{'above' if up else 'below'}\nthreshold (%)", ylim=(0, 105))
