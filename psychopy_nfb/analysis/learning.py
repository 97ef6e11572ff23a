"""What each block of a training came to, of one session or of a whole study, for statistics."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from psychopy_nfb.analysis.session_blocks import (
    BASELINE,
    FEEDBACK,
    SessionBlock,
    session_blocks,
)
from psychopy_nfb.dsp.flags import ARTIFACT, HOLDING, NOT_COMPARED
from psychopy_nfb.protocol import SHOWN, value_name
from psychopy_nfb.protocol.version_0_1 import converted_settings, is_older
from psychopy_nfb.recording.blinding import is_sealed
from psychopy_nfb.recording.read import read_sessions
from psychopy_nfb.recording.tables import given

if TYPE_CHECKING:
    from psychopy_nfb.recording import Session

COLUMNS = (
    *("participant", "session", "run", "date", "block", "label", "kind", "arm"),
    *("measure", "value"),
)
"""Of the table in long form."""
MEASURES = {
    "z_own": "mean of the trained signal's own z, over clean samples",
    "z_shown": "mean of the z that was shown, over clean samples; the own one where nothing else "
    "was shown; not known while what was shown is sealed",
    "beyond": "share of the clean time in which the own signal was beyond the threshold that the "
    "baseline gave, on the rewarded side",
    "rewards_per_minute": "rewards that were given, a minute; not known while what was shown is "
    "sealed",
    "artifact": "share of the samples with an artifact or a gap",
    "signal": "mean of the trained signal over clean samples, in its own unit",
    "rest_change": "mean signal in the rest after the training less that in the rest before it; "
    "of a session, not of a block",
}
"""Names of the measures and what they are."""


def learning_table(
    sessions: Iterable[Session | str | os.PathLike[str]],
    arms: Mapping[str, str] | None = None,
    continued: Collection[str] = (),
) -> pd.DataFrame:
    """Return what each block came to, in long form: one row for each block and measure.

    Parameters
    ----------
    sessions : iterable of Session or path
        Recorded sessions, or any of their files.
    arms : mapping, optional
        Arm of the study by participant; it tells who had real feedback, so leave it out while the
        study is blinded. The column ``arm`` is empty without it.
    continued : collection of str
        Names (stems) of recordings that were cut off and that another recording goes on with: the
        block that was cut off in them was done again there, and has no row.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: ``participant``, ``session`` and ``run`` from the names of the files,
        ``date``, ``block`` (its number in the run, from 1; missing for `rest_change`), ``label``,
        ``kind`` (baseline, feedback, no feedback), ``arm``, ``measure`` (see `MEASURES`) and
        ``value``. What is not known has no row.

    Raises
    ------
    FileError
        If none can be read. One of several that cannot be is left out, which is logged.

    Examples
    --------
    .. code-block:: python

        table = learning_table(sorted(Path("data").glob("*_nfb.json")))
        table.to_csv("learning.csv", index=False)  # for R, JASP or jamovi
    """
    rows: list[dict[str, Any]] = []
    for session in read_sessions(sessions):
        facts = session.files.facts()
        whose = {name: facts[name] for name in ("participant", "session", "run")}
        whose["date"] = (session.settings.get("session") or {}).get("date", "")
        whose["arm"] = (arms or {}).get(str(facts["participant"]), "")
        blocks = session_blocks(session.events, session.signals)
        if session.files.stem.name in continued:
            blocks = [block for block in blocks if block.whole]
        for block in blocks:
            for measure, value in block_measures(session, block).items():
                rows.append({**whose, **_about(block), "measure": measure, "value": value})
        change = rest_change(session, blocks)
        about = {"block": pd.NA, "label": "", "kind": ""}
        rows.append({**whose, **about, "measure": "rest_change", "value": change})
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["block"] = table["block"].astype("Int64")
    return table[table["value"].notna()].reset_index(drop=True)


def _about(block: SessionBlock) -> dict[str, Any]:
    return {"block": block.number, "label": block.label, "kind": block.kind}


def block_measures(session: Session, block: SessionBlock) -> dict[str, float]:
    """Return the measures of one block; what is not known is NaN.

    Parameters
    ----------
    session : Session
        The recorded session.
    block : SessionBlock
        One of its blocks.
    """
    first, settings = first_signal(session)
    own = session.signals[block.inside(session.signals)]
    clean = own[(own["flags"] & HOLDING) == 0]
    compared = clean[(clean["flags"] & NOT_COMPARED) == 0]
    compared = compared.iloc[:0] if block.kind == BASELINE else compared
    z = compared[value_name(first, "z")]
    shown = value_name(SHOWN, "z")
    threshold = baseline_threshold(session, block)
    up = settings.get("direction", "up") == "up"
    beyond = (z >= threshold) if up else (z <= threshold)
    minutes = len(own) * _step(session.signals) / 60
    rewards = _steps(given(session.signals, "rewards"))[own.index].sum()
    z_shown = compared[shown] if shown in compared else z
    if is_sealed(session.settings):  # what is visible is the own feedback, whatever was shown
        z_shown, rewards = z_shown.iloc[:0], np.nan
    return {
        "z_own": float(z.mean()),
        "z_shown": float(z_shown.mean()),
        "beyond": float(beyond.mean()) if len(z) and np.isfinite(threshold) else np.nan,
        "rewards_per_minute": float(rewards / minutes) if minutes else np.nan,
        "artifact": float(((own["flags"] & ARTIFACT) != 0).mean()) if len(own) else np.nan,
        "signal": float(clean[value_name(first, "signal")].mean()),
    }


def baseline_threshold(session: Session, block: SessionBlock) -> float:
    """Return the threshold that the last baseline before a block gave, before any rule moved it.

    Without a baseline: the first threshold of the session.
    """
    first, _ = first_signal(session)
    signals = session.signals
    ends = session.events[session.events.trial_type == "baseline_end"]["sample"]
    ends = ends[ends <= block.begin]
    after = signals[signals["sample"] >= (int(ends.max()) if len(ends) else 0)]
    after = after[(after["flags"] & NOT_COMPARED) == 0]
    name = value_name(first, "threshold")
    return float(after[name].iloc[0]) if len(after) else np.nan


def rest_change(session: Session, blocks: list[SessionBlock]) -> float:
    """Return by how much the signal differs in the rest after the training from that before it.

    Rest is a block without feedback, or a baseline: the last one before the first block with
    feedback, and the first one after the last.
    """
    trained = [place for place, block in enumerate(blocks) if block.kind == FEEDBACK]
    if not trained:
        return np.nan
    before, after = blocks[: trained[0]], blocks[trained[-1] + 1 :]
    if not before or not after:
        return np.nan
    pre, post = (block_measures(session, one)["signal"] for one in (before[-1], after[0]))
    return post - pre


def first_signal(session: Session) -> tuple[str, dict[str, Any]]:
    """Return the name of the first signal, which is the one that was trained, and its settings."""
    name = next(one for one in session.signals.columns if one.endswith("_value"))
    name = name.removesuffix("_value")
    configuration = session.settings.get("configuration") or {}
    if is_older(configuration):
        configuration = converted_settings(configuration)
    return name, (configuration.get("signals") or {}).get(name, {})


def _steps(count: pd.Series) -> pd.Series:
    """Return the steps of a count, which may have been set back to 0."""
    steps = count.diff().fillna(count.iloc[:1].sum())
    return steps.where(steps >= 0, count)


def _step(signals: pd.DataFrame) -> float:
    """Return the seconds between two values."""
    steps = np.diff(signals.t)
    return float(np.median(steps)) if len(steps) else 0.0
