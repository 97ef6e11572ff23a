"""The own signal and the one that was shown over a session, with rewards and artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from psychopy_nfb.dsp.flags import HOLDING, NOT_COMPARED
from psychopy_nfb.protocol import SHOWN, value_name
from psychopy_nfb.recording.tables import given
from psychopy_nfb.report.session_data import SessionData, compared_unit
from psychopy_nfb.report.style import BLACK, DARK, LIGHT, SMALL, label_spans, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 400
"""Most points of each curve; each is the median of what lies around it."""
SHORTEST = 1.0
"""Seconds that a point stands for, at least."""
ARTIFACT = "#d55e00"
CAPTION = (
    "The signal as compared with the baseline, median of short stretches without artifacts, with "
    "its threshold{shown}. Marks above: rewards that were given. Below: share of each stretch "
    "with an artifact or a gap. Grey: blocks without feedback."
)
AND_SHOWN = "; the dashed curve is what was shown in its place"


def compared_course(data: SessionData) -> pd.DataFrame:
    """Return own and shown signal over the session, as medians of short stretches.

    Returns
    -------
    DataFrame
        One row a stretch: ``t`` (its middle, in seconds since the first sample), ``own``, ``shown``
        (NaN where the own was shown), ``threshold`` (all as compared with the baseline) and
        ``artifact`` (share of the samples).
    """
    signals = data.signals
    since = signals.t - signals.t.iloc[0]
    step = max(SHORTEST, since.iloc[-1] / POINTS)
    stretch = (since // step).astype(int)
    places = range(int(stretch.iloc[-1]) + 1)
    held = (signals["flags"] & HOLDING) != 0
    good = signals[~held & ((signals["flags"] & NOT_COMPARED) == 0)]
    groups = good.groupby(stretch[good.index])
    table = pd.DataFrame({"t": (np.array(places) + 0.5) * step}, index=places)
    table["own"] = groups["z"].median()
    table["threshold"] = groups["threshold"].median().replace([np.inf, -np.inf], np.nan)
    shown, seconds = value_name(SHOWN, "z"), value_name(SHOWN, "seconds")
    table["shown"] = np.nan
    if shown in signals.columns:
        instead = good[good[seconds] > 0]
        table["shown"] = instead.groupby(stretch[instead.index])[shown].median()
    table["artifact"] = held.groupby(stretch).mean().reindex(places)
    return table.reset_index(drop=True)


def course_figure(data: SessionData) -> tuple[Figure, str] | None:
    """Return the figure and its caption; None where no signal was compared with anything."""
    table = compared_course(data)
    if not table.own.notna().any():
        return None
    figure = new_figure(9, 4.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 0.22))
    begin = data.signals.t.iloc[0]
    end = max(1.0, float(data.signals.t.iloc[-1] - begin))
    above.set_xlim(0, end)
    above.plot(table.t, table.own, "-", color=DARK, linewidth=1.1, label="own signal")
    instead = bool(table.shown.notna().any())
    if instead:
        above.plot(table.t, table.shown, "--", color=LIGHT, linewidth=1.3, label="shown")
    if table.threshold.notna().any():
        above.plot(table.t, table.threshold, ":", color=BLACK, linewidth=1.5, label="threshold")
    known = pd.concat([table.own, table.shown, table.threshold]).dropna()
    low, high = known.min(), known.max()
    margin = 0.15 * max(high - low, 1e-9)
    above.set_ylim(low - margin, high + 3 * margin)
    rewards = given(data.signals, "rewards").diff() > 0
    times = (data.signals.t[rewards] - begin).to_numpy()
    above.plot(
        times,
        np.full(len(times), 0.97),
        "|",
        transform=above.get_xaxis_transform(),
        color=BLACK,
        markersize=6,
        markeredgewidth=0.6,
        clip_on=False,  # one at the last sample lies on the edge
        label=f"reward ({len(times)})",
    )
    unit = compared_unit(data)
    above.set_ylabel(f"against baseline ({unit})" if unit else "signal")
    above.legend(
        fontsize=SMALL, loc="upper left", bbox_to_anchor=(0, 0.95), ncols=4, framealpha=0.8
    )
    spans = [(one.begin - begin, one.end - begin, one.label) for one in data.blocks]
    label_spans(above, spans, [not one.feedback for one in data.blocks])
    edges = np.append(np.arange(len(table)) * (table.t[0] * 2), end)
    edges = np.maximum.accumulate(edges)
    below.stairs(100 * table.artifact.fillna(1.0), edges, fill=True, color=ARTIFACT)
    below.set(xlabel="time since the first sample (s)", ylabel="artifact\n(%)", ylim=(0, 105))
    return figure, CAPTION.format(shown=AND_SHOWN if instead else "")
