"""Edges of light, timed between the samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import uniform_filter1d

from psychopy_nfb.photodiode.channel import LightSignal
from psychopy_nfb.photodiode.line_noise import spectral_lines
from psychopy_nfb.photodiode.step_response import (
    SLOW,
    Answer,
    explained,
    kinds_of,
    learn,
    light_model,
    signs_of,
)

SETTLE_ROUNDS, ROUNDS = 3, 4
"""Edges begin on the display's refreshes, where they belong: levels and answers are settled first,
then single edges are moved."""
FIT_BEFORE, FIT_AFTER = 0.45, 0.75
"""Refreshes around an edge that its time is fitted to."""
LEVELLED_SECONDS = 3.0
"""Pieces in which offset and gain are fitted to what is known by then; levels may drift."""
SLOW_SECONDS = 0.4
"""What is left is averaged over so long; it is neither an edge nor hum, but the level's drift."""
UNSURE = 0.001
"""How far offset and gain around one edge may be expected to differ from those of the piece. Ten
times more, and of a slow edge only its middle tells the time: at 20 kHz 0.4 samples, not 0.2."""
LARGEST_STEP = 0.25
"""Refreshes by which one round may move an edge."""
EDGES_BEFORE, EDGES_AFTER = 4, 3
"""Edges before and after one whose answers reach into what its time is fitted to."""
FEWEST_SAMPLES, LEAST_GAIN = 4, 0.2
"""Samples around an edge, and their height as a share of the usual, that tell its time."""
AT_ONCE = 100_000
"""Samples of edges that are fitted at the same time: more are no faster, and fill the memory."""


def time_edges(
    light: LightSignal, inverted: bool, coarse: np.ndarray, rising: np.ndarray, period: float
) -> tuple[np.ndarray, Answer, Answer, np.ndarray]:
    """Return when light was half-way from the one level to the other, for each edge.

    Parameters
    ----------
    light : LightSignal
        The sensor's channel.
    inverted : bool
        Whether the channel falls in light.
    coarse : ndarray, shape (e,)
        About when the edges are, in seconds, to within a third of a refresh.
    rising : ndarray of bool, shape (e,)
        Whether it becomes light.
    period : float
        Seconds a refresh lasts.

    Returns
    -------
    times : ndarray, shape (e,)
        Seconds, on the clock of the sensor's stamps; NaN where samples are missing.
    rise, fall : Answer
        What an edge looks like in either direction.
    cleaned : ndarray, shape (n,)
        The signal, 0 dark and 1 light, without drift, hum and flicker.

    Notes
    -----
    The signal is taken for a sum of answers to edges, hum, and flicker that is there in light only.
    In turn the levels' drift is taken away, the answers are learnt from all edges, spectral lines
    in what is left are subtracted, and each edge is moved to where its own samples fit best: least
    squares with an offset and a gain of its own, which are held the firmer the noisier the signal.
    """
    values = 1 - light.values if inverted else light.values.copy()
    times = coarse.copy()
    signs = np.where(rising, 1.0, -1.0)
    kinds = (signs < 0).astype(np.int64)
    cleaned = values
    lines = np.zeros(len(values))
    light = replace(light, seen=explained(light, times, signs, period))
    answers, _ = learn(cleaned, light, times, kinds, period)
    turn, last = 0, SETTLE_ROUNDS + ROUNDS
    while turn < last:
        model = light_model(light, times, kinds, answers, period)
        cleaned = _levelled(values, model, light)
        if turn >= SETTLE_ROUNDS - 1:  # before, what is left is mostly the answers' own
            if (turn - SETTLE_ROUNDS) % 2:  # they change less from turn to turn than edges do
                lines = spectral_lines(cleaned - model, model, light)
            cleaned = cleaned - lines
        answers, hum = learn(cleaned, light, times, kinds, period)
        if turn >= SETTLE_ROUNDS:
            times = _move(cleaned - hum, light, times, kinds, answers, period)
        turn += 1
        if turn == SETTLE_ROUNDS + ROUNDS:
            more = kinds_of(coarse, signs, period)
            slow = max(answer.duration() for answer in answers) > SLOW * period
            if slow and _tells_more(more, cleaned, light, times, kinds, period):
                # From the refreshes again: they say where each kind's answer begins.
                kinds, times = more, coarse
                answers, _ = learn(cleaned, light, times, kinds, period)
                turn, last = SETTLE_ROUNDS - 1, SETTLE_ROUNDS + ROUNDS - 1
    rise, fall = answers[:2]
    times = times + np.where(rising, rise.middle(), fall.middle())
    return np.where(_all_seen(light, times, period), times, np.nan), rise, fall, cleaned


def _tells_more(
    more: np.ndarray,
    values: np.ndarray,
    light: LightSignal,
    times: np.ndarray,
    kinds: np.ndarray,
    period: float,
) -> bool:
    """Return whether edges of finer kinds, `more`, explain more than their number would.

    By Schwarz's criterion (1978, Annals of Statistics 6, 461-464). Where slow pixels do answer by a
    sum, half as many edges for each answer only make all of them less certain.
    """
    n, criteria = light.seen.sum(), []
    for some in (kinds, more):
        answers, hum = learn(values, light, times, some, period)
        rest = values - hum - light_model(light, times, some, answers, period)
        n_points = sum(len(answer.level) for answer in answers)
        criteria.append(n * np.log(np.mean(rest[light.seen] ** 2)) + n_points * np.log(n))
    return criteria[1] < criteria[0]


def _levelled(values: np.ndarray, model: np.ndarray, light: LightSignal) -> np.ndarray:
    """Return the signal with offset and gain such that it fits the model in each piece."""
    half = max(8, round(LEVELLED_SECONDS * light.rate / 2))
    centres = np.arange(half, max(half + 1, len(values) - half), half)
    fitted = []
    for centre in centres:
        inside = slice(max(0, centre - half), centre + half)
        seen = light.seen[inside]
        part, x = values[inside][seen], model[inside][seen]
        spread = x.var() if len(x) else 0.0
        if spread < 0.05:
            fitted.append((np.nan, np.nan))
            continue
        gain = np.cov(x, part, bias=True)[0, 1] / spread
        fitted.append((part.mean() - gain * x.mean(), gain))
    offset, gain = np.array(fitted).T
    good = np.isfinite(offset) & (gain > 0.1)
    if not good.any():
        return values
    places = np.arange(len(values))
    offset = np.interp(places, centres[good], offset[good])
    gain = np.interp(places, centres[good], gain[good])
    level = (values - offset) / gain
    return level - _slow(level - model, light)


def _slow(residual: np.ndarray, light: LightSignal) -> np.ndarray:
    """Return the moving average of what is left, over the samples that can be used."""
    width = max(3, round(SLOW_SECONDS * light.rate))
    mean, share = np.where(light.seen, residual, 0.0), light.seen.astype(float)
    for _ in range(2):
        mean = uniform_filter1d(mean, width, mode="nearest")
        share = uniform_filter1d(share, width, mode="nearest")
    return mean / np.maximum(share, 1e-3)


def _move(
    values: np.ndarray,
    light: LightSignal,
    times: np.ndarray,
    kinds: np.ndarray,
    answers: list[Answer],
    period: float,
) -> np.ndarray:
    """Return the edges' times, each moved to where the samples around it fit best."""
    moved, signs = times.copy(), signs_of(kinds)
    left = (values - light_model(light, times, kinds, answers, period))[light.seen]
    noise = 1.4826 * float(np.median(np.abs(left)))
    first, last = np.searchsorted(
        light.stamps, [times - FIT_BEFORE * period, times + FIT_AFTER * period]
    )
    width = max(1, int((last - first).max()))
    block = max(1, AT_ONCE // width)
    for begin in range(0, len(times), block):
        numbers = np.arange(begin, min(begin + block, len(times)))
        at = first[numbers, None] + np.arange(width)
        inside = at < last[numbers, None]
        at = at.clip(max=len(light.stamps) - 1)
        inside &= light.seen[at]
        stamps = light.stamps[at]
        model = _model_around(stamps, numbers, times, kinds, answers)
        since = stamps - times[numbers, None]
        slope = np.zeros_like(model)
        for kind in np.unique(kinds[numbers]):
            same = kinds[numbers] == kind
            slope[same] = answers[kind].slope(since[same])
        design = np.stack([np.ones_like(model), model, -signs[numbers, None] * slope], axis=2)
        step = _steps(design * inside[:, :, None], (values[at] - model) * inside, inside, noise)
        moved[numbers] += step.clip(-LARGEST_STEP * period, LARGEST_STEP * period)
    return moved


def _model_around(
    stamps: np.ndarray,
    numbers: np.ndarray,
    times: np.ndarray,
    kinds: np.ndarray,
    answers: list[Answer],
) -> np.ndarray:
    """Return the light around each edge that all edges near it make, on the level before them."""
    signs = signs_of(kinds)
    # Where two edges in a row go the same way, one between them was not seen.
    run = np.cumsum(np.concatenate(([False], signs[1:] == signs[:-1])))
    model, begun = np.zeros(stamps.shape), np.zeros(len(numbers), dtype=bool)
    for away in range(-EDGES_BEFORE, EDGES_AFTER + 1):
        others = (numbers + away).clip(0, len(times) - 1)
        there = (others == numbers + away) & (run[others] == run[numbers])
        model[there & ~begun & (signs[others] < 0)] = 1.0
        begun |= there
        for kind in np.unique(kinds[others[there]]):
            same = there & (kinds[others] == kind)
            since = stamps[same] - times[others[same], None]
            model[same] += signs_of(kind) * answers[kind].at(since)
    return model


def _steps(design: np.ndarray, wanted: np.ndarray, inside: np.ndarray, noise: float) -> np.ndarray:
    """Return by how much each edge is later, from least squares of its own; 0 if it cannot tell.

    Unknown are offset, gain less one, and the step. What is not `inside` must be 0.
    """
    n, count = len(design), inside.sum(axis=1)
    firm = np.diag([noise / UNSURE, noise / UNSURE, 0.0])
    q, r = np.linalg.qr(np.concatenate((design, np.broadcast_to(firm, (n, 3, 3))), axis=1))
    told = np.einsum("esu,es->eu", q[:, : design.shape[1]], wanted)
    strengths = np.linalg.svd(r, compute_uv=False)
    least = np.finfo(float).eps * (count + len(firm)) * strengths[:, 0]
    clear = (strengths[:, -1] > least) & (count >= FEWEST_SAMPLES)
    solved = np.linalg.solve(np.where(clear[:, None, None], r, np.eye(3)), told[:, :, None])
    gain = 1 + solved[:, 1, 0]
    clear &= gain > LEAST_GAIN
    return np.where(clear, solved[:, 2, 0] / np.where(clear, gain, 1.0), 0.0)


def _all_seen(light: LightSignal, times: np.ndarray, period: float) -> np.ndarray:
    """Return which edges have samples all around them."""
    unseen = np.concatenate(([0], np.cumsum(~light.covered)))
    known = np.concatenate(([0], np.cumsum(light.seen)))
    first = np.searchsorted(light.stamps, times - 0.3 * period)
    last = np.searchsorted(light.stamps, times + 0.3 * period)
    there = (known[last] - known[first]) >= 0.5 * 0.6 * period * light.rate
    return there & (unseen[last] == unseen[first])
