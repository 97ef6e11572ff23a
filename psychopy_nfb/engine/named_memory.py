"""Named blocks of shared memory: create, join, remove, and clean up after dead processes.

Python's resource tracker is kept out of all of it. Below Python 3.13 a process that only joins a
block registers it with a tracker of its own, which removes the block when *that* process ends,
while the experiment still uses it. The creator's tracker, on the other hand, prints "leaked
shared_memory objects" into the experiment's output whenever the experiment is killed, as PsychoPy
Runner's Stop does, although the worker removes the block by then.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import psutil

FOLDER: Path | None = Path("/dev/shm") if sys.platform == "linux" else None
"""Where Linux shows shared memory as files. On Windows a block ends with the last process that
holds it; macOS does not list its blocks. A Windows program in Wine sees this folder, and none of
the processes that its blocks belong to."""
PREFIX = "nfb"


def create_memory(size: int) -> SharedMemory:
    """Return a new block of `size` bytes, named ``nfb_<process id>_<random>``.

    Blocks whose creator was killed together with its worker are removed first.
    """
    remove_abandoned()
    name = f"{PREFIX}_{os.getpid()}_{secrets.token_hex(4)}"
    with _untracked():
        return SharedMemory(name, create=True, size=size)


def join_memory(name: str) -> SharedMemory:
    """Return the shared memory `name` that another process made and will remove.

    Raises
    ------
    FileNotFoundError
        If there is no such block.
    """
    with _untracked():
        return SharedMemory(name)


def remove_memory(memory: SharedMemory) -> None:
    """Remove a block's name. Harmless when it has been removed already."""
    with _untracked(), suppress(FileNotFoundError):
        memory.unlink()


def remove_abandoned() -> list[str]:
    """Remove the blocks of creators that no longer run; return the names.

    Only Linux needs it and has it, see `FOLDER`.
    """
    removed = []
    if FOLDER is not None and FOLDER.is_dir():
        for path in FOLDER.glob(f"{PREFIX}_*_*"):
            with suppress(OSError, ValueError):  # gone already, another user's, another program's
                if not creator_lives(int(path.name.split("_")[1])):
                    path.unlink()
                    removed.append(path.name)
    return removed


def creator_lives(pid: int) -> bool:
    """Return whether process `pid` runs, be it a later one to which the number was given again.

    Times of processes and files are no help to tell these apart: they are from clocks that are put
    right now and then, and then the block of a running experiment would look abandoned.
    """
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


@contextmanager
def _untracked() -> Iterator[None]:
    """Keep this process's resource tracker out of what is done meanwhile."""
    register, unregister = resource_tracker.register, resource_tracker.unregister
    resource_tracker.register = resource_tracker.unregister = lambda *_: None
    try:
        yield
    finally:
        resource_tracker.register, resource_tracker.unregister = register, unregister
