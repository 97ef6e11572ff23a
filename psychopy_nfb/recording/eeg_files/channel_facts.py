"""Kind, unit and label of each channel of a file; voltages brought to microvolts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from psychopy_nfb.channels import EEG, UNITS, VOLTAGES, microvolts_per_unit, says_no_unit
from psychopy_nfb.errors import FileError
from psychopy_nfb.lsl.amplitude import amplitude_fault
from psychopy_nfb.lsl.stream_channels import understood
from psychopy_nfb.recording.eeg_files.recording import Found

STRETCH_SECONDS = 0.25
"""Length of the stretches whose amplitudes are looked at."""
HOW_TO_SAY = f"say which with --units: {', '.join(UNITS[:-1])} or {UNITS[-1]}"


@dataclass
class ChannelFacts:
    """What the channels of a file are."""

    samples: np.ndarray
    """(n_samples, n_channels) float64, voltages in microvolts."""
    labels: tuple[str, ...]
    """No two alike."""
    kinds: tuple[str, ...]
    """As of `psychopy_nfb.channels`."""
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
        raise FileError("units", units, f"is no unit of voltage; {HOW_TO_SAY}")

    def refusal(label: str, unit: str) -> FileError:
        return FileError(
            "units",
            unit,
            f"is what {path.name} declares for channel {label!r}, and no voltage; if its numbers "
            f"are voltages, {HOW_TO_SAY}",
        )

    channels = understood(
        found.labels,
        found.types,
        found.units,
        units,
        refusal,
        stream_type=found.stream_type,
        who="file",
    )
    found.notes += channels.assumptions
    samples = np.ascontiguousarray(found.samples, dtype=np.float64)
    if any(scale != 1.0 for scale in channels.scales):
        samples = samples * np.array(channels.scales)
    eeg = [place for place, kind in enumerate(channels.kinds) if kind == EEG]
    wrong = amplitude_fault(samples[:, eeg], round(STRETCH_SECONDS * found.rate))
    if wrong and units is None and all(says_no_unit(found.units[place]) for place in eeg):
        raise FileError("units", None, f"{path.name} says no unit. {wrong}; {HOW_TO_SAY}")
    if wrong:
        found.notes.append(f"{wrong}: if the file is in another unit, {HOW_TO_SAY}.")
    return ChannelFacts(
        samples,
        channels.labels,
        channels.kinds,
        tuple(
            "microvolts" if kind in VOLTAGES else unit or "unknown"
            for kind, unit in zip(channels.kinds, channels.units, strict=True)
        ),
    )
