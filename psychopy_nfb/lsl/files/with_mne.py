"""Recordings of the many formats that MNE-Python reads."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.lsl.files.recording import Found
from psychopy_nfb.reading import RECORDINGS

if TYPE_CHECKING:
    import mne

HOW_TO_INSTALL = 'needs mne to be read: pip install "psychopy-nfb[files]"'
BOUNDARIES = ("boundary", "bad boundary", "edge boundary", "new segment/")
"""Annotations of a cut: EEGLAB's, MNE-Python's own, BrainVision's in the formats of others."""
EPOCHS = "holds epochs, pieces cut out of a recording; open the continuous recording instead"


def read_with_mne(path: Path) -> Found:
    """Read a file of any format that MNE-Python reads.

    Raises
    ------
    FileError
        If it is of none, damaged or holds epochs, or if MNE-Python is not installed.
    """
    raw = read_raw(path, said=path)
    from mne.io.constants import FIFF

    channels = raw.info["chs"]
    types = raw.get_channel_types()
    # MNE says volts of trigger channels too, whose values are codes.
    volts = [
        channel["unit"] == FIFF.FIFF_UNIT_V and kind != "stim"
        for channel, kind in zip(channels, types, strict=True)
    ]
    labels = list(raw.ch_names)
    markers, gaps = _markers_and_gaps(raw, _annotations(raw, path))
    return Found(
        samples=raw.get_data().T * np.where(volts, 1e6, 1.0),
        rate=float(raw.info["sfreq"]),
        labels=labels,
        types=["" if kind == "eeg" else kind for kind in types],
        units=["microvolts" if volt else "unknown" for volt in volts],
        markers=markers,
        name=path.name,
        positions=electrode_positions(raw, labels),
        gaps=gaps,
    )


def read_raw(path: Path, said: Path) -> mne.io.BaseRaw:
    """Return what MNE-Python reads from `path`, loaded; errors name the file `said`."""
    try:
        import mne
    except ImportError:
        raise FileError("file", str(said), HOW_TO_INSTALL) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of formats' details; what matters is told by us
            return mne.io.read_raw(path, preload=True, verbose="ERROR")
    except Exception as error:  # each of MNE's readers fails in its own way
        raise FileError("file", str(said), _why(error)) from None


def _why(error: Exception) -> str:
    text = str(error)
    if "Unsupported file type" in text:
        return f"is not a known kind of recording: {RECORDINGS} or another that MNE-Python reads"
    if "number of trials" in text or "No raw data in" in text:
        return EPOCHS
    why = re.sub(r"<_io\.\w+ name=(.*?)>", r"\1", cause(error)).replace("\\\\", "\\")
    return f"cannot be read ({why[:200].rstrip('.')})"


def electrode_positions(
    raw: mne.io.BaseRaw, labels: Sequence[str]
) -> dict[str, tuple[float, float, float]]:
    """Return the positions that a file holds, in millimetres by label."""
    positions = {}
    for label, channel in zip(labels, raw.info["chs"], strict=True):
        place = np.asarray(channel["loc"][:3], dtype=float)
        if np.isfinite(place).all() and place.any():
            x, y, z = (1000 * place).tolist()
            positions[label] = (x, y, z)
    return positions


def _annotations(raw: mne.io.BaseRaw, path: Path) -> mne.Annotations:
    """Return the annotations; of EEGLAB's as stored, because a raw object ends them at its end."""
    if path.suffix.lower() != ".set":
        return raw.annotations
    import mne

    return mne.read_annotations(path)


def _markers_and_gaps(
    raw: mne.io.BaseRaw, notes: mne.Annotations
) -> tuple[list[tuple[int, str]], list[tuple[int, float]]]:
    """Return the annotations as markers, those of a cut as gaps."""
    rate = raw.info["sfreq"]
    # Onsets count from the start of acquisition, which may lie before the first sample kept.
    # Not raw.time_as_index: without a measurement date it takes them from the first sample.
    rows = notes.onset * rate - raw.first_samp
    markers, gaps = [], {}
    for row, seconds, text in zip(rows, notes.duration, notes.description, strict=True):
        if text.strip().casefold() not in BOUNDARIES:
            markers.append((int(np.rint(row)), str(text)))
            continue
        after = math.ceil(row - 0.25)  # a cut lies between two samples
        missing = float(seconds) if seconds > 0 else math.nan
        if 0 < after < len(raw) and not gaps.get(after, 0.0) > 0:
            gaps[after] = missing
    return markers, sorted(gaps.items())
