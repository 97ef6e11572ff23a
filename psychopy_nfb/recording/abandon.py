"""Leaving a file that can no longer be written, as it was when all was well."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO, Any


def abandon_file(file: IO[Any], size: int) -> None:
    """Close a file and cut off what is beyond `size` bytes. Harmless when it is closed.

    By its handle, not by its path: its folder may have been renamed.
    """
    try:
        handle = os.dup(file.fileno())
    except (OSError, ValueError):  # an unplugged disk, say; closed before
        handle = None
    with suppress(OSError):  # what it still has in memory finds no place
        file.close()
    if handle is None:
        return
    with suppress(OSError):
        if os.fstat(handle).st_size > size:
            os.ftruncate(handle, size)
    with suppress(OSError):
        os.close(handle)
