"""Small sessions to export, written by the package's own writer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from psychopy_nfb.protocol import value_names
from psychopy_nfb.recording import SessionRecord, SessionWriter, machine_facts, new_session

RATE = 100.0
BEGIN = 1000.0
"""LSL time of the first sample."""


class Maker:
    """Writes sessions of 4 s: a second, a gap of 0.5 s, and the rest of it."""

    def __init__(self, folder):
        self.folder = folder

    def write(
        self,
        labels=("Cz", "Oz"),
        kinds=None,
        units=None,
        scales=None,
        form="float32",
        positions=None,
        gap=0.5,
        shown=False,
        closed=True,
        value_step=1,
        settings=None,
        **name,
    ):
        n, names = len(labels), value_names(["alpha"], shown)
        files = new_session(self.folder, **{"participant": "07", "task": "alpha", **name})
        begun = files.begun("alpha training")
        begun["session"]["date"] = "2026-03-01T12:00:00.250+02:00"
        begun["wall_clock"] |= {"offset": 1772359200.0 - BEGIN}
        units, scales = units or n * ["microvolts"], scales or n * [1.0]
        facts = {
            "name": "Amp",
            "labels": list(labels),
            "rate": RATE,
            "format": form,
            "units": units,
            "kinds": [(kinds or {}).get(label, "EEG") for label in labels],
            "source_id": "abc",
            "positions": positions or {},
        }
        writer = SessionWriter(files, facts, names, value_rate=RATE / value_step)
        rows = np.arange(400)
        stamps = BEGIN + rows / RATE + gap * (rows >= 100)
        draws = np.random.default_rng(1).normal(0, 20, (400, n))
        self.samples = (draws / 1 if "float" in form or "double" in form else draws.round()).astype(
            {"double64": "f8", "float32": "f4", "int16": "i2", "int32": "i4"}[form]
        )
        writer.eeg(self.samples, stamps)
        values = rows[:, None] + np.arange(len(names)) / 100
        kept = slice(value_step - 1, None, value_step)
        flags = np.where(rows < 20, 32, 0)
        writer.signals(values[kept], stamps[kept], flags[kept], rows[kept])

        def event(label, t, value=None, detail=None, duration=0.0):
            sample = int(np.searchsorted(stamps, BEGIN + t - 1e-9))
            writer.event(
                label,
                BEGIN + t,
                sample,
                kind="test",
                value=value,
                duration=duration,
                detail=detail,
            )

        detail = {"block": 1, "feedback": True, **({"shown": "sham"} if shown else {})}
        event("start", 0)
        if shown:
            event("shown", 0.2, detail={"shown": "sham", "turn": 0})
        event("block_begin", 0.2, "training", detail)
        event("gap", 1.0 + gap, detail={"seconds": gap}, duration=gap)
        event("mark", 2.0, "a\tb <script>")
        if closed:
            event("block_end", 4.0, "training", detail, 3.8)
        columns = writer._files._frame_log.columns
        frames = []
        for number in range(200):
            t, row = number / 60, {"frame": number, "flags": 0, "mark": "", "block": "training"}
            sample = min(399, int(t * RATE))
            row |= {name: BEGIN + t for name in columns if name.startswith("t_")}
            row |= {"sample": sample, "seq": number, "interval": 1 / 60, "shown": 0.5}
            row |= dict(zip(names, values[sample].tolist(), strict=True))
            frames.append(tuple(row.get(name, math.nan) for name in columns))
        writer.frames(frames)
        writer.close()
        notch = {"type": "Notch", "frequency": 50.0}
        stream = {"name": "Amp", "type": "EEG", "format": form, "labels": list(labels)}
        stream |= {"kinds": kinds or {}, "units": units, "microvolts_per_unit": scales}
        SessionRecord(files.settings).update(
            **begun,
            stream={**stream, "rate": RATE},
            configuration={"signals": {"alpha": {"pipeline": {"steps": [notch]}}}},
            machine=machine_facts(),
            **({"ended": "stopped"} if closed else {}),
            **(settings or {}),
        )
        return files


@pytest.fixture
def maker(tmp_path):
    """Return what writes sessions into a folder of its own."""
    return Maker(tmp_path / "data")
