"""Recordings in EDF, EDF+, BDF and BDF+.

Read here and not with MNE-Python, which knows few spellings of units, brings all signals to the
highest rate, and closes the pauses of EDF+D without moving the annotations.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from psychopy_nfb.channels import EEG, STIM, VOLTAGES, channel_kinds
from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.recording.eeg_files.edf_header import (
    Annotation,
    EdfHeader,
    read_annotations,
    read_header,
)
from psychopy_nfb.recording.eeg_files.edf_times import RecordTimes
from psychopy_nfb.recording.eeg_files.recording import Found, listed

STATUS_BITS = 0x1FFFF
"""Of a trigger channel in BDF: the codes and the epoch bit; the others tell of the amplifier."""
TYPES = ("EEG", "ECG", "EOG", "EMG", "ERG", "MCG", "EP", "Resp", "Temp", "SaO2", "Light", "Sound")
TYPES += ("Event", "Dist", "NC", "MEG")
"""First words of labels that say the type of a signal, as EDF+ has them."""


def read_edf(path: Path) -> Found:
    """Read an EDF or BDF file.

    Raises
    ------
    FileError
        If it is none, or has no signal.
    """
    notes: list[str] = []
    try:
        with path.open("rb") as file:
            header = read_header(file)
            content = file.read()
    except (ValueError, OverflowError, OSError) as error:
        raise FileError("file", str(path), f"cannot be read ({cause(error)})") from None
    if header.signals and header.record_seconds <= 0:
        raise FileError(
            "file",
            str(path),
            f"says that a record lasts {header.record_seconds:g} s, so that its rate is not known; "
            "export it again",
        )
    if not header.signals or header.sizes.min() < 1:
        raise FileError("file", str(path), "has annotations only, no samples")
    records = _records(header, content, path, notes)
    labels = [header.labels[place] for place in header.signals]
    types = [_type(label) for label in labels]
    units = [_unit(header, place) for place in header.signals]
    kinds = channel_kinds(labels, types, units)
    _check_limits(header, kinds, path)
    size = _size_of_eeg(header, kinds)
    rate = size / header.record_seconds
    columns = []
    for place, kind in zip(header.signals, kinds, strict=True):
        values = _signal(header, records, place, kind)
        columns.append(_at_size(values, int(header.sizes[place]), size, len(records), kind))
    _tell_rates(header, labels, size, notes)
    starts, texts, guessed = read_annotations(_annotation_bytes(header, records))
    if guessed:
        notes.append("An annotation is no UTF-8; it was read as Latin-1.")
    times = RecordTimes(starts, header.record_seconds, size)
    notes += times.notes
    return Found(
        samples=np.stack(columns, axis=1),
        rate=rate,
        labels=labels,
        types=types,
        units=units,
        markers=[(times.row(one.onset, one.record), one.text) for one in texts],
        name=path.name,
        gaps=times.gaps,
        annotations=[(one.text, *_part(times, one)) for one in texts],
        notes=notes,
    )


def _part(times: RecordTimes, note: Annotation) -> tuple[int, int]:
    """Return the first sample of an annotation and the first after it; of a point twice its own."""
    first, end = times.part(note.onset, note.seconds, note.record)
    row = times.row(note.onset, note.record)
    return (first, end) if first < end else (row, row)


def _type(label: str) -> str:
    """Return the type that the first word of a label says.

    Examples
    --------
    >>> _type("EEG Fp1-Ref"), _type("SaO2"), _type("Fp1")
    ('EEG', 'SaO2', '')
    """
    first = label.split(" ")[0]
    return next((one for one in TYPES if one.casefold() == first.casefold()), "")


def _unit(header: EdfHeader, place: int) -> str:
    """Return the unit of a signal; one without a range has none, whatever the header says."""
    physical, digital = np.ptp(header.physical[place]), np.ptp(header.digital[place])
    return header.units[place] if physical and digital else "counts"


def _check_limits(header: EdfHeader, kinds: list[str], path: Path) -> None:
    """Refuse EEG whose limits are equal: no number of the file tells a voltage then."""
    for place, kind in zip(header.signals, kinds, strict=True):
        for what, (low, high) in (
            ("physical", header.physical[place]),
            ("digital", header.digital[place]),
        ):
            if kind == EEG and low == high:
                raise FileError(
                    "file",
                    str(path),
                    f"says {low:g} for both the {what} minimum and the {what} maximum of channel "
                    f"{header.labels[place]!r}, so that its numbers cannot be converted to "
                    "voltages; export it again with its real limits",
                )


def _records(header: EdfHeader, content: bytes, path: Path, notes: list[str]) -> np.ndarray:
    """Return the file's whole records as bytes, (n_records, n_bytes)."""
    width = int(header.sizes.sum()) * header.sample_bytes
    n = len(content) // width
    if n == 0:
        raise FileError("file", str(path), "has no samples")
    if header.n_records not in (n, -1) or len(content) % width:
        notes.append(
            f"The header says {header.n_records} records, the file holds {n}"
            + (" and a part of one" if len(content) % width else "")
            + f": it is read up to its end, {n * header.record_seconds:g} s."
        )
    elif header.n_records == -1:
        notes.append("The recording was not ended properly: the file is read up to its end.")
    return np.frombuffer(content, np.uint8, n * width).reshape(n, width)


def _bytes_of(header: EdfHeader, records: np.ndarray, place: int) -> np.ndarray:
    begin = int(header.sizes[:place].sum()) * header.sample_bytes
    return records[:, begin : begin + int(header.sizes[place]) * header.sample_bytes]


def _annotation_bytes(header: EdfHeader, records: np.ndarray) -> list[bytes]:
    parts = [_bytes_of(header, records, place) for place in header.notes]
    return [b"".join(part[row].tobytes() for part in parts) for row in range(len(records))]


def _signal(header: EdfHeader, records: np.ndarray, place: int, kind: str) -> np.ndarray:
    """Return the samples of a signal in its unit; codes of triggers as they are."""
    raw = np.ascontiguousarray(_bytes_of(header, records, place))
    if header.sample_bytes == 2:
        values = raw.view("<i2").ravel().astype(float)
    else:
        wide = np.zeros((raw.size // 3, 4), np.uint8)
        wide[:, 1:] = raw.reshape(-1, 3)
        values = (wide.view("<i4").ravel() >> 8).astype(float)
        if kind == STIM:
            return (values.astype(np.int64) & STATUS_BITS).astype(float)
    (low, high), (first, last) = header.physical[place], header.digital[place]
    if high == low or last == first:
        return values
    gain = (high - low) / (last - first)
    return values * gain + (low - first * gain)


def _size_of_eeg(header: EdfHeader, kinds: list[str]) -> int:
    """Return the samples a record of the EEG channels; of most of them, if they differ."""
    sizes = header.sizes[header.signals]
    wanted = [size for size, kind in zip(sizes, kinds, strict=True) if kind == EEG]
    wanted = wanted or [size for size, kind in zip(sizes, kinds, strict=True) if kind in VOLTAGES]
    counted, times = np.unique(wanted or sizes, return_counts=True)
    return int(counted[times == times.max()].max())


def _at_size(values: np.ndarray, old: int, new: int, n_records: int, kind: str) -> np.ndarray:
    """Return a signal with `new` samples a record instead of `old`."""
    if old == new:
        return values
    if kind not in VOLTAGES:  # codes and slow values have no values between them
        return values[np.arange(n_records * new) * old // new]
    from scipy.signal import resample_poly

    shared = math.gcd(old, new)
    return resample_poly(values, new // shared, old // shared, padtype="line")


def _tell_rates(header: EdfHeader, labels: list[str], size: int, notes: list[str]) -> None:
    others = [
        f"{label} ({header.sizes[place] / header.record_seconds:g} Hz)"
        for label, place in zip(labels, header.signals, strict=True)
        if header.sizes[place] != size
    ]
    if others:
        notes.append(
            f"Channels have different rates: {listed(others)} were brought to the "
            f"{size / header.record_seconds:g} Hz of the EEG."
        )
