"""Samples that cannot be used: found, flagged, and kept from the filters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psychopy_nfb.checks import check_number
from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.dsp.step import SignalInfo, Step

INPUT_UV = 1e6
"""Largest voltage that an amplifier's input reaches, in microvolts: electrode offsets are less."""
_AMPLITUDE, _BURST = int(Flags.AMPLITUDE), int(Flags.BURST)


def input_limits(info: SignalInfo, limit_uv: float = INPUT_UV) -> np.ndarray:
    """Return the largest absolute value that is a measurement, float (n_channels,).

    Parameters
    ----------
    info : SignalInfo
        Channels. Those that are no voltage, such as triggers and counters, may have any finite
        value.
    limit_uv : float
        Limit of the voltages, in microvolts.

    Examples
    --------
    >>> input_limits(SignalInfo(250.0, ("Oz", "TRIGGER"), kinds={"TRIGGER": "STIM"}))
    array([1.00000000e+006, 1.79769313e+308])
    """
    limits = np.full(info.n_channels, np.finfo(float).max)
    limits[info.voltages] = limit_uv
    return limits


def measured_only(samples: np.ndarray, info: SignalInfo) -> np.ndarray:
    """Return samples (n, n_channels) with NaN in place of what no amplifier can have measured.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
        Voltages in microvolts.
    info : SignalInfo
        Channels.

    Returns
    -------
    ndarray, shape (n, n_channels)
        Without infinite values, and without voltages beyond `INPUT_UV`; what was given itself if
        all of it is measured.

    Examples
    --------
    >>> info = SignalInfo(250.0, ("Oz", "TRIGGER"), kinds={"TRIGGER": "STIM"})
    >>> measured_only(np.array([[5.0, 1e9], [1e30, np.inf]]), info)
    array([[5.e+00, 1.e+09],
           [   nan,    nan]])
    """
    good = np.abs(samples) <= input_limits(info)  # False also for what is not a number
    return samples if good.all() else np.where(good, samples, np.nan)


@dataclass
class Repair(Step):
    """Replaces what is no measurement by the channel's last good value, and flags it.

    A single infinite sample would stay in a recursive filter for ever.
    """

    limit_uv: float = INPUT_UV
    """Beyond this, in microvolts, no amplifier's input reaches. Channels that are no voltage, such
    as triggers and counters, may have any finite value."""
    flat_seconds: float = 1.0
    """A channel that has not changed at all for so long is flagged FLAT."""

    def __post_init__(self) -> None:
        check_number("limit_uv", self.limit_uv, above=0, unit="uV")
        check_number("flat_seconds", self.flat_seconds, above=0, unit="s")

    def prepare(self, info: SignalInfo) -> SignalInfo:
        self._flat_samples = max(2, round(self.flat_seconds * info.rate))
        self._n_channels = info.n_channels
        self._limits = input_limits(info, self.limit_uv)
        least = float(self._limits.min())
        self._least_limit_squared = min(least * least * (1 - 1e-12), np.finfo(float).max)
        self._same = np.empty(info.n_channels, bool)
        self.reset()
        return info

    def reset(self) -> None:
        self._last = np.zeros(self._n_channels)
        self._seen = False
        self._unchanged: np.ndarray | int = 0  # for how many samples, of all channels or each
        self._bad: np.ndarray | None = None
        self._runs: np.ndarray | None = None

    def process(self, samples: np.ndarray) -> np.ndarray:
        self._bad = self._runs = None
        if len(samples) == 0:
            self.flags = np.zeros(0, np.uint32)
            return samples
        if len(samples) == 1 and self._is_usual(samples[0]):
            return samples
        good = np.abs(samples) <= self._limits  # False also for what is not a number
        if np.count_nonzero(good) < good.size:
            self._bad = ~good
            samples = self._filled(samples, good)
        self._count_unchanged(samples)
        self._last[:] = samples[-1]
        self._seen = True
        self.flags = self.flags_of(slice(None))
        return samples

    def _is_usual(self, sample: np.ndarray) -> bool:
        """Take a sample (n_channels,) if all of it is good and has changed; else leave it alone.

        Nearly all samples are so. Channels whose sum of squares is below the square of a limit are
        all below that limit: 3 operations of numpy in place of 8.
        """
        if not sample.dot(sample) <= self._least_limit_squared:  # nor if it is not a number
            return False
        if np.count_nonzero(np.equal(sample, self._last, out=self._same)) or not self._seen:
            return False
        self._last[:] = sample
        self._unchanged = 0
        self.flags = None
        return True

    def flags_of(self, channels: np.ndarray | slice) -> np.ndarray | None:
        """Return the last block's `Flags` (n,) as far as `channels` are concerned; None for none.

        An unused electrode may be off, and a trigger channel is flat by nature.
        """
        flags = None
        if self._bad is not None:
            flags = self._bad[:, channels].any(axis=1) * np.uint32(Flags.INVALID)
        if self._runs is not None:
            flat = (self._runs[:, channels] >= self._flat_samples - 1).any(axis=1)
            if flat.any():
                flat = flat * np.uint32(Flags.FLAT)
                flags = flat if flags is None else flags | flat
        return flags

    def spoilt(self) -> dict[Flags, np.ndarray]:
        """Return how many of the last block's samples had each flag, (n_channels,) by channel."""
        found = {}
        if self._bad is not None:
            found[Flags.INVALID] = self._bad.sum(axis=0)
        if self._runs is not None:
            found[Flags.FLAT] = (self._runs >= self._flat_samples - 1).sum(axis=0)
        return found

    def _filled(self, samples: np.ndarray, good: np.ndarray) -> np.ndarray:
        rows = np.where(good, np.arange(1, len(samples) + 1)[:, None], 0)
        np.maximum.accumulate(rows, axis=0, out=rows)
        known = np.concatenate((self._last[None], np.where(good, samples, 0.0)))
        return np.take_along_axis(known, rows, axis=0)

    def _count_unchanged(self, samples: np.ndarray) -> None:
        """Count for each sample and channel for how many samples it has not changed."""
        before = self._last[None]
        if len(samples) > 1:
            before = np.concatenate((before, samples[:-1]))
        same = samples == before
        if not self._seen:
            same[0] = False
        if not np.count_nonzero(same):  # as nearly always
            self._unchanged = 0
            return
        n = np.arange(1, len(samples) + 1)[:, None]
        last_change = np.maximum.accumulate(np.where(same, 0, n), axis=0)
        self._runs = n - last_change + np.where(last_change == 0, self._unchanged, 0)
        self._unchanged = self._runs[-1]


@dataclass
class ArtifactGate(Step):
    """Flags samples that are too large to be EEG; they pass unchanged, and reward is withheld.

    Put it after the offset is removed and before the band is chosen.
    """

    limit_uv: float = 100.0
    """Absolute limit in microvolts on any EEG channel: flag AMPLITUDE. Where no channel is EEG, all
    are judged."""
    burst_sd: float = 10.0
    """Limit in the channel's own running standard deviations: flag BURST."""
    hold: float = 0.5
    """Seconds for which a flag stays after the last sample beyond the limit."""
    memory: float = 10.0
    """Time constant in seconds of the running standard deviation."""

    def __post_init__(self) -> None:
        check_number("limit_uv", self.limit_uv, above=0, unit="uV")
        check_number("burst_sd", self.burst_sd, above=1)
        check_number("hold", self.hold, at_least=0, unit="s")
        check_number("memory", self.memory, above=0, unit="s")

    def prepare(self, info: SignalInfo) -> SignalInfo:
        self._hold = round(self.hold * info.rate)
        self._learn = min(1.0, 1 / (self.memory * info.rate))
        self._largest, self._limit = self.limit_uv**2, self.burst_sd**2
        self._warm = round(info.rate)  # a second, before which the spread is not known
        judged = info.eeg_or_all
        self._judged: list[int] | slice = slice(None) if len(judged) == info.n_channels else judged
        self._n_judged = len(judged)
        self.reset()
        return info

    def reset(self) -> None:
        self._power = [0.0] * self._n_judged
        self._n = 0
        self._large_left = self._burst_left = 0

    def process(self, samples: np.ndarray) -> np.ndarray:
        self.flags: np.ndarray | None = None
        # Plain numbers: an operation on an array of one channel takes ten times as long.
        judged = samples[:, self._judged]
        for row, now in enumerate((judged * judged).tolist()):
            bits = self._judge(now)
            if bits:
                if self.flags is None:
                    self.flags = np.zeros(len(samples), np.uint32)
                self.flags[row] = bits
        return samples

    def process_one(self, value: float) -> float:
        n, x, p = self._n, value * value, self._power[0]
        burst = n > self._warm and x > self._limit * p
        learned = x
        if burst:  # as in `_judge`, which takes three times as long for one channel
            learned = min(x, self._limit * p) if n % 8 == 0 else p
        self._power[0] = p + max(self._learn, 1 / (n + 1)) * (learned - p)
        self._n = n + 1
        self.bits: int = self._kept(x > self._largest, burst)
        return value

    def _judge(self, now: list[float]) -> int:
        """Take the judged channels' squares of one sample and return its flags."""
        n, power, limit = self._n, self._power, self._limit
        # Until the memory is full it is the plain mean of what there is.
        learn = max(self._learn, 1 / (n + 1))
        burst = False
        if n > self._warm:
            for x, p in zip(now, power, strict=True):
                if x > limit * p:
                    burst = True
                    break
        if not burst:  # learns nothing from the burst itself
            self._power = [p + learn * (x - p) for x, p in zip(now, power, strict=True)]
        elif n % 8 == 0:  # but a lasting change of level, slowly
            self._power = [
                p + learn * (min(x, limit * p) - p) for x, p in zip(now, power, strict=True)
            ]
        self._n = n + 1
        return self._kept(max(now) > self._largest, burst)

    def _kept(self, large: bool, burst: bool) -> int:
        """Return the flags of a sample that is `large` or a `burst`, or comes soon after one."""
        if large:
            self._large_left = self._hold + 1
        elif self._large_left:
            self._large_left -= 1
        if burst:
            self._burst_left = self._hold + 1
        elif self._burst_left:
            self._burst_left -= 1
        return (_AMPLITUDE if self._large_left else 0) | (_BURST if self._burst_left else 0)


def held(values: np.ndarray, last: float) -> np.ndarray | None:
    """Replace in `values` (n,) what is not finite by what came before it, at first `last`.

    Returns
    -------
    ndarray of uint32, shape (n,), or None
        Where that was done, as INVALID; None for nowhere.
    """
    good = np.isfinite(values)
    if good.all():
        return None
    for row in np.flatnonzero(~good):
        values[row] = values[row - 1] if row else last
    return ~good * np.uint32(Flags.INVALID)
