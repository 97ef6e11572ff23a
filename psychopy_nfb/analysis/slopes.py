"""How a measure changes over blocks and over sessions, with 95 % intervals."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from psychopy_nfb.analysis.session_blocks import FEEDBACK
from psychopy_nfb.checks import check_choice
from psychopy_nfb.errors import NfbError

CONFIDENCE = 0.95
FEWEST = 3
"""Points that an interval needs."""
FEWEST_PEOPLE = 3
"""Participants that a mixed model needs."""


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
    for (participant, session, arm), own in _trained(table, measure).groupby(
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
    trained = _trained(table, measure)
    means = trained.groupby(["participant", "session", "arm"], as_index=False, sort=False).agg(
        value=("value", "mean"), date=("date", "min")
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


def mixed_model(table: pd.DataFrame, measure: str = "z_own") -> pd.DataFrame:
    """Return the group's change over sessions: a linear mixed model, by restricted likelihood.

    Fixed are the session's number and, with two arms or more, the arm and how the slope differs
    between arms; random by participant are the intercept and, with three sessions or more of each,
    the slope, unless the data do not determine how much it differs between participants. Needs the
    package statsmodels.

    Parameters
    ----------
    table : DataFrame
        From `learning_table`, with at least `FEWEST_PEOPLE` participants who have two sessions.
    measure : str
        One of its measures.

    Returns
    -------
    DataFrame
        One row a fixed effect: ``effect``, ``estimate``, ``low``, ``high``, ``p``. Its
        ``attrs["random"]`` says what is random: ``"intercept and slope"`` or ``"intercept"``.

    Raises
    ------
    NfbError
        If there are too few participants or sessions, or statsmodels is not installed.
    """
    means = session_means(table, measure)
    often = means.groupby("participant")["number"].transform("size")
    means = means[often >= 2]
    people = means["participant"].nunique()
    if people < FEWEST_PEOPLE:
        raise NfbError(
            "participants",
            people,
            f"a mixed model needs at least {FEWEST_PEOPLE} with two sessions or more",
        )
    try:
        from statsmodels.formula.api import mixedlm
    except ImportError:
        raise NfbError(
            "measure",
            measure,
            'a mixed model needs the package statsmodels; run: pip install "psychopy-nfb[study]"',
        ) from None
    arms = means["arm"].nunique() > 1
    formula = "value ~ number * C(arm)" if arms else "value ~ number"
    model = partial(mixedlm, formula, means, groups=means["participant"])
    often_enough = means.groupby("participant").size().min() >= FEWEST
    fitted = _fitted(model(re_formula="~number")) if often_enough else None
    random = "intercept" if fitted is None else "intercept and slope"
    fitted = fitted or _fitted(model(), whatever=True)
    fixed = fitted.fe_params.index
    ranges = fitted.conf_int(alpha=1 - CONFIDENCE).loc[fixed]
    table = pd.DataFrame(
        {
            "effect": [name.replace("C(arm)[T.", "arm[") for name in fixed],
            "estimate": fitted.fe_params.to_numpy(),
            "low": ranges[0].to_numpy(),
            "high": ranges[1].to_numpy(),
            "p": fitted.pvalues.loc[fixed].to_numpy(),
        }
    )
    table.attrs["random"] = random
    return table


def _fitted(model: Any, whatever: bool = False) -> Any:
    """Return the fitted model; None if the fit did not converge to a model with all its parts."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            fitted = model.fit(reml=True)
        except np.linalg.LinAlgError:  # a random part that the data do not determine
            return None
    doubt = any("Hessian" in str(one.message) for one in told) or not fitted.converged
    return None if doubt and not whatever else fitted


def _trained(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the rows of a measure in blocks with feedback."""
    known = list(dict.fromkeys(table["measure"]))
    check_choice("measure", measure, known)
    return table[(table["measure"] == measure) & (table["kind"] == FEEDBACK)]
