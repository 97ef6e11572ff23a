"""What the signal is like without training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from psychopy_nfb.checks import check_number
from psychopy_nfb.dsp.flags import Flags
from psychopy_nfb.errors import SettingsError
from psychopy_nfb.protocol.bursts import MULTIPLIERS, amplitude_mode, burst_rates, multiplier_for
from psychopy_nfb.protocol.rejected import RejectedCount

SHORTEST_SECONDS = 2.0
"""Clean signal below which a baseline says nothing. Rhythms wax and wane over seconds: half a
minute and more is advisable, this bar only stops what cannot be right."""
SHORTEST_BASELINE = 5.0
"""Seconds of a baseline, at least: a filter that learns from it passes it once more and settles
meanwhile, which takes the usual ones 2.2 to 2.4 s."""
EDGE_SECONDS = 0.5
"""Of a baseline that lie before its first or after its last sample, at most."""
USUAL_SECONDS = 60.0
"""Of a baseline."""
_IGNORED = np.uint32(Flags.CALIBRATING | Flags.UNCALIBRATED | Flags.PAUSED | Flags.NO_POINTS)


def shortest_baseline(needed: float) -> float:
    """Return how many whole seconds a baseline must last whose signals need `needed` seconds of it.

    Examples
    --------
    >>> shortest_baseline(4.2), shortest_baseline(10.0)
    (5.0, 11.0)
    """
    return max(SHORTEST_BASELINE, float(math.ceil(needed + EDGE_SECONDS)))


def check_length(seconds: object, least: float = SHORTEST_BASELINE) -> float:
    """Return the length of a baseline, in seconds, if it can give one.

    Parameters
    ----------
    seconds : float
        How long it lasts.
    least : float
        What it must last, of `shortest_baseline`.

    Raises
    ------
    SettingsError
        If it is no number, or less than `least`.

    Examples
    --------
    >>> check_length(3)
    Traceback (most recent call last):
    psychopy_nfb.errors.SettingsError: seconds=3.0: is too short for a baseline, which needs ...
    """
    length = check_number("seconds", seconds, above=0, unit="s")
    if length < least:
        raise SettingsError(
            "seconds",
            length,
            f"is too short for a baseline, which needs {least:g} s: filters settle in it, and "
            f"{SHORTEST_SECONDS:g} s or more of the rest must be clean; choose at least {least:g} "
            f"s, {USUAL_SECONDS:g} s are usual",
        )
    return length


@dataclass
class Baseline:
    """The distribution of the signal over a recorded baseline, in the signal's unit."""

    mean: float
    """Mean of the clean samples."""
    sd: float
    """Their standard deviation."""
    minimum: float
    """The smallest."""
    maximum: float
    """The largest."""
    percentiles: list[float] = field(default_factory=list)
    """The 0th, 1st, … 100th percentile."""
    mode: float | None = None
    """The most frequent value."""
    burst_rates: list[float] = field(default_factory=list)
    """Bursts a minute above `bursts.MULTIPLIERS` times the mode."""
    seconds: float = 0.0
    """Clean signal that went in."""
    share_rejected: float = 0.0
    """Share of the samples that were flagged and left out, 0 to 1."""
    label: str = "baseline"
    """What was done meanwhile, e.g. ``"eyes open"``."""

    def __post_init__(self) -> None:
        check_number("sd", self.sd, above=0)
        for name, length in (("percentiles", 101), ("burst_rates", len(MULTIPLIERS))):
            if len(getattr(self, name)) not in (0, length):
                raise SettingsError(
                    name, f"{len(getattr(self, name))} numbers", f"must be {length}, or none"
                )

    def percentile(self, percent: float) -> float:
        """Return the signal's value at `percent`, 0 to 100, linear between whole ones.

        NaN if the baseline holds no percentiles.
        """
        if not self.percentiles:
            return math.nan
        return float(np.interp(percent, np.arange(101), self.percentiles))

    def burst_threshold(self, wanted: float) -> float:
        """Return the value above which there were `wanted` bursts a minute.

        Raises
        ------
        SettingsError
            If there never are so many, or the baseline is one in which they were not counted.
        """
        multiplier = multiplier_for(self.burst_rates, wanted)
        if multiplier is None or self.mode is None:
            most = max(self.burst_rates, default=0.0)
            raise SettingsError(
                "threshold",
                wanted,
                f"bursts a minute are not in this baseline, which has {most:.0f} at the most; want "
                "fewer, or record a new baseline",
            )
        return multiplier * self.mode


class BaselineRecorder:
    """Collects the clean part of a signal.

    Parameters
    ----------
    rate : float
        Of the signal, in Hz.
    label : str
        What is done meanwhile.
    broken : str, optional
        Why it begins only now and what was recorded before is lost, where that is so.

    Examples
    --------
    >>> recorder = BaselineRecorder(rate=100.0)
    >>> recorder.add(np.arange(301.0), np.zeros(301, np.uint32))
    >>> recorder.finish().mean
    150.0
    """

    def __init__(self, rate: float, label: str = "baseline", broken: str | None = None):
        self.rate = rate
        self.label = label
        self.broken = broken
        self._clean: list[np.ndarray] = []
        self._n_seen = 0
        self._rejected = RejectedCount()

    def add(self, signal: np.ndarray, flags: np.ndarray, n_failed: int = 0) -> None:
        """Take the next samples (n,) and their flags (n,); flagged ones are left out.

        Of those flagged INVALID, `n_failed` are so because a step failed.
        """
        self._n_seen += len(signal)
        clean = (flags & ~_IGNORED) == 0
        self._clean.append(signal[clean])
        self._rejected.add(flags, n_failed)

    def clean(self) -> np.ndarray:
        """Return the clean samples, (n,), one after the other."""
        clean = np.concatenate(self._clean) if self._clean else np.empty(0)
        return clean[np.isfinite(clean)]

    def finish(
        self, fault: str | None = None, where: Mapping[Flags, str] | None = None
    ) -> Baseline:
        """Return what was collected.

        Parameters
        ----------
        fault : str, optional
            Which step of the pipeline has failed, how, and what to do.
        where : mapping of Flags: str, optional
            Names of the channels that had a flag, where the signal is of several.

        Raises
        ------
        SettingsError
            If it is too little, or does not vary at all.
        """
        clean = self.clean()
        seconds = len(clean) / self.rate
        if seconds < SHORTEST_SECONDS:
            why = self._rejected.cause_and_remedy(fault, where)
            if self.broken is not None:
                why = f"{self.broken}, and what was recorded before does not count; wait a moment"
            elif self._n_seen == 0:
                why = (
                    "no sample came meanwhile; see whether anything lasts between its begin and "
                    "its end, such as frames, and whether the stream was lost"
                )
            raise SettingsError(
                "baseline",
                self.label,
                f"has {seconds:.1f} s of clean signal out of {self._n_seen / self.rate:.1f} s but "
                f"needs {SHORTEST_SECONDS:g} s, because {why}, then repeat it",
            )
        sd = float(clean.std())
        if sd == 0:
            raise SettingsError(
                "baseline", self.label, "does not vary at all; check the electrodes and repeat it"
            )
        mode = amplitude_mode(np.abs(clean))
        return Baseline(
            mean=float(clean.mean()),
            sd=sd,
            minimum=float(clean.min()),
            maximum=float(clean.max()),
            percentiles=np.percentile(clean, np.arange(101)).tolist(),
            mode=mode,
            burst_rates=burst_rates(clean, mode, self.rate) if mode > 0 else [],
            seconds=seconds,
            share_rejected=1 - len(clean) / self._n_seen,
            label=self.label,
        )
