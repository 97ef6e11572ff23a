"""How a measure changes over blocks and over sessions, with 95 % intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from psychopy_nfb.analysis.session_blocks import FEEDBACK
from psychopy_nfb.checks import check_choice

CONFIDENCE = 0.95
FEWEST = 3
"""Points that an interval needs."""


@dataclass(frozen=True)
class Slope:
    """A straight line's slope, by least squares, with its interval of 95 % (Student's t)."""

    slope: float
    """By one step."""
    low: float
    high: float
    """NaN with fewer than `FEWEST` points."""
    n: int
    """Points."""

    @property
    def rises(self) -> bool:
        """Whether the whole interval lies above 0."""
        return self.low > 0

    @property
    def falls(self) -> bool:
        """Whether the whole interval lies below 0."""
        return self.high < 0


def slope_of(x: np.ndarray, y: np.ndarray) -> Slope:
    """Return the slope of `y` over `x`; pairs with a missing number are left out.

    Examples
    --------
    >>> line = slope_of(np.arange(4.0), np.array([1.0, 2.1, 2.9, 4.0]))
    >>> round(line.slope, 2), round(line.low, 2), round(line.high, 2), line.rises
    (0.98, 0.8, 1.16, True)
    """
    from scipy.stats import linregress, t

    known = np.isfinite(x) & np.isfinite(y)
    x, y = np.asarray(x)[known], np.asarray(y)[known]
    if len(np.unique(x)) < 2:
        return Slope(np.nan, np.nan, np.nan, len(x))
    line = linregress(x, y)
    if len(x) < FEWEST:
        return Slope(float(line.slope), np.nan, np.nan, len(x))
    half = float(t.ppf(0.5 + CONFIDENCE / 2, len(x) - 2) * line.stderr)
    return Slope(float(line.slope), float(line.slope) - half, float(line.slope) + half, len(x))


def within_sessions(table: pd.DataFrame, measure: str = "z_own") -> pd.DataFrame:
    """Return for each session how a measure changed over its blocks with feedback.

    Parameters
    ----------
    table : DataFrame
        From `learning_table`.
    measure : str
        One of its measures.

    Returns
    -------
    DataFrame
        One row a session: ``participant``, ``session``, ``arm``, ``slope`` (by one block), ``low``,
        ``high``, ``n`` (blocks). Runs of one session count as one after the other.
    """
    rows = []
    for (participant, session, arm), own in trained(table, measure).groupby(
        ["participant", "session", "arm"], sort=False
    ):
        own = own.sort_values(["run", "block"])
        line = slope_of(np.arange(len(own), dtype=float), own["value"].to_numpy(float))
        whose = {"participant": participant, "session": session, "arm": arm}
        rows.append({**whose, **vars(line)})
    return pd.DataFrame(
        rows, columns=["participant", "session", "arm", "slope", "low", "high", "n"]
    )


def session_means(table: pd.DataFrame, measure: str = "z_own") -> pd.DataFrame:
    """Return the mean of a measure over the blocks with feedback of each session.

    Returns
    -------
    DataFrame
        ``participant``, ``session``, ``arm``, ``number`` (of the participant's sessions in order of
        date, from 0) and ``value``.
    """
    means = (
        trained(table, measure)
        .groupby(["participant", "session", "arm"], as_index=False, sort=False)
        .agg(value=("value", "mean"), date=("date", "min"))
    )
    means = means.sort_values(["participant", "date", "session"], ignore_index=True)
    means["number"] = means.groupby("participant").cumcount()
    return means[["participant", "session", "arm", "number", "value"]]


def between_sessions(
    table: pd.DataFrame, measure: str = "z_own", direction: str = "up"
) -> pd.DataFrame:
    """Return for each participant how a measure changed over the sessions.

    Parameters
    ----------
    table : DataFrame
        From `learning_table`.
    measure : str
        One of its measures.
    direction : str
        ``"up"`` or ``"down"``: which way was trained.

    Returns
    -------
    DataFrame
        One row a participant: ``participant``, ``arm``, ``slope`` (by one session), ``low``,
        ``high``, ``n`` (sessions) and ``responder``: whether the slope's whole interval lies on the
        trained side of 0.
    """
    check_choice("direction", direction, ("up", "down"))
    rows = []
    for (participant, arm), own in session_means(table, measure).groupby(
        ["participant", "arm"], sort=False
    ):
        line = slope_of(own["number"].to_numpy(float), own["value"].to_numpy(float))
        responder = line.rises if direction == "up" else line.falls
        whose = {"participant": participant, "arm": arm}
        rows.append({**whose, **vars(line), "responder": responder})
    columns = ["participant", "arm", "slope", "low", "high", "n", "responder"]
    return pd.DataFrame(rows, columns=columns)


def trained(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the rows of a measure in blocks with feedback."""
    known = list(dict.fromkeys(table["measure"]))
    check_choice("measure", measure, known)
    return table[(table["measure"] == measure) & (table["kind"] == FEEDBACK)]
