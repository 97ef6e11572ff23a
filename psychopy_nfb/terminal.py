"""What commands have in common: options, what they are doing, which files Ctrl-C kept."""

from __future__ import annotations

import argparse
import glob
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from psychopy_nfb.channels import UNITS

BAND = (8.0, 12.0)
"""Usual frequency band of commands, alpha, in Hz."""
INTERRUPTED = 130
"""Exit status of a command that was stopped by Ctrl-C, as shells have it: 128 + SIGINT."""


def add_band(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option ``--band LOW HIGH``, in Hz; `what` says of what."""
    low, high = BAND
    parser.add_argument(
        "--band",
        type=float,
        nargs=2,
        default=BAND,
        metavar=("LOW", "HIGH"),
        help=f"{what} in Hz (default {low:g} {high:g})",
    )


def add_units(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--units``: the unit of a recording's voltages."""
    parser.add_argument(
        "--units",
        choices=UNITS,
        help="unit of the recording's voltages, if the file says none or a wrong one",
    )


def add_stream(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--stream``: which stream of an .xdf file is meant."""
    parser.add_argument(
        "--stream",
        metavar="NAME",
        help="stream to take from an .xdf file: name, source_id or number (default: its EEG)",
    )


def add_plugins(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--plugin FILE``: parts of one's own, which may be given several times."""
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE",
        help="a Python file with steps, estimators, threshold rules or schedules of your own; give "
        "it once for each file",
    )


class Stopped(KeyboardInterrupt):
    """A command that a person stopped.

    Parameters
    ----------
    key : str
        By what.
    files : sequence of path
        What was written until then.

    Examples
    --------
    >>> str(Stopped())
    'Stopped by Ctrl-C. No file was written.'
    """

    def __init__(self, key: str = "Ctrl-C", files: Sequence[Path] = ()):
        self.key = key
        self.files: tuple[Path, ...] = tuple(files)
        kept = "".join(f"\n  {path}" for path in self.files)
        super().__init__(
            f"Stopped by {key}. {f'Files kept:{kept}' if kept else 'No file was written.'}"
        )


@contextmanager
def naming_kept_files(*stems: Path | None) -> Iterator[None]:
    """Let a stop by Ctrl-C name the files that were written meanwhile.

    Parameters
    ----------
    *stems : path or None
        What the files' paths begin with.

    Raises
    ------
    Stopped
        In place of a KeyboardInterrupt.
    """
    begun = time.time() - 1  # file systems round the times of files
    try:
        yield
    except KeyboardInterrupt as stop:
        found = {
            Path(name)
            for stem in stems
            if stem is not None
            for name in glob.glob(f"{glob.escape(str(stem))}*")
        }
        files = sorted(path for path in found if path.stat().st_mtime >= begun)
        raise Stopped(getattr(stop, "key", "Ctrl-C"), files) from None


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Show what is being done, while it is, if stderr is a terminal; show nothing otherwise."""
    from tqdm import tqdm

    with tqdm(desc=what, bar_format="{desc} ...", disable=None, leave=False):
        yield
