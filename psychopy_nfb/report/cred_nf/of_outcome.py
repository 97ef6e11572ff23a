"""What the recordings say of the outcome: artifacts, success, course, arms, behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from psychopy_nfb.analysis.session_blocks import FEEDBACK
from psychopy_nfb.analysis.slopes import (
    CONFIDENCE,
    FEWEST,
    between_sessions,
    session_means,
    within_sessions,
)
from psychopy_nfb.report.cred_nf.said import Said
from psychopy_nfb.report.numbers import counted, percent

if TYPE_CHECKING:
    from psychopy_nfb.report.cred_nf.answers import Answers
    from psychopy_nfb.report.cred_nf.recording import Recording


def of_outcome(sessions: list[Recording], table: pd.DataFrame, answers: Answers) -> dict[str, Said]:
    """Return what there is to say of items 3e, 5a to 5c and 6b."""
    if not (table.kind == FEEDBACK).any():
        return {}
    way = sessions[0].direction
    success = _success(table)
    found = {"3e": _artifacts(table), "5a": success, "5b": _course(table, way)}
    if len(set(answers.arms.values())) > 1:
        found["5c"] = _arms(table)
    if answers.behaviour:
        found["6b"] = _behaviour(table, answers)
    return found


def _mean(table: pd.DataFrame, measure: str, *by: str) -> Any:
    """Return the mean of a measure over all blocks; by groups if any are named."""
    own = table[table.measure == measure]
    if not by:
        return float(own["value"].mean())
    return {name: float(one) for name, one in own.groupby(list(by))["value"].mean().items()}


def _with_arms(table: pd.DataFrame) -> bool:
    return bool((table.arm != "").any())


def _artifacts(table: pd.DataFrame) -> Said:
    kinds = {
        kind: _mean(table[table.kind == kind], "artifact")
        for kind in dict.fromkeys(table.kind[table.kind != ""])
    }
    listed = ", ".join(f"{kind} {percent(share)}" for kind, share in kinds.items())
    said = [f"Share of samples with an artifact or a gap, by kind of block: {listed}."]
    values: dict[str, Any] = {"by_kind": kinds}
    if _with_arms(table):
        arms = _by_arm(table, "artifact")
        values["by_arm"] = arms
        listed = ", ".join(f"{arm} {percent(share)}" for arm, share in arms.items())
        said.append(f"In blocks with feedback, by arm: {listed}.")
    return Said(said, values)


def _by_arm(table: pd.DataFrame, measure: str) -> dict[str, float]:
    trained = table[(table.kind == FEEDBACK) & (table.arm != "")]
    people = trained[trained.measure == measure].groupby(["arm", "participant"])["value"].mean()
    return {str(arm): float(one) for arm, one in people.groupby("arm").mean().items()}


def _success(table: pd.DataFrame) -> Said:
    trained = table[table.kind == FEEDBACK]
    values: dict[str, Any] = {
        name: _mean(trained, name) for name in ("z_own", "beyond", "rewards_per_minute")
    }
    rewards = f"{values['rewards_per_minute']:.1f} rewards a minute"
    if np.isnan(values["rewards_per_minute"]):
        values["rewards_per_minute"] = None
        rewards = "rewards are not known, as what was shown is sealed"
    said = [
        f"Mean over all blocks with feedback: own signal {values['z_own']:.2f} on the scale of "
        f"its threshold, {percent(values['beyond'])} of the clean time beyond the threshold that "
        f"the baseline gave, {rewards}."
    ]
    if _with_arms(table):
        values["z_own_by_arm"] = _by_arm(table, "z_own")
        listed = ", ".join(f"{arm} {one:.2f}" for arm, one in values["z_own_by_arm"].items())
        said.append(f"Own signal by arm: {listed}.")
    return Said(said, values)


def _course(table: pd.DataFrame, way: str) -> Said:
    within, between = within_sessions(table), between_sessions(table, direction=way)
    said = []
    known = within.slope.dropna()
    values: dict[str, Any] = {"within": None, "between": {}, "rest_change": None}
    if len(known):
        values["within"] = float(known.mean())
        said.append(
            f"Within sessions the own signal changed by {known.mean():+.3f} a block (mean of "
            f"{counted(len(known), 'session')})."
        )
    for row in between[between.n > 1].itertuples():
        values["between"][row.participant] = {"slope": row.slope, "low": row.low, "high": row.high}
        interval = f", 95 % interval {row.low:+.3f} to {row.high:+.3f}" if row.n >= FEWEST else ""
        said.append(
            f"Participant {row.participant}, {row.n} sessions: {row.slope:+.3f} a session"
            f"{interval}."
        )
    responders = int(between.responder.sum())
    if (between.n >= FEWEST).any():
        values["responders"] = responders
        said.append(
            f"{responders} of {counted(int((between.n >= FEWEST).sum()), 'participant')} changed "
            "over the sessions in the trained direction, with their whole interval."
        )
    rest = table[table.measure == "rest_change"]["value"]
    if len(rest):
        values["rest_change"] = float(rest.mean())
        said.append(
            f"From the rest before to the rest after training the signal changed by "
            f"{rest.mean():+.3f} in its own unit (mean of {counted(len(rest), 'recording')})."
        )
    return Said(said, values)


def _arms(table: pd.DataFrame) -> Said:
    """Compare the arms by what each participant came to: Welch's interval of the difference."""
    from scipy.stats import ttest_ind

    means = session_means(table[table.arm != ""])
    people = means.groupby(["arm", "participant"])["value"].mean()
    arms = list(dict.fromkeys(people.index.get_level_values("arm")))
    said, values = [], {}
    for place, first in enumerate(arms):
        for second in arms[place + 1 :]:
            a, b = people[first], people[second]
            difference = float(a.mean() - b.mean())
            one: dict[str, Any] = {"difference": difference, "n": [len(a), len(b)]}
            text = f"{first} − {second}: {difference:+.2f} in the mean own signal"
            if min(len(a), len(b)) > 1:
                test = ttest_ind(a, b, equal_var=False)
                low, high = test.confidence_interval(CONFIDENCE)
                one |= {"low": float(low), "high": float(high), "p": float(test.pvalue)}
                text += f", 95 % interval {low:+.2f} to {high:+.2f}, p = {test.pvalue:.3f} (Welch)"
            said.append(f"{text}; {len(a)} and {counted(len(b), 'participant')}.")
            values[f"{first} - {second}"] = one
    return Said(said, values)


def _behaviour(table: pd.DataFrame, answers: Answers) -> Said:
    """Correlate each participant's mean own signal with the change in each measure."""
    from scipy.stats import pearsonr

    success = session_means(table).groupby("participant")["value"].mean()
    said, values = [], {}
    for name, change in answers.behaviour.items():
        people = [one for one in success.index if one in change]
        x, y = success[people].to_numpy(float), np.array([change[one] for one in people], float)
        if len(people) <= FEWEST or not (x.std() > 0 and y.std() > 0):
            said.append(
                f"{name}: too few participants, or no difference between them, for a correlation."
            )
            continue
        found = pearsonr(x, y)
        low, high = found.confidence_interval(CONFIDENCE)
        values[name] = {"r": float(found.statistic), "low": float(low), "high": float(high)}
        said.append(
            f"Mean own signal and change in {name}: r = {found.statistic:.2f}, 95 % interval "
            f"{low:.2f} to {high:.2f}, {counted(len(people), 'participant')}."
        )
    return Said(said, values)
