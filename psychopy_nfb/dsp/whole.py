"""What is done to a whole recording before all of it is computed with at once.

Electrodes drift by millivolts, their level jumps when they are touched, and people move. Filters
that run forget that within seconds. A Fourier transform or a covariance of a whole recording does
not: one jump of 1 mV is in every frequency, and has more power than a minute of alpha.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage, signal

from psychopy_nfb.dsp.artifact import ArtifactGate

JUMP_SECONDS = 0.008
"""Time within which a level jumps. In so short a time a blink of 300 µV changes by 25 µV."""
JUMP_UV = 100.0
JUMP_SD = 12.0
"""A jump is larger than both: microvolts, and the channel's usual changes in that time."""
LEVEL_SECONDS = 0.1
"""Time before and after a jump in which its levels are taken: a period of alpha, which cancels."""
LASTING = 0.6
"""Share of its height that a jump still has after a second. Behind a high-pass it has less, and is
an artifact."""
DRIFT_HZ = 1.0
"""What is slower counts as drift."""
SETTLING_SECONDS = 3.0
"""Mirrored samples in which the filter that removes drift settles."""
ARTIFACT_SD = 5.0
"""An artifact is larger than the limit in microvolts, and so many times as large as usual."""
MARGIN_SECONDS = 1.0
"""Left out on both sides of an artifact: what filters make of it lasts longer than it does."""
_SD_OF_MEDIAN = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


@dataclass(frozen=True)
class Calmed:
    """A recording whose level does not jump, and where it has large artifacts."""

    samples: np.ndarray
    """(n, n_channels): without jumps; what was given itself if there were none."""
    artifacts: np.ndarray
    """(n, n_channels), bool: where there are artifacts, a second on both sides included."""
    jumps: tuple[tuple[int, int, float], ...]
    """(row, channel, height in microvolts) of each jump that was removed."""

    def bridged(self) -> np.ndarray:
        """Return the samples with a straight line in place of each artifact."""
        return bridged(self.samples, self.artifacts)

    def jumps_told(self, labels: Sequence[str]) -> str:
        """Return one sentence about the jumps that were removed; empty if there were none."""
        if not self.jumps:
            return ""
        _, channel, height = max(self.jumps, key=lambda jump: abs(jump[2]))
        many = len(self.jumps) > 1
        return (
            f"{len(self.jumps)} {'jumps' if many else 'jump'} of the level "
            f"{'were' if many else 'was'} removed ({'the largest ' if many else ''}of "
            f"{abs(height) / 1e3:.2g} mV in {labels[channel]}); if they are frequent, check that "
            "electrode and its cable."
        )


def calmed(
    samples: np.ndarray,
    rate: float,
    limit_uv: float = ArtifactGate.limit_uv,
    margin: float = MARGIN_SECONDS,
) -> Calmed:
    """Return a recording without jumps of its level, and where it has large artifacts.

    Offset and drift stay: a computation whose ends meet, like `acausal_analytic`, takes no harm.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
        In microvolts. What is no number is bridged and counts as an artifact.
    rate : float
        Samples per second.
    limit_uv : float
        An artifact is where a channel, freed of drift, is beyond this many microvolts, and also
        five times as large as usual.
    margin : float
        Seconds on both sides of an artifact that count to it.

    Examples
    --------
    >>> samples = 10 * np.sin(2 * np.pi * 10 * np.arange(5000) / 250)[:, None]
    >>> found = calmed(samples + 1000 * (np.arange(5000) >= 2000)[:, None], 250.0)
    >>> found.jumps[0][0], round(found.jumps[0][2], -1), bool(found.artifacts.any())
    (1998, 1000.0, False)
    >>> bool(np.abs(found.samples - samples).max() < 5)
    True
    """
    samples = np.asarray(samples, dtype=float)
    missing = ~np.isfinite(samples)
    samples = numbers_only(samples)
    level, jumps = samples, []
    artifacts = np.zeros(samples.shape, bool)
    for channel in range(samples.shape[1]):
        found = _jumps(samples[:, channel], rate)
        if found:
            level = samples.copy() if level is samples else level
            jumps += [
                (first, channel, _remove(level[:, channel], first, last, rate))
                for first, last in found
            ]
        artifacts[:, channel] = _artifacts(level[:, channel], rate, limit_uv, margin)
        artifacts[:, channel] |= widened(missing[:, channel], rate, margin)
    return Calmed(level, artifacts, tuple(jumps))


def bridged(samples: np.ndarray, artifacts: np.ndarray) -> np.ndarray:
    """Return samples (n, n_channels) with straight lines where `artifacts`, of that shape, is true.

    Examples
    --------
    >>> bridged(np.array([[1.0], [9.0], [9.0], [4.0]]), np.array([[0], [1], [1], [0]], bool)).T
    array([[1., 2., 3., 4.]])
    """
    if not artifacts.any():
        return samples
    out = samples.copy()
    for channel, spoilt in enumerate(artifacts.T):
        good = np.flatnonzero(~spoilt)
        if 0 < len(good) < len(out):
            rows = np.flatnonzero(spoilt)
            out[rows, channel] = np.interp(rows, good, out[good, channel])
    return out


def numbers_only(samples: np.ndarray) -> np.ndarray:
    """Return samples (n, n_channels) with straight lines, or 0, in place of what is no number.

    Examples
    --------
    >>> numbers_only(np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.inf]])).T
    array([[1., 2., 3.],
           [0., 0., 0.]])
    """
    missing = ~np.isfinite(samples)
    if not missing.any():
        return samples
    return np.where(missing.all(axis=0), 0.0, bridged(samples, missing))


def widened(true: np.ndarray, rate: float, margin: float = MARGIN_SECONDS) -> np.ndarray:
    """Return where `true`, bool (n,), is within so many seconds on both sides."""
    if not true.any():
        return true
    # A maximum of the samples around, without a large mask.
    width = 2 * round(margin * rate) + 1
    return ndimage.maximum_filter1d(true.view(np.uint8), width).view(bool)


def without_drift(samples: np.ndarray, rate: float) -> np.ndarray:
    """Return samples (n, ...) without what is slower than 1 Hz, filtered forwards and backwards."""
    sos = signal.butter(2, DRIFT_HZ, "highpass", fs=rate, output="sos")
    padding = min(len(samples) - 1, round(SETTLING_SECONDS * rate))
    return signal.sosfiltfilt(sos, samples, axis=0, padlen=padding)


def _jumps(column: np.ndarray, rate: float) -> list[tuple[int, int]]:
    """Return (last row before, first row after) of each jump of the level of a channel (n,)."""
    lag, near = max(1, round(JUMP_SECONDS * rate)), max(1, round(LEVEL_SECONDS * rate))
    if len(column) <= lag + 2 * near:
        return []
    changes = column[lag:] - column[:-lag]
    changes -= np.median(changes)
    np.abs(changes, out=changes)
    limit = max(JUMP_UV, JUMP_SD * _SD_OF_MEDIAN * float(np.median(changes)))
    large = np.flatnonzero(changes > limit)
    if not len(large):
        return []
    found = []
    # Changes with less than the time of a level between them are one event.
    for rows in np.split(large, np.flatnonzero(np.diff(large) > near) + 1):
        first, last = int(rows[0]), int(rows[-1]) + lag
        before, after = column[max(0, first - near) : first + 1], column[last : last + near]
        height = np.median(after) - np.median(before)
        late = column[last + round(rate) : last + round(rate) + 2 * near]
        still = (np.median(late) if len(late) else np.median(after)) - np.median(before)
        # Otherwise it is a spike or a burst: the level is what it was, or soon will be.
        if abs(height) > limit and still / height > LASTING:
            found.append((first, last))
    return found


def _remove(column: np.ndarray, first: int, last: int, rate: float) -> float:
    """Take a jump out of a channel (n,) in place and return its height."""
    slope = 0.0
    if last - first <= 2 * max(1, round(JUMP_SECONDS * rate)):
        # So short a time hides samples whose course their neighbours tell.
        beside = [at for at in (first - 1, last) if 0 <= at < len(column) - 1]
        slope = float(np.mean(column[np.add(beside, 1)] - column[beside])) if beside else 0.0
    height = float(column[last] - column[first] - slope * (last - first))
    column[first : last + 1] = column[first] + slope * np.arange(last - first + 1)
    column[last + 1 :] -= height
    return height


def _artifacts(column: np.ndarray, rate: float, limit_uv: float, margin: float) -> np.ndarray:
    """Return where a channel (n,) is beyond the limit and unlike itself, with a margin."""
    if len(column) < 2 or not np.ptp(column) > limit_uv:
        return np.zeros(len(column), bool)
    size = np.abs(without_drift(column, rate))
    large = size > max(limit_uv, ARTIFACT_SD * _SD_OF_MEDIAN * float(np.median(size)))
    return widened(large, rate, margin)
