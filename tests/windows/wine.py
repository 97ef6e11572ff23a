"""Runs programs of Windows on Linux, with Wine."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAST_WORDS_SECONDS = 5.0
"""How long after its end to wait for what a program has printed."""


def windows_path(path: str | os.PathLike) -> str:
    """Return a path as programs under Wine have it: drive Z is the root folder."""
    return "Z:" + str(path).replace("/", "\\")


class Wine:
    """A Windows with the Python that `make_python` made.

    Parameters
    ----------
    folder : path
        Where it was made.
    """

    def __init__(self, folder: Path):
        self._python = folder / "Python" / "python.exe"
        places = (shutil.which("wine64"), "/usr/lib/wine/wine64", shutil.which("wine"))
        self._wine = next((place for place in places if place and os.path.exists(place)), "wine64")
        kept = {
            name: value
            for name, value in os.environ.items()
            # A display would slow each start down; paths of Linux's Python mislead Windows'.
            if name not in ("DISPLAY", "WAYLAND_DISPLAY", "LSLAPICFG")
            and not name.startswith("PYTHON")
        }
        here = Path(__file__).resolve().parent
        self._environment = kept | {
            "WINEPREFIX": str(folder / "prefix"),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",  # asks for no download of .NET and of a browser
            "LC_ALL": "C.UTF-8",  # names of files in UTF-8; programs get the code page 1252
            "PYTHONPATH": f"{windows_path(ROOT)};{windows_path(here)}",
            "PYTHONPYCACHEPREFIX": windows_path(folder / "bytecode"),  # nothing in the checkout
        }

    def run_program(
        self, command: Sequence[str], seconds: float, show: bool = False
    ) -> tuple[int, str]:
        """Run a program; return its exit status, 124 after `seconds`, and what it printed.

        Its input and output are pipes: Windows' Python does not start with files that were opened
        by Linux, which Wine cannot show it.
        """
        process = subprocess.Popen(
            [self._wine, *command],
            env=self._environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        process.stdin.close()
        said = []

        def read() -> None:
            for line in process.stdout:
                text = line.decode("utf-8", "replace").rstrip()
                said.append(text)
                if show:
                    print(text, flush=True)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = 124
        # A console of a process that was killed, or a process that hangs, lives on with the pipe.
        reader.join(0 if status == 124 else LAST_WORDS_SECONDS)
        if reader.is_alive():
            self.end_all()
            reader.join()
        process.wait()
        return status, "\n".join(said)

    def python(
        self, arguments: Sequence[str], seconds: float, show: bool = False
    ) -> tuple[int, str]:
        """Run Python; see `run_program`."""
        return self.run_program([windows_path(self._python), *arguments], seconds, show)

    def end_all(self) -> None:
        """End all that runs in this Windows."""
        server = shutil.which("wineserver") or "/usr/lib/wine/wineserver"
        subprocess.run([server, "--kill"], env=self._environment, check=False)
