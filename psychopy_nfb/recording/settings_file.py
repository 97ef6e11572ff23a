"""The session's settings file: everything that is needed to repeat it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

from psychopy_nfb.errors import FileError
from psychopy_nfb.settings import finite, read_plain_json, to_dict, write_json

PACKAGES = ("psychopy-nfb", "psychopy", "numpy", "scipy", "pylsl", "pandas")


class SessionRecord:
    """A JSON document of named sections; each update leaves either the old file or the new one.

    Parameters
    ----------
    path : path
        The file, ``…_nfb.json``.
    content : dict
        Sections that are there already.
    """

    def __init__(self, path: str | os.PathLike[str], content: dict[str, Any] | None = None):
        self.path: Path = Path(path)
        self.content: dict[str, Any] = content or {}

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SessionRecord:
        """Read the document that is at `path`.

        Raises
        ------
        FileError
            If it cannot be read.
        """
        content = read_plain_json(path)
        if not isinstance(content, dict):
            raise FileError("file", os.fspath(path), "does not hold the settings of a session")
        return cls(path, content)

    def update(self, **sections: Any) -> None:
        """Add or replace sections and write the file; infinite and missing numbers become null."""
        self.content.update({name: finite(to_dict(value)) for name, value in sections.items()})
        write_json(self.content, self.path)


def machine_facts() -> dict[str, Any]:
    """Return what of this machine and its software a repetition would need to know.

    Examples
    --------
    >>> sorted(machine_facts())
    ['liblsl', 'packages', 'platform', 'processor', 'python']
    """
    import pylsl

    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            packages[name] = None
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "liblsl": pylsl.library_version(),
        "packages": packages,
    }
