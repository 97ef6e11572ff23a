"""Writes the session's settings file in a thread of its own: the disk may take its time."""

from __future__ import annotations

import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from psychopy_nfb.recording import SessionRecord

logger: logging.Logger = logging.getLogger(__name__)


class SettingsClerk:
    """Puts sections into a settings file, one after the other.

    Parameters
    ----------
    path : path
        The file.
    new : bool
        Whether it is begun; otherwise what is in it stays.

    Raises
    ------
    FileError
        If the file that goes on cannot be read.
    """

    def __init__(self, path: Path, new: bool):
        self._record = SessionRecord(path) if new else SessionRecord.load(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="settings")
        self._unreported: deque[str] = deque()
        self.error: str | None = None
        """Why the file could not be written the last time, or None."""

    @property
    def content(self) -> dict[str, Any]:
        """What is in the file, or will be once it can be written again."""
        return self._record.content

    def begin(self, sections: dict[str, Any]) -> None:
        """Write the first sections and wait for them: without them no successor could go on."""
        self._thread.submit(self._write, sections).result()

    def write(self, sections: dict[str, Any]) -> None:
        """Put sections into the file, soon."""
        self._thread.submit(self._write, sections)

    def move(self, path: Path) -> None:
        """Go on in another file, with all that was in this one."""
        self._thread.submit(self._move, path)

    def unreported(self) -> str | None:
        """Return a failure that the experiment has not been told yet."""
        return self._unreported.popleft() if self._unreported else None

    def close(self) -> None:
        """Write what is left."""
        self._thread.shutdown(wait=True)

    def _move(self, path: Path) -> None:
        self._record.path = path
        self._write({})

    def _write(self, sections: dict[str, Any]) -> None:
        """Write; a failure is reported, and what the file lacks comes with the next."""
        try:
            self._record.update(**sections)
        except Exception as error:  # whatever it is, the future would keep it to itself
            logger.error("Settings: %s", error)
            if self.error is None:
                self._unreported.append(str(error))
            self.error = str(error)
        else:
            self.error = None
