"""Recorded blocks that are shown in place of the own feedback: read and checked.

They are read in the experiment's process, before its window opens.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from psychopy_nfb.engine.configuration import Configuration, build_configuration
from psychopy_nfb.engine.donor_files import Donors, needed
from psychopy_nfb.engine.replayed_signals import LEAD_SECONDS
from psychopy_nfb.errors import NfbError, SettingsError, listed
from psychopy_nfb.protocol import SHOWN, Comparison, Signal, value_name
from psychopy_nfb.protocol.shown import Extract, FeedbackSeries, FromSession
from psychopy_nfb.protocol.shown.series import FEEDBACK, GAINED
from psychopy_nfb.recording import Session, read_session
from psychopy_nfb.recording.labels import task_label


def read_donors(
    configuration: Configuration, task: str | None = None, participant: str | None = None
) -> Donors:
    """Read what the sources of `configuration` show of recorded sessions.

    Parameters
    ----------
    configuration : Configuration
        What is trained.
    task, participant : str, optional
        Of the session that begins: a donor must be of the same task, a replay of the same person.

    Raises
    ------
    FileError
        If a session cannot be read.
    SettingsError
        If it has no such block, is too short, or of another task or signal.
    """
    donors: Donors = {}
    sessions: dict[str, Session] = {}
    for name, source in needed(configuration.shown).items():
        try:
            if source.session not in sessions:
                sessions[source.session] = read_session(source.session)
            session = sessions[source.session]
            _check_same(source, session, configuration, task, participant)
            blocks = recorded_blocks(source, session)
            cut = _shown_in if source.as_shown else _eeg_of
            donors[name] = [cut(session, *block) for block in blocks]
        except NfbError as error:
            raise error.within(f"shown.{name}") from None
    return donors


def _check_same(
    source: FromSession,
    session: Session,
    configuration: Configuration,
    task: str | None,
    participant: str | None,
) -> None:
    """Refuse a session of another task, person or signal."""
    facts = session.settings.get("session")
    if facts is None:  # of an earlier version, which did not say
        facts = {"task": task and task_label(task), "participant": participant}
    if task is not None and facts["task"] != task_label(task):
        raise SettingsError(
            "session",
            source.session,
            f"is of the task {facts['task']}, and this one is {task_label(task)}",
        )
    if not source.as_shown:
        if participant is not None and facts["participant"] != str(participant).strip():
            raise SettingsError(
                "session",
                source.session,
                f"is of participant {facts['participant']} and this is {participant}; choose one "
                "of the same person",
            )
        return
    session.check_open()
    theirs = build_configuration(session.settings["configuration"])
    if theirs.first != configuration.first:
        difference = f"its first signal is {theirs.first}, here {configuration.first}"
    else:
        difference = _difference(
            theirs.signals[theirs.first], configuration.signals[configuration.first]
        )
    if difference:
        raise SettingsError("session", source.session, f"is of another signal: {difference}")


def _difference(theirs: Signal, ours: Signal) -> str:
    """Return how another person's signal is none of the same kind, empty if it is.

    Bands and the like are each person's own.
    """
    if theirs.direction != ours.direction:
        return f"direction is {theirs.direction}, here {ours.direction}"
    steps = [[type(step).__name__ for step in signal.pipeline.steps] for signal in (theirs, ours)]
    if steps[0] != steps[1]:
        return f"its steps are {listed(steps[0])}, here {listed(steps[1])}"
    for one, other in zip(theirs.pipeline.steps, ours.pipeline.steps, strict=True):
        channels = [getattr(step, "channels", None) for step in (one, other)]
        if channels[0] != channels[1]:
            return f"channels are {channels[0]}, here {channels[1]}"
    return ""


def recorded_blocks(source: FromSession, session: Session) -> list[tuple[int, int]]:
    """Return first sample and the one after the last of each block that is shown."""
    events = session.events
    edges: dict[int, list[Any]] = {}
    for row in events[events.trial_type.isin(["block_begin", "block_end"])].itertuples():
        edges.setdefault(json.loads(row.detail)["block"], []).append(row)
    whole = [pair for pair in edges.values() if pair[0].trial_type == "block_begin"]
    with_feedback = [pair for pair in whole if json.loads(pair[0].detail)["feedback"]]
    found = [pair for pair in with_feedback if pair[0].value == source.block]
    if not found:
        there = listed(dict.fromkeys(pair[0].value for pair in with_feedback))
        raise SettingsError(
            "block",
            source.block,
            f"is no block with feedback of {session.files.stem.name}; there are {there or 'none'}",
        )
    shown = range(source.first, source.first + source.blocks)
    if len(found) < shown[-1]:
        raise SettingsError(
            "blocks",
            source.blocks,
            f"are more than {session.files.stem.name} has of the name {source.block}: {len(found)}"
            + (f", of which {source.first} is the first" if source.first > 1 else ""),
        )
    cuts = []
    for number in shown:
        begin, *end = found[number - 1]
        last = int(end[0].sample) if end else len(session.eeg.samples)
        cut = int(begin.sample), min(last, len(session.eeg.samples))
        seconds = (cut[1] - cut[0]) / session.eeg.rate
        if seconds < source.seconds - 1 / session.eeg.rate:
            raise SettingsError(
                "seconds",
                source.seconds,
                f"is longer than block {number} of the name {source.block} in "
                f"{session.files.stem.name}, which ends after {seconds:.1f} s; choose another "
                "session, or shorter blocks",
            )
        cuts.append(cut)
    return cuts


def _shown_in(session: Session, begin: int, end: int) -> FeedbackSeries:
    """Return what was shown in a block; where samples were lost, what was shown meanwhile."""
    signals = session.signals
    inside = (signals["sample"] >= begin) & (signals["sample"] < end)
    if not inside.any():
        raise SettingsError("session", str(session.files.stem), "has no values in that block")
    own = signals[inside]
    configuration = build_configuration(session.settings["configuration"])
    shown = value_name(SHOWN, "value") in signals.columns
    columns = {}
    for what in FEEDBACK:
        if shown:
            name = value_name(SHOWN, what)
        else:
            own_name = value_name(configuration.first, what)
            name = own_name if own_name in signals.columns else what
        if what in GAINED:
            before = signals[name].shift(fill_value=0.0)
            gained = (signals[name] - before).clip(lower=0.0)  # a score may be set to 0
            columns[what] = gained[inside]
        elif name in signals.columns:
            columns[what] = own[name]
        else:
            columns[what] = _compared(what, own, configuration)
    values = np.column_stack([np.asarray(columns[what], float) for what in FEEDBACK])
    rate = (
        session.eeg.rate / float(np.median(np.diff(signals["sample"])))
        if len(signals) > 1
        else session.eeg.rate
    )
    return FeedbackSeries(_with_gaps(session, values, own["sample"].to_numpy(), rate), rate)


def _compared(what: str, own: Any, configuration: Configuration) -> np.ndarray:
    """Return place of the threshold, or side of it, of a session that recorded neither."""
    comparison = Comparison(configuration.signals[configuration.first])
    z = own[value_name(configuration.first, "z")].to_numpy()
    threshold = own[value_name(configuration.first, "threshold")].to_numpy()
    if what == "threshold_place":
        return np.array([comparison.shown(one) for one in threshold])
    return (z >= threshold if comparison.up else z <= threshold).astype(float)


def _with_gaps(
    session: Session, values: np.ndarray, samples: np.ndarray, rate: float
) -> np.ndarray:
    """Return rows with those that were held while samples were lost, so that time goes on."""
    gaps = session.events[session.events.trial_type == "gap"]
    parts, at = [], 0
    for gap in gaps.sort_values("sample", kind="stable").itertuples():
        row = int(np.searchsorted(samples, gap.sample))
        if not 0 < row < len(values):
            continue
        held = values[row - 1].copy()
        held[[FEEDBACK.index(what) for what in ("reward", *GAINED)]] = 0.0
        missing = round(float(json.loads(gap.detail)["seconds"]) * rate)
        parts += [values[at:row], np.tile(held, (missing, 1))]
        at = row
    return np.concatenate([*parts, values[at:]])


def _eeg_of(session: Session, begin: int, end: int) -> Extract:
    """Return the EEG of a block, and of some seconds before it."""
    stream = session.settings["stream"]
    scales = np.ones(len(session.eeg.labels))
    scales[: len(stream["microvolts_per_unit"])] = stream["microvolts_per_unit"]
    lead = min(begin, round(LEAD_SECONDS * session.eeg.rate))
    samples = session.eeg.samples[begin - lead : end]
    gaps = session.events["sample"][session.events.trial_type == "gap"] - (begin - lead)
    breaks = tuple(int(row) for row in gaps if 0 < row < len(samples))
    return Extract(samples, scales, tuple(session.eeg.labels), session.eeg.rate, lead, breaks)
