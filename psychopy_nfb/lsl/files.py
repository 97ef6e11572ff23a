"""Recordings read from files, to be streamed again or processed at once."""

from __future__ import annotations

import logging
import os
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.lsl.continuity import Continuity

logger = logging.getLogger(__name__)

FOLDER_ENDINGS = (".mff", ".ds", ".mefd")
"""Recordings that are folders."""
PARTNERS = {".vmrk": ".vhdr", ".eeg": ".vhdr", ".fdt": ".set"}
"""Files that belong to another one, which is the one to open."""


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
    """Float64 of shape (n_samples, n_channels). From .xdf exactly as stored, in `units`. From
    other files, voltages in microvolts; a file that stores another unit is converted."""
    rate: float
    """Nominal samples per second."""
    labels: tuple[str, ...]
    """One a channel."""
    units: tuple[str, ...] = ()
    """One a channel; microvolts if not given."""
    kinds: tuple[str, ...] = ()
    """Content type of each channel, such as ``EEG``, ``EOG`` or ``STIM``; EEG if not given."""
    markers: tuple[tuple[int, str], ...] = ()
    """(sample, label) in order of time; sample 0 is the first."""
    positions: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    """Electrode positions in millimetres by label as far as known: x right, y front, z up."""
    gaps: tuple[tuple[int, float], ...] = ()
    """(sample after the gap, seconds missing), from the samples' stamps."""
    name: str = ""
    """Name of the file or of the stream in it."""

    def __post_init__(self) -> None:
        for name, usual in (("units", "microvolts"), ("kinds", "EEG")):
            if not getattr(self, name):
                object.__setattr__(self, name, (usual,) * len(self.labels))

    @property
    def seconds(self) -> float:
        """Length of the samples, without gaps."""
        return len(self.samples) / self.rate


def read_recording(path: str | os.PathLike, stream: str | None = None) -> Recording:
    """Read a recording of any format that pyxdf or MNE-Python reads.

    Parameters
    ----------
    path : path-like
        ``.xdf``; ``.fif``, ``.set``, ``.vhdr``, ``.edf``, ``.bdf`` and others.
    stream : str, optional
        Name of the stream to take from an .xdf file; default is the first of type EEG.

    Returns
    -------
    Recording

    Raises
    ------
    FileError
        If there is no such file, if it is a folder, empty, damaged or of an unknown kind, if it
        has no such stream, or if the package that reads it is not installed.

    Notes
    -----
    Markers of .xdf are those of all marker streams in the file, put on the sample whose stamp is
    nearest; those before the first or after the last sample are left out. Of other files they are
    the annotations.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if not path.exists():
        raise FileError("file", str(path), "there is no such file")
    if path.is_dir() and ending not in FOLDER_ENDINGS:
        raise FileError("file", str(path), "is a folder; name the recording in it")
    if path.is_file() and path.stat().st_size == 0:
        raise FileError("file", str(path), "is empty")
    if ending in PARTNERS and path.with_suffix(PARTNERS[ending]).exists():
        raise FileError(
            "file", str(path), f"is one part of a recording; open its {PARTNERS[ending]} file"
        )
    if ending == ".xdf":
        recording = _read_xdf(path, stream)
    elif stream is not None:
        raise FileError("stream", stream, f"only .xdf files have named streams, not {path.name}")
    else:
        recording = _read_with_mne(path)
    if recording.samples.size == 0:
        raise FileError("file", str(path), "has no samples")
    return recording


def _not_installed(path: Path, package: str) -> FileError:
    return FileError(
        "file", str(path), f'needs {package} to be read: pip install "psychopy-nfb[files]"'
    )


def _unreadable(path: Path, error: Exception) -> FileError:
    why = re.sub(r"<_io\.\w+ name=(.*?)>", r"\1", cause(error)).replace("\\\\", "\\")
    return FileError("file", str(path), f"cannot be read ({why[:200].rstrip('.')})")


def _read_with_mne(path: Path) -> Recording:
    try:
        import mne
        from mne.io.constants import FIFF
    except ImportError:
        raise _not_installed(path, "mne") from None
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            raw = mne.io.read_raw(path, preload=True, verbose="ERROR")
    except Exception as error:  # each of MNE's readers fails in its own way
        if "Unsupported file type" in str(error):
            raise FileError(
                "file",
                str(path),
                "is not a known kind of recording: .xdf, .fif, .set, .vhdr, .edf, .bdf or another "
                "that MNE-Python reads",
            ) from None
        raise _unreadable(path, error) from None
    for warning in caught:
        logger.info("%s: %s", path.name, warning.message)
    channels = raw.info["chs"]
    kinds = raw.get_channel_types()
    # MNE says volts of trigger channels too, whose values are codes.
    volts = np.array(
        [
            channel["unit"] == FIFF.FIFF_UNIT_V and kind != "stim"
            for channel, kind in zip(channels, kinds, strict=True)
        ]
    )
    samples = raw.get_data().T * np.where(volts, 1e6, 1.0)
    positions = {
        channel["ch_name"]: tuple((1000 * place).tolist())
        for channel in channels
        if np.isfinite(place := np.asarray(channel["loc"][:3], dtype=float)).all() and place.any()
    }
    notes = raw.annotations
    # Onsets count from the start of acquisition, which may lie before the first sample kept.
    # Not raw.time_as_index: without a measurement date it takes them from the first sample.
    rows = np.rint(notes.onset * raw.info["sfreq"]).astype(int) - raw.first_samp
    return Recording(
        samples=np.ascontiguousarray(samples),
        rate=float(raw.info["sfreq"]),
        labels=tuple(raw.ch_names),
        units=tuple("microvolts" if volt else "unknown" for volt in volts),
        kinds=tuple(kind.upper() for kind in kinds),
        markers=_in_order(zip(rows.tolist(), notes.description.tolist(), strict=True), len(raw)),
        positions=positions,
        name=path.name,
    )


def _read_xdf(path: Path, stream: str | None) -> Recording:
    try:
        import pyxdf
    except ImportError:
        raise _not_installed(path, "pyxdf") from None
    try:
        # Without dejittering, the stamps are the recorded ones, so that gaps of any length show.
        # Opened here, because pyxdf leaves a file that is no XDF open.
        with path.open("rb") as file:
            streams, _ = pyxdf.load_xdf(file, dejitter_timestamps=False)
    except Exception as error:  # damaged files fail anywhere in the parser
        raise _unreadable(path, error) from None
    chosen = _choose_stream(path, streams, stream)
    info = chosen["info"]
    samples = np.array(chosen["time_series"], dtype=np.float64)
    stamps = chosen["time_stamps"]
    rate = float(info["nominal_srate"][0])
    found = []
    for other in streams:
        if _is_markers(other):
            rows = _nearest(stamps, other["time_stamps"], 1 / rate)
            labels = [";".join(map(str, row)) for row in other["time_series"]]
            found += [(row, label) for row, label in zip(rows, labels, strict=True) if row >= 0]
    n_channels = samples.shape[1]
    labels = _channel_values(info, "label", n_channels)
    return Recording(
        samples=samples,
        rate=rate,
        labels=tuple(label or f"Ch{index + 1}" for index, label in enumerate(labels)),
        units=tuple(unit or "microvolts" for unit in _channel_values(info, "unit", n_channels)),
        kinds=tuple(kind or _type(chosen) for kind in _channel_values(info, "type", n_channels)),
        markers=_in_order(found, len(samples)),
        positions=_xdf_positions(info, labels),
        gaps=tuple((gap.row, gap.seconds) for gap in Continuity(rate).check(stamps)),
        name=info["name"][0],
    )


def _choose_stream(path: Path, streams: list[dict], name: str | None) -> dict:
    there = ", ".join(f"{s['info']['name'][0]!r} ({_type(s)})" for s in streams) or "none"
    if name is not None:
        fitting = [s for s in streams if s["info"]["name"][0] == name]
        missing = FileError("stream", name, f"{path.name} has no such stream; it has {there}")
    else:
        fitting = [s for s in streams if _type(s).casefold() == "eeg"]
        missing = FileError(
            "file", str(path), f"has no stream of type EEG; name one of those it has: {there}"
        )
    if not fitting:
        raise missing
    chosen = next((s for s in fitting if len(s["time_stamps"])), None)
    if chosen is None:
        raise FileError("file", str(path), "has no samples in its EEG stream")
    numeric = chosen["info"]["channel_format"][0] != "string"
    if not numeric or not float(chosen["info"]["nominal_srate"][0]):
        raise FileError(
            "stream", chosen["info"]["name"][0], "has no regular samples; choose an EEG stream"
        )
    return chosen


def _type(stream: dict) -> str:
    return stream["info"]["type"][0] or ""


def _is_markers(stream: dict) -> bool:
    info = stream["info"]
    irregular = float(info["nominal_srate"][0]) == 0
    text = info["channel_format"][0] == "string"
    return irregular and (text or _type(stream).casefold() == "markers")


def _nearest(stamps: np.ndarray, times: np.ndarray, period: float) -> list[int]:
    """Return the row of `stamps` nearest to each of `times`, or -1 where it lies outside."""
    times = np.asarray(times, dtype=float)
    right = np.minimum(np.searchsorted(stamps, times), len(stamps) - 1)
    left = np.maximum(right - 1, 0)
    rows = np.where(times - stamps[left] <= stamps[right] - times, left, right)
    outside = (times < stamps[0] - period) | (times > stamps[-1] + period)
    return np.where(outside, -1, rows).tolist()


def _channels(info: dict) -> list[dict]:
    try:
        return info["desc"][0]["channels"][0]["channel"]
    except (KeyError, IndexError, TypeError):
        return []  # a stream need not describe itself


def _channel_values(info: dict, key: str, n: int) -> list[str]:
    values = [_text(channel, key) for channel in _channels(info)[:n]]
    return values + [""] * (n - len(values))


def _text(element: dict, key: str) -> str:
    value = (element or {}).get(key) or [""]
    return value[0] if isinstance(value[0], str) else ""


def _xdf_positions(info: dict, labels: list[str]) -> dict[str, tuple[float, float, float]]:
    positions = {}
    for label, channel in zip(labels, _channels(info), strict=False):
        place: Any = (channel or {}).get("location")
        try:
            positions[label] = tuple(float(_text(place[0], axis)) for axis in "XYZ")
        except (TypeError, ValueError, IndexError):
            continue
    return positions


def _in_order(markers: Any, n_samples: int) -> tuple[tuple[int, str], ...]:
    """Return the markers that lie within the samples, by time."""
    inside = [(int(row), str(label)) for row, label in markers if 0 <= row < n_samples]
    return tuple(sorted(inside, key=lambda marker: marker[0]))
