"""`psychopy-nfb console`: the operator's page of a session that runs already."""

from __future__ import annotations

import argparse
import sys
import webbrowser

from psychopy_nfb.console.program import add_options, running_page, serve
from psychopy_nfb.engine.running_sessions import find_session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb console``."""
    parser.add_argument(
        "session",
        nargs="?",
        metavar="SESSION",
        help="part of the session's name, or its process id; needed only if several sessions run",
    )
    add_options(parser)
    parser.add_argument(
        "--no-browser",
        dest="browser",
        action="store_false",
        help="print the address instead of opening it",
    )


def main(options: argparse.Namespace) -> int:
    """Open the page that is there, or serve one until the session has ended."""
    announcement, _ = find_session(options.session)
    address = running_page(announcement)
    if address is None:
        serve(options, announcement)
        return 0
    sys.stdout.write(f"Operator's page: {address}\n")
    if options.browser:
        webbrowser.open(address)
    return 0
