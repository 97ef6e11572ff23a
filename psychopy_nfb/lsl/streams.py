"""`psychopy-nfb streams`: the list of LSL streams on the network, for a person."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from psychopy_nfb.checks import check_number

if TYPE_CHECKING:
    import pylsl

FORMATS = {
    1: "float32",
    2: "double64",
    3: "string",
    4: "int32",
    5: "int16",
    6: "int8",
    7: "int64",
}
"""LSL's numbers for the formats of samples."""
HEADINGS = ("name", "type", "channels", "rate", "format", "source_id", "machine")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb streams``."""
    parser.add_argument(
        "--timeout", type=float, default=1.0, metavar="S", help="seconds to wait (default 1)"
    )


def main(options: argparse.Namespace) -> int:
    """List the streams; exit status 1 when there are none."""
    check_number("timeout", options.timeout, above=0, unit="s")
    from psychopy_nfb.lsl.find import list_streams, network_remedy
    from psychopy_nfb.terminal import doing

    with doing("Looking for LSL streams"):
        streams = list_streams(options.timeout)
    if not streams:
        print(
            f"No LSL stream answered within {options.timeout:g} s. Switch on the LSL output of the "
            "amplifier's program, or try `psychopy-nfb simulate` in another terminal. If it is on: "
            f"{network_remedy()}."
        )
        return 1
    print("\n".join(stream_table(streams)))
    return 0


def stream_table(streams: Sequence[pylsl.StreamInfo]) -> list[str]:
    """Return the lines of a table with one row a stream, headings first.

    Where two have all in common, a last column tells their uid.
    """
    rows = [HEADINGS]
    for info in streams:
        rate = info.nominal_srate()
        rows.append(
            (
                info.name(),
                info.type(),
                str(info.channel_count()),
                f"{rate:g} Hz" if rate else "irregular",
                FORMATS.get(info.channel_format(), "?"),
                info.source_id(),
                info.hostname(),
            )
        )
    if len(set(rows)) < len(rows):
        uids = ["uid", *(info.uid() for info in streams)]
        rows = [(*row, uid) for row, uid in zip(rows, uids, strict=True)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
