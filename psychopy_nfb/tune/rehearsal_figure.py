"""The course of a rehearsed training: signals, thresholds, rewards, what was spoilt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.dsp.flags import HOLDING
from psychopy_nfb.protocol import value_name
from psychopy_nfb.report.style import BLACK, DARK, GREY, LIGHT, SMALL, inside, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from psychopy_nfb.tune.rehearsal import Rehearsal

MOST_POINTS = 4000
"""Points of a curve: more than a picture has columns."""


def rehearsal_figure(rehearsed: Rehearsal) -> Figure:
    """Return the figure: a row for each signal, rewards and points below."""
    table = rehearsed.values
    step = max(1, len(table) // MOST_POINTS)
    seconds = table.t.to_numpy()
    spoilt = (table["flags"].to_numpy() & HOLDING) != 0
    figure = new_figure(9, 2.2 * (len(rehearsed.signals) + 1))
    axes = figure.subplots(len(rehearsed.signals) + 1, 1, sharex=True, squeeze=False)[:, 0]
    for own, signal in zip(axes, rehearsed.signals, strict=False):
        z = table[value_name(signal.name, "z")].to_numpy()
        threshold = table[value_name(signal.name, "threshold")].to_numpy()
        own.plot(seconds[::step], z[::step], color=DARK, linewidth=0.6, label=signal.name)
        own.plot(seconds, threshold, color=LIGHT, linewidth=2, label="threshold")
        known = z[np.isfinite(z) & ~spoilt]
        if len(known):
            low, high = inside(known)
            finite = threshold[np.isfinite(threshold)]
            margin = 0.05 * (high - low)
            own.set_ylim(min([low, *finite]) - margin, max([high, *finite]) + margin)
        own.fill_between(
            seconds, 0, 1, where=spoilt, transform=own.get_xaxis_transform(), color=GREY,
            alpha=0.4, linewidth=0, label="spoilt",
        )  # fmt: skip
        own.set_ylabel(f"{signal.name} (z)", fontsize=SMALL)
        own.legend(loc="upper right", fontsize=SMALL, ncols=3)
    below = axes[-1]
    rewarded = np.flatnonzero(np.diff(table.rewards.to_numpy(), prepend=0) > 0)
    below.plot(seconds, table.score, color=BLACK, linewidth=1.4)
    below.plot(seconds[rewarded], table.score.iloc[rewarded], "|", color=DARK, markersize=8)
    below.set(xlabel="time in the recording (s)")
    below.set_ylabel("points", fontsize=SMALL)
    return figure
