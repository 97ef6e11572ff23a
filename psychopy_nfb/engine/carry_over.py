"""Thresholds that go on where the participant's earlier session ended."""

from __future__ import annotations

import logging
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.errors import FileError, SettingsError, listed
from psychopy_nfb.protocol import ThresholdRule
from psychopy_nfb.recording.labels import participant_label, task_label
from psychopy_nfb.recording.names import recorded_session
from psychopy_nfb.settings import from_dict, read_plain_json, to_dict

logger: logging.Logger = logging.getLogger(__name__)

LAST = "last"
SECTION = "thresholds_reached"
"""Of the settings file: what `MovingThresholds.carried` gave."""


def with_carry_over(
    configuration: Configuration,
    source: str | os.PathLike[str] | None,
    participant: str,
    task: str,
    data: str | os.PathLike[str] | None,
) -> tuple[Configuration, dict[str, Any]]:
    """Return `configuration` with thresholds that go on from an earlier session's.

    Parameters
    ----------
    configuration : Configuration
        What shall be trained.
    source : path, "last" or None
        Any file of the earlier session, or its stem; or the participant's last session of this
        task in `data`, if there is one. None carries nothing over.
    participant, task : str
        Whose session begins, and of which task.
    data : path or None
        Folder of sessions, for ``"last"``.

    Returns
    -------
    configuration : Configuration
        Its rules begin where those of the earlier session were; QUEST knows all of its trials.
    facts : dict
        For the settings file, as section ``carried_over``; empty if nothing was.

    Raises
    ------
    FileError
        If it is no session, or says nothing of its thresholds.
    SettingsError
        If it is another participant's, or its thresholds moved by other rules.
    """
    if source is None:
        return configuration, {}
    if source == LAST:
        found = _last_session(data, participant, task)
        if found is None:
            logger.warning(
                "There is no earlier session of %s whose thresholds could be carried over; they "
                "begin as the settings have them.",
                participant,
            )
            return configuration, {}
        source = found
    path = recorded_session(source, "settings").settings
    settings = read_plain_json(path)
    _check_participant(settings, participant, path)
    reached = settings.get(SECTION)
    if not isinstance(reached, dict) or not reached:
        raise FileError(
            "carry_over",
            os.fspath(path),
            "holds no threshold that moved; name a session with a moving threshold that had a "
            "block with feedback",
        )
    signals, told = dict(configuration.signals), {}
    for name, signal in signals.items():
        if not isinstance(signal.threshold, ThresholdRule) or name not in reached:
            continue
        rule = _carried(f"signals.{name}.threshold", signal.threshold, reached[name], path)
        signals[name] = replace(signal, threshold=rule)
        told[name] = reached[name]
    if not told:
        raise SettingsError(
            "carry_over",
            os.fspath(path),
            f"has moving thresholds of {listed(reached)}, and none of them moves by a rule here",
        )
    logger.info("Thresholds of %s go on from %s.", listed(told), path.name)
    return replace(configuration, signals=signals), {
        "carried_over": {"from": path.name, "signals": told}
    }


def _check_participant(settings: Any, participant: str, path: Path) -> None:
    """Refuse another person's session, and what is none."""
    session = settings.get("session") if isinstance(settings, dict) else None
    if not isinstance(session, dict) or "participant" not in session:
        raise FileError(
            "carry_over", os.fspath(path), "is no session's settings file; name a recorded session"
        )
    whose, ours = str(session["participant"]), participant_label(participant)
    if whose != ours:
        raise SettingsError(
            "carry_over",
            os.fspath(path),
            f"is a session of participant {whose}, and this one is of {ours}; name a session of "
            f"{ours}",
        )


def _carried(where: str, rule: ThresholdRule, reached: Any, path: Path) -> ThresholdRule:
    """Return the rule that goes on from what an earlier one had reached."""
    kind = type(rule).__name__
    if not isinstance(reached, dict) or not isinstance(reached.get("settings"), dict):
        raise FileError("carry_over", os.fspath(path), f"is damaged: {SECTION} of {where}")
    if reached.get("rule") != kind:
        raise SettingsError(
            "carry_over",
            os.fspath(path),
            f"moved {where} by {reached.get('rule')}, and here it moves by {kind}; take the same "
            "rule, or carry nothing over",
        )
    start = reached["settings"].get("start")
    if isinstance(start, float) and not math.isfinite(start):
        return rule
    return from_dict(ThresholdRule, {**to_dict(rule), **reached["settings"]}, where)


def _last_session(data: str | os.PathLike[str] | None, participant: str, task: str) -> Path | None:
    """Return the settings file of the participant's last session of a task that has thresholds."""
    if data is None:
        return None
    sessions = f"sub-{participant_label(participant)}_ses-*_task-{task_label(task)}_run-*_nfb.json"
    found: list[tuple[str, Path]] = []
    for path in Path(data).glob(sessions):
        try:
            settings = read_plain_json(path)
            if settings.get(SECTION):
                found.append((str(settings["session"]["date"]), path))
        except (FileError, KeyError, AttributeError, TypeError):
            continue  # not begun, or damaged: another one is the last that can be used
    return max(found)[1] if found else None
