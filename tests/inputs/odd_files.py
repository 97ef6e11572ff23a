"""Files as other programs write them: each writer takes what may be odd in one."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import scipy.io

import psychopy_nfb
from psychopy_nfb.errors import FileError

RATE = 128.0
LABELS = ("Fz", "Cz", "Oz")
START = 5000.0
"""Stamp of the first sample of an XDF file, in seconds."""
MARKS = {128: "open", 384: "closed", 640: "open"}
"""Markers of an XDF file by their sample."""
BOUNDARY = bytes.fromhex("43A546DCCBF5410FB30ED5467383CBE4")


def eeg(seconds: float = 6.0, rate: float = RATE, n: int = len(LABELS)) -> np.ndarray:
    """Return alpha of 10 Hz in noise, in microvolts: multiples of a half, exact in all formats."""
    t = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(4).standard_normal((len(t), n))
    return np.rint(2 * (15 * np.sin(2 * np.pi * 10 * t)[:, None] + 4 * noise)) / 2


# XDF: https://github.com/sccn/xdf/wiki/Specifications


@dataclass
class XdfStream:
    """One stream of an XDF file."""

    samples: np.ndarray | list
    """(n, n_channels) numbers, or a list of lists of text (str or bytes)."""
    stamps: np.ndarray
    name: str = "Amp"
    type: str = "EEG"
    rate: float = RATE
    format: str = "double64"
    channels: str = ""
    """XML between <channels> and </channels>."""
    encoding: str = "utf-8"
    footer: str = ""
    """What the footer says as sample_count."""
    source_id: str = "amp-1"
    offsets: tuple[tuple[float, float], ...] = ()
    """(when it was measured, what it was) of each clock offset."""


def stamps_of(n: int = 768, rate: float = RATE) -> np.ndarray:
    """Return the stamps of `n` samples, in seconds."""
    return START + np.arange(n) / rate


def amplifier(stamps=None, samples=None, **settings) -> XdfStream:
    """Return an EEG stream of an XDF file."""
    samples = eeg() if samples is None else samples
    stamps = stamps_of(len(samples)) if stamps is None else stamps
    return XdfStream(samples, stamps, **{"channels": channels(), **settings})


def channels(labels=LABELS, key="label", unit="microvolts", kind="EEG", extra="") -> str:
    """Return the description of channels; unit and kind may be one for all, or one each."""
    described = ""
    for index, label in enumerate(labels):
        parts = {key: label}
        for name, told in (("unit", unit), ("type", kind)):
            parts[name] = told[index] if isinstance(told, (list, tuple)) else told
        inner = "".join(f"<{k}>{v}</{k}>" for k, v in parts.items() if v is not None)
        described += f"<channel>{inner}{extra}</channel>"
    return described


def notes(marks, stamps, **settings) -> XdfStream:
    """Return a stream of markers: `marks` is label by row, stamped as these samples are."""
    about = {"name": "Notes", "type": "Markers", "rate": 0.0, "format": "string", **settings}
    texts = [[label] for label in marks.values()]
    about.setdefault("source_id", "notes-1")
    return XdfStream(texts, np.asarray(stamps)[list(marks)], **about)


def write_xdf(path: Path, *streams: XdfStream, boundaries: bool = False) -> Path:
    """Write streams one after the other, in chunks of a second."""
    parts = [b"XDF:", _chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')]
    for number, stream in enumerate(streams, start=1):
        n_channels = len(stream.samples[0]) if len(stream.samples) else 1
        text = (
            f'<?xml version="1.0"?><info><name>{stream.name}</name><type>{stream.type}</type>'
            f"<channel_count>{n_channels}</channel_count>"
            f"<nominal_srate>{stream.rate}</nominal_srate>"
            f"<channel_format>{stream.format}</channel_format>"
            f"<source_id>{stream.source_id}</source_id>"
            f"<desc><channels>{stream.channels}</channels></desc></info>"
        )
        head = struct.pack("<I", number)
        parts.append(_chunk(2, head + text.encode(stream.encoding)))
    for number, stream in enumerate(streams, start=1):
        head = struct.pack("<I", number)
        size = round(stream.rate) or len(stream.samples)
        for first in range(0, len(stream.samples), max(size, 1)):
            rows = slice(first, first + size)
            body = b"".join(
                (b"\0" if stamp is None else struct.pack("<Bd", 8, stamp)) + _values(row, stream)
                for stamp, row in zip(stream.stamps[rows], stream.samples[rows], strict=True)
            )
            n = len(stream.samples[rows])
            parts.append(_chunk(3, head + struct.pack("<BI", 4, n) + body))
            if boundaries:
                parts.append(_chunk(5, BOUNDARY))
        parts += [_chunk(4, head + struct.pack("<dd", *one)) for one in stream.offsets]
        if stream.footer:
            count = f"<info><sample_count>{stream.footer}</sample_count></info>"
            parts.append(_chunk(6, head + count.encode()))
    path.write_bytes(b"".join(parts))
    return path


def _chunk(tag: int, content: bytes) -> bytes:
    return struct.pack("<BQH", 8, len(content) + 2, tag) + content


def _values(row, stream: XdfStream) -> bytes:
    if stream.format == "string":
        coded = [text.encode(stream.encoding) for text in row]
        return b"".join(struct.pack("<BI", 4, len(text)) + text for text in coded)
    kind = {"double64": "<f8", "float32": "<f4", "int32": "<i4", "int16": "<i2"}[stream.format]
    return np.asarray(row).astype(kind).tobytes()


# EDF: https://www.edfplus.info/specs/edfplus.html


@dataclass
class EdfSignal:
    """One signal of an EDF file."""

    label: str
    samples: np.ndarray
    """(n,) in `unit`."""
    unit: bytes = b"uV"
    rate: int = round(RATE)
    low: str = "-16384"
    high: str = "16383.5"


def edf_signals(unit: bytes = b"uV", labels=LABELS, seconds: float = 6.0, **settings) -> list:
    """Return usual signals of `eeg` in `unit`, whose numbers stay microvolts."""
    samples = eeg(seconds, n=len(labels))
    return [EdfSignal(label, samples[:, i], unit, **settings) for i, label in enumerate(labels)]


def write_edf(
    path: Path,
    signals: list[EdfSignal],
    texts: dict[float, bytes] | None = None,
    starts: list[float] | None = None,
    kind: str = "EDF+C",
    n_records: int | None = None,
    bdf: bool = False,
    lengths: dict[float, float] | None = None,
) -> Path:
    """Write records of a second: with annotations `texts` by onset, and records at `starts`.

    Annotations last as long as `lengths` say, by onset, in seconds.

    In BDF, with 24 bits, a sample is stored as it is: its range is that of the digits. A file of no
    `kind` is a plain one, as most are: no annotations, and so no times of records.
    """
    size, most = (3, 1 << 23) if bdf else (2, 1 << 15)
    n = len(signals[0].samples) // signals[0].rate
    starts = list(range(n)) if starts is None else starts
    rows, n_bytes = len(signals) + bool(kind), 120
    notes = bool(kind)  # a row for them
    head = b"\xffBIOSEMI" if bdf else _cells(8, ["0"])
    head += _cells(80, ["X X X X", "Startdate X X X X"])
    head += _cells(8, ["01.01.20", "00.00.00", 256 * (rows + 1)]) + _cells(44, [kind])
    head += _cells(8, [n if n_records is None else n_records, 1]) + _cells(4, [rows])
    head += _cells(16, [*(one.label for one in signals), *[f"{kind[:3]} Annotations"] * notes])
    head += _cells(80, [""] * rows) + _cells(8, [*(one.unit for one in signals), *[""] * notes])
    head += _cells(8, [*(one.low for one in signals), *[-1] * notes])
    head += _cells(8, [*(one.high for one in signals), *[1] * notes])
    head += _cells(8, [-most] * rows) + _cells(8, [most - 1] * rows) + _cells(80, [""] * rows)
    head += _cells(8, [*(one.rate for one in signals), *[n_bytes // size] * notes])
    head += _cells(32, [""] * rows)
    body = b""
    for record, start in enumerate(starts):
        for one in signals:
            low, high = (float(text.replace(",", ".")) for text in (one.low, one.high))
            piece = one.samples[record * one.rate : (record + 1) * one.rate]
            stored = (piece - low) / ((high - low) / (2 * most - 1) or 1) - most
            whole = np.rint(stored).clip(-most, most - 1).astype("<i4")
            body += whole.view(np.uint8).reshape(-1, 4)[:, :size].tobytes()
        if not kind:
            continue
        tal = f"+{start:g}\x14\x14\x00".encode()
        for onset, text in (texts or {}).items():
            after = starts[record + 1] if record + 1 < n else np.inf
            after = after if after > start else start + 1  # its clock was set
            if start <= onset < after:
                lasting = f"\x15{lengths[onset]:g}" if lengths and onset in lengths else ""
                tal += f"+{onset:g}{lasting}\x14".encode() + text + b"\x14\x00"
        body += tal.ljust(n_bytes, b"\x00")
    path.write_bytes(head + body)
    return path


def _cells(width: int, values) -> bytes:
    coded = [value if isinstance(value, bytes) else str(value).encode() for value in values]
    return b"".join(value.ljust(width)[:width] for value in coded)


# BrainVision: https://www.brainproducts.com/support-resources/brainvision-core-data-format-1-0


BRAINVISION = {"INT_16": "<i2", "INT_32": "<i4", "IEEE_FLOAT_32": "<f4"}


def write_brainvision(
    path: Path,
    *,
    resolution: str = "0.5",
    unit: str = "µV",
    encoding: str = "utf-8",
    codepage: str = "Codepage=UTF-8\n",
    labels=LABELS,
    data_file: str | None = None,
    marks: str = "Mk2=Stimulus,S  1,129,1,0\nMk3=Comment,Augen geöffnet,257,1,0\n",
    more: str = "",
    scale: float = 2.0,
    stored: str = "INT_16",
    vectorized: bool = False,
    coordinates: str = "",
    seconds: float = 6.0,
) -> Path:
    """Write header, markers and samples; the latter are `eeg`, in a binary format or in ASCII."""
    lines = "".join(f"Ch{i + 1}={label},,{resolution},{unit}\n" for i, label in enumerate(labels))
    header = (
        f"Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\n{codepage}"
        f"DataFile={data_file or path.stem + '.eeg'}\nMarkerFile={path.stem}.vmrk\n"
        f"DataFormat={'ASCII' if stored == 'ASCII' else 'BINARY'}\n"
        f"DataOrientation={'VECTORIZED' if vectorized else 'MULTIPLEXED'}\n"
        f"NumberOfChannels={len(labels)}\nSamplingInterval={1e6 / RATE:g}\n{more}"
        + (
            f"[ASCII Infos]\nDecimalSymbol=.\nSkipLines={1 - vectorized}\n"
            f"SkipColumns={int(vectorized)}\n"
            if stored == "ASCII"
            else f"[Binary Infos]\nBinaryFormat={stored}\n"
        )
        + f"[Channel Infos]\n{lines}{coordinates}"
    )
    markers = (
        f"Brain Vision Data Exchange Marker File, Version 1.0\n[Common Infos]\n{codepage}"
        f"DataFile={path.stem}.eeg\n[Marker Infos]\n"
        f"Mk1=New Segment,,1,1,0,20200101120000000000\n{marks}"
    )
    path.write_bytes(header.encode(encoding))
    path.with_suffix(".vmrk").write_bytes(markers.encode(encoding))
    samples = np.rint(eeg(seconds, n=len(labels)) * scale)
    if vectorized:
        samples = samples.T
    if stored == "ASCII":
        rows = [" ".join(f"{value:g}" for value in row) for row in samples]
        if vectorized:
            rows = [f"{label} {row}" for label, row in zip(labels, rows, strict=True)]
        else:
            rows.insert(0, " ".join(labels))
        content = "".join(f"{row}\n" for row in rows).encode()
    else:
        content = samples.astype(BRAINVISION[stored]).tobytes()
    path.with_suffix(".eeg").write_bytes(content)
    return path


# EEGLAB


def write_set(
    path: Path,
    events: list[dict],
    trials: int = 1,
    labels=LABELS,
    places=None,
    fdt: str = "",
    seconds: float = 6.0,
    **changed,
) -> Path:
    """Write `eeg` as EEGLAB does, continuous or in epochs, in the file or in `fdt` beside it.

    Each channel has one of `labels` and `places`; fields of the structure may be `changed`.
    """
    samples = eeg(seconds, n=len(labels))
    points = len(samples) // trials
    data = samples[: points * trials].T
    if trials > 1:
        data = data.reshape(len(labels), points, trials, order="F")
    if fdt:
        path.with_name(fdt).write_bytes(samples.astype("<f4").tobytes())
    channels = [{"labels": label, "type": ""} for label in labels]
    for channel, (x, y, z) in zip(channels, places or (), strict=False):
        channel.update(X=x, Y=y, Z=z)
    content = {
        "setname": "odd",
        "nbchan": len(labels),
        "trials": trials,
        "pnts": points,
        "srate": RATE,
        "xmin": 0.0,
        "xmax": (points - 1) / RATE,
        "data": fdt or data,
        "chanlocs": channels,
        "event": events,
        "epoch": [],
        **changed,
    }
    scipy.io.savemat(path, {"EEG": content}, appendmat=False)
    return path


def refusal(path, **options) -> str:
    """Return the sentence with which a file is refused."""
    with pytest.raises(FileError) as caught:
        psychopy_nfb.read_recording(path, **options)
    assert "\n" not in str(caught.value)
    assert "Traceback" not in str(caught.value)
    return str(caught.value)
