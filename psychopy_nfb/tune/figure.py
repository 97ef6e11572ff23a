"""Quality against delay, a line for each estimator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from psychopy_nfb.report.style import BLACK, SMALL, curve, new_figure
from psychopy_nfb.tune.tuning import Entry, pareto_front

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def quality_figure(entries: Sequence[Entry], chosen: Entry) -> Figure:
    """Return the figure: envelopes above, phases below.

    Parameters
    ----------
    entries : sequence of Entry
        What `tune` found.
    chosen : Entry
        The recommended one, marked by a ring.
    """
    figure = new_figure(9, 9)
    above, below = figure.subplots(2, 1, sharex=True)
    for index, name in enumerate(dict.fromkeys(one.estimator for one in entries)):
        own = [one for one in entries if one.estimator == name]
        delays = [1e3 * one.delay for one in own]
        style = curve(index)
        above.plot(delays, [one.score.envelope_r for one in own], label=name, **style)
        phases = [one.score.plv for one in own]
        if not all(math.isnan(phase) for phase in phases):
            below.plot(delays, phases, **style)
    front = pareto_front(entries)
    above.plot(
        [1e3 * one.delay for one in front],
        [one.score.envelope_r for one in front],
        color=BLACK,
        linewidth=8,
        alpha=0.15,
        label="best at its delay",
    )
    for axes, value in ((above, chosen.score.envelope_r), (below, chosen.score.plv)):
        if not math.isnan(value):
            axes.plot(
                1e3 * chosen.delay,
                value,
                "o",
                ms=15,
                mfc="none",
                mec=BLACK,
                mew=1.5,
                linestyle="none",
                label=f"recommended: {chosen.estimator}",
            )
        axes.set_ylim(0, 1)
        axes.grid(alpha=0.3)
    above.set(ylabel="correlation of the envelopes (0 to 1)")
    above.set_title("Envelope: how strong the rhythm is", fontsize=10)
    below.set(xlabel="delay of the estimate (ms)", ylabel="phase-locking value (0 to 1)")
    below.set_title("Phase, for the estimators that give one", fontsize=10)
    figure.legend(*above.get_legend_handles_labels(), loc="outside right upper", fontsize=SMALL)
    return figure
