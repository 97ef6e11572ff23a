"""Whether files of a session are still as they were written: sealed sums of what was appended.

A session of a blinded study has visible files beside its sealed one. At each flush a sum of what
came into each of them goes into the sealed file, so that a change is noticed when the study is
unblinded.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Sequence
from pathlib import Path

MOST_FILES = 3
"""Files of a session that sums are kept of."""
_ENTRY = struct.Struct("<QQ16s")
PROOF_BYTES = MOST_FILES * _ENTRY.size
"""Room for the sums of one flush."""


class Watched:
    """Files that are appended to, and what was appended since they were looked at last.

    Parameters
    ----------
    paths : sequence of Path
        The files, always in the same order, at most `MOST_FILES`.
    appended : bool
        Whether they were there before, and what is in them belongs to an earlier process.
    sorted_at_end : Path, optional
        The one of them that is written anew when it is closed, with its rows in order.
    """

    def __init__(
        self,
        paths: Sequence[Path] = (),
        appended: bool = False,
        sorted_at_end: Path | None = None,
    ):
        self._paths, self._sorted_at_end = list(paths), sorted_at_end
        self._ends = [os.path.getsize(path) if appended else 0 for path in paths]

    def proof(self, last: bool = False) -> bytes:
        """Return begin, end and sum of what is new in each file, in `PROOF_BYTES` bytes.

        Parameters
        ----------
        last : bool
            Whether the files were closed.
        """
        entries = []
        for place, path in enumerate(self._paths):
            begin = 0 if last and path == self._sorted_at_end else self._ends[place]
            try:
                with open(path, "rb") as file:
                    file.seek(begin)
                    new = file.read()
            except OSError:  # it is gone, which the writer of that file reports
                new = b""
            self._ends[place] = begin + len(new)
            entries.append(_ENTRY.pack(begin, self._ends[place], _sum(new)))
        return b"".join(entries).ljust(PROOF_BYTES, b"\0")


def changed_files(proofs: Sequence[bytes], paths: Sequence[Path]) -> list[Path]:
    """Return which files are not as they were, by the proofs of all flushes in their order.

    What was appended after the last flush belongs to none. A file that is not there is not changed.

    Parameters
    ----------
    proofs : sequence of bytes
        From `Watched.proof`; those of a later process follow.
    paths : sequence of Path
        As of `Watched`.
    """
    changed = []
    for place, path in enumerate(paths):
        entries = [_ENTRY.unpack_from(proof, place * _ENTRY.size) for proof in proofs]
        if path.exists() and not _same(path, [one for one in entries if one[1] > one[0]]):
            changed.append(path)
    return changed


def _same(path: Path, entries: Sequence[tuple[int, int, bytes]]) -> bool:
    """Whether a file holds what the entries say; a later process may have cut off its end."""
    kept: list[tuple[int, int, bytes]] = []
    for entry in entries:
        while kept and kept[-1][1] > entry[0]:
            kept.pop()
        kept.append(entry)
    with open(path, "rb") as file:
        for begin, end, expected in kept:
            file.seek(begin)
            if _sum(file.read(end - begin)) != expected:
                return False
    return True


def _sum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
