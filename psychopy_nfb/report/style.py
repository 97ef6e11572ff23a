"""How all figures look: colours that colour-blind people and grey printers tell apart, and parts.

Colours are of Okabe and Ito's palette, paired so that they differ in lightness too; what differs in
colour also differs in line, mark or place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DARK, LIGHT = "#004c7f", "#e69f00"
"""For two things that are compared."""
PALE, GREY, BLACK = "#9fc5e0", "#8a8f98", "#1d2330"
SMALL = 9
"""Points of the smallest text: still 8 where a page shows the figure a little smaller."""
LINES = (
    ("#004c7f", "-", "o"),
    ("#e69f00", "-", "s"),
    ("#009e73", "--", "^"),
    ("#d55e00", "-", "D"),
    ("#56b4e9", "--", "v"),
    ("#6b3d7a", "-.", "P"),
    ("#1d2330", ":", "X"),
    ("#cc79a7", "-.", "<"),
    ("#7a7f00", "--", ">"),
)
"""Colour, line and mark of each of several curves."""
INSIDE = (0.5, 99.5)
"""Percentiles between which a histogram is drawn; what lies outside is counted."""
BINS = 60


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of `width` by `height` inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def curve(index: int) -> dict[str, object]:
    """Return how the curve number `index` of several is drawn."""
    colour, line, mark = LINES[index % len(LINES)]
    return {"color": colour, "linestyle": line, "marker": mark, "markersize": 5, "linewidth": 1.4}


def waterfall(axes: Axes, names: Sequence[str], milliseconds: Sequence[float], total: str) -> None:
    """Draw stages one after the other, each in a row of its own, and their sum below.

    A negative stage goes back. The figures add up as they are printed.
    """
    printed = [round(float(one), 2) for one in milliseconds]
    ends = np.round(np.cumsum(printed), 2)
    begins = np.concatenate(([0.0], ends[:-1]))
    rows = np.arange(len(printed) + 1)
    axes.barh(rows[:-1], printed, left=begins, color=DARK, height=0.6)
    axes.barh(rows[-1], ends[-1], color=LIGHT, height=0.6)
    low, high = min(0.0, float(ends.min())), max(1.0, float(ends.max()))
    for row, (begin, end, value) in enumerate(
        zip([*begins, 0.0], [*ends, ends[-1]], [*printed, ends[-1]], strict=True)
    ):
        text = f" {value:.2f}".replace("-", "−")
        axes.text(max(begin, end), row, text, va="center", fontsize=SMALL)
        if row:
            axes.plot([begin, begin], [row - 0.7, row - 0.3], color=GREY, linewidth=0.8)
    axes.set(yticks=rows, xlabel="ms", ylim=(len(rows) - 0.4, -0.6))
    axes.set_yticklabels([*names, total], fontsize=SMALL)
    axes.set_xlim(low, low + 1.15 * (high - low))


def histogram(
    axes: Axes, values: np.ndarray, unit: str, span: tuple[float, float] | None = None
) -> None:
    """Draw the distribution of nearly all values, and tell how many lie outside.

    Parameters
    ----------
    axes : Axes
        Where.
    values : array
        What.
    unit : str
        Of the values.
    span : (float, float), optional
        What is drawn; default is what `inside` says.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        axes.text(0.5, 0.5, "nothing is known", ha="center", transform=axes.transAxes)
        return
    low, high = inside(values) if span is None else span
    shown = (values >= low) & (values <= high)
    axes.hist(values[shown], np.linspace(low, high, BINS + 1), color=DARK)
    axes.set_xlim(low, high)
    tell_outside(axes, values, low, high, unit)


def inside(values: np.ndarray, narrowest: float = 1.0) -> tuple[float, float]:
    """Return the range in which nearly all values lie, at least `narrowest` wide."""
    low, first, middle, third, high = np.percentile(values, (INSIDE[0], 25, 50, 75, INSIDE[1]))
    # Where more than a half percent is far out it may not set the scale either.
    reach = 5 * max(third - first, narrowest / 10)
    low, high = max(low, middle - reach), min(high, middle + reach)
    margin = max(0.03 * (high - low), (narrowest - (high - low)) / 2)
    return float(low - margin), float(high + margin)


def tell_outside(axes: Axes, values: np.ndarray, low: float, high: float, unit: str) -> None:
    """Write into the figure how many values lie outside, and how far."""
    outside = values[(values < low) | (values > high)]
    if len(outside):
        far = outside[np.argmax(np.abs(outside - np.median(values)))]
        axes.set_title(
            f"{len(outside)} of {len(values)} lie outside, as far as {far:.4g} {unit}",
            fontsize=SMALL,
            loc="right",
        )


def label_spans(
    axes: Axes, spans: Sequence[tuple[float, float, str]], shaded: Sequence[bool]
) -> None:
    """Shade some of the spans and name those that are wide enough for their names.

    Names stand above the axes, so that they hide nothing.
    """
    begin, end = axes.get_xlim()
    width = axes.get_position().width * axes.get_figure(root=True).get_figwidth() * 72  # points
    for (first, last, name), shade in zip(spans, shaded, strict=True):
        first, last = max(first, begin), min(last, end)
        if first >= last:
            continue
        if shade:
            axes.axvspan(first, last, color="#000000", alpha=0.08, linewidth=0)
        axes.axvline(first, color=GREY, linewidth=0.5)
        room = (last - first) / (end - begin) * width
        if room > 0.55 * SMALL * len(name):
            axes.annotate(
                name,
                ((first + last) / 2, 1.0),
                (0, 3),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=SMALL,
            )
