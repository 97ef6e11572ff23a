"""Frame records, as they stand in shared memory, turned into rows of the frame log."""

from __future__ import annotations

import math
from typing import Any

from psychopy_nfb.clock import lsl_now
from psychopy_nfb.engine.memory import Ring, SharedBlock
from psychopy_nfb.engine.records import NUMBER, Layout, frame_layout
from psychopy_nfb.recording import FrameLog, SessionFiles
from psychopy_nfb.recording.sealed_file import SealedFile
from psychopy_nfb.recording.tables import TEXT_COLUMNS

PATIENCE_SECONDS = 0.5
"""How much later than its time something that is on its way may come."""
TEXT_SECONDS = 10.0
"""How long a frame waits for the texts of its mark and its block.

They come with commands, and those wait for a worker's successor, and there for samples that are
older: as long as a start takes on a busy computer.
"""
_OF_FRAMES = frame_layout(())
_FRAME, _T_FLIP, _SEQ = map(_OF_FRAMES.place, ("frame", "t_flip", "seq"))
_UNKNOWN_AT = tuple(map(_OF_FRAMES.place, ("seq", "sample", "flags")))
"""What has no number in a frame that was shown before the first value."""
_TEXTS_AT = tuple((kind, _OF_FRAMES.place(kind)) for kind in TEXT_COLUMNS)


def frame_row(
    record: tuple[Any, ...], labels: dict[str, dict[Any, str]], layout: Layout
) -> tuple[Any, ...] | None:
    """Return one frame's row in the order of `FrameLog.columns`.

    Parameters
    ----------
    record : tuple
        What `Ring.since` yields from the frame ring.
    labels : dict
        The texts of ``"mark"`` and ``"block"`` numbers; keys may be texts, as after JSON.
    layout : Layout
        Of the frame ring.

    Returns
    -------
    tuple or None
        None if the text of its mark or block is not known (yet).
    """
    row = list(record)
    for kind, place in _TEXTS_AT:
        number = record[place]
        row[place] = "" if number == 0 else _lookup(labels[kind], number)
        if row[place] is None:
            return None
    if record[_SEQ] == 0:  # shown before the first value: nothing to trace back to
        for place in _UNKNOWN_AT:
            row[place] = math.nan
    return (*row[layout.fields], *row[layout.values])


def named_row(
    record: tuple[Any, ...], labels: dict[str, dict[Any, str]], layout: Layout
) -> tuple[Any, ...]:
    """Return one frame's row; a mark or block whose text is not known is named by its number."""
    known = {
        kind: {record[place]: str(record[place]), **_by_number(labels[kind])}
        for kind, place in _TEXTS_AT
    }
    return frame_row(record, known, layout)


def _by_number(texts: dict[Any, str]) -> dict[int, str]:
    return {int(number): text for number, text in texts.items()}


def _lookup(texts: dict[Any, str], number: int) -> str | None:
    return texts.get(number, texts.get(str(number)))


class FrameReader:
    """Takes the frames that were shown out of shared memory, in order and each once.

    Parameters
    ----------
    ring : Ring
        Of the frame records.
    labels : dict
        The texts of ``"mark"`` and ``"block"`` numbers, which the owner adds to.
    """

    def __init__(self, ring: Ring, labels: dict[str, dict[Any, str]]):
        self._ring = ring
        self._labels = labels
        self._seen = 0
        self._waits: tuple[int, float] = (0, 0.0)  # for the texts of which frame, and since when

    def take(self, patient: bool) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """Return the frames since the last call, each as its record and its row.

        Parameters
        ----------
        patient : bool
            Whether a frame waits `TEXT_SECONDS` for the texts of its mark and its block.
        """
        taken = []
        now = lsl_now()
        layout = self._ring.layout
        for record in self._ring.since(self._seen):
            row = frame_row(record, self._labels, layout)
            if row is None:
                if self._waits[0] != record[NUMBER]:
                    self._waits = record[NUMBER], now
                if patient and now - self._waits[1] < TEXT_SECONDS:
                    break  # its texts are on the way
                row = named_row(record, self._labels, layout)
            taken.append((record, row))
            self._seen = record[NUMBER]
        return taken


def append_frames(
    block: SharedBlock,
    stem: str,
    labels: dict[str, dict[Any, str]],
    seal: dict[str, Any] | None = None,
) -> int:
    """Add the frames that are in shared memory but not in the log, as after a worker's death.

    Of a session with a `seal` only what is not sealed goes into the log.

    Returns
    -------
    int
        How many were added.
    """
    files = SessionFiles.from_stem(stem)
    sealed, names = None, block.value_names
    if seal is not None:
        sealed = SealedFile(files.sealed, seal, names, append=True)
        names = sealed.visible
    log = FrameLog(files.frames, names, append=True)
    layout = block.frames.layout
    rows = [
        named_row(record, labels, layout)
        for record in block.frames.since(0)
        if record[_FRAME] > log.last_frame
    ]
    log.write(rows if sealed is None else sealed.frames(rows, log.last_frame))
    log.close()
    if sealed is not None:
        sealed.close(ends=False)
    return len(rows)
