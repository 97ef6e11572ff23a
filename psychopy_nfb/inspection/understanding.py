"""What was understood of a stream or a recording, in the same words for both."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from psychopy_nfb.channels import BIO, EEG, IEEG, MISC, STIM
from psychopy_nfb.dsp.artifact import INPUT_UV, measured_only
from psychopy_nfb.dsp.lasting_faults import lasting_faults
from psychopy_nfb.dsp.montage import standard_positions
from psychopy_nfb.dsp.step import SignalInfo
from psychopy_nfb.errors import listed
from psychopy_nfb.settings import finite

if TYPE_CHECKING:
    from psychopy_nfb.recording.eeg_files import Recording

NO_SAMPLE = "not known: no sample came"
MOST_NAMED = 12
"""Gaps and marker texts that are listed one by one."""
KINDS_IN_WORDS = {STIM: "triggers", MISC: "others", BIO: "external inputs", IEEG: "inside the head"}


@dataclass(frozen=True)
class Channel:
    """One channel, as it is used."""

    label: str
    kind: str
    """``EEG``, ``EOG``, ``EMG``, ``ECG``, ``BIO``, ``IEEG``, ``STIM`` or ``MISC``."""
    unit: str
    """As stored or sent; empty where none is known."""
    has_position: bool
    """Whether it is known where on the head it is, from the input or by its name."""


@dataclass
class Understanding:
    """What `psychopy-nfb inspect` shows."""

    what: str
    """``recording`` or ``stream``."""
    name: str
    """Name of the file or the stream."""
    about: str
    """What else tells which one it is, in a few words."""
    seconds: float
    """How much of it was read or listened to."""
    channels: list[Channel]
    """In the input's order."""
    declared_rate: float
    """In Hz; 0 for none."""
    real_rate: float | None
    """In Hz, from the stamps or the arrival of the samples; None where they cannot tell."""
    used_rate: float
    """In Hz, for which filters are made."""
    clock: str
    """A sentence on what stamps the samples."""
    chunk: str
    """A sentence on how samples come or were stamped."""
    eeg_sd_uv: float | None
    """Median standard deviation of the EEG channels over a second, in microvolts."""
    bad: dict[str, str] = field(default_factory=dict)
    """Why a channel cannot be used for a good part of the time, by label."""
    gaps: list[tuple[float, float]] = field(default_factory=list)
    """(seconds from the first sample, seconds missing; NaN where that is not known)."""
    markers: dict[str, int] = field(default_factory=dict)
    """How often each marker text came, in order of first appearance."""
    assumptions: list[str] = field(default_factory=list)
    """What was corrected or assumed, one sentence each."""
    rate_from: str = "the stamps"
    """What `real_rate` was counted from."""
    late_median_ms: float | None = None
    """Milliseconds from a sample's stamp to its arrival, median; None where the stamps are not
    those of LSL's clock, and of a recording."""
    late_longest_ms: float | None = None
    """The longest of these."""

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON; what is not known is None."""
        return finite({**asdict(self), "gaps": [list(gap) for gap in self.gaps]})

    def lines(self) -> list[str]:
        """Return it for a person, a line each."""
        rows = [
            ("Rate", self._rate()),
            ("Clock", self.clock),
            ("Chunks", self.chunk),
            *self._arrival(),
            *(("Channels" if not row else "", text) for row, text in enumerate(self._channels())),
            ("Positions", self._positions()),
            ("Amplitude", self._amplitude()),
            ("Bad", self._bad()),
            ("Gaps", self._gaps()),
            ("Markers", self._markers()),
        ]
        told = self.assumptions or ["nothing: everything was taken as it says"]
        rows += [("Assumed" if not row else "", text) for row, text in enumerate(told)]
        title = f"{self.name}: {self.about}, {length(self.seconds)}"
        return [title, *(f"  {name:<10} {text}" for name, text in rows)]

    def _rate(self) -> str:
        declared = f"{self.declared_rate:g} Hz declared" if self.declared_rate else "none declared"
        real = "" if self.real_rate is None else f", {self.real_rate:.6g} Hz by {self.rate_from}"
        used = f"; filters are made for {self.used_rate:g} Hz"
        return f"{declared}{real}{used}"

    def _arrival(self) -> list[tuple[str, str]]:
        if self.late_median_ms is None:
            return []
        late = f"samples arrive {self.late_median_ms:.1f} ms after their stamps"
        return [("Arrival", f"{late} (median; longest {self.late_longest_ms:.1f} ms)")]

    def _channels(self) -> Iterable[str]:
        groups: dict[tuple[str, str], list[str]] = {}
        for channel in self.channels:
            groups.setdefault((channel.kind, channel.unit), []).append(channel.label)
        for (kind, unit), labels in sorted(groups.items(), key=lambda item: item[0][0] != EEG):
            unit = f" in {unit}" if unit and unit != "unknown" else ""
            yield f"{len(labels)} {KINDS_IN_WORDS.get(kind, kind)}{unit}: {', '.join(labels)}"

    def _positions(self) -> str:
        eeg = [channel for channel in self.channels if channel.kind == EEG]
        return f"{sum(one.has_position for one in eeg)} of {len(eeg)} EEG channels"

    def _amplitude(self) -> str:
        if not self.seconds:
            return NO_SAMPLE
        if self.eeg_sd_uv is None:
            if not any(one.kind == EEG for one in self.channels):
                return "not known: there is no EEG channel"
            return "not known: no EEG channel changes"
        return f"{self.eeg_sd_uv:.3g} µV (standard deviation within a second, median of the EEG)"

    def _bad(self) -> str:
        """Return the bad channels, those with the same fault together."""
        if not self.seconds:
            return NO_SAMPLE
        if not self.bad:
            return "no channel"
        reasons: dict[str, list[str]] = {}
        for label, reason in self.bad.items():
            reasons.setdefault(reason, []).append(label)
        return "; ".join(
            f"{listed(labels, most=MOST_NAMED)} ({reason})" for reason, labels in reasons.items()
        )

    def _gaps(self) -> str:
        if not self.seconds:
            return NO_SAMPLE
        if not self.gaps:
            return "none"
        n = len(self.gaps)
        known = [seconds for _, seconds in self.gaps if math.isfinite(seconds)]
        sizes = [f"{len(known)}, together {sum(known):.3f} s"] if known else []
        if len(known) < n:
            sizes.append(f"{n - len(known)} of unknown length")
        places = [
            f"{at:.3f} s ({f'{seconds:.3f} s' if math.isfinite(seconds) else 'unknown'})"
            for at, seconds in self.gaps[:MOST_NAMED]
        ]
        more = f", and {n - MOST_NAMED} more" if n > MOST_NAMED else ""
        return f"{', and '.join(sizes)}: at {', '.join(places)}{more}"

    def _markers(self) -> str:
        if not self.markers:
            return "none" if self.what == "recording" else "none came meanwhile"
        texts = [f"{text!r} ({n})" for text, n in list(self.markers.items())[:MOST_NAMED]]
        n = len(self.markers) - len(texts)
        more = f" and {n} other texts" if n else ""
        return f"{sum(self.markers.values())}: {', '.join(texts)}{more}"


def length(seconds: float) -> str:
    """Return a length of time as people write it.

    Examples
    --------
    >>> length(7.25), length(723)
    ('7.2 s', '12:03 min')
    """
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min"


def of_recording(recording: Recording, ending: str) -> Understanding:
    """Return what was understood of a recording; `ending` is that of its file."""
    counted = recording.chunk_seconds > 0
    info = SignalInfo(recording.rate, recording.labels, kinds=recording.not_eeg)
    # Of what is marked as bad from begin to end, all is judged.
    unmarked = recording.unmarked
    judged = unmarked if np.isfinite(unmarked).any() else recording.samples
    places = {*recording.positions, *standard_positions(recording.labels)}
    chunk = "not told by this file" if recording.start is None else "each sample alone"
    if counted:
        chunk = f"stamped in chunks of {1e3 * recording.chunk_seconds:.0f} ms, now spaced evenly"
    return Understanding(
        what="recording",
        name=recording.name,
        about=f"a recording ({ending})",
        seconds=recording.seconds,
        channels=[
            Channel(label, kind, unit, label in places)
            for label, kind, unit in zip(
                recording.labels, recording.kinds, recording.units, strict=True
            )
        ],
        declared_rate=recording.declared_rate,
        real_rate=recording.real_rate,
        used_rate=recording.rate,
        clock=_clock(recording),
        chunk=chunk,
        eeg_sd_uv=eeg_sd(recording.samples, recording.kinds, recording.rate),
        bad=bad_channels(judged, info),
        gaps=[(row / recording.rate, seconds) for row, seconds in recording.gaps],
        markers=dict(Counter(text for _, text in recording.markers)),
        assumptions=[
            *recording.assumptions,
            *unmeasured_told(recording.samples, info),
        ],
    )


def _clock(recording: Recording) -> str:
    """Return what the stamps of a recording are."""
    if recording.start is None:
        return "samples have no stamps that tell their times: counted from the first"
    n, n_jumps = recording.n_missing, recording.n_jumps
    said = f"samples have stamps; the first is {recording.start:.3f} s"
    if n_jumps:
        said += f"; their clock was set {'once' if n_jumps == 1 else f'{n_jumps} times'}"
    return f"{said}; {n} had none and were counted" if n else said


def unmeasured_told(samples: np.ndarray, info: SignalInfo) -> list[str]:
    """Return sentences on samples (n, n_channels) that no amplifier can have measured.

    Channels in which as many samples are so are named together.

    Examples
    --------
    >>> samples = np.array([[1.0, np.nan, 1e30], [2.0, np.nan, 4.0]])
    >>> for sentence in unmeasured_told(samples, SignalInfo(250.0, ("Cz", "Pz", "Oz"))):
    ...     print(sentence)
    Pz: 2 of 2 samples are no numbers.
    Oz: 1 of 2 samples are beyond 1 V, more than an amplifier can measure.
    """
    lacking = ~np.isfinite(samples)
    beyond = ~np.isfinite(measured_only(samples, info)) & ~lacking
    above = f"are beyond {INPUT_UV / 1e6:g} V, more than an amplifier can measure"
    return [
        *_counted(lacking, info.labels, "are no numbers"),
        *_counted(beyond, info.labels, above),
    ]


def _counted(found: np.ndarray, labels: Iterable[str], what: str) -> list[str]:
    """Return sentences on how many samples of which channel are `found`, bool (n, n_channels)."""
    alike: dict[int, list[str]] = {}
    for label, n in zip(labels, found.sum(axis=0).tolist(), strict=True):
        if n:
            alike.setdefault(n, []).append(label)
    if len(alike) > MOST_NAMED:
        least, most, names = min(alike), max(alike), listed(sum(alike.values(), []), most=6)
        return [f"{names}: {least} to {most} of {len(found)} samples {what}."]
    return [
        f"{listed(named, most=MOST_NAMED)}: {n} of {len(found)} samples {what}."
        for n, named in alike.items()
    ]


def bad_channels(samples: np.ndarray, info: SignalInfo) -> dict[str, str]:
    """Return the channels that are bad for a good part of the time, with the reason and the share.

    Examples
    --------
    >>> noise = 8 * np.random.default_rng(0).standard_normal((5000, 2))
    >>> noise[:4000, 1] = 0.0
    >>> bad_channels(noise, SignalInfo(250.0, ("Cz", "Oz")))
    {'Oz': 'flat for 80 % of the time'}
    """
    return {
        label: f"{reason} for {100 * share:.0f} % of the time"
        for label, (reason, share) in lasting_faults(samples, info).items()
    }


def eeg_sd(samples: np.ndarray, kinds: Iterable[str], rate: float) -> float | None:
    """Return the median standard deviation of the EEG channels over seconds; None if all are flat.

    Parameters
    ----------
    samples : ndarray, shape (n, n_channels)
        Microvolts.
    kinds : iterable of str
        Of the channels.
    rate : float
        In Hz.
    """
    eeg = samples[:, [kind == EEG for kind in kinds]]
    n = max(2, round(rate))
    with np.errstate(invalid="ignore", over="ignore"):
        parts = [eeg[at : at + n].std(axis=0) for at in range(0, max(1, len(eeg) - n + 1), n)]
    spread = np.array(parts)
    spread = spread[np.isfinite(spread) & (spread > 0)]
    return float(np.median(spread)) if spread.size else None
