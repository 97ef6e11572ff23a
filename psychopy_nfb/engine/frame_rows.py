"""Frame records, as they stand in shared memory, turned into rows of the frame log."""

from __future__ import annotations

import math

from psychopy_nfb.engine.memory import FRAME_FIELDS, FRAME_VALUES, SharedBlock
from psychopy_nfb.recording import FrameLog, SessionFiles

_AT = {name: 1 + place for place, name in enumerate(FRAME_FIELDS)}
_NAN = math.nan


def frame_row(record: tuple, labels: dict[str, dict]) -> tuple | None:
    """Return one frame's row in the order of `FrameLog.columns`.

    Parameters
    ----------
    record : tuple
        What `Ring.since` yields from the frame ring.
    labels : dict
        The texts of ``"mark"`` and ``"block"`` numbers; keys may be texts, as after JSON.

    Returns
    -------
    tuple or None
        None if the text of its mark or block is not known (yet).
    """
    texts = []
    for kind in ("mark", "block"):
        number = record[_AT[kind]]
        text = "" if number == 0 else _lookup(labels[kind], number)
        if text is None:
            return None
        texts.append(text)
    row = list(record[1 : _AT["mark"]])
    if record[_AT["seq"]] == 0:  # shown before the first value: nothing to trace back to
        for name in ("seq", "sample", "flags"):
            row[_AT[name] - 1] = _NAN
    return (*row, *texts, *record[FRAME_VALUES])


def _lookup(texts: dict, number: int) -> str | None:
    return texts.get(number, texts.get(str(number)))


def append_frames(block: SharedBlock, stem: str, labels: dict[str, dict]) -> int:
    """Add the frames that are in shared memory but not in the log, as after a worker's death.

    Returns
    -------
    int
        How many were added.
    """
    log = FrameLog(SessionFiles.from_stem(stem).frames, append=True, value_names=block.value_names)
    rows = []
    for record in block.frames.since(0):
        if record[1] > log.last_frame:
            known = {
                kind: {
                    **labels[kind],
                    record[_AT[kind]]: _lookup(labels[kind], record[_AT[kind]])
                    or str(record[_AT[kind]]),
                }
                for kind in ("mark", "block")
            }
            rows.append(frame_row(record, known))
    log.write(rows)
    log.close()
    return len(rows)
