"""A recording made ready: no drift, no jumps of the level, and where it has artifacts or gaps.

What is done to the part that filters are fitted to depends on no sample of the part that is scored.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from psychopy_nfb.channels import VOLTAGES
from psychopy_nfb.dsp import DCBlock, HighPass, Pipeline, SignalInfo, Step
from psychopy_nfb.dsp.artifact import INPUT_UV
from psychopy_nfb.dsp.channel_quality import FLAT_UV
from psychopy_nfb.dsp.whole import MARGIN_SECONDS, bridged, calmed, widened
from psychopy_nfb.errors import SettingsError, listed
from psychopy_nfb.recording.eeg_files.bad_parts import bad_samples
from psychopy_nfb.tune.scores import scored_rows

if TYPE_CHECKING:
    from psychopy_nfb.recording.eeg_files import Recording

DRIFT_SECONDS = 10.0
"""Length of the means whose differences tell a drift."""
DRIFTING = 15.0
"""Microvolts a second from which a recording drifts: the usual high-pass makes 5 µV of it."""
BRIDGED_SECONDS = 0.02
"""Longest time without numbers that a straight line fills well: of 10 Hz with 15 µV it is at most
4 µV off. Only longer ones are left out with a margin."""
SHORT_SECONDS = 0.1
"""Seconds below which a length of time is given in milliseconds' precision."""
UNUSABLE = f"no numbers, beyond {INPUT_UV / 1e6:g} V or marked as bad"
"""What cannot be used of a recording, in words."""
SHORTEST_SCORED = 10.0
"""Fewest seconds without artifacts that are scored."""


def check_not_flat(samples: np.ndarray, used: Sequence[int], labels: Sequence[str]) -> None:
    """Refuse a recording whose channels are all weaker than an amplifier's own noise.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
        In microvolts; what is no number does not count.
    used : sequence of int
        Which channels matter.
    labels : sequence of str
        What they are called in the sentence.
    """
    numbers = (column[np.isfinite(column)] for column in samples[:, used].T)
    if not any(len(one) and np.std(one) >= FLAT_UV for one in numbers):
        raise SettingsError(
            "channel",
            list(labels),
            f"is flat (below {FLAT_UV:g} µV, an amplifier's own noise); choose another one, or set "
            "the unit if all are flat (--units)",
        )


def levelled(
    samples: np.ndarray,
    info: SignalInfo,
    used: np.ndarray,
    n_fit: int,
    told: Callable[[str], None],
) -> np.ndarray:
    """Return a recording without linear drift and jumps of the level.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
        In microvolts.
    info : SignalInfo
        Its rate and channels.
    used : ndarray of int
        Which channels matter; the others stay as they are.
    n_fit : int
        Length of the fit part; each part loses its own drift.
    told : callable
        Called with a sentence about the jumps.
    """
    first, whole = (calmed(part[:, used], info.rate) for part in (samples[:n_fit], samples))
    if sentence := whole.jumps_told([info.labels[index] for index in used]):
        told(sentence)
    out = np.array(samples, dtype=float)
    start = _without_slope(first.samples, info.rate)
    # The second part goes on where the first one ends; found in the whole, a jump between is none.
    rest = _without_slope(whole.samples[n_fit - 1 :], info.rate)
    out[:n_fit, used] = start
    out[n_fit:, used] = rest[1:] + (start[-1] - rest[0])
    return out


def _without_slope(samples: np.ndarray, rate: float) -> np.ndarray:
    """Return samples (n, n_channels) without the slope of their straight line where they drift."""
    time = np.arange(len(samples)) - (len(samples) - 1) / 2
    slopes = time @ (samples - samples.mean(axis=0)) / (time @ time)
    slopes[np.abs(slopes) * rate < DRIFTING] = 0
    return samples - time[:, None] * slopes


def check_usable(recording: Recording) -> None:
    """Refuse a recording that is marked as bad as a whole, or has no voltage that can be measured.

    Raises
    ------
    SettingsError
        Before a channel is blamed for it.
    """
    if bad_samples(recording.bad_parts) >= len(recording.samples):
        raise SettingsError(
            "recording",
            recording.name,
            "is marked as bad from beginning to end in the file, and nothing of it can be used; "
            "unmark there what is good, or choose another recording",
        )
    kinds = recording.kinds
    voltages = [place for place, kind in enumerate(kinds) if kind in VOLTAGES]
    usable = np.isfinite(recording.usable[:, voltages])
    if not usable.any() and np.isfinite(recording.unmarked[:, voltages]).any():
        raise SettingsError(
            "recording",
            recording.name,
            f"has only voltages beyond {INPUT_UV / 1e6:g} V, more than an amplifier can measure; "
            "its unit is wrong: set it (--units)",
        )


def missing_told(missing: np.ndarray, labels: Sequence[str], rate: float) -> list[str]:
    """Return a sentence for each channel of which samples cannot be used: how many, and where.

    Channels that lack the same are named together.

    Parameters
    ----------
    missing : ndarray of bool, shape (n, n_channels)
        Which samples cannot be used.
    labels : sequence of str
        Of the channels.
    rate : float
        Samples per second.

    Examples
    --------
    >>> missing = np.repeat([[False], [True], [False]], [500, 250, 500], axis=0)
    >>> missing_told(missing, ["Oz"], 250.0)
    ['Oz: 1.0 s are no numbers, beyond 1 V or marked as bad, from 2.0 to 3.0 s, and were left out.']
    >>> missing_told(np.arange(1250)[:, None] == 500, ["Oz"], 250.0)
    ['Oz: 0.004 s are no numbers, beyond 1 V or marked as bad, at 2.0 s, and were left out.']
    """
    alike: dict[bytes, tuple[np.ndarray, list[str]]] = {}
    for label, column in zip(labels, missing.T, strict=True):
        alike.setdefault(column.tobytes(), (column, []))[1].append(label)
    told = []
    for column, named in alike.values():
        edges = np.flatnonzero(np.diff(np.r_[False, column, False].view(np.int8)))
        parts = []
        for first, last in edges.reshape(-1, 2).tolist():
            begin, end = f"{first / rate:.1f}", f"{last / rate:.1f}"
            parts.append(f"at {begin} s" if begin == end else f"from {begin} to {end} s")
        if parts:
            seconds = column.sum() / rate
            told.append(
                f"{listed(named, most=6)}: {seconds:.{1 if seconds >= SHORT_SECONDS else 3}f} s "
                f"are {UNUSABLE}, {listed(parts, most=3)}, and were left out."
            )
    return told


def offsets_removed(
    before: Sequence[Step], samples: np.ndarray, info: SignalInfo, told: Callable[[str], None]
) -> list[Step]:
    """Return the steps before the estimator, with a steeper high-pass if a channel drifts.

    A steady drift comes through a first-order high-pass as an offset, and that gets into filters
    which are short or were fitted without it: with 178 µV/s the correlation of a wcFIR may fall
    from .88 to .66, Kalman's from .82 to .48. A second order lets none of it through.
    """
    eeg = [place for place, label in enumerate(info.labels) if label not in info.kinds]
    level = calmed(samples[:, eeg], info.rate).samples
    length = round(DRIFT_SECONDS * info.rate)
    n = len(level) // length
    if n < 2:
        return list(before)
    means = level[: n * length].reshape(n, length, -1).mean(axis=1)
    drift = np.percentile(np.abs(np.diff(means, axis=0)), 90, axis=0) / DRIFT_SECONDS
    if not drift.max(initial=0) > DRIFTING:
        return list(before)
    label = info.labels[eeg[int(drift.argmax())]]
    told(
        f"{label} drifts by {drift.max():.0f} µV/s, so offsets are removed by a high-pass of "
        "second order; the settings file has it, too."
    )
    return [HighPass(step.cutoff) if isinstance(step, DCBlock) else step for step in before]


def without_artifacts(
    raw: np.ndarray,
    passing: np.ndarray,
    rate: float,
    n_fit: int,
    limit_uv: float,
    gaps: Sequence[int],
    missing: np.ndarray,
    told: Callable[[str], None],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a channel with large artifacts bridged, and which of its samples can be scored.

    Parameters
    ----------
    raw, passing : ndarray, shape (n, 1)
        As it was recorded, and as it reaches the estimators, in microvolts.
    rate : float
        Samples per second.
    n_fit : int
        Length of the fit part.
    limit_uv : float
        As of `psychopy_nfb.dsp.whole.calmed`.
    gaps : sequence of int
        Samples before which some are missing.
    missing : ndarray of bool, shape (n,)
        Which samples cannot be used.
    told : callable
        Called with a sentence about what is left out of the scored part.

    Returns
    -------
    raw : ndarray, shape (n,)
    passing : ndarray, shape (n, 1)
        Bridged, too: the longest filters would show an artifact for two seconds.
    usable : ndarray of bool, shape (n,)

    Raises
    ------
    SettingsError
        If too little is left to be scored.
    """
    parts = [calmed(part, rate, limit_uv) for part in (raw[:n_fit], raw[n_fit:])]
    artifacts = np.concatenate([part.artifacts for part in parts])
    longer = np.ones(round(BRIDGED_SECONDS * rate) + 1, bool)
    artifacts[:, 0] |= missing | widened(ndimage.binary_opening(missing, longer), rate)
    usable = ~artifacts[:, 0]
    near = round(MARGIN_SECONDS * rate)
    for row in gaps:
        usable[max(0, row - near) : row + near] = False
    scored = slice(n_fit, None)
    n_whole = len(scored_rows(np.ones_like(usable), rate, scored))
    n_scored = len(scored_rows(usable, rate, scored))
    reasons = [f"artifacts beyond {limit_uv:g} µV"]
    reasons += ["gaps"] if len(gaps) else []
    reasons += [f"samples that are {UNUSABLE}"] if missing.any() else []
    why = " or ".join(reasons)
    if n_scored < SHORTEST_SCORED * rate:
        raise SettingsError(
            "recording",
            f"{n_scored / rate:.0f} s usable",
            f"must have {SHORTEST_SCORED:g} s without {why} in its second half; choose another "
            "channel or recording",
        )
    if n_scored < n_whole:
        told(
            f"{(n_whole - n_scored) / rate:.1f} of the {n_whole / rate:.0f} s that are scored were "
            f"left out: {why}, with {MARGIN_SECONDS:g} s on both sides."
        )
    raw = np.concatenate([part.bridged()[:, 0] for part in parts])
    passing = np.concatenate(
        [bridged(passing[part], artifacts[part]) for part in (slice(n_fit), scored)]
    )
    return raw, passing, usable


def passed_through(
    steps: Sequence[Step], samples: np.ndarray, info: SignalInfo
) -> tuple[np.ndarray, SignalInfo]:
    """Return what comes out of the steps, in copies of their own."""
    pipeline = Pipeline(copy.deepcopy(list(steps)))
    told = pipeline.prepare(info)
    return pipeline.process(samples)[0], told
