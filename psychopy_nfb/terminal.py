"""What commands show in a terminal: what they are doing, and which files were kept at Ctrl-C."""

from __future__ import annotations

import glob
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

INTERRUPTED = 130
"""Exit status of a command that was stopped by Ctrl-C, as shells have it: 128 + SIGINT."""


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
        self.files = tuple(files)
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
