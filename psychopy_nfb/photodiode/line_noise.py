"""Hum and flicker: spectral lines in a light sensor's channel."""

from __future__ import annotations

import numpy as np

from psychopy_nfb.photodiode.channel import LightSignal

LINES_FROM = 15.0
"""Hz: hum and flicker lie above."""
MOST_LINES = 24
LINE_POWER = 30.0
"""Times the median power around it, from which on a spectral line is hum or flicker."""
SMALLEST_LINE = 0.005
"""Smallest line that is removed, as a share of the distance between the levels."""
LINE_NEIGHBOURS = 200
FIT_STEPS = 3
BLOCK = 50_000
"""Samples that are worked on at once, for the memory's sake."""
LARGEST_TURN = 0.5
"""Radians per second by which a step may change a frequency."""
PIECE_SECONDS = 20.0
"""The mains' frequency wanders: lines are sought in pieces so long."""
MAINS_HZ, HARMONICS, OFF_HZ = (50.0, 60.0), (1, 2, 3), 0.3
"""Frequencies of the mains, their multiples that are looked at, and how far they may wander."""
HUM_SHARE, HUM_SECONDS = 0.1, 1.0
"""Share of the variance from which on hum is named where nothing can be read, and the shortest
recording whose lines can be told apart."""
BESIDE_LINE = 3
"""Points of a spectrum on either side of a line that belong to it, behind a Hann window."""


def mains_hum(values: np.ndarray, stamps: np.ndarray) -> tuple[float, float] | None:
    """Return the strongest line at a multiple of the mains' frequency; None if there is none.

    Parameters
    ----------
    values : ndarray, shape (n,)
        A channel in any unit; NaN where there is no sample.
    stamps : ndarray, shape (n,)
        Seconds, rising.

    Returns
    -------
    (float, float) or None
        Its frequency in Hz, and its share of the channel's variance.

    Examples
    --------
    >>> t = np.arange(4000) / 1000
    >>> hertz, share = mains_hum(np.sin(2 * np.pi * 59.9 * t) + (t * 10 % 1 > 0.5), t)
    >>> round(hertz), round(share, 1)
    (60, 0.7)
    """
    known = np.isfinite(values) & np.isfinite(stamps)
    if known.sum() < LINE_NEIGHBOURS or stamps[known][-1] - stamps[known][0] < HUM_SECONDS:
        return None
    values, stamps = values[known], stamps[known]
    step = float(np.median(np.diff(stamps)))
    if not step > 0 or np.ptp(values) == 0:
        return None
    # Of a longer recording its beginning, for the memory's sake.
    n = min(BLOCK, int((stamps[-1] - stamps[0]) / step))
    even = np.interp(stamps[0] + np.arange(n) * step, stamps, values)
    power = np.abs(np.fft.rfft((even - even.mean()) * np.hanning(n))) ** 2
    frequencies, usual = np.fft.rfftfreq(n, step), _usual(power)
    found = []
    for hertz in {base * times for base in MAINS_HZ for times in HARMONICS}:
        near = np.flatnonzero(np.abs(frequencies - hertz) <= OFF_HZ + frequencies[1])
        if not len(near):
            continue
        peak = int(near[power[near].argmax()])
        line = power[max(0, peak - BESIDE_LINE) : peak + BESIDE_LINE + 1]
        if power[peak] == line.max() and power[peak] > LINE_POWER * usual[peak]:
            found.append((float(line.sum() / power.sum()), hertz))
    share, hertz = max(found, default=(0.0, 0.0))
    return (hertz, share) if share >= HUM_SHARE else None


def spectral_lines(residual: np.ndarray, model: np.ndarray, light: LightSignal) -> np.ndarray:
    """Return the spectral lines in what is left: hum throughout, flicker where there is light."""
    found = np.zeros(len(residual))
    n_pieces = max(1, round(len(residual) / light.rate / PIECE_SECONDS))
    for piece in np.array_split(np.arange(len(residual)), n_pieces):
        inside = slice(piece[0], piece[-1] + 1)
        found[inside] = _lines_of_piece(
            residual[inside], model[inside], light.seen[inside], light.stamps[inside], light.rate
        )
    return found


def _lines_of_piece(
    residual: np.ndarray, model: np.ndarray, seen: np.ndarray, stamps: np.ndarray, rate: float
) -> np.ndarray:
    if seen.sum() < LINE_NEIGHBOURS:
        return np.zeros(len(residual))
    carriers = (np.ones(len(residual)), model - model.mean())
    wanted = residual - residual[seen].mean()
    left = np.where(seen, wanted, 0.0)
    window = np.hanning(len(left))
    since = stamps - stamps[0]
    frequencies = np.fft.rfftfreq(len(left), 1 / rate)
    lines: list[tuple[int, float]] = []
    for which, carrier in enumerate(carriers):
        spectrum = np.abs(np.fft.rfft(left * carrier * window))
        power = spectrum**2
        smallest = (SMALLEST_LINE / 2 * (window * carrier**2).sum()) ** 2
        large = (frequencies >= LINES_FROM) & (power > smallest)
        power = np.where(large, power / _usual(power), 0.0)
        for _ in range(MOST_LINES):
            peak = int(power.argmax())
            if power[peak] < LINE_POWER:
                break
            lines.append((which, frequencies[1] * _refined(spectrum, peak)))
            power[max(0, peak - 4) : peak + 5] = 0.0
        left = np.where(seen, wanted - _fitted(wanted, carriers, lines, seen, since), 0.0)
    return _fitted(wanted, carriers, lines, seen, since)


def _fitted(
    wanted: np.ndarray,
    carriers: tuple[np.ndarray, ...],
    lines: list[tuple[int, float]],
    seen: np.ndarray,
    since: np.ndarray,
) -> np.ndarray:
    """Return all lines together as they fit best; their frequencies are improved on the way.

    Lines disturb each other where samples are missing, so that amplitudes and frequencies are
    fitted at once (Gauss and Newton's steps).
    """
    if not lines:
        return np.zeros(len(wanted))
    which = [carrier for carrier, _ in lines]
    turns = 2 * np.pi * np.array([frequency for _, frequency in lines])
    waves = np.zeros((len(lines), 2))
    blocks = np.array_split(np.arange(len(wanted)), max(1, len(wanted) // BLOCK))
    for step in range(FIT_STEPS):
        gram, told = 0.0, 0.0
        for block in blocks:
            inside = block[seen[block]]
            t = since[inside]
            parts: list[np.ndarray] = []
            for carrier, turn, (a, b) in zip(which, turns, waves, strict=True):
                cos = carriers[carrier][inside] * np.cos(turn * t)
                sin = carriers[carrier][inside] * np.sin(turn * t)
                parts += [cos, sin, t * (b * cos - a * sin)]
            rows = np.array(parts)
            made = waves[:, 0] @ rows[0::3] + waves[:, 1] @ rows[1::3]
            gram = gram + rows @ rows.T
            told = told + rows @ (wanted[inside] - made)
        solved = np.linalg.lstsq(gram, told, rcond=1e-12)[0].reshape(-1, 3)
        waves = waves + solved[:, :2]
        if step:
            turns = turns + np.clip(solved[:, 2], -LARGEST_TURN, LARGEST_TURN)
    found = np.zeros(len(wanted))
    for carrier, turn, (a, b) in zip(which, turns, waves, strict=True):
        found += carriers[carrier] * (a * np.cos(turn * since) + b * np.sin(turn * since))
    return found


def _usual(power: np.ndarray) -> np.ndarray:
    """Return the median power around each frequency."""
    parts = np.array_split(power, max(1, len(power) // LINE_NEIGHBOURS))
    middles = np.cumsum([len(part) for part in parts]) - len(parts[0]) / 2
    medians = [np.median(part) + 1e-30 for part in parts]
    return np.interp(np.arange(len(power)), middles, medians)


def _refined(spectrum: np.ndarray, peak: int) -> float:
    """Return where a spectral line lies between the points of a spectrum, counted in points.

    A parabola through the logarithms: behind a Hann window it errs by 0.02 of a point at most,
    which the fit puts right.
    """
    if not 0 < peak < len(spectrum) - 1:
        return float(peak)
    left, middle, right = np.log(spectrum[peak - 1 : peak + 2] + 1e-300)
    curved = left - 2 * middle + right
    return peak + (0.5 * (left - right) / curved if curved else 0.0)
