"""Whole commands on spoilt recordings and sessions."""

from __future__ import annotations

import contextlib
import io
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hostile_files import damage
from hostile_inputs import outcome
from odd_files import (
    XdfStream,
    channels,
    edf_signals,
    eeg,
    notes,
    write_brainvision,
    write_edf,
    write_set,
    write_xdf,
)

from psychopy_nfb.cli import main
from psychopy_nfb.errors import NfbError

LONGEST = 20.0
"""Seconds of a whole command: the first also loads its libraries."""
SECONDS = 42.0
"""Of the recordings; a filter is chosen on 40 s or more."""
COMMANDS: dict[str, Callable[[Path, Path], list[str]]] = {
    "tune": lambda path, out: ["tune", path, "--channel", "Oz", "--delays", "100", "--out", out],
    "spatial": lambda path, out: ["spatial", path, "--out", out],
    "replay": lambda path, _: ["replay", path, "--speed", "100", "--no-wait", "--linger", "0"],
    "inspect": lambda path, _: ["inspect", path, "--json"],
    "report": lambda path, out: ["report", path, "--out", out / "report.html"],
}
"""The words of each command, from a recording or a session and a folder for what it writes."""


class HostileCommands:
    """Commands on copies of recordings that are damaged.

    Parameters
    ----------
    folder : path
        Where all is made.
    session : path
        A session of this package, for the report.
    """

    def __init__(self, folder: Path, session: Path):
        self.folder = folder
        self.good = folder / "recordings"
        self.good.mkdir(parents=True)
        labels = ("Fz", "Cz", "Pz", "Oz")
        samples = eeg(SECONDS, n=4)
        stamps = 100 + np.arange(len(samples)) / 128
        stream = XdfStream(samples, stamps, channels=channels(labels), format="float32")
        write_xdf(self.good / "a.xdf", stream, notes({500: "open", 900: "closed"}, stamps))
        signals = edf_signals(labels=labels, seconds=SECONDS)
        write_edf(self.good / "a.edf", signals, {1.5: b"open"})
        write_set(self.good / "a.set", [], labels=labels, seconds=SECONDS)
        write_brainvision(self.good / "b.vhdr", labels=labels, seconds=SECONDS)
        self.session = session

    def run(self, command: str, choice: random.Random) -> str:
        """Damage a recording, run the command on it, and return what came of it as `outcome`."""
        place, out = self.folder / "spoilt", self.folder / "out"
        for old in (place, out):
            shutil.rmtree(old, ignore_errors=True)
        out.mkdir()
        if command == "report":
            shutil.copytree(self.session.parent, place)
            files = sorted(place.glob(f"{self.session.name}_*"))
            path = place / self.session.name
        else:
            shutil.copytree(self.good, place)
            files = sorted(place.glob("*.*"))
            path = None
        spoilt = choice.choice(files)
        damage(spoilt, choice)
        headers = {".eeg": ".vhdr", ".vmrk": ".vhdr"}
        path = path or spoilt.with_suffix(headers.get(spoilt.suffix, spoilt.suffix))
        return outcome(lambda: _ran([str(word) for word in COMMANDS[command](path, out)]), LONGEST)


def _ran(words: list[str]) -> None:
    """Run a command in this process; raise what it refuses, and what is no sentence."""
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        status = main(words)
    errors = [line for line in said.getvalue().splitlines() if line.startswith("psychopy-nfb ")]
    if status == 2 and len(errors) == 1:
        raise NfbError("command", words[0], errors[0])
    if status != 0:
        raise AssertionError(f"status {status}: {said.getvalue()[-300:]}")
