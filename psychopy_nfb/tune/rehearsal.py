"""What a training would have done on a recording: thresholds, rewards, artifacts, feedback."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from psychopy_nfb.dsp import SignalInfo, standard_positions
from psychopy_nfb.dsp.flags import HOLDING, Flags
from psychopy_nfb.dsp.lasting_faults import lasting_faults_told
from psychopy_nfb.engine.processor import Processor
from psychopy_nfb.engine.rerun import run_offline
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol import Trial, value_name
from psychopy_nfb.tune.prepared import check_not_flat, check_usable

if TYPE_CHECKING:
    import pandas as pd

    from psychopy_nfb.course import Turn
    from psychopy_nfb.engine.configuration import Configuration
    from psychopy_nfb.recording.eeg_files import Recording

Laid = tuple[int, int | None, bool, bool]
"""First sample of a block, the first after it (None: it lasts to the end), whether it has feedback,
and whether points are counted."""
LEAST_SECONDS = 10.0
"""Shortest training that is rehearsed, after the baseline."""


@dataclass(frozen=True)
class SignalOutcome:
    """What became of one signal in the training's clean samples."""

    name: str
    role: str
    beyond: float
    """Share of the samples that were beyond the threshold."""
    first_threshold: float
    """Threshold at the training's begin, in units of z."""
    last_threshold: float
    """The same at its end."""
    median_z: float
    shown_empty: float
    """Share of the samples in which a bar would have been empty."""
    shown_full: float
    median_shown: float
    """Median height of a bar, 0 to 1."""


@dataclass(frozen=True)
class Rehearsal:
    """What a training would have done on one recording."""

    recording: str
    baseline_seconds: float
    training_seconds: float
    baseline_clean: float | None
    """Share of the baseline's samples that no artifact or gap spoilt; None without a baseline."""
    clean: float
    """Share of the training's samples that no artifact or gap spoilt."""
    spoilt: dict[str, float]
    """Share of the training's samples with each flag, by its name; those that came up."""
    hits: int
    rewards: int
    points: float
    rewards_a_minute: float
    signals: tuple[SignalOutcome, ...]
    blocks: int
    """Blocks of a plan that the recording is long enough for; 0 without a plan."""
    judged: int
    """Of them those that were judged, as trials."""
    successes: int
    """Of these those that were a success."""
    failed: tuple[str, ...]
    """A sentence for each step or rule that failed, each channel that spoils others because it
    stays bad, and where nothing is rewarded."""
    assumptions: tuple[str, ...]
    """What was assumed or corrected when the recording was read, a sentence each."""
    values: pd.DataFrame
    """Each of the training's samples: ``t`` in seconds, the values by name, and ``flags``."""

    def to_dict(self) -> dict[str, Any]:
        """Return all but the samples, ready for JSON."""
        given = {name: value for name, value in vars(self).items() if name != "values"}
        return {**given, "signals": [asdict(one) for one in self.signals]}


def rehearse(
    recording: Recording,
    configuration: Configuration,
    baseline_seconds: float = 60.0,
    turns: Sequence[Turn] = (),
) -> Rehearsal:
    """Pass a recording through a training as if it were live.

    Parameters
    ----------
    recording : Recording
        Of the person, e.g. at rest.
    configuration : Configuration
        The training.
    baseline_seconds : float
        Its first seconds are the baseline, where the training needs one; the rest is one block
        with feedback.
    turns : sequence of Turn
        Of a plan: its blocks, laid over the rest of the recording one after the other in place of
        the one block. Its baselines are left out, a criterion ends none of them, and all show the
        own feedback. What counts is the time in blocks with feedback or points.

    Raises
    ------
    SettingsError
        If the recording is too short, is marked as bad as a whole, is flat, lacks a channel or has
        no clean baseline.
    """
    check_usable(recording)
    labels = tuple(recording.labels)
    # As live: the file's own positions are in a frame of its own, and a stream has none.
    positions = standard_positions(labels)
    info = SignalInfo(recording.rate, labels, positions=positions, kinds=recording.not_eeg)
    try:
        processor = Processor(configuration, info)  # refuses what does not fit
    except SettingsError as error:
        remedy = f"in the recording '{recording.name}': {error.remedy}"
        raise SettingsError(error.parameter, error.value, remedy) from None
    notes = (*recording.assumptions, *processor.notes)
    recording = replace(recording, assumptions=notes)
    for chain in processor.chains.values():
        used = chain.used_channels.tolist()
        voltages = [place for place in used if place in info.voltages]
        if voltages:
            check_not_flat(recording.usable, voltages, [labels[place] for place in voltages])
    needs = any(one.needs_baseline for one in configuration.signals.values())
    begin = baseline_seconds if needs else processor.settle
    if recording.seconds < begin + LEAST_SECONDS:
        raise SettingsError(
            "recording",
            recording.name,
            f"has {recording.seconds:.0f} s, and baseline and training need at least "
            f"{begin + LEAST_SECONDS:.0f} s; take a longer one or a shorter baseline",
        )
    n_begin = round(begin * recording.rate)
    failed: list[str] = []
    if not any(one.role == "reward" for one in configuration.signals.values()):
        failed.append('No signal has the role "reward", and so there is none')
    harmed = lasting_faults_told(recording.usable, info, processor.uses())
    failed += [sentence.rstrip(".") for sentence in harmed]
    blocks = _laid(turns, n_begin, recording) if turns else [(n_begin, None, True, True)]
    if turns and not blocks:
        raise SettingsError(
            "recording",
            recording.name,
            f"has {recording.seconds:.0f} s, too little for the first block of the plan after "
            f"{begin:g} s; take a longer one",
        )
    commands = _commands(recording, n_begin, needs, blocks)
    trials: list[Trial] = []
    try:
        values, flags = run_offline(
            configuration,
            recording.usable,
            info,
            commands,
            told=failed.append,
            judged=trials.append,
        )
    except SettingsError as error:  # there is no baseline in it
        why = " ".join([str(error), *harmed])
        raise SettingsError("recording", recording.name, why.rstrip(".")) from None
    table = _table(configuration, values, flags, processor.rate)
    trained = _within(table, blocks, recording.rate)
    training = table[trained].reset_index(drop=True)
    baseline = table[table.t < n_begin / recording.rate] if needs else None
    n_blocks = len(blocks) if turns else 0
    verdicts = [trial.success for trial in trials]
    return _outcome(
        recording, configuration, training, baseline, n_begin, (n_blocks, verdicts), tuple(failed)
    )


def _laid(turns: Sequence[Turn], n_begin: int, recording: Recording) -> list[Laid]:
    """Return where the blocks lie that the recording is long enough for."""
    found: list[Laid] = []
    at, end = n_begin / recording.rate, len(recording.usable) / recording.rate
    for turn in turns:
        if turn.block.kind == "baseline":
            continue
        if at + turn.seconds > end:
            break
        begins, at = at, at + turn.seconds
        edges = round(begins * recording.rate), round(at * recording.rate)
        found.append((*edges, turn.block.feedback, turn.block.counts))
    return found


def _within(table: pd.DataFrame, blocks: Sequence[Laid], rate: float) -> np.ndarray:
    """Return which rows are those of blocks with feedback or points."""
    within = np.zeros(len(table), bool)
    for begin, end, feedback, counts in blocks:
        if feedback or counts:
            within |= (table.t >= begin / rate) & (end is None or table.t < end / rate)
    return within


def _commands(
    recording: Recording, n_begin: int, needs: bool, blocks: Sequence[Laid]
) -> list[tuple[int, str, dict[str, Any]]]:
    """Return what an experiment would have commanded, and the recording's gaps."""
    begins: list[tuple[int, str, dict[str, Any]]] = [
        (0, "points_off", {}),
        (0, "adaptation", {"training": False, "edge": None}),
    ]
    if needs:
        begins += [(0, "baseline_begin", {"label": "baseline"}), (n_begin, "baseline_end", {})]
    for begin, end, feedback, counts in blocks:
        edge = {"training": feedback, "edge": "begin", "points": counts}
        begins += [(begin, "points_on" if counts else "points_off", {})]
        begins += [(begin, "adaptation", edge)]
        if end is not None:
            begins += [(end, "points_off", {})]
            begins += [(end, "adaptation", {"training": False, "edge": "end", "points": False})]
    return [*((row, "gap", {}) for row, _ in recording.gaps), *begins]


def _table(
    configuration: Configuration, values: np.ndarray, flags: np.ndarray, rate: float
) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(values, columns=list(configuration.value_names))
    table.insert(0, "t", np.arange(len(table)) / rate)
    return table.assign(flags=flags.astype(int))


def _outcome(
    recording: Recording,
    configuration: Configuration,
    training: pd.DataFrame,
    baseline: pd.DataFrame | None,
    n_begin: int,
    plan: tuple[int, list[bool]],
    failed: tuple[str, ...],
) -> Rehearsal:
    n_blocks, verdicts = plan
    flags, clean = training["flags"].to_numpy(), _clean(training)
    # Of blocks apart from each other the time between them does not count.
    seconds = float(training.t.iloc[-1] - training.t.iloc[0])
    if n_blocks:
        seconds = len(training) * float(training.t.diff().median())
    spoilt = {flag.name or "": float(np.mean((flags & int(flag)) != 0)) for flag in Flags}
    rewards = int(training.rewards.iloc[-1])
    return Rehearsal(
        recording=recording.name,
        baseline_seconds=0.0 if baseline is None else n_begin / recording.rate,
        training_seconds=seconds,
        baseline_clean=None if baseline is None else _mean(_clean(baseline)),
        clean=float(clean.mean()),
        spoilt={flag: share for flag, share in spoilt.items() if share > 0},
        hits=int(training.hits.iloc[-1]),
        rewards=rewards,
        points=float(training.score.iloc[-1]),
        rewards_a_minute=60 * rewards / seconds,
        signals=tuple(
            _of_signal(one, configuration, training[clean]) for one in configuration.signals
        ),
        blocks=n_blocks,
        judged=len(verdicts),
        successes=sum(verdicts),
        failed=failed,
        assumptions=tuple(recording.assumptions),
        values=training,
    )


def _clean(table: pd.DataFrame) -> np.ndarray:
    return (table["flags"].to_numpy() & HOLDING) == 0


def _of_signal(name: str, configuration: Configuration, clean: pd.DataFrame) -> SignalOutcome:
    settings = configuration.signals[name]
    z, threshold, shown = (
        clean[value_name(name, what)].to_numpy() for what in ("z", "threshold", "value")
    )
    beyond = z >= threshold if settings.direction == "up" else z <= threshold
    return SignalOutcome(
        name=name,
        role=settings.role,
        beyond=_mean(beyond),
        first_threshold=float(threshold[0]) if len(threshold) else float("nan"),
        last_threshold=float(threshold[-1]) if len(threshold) else float("nan"),
        median_z=float(np.median(z)) if len(z) else float("nan"),
        shown_empty=_mean(shown <= 0),
        shown_full=_mean(shown >= 1),
        median_shown=float(np.median(shown)) if len(shown) else float("nan"),
    )


def _mean(values: Sequence[bool] | np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
