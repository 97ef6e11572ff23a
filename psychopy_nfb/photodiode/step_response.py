"""How pixels and sensor answer when the patch changes its level, learnt from all edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from psychopy_nfb.photodiode.channel import SHORT_GAP, LightSignal

BEFORE, AFTER = 1.2, 3.0
"""Refreshes around an edge over which the answer of pixels and sensor is learnt."""
BEFORE_NEXT = 0.3
"""Refreshes after an edge in which nothing is seen of the next."""
BESIDE_GAP = 2.0
"""Refreshes before and after a gap in which there may be edges that are not known."""
MOST_EDGES, STRETCH = 1500, 50
"""Edges that the answers are learnt from at most, in stretches of so many."""
MOST_SAMPLES = 400_000
"""Samples that the answers are learnt from at most."""
LOCKED_MULTIPLES = 3
"""Number of multiples of the refresh rate at which hum may be locked to the refreshes."""
SMALL_HUM = 1e-3
"""Weight of such hum against the misfit of a sample."""
STIFFNESS = 1e-3
"""Weight of a bend in an answer against the misfit of a sample."""
BINS_A_SAMPLE, SHORTEST_BIN = 4, 0.1e-3
"""Bins of a learnt answer per sample, and its shortest bin in seconds: edges fall between samples,
so that many of them resolve it finer than one."""
SETTLED, FIRMNESS = 0.2, 100.0
"""Refreshes at either end of an answer in which nothing changes, and the weight of that."""
REST_BEFORE, REST_AFTER = (-1.0, -0.65), (2.0, 2.8)
"""Refreshes from an edge between which light rests at a level."""
COMPARED = 0.07
"""Part of an answer, 0.3 refreshes, whose averages before and after an edge differ most: what few
edges tell is rough from bin to bin, and light may be dark for a moment of each refresh."""
AT_FIRST, AFTERWARDS = (0.6, 1.2), (1.4, 2.0)
"""Refreshes after an edge in which light that falls back is furthest, and in which it is still on
its way; what a low-pass filter overshoots by is gone by then."""
STILL_FALLING = 0.25
"""Share of the way back that is then left, at least, behind a high-pass filter."""
SEVERAL, DARK_SHARE = 3, 0.15
"""Pulses in a refresh, and the share of it without light, from which on it is not known which of
them is an edge."""
SHORT = 1.5
"""Refreshes since the edge before, up to which pixels may not have come to rest."""
SLOW = 0.3
"""Refreshes that the slower answer takes, from which on this matters."""


@dataclass
class Answer:
    """How light and sensor go from one level to the other, learnt from many edges."""

    since: np.ndarray
    """(b,) seconds after the edge."""
    level: np.ndarray
    """(b,) 0 before, 1 after."""

    def at(self, since: np.ndarray) -> np.ndarray:
        """Return how much of the way is done so long after the edge."""
        return np.interp(since, self.since, self.level, left=0.0, right=1.0)

    def slope(self, since: np.ndarray) -> np.ndarray:
        """Return its derivative per second."""
        bin_seconds = self.since[1] - self.since[0]
        return (self.at(since + bin_seconds) - self.at(since - bin_seconds)) / (2 * bin_seconds)

    def duration(self) -> float:
        """Return the seconds from a tenth to nine tenths of the way."""
        return self._reached(0.9) - self._reached(0.1)

    def falls_back(self, period: float) -> float:
        """Return by which share of the way light falls back after an edge, at rest at the end."""
        since = self.since - self.middle()
        first, later = (
            self.level[(since > begin * period) & (since < end * period)]
            for begin, end in (AT_FIRST, AFTERWARDS)
        )
        if not len(first) or not len(later):
            return 0.0
        back, left = first.mean() - self.level[-1], later.mean() - self.level[-1]
        return float(back) if left > STILL_FALLING * back else 0.0

    def is_pulsed(self, period: float) -> bool:
        """Return whether light comes in several pulses in the refresh after an edge.

        A display that goes dark for a moment of each refresh is dark for less.
        """
        since = self.since - self.middle()
        high = self.level[(since > 0) & (since < period)] >= 0.5
        begin = int((~high[:-1] & high[1:]).sum())
        return begin >= SEVERAL and float(high.mean()) < 1 - DARK_SHARE

    def middle(self) -> float:
        """Return when half of the way is done, in seconds after the edge."""
        return self._reached(0.5)

    def _reached(self, share: float) -> float:
        """Return when the level passed `share`, as near as can be to half of the way."""
        half = self._half()
        low, high = self.level[half], self.level[half + 1]
        if not low < share <= high:
            if share < high:
                before = np.flatnonzero(self.level[: half + 1] <= share)
                half = int(before[-1]) if len(before) else 0
            else:
                after = np.flatnonzero(self.level[half + 1 :] >= share) + half + 1
                half = (int(after[0]) if len(after) else len(self.level) - 1) - 1
            low, high = self.level[half], self.level[half + 1]
        part = (share - low) / (high - low) if high != low else 0.5
        return float(self.since[half] + part * (self.since[half + 1] - self.since[half]))

    def _half(self) -> int:
        """Return the last point before half of the way.

        Where a display goes dark for a moment of each refresh, answers do so after their edge, as
        steeply as at the edge itself. Those that fall do so too: they end what those that rise have
        begun. At the edge, averages before and after differ most, and it is passed first.
        """
        width = max(1, round(COMPARED * len(self.level)))
        means = np.convolve(self.level, np.full(width, 1 / width), mode="valid")
        place = int(np.argmax(means[width:] - means[:-width])) + width - 1
        first = max(0, place - width)
        near = self.level[first : place + width + 1] < 0.5
        up = np.flatnonzero(near[:-1] & ~near[1:])
        if not len(up):
            return min(place, len(self.level) - 2)
        return first + int(up[0])


def kinds_of(times: np.ndarray, signs: np.ndarray, period: float) -> np.ndarray:
    """Return each edge's kind of answer: 0 rises, 1 falls; 2 and 3 do so without having rested.

    Pixels that are sent back before they arrived begin elsewhere, and, unless they are equally fast
    in both directions, that is no sum of answers.
    """
    kinds = (signs < 0).astype(np.int64)
    kinds[1:] += 2 * ((np.diff(times) < SHORT * period) & (signs[1:] != signs[:-1]))
    return kinds


def signs_of(kinds: np.ndarray) -> np.ndarray:
    """Return 1.0 for kinds of rising edges and -1.0 for falling ones."""
    return 1.0 - 2.0 * (kinds % 2)


def learn(
    values: np.ndarray,
    light: LightSignal,
    times: np.ndarray,
    kinds: np.ndarray,
    period: float,
) -> tuple[list[Answer], np.ndarray]:
    """Return the answer to each kind of edges that explain the signal best, and locked hum.

    Each sample is a sum over the edges around it, so that all edges tell of the answers, also those
    that follow each other before the answer is complete. The unknown answers are broken lines; a
    little stiffness fills in where no sample lies. Hum that keeps with the refreshes, as mains of
    60 Hz does with a display of 60 Hz, could pass for a part of the answers: it is a further
    unknown, and preferred to be small.
    """
    # Twice as many answers are slow ones, which need half as many points.
    n_kinds = 4 if kinds.max() > 1 else 2
    bin_seconds = max(1 / (light.rate * BINS_A_SAMPLE), SHORTEST_BIN * n_kinds / 2)
    since = np.arange(-BEFORE * period, AFTER * period, bin_seconds)
    n_bins = len(since)
    n_all = n_kinds * n_bins
    design, inside, known = _design(light, times, kinds, since, n_all)
    span = light.stamps[0], light.stamps[-1]
    locked = np.stack(list(_locked(light.stamps[inside], span, period)), axis=1)
    wanted = values[inside] - known
    cross = design.T @ locked
    gram = np.block([[(design.T @ design).toarray(), cross], [cross.T, locked.T @ locked]])
    hum = np.arange(n_all, len(gram))
    gram[hum, hum] *= 1 + SMALL_HUM
    told = np.concatenate((design.T @ wanted, locked.T @ wanted))
    weight = np.trace(gram[:n_all, :n_all]) / n_all
    bend = sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(n_bins - 2, n_bins))
    stiff = STIFFNESS * weight * (bend.T @ bend).toarray()
    # Before it begins an answer is 0 and at its end 1; without that it could trade with the levels.
    n_end = max(1, round(SETTLED * period / bin_seconds))
    for start in range(0, n_all, n_bins):
        gram[start : start + n_bins, start : start + n_bins] += stiff
        before = np.arange(start, start + n_end)
        after = np.arange(start + n_bins - n_end, start + n_bins)
        gram[before, before] += FIRMNESS * weight
        gram[after, after] += FIRMNESS * weight
        told[after] += FIRMNESS * weight
    solved = np.linalg.solve(gram, told)
    columns = zip(solved[n_all:], _locked(light.stamps, span, period), strict=True)
    locked_hum = sum(weight * column for weight, column in columns)
    return _between_rests(since, solved[:n_all].reshape(n_kinds, n_bins), period), locked_hum


def _between_rests(since: np.ndarray, learnt: np.ndarray, period: float) -> list[Answer]:
    """Return answers from 0 to 1 of the levels at which light rests, as both of them tell.

    Levels and answers are learnt in turn from each other. An error that they share, as when the
    levels drift, would go away by a part only in each turn, and shift what half of the way is.
    """
    before, after = (
        (since > first * period) & (since < last * period)
        for first, last in (REST_BEFORE, REST_AFTER)
    )
    rise, fall = learnt[:2]
    low = (rise[before].mean() + 1 - fall[after].mean()) / 2
    high = (rise[after].mean() + 1 - fall[before].mean()) / 2
    starts = np.resize([low, 1 - high], len(learnt))
    return [
        Answer(since, (level - start) / (high - low))
        for level, start in zip(learnt, starts, strict=True)
    ]


def _design(
    light: LightSignal, times: np.ndarray, kinds: np.ndarray, since: np.ndarray, n_all: int
) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """Return which points of the answers make each sample, those samples, and their known part."""
    bin_seconds, n_bins = since[1] - since[0], len(since)
    bounds = np.searchsorted(light.stamps, [times + since[0], times + since[-1]], side="left")
    most = min(MOST_EDGES, int(MOST_SAMPLES / (light.rate * (since[-1] - since[0]))))
    touched = np.zeros(len(light.stamps), dtype=bool)
    for number in np.flatnonzero(_spread_out(times, most)):
        touched[bounds[0, number] : bounds[1, number]] = True
    rows, columns, weights = [], [], []
    steps = np.zeros(len(light.stamps) + 1)
    signs = signs_of(kinds)
    for number, (time, sign) in enumerate(zip(times, signs, strict=True)):
        first, last = bounds[:, number]
        inside = np.arange(first, last)[touched[first:last]]
        at = (light.stamps[inside] - time - since[0]) / bin_seconds
        left = np.floor(at).astype(np.int64).clip(0, n_bins - 2)
        share = at - left
        column = left + kinds[number] * n_bins
        rows += [inside, inside]
        columns += [column, column + 1]
        weights += [sign * (1 - share), sign * share]
        steps[last] += sign
    known = beginning(light, times, signs) + np.cumsum(steps)[:-1]
    inside = np.flatnonzero(touched & light.seen)
    place = np.full(len(light.stamps), -1)
    place[inside] = np.arange(len(inside))
    row = place[np.concatenate(rows)]
    kept = row >= 0
    design = sparse.csr_matrix(
        (np.concatenate(weights)[kept], (row[kept], np.concatenate(columns)[kept])),
        shape=(len(inside), n_all),
    )
    return design, inside, known[inside]


def _locked(stamps: np.ndarray, span: tuple[float, float], period: float) -> Iterator[np.ndarray]:
    """Give sines at the refresh rate and its multiples that may swell once in the recording."""
    since = stamps - span[0]
    swell = 2 * np.pi * since / (span[1] - span[0])
    swells = np.ones_like(swell), np.cos(swell), np.sin(swell)
    for multiple in range(1, LOCKED_MULTIPLES + 1):
        phase = 2 * np.pi * multiple / period * since
        for wave in (np.cos(phase), np.sin(phase)):
            yield from (slow * wave for slow in swells)


def _spread_out(times: np.ndarray, most: int) -> np.ndarray:
    """Return which edges to learn from: all, or stretches of them from the whole recording."""
    used = np.ones(len(times), dtype=bool)
    if len(times) > most:
        stretch = np.arange(len(times)) // STRETCH
        used = stretch % int(np.ceil(len(times) / most)) == 0
    return used


def explained(
    light: LightSignal, times: np.ndarray, signs: np.ndarray, period: float
) -> np.ndarray:
    """Return which samples are made by known edges alone: none was missed shortly before them."""
    stamps = light.stamps
    # Before the first and after the last edge there may be others that are not known.
    explained = (stamps > times[0] + AFTER * period) & (stamps < times[-1] + BEFORE_NEXT * period)
    explained &= light.seen
    for number in np.flatnonzero(signs[1:] == signs[:-1]):
        explained &= (stamps < times[number] + period) | (stamps > times[number + 1] - period)
    # Edges that lie in a longer gap, or in a refresh that it cuts, are not known.
    unseen = np.flatnonzero(np.diff(np.concatenate(([True], light.seen, [True])).astype(int)))
    for first, last in unseen.reshape(-1, 2):
        if stamps[last - 1] - stamps[first] > SHORT_GAP * period:
            begin = stamps[first] - BESIDE_GAP * period
            end = stamps[last - 1] + (BESIDE_GAP + AFTER) * period
            explained &= (stamps < begin) | (stamps > end)
    return explained


def beginning(light: LightSignal, times: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Return the level that all edges start from: it jumps where an edge was not seen."""
    level = np.full(len(light.stamps), 0.0 if signs[0] > 0 else 1.0)
    for number in np.flatnonzero(signs[1:] == signs[:-1]):
        between = (times[number] + times[number + 1]) / 2
        level[np.searchsorted(light.stamps, between) :] -= signs[number]
    return level


def light_model(
    light: LightSignal,
    times: np.ndarray,
    kinds: np.ndarray,
    answers: list[Answer],
    period: float,
) -> np.ndarray:
    """Return the light that the edges make, 0 to 1 where they are all complete."""
    stamps, signs = light.stamps, signs_of(kinds)
    model = beginning(light, times, signs)
    steps = np.zeros(len(stamps) + 1)
    for time, sign, kind in zip(times, signs, kinds, strict=True):
        first, last = np.searchsorted(stamps, [time - BEFORE * period, time + AFTER * period])
        model[first:last] += sign * answers[kind].at(stamps[first:last] - time)
        steps[last] += sign
    return model + np.cumsum(steps)[:-1]
