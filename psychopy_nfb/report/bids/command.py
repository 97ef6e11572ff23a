"""`psychopy-nfb bids`: sessions as a dataset after BIDS."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from psychopy_nfb.errors import FileError
from psychopy_nfb.terminal import doing

logger: logging.Logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb bids``."""
    add = parser.add_argument
    add(
        "sessions",
        metavar="SESSION",
        nargs="+",
        help="any file of a session, or what their names begin with; several are possible",
    )
    add("out", metavar="OUT", help="folder of the dataset; sessions that it has already stay")


def main(options: argparse.Namespace) -> int:
    """Export the sessions as `options` say; return the exit status."""
    from psychopy_nfb.report.bids.export import export_session

    refused = []
    for session in options.sessions:
        try:
            with doing(f"Exporting {Path(session).name}"):
                done = export_session(session, options.out)
        except FileError as error:  # the others are exported
            logger.warning("A session is left out. %s", error)
            refused.append(error)
            continue
        print(f"{done.stem}: {'added' if done.new else 'left as it was'}")
        for note in done.notes:
            print(f"  {note}")
    if len(refused) == len(options.sessions):
        raise refused[0]
    print(f"Dataset:\n  {options.out}")
    return 0
