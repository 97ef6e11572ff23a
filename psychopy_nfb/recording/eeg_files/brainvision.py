"""Recordings of BrainVision: a header in text, markers in text, and samples beside them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from psychopy_nfb.errors import FileError
from psychopy_nfb.recording.eeg_files.beside import partner, samples_beside
from psychopy_nfb.recording.eeg_files.brainvision_samples import read_samples
from psychopy_nfb.recording.eeg_files.recording import Found

CHANNEL = re.compile(r"^Ch(\d+)=(.*)$", re.IGNORECASE)
SETTING = re.compile(r"^(\w+)\s*=(.*)$")
MARKER = re.compile(r"^Mk\d+=([^,]*),(.*)$", re.IGNORECASE)
PLACE = re.compile(r"(.*?),\s*(\d+)\s*(?:,([\s\d]*)(?:,[-\s\d]*(?:,\s*(\d{20})\s*)?)?)?")
"""What follows a marker's type: text, sample, length, channel, and the date of a segment."""
NEEDED = ("NumberOfChannels", "SamplingInterval", "DataFormat", "DataOrientation")
"""What a header must say."""
ESCAPED_COMMA = r"\1"
USUAL_UNIT = "µV"
"""What a BrainVision header means where it gives no unit."""
HEAD_MILLIMETRES = 95.0
"""Radius of a head whose size is not known; the same as MNE-Python's."""
SAMPLE_ENDINGS = (".eeg", ".dat", ".EEG", ".DAT")


@dataclass(frozen=True)
class Entry:
    """One entry in the file of markers."""

    kind: str
    """Its type: Stimulus, Comment, New Segment, Bad Interval, …"""
    text: str
    row: int
    """Sample, counted from 0."""
    length: int
    """In samples."""
    date: datetime | None
    """When a segment began."""

    @property
    def marks(self) -> str:
        """The word that may mark its part as bad: Analyzer has it as the type, others as a text."""
        return self.text if self.kind.casefold() == "comment" else self.kind


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
    if settings.get("datatype", "TIMEDOMAIN").upper() != "TIMEDOMAIN":
        raise FileError("file", str(path), "holds spectra; export the recording itself instead")
    samples = samples_beside(path, settings.get("datafile", ""), SAMPLE_ENDINGS, notes)
    if any(comma for *_, comma in channels):
        notes.append("Numbers with a decimal comma were read as such.")
    rate = 1e6 / _interval(settings, path)
    entries = _entries(path, settings, notes)
    last = max((one.row for one in entries), default=-1)
    stored = read_samples(settings, len(channels), rate, last, samples, path, notes)
    labels = [name for name, *_ in channels]
    markers, gaps = _markers(entries, len(stored), rate)
    return Found(
        samples=stored * np.array([resolution for _, resolution, *_ in channels]),
        rate=rate,
        labels=labels,
        types=[""] * len(labels),
        units=[unit for _, _, unit, _ in channels],
        markers=markers,
        name=path.name,
        positions=_positions(lines, len(channels)),
        gaps=gaps,
        annotations=[(one.marks, one.row, one.row + one.length) for one in entries],
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


def _interval(settings: dict[str, str], path: Path) -> float:
    """Return the microseconds from sample to sample."""
    text = settings["samplinginterval"].replace(",", ".")
    try:
        interval = float(text)
    except ValueError:
        interval = 0.0
    if not 0 < interval < math.inf:
        raise FileError(
            "file", str(path), f"cannot be read (its SamplingInterval is {text[:100]!r})"
        )
    return interval


def _positions(lines: list[str], n_channels: int) -> list[tuple[float, float, float] | None]:
    """Return the positions that the header gives, in millimetres; radius 0 is none.

    They are spherical: the angle from the vertex, and the one from the right ear to the front. A
    radius of 1 stands for any head: it is taken as one of `HEAD_MILLIMETRES`.
    """
    positions: list[tuple[float, float, float] | None] = [None] * n_channels
    section = ""
    for line in lines:
        if line.startswith("["):
            section = line.strip().casefold()
        match = CHANNEL.match(line) if section == "[coordinates]" else None
        if match is None or not 1 <= int(match[1]) <= n_channels:
            continue
        try:
            radius, theta, phi = (float(part) for part in match[2].split(",")[:3])
        except ValueError:
            continue
        if 0 < radius < math.inf and math.isfinite(theta) and math.isfinite(phi):
            size = HEAD_MILLIMETRES if radius == 1 else radius
            theta, phi = math.radians(theta), math.radians(phi)
            positions[int(match[1]) - 1] = (
                size * math.sin(theta) * math.cos(phi),
                size * math.sin(theta) * math.sin(phi),
                size * math.cos(theta),
            )
    return positions


def _entries(path: Path, settings: dict[str, str], notes: list[str]) -> list[Entry]:
    """Return the entries in the file of markers."""
    named = settings.get("markerfile", "")
    file = partner(path, named, (".vmrk", ".VMRK")) if named else None
    if file is None:
        if named:
            notes.append(f"The file of markers {named!r} is not there: none are read.")
        return []
    entries, with_comma, unread = [], 0, 0
    for line in _text(file, notes).splitlines():
        if (entry := MARKER.match(line)) is None:
            continue
        if (found := PLACE.fullmatch(entry[2])) is None:
            unread += 1
            continue
        with_comma += "," in found[1]
        row = int(found[2]) - 1  # counted from 1 there
        length = int(((found[3] or "").split() or ["1"])[0])
        entries.append(Entry(entry[1].strip(), found[1], row, length, _date(found[4])))
    if with_comma:
        notes.append(
            f"{with_comma} of the markers {'has' if with_comma == 1 else 'have'} a comma in the "
            "text that is not written as \\1; it was taken as part of the text."
        )
    if unread:
        lines = (
            "line of {} names no sample and was"
            if unread == 1
            else "lines of {} name no sample and were"
        )
        notes.append(f"{unread} {lines.format(file.name)} left out; export the markers again.")
    return entries


def _markers(
    entries: list[Entry], n: int, rate: float
) -> tuple[list[tuple[int, str]], list[tuple[int, float]]]:
    """Return the markers, and the gaps where a new segment begins."""
    markers, gaps = [], []
    before: Entry | None = None
    for one in entries:
        if one.kind != "New Segment":
            markers.append((one.row, f"{one.kind}/{one.text}".replace(ESCAPED_COMMA, ",")))
            continue
        if 0 < one.row < n:  # at the first sample the recording itself begins
            gaps.append((one.row, math.nan if before is None else _missing(before, one, rate)))
        before = one
    return markers, gaps


def _date(text: str | None) -> datetime | None:
    try:
        return datetime.strptime(text or "", "%Y%m%d%H%M%S%f")
    except ValueError:
        return None


def _missing(before: Entry, after: Entry, rate: float) -> float:
    """Return the seconds that are missing between two segments; NaN if they have no dates."""
    if before.date is None or after.date is None:
        return math.nan
    passed = (after.date - before.date).total_seconds()
    return max(0.0, passed - (after.row - before.row) / rate)
