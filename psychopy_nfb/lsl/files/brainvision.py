"""Recordings of BrainVision: a header in text, markers in text, and samples beside them.

MNE-Python reads the samples. It gets a header in which the text is put right; the markers are read
here.
"""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from psychopy_nfb.errors import FileError
from psychopy_nfb.lsl.files.recording import Found
from psychopy_nfb.lsl.files.with_mne import electrode_positions, read_raw

CHANNEL = re.compile(r"^Ch(\d+)=(.*)$", re.IGNORECASE)
SETTING = re.compile(r"^(\w+)\s*=(.*)$")
MARKER = re.compile(r"^Mk\d+=(.*)$", re.IGNORECASE)
NEEDED = ("NumberOfChannels", "SamplingInterval", "DataFormat", "DataOrientation")
"""What a header must say."""
ESCAPED_COMMA = r"\1"
USUAL_UNIT = "µV"
"""What a BrainVision header means where it gives no unit."""
SAMPLE_ENDINGS = (".eeg", ".dat", ".EEG", ".DAT")


def read_brainvision(path: Path) -> Found:
    """Read the recording of a ``.vhdr`` header.

    Raises
    ------
    FileError
        If it is no such header, was cut into epochs, or its samples are not there.
    """
    notes: list[str] = []
    lines = _text(path, notes).splitlines()
    settings, channels = _understood(lines, path)
    if settings.get("segmentationtype", "").upper() == "MARKERBASED":
        raise FileError(
            "file", str(path), "is cut into epochs; export the continuous recording instead"
        )
    samples = _partner(path, settings.get("datafile", ""), SAMPLE_ENDINGS)
    if samples is None:
        raise FileError(
            "file",
            str(path),
            f"names its samples {settings.get('datafile', '')!r}, which are not beside it; put "
            "that file there, or give it the header's own name",
        )
    if samples.name != settings.get("datafile", "").replace("$b", path.stem):
        notes.append(f"The header names another file of samples; {samples.name} is taken.")
    if any(comma for *_, comma in channels):
        notes.append("Numbers with a decimal comma were read as such.")
    raw = _samples(lines, channels, samples, path)
    rate = float(raw.info["sfreq"])
    labels = [name for name, *_ in channels]
    _tell_end(settings, raw.n_times, notes)
    markers, gaps = _markers(path, settings, raw.n_times, rate, notes)
    return Found(
        samples=raw.get_data().T,
        rate=rate,
        labels=labels,
        types=[""] * len(labels),
        units=[unit for _, _, unit, _ in channels],
        markers=markers,
        name=path.name,
        positions=electrode_positions(raw, labels),
        gaps=gaps,
        notes=notes,
    )


def _text(path: Path, notes: list[str]) -> str:
    """Return a text file's content; in Latin-1 (as Windows has it) if it is no UTF-8."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.append(f"{path.name} is no UTF-8; it was read as Latin-1.")
        return content.decode("cp1252", "replace")


def _understood(
    lines: list[str], path: Path
) -> tuple[dict[str, str], list[tuple[str, float, str, bool]]]:
    """Return settings by folded name, and name, resolution, unit, comma of each channel."""
    settings: dict[str, str] = {}
    channels: dict[int, tuple[str, float, str, bool]] = {}
    section = ""
    for line in lines:
        if line.startswith("["):
            section = line.strip().casefold()
        elif (match := CHANNEL.match(line)) and section == "[channel infos]":
            channels[int(match[1])] = _channel(match[2], path)
        elif (match := SETTING.match(line)) and section != "[comment]":
            settings.setdefault(match[1].casefold(), match[2].strip())
    for name in NEEDED:
        if not settings.get(name.casefold()):
            raise FileError("file", str(path), f"cannot be read (its header does not say {name})")
    n = settings.get("numberofchannels", "")
    if not n.isdecimal() or sorted(channels) != list(range(1, int(n) + 1)):
        raise FileError(
            "file",
            str(path),
            f"cannot be read (its header announces {n or 'no'} channels and describes "
            f"{len(channels)})",
        )
    return settings, [channels[number] for number in sorted(channels)]


def _channel(described: str, path: Path) -> tuple[str, float, str, bool]:
    """Return what a channel's line says: ``name,reference,resolution,unit``.

    A decimal comma makes one part more: ``Fz,,0,1,µV``.
    """
    parts = [part.strip() for part in described.split(",")] + [""] * 4
    name, resolution, unit = parts[0], parts[2], parts[3]
    comma = resolution.isdecimal() and unit.isdecimal()
    if comma:
        resolution, unit = f"{resolution}.{unit}", parts[4]
    try:
        number = float(resolution) if resolution else 1.0
    except ValueError:
        raise FileError(
            "file",
            str(path),
            f"cannot be read (the resolution of channel {name} is {resolution!r}, no number)",
        ) from None
    return name.replace(ESCAPED_COMMA, ","), number, unit or USUAL_UNIT, comma


def _partner(path: Path, named: str, endings: Iterable[str]) -> Path | None:
    """Return the file that belongs to a header: as it says, or else of its own name.

    Programs write ``$b`` for that name.
    """
    names = [named.replace("$b", path.stem), *(path.stem + ending for ending in endings)]
    beside = (path.with_name(name) for name in names if name)
    return next((one for one in beside if one.is_file()), None)


def _samples(lines, channels, samples, path):  # noqa: ANN001, ANN202 - MNE is imported late
    """Let MNE-Python read the samples, with a header that it understands."""
    section, written = "", []
    for line in lines:
        if line.startswith("["):
            section = line.strip().casefold()
        name = line.split("=")[0].strip().casefold()
        if section == "[comment]":
            break
        if section == "[common infos]" and name in ("datafile", "markerfile", "codepage"):
            continue
        if match := CHANNEL.match(line) if section == "[channel infos]" else None:
            _, resolution, *_ = channels[int(match[1]) - 1]
            # Volts for all: those are not scaled, so that each comes in the unit of the file.
            line = f"Ch{match[1]}=Ch{match[1]},,{resolution!r},V"
        elif name == "samplinginterval":
            line = line.replace(",", ".")
        written.append(line)
        if section == "[common infos]" and line.startswith("["):
            written += ["Codepage=UTF-8", f"DataFile={samples.resolve()}"]
    with tempfile.TemporaryDirectory() as folder:
        header = Path(folder) / "header.vhdr"
        header.write_text("\n".join(written) + "\n", encoding="utf-8")
        return read_raw(header, said=path)


def _tell_end(settings: dict[str, str], n: int, notes: list[str]) -> None:
    announced = settings.get("datapoints", "")
    if announced.isdecimal() and int(announced) not in (0, n):
        notes.append(
            f"The header says {announced} samples, the file holds {n}: it is read up to its end."
        )


def _markers(
    path: Path, settings: dict[str, str], n: int, rate: float, notes: list[str]
) -> tuple[list[tuple[int, str]], list[tuple[int, float]]]:
    """Return the markers, and the gaps where a new segment begins."""
    named = settings.get("markerfile", "")
    file = _partner(path, named, (".vmrk", ".VMRK")) if named else None
    if file is None:
        if named:
            notes.append(f"The file of markers {named!r} is not there: none are read.")
        return [], []
    markers, gaps = [], []
    before: tuple[int, datetime | None] | None = None
    for line in _text(file, notes).splitlines():
        match = MARKER.match(line)
        kind, text, place, *more = [*(match[1] if match else "").split(","), "", "", ""]
        if not place.strip().isdecimal():
            continue
        row = int(place) - 1  # counted from 1 there
        if kind != "New Segment":
            markers.append((row, f"{kind}/{text}".replace(ESCAPED_COMMA, ",")))
            continue
        date = _date(more)
        if before is not None and 0 < row < n:
            gaps.append((row, _missing(before, (row, date), rate)))
        before = (row, date)
    return markers, gaps


def _date(parts: list[str]) -> datetime | None:
    for part in parts:
        try:
            return datetime.strptime(part.strip(), "%Y%m%d%H%M%S%f")
        except ValueError:
            continue
    return None


def _missing(
    before: tuple[int, datetime | None], after: tuple[int, datetime | None], rate: float
) -> float:
    """Return the seconds that are missing between two segments; NaN if they have no dates."""
    if before[1] is None or after[1] is None:
        return math.nan
    passed = (after[1] - before[1]).total_seconds()
    return max(0.0, passed - (after[0] - before[0]) / rate)
