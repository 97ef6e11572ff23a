"""Reads of shared memory under a writer at full speed: are they whole, what do they cost.

``python -m psychopy_nfb.bench.reads BLOCK PID`` is the writer; it ends with process PID.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from psychopy_nfb.engine.memory import SharedBlock
from psychopy_nfb.engine.records import SAMPLE, FeedbackFields
from psychopy_nfb.process import guard, running
from psychopy_nfb.protocol import value_names

VALUE_NAMES = value_names(["alpha"])


def write_forever(name: str) -> None:
    """Write records whose fields all hold their number, as fast as possible, until killed."""
    block = SharedBlock.attach(name)
    number = 0
    write, n_values = block.feedback.write, len(VALUE_NAMES)
    while True:
        number += 1
        tell = float(number)
        fields = FeedbackFields(
            t_sample=tell,
            t_received=tell,
            t_published=tell,
            t_arrived=tell,
            delay=tell,
            sample=number,
            flags=number,
        )
        write(*fields, *(tell,) * n_values)


def count_torn(n_reads: int, progress: Callable[[int], None] = lambda _: None) -> dict[str, int]:
    """Read `n_reads` times under a writer at full speed.

    Returns
    -------
    dict
        ``torn_reads``: records that were given out although their fields were not of one write;
        ``reads``; ``retries``: records found half written and read again; ``distinct``: how many
        different records were seen, a sign that the writer was writing all the while.
    """
    block = SharedBlock.create(VALUE_NAMES)
    try:
        with running("bench.reads", block.name, str(os.getpid())) as writer:
            while block.feedback.newest() is None:
                if writer.poll() is not None:
                    raise RuntimeError("the writer ended by itself")
            return _counted(block, n_reads, progress)
    finally:
        block.close()


def _counted(block: SharedBlock, n_reads: int, progress: Callable[[int], None]) -> dict[str, int]:
    torn = distinct = 0
    layout = block.feedback.layout
    width = len(layout.names)
    last = None
    read = block.feedback.newest
    for start in range(0, n_reads, 100_000):
        n = min(100_000, n_reads - start)
        for _ in range(n):
            record = read()
            number = record[SAMPLE]
            if number != last:
                distinct += 1
                last = number
            # All fields and values were one number when written.
            if record[layout.fields] + record[layout.values] != (number,) * width:
                torn += 1
        progress(n)
    return {
        "torn_reads": torn,
        "reads": n_reads,
        "retries": block.feedback.torn,
        "distinct": distinct,
    }


if __name__ == "__main__":
    guard(int(sys.argv[2]), lambda: os._exit(0))
    write_forever(sys.argv[1])
