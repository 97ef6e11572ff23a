"""The chunks of an XDF file, mended where a reader would stumble over them.

Format: https://github.com/sccn/xdf/wiki/Specifications
"""

from __future__ import annotations

import io
import os
import re
import struct
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from psychopy_nfb.errors import FileError

MAGIC = b"XDF:"
FILE_HEADER, STREAM_HEADER, SAMPLES, CLOCK_OFFSET, BOUNDARY, STREAM_FOOTER = range(1, 7)
BOUNDARY_MARK = bytes.fromhex("43A546DCCBF5410FB30ED5467383CBE4")
WITH_STREAM = (STREAM_HEADER, SAMPLES, CLOCK_OFFSET, STREAM_FOOTER)
SCAN_BYTES = 1 << 20
FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""What XML does not allow; one of these in a label would make the whole file unreadable."""


def mended(path: Path) -> tuple[BinaryIO, list[str]]:
    """Return an XDF file, open for reading, whose chunks are all whole, and what was mended.

    Texts that are no UTF-8 are read as Latin-1. A footer that cannot be understood is left out: it
    holds nothing but counts. What is cut off, or damaged, is left out up to the next chunk.

    Raises
    ------
    FileError
        If the file is no XDF file.
    """
    notes: dict[str, None] = {}
    parts: list[bytes | tuple[int, int]] = []
    changed = False
    formats: dict[int, tuple[str, int]] = {}
    with path.open("rb") as file:
        if file.read(4) != MAGIC:
            raise FileError("file", str(path), "cannot be read (it is no XDF file)")
        for begin, end, tag, note in _chunks(file):
            if note:
                notes[note] = None
                changed = True
                continue
            new = None
            if tag in (STREAM_HEADER, STREAM_FOOTER, SAMPLES):
                new = _new_content(file, begin, end, tag, formats, notes)
            if new is None:
                parts.append((begin, end))
            else:
                changed = True
                parts.append(new)
        if not changed:
            return path.open("rb"), []
        whole = io.BytesIO()
        whole.write(MAGIC)
        for part in parts:
            if isinstance(part, bytes):
                whole.write(part)
            else:
                file.seek(part[0])
                whole.write(file.read(part[1] - part[0]))
    whole.seek(0)
    return whole, list(notes)


def _chunks(file: BinaryIO) -> Iterator[tuple[int, int, int, str]]:
    """Yield begin, end and tag of each chunk; instead of a tag a note where there is none."""
    size = os.fstat(file.fileno()).st_size
    begin = len(MAGIC)
    known = set()
    while begin < size:
        file.seek(begin)
        length = read_length(file)
        content = file.tell()
        head = file.read(6) if length is not None and length >= 2 else b""
        tag = int.from_bytes(head[:2], "little")
        number = int.from_bytes(head[2:6], "little")
        sound = FILE_HEADER <= tag <= STREAM_FOOTER and len(head) == min(6, length or 0)
        if sound and tag in WITH_STREAM and tag != STREAM_HEADER:
            sound = number in known
        end = content + (length or 0)
        if sound and end <= size:
            if tag == STREAM_HEADER:
                known.add(number)
            yield begin, end, tag, ""
            begin = end
            continue
        after = _after_boundary(file, begin)
        if after is None:
            yield (
                begin,
                size,
                0,
                f"The file breaks off in the middle (its last {size - begin} bytes are no whole "
                "chunk): it is read up to there.",
            )
            return
        yield (
            begin,
            after,
            0,
            f"The file is damaged: {after - begin} bytes after byte {begin} are left out.",
        )
        begin = after


def _after_boundary(file: BinaryIO, begin: int) -> int | None:
    """Return where the next boundary mark after `begin` ends; None if there is none."""
    place, rest = begin, b""
    file.seek(begin)
    while block := file.read(SCAN_BYTES):
        found = (rest + block).find(BOUNDARY_MARK)
        if found >= 0:
            return place - len(rest) + found + len(BOUNDARY_MARK)
        place += len(block)
        rest = block[-len(BOUNDARY_MARK) :]
    return None


def _new_content(
    file: BinaryIO,
    begin: int,
    end: int,
    tag: int,
    formats: dict[int, tuple[str, int]],
    notes: dict[str, None],
) -> bytes | None:
    """Return a chunk to be read instead of the one in the file; None if that is right."""
    file.seek(begin)
    read_length(file)
    number = struct.unpack("<xxI", file.read(6))[0]
    if tag == SAMPLES and formats.get(number, ("",))[0] != "string":
        return None
    content = file.read(end - file.tell())
    if tag == STREAM_HEADER:
        text = _utf8(content, "The description of a stream", notes)
        allowed = FORBIDDEN.sub(b"?", content if text is None else text)
        if allowed != content and text is None:
            notes[
                "The description of a stream has control characters; they became question marks."
            ] = None
            text = allowed
        info = ET.fromstring(allowed)
        formats[number] = (
            (info.findtext("channel_format") or "").strip(),
            int(info.findtext("channel_count") or 0),
        )
        return None if text is None else _chunk(tag, number, allowed)
    if tag == STREAM_FOOTER:
        if _is_sound_footer(content):
            return None
        notes["The summary of a stream at the end of the file is wrong; it is not used."] = None
        return b""
    texts = _utf8_samples(content, formats[number][1], notes)
    return None if texts is None else _chunk(tag, number, texts)


def _utf8(content: bytes, what: str, notes: dict[str, None]) -> bytes | None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        notes[f"{what} is no UTF-8; it was read as Latin-1."] = None
        return content.decode("latin-1").encode("utf-8")
    return None


def _is_sound_footer(content: bytes) -> bool:
    try:
        count = ET.fromstring(content).findtext("sample_count")
    except (ET.ParseError, UnicodeDecodeError, ValueError):
        return False
    return count is None or re.fullmatch(r"\s*\d+\s*", count) is not None


def _utf8_samples(content: bytes, n_channels: int, notes: dict[str, None]) -> bytes | None:
    """Return the content of a chunk of texts with these in UTF-8; None if they are, or torn."""
    file = io.BytesIO(content)
    n = read_length(file)
    parts = [content[: file.tell()]]
    wrong = False
    for _ in range(n or 0):
        at = file.tell()
        file.seek(1 + (8 if content[at : at + 1] != b"\0" else 0), os.SEEK_CUR)
        parts.append(content[at : file.tell()])
        for _ in range(n_channels):
            length = read_length(file)
            raw = file.read(length or 0)
            if length is None or len(raw) < length:
                return None
            new = _utf8(raw, "The text of a marker", notes)
            wrong |= new is not None
            text = raw if new is None else new
            parts += [b"\x04" + struct.pack("<I", len(text)), text]
    return b"".join(parts) if wrong else None


def _chunk(tag: int, number: int, content: bytes) -> bytes:
    return b"\x08" + struct.pack("<QHI", len(content) + 6, tag, number) + content


def read_length(file: BinaryIO) -> int | None:
    """Read a length: how many bytes it takes, then these; None at the end or where it is none."""
    width = file.read(1)
    if not width or width[0] not in (1, 4, 8):
        return None
    raw = file.read(width[0])
    return int.from_bytes(raw, "little") if len(raw) == width[0] else None
