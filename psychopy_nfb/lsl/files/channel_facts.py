"""Kind, unit and label of each channel of a file; voltages brought to microvolts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from psychopy_nfb.channels import (
    EEG,
    VOLTAGES,
    channel_kind,
    microvolts_per_unit,
    numbered,
)
from psychopy_nfb.dsp.montage import standard_positions
from psychopy_nfb.errors import FileError
from psychopy_nfb.lsl.files.recording import Found, listed

LEAST_MICROVOLTS, MOST_MICROVOLTS = 0.01, 2e4
"""SD of the differences from sample to sample, median of the EEG channels, within which numbers
can be EEG in microvolts: an amplifier's own noise is near 0.1, a bad recording below 1000."""


@dataclass
class ChannelFacts:
    """What the channels of a file are."""

    samples: np.ndarray
    """(n_samples, n_channels) float64, voltages in microvolts."""
    labels: tuple[str, ...]
    """No two alike."""
    kinds: tuple[str, ...]
    """As of `channel_kind`."""
    units: tuple[str, ...]
    """``microvolts``, or the file's own word."""


def channel_facts(found: Found, path: Path, units: str | None) -> ChannelFacts:
    """Return what the channels of a file are; what is assumed goes to ``found.notes``.

    Parameters
    ----------
    found : Found
        What the file says.
    path : path
        The file, for errors.
    units : str or None
        Unit of the voltages, to be taken instead of what the file declares.

    Raises
    ------
    FileError
        If `units`, or the declared unit of an EEG channel, is no voltage that is known; or if no
        unit is declared and the numbers cannot be microvolts.
    """
    if units is not None and microvolts_per_unit(units) is None:
        raise FileError("units", units, "is no unit of voltage; give 'uV', 'mV', 'V' or 'nV'")
    named = [label or f"Ch{place + 1}" for place, label in enumerate(found.labels)]
    labels = numbered(named)
    if len(set(map(str.casefold, named))) < len(named):
        new = [label for label, old in zip(labels, named, strict=True) if label != old]
        found.notes.append(f"Labels that come more than once are numbered: {listed(new)}.")
    kinds = [
        channel_kind(label, declared, unit)
        for label, declared, unit in zip(named, found.types, found.units, strict=True)
    ]
    scales = [1.0] * len(labels)
    told = [unit or "unknown" for unit in found.units]
    undeclared, unknown = [], []
    for place, (label, unit) in enumerate(zip(labels, found.units, strict=True)):
        scale = microvolts_per_unit(units or unit)
        if kinds[place] not in VOLTAGES:
            continue
        if scale is None and not unit.strip():
            scale = 1.0
            undeclared.append(label)
        if scale is None:
            unknown.append(place)
        else:
            scales[place], told[place] = scale, "microvolts"
    _judge_unknown(found, path, labels, kinds, unknown)
    samples = np.ascontiguousarray(found.samples, dtype=np.float64)
    if any(scale != 1.0 for scale in scales):
        samples = samples * np.array(scales)
    eeg = [place for place, kind in enumerate(kinds) if kind == EEG]
    if undeclared:
        found.notes.append(f"No unit is given for {listed(undeclared)}: taken as microvolts.")
    _judge_size(found, path, samples[:, eeg], bool(undeclared), units)
    others = _unsaid(labels, kinds, found.types)
    if others:
        found.notes.append(f"No EEG, by name or unit: {others}.")
    return ChannelFacts(samples, labels, tuple(kinds), tuple(told))


def _judge_unknown(
    found: Found, path: Path, labels: tuple[str, ...], kinds: list[str], unknown: list[int]
) -> None:
    """Refuse EEG in a unit that is none of voltage; any other such channel is no EEG."""
    scalps = standard_positions(labels)
    left = [place for place, kind in enumerate(kinds) if kind in VOLTAGES and place not in unknown]
    for place in unknown:
        said = found.types[place].strip().casefold() in ("eeg", "exg")
        if said or labels[place] in scalps or not left:
            raise FileError(
                "units",
                found.units[place],
                f"channel {labels[place]!r} of {path.name} has a unit that is no voltage; if its "
                "numbers are voltages, say which with --units: uV, mV, V or nV",
            )
        kinds[place] = "MISC"


def _judge_size(
    found: Found, path: Path, eeg: np.ndarray, undeclared: bool, units: str | None
) -> None:
    """Refuse numbers of an unsaid unit that cannot be microvolts; tell of others."""
    if eeg.shape[1] == 0 or len(eeg) < 3:
        return
    with np.errstate(invalid="ignore"):
        size = float(np.nanmedian(np.nanstd(np.diff(eeg, axis=0), axis=0)))
    if not size or not np.isfinite(size) or LEAST_MICROVOLTS <= size <= MOST_MICROVOLTS:
        return
    many = "small" if size < LEAST_MICROVOLTS else "large"
    if undeclared and units is None:
        raise FileError(
            "units",
            None,
            f"{path.name} gives no unit for its EEG, and its numbers (they differ by {size:.2g} "
            f"from sample to sample) are too {many} for microvolts; say the unit with --units: "
            "uV, mV, V or nV",
        )
    found.notes.append(
        f"The EEG is too {many} for a head: it differs by {size:.2g} microvolts from sample to "
        "sample. If the unit in the file is wrong, say the right one with --units."
    )


def _unsaid(labels: Sequence[str], kinds: Sequence[str], types: Sequence[str]) -> str:
    """Return the channels that are no EEG although their declared type does not say so."""
    groups: dict[str, list[str]] = {}
    for label, kind, declared in zip(labels, kinds, types, strict=True):
        if kind != EEG and channel_kind("", declared) == EEG:
            groups.setdefault(kind, []).append(label)
    return "; ".join(f"{listed(names)} ({kind})" for kind, names in groups.items())
