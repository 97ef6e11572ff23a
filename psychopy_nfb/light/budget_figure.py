"""A picture of the lag budget: steps of the rhythm as light, and the stages behind each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.light.budget import STAGES, Budget

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#8b93a5", "#9db7d5", "#2a6fb0", "#e8b04b", "#c0392b", "#7b4fa3")
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
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    since = np.arange(-BEFORE, AFTER, 1e-3)
    for step in budget.steps.head(MOST_TRACES).itertuples():
        trace = np.interp(step.t_event + since, stamps, light)
        left.plot(1e3 * since, trace, color="#2a6fb0" if step.up else "#c0392b", alpha=0.25)
    found = budget.to_dict()
    left.axvline(0, color="black", linewidth=1)
    left.axvline(found["measured_ms_median"], color="black", linestyle="--", linewidth=1)
    left.set(xlabel="since the step of the rhythm (ms)", ylabel="light", title="up blue, down red")
    begin = 0.0
    for (name, title), colour in zip(STAGES.items(), COLOURS, strict=True):
        width = found["stages"][name]
        right.barh(1, width, left=begin, color=colour, label=f"{title} {width:.1f}")
        begin += width
    right.barh(0, found["measured_ms_median"], color="#444b5a")
    right.set(yticks=[0, 1], yticklabels=["measured", "stages"], xlabel="ms")
    right.set_ylim(-0.6, 3.2)
    right.legend(frameon=False, fontsize=8, ncols=2, loc="upper left")
    right.set_title(f"difference {found['budget_error_ms_median']:.2f} ms")
    return figure
