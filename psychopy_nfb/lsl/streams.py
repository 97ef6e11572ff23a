"""The list of streams that are there, for a person."""

from __future__ import annotations

import argparse

from psychopy_nfb.checks import check_number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb streams``."""
    parser.add_argument("--timeout", type=float, default=1.0, help="seconds to look (1)")


def main(options: argparse.Namespace) -> int:
    """List the streams; exit status 1 when there are none."""
    check_number("timeout", options.timeout, above=0, unit="s")
    from psychopy_nfb.lsl.find import list_streams, network_remedy

    streams = list_streams(options.timeout)
    if not streams:
        print(
            f"No LSL stream answered within {options.timeout:g} s. Switch on the LSL output of the "
            "amplifier's program, or try `psychopy-nfb simulate` in another terminal. If it is on: "
            f"{network_remedy()}."
        )
        return 1
    rows = [("name", "type", "channels", "rate", "format", "source_id", "machine")]
    formats = {
        1: "float32",
        2: "double64",
        3: "string",
        4: "int32",
        5: "int16",
        6: "int8",
        7: "int64",
    }
    for info in streams:
        rate = info.nominal_srate()
        rows.append(
            (
                info.name(),
                info.type(),
                str(info.channel_count()),
                f"{rate:g} Hz" if rate else "irregular",
                formats.get(info.channel_format(), "?"),
                info.source_id(),
                info.hostname(),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    return 0
