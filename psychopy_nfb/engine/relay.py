"""Feedback records as an LSL stream, for a screen that is at another computer."""

from __future__ import annotations

import pylsl

from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.lsl.outlet import make_outlet

STREAM_TYPE = "NFBRecords"


def make_relay(source_id: str, block: SharedBlock) -> pylsl.StreamOutlet:
    """Publish a stream of records: a record's number, then all that it holds, in that order.

    Parameters
    ----------
    source_id : str
        Unique mark of the stream, which the other computer knows.
    block : SharedBlock
        Its records' layout is the stream's.
    """
    labels = ("number", *block.feedback.layout.names)
    # 64-bit floats hold the numbers of records, samples and flags exactly.
    return make_outlet(
        "psychopy_nfb records",
        STREAM_TYPE,
        labels,
        pylsl.IRREGULAR_RATE,
        units="",
        source_id=source_id,
        format="double64",
    )
