"""The group's change over sessions: a linear mixed model, and how far it can be trusted."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from psychopy_nfb.analysis.slopes import CONFIDENCE, FEWEST, session_means
from psychopy_nfb.errors import NfbError

FEWEST_PEOPLE = 3
"""Participants that a mixed model needs."""
FEW_PEOPLE = 6
"""Participants of an arm below which its intervals are remarked to be rough."""
NOT_DETERMINED = (
    "The data do not determine how much the slope differs between participants, so the model takes "
    "it to be the same for all; if it is not, the interval is too narrow."
)
TWO_SESSIONS = (
    "Some participants have two sessions only, so the model takes the slope to be the same for "
    "all; if it is not, the interval is too narrow."
)
NOT_CONVERGED = "The fit did not converge: its figures may be wrong."
AT_THE_EDGE = (
    "How participants differ was estimated at the edge of what is possible, such as a variance of "
    "0: the interval is rough."
)
NO_CURVATURE = (
    "The likelihood has no clear maximum, so the data do not determine all parts of the model: its "
    "intervals may be wrong."
)
PLAIN_WORDS = {
    "Hessian": NO_CURVATURE,
    "singular": AT_THE_EDGE,
    "boundary": "",  # its limit is 0.01 in whichever unit: `_Fit.at_the_edge` is asked instead
    "converge": "",  # also told of a first attempt, where a second one did converge
    "Gradient optimization failed": "",
    "optimiz": "",
}
"""What a warning of statsmodels means, by a word in it; empty where the fit itself is asked."""
EDGE = 0.01
"""Variance between participants, as a share of the residual one, that counts as 0."""


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
        ``attrs["random"]`` says what is random: ``"intercept and slope"`` or ``"intercept"``, and
        ``attrs["remarks"]`` is a list of sentences on how far it can be trusted: few participants,
        and what statsmodels warned of.

    Raises
    ------
    NfbError
        If there are too few participants or sessions, the data do not determine a model, or
        statsmodels is not installed.
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
    slopes = _fitted(model(re_formula="~number")) if often_enough else None
    remarks = [*_few(means)]
    if slopes is not None and slopes.sound:
        random, chosen = "intercept and slope", slopes
    else:
        random, chosen = "intercept", _fitted(model())
        remarks.append(NOT_DETERMINED if often_enough else TWO_SESSIONS)
    if chosen is None or not chosen.determined:
        raise NfbError(
            "sessions",
            len(means),
            "the data do not determine a mixed model: its equations have no solution, as where no "
            "value differs from a straight line",
        )
    fitted = chosen.fitted
    remarks += chosen.remarks
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
    table.attrs["remarks"] = remarks
    return table


@dataclass(frozen=True)
class _Fit:
    """A fitted model and what was warned of."""

    fitted: Any
    warned: list[str]

    @property
    def sound(self) -> bool:
        """Whether the fit converged to a model with all its parts."""
        return self.fitted.converged and not any("Hessian" in one for one in self.warned)

    @property
    def determined(self) -> bool:
        """Whether its fixed effects have intervals."""
        return bool(np.isfinite(self.fitted.bse_fe).all())

    @property
    def at_the_edge(self) -> bool:
        """Whether participants hardly differ in a random part, or two parts go along exactly."""
        covariance = np.asarray(self.fitted.cov_re)
        reach = np.abs(self.fitted.model.exog_re).max(axis=0)  # of sessions, for the slope
        if (np.diag(covariance) * reach**2 < EDGE * self.fitted.scale).any():
            return True
        deviation = np.sqrt(np.diag(covariance))
        together = np.abs(covariance / np.outer(deviation, deviation))
        return bool((together[~np.eye(len(together), dtype=bool)] > 1 - EDGE).any())

    @property
    def remarks(self) -> list[str]:
        """What was warned of, in plain words, each once."""
        told = [] if self.fitted.converged else [NOT_CONVERGED]
        told += [AT_THE_EDGE] if self.at_the_edge else []
        for warned in self.warned:
            known = [words for sign, words in PLAIN_WORDS.items() if sign in warned]
            told.append(known[0] if known else f"statsmodels warned: {warned}")
        return [one for one in dict.fromkeys(told) if one]


def _fitted(model: Any) -> _Fit | None:
    """Return the fitted model; None if its equations cannot be solved."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            fitted = model.fit(reml=True)
        except np.linalg.LinAlgError:  # a random part that the data do not determine
            return None
    # numpy's own are of attempts with impossible figures: what comes of them is looked at.
    warned = [one for one in told if not issubclass(one.category, RuntimeWarning)]
    return _Fit(fitted, [" ".join(str(one.message).split()) for one in warned])


def _few(means: pd.DataFrame) -> list[str]:
    """Return a remark if an arm has few participants."""
    people = means.groupby("arm")["participant"].nunique()
    few = people[people < FEW_PEOPLE]
    if few.empty:
        return []
    arms = ", ".join(f"{arm}: {n}" for arm, n in few.items() if arm)
    return [
        f"There are fewer than {FEW_PEOPLE} participants{f' in an arm ({arms})' if arms else ''}: "
        "intervals and p values of the mixed model are rough then, as a rule too narrow, because "
        "they follow from the normal distribution. Trust the slopes of each participant more."
    ]
