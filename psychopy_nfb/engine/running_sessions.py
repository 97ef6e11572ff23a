"""Where running sessions announce themselves, for the operator's page and other programs.

Each writes a small file into a folder that only this user can read, and removes it at its end. What
a killed session has left is removed by the next that looks.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from psychopy_nfb.errors import FileError, SettingsError, cause, listed

logger: logging.Logger = logging.getLogger(__name__)

FOLDER_VARIABLE = "PSYCHOPY_NFB_RUNNING"
"""Names another folder, such as one for tests."""


def sessions_folder() -> Path:
    """Return the folder of the announcements, made if it is not there.

    Raises
    ------
    FileError
        If it cannot be made, or belongs to another user.
    """
    chosen = os.environ.get(FOLDER_VARIABLE)
    name = "psychopy_nfb"
    if sys.platform != "win32":  # there the temporary folder is the user's own
        name = f"{name}_{os.getuid()}"
    folder = Path(chosen or Path(tempfile.gettempdir(), name))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32":
            about = folder.lstat()  # of a link itself, which is nobody's folder
            if about.st_uid != os.getuid() or about.st_mode & 0o077:
                raise FileError(
                    "folder", folder, "belongs to another user or others can read it; remove it"
                )
    except OSError as error:
        raise FileError("folder", folder, f"cannot be made: {cause(error)}") from None
    return folder


def announce(facts: dict[str, Any]) -> Path:
    """Write that a session runs in this process; return the file, for `withdraw`.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    path = sessions_folder() / f"session_{os.getpid()}_{secrets.token_hex(4)}.json"
    about = {
        "pid": os.getpid(),
        "begun": psutil.Process().create_time(),
        "announced": time.time(),
        **facts,
    }
    write_private(path, about)
    return path


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Write JSON into a new file that only this user can read, whole or not at all.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    part = path.with_suffix(".part")
    try:
        with suppress(FileNotFoundError):
            part.unlink()
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file)
        os.replace(part, path)
    except OSError as error:
        raise FileError("file", path, f"cannot be written: {cause(error)}") from None


def withdraw(path: Path) -> None:
    """Remove an announcement. Harmless when it is gone."""
    with suppress(OSError):
        path.unlink()


def read_announcement(path: Path) -> dict[str, Any] | None:
    """Return what an announcement says, None if its process no longer runs."""
    try:
        about = json.loads(path.read_text("utf-8"))
        process = psutil.Process(about["pid"])
        # A number can be given to another process; a zombie runs no more.
        same = abs(process.create_time() - about["begun"]) < 1.0
        if same and process.status() != psutil.STATUS_ZOMBIE:
            return about
    except (OSError, ValueError, LookupError, TypeError, psutil.Error):
        pass
    return None


def running_sessions() -> dict[Path, dict[str, Any]]:
    """Return the sessions that run on this machine for this user, the newest last.

    Files of sessions that were killed are removed.
    """
    found = {}
    for path in sessions_folder().glob("*.json"):
        about = read_announcement(path)
        if about is None:  # of a session, or of its page
            withdraw(path)
        elif path.name.startswith("session_"):
            found[path] = about
    return dict(sorted(found.items(), key=lambda item: item[1]["announced"]))


def find_session(wanted: str | None) -> tuple[Path, dict[str, Any]]:
    """Return the running session that is meant.

    Parameters
    ----------
    wanted : str, optional
        A part of its name, or its process id; None if there is only one.

    Raises
    ------
    SettingsError
        If there is none, or more than one.
    """
    sessions = running_sessions()
    names = [about["name"] for about in sessions.values()]
    if wanted is None:
        met = list(sessions.items())
    else:
        met = [one for one in sessions.items() if wanted in (one[1]["name"], str(one[1]["pid"]))]
        met = met or [one for one in sessions.items() if wanted in one[1]["name"]]
    if len(met) == 1:
        return met[0]
    if not sessions:
        remedy = "no session runs on this computer for this user; start the experiment first"
    elif not met:
        remedy = f"no such session runs; there are: {listed(names)}"
    else:
        remedy = f"{len(met)} sessions match; choose one: " + listed(
            f"{about['name']} (process {about['pid']})" for _, about in met
        )
    raise SettingsError("session", wanted, remedy)
