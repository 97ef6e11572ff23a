"""A recorded session through the same settings again: the proof that it can be repeated."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from psychopy_nfb.dsp import SignalInfo, standard_positions
from psychopy_nfb.engine.configuration import Configuration, build_configuration
from psychopy_nfb.engine.donor_files import Donors, load_donors, needed
from psychopy_nfb.engine.plugins import differences, load_plugins
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.errors import FileError, NfbError
from psychopy_nfb.protocol import REACHED, Follower, Trial
from psychopy_nfb.recording import read_session

if TYPE_CHECKING:
    from psychopy_nfb.recording import Session

logger: logging.Logger = logging.getLogger(__name__)

COMMANDS = (
    "baseline_begin",
    "baseline_end",
    "set",
    "pause",
    "resume",
    "reset_score",
    "points_on",
    "points_off",
    "adaptation",
    "shown",
    "refused",
    "gap",
    "worker_restarted",
    "rate_spoilt",
    "rate_right",
)
_SNAPSHOT = "thresholds reached"


def run_offline(
    configuration: Configuration,
    samples: np.ndarray,
    info: SignalInfo,
    commands: Sequence[tuple[int, str, dict[str, Any]]] = (),
    chunk: int = 1000,
    told: Callable[[str], None] | None = None,
    donors: Donors | None = None,
    judged: Callable[[Trial], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Pass a recording through a training's settings without any stream or clock.

    Parameters
    ----------
    configuration : Configuration
        The settings.
    samples : ndarray, shape (n, n_channels)
        Microvolts.
    info : SignalInfo
        Channels and rate.
    commands : list of (sample, name, detail)
        What was commanded before which sample, in order; names as in the session's events.
    chunk : int
        Samples a block; the outcome does not depend on it.
    told : callable, optional
        Called with a sentence for each step or rule that has failed.
    donors : dict, optional
        Recorded blocks that are shown in place of the own feedback.
    judged : callable, optional
        Called with how each block went that was judged.

    Returns
    -------
    values : ndarray, shape (n_out, n_values)
        In the order of `Configuration.value_names`.
    flags : ndarray of uint32, shape (n_out,)
    """
    processor = Processor(configuration, info, donors)
    parts = []
    # Thresholds are gone on with as they were some samples before the files' end.
    reached = {sample: {} for sample in _samples_gone_on_from(commands)}
    snapshots = [(sample, _SNAPSHOT, {}) for sample in reached]
    edges = sorted([*snapshots, *commands], key=lambda edge: edge[0])
    edges.append((len(samples), "", {}))
    at = 0
    for sample, name, detail in edges:
        until = min(sample, len(samples))
        while at < until:
            end = min(at + chunk, until)
            block = processor.process(samples[at:end])
            parts.append((block.values, block.flags))
            at = end
        if name == _SNAPSHOT:
            reached[sample] = processor.thresholds.followers()
        elif name == "worker_restarted":
            processor = _successor(processor, detail, reached)
        else:
            trial = _repeat(processor, name, detail)
            if trial is not None and judged is not None:
                judged(trial)
    for _, sentence in processor.faults() if told is not None else ():
        told(sentence)
    if processor.shown is not None:
        processor.shown.close()
    if not parts:  # a stream that sent nothing
        return np.empty((0, len(configuration.value_names))), np.empty(0, np.uint32)
    values, flags = zip(*parts, strict=True)
    return np.concatenate(values), np.concatenate(flags)


def _samples_gone_on_from(commands: list[tuple[int, str, dict[str, Any]]]) -> set[int]:
    """Return the samples after which a later worker went on with the thresholds."""
    restarts = [detail for _, name, detail in commands if name == "worker_restarted"]
    return {one["sample"] for detail in restarts for one in detail.get("thresholds", {}).values()}


def _successor(
    dead: Processor, detail: dict[str, Any], reached: dict[int, dict[str, Follower]]
) -> Processor:
    """Return what goes on after a restart: with the settings and points that had been reached.

    And with the thresholds, which are among those `reached` after some samples.
    """
    processor = Processor(
        detail.get("configuration", dead.configuration),
        dead.info,
        None if dead.shown is None else dead.shown.donors,
    )
    processor.reward.restore({key: detail[key] for key in REACHED if key in detail})
    processor.paused, processor.counting = dead.paused, dead.counting
    processor.thresholds.training = dead.thresholds.training
    processor.thresholds.take_over(
        {name: reached[one["sample"]][name] for name, one in detail.get("thresholds", {}).items()}
    )
    processor.n_samples = dead.n_samples
    processor.gap()
    if processor.shown is not None and dead.shown is not None:
        processor.shown.take_over(dead.shown.kept, dead.n_samples)
        processor.shown.take_baseline(dead.shown.baseline)
        processor.shown.restore(detail)
    if detail.get("trial") is not None:
        processor.begin_trial(detail["trial"])
    # Sessions of earlier versions do not say whether a baseline was being recorded.
    label = detail.get("baseline", dead.baseline_label if dead.calibrating else None)
    if label:
        processor.begin_baseline(label)
    return processor


def _repeat(processor: Processor, name: str, detail: dict[str, Any]) -> Trial | None:
    """Carry out a command; return how the block went that it has ended, if it was judged."""
    found = None
    if name == "gap":
        processor.gap(detail.get("seconds", 0.0))
    elif name == "shown":
        processor.shown.show(detail["shown"], detail["turn"])
    elif name == "set":
        changes = dict(detail)
        signal = changes.pop("signal", None)
        changes.pop("source", None)
        processor.apply(changes, signal)
    elif name in ("pause", "resume"):
        processor.paused = name == "pause"
    elif name in ("rate_spoilt", "rate_right"):
        processor.rate_spoilt = name == "rate_spoilt"
    elif name in ("points_on", "points_off"):
        processor.counting = name == "points_on"
    elif name == "adaptation":
        if detail["edge"] is not None:
            begins, training = detail["edge"] == "begin", detail["training"]
            found = processor.block_edge(begins, training, detail.get("points", training))
        processor.thresholds.training = detail["training"]
        processor.keep_block(detail.get("kept"))
    elif name == "reset_score":
        processor.reset_score()
    elif name == "baseline_begin":
        processor.begin_baseline(detail["label"])
    elif name == "baseline_end":
        if processor.calibrating:  # or it was ended by the worker before this one
            processor.end_baseline()
    elif name == "refused" and detail["command"] == "baseline_end":
        try:
            processor.end_baseline()
        except NfbError:
            pass  # as it was: refused, and the baseline that was under way is gone
    return None if found is None else found[0]


def rerun(
    session: Session | str | os.PathLike[str], plugins: Sequence[str | os.PathLike[str]] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Compute a session's feedback again from its recorded EEG, settings and commands.

    Parameters
    ----------
    session : Session or path
        A recorded session, or any of its files.
    plugins : sequence of path
        Files with parts of your own that the session used, as for `Neurofeedback`. One that is not
        the same as then is reported in the log.

    Returns
    -------
    values, flags
        As `run_offline`; equal to the session's own ``signals`` to 1e-9, also after a restart of
        the worker.

    Raises
    ------
    SettingsError
        If a step is not here; it says where that came from.
    """
    load_plugins(plugins)
    if isinstance(session, str | os.PathLike):
        session = read_session(session)
    moved = session.events[session.events.trial_type == "recording_moved"]
    if len(moved):
        raise FileError(
            "session",
            str(session.files.stem),
            "is the rest of a session whose files could no longer be written; what its filters "
            "had seen before is in the first part, and only that can be computed again",
        )
    stream = session.settings["stream"]
    scales = np.ones(len(session.eeg.labels))
    scales[: len(stream["microvolts_per_unit"])] = stream["microvolts_per_unit"]
    samples = session.eeg.samples.astype(np.float64) * scales
    info = SignalInfo(
        rate=session.eeg.rate,
        labels=tuple(session.eeg.labels),
        positions=standard_positions(session.eeg.labels),
        kinds=stream.get("kinds", {}),  # sessions of earlier versions took all channels as EEG
    )
    # The order of commands, which onsets of others in between do not say. A gap has the time of the
    # last sample before it, and filters start anew at the first one after it: what is commanded
    # between the two comes before.
    events = session.events
    events = events.iloc[np.lexsort((events.trial_type == "gap", events["sample"]))]
    commands = [
        (int(row.sample), row.trial_type, json.loads(row.detail) if row.detail else {})
        for row in events[events.trial_type.isin(COMMANDS)].fillna({"detail": ""}).itertuples()
    ]
    begun = session.settings.get("configuration_at_restart", {})
    for _, name, detail in commands:
        if name == "worker_restarted" and str(detail["restarts"]) in begun:
            detail["configuration"] = build_configuration(begun[str(detail["restarts"])])
    start = build_configuration(session.settings["configuration_at_start"])
    for sentence in differences(session.settings.get("own_parts")):
        logger.warning("%s.", sentence)
    if (events.trial_type == "step_failed").any():
        logger.warning(
            "A step failed in the session: a rerun takes the samples in other blocks, of which it "
            "flags more or fewer then."
        )
    donors = load_donors(session.files.shown) if needed(start.shown) else None
    return run_offline(start, samples, info, commands, donors=donors)
