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
    from psychopy_nfb.remote.join import join

    sys.stdout.write(f"{join(options.screen, options.eeg)}\n")
    return 0
