"""A recording in memory, and what its readers hand over on the way to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from psychopy_nfb.channels import EEG
from psychopy_nfb.dsp.artifact import measured_only
from psychopy_nfb.dsp.step import SignalInfo


@dataclass(frozen=True)
class Recording:
    """A recording in memory.

    Examples
    --------
    >>> recording = Recording(np.zeros((500, 2)), 250.0, ("Cz", "Oz"), markers=((10, "start"),))
    >>> recording.seconds, recording.units
    (2.0, ('microvolts', 'microvolts'))
    """

    samples: np.ndarray
    """Float64 of shape (n_samples, n_channels): voltages in microvolts, all else as stored."""
    rate: float
    """Samples per second: as declared, or the real rate where that is another (`assumptions`)."""
    labels: tuple[str, ...]
    """One a channel, no two alike."""
    units: tuple[str, ...] = ()
    """One a channel; microvolts if not given. What is no voltage has its own, or ``unknown``."""
    kinds: tuple[str, ...] = ()
    """What each channel is, as `psychopy_nfb.channels` says it; EEG if not given."""
    markers: tuple[tuple[int, str], ...] = ()
    """(sample, label) in order of time; sample 0 is the first."""
    positions: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    """Electrode positions in millimetres by label as far as known: x right, y front, z up."""
    gaps: tuple[tuple[int, float], ...] = ()
    """(sample after the gap, seconds missing); NaN where the file does not say how long it was."""
    name: str = ""
    """Name of the file or of the stream in it."""
    assumptions: tuple[str, ...] = ()
    """What was corrected or assumed when the file was read, one sentence each."""
    declared_rate: float | None = None
    """Samples per second that the file declares, 0 for none; `rate` if not given."""
    real_rate: float | None = None
    """Samples per second that stamps say; None where there are none, or too few."""
    chunk_seconds: float = 0.0
    """From chunk to chunk, where samples were stamped in chunks; 0 where each has its own stamp."""
    start: float | None = None
    """Stamp of the first sample in seconds, on whichever clock; None where there are none."""
    n_missing: int = 0
    """Samples whose stamp was missing or far off, of a file that has stamps."""
    n_jumps: int = 0
    """How often the clock of the stamps was set."""
    bad: tuple[str, ...] = ()
    """Labels of the channels that the file marks as bad; their kind is ``MISC``."""
    bad_parts: tuple[tuple[int, int], ...] = ()
    """(first sample, first sample after it) of each part that the file marks as bad."""

    def __post_init__(self) -> None:
        for name, usual in (("units", "microvolts"), ("kinds", "EEG")):
            if not getattr(self, name):
                object.__setattr__(self, name, (usual,) * len(self.labels))
        if self.declared_rate is None:
            object.__setattr__(self, "declared_rate", self.rate)

    @property
    def not_eeg(self) -> dict[str, str]:
        """Kinds by label of the channels that are no EEG, as `SignalInfo.kinds`."""
        kinds = zip(self.labels, self.kinds, strict=True)
        return {label: kind for label, kind in kinds if kind != EEG}

    @cached_property
    def usable(self) -> np.ndarray:
        """The samples as filters are found on them: measured values that are not marked as bad.

        NaN is in place of all else: the parts that are marked as bad, infinite values, and voltages
        beyond what an amplifier's input reaches.
        """
        info = SignalInfo(self.rate, self.labels, kinds=self.not_eeg)
        return measured_only(self.unmarked, info)

    @property
    def unmarked(self) -> np.ndarray:
        """The samples as stored, with NaN in the parts that are marked as bad."""
        if not self.bad_parts:
            return self.samples
        samples = self.samples.copy()
        for first, last in self.bad_parts:
            samples[first:last] = np.nan
        return samples

    @property
    def seconds(self) -> float:
        """Length of the samples, without gaps."""
        return len(self.samples) / self.rate


@dataclass
class Found:
    """What a reader found in a file, before channels and markers are judged."""

    samples: np.ndarray
    """(n_samples, n_channels) in `units`."""
    rate: float
    """In Hz."""
    labels: list[str]
    """One a channel, as the file has them; empty where it has none."""
    types: list[str]
    """Declared type of each channel, empty where there is none."""
    units: list[str]
    """Declared unit of each channel, empty where there is none."""
    markers: list[tuple[int, str]]
    """(sample, label); -1 for a time outside the samples."""
    name: str
    """Of the file or stream."""
    stream_type: str = ""
    """Declared type of the whole; empty where there is none."""
    positions: list[tuple[float, float, float] | None] = field(default_factory=list)
    """In millimetres, one a channel, None where it is not known; empty where none is."""
    gaps: list[tuple[int, float]] = field(default_factory=list)
    """As in `Recording`."""
    declared_rate: float | None = None
    """As in `Recording`."""
    real_rate: float | None = None
    """As in `Recording`."""
    chunk_seconds: float = 0.0
    """As in `Recording`."""
    start: float | None = None
    """As in `Recording`."""
    n_missing: int = 0
    """As in `Recording`."""
    n_jumps: int = 0
    """As in `Recording`."""
    bad: list[int] = field(default_factory=list)
    """Places of the channels that the file marks as bad."""
    annotations: list[tuple[str, float, float]] = field(default_factory=list)
    """(text, first sample, first sample after it) of each, counted from 0; both may lie outside,
    and between samples."""
    notes: list[str] = field(default_factory=list)
    """What was corrected or assumed so far."""


def listed(names: Iterable[str], most: int = 6) -> str:
    """Return names as a sentence has them, the first few of many.

    Examples
    --------
    >>> listed(["Fz", "Cz"]), listed("abcdefgh", most=3)
    ('Fz and Cz', 'a, b, c and 5 more')
    """
    names = list(names)
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
