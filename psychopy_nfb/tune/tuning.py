"""Fitting each estimator on one part of a recording and scoring it on another."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from psychopy_nfb.checks import check_band
from psychopy_nfb.dsp import ArtifactGate, SignalInfo, Step, acausal_analytic
from psychopy_nfb.dsp.artifact import measured_only
from psychopy_nfb.dsp.estimators import ESTIMATORS, Estimator
from psychopy_nfb.dsp.whole import numbers_only
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.families import failure, source
from psychopy_nfb.tune.prepared import (
    check_not_flat,
    levelled,
    missing_told,
    passed_through,
    without_artifacts,
)
from psychopy_nfb.tune.scores import Score, score, scored_rows

FIT_SHARE = 0.5
"""Share of the recording that estimators are fitted to; they are scored on the rest."""
LEARN_SHARE = 0.7
"""Share of the fit part that variants are fitted to; one is chosen on the rest of that part."""
SHORTEST_SECONDS = 40.0
START_SECONDS = 2.0
"""Seconds in which the filters before the estimator settle; not used for fitting."""


@dataclass
class Entry:
    """One estimator at one delay."""

    estimator: str
    delay: float
    """Seconds at which it was scored."""
    score: Score
    """On the held-out part."""
    step: Step = field(repr=False)
    """Fitted on the fit part."""

    def to_dict(self) -> dict[str, object]:
        """Return it for JSON; what is not known is None."""
        return {
            "estimator": self.estimator,
            "delay_ms": round(1e3 * self.delay, 6),
            "envelope_r": self.score.envelope_r,
            "plv": None if math.isnan(self.score.plv) else self.score.plv,
            "envelope_delay_ms": 1e3 * self.step.declared_delay,
        }


def tune(
    samples: np.ndarray,
    info: SignalInfo,
    before: Sequence[Step],
    band: tuple[float, float],
    delays: Sequence[float],
    candidates: Iterable[Estimator] | None = None,
    passed: Callable[[str], None] = lambda _: None,
    gaps: Sequence[int] = (),
    told: Callable[[str], None] = lambda _: None,
) -> list[Entry]:
    """Score every estimator at every delay.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
        The recording, in microvolts.
    info : SignalInfo
        Its rate and channels.
    before : sequence of Step
        What a sample passes before the estimator; one channel must come out.
    band : (float, float)
        Of the rhythm, in Hz.
    delays : sequence of float
        In seconds; negative ones are predictions.
    candidates : iterable of Estimator
        What is tried; default all that there are, a lab's own among them.
    passed : callable
        Called with an estimator's name whenever it is done with one delay.
    gaps : sequence of int
        Samples before which some are missing; a second on both sides of them is left out.
    told : callable
        Called with a sentence for each thing that was corrected or left out.

    Raises
    ------
    SettingsError
        If the recording is too short, or not one channel comes out of `before`; if a channel that
        is used holds no usable numbers; or if there are artifacts, or values that cannot be used,
        nearly everywhere.

    Notes
    -----
    What is no number, or beyond what an amplifier's input reaches, is bridged and enters no score.
    Linear drift and jumps of the level are taken out of the recording first. Large artifacts
    (beyond the limit of the `ArtifactGate` in `before`, or its usual one) are bridged and enter no
    score. The reference is the acausal analytic signal of the channel as it was recorded, so that
    what the filters of `before` do to the phase counts.

    The first half of the recording is the fit part: filters are fitted and variants are chosen (on
    its last third, fitted to the rest of it) without a sample of the second half. The second half
    gives the scores.
    """
    check_band("band", band, info.rate)
    n, rate = len(samples), info.rate
    if n < SHORTEST_SECONDS * rate:
        raise SettingsError(
            "recording",
            f"{n / rate:.1f} s",
            f"is too short; at least {SHORTEST_SECONDS:g} s are needed, a few minutes are better",
        )
    n_fit = round(FIT_SHARE * n)
    spatial = [step for step in before if step.spatial]
    mixed, out = passed_through(spatial, np.eye(info.n_channels), info)
    used = np.flatnonzero(mixed.any(axis=1))
    samples = measured_only(samples, info)
    missing = ~np.isfinite(samples[:, used])
    for sentence in missing_told(missing, [info.labels[index] for index in used], rate):
        told(sentence)
    nothing = [info.labels[index] for index in used[missing.all(axis=0)]]
    if nothing:
        raise SettingsError("channel", nothing, "holds no usable numbers; choose another one")
    samples = numbers_only(samples)
    check_not_flat(samples, used.tolist(), out.labels)
    samples = levelled(samples, info, used, n_fit, told)
    passing, passed_info = passed_through(before, samples, info)
    if passing.shape[1] != 1:
        raise SettingsError("channel", list(passed_info.labels), "must result in one signal")
    limits = [step.limit_uv for step in before if isinstance(step, ArtifactGate)]
    raw, passing, usable = without_artifacts(
        passed_through(spatial, samples, info)[0],
        passing,
        rate,
        n_fit,
        min(limits, default=ArtifactGate.limit_uv),
        gaps,
        missing.any(axis=1),
        told,
    )
    trial = _Trial(passing, raw, usable, passed_info, band)
    entries = []
    for candidate in ESTIMATORS.values() if candidates is None else candidates:
        try:
            for delay in delays:
                entries.append(trial.entry(candidate, delay))
                passed(candidate.name)
        except Exception as error:
            if not candidate.origin:
                raise
            entries = [one for one in entries if one.estimator != candidate.name]
            place = source(Step.family[candidate.step])
            told(f"{candidate.name} of {candidate.origin} was left out: {failure(error, place)}.")
        trial.forget()
    return entries


class _Trial:
    """Tries estimators on one signal."""

    def __init__(
        self,
        passing: np.ndarray,
        raw: np.ndarray,
        usable: np.ndarray,
        info: SignalInfo,
        band: tuple[float, float],
    ) -> None:
        self._signal, self._raw, self._usable = passing, raw, usable
        self._info, self._band = info, band
        self._n_fit = round(FIT_SHARE * len(passing))
        self._n_learn = round(LEARN_SHARE * self._n_fit)
        self._known: dict[str, tuple[Step, np.ndarray]] = {}

    def forget(self) -> None:
        """Drop the outputs that are kept for variants which do not depend on the delay."""
        self._known.clear()

    def entry(self, candidate: Estimator, delay: float) -> Entry:
        """Choose a variant, fit it on the fit part, and score it on the rest."""
        n, rate = len(self._signal), self._info.rate
        tried = candidate.variants(self._band, delay)
        variants = [candidate.made(self._band, **settings) for settings in tried]
        best = variants[0]
        if len(variants) > 1:
            # Not a sample of the held-out part enters here.
            inner = acausal_analytic(self._raw[: self._n_fit], rate, self._band, delay)
            rows = scored_rows(self._usable, rate, slice(self._n_learn, self._n_fit))
            qualities = [
                score(self._output(step, self._n_learn)[1][: self._n_fit], inner, rows)
                for step in variants
            ]
            best = variants[int(np.argmax([one.quality for one in qualities]))]
        fitted, found = self._output(best, self._n_fit)
        reference = acausal_analytic(self._raw, rate, self._band, delay)
        rows = scored_rows(self._usable, rate, slice(self._n_fit, n))
        return Entry(candidate.name, delay, score(found, reference, rows), fitted)

    def _output(self, step: Step, n_learn: int) -> tuple[Step, np.ndarray]:
        """Return the step, fitted to the first `n_learn` samples, and what it makes of all."""
        key = f"{step} {n_learn if hasattr(step, 'fit') else 0}"
        if key not in self._known:
            step = copy.deepcopy(step)
            step.prepare(self._info)
            if (fit := getattr(step, "fit", None)) is not None:
                first = min(n_learn // 4, round(START_SECONDS * self._info.rate))
                fit(self._signal[first:n_learn])
                step.reset()
            analytic = getattr(step, "analytic", step.process)
            self._known[key] = step, analytic(self._signal)[:, 0]
        return self._known[key]


def recommended(
    entries: Sequence[Entry], delay: float | None = None, quality: float | None = None
) -> Entry:
    """Return the entry to use.

    Parameters
    ----------
    entries : sequence of Entry
        What `tune` found.
    delay : float, optional
        Seconds that it may be late at the most: the best envelope within them. Only a negative one
        makes it recommend a prediction.
    quality : float, optional
        Correlation of the envelope that is wanted at the least: the shortest delay that gives it.

    Raises
    ------
    SettingsError
        If nothing reaches what is wanted; it says what the best is.
    """
    predicts = delay is not None and delay < 0
    able = [one for one in entries if predicts or one.delay >= 0]
    if delay is not None:
        able = [one for one in able if one.delay <= delay + 1e-9]
        if not able:
            tried = ", ".join(
                f"{1e3 * delay:g}" for delay in sorted({one.delay for one in entries})
            )
            raise SettingsError(
                "delay", 1e3 * delay, f"must be at least one of those compared: {tried} ms"
            )
    if quality is None:
        return max(able, key=lambda one: one.score.envelope_r)
    good = [one for one in able if one.score.envelope_r >= quality]
    if not good:
        best = max(one.score.envelope_r for one in able)
        raise SettingsError(
            "quality",
            quality,
            f"is not reached, the best is {best:.3f}; allow a longer delay or ask for less",
        )
    return min(good, key=lambda one: (one.delay, -one.score.envelope_r))


def pareto_front(entries: Sequence[Entry]) -> list[Entry]:
    """Return those entries than which no other is both sooner and better, by their delay."""
    front: list[Entry] = []
    for one in sorted(entries, key=lambda one: (one.delay, -one.score.envelope_r)):
        if not front or one.score.envelope_r > front[-1].score.envelope_r:
            front.append(one)
    return front
