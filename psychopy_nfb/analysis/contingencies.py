"""How far what was shown was the person's own feedback: near 1 for own feedback, 0 for sham."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from psychopy_nfb.analysis.session_blocks import session_blocks
from psychopy_nfb.dsp.flags import HOLDING
from psychopy_nfb.protocol import OWN, SHOWN, value_name
from psychopy_nfb.recording import read_session
from psychopy_nfb.recording.tables import given

if TYPE_CHECKING:
    from psychopy_nfb.recording import Session


def contingency(session: Session | str | os.PathLike[str]) -> pd.DataFrame:
    """Return for each block with feedback how far what was shown was the own feedback.

    It tells who had real feedback: in a blinded study call it after the last session only.

    Parameters
    ----------
    session : Session or path
        A recorded session, or any of its files.

    Returns
    -------
    DataFrame
        One row a block, in their order: ``block``, ``shown`` (the source that the block names),
        ``r`` (correlation of the own value with the value shown, over clean samples; NaN where one
        of them did not vary), ``rewards`` (how many were given) and ``share`` (of these, how many
        came at the very sample at which own feedback would have given one; NaN without any).

    Raises
    ------
    FileError
        If the session cannot be read, or is of a blinded study that is not unblinded.

    Examples
    --------
    .. code-block:: python

        print(contingency("data/sub-01_ses-01_task-alpha_run-01").to_string())
    """
    if isinstance(session, str | os.PathLike):
        session = read_session(session)
    session.check_open()
    signals, events = session.signals, session.events
    own_value = next(name for name in signals.columns if name.endswith("_value"))
    chosen = value_name(SHOWN, "value") in signals.columns
    value = signals[value_name(SHOWN, "value") if chosen else own_value]
    rewarded = _steps(given(signals, "rewards"))
    own = _steps(signals["rewards"])
    clean = (signals["flags"] & HOLDING) == 0
    source = _sources(events, signals["sample"])
    rows = []
    for block in session_blocks(events, signals):
        if not block.detail.get("feedback", True):
            continue
        inside = block.inside(signals) & (source == block.detail.get("shown", OWN))
        pair = pd.DataFrame({"own": signals[own_value], "shown": value})[inside & clean]
        n = int(rewarded[inside].sum())
        rows.append(
            {
                "block": block.label,
                "shown": block.detail.get("shown", OWN),
                "r": _correlation(pair),
                "rewards": n,
                "share": float((rewarded & own)[inside].sum() / n) if n else np.nan,
            }
        )
    return pd.DataFrame(rows, columns=["block", "shown", "r", "rewards", "share"])


def _steps(rewards: pd.Series) -> pd.Series:
    """Return at which samples there was a reward more than before."""
    return rewards.diff().fillna(rewards.iloc[:1].sum()) > 0


def _sources(events: pd.DataFrame, samples: pd.Series) -> pd.Series:
    """Return what was shown at each sample.

    Samples that were on their way when a block began or ended are shown as what comes next.
    """
    changes = events[events.trial_type == "shown"].sort_values("sample", kind="stable")
    names = [OWN, *(json.loads(text)["shown"] for text in changes.detail)]
    last = np.searchsorted(changes["sample"].to_numpy(float), samples.to_numpy(float), "right")
    return pd.Series(np.array(names, dtype=object)[last], index=samples.index)


def _correlation(pair: pd.DataFrame) -> float:
    if len(pair) < 2 or not (pair.std() > 0).all():
        return np.nan
    return float(np.corrcoef(pair.own, pair.shown)[0, 1])
