"""Quality against delay, a line for each estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from psychopy_nfb.tune.tuning import Entry, pareto_front

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def quality_figure(entries: Sequence[Entry], chosen: Entry) -> Figure:
    """Return the figure: envelopes left, phases right.

    Parameters
    ----------
    entries : sequence of Entry
        What `tune` found.
    chosen : Entry
        The recommended one, marked by a ring.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True)
    for name in dict.fromkeys(one.estimator for one in entries):
        own = [one for one in entries if one.estimator == name]
        delays = [1e3 * one.delay for one in own]
        (line,) = left.plot(delays, [one.score.envelope_r for one in own], ".-", label=name)
        right.plot(delays, [one.score.plv for one in own], ".-", color=line.get_color())
    front = pareto_front(entries)
    left.plot(
        [1e3 * one.delay for one in front],
        [one.score.envelope_r for one in front],
        color="black",
        linewidth=6,
        alpha=0.12,
        label="sooner and better: none",
    )
    for axes, value in ((left, chosen.score.envelope_r), (right, chosen.score.plv)):
        axes.plot(1e3 * chosen.delay, value, "o", ms=14, mfc="none", mec="black")
        axes.set(xlabel="delay (ms)", ylim=(0, 1))
        axes.grid(alpha=0.3)
    left.set(ylabel="correlation of the envelopes", title="envelope")
    right.set(ylabel="phase-locking value", title="phase")
    left.legend(frameon=False, fontsize=8, loc="lower right")
    return figure
