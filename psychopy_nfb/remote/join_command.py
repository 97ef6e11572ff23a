"""`psychopy-nfb join`: complete a session of two computers whose connection was lost."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``psychopy-nfb join``."""
    parser.add_argument("screen", help="any file of the session from the screen's computer")
    parser.add_argument("eeg", help="any file of the session from the amplifier's computer")


def main(options: argparse.Namespace) -> int:
    """Join them and say what came of it; return the exit status."""
    from psychopy_nfb.recording import SessionFiles
    from psychopy_nfb.remote.join import join

    added = join(options.screen, options.eeg)
    files = SessionFiles.from_stem(options.eeg)
    sys.stdout.write(f"{files.stem}: {added} frames were added; it is complete now.\n")
    return 0
