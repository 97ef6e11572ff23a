"""What the training came to, block by block, from the values that were recorded of each sample."""

from __future__ import annotations

import numpy as np
import pandas as pd

from psychopy_nfb.analysis.lag import knows_dropped
from psychopy_nfb.dsp.flags import HOLDING, NOT_COMPARED
from psychopy_nfb.recording.tables import given
from psychopy_nfb.report.numbers import counted, percent, seconds
from psychopy_nfb.report.page import Table
from psychopy_nfb.report.seen import all_frames
from psychopy_nfb.report.session_data import (
    SessionData,
    compared_unit,
    signal_unit,
)

COURSE_POINTS = 300
"""Most points of the course; each is the median of what lies around it."""
SHORTEST_POINT = 1.0
"""Seconds that a point of the course stands for, at least."""


def outcome(data: SessionData) -> pd.DataFrame:
    """Return what each block came to.

    Parameters
    ----------
    data : SessionData
        Its `signals` must be there.

    Returns
    -------
    DataFrame
        One row a block, in their order: ``block``, ``kind`` (baseline, feedback, no feedback),
        ``seconds``, ``ended_early`` (by the operator, Escape or an error), ``signal`` and ``z``
        (means over clean samples, in the signal's unit and as compared with the baseline),
        ``threshold`` (median, as z), ``above`` (share of the clean time beyond the threshold, on
        the rewarded side), ``hits`` and ``points`` that were given, ``clean`` (clean samples, of
        the samples that were due), ``dropped`` (frames, of the frames that were due).
        What is not known is NaN.
    """
    signals, frames = data.signals, all_frames(data)
    known = knows_dropped(data.settings)
    up = data.first.get("direction", "up") == "up"
    steps = pd.DataFrame({"hits": _gained(given(signals, "hits")), "points": _points(signals)})
    rows = []
    for block in data.blocks:
        inside = (signals.t >= block.begin) & (signals.t < block.end)
        own = signals[inside]
        clean = own[(own["flags"] & HOLDING) == 0]
        compared = clean[((clean["flags"] & NOT_COMPARED) == 0) & (not block.baseline)]
        beyond = compared.z >= compared.threshold if up else compared.z <= compared.threshold
        shown = frames[(frames.t_flip >= block.begin) & (frames.t_flip < block.end)]
        missed = shown.missed.sum()
        rows.append(
            {
                "block": block.label,
                "kind": block.kind,
                "seconds": block.seconds,
                "ended_early": block.ended_early,
                "signal": clean.signal.mean(),
                "z": compared.z.mean(),
                "threshold": compared.threshold.median(),
                "above": beyond.mean() if len(beyond) else np.nan,
                "hits": int(steps.hits[inside].sum()),
                "points": steps.points[inside].sum(),
                "clean": min(1.0, len(clean) / max(1.0, block.seconds * _rate(data))),
                "dropped": missed / (missed + len(shown)) if known and len(shown) else np.nan,
            }
        )
    return pd.DataFrame(rows)


def outcome_sentences(data: SessionData, blocks: pd.DataFrame) -> list[str]:
    """Return the outcome in words: time trained, points, and how training went on."""
    trained = blocks[blocks.kind == "feedback"]
    if not len(trained):
        return ["There was no block with feedback."]
    hits, points = int(trained.hits.sum()), trained.points.sum()
    word = "block" if len(trained) == 1 else "blocks"
    said = [
        f"{len(trained)} {word} with feedback, {seconds(trained.seconds.sum())} in all: "
        f"{counted(hits, 'hit')} and {counted(float(points), 'point')}."
    ]
    schedule = (data.configuration.get("reward") or {}).get("schedule") or {}
    if schedule.get("type", "Continuous") != "Continuous":
        settings = [f"{name} {value}" for name, value in schedule.items() if name != "type"]
        said.append(
            "Not each hit was rewarded: the schedule of reinforcement at the start was "
            f"{schedule['type']} ({', '.join(settings)})."
        )
    known = trained[trained.above.notna()]
    if len(known):
        share = np.average(known.above, weights=known.seconds * known.clean.clip(lower=1e-9))
        side = "above" if data.first.get("direction", "up") == "up" else "below"
        text = f"The signal was {side} the threshold in {percent(share)} of the clean time"
        if len(known) > 1:
            first, last = known.above.iloc[0], known.above.iloc[-1]
            text += f": {percent(first)} in the first block, {percent(last)} in the last"
        said.append(text + ".")
    return said


def outcome_table(data: SessionData, blocks: pd.DataFrame) -> Table:
    """Return the blocks as a table for the page."""
    unit, z_unit = signal_unit(data), compared_unit(data)
    up = data.first.get("direction", "up") == "up"
    columns = [
        "block",
        "kind",
        "length",
        f"mean signal ({unit})" if unit else "mean signal",
        f"against baseline ({z_unit})",
        f"threshold ({z_unit})",
        f"{'above' if up else 'below'} threshold",
        "hits",
        "points",
        "clean signal",
        "dropped frames",
    ]
    if data.first.get("normalise") == "none":
        columns.remove(f"against baseline ({z_unit})")
    rows = []
    for row in blocks.itertuples():
        cells = [
            row.block,
            row.kind,
            seconds(row.seconds) + (", ended early" if row.ended_early else ""),
            _number(row.signal),
            _number(row.z),
            _number(row.threshold),
            _share(row.above),
            str(row.hits),
            f"{row.points:g}",
            percent(row.clean),
            _share(row.dropped),
        ]
        if len(columns) < len(cells):
            del cells[4]
        rows.append(cells)
    return Table(columns, rows)


TABLE_CAPTION = (
    "Mean signal: of clean samples. Above or below threshold: share of the clean time in which "
    "the signal was on the rewarded side. Clean signal: samples without artifact or gap, "
    "with settled filters, of those that were due. Dropped frames: of the frames that were due."
)


def course(data: SessionData) -> pd.DataFrame:
    """Return the signal over the session, as medians of short stretches.

    Returns
    -------
    DataFrame
        One row a stretch: ``t`` (its middle, LSL time), ``signal``, ``threshold`` (both in the
        signal's unit; NaN where nothing is known) and ``clean`` (share of the samples due).
    """
    signals = data.signals
    begin, end = signals.t.iloc[0], signals.t.iloc[-1]
    step = max(SHORTEST_POINT, (end - begin) / COURSE_POINTS)
    stretch = ((signals.t - begin) // step).astype(int)
    clean = signals[(signals["flags"] & HOLDING) == 0]
    places = range(int(stretch.iloc[-1]) + 1)
    compared = clean[(clean["flags"] & NOT_COMPARED) == 0]
    threshold = compared.groupby(stretch[compared.index]).apply(_threshold_of_signal)
    counts = clean.groupby(stretch[clean.index]).size().reindex(places, fill_value=0)
    table = pd.DataFrame(
        {
            "t": begin + (np.array(places) + 0.5) * step,
            "signal": clean.groupby(stretch[clean.index]).signal.median().reindex(places),
            "threshold": threshold.reindex(places) if len(compared) else np.nan,
            "clean": (counts / (step * _rate(data))).clip(upper=1.0),
        }
    )
    return table.reset_index(drop=True)


def _threshold_of_signal(part: pd.DataFrame) -> float:
    """Return the threshold in the signal's unit: z is the signal, scaled and shifted."""
    low, high = part.signal.idxmin(), part.signal.idxmax()
    span = part.signal[high] - part.signal[low]
    if not span > 0:
        return float("nan")
    scale = (part.z[high] - part.z[low]) / span
    threshold = part.threshold.median()
    return float(part.signal[low] + (threshold - part.z[low]) / scale) if scale else float("nan")


def _gained(count: pd.Series) -> pd.Series:
    """Return the steps of a count that may have been set back to 0."""
    steps = count.diff().fillna(0.0)
    return steps.where(steps >= 0, count)


def _points(signals: pd.DataFrame) -> pd.Series:
    """Return the points that each sample brought; setting the score back takes none away."""
    score, hits = given(signals, "score"), given(signals, "hits")
    steps = score.diff().fillna(0.0)
    back = (score == 0) & (hits <= hits.shift())
    return steps.where(~back, 0.0)


def _rate(data: SessionData) -> float:
    """Return how many values a second are due."""
    steps = np.diff(data.signals.t)
    return 1 / float(np.median(steps)) if len(steps) else 1.0


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "–"
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{digits}f}"


def _share(value: float) -> str:
    return "–" if not np.isfinite(value) else percent(value)
