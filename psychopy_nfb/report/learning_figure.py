"""One figure of a study: the course within sessions, between sessions, and each person's slope."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from psychopy_nfb.analysis.session_blocks import FEEDBACK
from psychopy_nfb.analysis.slopes import FEWEST, between_sessions, session_means, within_sessions
from psychopy_nfb.report.style import BLACK, DARK, GREY, SMALL, curve, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NAMED = 9
"""Participants that a legend names; of more the lines are grey."""
CAPTION = (
    "Left: the own signal in each block with feedback, thin: each session, thick: their mean. "
    "Middle: mean of each session, with a straight line for each participant. Right: slopes with "
    "95 % intervals, over sessions where there are at least three, else over blocks of a session; "
    "filled: the whole interval on one side of 0."
)


def learning_figure(table: pd.DataFrame, measure: str, axis: str) -> Figure:
    """Return the figure.

    Parameters
    ----------
    table : DataFrame
        From `learning_table`.
    measure : str
        One of its measures.
    axis : str
        What the measure is, with its unit, for the axes.
    """
    figure = new_figure(11, 3.9)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 0.9))
    people = list(dict.fromkeys(table.participant))
    _within(left, table, measure, axis)
    _between(middle, table, measure, people)
    _slopes(right, table, measure)
    return figure


def _within(axes: Axes, table: pd.DataFrame, measure: str, axis: str) -> None:
    own = table[(table.measure == measure) & (table.kind == FEEDBACK)]
    courses = []
    for _, rows in own.groupby(["participant", "session"], sort=False):
        rows = rows.sort_values(["run", "block"])
        courses.append(pd.Series(rows["value"].to_numpy(), index=np.arange(1, len(rows) + 1)))
        axes.plot(courses[-1], ".-", color=GREY, linewidth=0.7, markersize=3)
    if len(courses) > 1:
        mean = pd.concat(courses, axis=1).mean(axis=1)
        axes.plot(mean, "o-", color=DARK, linewidth=2.2, markersize=5)
    axes.set(xlabel="block with feedback", ylabel=axis, title="Within sessions")
    _whole_numbers(axes, max(map(len, courses), default=1))


def _whole_numbers(axes: Axes, last: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(0.5, last + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _between(axes: Axes, table: pd.DataFrame, measure: str, people: list[str]) -> None:
    means = session_means(table, measure)
    for place, person in enumerate(people):
        own = means[means.participant == person]
        style = curve(place) if len(people) <= MOST_NAMED else {"color": GREY, "marker": "."}
        numbers = own["number"] + 1
        axes.plot(numbers, own["value"], **{**style, "linestyle": ""}, label=person)
        if len(own) > 1:
            line = np.polyfit(numbers, own["value"], 1)
            axes.plot(numbers, np.polyval(line, numbers), **{**style, "marker": ""})
    axes.set(xlabel="session (one mark and line for each participant)", title="Between sessions")
    _whole_numbers(axes, int(means["number"].max()) + 1)
    if len(people) <= MOST_NAMED:
        axes.legend(
            fontsize=SMALL, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=5, frameon=False
        )


def _slopes(axes: Axes, table: pd.DataFrame, measure: str) -> None:
    slopes, what = between_sessions(table, measure), "session"
    if not (slopes.n >= FEWEST).any():
        slopes, what = within_sessions(table, measure), "block"
        slopes["participant"] += ", " + slopes["session"]
    slopes = slopes[slopes.slope.notna()].reset_index(drop=True)
    for row in slopes.itertuples():
        clear = row.low > 0 or row.high < 0
        axes.plot([row.low, row.high], [row.Index, row.Index], color=DARK, linewidth=1.6)
        face = DARK if clear else "white"
        axes.plot(row.slope, row.Index, "o", color=DARK, markerfacecolor=face, markersize=6)
    axes.axvline(0, color=BLACK, linewidth=0.8, linestyle=":")
    axes.set(yticks=range(len(slopes)), ylim=(max(1, len(slopes)) - 0.5, -0.5), title="Slopes")
    axes.set_yticklabels(slopes.participant, fontsize=SMALL if len(slopes) < 25 else 5)
    axes.set_xlabel(f"change by one {what}")
