"""Locks as files in the study's folder, so that no session runs on two computers at once.

They work on any file system that all computers of a study share: a lock is a file that only one
program could make. It names who holds it. One that a crash has left on this computer is taken over;
of another computer nobody here can know that, and the sentence says which file to delete.
"""

from __future__ import annotations

import getpass
import json
import logging
import os
import platform
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from psychopy_nfb.errors import FileError, cause

logger: logging.Logger = logging.getLogger(__name__)


def _this_process() -> dict[str, Any]:
    process = psutil.Process()
    try:
        user = getpass.getuser()
    except Exception:  # no name is known for it, as in a container
        user = ""
    return {
        "machine": platform.node(),
        "user": user,
        "pid": process.pid,
        "started": process.create_time(),
        "since": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


class Lock:
    """Held from its making until `release`; also a context manager.

    Parameters
    ----------
    path : path
        The file.
    what : str
        What is done meanwhile, at the beginning of a sentence: ``"Session 3 of participant 01"``.

    Raises
    ------
    FileError
        If another program holds it: which one, since when, and what to do if it has crashed.
    """

    def __init__(self, path: Path, what: str):
        self.path: Path = path
        self._held = False
        self._creator = os.getpid()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._take(what)
        except OSError as error:
            raise FileError("study", str(path), f"cannot be written: {cause(error)}") from None

    def _take(self, what: str) -> None:
        for _ in range(2):  # a second time after one that was left by a crash
            self._held = self._make()
            if self._held:
                return
            holder = _read(self.path)
            if holder is not None and not _is_stale(holder):
                break
            if holder is not None:
                since = holder.get("since")
                logger.warning("%s: taken over from a program that crashed (%s).", what, since)
            self.path.unlink(missing_ok=True)
        folder, holder = str(self.path.parent.parent), _read(self.path) or {}
        raise FileError("study", folder, self._told(what, holder))

    def _make(self) -> bool:
        """Make the file; return whether nobody else has."""
        try:
            with open(self.path, "x", encoding="utf-8") as file:
                json.dump(_this_process(), file)
        except FileExistsError:
            return False
        return True

    def _told(self, what: str, holder: dict[str, Any]) -> str:
        here = " (this computer)" if holder.get("machine") == platform.node() else ""
        return (
            f"{what} is under way on {holder.get('machine', 'another computer')}{here} since "
            f"{holder.get('since', 'just now')} ({holder.get('user', '')}, process "
            f"{holder.get('pid', '')}); wait until it has ended. If that program has crashed, "
            f"delete {self.path}"
        )

    def release(self) -> None:
        """Let others have it. Harmless when called again, and in a process that was forked."""
        if self._held and os.getpid() == self._creator:
            self._held = False
            try:
                self.path.unlink(missing_ok=True)
            except OSError as error:
                logger.warning("The lock %s is left: %s", self.path, error)

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _read(path: Path) -> dict[str, Any] | None:
    """Return what a lock says of who holds it; None if there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):  # being written just now, or cut off by a crash
        return {}
    return content if isinstance(content, dict) else {}


def holder_of(path: Path) -> dict[str, Any] | None:
    """Return who holds the lock at `path`; None if nobody does, or only a program that crashed."""
    holder = _read(path)
    return None if holder is None or _is_stale(holder) else holder


def _is_stale(holder: dict[str, Any]) -> bool:
    """Whether its program has ended without letting it go; known of this computer only."""
    if holder.get("machine") != platform.node() or "pid" not in holder:
        return False
    try:
        process = psutil.Process(holder["pid"])
        return abs(process.create_time() - holder["started"]) > 1.0  # another one of that number
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
