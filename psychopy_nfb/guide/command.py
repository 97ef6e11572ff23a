"""``psychopy-nfb guide``: the manual in the browser."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path

from psychopy_nfb.checks import check_choice
from psychopy_nfb.guide import all_pages


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb guide``."""
    parser.add_argument(
        "page",
        nargs="?",
        default="index",
        metavar="PAGE",
        help=f"page to open (default index): {', '.join(all_pages())}",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write the pages into this folder instead of opening them",
    )


def main(options: argparse.Namespace) -> int:
    """Open a page in the browser; without a browser, say where it is."""
    check_choice("page", options.page, tuple(all_pages()))
    from psychopy import logging

    from psychopy_nfb.guide.pages import kept_pages, write_pages

    # PsychoPy tells of a missing monitor when it describes its dialogs; no window is opened here.
    logging.console.setLevel(logging.ERROR)

    if options.out is not None:
        print(write_pages(options.out).with_name(f"{options.page}.html"))
        return 0
    page = kept_pages() / f"{options.page}.html"
    if not webbrowser.open(page.as_uri()):
        print("No browser could be opened. Open this file in one:")
    print(page)
    return 0
