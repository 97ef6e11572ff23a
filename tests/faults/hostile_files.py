"""Files of every kind that the package reads, spoilt in the ways in which files are spoilt.

Every choice comes from a `random.Random`, so that a seed or hypothesis decides.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from hostile_inputs import EXPERIMENTS, outcome
from odd_files import LABELS, RATE, edf_signals, eeg, write_brainvision, write_edf, write_set

from psychopy_nfb.engine.configuration import read_configuration
from psychopy_nfb.errors import NfbError
from psychopy_nfb.settings import to_dict

RECORDINGS = ("short.edf", "short.bdf", "short.set", "header.set", "short.vhdr", "text.vhdr")
RECORDINGS += ("short_raw.fif",)
BESIDE = {
    "short.vmrk": "short.vhdr",
    "short.eeg": "short.vhdr",
    "text.eeg": "text.vhdr",
    "header.fdt": "header.set",
}
"""Files that belong to a header, which is the one to read."""


class HostileFiles:
    """Files of every kind that the package reads, and copies of them that are damaged.

    Parameters
    ----------
    folder : path
        Where they are made.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.good = folder / "good"
        self.good.mkdir()
        self._write()
        self._readers = self._all_readers()

    def _write(self) -> None:
        shutil.copy(EXPERIMENTS[0], self.good / "settings.json")
        write = {
            "weights.json": '{"Oz-Cz": {"Oz": 1.0, "Cz": -1.0}}\n',
            "weights.csv": "name,Oz,Cz\nfirst,1.0,-1.0\nsecond,0.5,0.5\n",
            "codes.json": '{"training": 10, "rest": 20}\n',
            "codes.csv": "label,code\ntraining,10\nrest,20\n",
            "sensor.csv": "t,light\n" + "".join(f"{n / 500},{n % 7}\n" for n in range(200)),
        }
        for name, text in write.items():
            (self.good / name).write_text(text, encoding="utf-8")
        _write_session(self.good / "sub-01_ses-01_task-a_run-01")
        write_edf(self.good / "short.edf", edf_signals(), {1.5: b"open", 4.5: b"closed"})
        write_edf(self.good / "short.bdf", edf_signals(), {1.5: b"open"}, bdf=True)
        events = [{"type": "open", "latency": 129.0, "duration": 0.0}] * 2
        write_set(self.good / "short.set", events)
        write_set(self.good / "header.set", events, fdt="header.fdt")
        write_brainvision(self.good / "short.vhdr", more="DataPoints=768\n")
        write_brainvision(self.good / "text.vhdr", stored="ASCII")
        _write_fif(self.good / "short_raw.fif")

    def _all_readers(self) -> dict[str, Callable[[Path], object]]:
        from psychopy_nfb.analysis import lag_summary
        from psychopy_nfb.dsp.channels import read_weights
        from psychopy_nfb.hardware.marker_output import read_codes
        from psychopy_nfb.photodiode.command import read_log
        from psychopy_nfb.photodiode.sensor_files import read_channels
        from psychopy_nfb.recording import read_session
        from psychopy_nfb.recording.eeg_files import read_recording
        from psychopy_nfb.report.session_data import load_session_data

        def session(path: Path) -> None:
            with suppress(NfbError):
                read_session(path)
            data = load_session_data(path)
            lag_summary(data.frames)

        def recording(path: Path) -> None:
            for read in (read_channels, session):
                with suppress(NfbError):
                    read(path)
            read_recording(path)

        stem = "sub-01_ses-01_task-a_run-01"
        return {
            "settings.json": read_configuration,
            "weights.json": read_weights,
            "weights.csv": read_weights,
            "codes.json": read_codes,
            "codes.csv": read_codes,
            "sensor.csv": read_channels,
            f"{stem}_frames.csv": lambda path: (read_log(path), session(path)),
            f"{stem}_events.tsv": session,
            f"{stem}_nfb.json": lambda path: (session(path), read_configuration(path)),
            f"{stem}_eeg.xdf": recording,
            **dict.fromkeys(RECORDINGS, read_recording),
            **{
                name: lambda path, header=header: read_recording(path.with_name(header))
                for name, header in BESIDE.items()
            },
        }

    @property
    def names(self) -> list[str]:
        """Names of the kinds of files."""
        return list(self._readers)

    def read_damaged(self, name: str, choice: random.Random) -> str:
        """Damage one of the files, read it, and return what came of it as `outcome` does."""
        place = self.folder / "damaged"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.good, place)
        path = place / name
        damage(path, choice)
        return outcome(lambda: self._readers[name](path))


def damage(path: Path, choice: random.Random) -> None:
    """Spoil a file in one of the ways in which files are spoilt."""
    raw = path.read_bytes()
    kind = choice.randrange(14)
    at = choice.randrange(len(raw))
    if kind == 0:
        path.unlink()
        return
    if kind == 1:
        path.unlink()
        path.mkdir()
        return
    tokens = [
        b"1e308",
        b"-1",
        b"NaN",
        b"9" * 500,
        b"inf",
        b'"',
        b"\0",
        b"\xff",
        b"\n",
        b",,,,",
        b";",
    ]
    tokens += [
        b"null",
        b"[]",
        b"{}",
        b"true",
        b"1e-320",
        b"\xed\xa0\x80",
        b"(((",
        b"9223372036854775807",
    ]
    numbers = _numbers(raw) or [(at, at + 1)]
    first, last = choice.choice(numbers)
    raw = {
        2: lambda: b"",
        3: lambda: raw[:at],
        4: lambda: raw.decode("utf-8", "replace").encode("utf-16"),
        5: lambda: raw.replace(b"a", "ä".encode("latin-1")),
        6: lambda: raw.replace(b",", b";").replace(b".", b","),
        7: lambda: b"[" * 100_000,
        8: lambda: raw[:at] + bytes(choice.randrange(256) for _ in range(16)) + raw[at + 16 :],
        9: lambda: raw[:first] + choice.choice(tokens) + raw[last:],
        10: lambda: raw[:first] + choice.choice(tokens) + raw[last:],
        11: lambda: raw[:at] + raw[at + choice.randint(1, 200) :],
        12: lambda: raw + raw,
        13: lambda: raw[:at] + bytes([raw[at] ^ (1 << choice.randrange(8))]) + raw[at + 1 :],
    }[kind]()
    path.write_bytes(raw)


def _numbers(raw: bytes) -> list[tuple[int, int]]:
    """Return where numbers stand in a text."""
    return [match.span() for match in re.finditer(rb"-?\d+(\.\d+)?", raw[:200_000])]


def _write_session(stem: Path) -> None:
    """Write a short session as the background process does."""
    from psychopy_nfb.protocol import value_names
    from psychopy_nfb.recording import SessionFiles, SessionRecord, SessionWriter

    files = SessionFiles(stem)
    names = value_names(["alpha"])
    eeg = {"name": "Amp", "labels": ["Oz", "Cz"], "rate": 250.0, "format": "float32"}
    eeg |= {"units": "microvolts", "source_id": "a1", "positions": {}}
    writer = SessionWriter(files, eeg, names)
    stamps = 100 + np.arange(500) / 250
    random_numbers = np.random.default_rng(1)
    writer.eeg(random_numbers.standard_normal((500, 2)).astype("f4"), stamps)
    values = random_numbers.random((500, len(names)))
    writer.signals(values, stamps, np.zeros(500, np.uint32), np.arange(500))
    detail = {"block": 1, "feedback": True}
    writer.event("block_begin", 100.2, 50, kind="experiment", value="training", detail=detail)
    writer.event("block_end", 101.8, 450, kind="experiment", value="training", detail=detail)
    rows = []
    for frame in range(100):
        t = 100.1 + frame / 60
        times = (t, t + 0.002, t + 0.003, t + 0.01, t + 0.012)
        numbers = (frame, frame, 0.03, 0, 1 / 60, 0, frame % 2, 0.5, "", "training")
        rows.append((frame, *times, *numbers, *values[frame]))
    writer.frames(rows)
    writer.close()
    configuration = to_dict(read_configuration(EXPERIMENTS[0]))
    record = SessionRecord(files.settings)
    record.update(
        configuration=configuration,
        stream={"name": "Amp", "microvolts_per_unit": [1.0, 1.0]},
        session={"date": "2026-01-01T12:00:00+00:00", "participant": "01"},
        wall_clock={"offset": 1.7e9, "uncertainty": 1e-6},
    )


def _write_fif(path: Path) -> None:
    import mne

    info = mne.create_info(list(LABELS), RATE, "eeg")
    raw = mne.io.RawArray(1e-6 * eeg().T, info, verbose="ERROR")
    raw.set_annotations(mne.Annotations([1.0, 3.0], 0.0, ["open", "closed"]))
    raw.save(path, buffer_size_sec=1, verbose="ERROR")
