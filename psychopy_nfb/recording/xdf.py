"""XDF files, LSL's own format, appended while running and readable after a kill.

Format: https://github.com/sccn/xdf/wiki/Specifications
"""

from __future__ import annotations

import os
import struct
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.errors import FileError, cause
from psychopy_nfb.recording.abandon import abandon_file
from psychopy_nfb.recording.text import safe_text
from psychopy_nfb.recording.xdf_headers import (
    file_header,
    read_stream_header,
    stream_footer,
    stream_header,
)

MAGIC = b"XDF:"
FILE_HEADER, STREAM_HEADER, SAMPLES, CLOCK_OFFSET, BOUNDARY, STREAM_FOOTER = range(1, 7)
BOUNDARY_MARK = bytes.fromhex("43A546DCCBF5410FB30ED5467383CBE4")
BOUNDARY_SECONDS = 10.0
TAIL_CHUNKS = 2000
"""Of how many chunks of a stream the places are known when a file is continued: some seconds."""
DTYPES = {
    "float32": "<f4",
    "double64": "<f8",
    "float64": "<f8",
    "int64": "<i8",
    "int32": "<i4",
    "int16": "<i2",
    "int8": "<i1",
}


@dataclass
class _Stream:
    """What the writer knows of one stream."""

    key: tuple[Any, ...]
    dtype: np.dtype | None
    n_channels: int
    first: float | None = None
    last: float | None = None
    count: int = 0
    texts: list[str] = field(default_factory=list)
    """Of a stream of texts those that were in the file when it was continued."""
    places: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=TAIL_CHUNKS))
    """Of a stream of numbers where its last chunks' samples lay in the file, and how many."""


class XdfWriter:
    """Writes one XDF file, chunk by chunk.

    Parameters
    ----------
    path : path
        The file.
    append : bool
        Go on with a file that another process left, cutting off a last chunk that it left half
        written and its footers.
    date : datetime with time zone, optional
        When the recording began, for the file's header; now by default.

    Raises
    ------
    FileError
        If the file cannot be written, or is to be continued and is no XDF file.
    """

    def __init__(
        self, path: str | os.PathLike[str], append: bool = False, date: datetime | None = None
    ):
        self.path: Path = Path(path)
        self._streams: dict[int, _Stream] = {}
        self._closed = False
        self._boundary_at = time.monotonic() + BOUNDARY_SECONDS
        try:
            if append and self.path.exists():
                self._file: BinaryIO = open(self.path, "r+b")
                self._continue()
            else:
                self._file = open(self.path, "xb")
            if self._file.tell() == 0:
                self._file.write(MAGIC)
                self._chunk(FILE_HEADER, file_header(date or datetime.now().astimezone()))
                self._file.flush()  # a kill before the first samples leaves an XDF file
        except OSError as error:
            raise FileError("file", str(path), f"cannot be written: {cause(error)}") from None

    def add_stream(
        self,
        name: str,
        type: str,  # noqa: A002 - LSL's own word
        labels: Sequence[str],
        rate: float,
        format: str,  # noqa: A002 - LSL's own word
        *,
        source_id: str = "",
        units: str | Sequence[str] = "",
        kinds: Sequence[str] | None = None,
        positions: Mapping[str, Sequence[float]] | None = None,
        desc: Mapping[str, Any] | None = None,
    ) -> int:
        """Add a stream and return its number; a stream that the file has already is continued.

        Parameters
        ----------
        name, type, source_id : str
            As LSL names them.
        labels : sequence of str
            One label a channel.
        rate : float
            Nominal rate in Hz; 0 for an irregular stream.
        format : str
            ``"float32"``, ``"double64"``, …, or ``"string"``.
        units : str or sequence of str
            Unit of all channels, or of each.
        kinds : sequence of str, optional
            Content type of each channel; default is the stream's.
        positions : mapping, optional
            Electrode positions by label.
        desc : mapping, optional
            Further entries of the description; mappings in it become nested elements.
        """
        format = "double64" if format == "float64" else format  # noqa: A001
        key = tuple(map(_as_read, (name, type, format, len(labels), source_id)))
        for number, stream in self._streams.items():
            if stream.key == key:
                return number
        number = max(self._streams, default=0) + 1
        header = stream_header(
            name,
            type,
            labels,
            rate,
            format,
            created_at=lsl_now(),
            source_id=source_id,
            units=units,
            kinds=kinds,
            positions=positions,
            desc=desc,
        )
        self._chunk(STREAM_HEADER, struct.pack("<I", number) + header)
        self._streams[number] = _new_stream(key)
        return number

    def write(self, stream: int, samples: Any, stamps: Sequence[float] | np.ndarray) -> None:
        """Write samples, each with its stamp, as one chunk.

        Parameters
        ----------
        stream : int
            From `add_stream`.
        samples : array (n, n_channels), or list of list of str
            In the stream's format.
        stamps : sequence of float, length n
            LSL times in seconds.
        """
        n = len(stamps)
        if n == 0:
            return
        about = self._streams[stream]
        if about.dtype is None:
            body = _pack_strings(samples, stamps)
        else:
            packed = np.empty(n, about.dtype)
            packed["stamped"] = 8
            packed["t"] = stamps
            packed["values"] = np.asarray(samples).reshape(n, about.n_channels)
            body = packed.tobytes()
        self._chunk(SAMPLES, struct.pack("<I", stream) + _length(n) + body)
        if about.first is None:
            about.first = float(stamps[0])
        about.last = float(stamps[-1])
        about.count += n

    def clock_offset(self, stream: int, t: float, offset: float) -> None:
        """Note at LSL time `t` how many seconds to add to the stream's stamps."""
        self._chunk(CLOCK_OFFSET, struct.pack("<Idd", stream, t, offset))

    def boundary(self) -> None:
        """Write the mark at which a reader of a damaged file can start again."""
        self._chunk(BOUNDARY, BOUNDARY_MARK)

    def flush(self) -> None:
        """Hand all that was written to the operating system: a killed process loses none of it."""
        if time.monotonic() > self._boundary_at:
            self._boundary_at = time.monotonic() + BOUNDARY_SECONDS
            self.boundary()
        self._file.flush()

    def first_stamp(self, stream: int) -> float | None:
        """Return the stamp of the stream's first sample, None before there is one."""
        return self._streams[stream].first

    def last_stamp(self, stream: int) -> float | None:
        """Return the stamp of the stream's last sample, None where the file has none."""
        about = self._streams.get(stream)
        return None if about is None else about.last

    def count(self, stream: int) -> int:
        """Return the number of the stream's samples in the file."""
        return self._streams[stream].count

    def texts(self, stream: int) -> list[str]:
        """Return what a stream of texts held when the file was continued."""
        return self._streams[stream].texts

    def last_stamps(self, stream: int) -> np.ndarray:
        """Return the last stamps, (n,), that a stream held when the file was continued."""
        about = self._streams[stream]
        self._file.flush()
        parts = [
            np.fromfile(self.path, about.dtype, n, offset=place)["t"] for place, n in about.places
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    def counts(self) -> dict[str, int]:
        """Return the number of samples in the file by stream name; "2: Name" where names repeat."""
        counts: dict[str, int] = {}
        for number, stream in self._streams.items():
            name = stream.key[0]
            counts[f"{number}: {name}" if name in counts else name] = stream.count
        return counts

    def close(self) -> None:
        """Write the footers and close the file. Harmless when called again."""
        if self._closed:
            return
        self._closed = True
        for number, stream in self._streams.items():
            footer = stream_footer(stream.first, stream.last, stream.count)
            self._chunk(STREAM_FOOTER, struct.pack("<I", number) + footer)
        self._file.close()

    def abandon(self, size: int) -> None:
        """Close the file with its first `size` bytes, where it can no longer be written."""
        self._closed = True
        abandon_file(self._file, size)

    def _chunk(self, tag: int, content: bytes) -> None:
        self._file.write(_length(len(content) + 2) + struct.pack("<H", tag) + content)

    def _continue(self) -> None:
        """Learn the file's streams and set the end where its last whole chunk of data ends.

        That is 0 where the process was killed before it had written the file's own header.
        """
        file = self._file
        size = os.fstat(file.fileno()).st_size
        if not MAGIC.startswith(file.read(len(MAGIC))):
            raise FileError("file", str(self.path), "is no XDF file and cannot be continued")
        end = 0
        while (length := _read_length(file)) is not None:
            begin = file.tell()
            if length < 2 or begin + length > size:
                break
            (tag,) = struct.unpack("<H", file.read(2))
            if tag == STREAM_FOOTER:
                break
            if tag == STREAM_HEADER:
                number, *_ = struct.unpack("<I", file.read(4))
                self._learn(number, file.read(length - 6))
            elif tag == SAMPLES:
                self._count(file, begin + length)
            end = begin + length
            file.seek(end)
        file.seek(end)
        file.truncate()

    def _learn(self, number: int, xml: bytes) -> None:
        info = read_stream_header(xml)
        tags = ("name", "type", "channel_format", "channel_count", "source_id")
        key = tuple(info.get(tag, "") for tag in tags)
        self._streams[number] = _new_stream(key)

    def _count(self, file: BinaryIO, end: int) -> None:
        """Take the number of samples and the outer stamps from a chunk, not its samples."""
        (number,) = struct.unpack("<I", file.read(4))
        n = _read_length(file) or 0
        stream = self._streams[number]
        stream.count += n
        if n == 0:
            return
        first = stream.last = _read_stamp(file)
        stream.first = first if stream.first is None else stream.first
        if stream.dtype is not None:
            stream.places.append((end - n * stream.dtype.itemsize, n))
            file.seek(end - stream.dtype.itemsize)
            stream.last = _read_stamp(file)
            return
        for sample in range(n):
            stream.last = _read_stamp(file) if sample else first
            for _ in range(stream.n_channels):
                stream.texts.append(file.read(_read_length(file) or 0).decode())


def _as_read(text: object) -> str:
    """Return a text as it comes back from a header: readers of XML make one line end of all."""
    return safe_text(text).replace("\r\n", "\n").replace("\r", "\n")


def _new_stream(key: tuple[Any, ...]) -> _Stream:
    form, n_channels = key[2], int(key[3])
    if form == "string":
        return _Stream(key, None, n_channels)
    values = np.dtype(DTYPES[form])
    dtype = np.dtype([("stamped", "u1"), ("t", "<f8"), ("values", values, (n_channels,))])
    return _Stream(key, dtype, n_channels)


def _pack_strings(samples: Sequence[Sequence[str]], stamps: Sequence[float]) -> bytes:
    parts = []
    for sample, stamp in zip(samples, stamps, strict=True):
        parts.append(struct.pack("<Bd", 8, stamp))
        for text in sample:
            coded = safe_text(text).encode()
            parts += [_length(len(coded)), coded]
    return b"".join(parts)


def _length(n: int) -> bytes:
    """Return a length as XDF writes it: how many bytes it takes, then these."""
    if n < 256:
        return struct.pack("<BB", 1, n)
    if n < 1 << 32:
        return struct.pack("<BI", 4, n)
    return struct.pack("<BQ", 8, n)


def _read_stamp(file: BinaryIO) -> float:
    """Read a sample's stamp, with the byte in front of it that says how long it is."""
    return struct.unpack("<xd", file.read(9))[0]


def _read_length(file: BinaryIO) -> int | None:
    """Read what `_length` wrote; None at the end of the file or in a torn length."""
    width = file.read(1)
    if not width or width[0] not in (1, 4, 8):
        return None
    raw = file.read(width[0])
    return int.from_bytes(raw, "little") if len(raw) == width[0] else None
