"""A picture of the lag budget: steps of the rhythm as light, and the stages one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.photodiode.budget import STAGES, Budget
from psychopy_nfb.report.style import BLACK, DARK, GREY, LIGHT, SMALL, new_figure, waterfall

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BEFORE, AFTER = 0.1, 0.7
MOST_TRACES = 60


def budget_figure(budget: Budget, light: np.ndarray, stamps: np.ndarray) -> Figure:
    """Return the figure.

    Parameters
    ----------
    budget : Budget
        What was found.
    light, stamps : array, shape (n,)
        The sensor's samples and times.
    """
    figure = new_figure(9, 7)
    above, below = figure.subplots(2, 1, height_ratios=(1, 1.1))
    found = budget.printed()
    _traces(above, budget, light, stamps, found["measured"])
    waterfall(below, list(STAGES.values()), [found[name] for name in STAGES], "sum of the stages")
    below.axvline(found["measured"], color=BLACK, linestyle="--", linewidth=1)
    difference = f"{found['difference'] + 0.0:.2f}".replace("-", "\u2212")
    title = f"Measured (dashed) − sum of the stages: {difference} ms"
    below.set_title(title, fontsize=10)
    return figure


def _traces(
    axes: Axes, budget: Budget, light: np.ndarray, stamps: np.ndarray, measured: float
) -> None:
    """Draw the light around each step."""
    since = np.arange(-BEFORE, AFTER, 1e-3)
    for up, colour, line in ((True, DARK, "-"), (False, LIGHT, "--")):
        steps = budget.steps[budget.steps.up == up].head(MOST_TRACES // 2)
        label = f"rhythm grows stronger ({len(steps)} steps)"
        if not up:
            label = f"rhythm grows weaker ({len(steps)} steps)"
        for t_event in steps.t_event:
            trace = np.interp(t_event + since, stamps, light)
            axes.plot(1e3 * since, trace, line, color=colour, alpha=0.35, linewidth=1)
        axes.plot([], [], line, color=colour, label=label)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.axvline(
        measured, color=BLACK, linestyle="--", linewidth=1, label=f"half-way: {measured:.2f} ms"
    )
    axes.set(xlabel="time since the step of the rhythm (ms)", ylabel="light (unit of the sensor)")
    axes.set_title("Light after each step of the rhythm", fontsize=10)
    axes.legend(fontsize=SMALL, loc="center right", framealpha=0.8)
