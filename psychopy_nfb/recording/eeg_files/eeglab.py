"""Recordings of EEGLAB: a ``.set`` file of MATLAB, with its samples in it or in a ``.fdt`` file.

Read here and not with MNE-Python, which renames equal labels, refuses missing ones and files of
samples that were cut off.
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.recording.eeg_files.beside import samples_beside, tell_end
from psychopy_nfb.recording.eeg_files.recording import Found
from psychopy_nfb.recording.eeg_files.with_mne import EPOCHS, read_with_mne

HDF5 = b"\x89HDF"
BOUNDARY, NUMBERED_BOUNDARY = "boundary", "-99"
"""Type of an event where something was cut out; ERPLAB writes the number where types are numbers:
https://github.com/ucdavis/erplab/wiki/Boundary-Events-and-Disabled-Events"""
MILLIMETRES_PER = ((0.25, 1000.0), (2.5, 100.0), (25.0, 10.0), (math.inf, 1.0))
"""Head radius up to which positions are in metres, decimetres, centimetres, millimetres; the same
limits as MNE-Python's. EEGLAB's own files have heads of 1 and of 85."""


def read_eeglab(path: Path) -> Found:
    """Read the recording of a ``.set`` file.

    Raises
    ------
    FileError
        If it is none, was cut into epochs, or its samples are not there.
    """
    if _is_hdf5(path):
        return read_with_mne(path)
    eeg = _loaded(path)
    if _number(eeg.get("trials")) > 1:
        raise FileError("file", str(path), EPOCHS)
    rate = _number(eeg.get("srate"))
    n_channels = _number(eeg.get("nbchan"))
    if not 0 < rate < math.inf or not 1 <= n_channels < math.inf:
        raise FileError("file", str(path), "cannot be read (it says no rate, or no channels)")
    notes: list[str] = []
    samples = _samples(eeg, int(n_channels), path, notes)
    channels = _described(eeg, samples.shape[1], path)
    markers, annotations = _events(_list_of(eeg.get("event")))
    return Found(
        samples=samples,
        rate=rate,
        labels=[_text(channel.get("labels")) for channel in channels],
        types=[_text(channel.get("type")) for channel in channels],
        units=["microvolts"] * len(channels),
        markers=markers,
        name=path.name,
        positions=_positions(channels),
        annotations=annotations,
        notes=notes,
    )


def _is_hdf5(path: Path) -> bool:
    """Return whether a file is one of MATLAB 7.3, whose text of 512 bytes HDF5 follows."""
    with path.open("rb") as file:
        return HDF5 in (file.read(4), file.read(512)[508:512])


def _loaded(path: Path) -> dict[str, Any]:
    """Return the structure ``EEG``, as dictionaries, lists, arrays, texts and numbers."""
    from scipy.io import loadmat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of variables that are there twice
            content = loadmat(path, simplify_cells=True)
    except Exception as error:  # scipy fails in many ways on files that are cut or none
        raise FileError(
            "file",
            str(path),
            f"cannot be read ({cause(error)[:150]}): it was cut off, is damaged, or is of another "
            "program",
        ) from None
    found = content.get("EEG", content)
    if not isinstance(found, dict) or "data" not in found:
        raise FileError("file", str(path), "holds no recording of EEGLAB (it has no EEG.data)")
    return found


def _samples(eeg: dict[str, Any], n_channels: int, path: Path, notes: list[str]) -> np.ndarray:
    """Return the samples, (n, n_channels), of the file itself or of the one beside it."""
    data = eeg["data"]
    if isinstance(data, str):
        file = samples_beside(path, data, (".fdt", ".FDT"), notes)
        stored = np.fromfile(file, "<f4")
        part = file.stat().st_size % (4 * n_channels) > 0
        stored = stored[: len(stored) // n_channels * n_channels].reshape(-1, n_channels)
        announced = _number(eeg.get("pnts"))
        tell_end(int(announced) if announced > 0 else None, len(stored), part, notes)
        return stored
    stored = np.asarray(data)
    if stored.ndim == 1:
        stored = stored[None] if n_channels == 1 else stored[:, None]
    if stored.ndim != 2 or stored.dtype.kind not in "iuf" or len(stored) != n_channels:
        raise FileError("file", str(path), "cannot be read (EEG.data is not channels by samples)")
    return stored.T


def _described(eeg: dict[str, Any], n_channels: int, path: Path) -> list[dict[str, Any]]:
    """Return what is said of each channel."""
    told = [one for one in _list_of(eeg.get("chanlocs")) if isinstance(one, dict)]
    if told and len(told) != n_channels:
        raise FileError(
            "file",
            str(path),
            f"has {n_channels} channels and describes {len(told)} (EEG.chanlocs); correct that in "
            "EEGLAB (Edit, Channel locations)",
        )
    return told or [{} for _ in range(n_channels)]


def _events(
    events: list[Any],
) -> tuple[list[tuple[int, str]], list[tuple[str, float, float]]]:
    """Return the events as markers, and as annotations with their lengths."""
    markers, annotations = [], []
    for event in events:
        latency = _number(event.get("latency")) if isinstance(event, dict) else math.nan
        kind = _text(event.get("type")) if isinstance(event, dict) else ""
        kind = BOUNDARY if kind == NUMBERED_BOUNDARY else kind
        if not math.isfinite(latency):
            markers.append((-1, kind))  # counted among those that are left out
            continue
        row = latency - 1  # counted from 1 there
        markers.append((int(np.rint(row)), kind))
        length = _number(event.get("duration"))  # in samples
        annotations.append((kind, row, row + (length if length > 0 else 0.0)))
    return markers, annotations


def _positions(channels: list[dict[str, Any]]) -> list[tuple[float, float, float] | None]:
    """Return the positions that are given, in millimetres: x right, y front, z up."""
    # EEGLAB's X points to the front and its Y to the left.
    places = np.array(
        [[-_number(one.get("Y")), _number(one.get("X")), _number(one.get("Z"))] for one in channels]
    )
    radii = np.linalg.norm(places, axis=1)
    known = np.isfinite(radii) & (radii > 0)
    if not known.any():
        return [None] * len(channels)
    radius = radii[known].mean()
    scale = next(per for most, per in MILLIMETRES_PER if radius < most)
    return [
        tuple((scale * place).tolist()) if there else None
        for place, there in zip(places, known, strict=True)
    ]


def _list_of(told: Any) -> list[Any]:
    """Return a structure array as a list, also if it has one element or none."""
    if isinstance(told, dict):
        return [told]
    return list(told) if isinstance(told, list | np.ndarray) else []


def _number(told: Any) -> float:
    """Return a number; NaN for what is none, such as the empty array of a field not filled in."""
    array = np.asarray(told)
    return float(array.ravel()[0]) if array.size == 1 and array.dtype.kind in "iuf" else math.nan


def _text(told: Any) -> str:
    """Return a text; a number as MATLAB shows it, and nothing for an empty field."""
    if isinstance(told, str):
        return told.strip()
    number = _number(told)
    if not math.isfinite(number):
        return ""
    return str(int(number)) if number.is_integer() else str(number)
