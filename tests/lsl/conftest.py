"""Streams from other processes, and small recordings of every format that is replayed."""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
import uuid
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pylsl
import pytest
import scipy.io

RATE = 250.0
LABELS = ("Fz", "Cz", "Pz", "Oz")
MARKERS = ((50, "start"), (125, "left"), (126, "right"), (499, "stop"))


@pytest.fixture
def start_module(tmp_path):
    """Start ``python -m module --source-id <unique> …``; returns the process and the source id."""
    running = []

    def start(module: str, *arguments: str) -> tuple[subprocess.Popen, str]:
        source_id = str(uuid.uuid4())
        said = (tmp_path / f"{source_id}.txt").open("w+b")
        process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments), "--source-id", source_id],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        process.said = Path(said.name)
        running.append((process, said))
        return process, source_id

    yield start
    for process, said in running:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        said.close()


@pytest.fixture
def open_inlet():
    """Open the stream of a source id."""

    def open_one(source_id: str, timeout: float = 20.0) -> pylsl.StreamInlet:
        found = pylsl.resolve_byprop("source_id", source_id, 1, timeout)
        assert found, f"no stream of {source_id} within {timeout} s"
        inlet = pylsl.StreamInlet(found[0], recover=False)
        inlet.open_stream(timeout=timeout)
        return inlet

    return open_one


@pytest.fixture
def take():
    """Take n samples from an inlet, or what comes until it is silent for a while or ends.

    A replay waits some seconds for those who take its markers, before it begins.
    """

    def take_some(inlet: pylsl.StreamInlet, n: int, silence: float = 2.0):
        rows, stamps = [], []
        while len(stamps) < n:
            try:
                sample, stamp = inlet.pull_sample(timeout=silence if stamps else 3 * silence)
            except pylsl.util.LostError:
                break
            if stamp is None:
                break
            rows.append(sample)
            stamps.append(stamp)
        return rows, np.array(stamps)

    return take_some


@pytest.fixture
def small_eeg():
    """Two seconds of four channels in microvolts: multiples of 0.5, exact in every format."""
    random = np.random.default_rng(5)
    return random.integers(-400, 400, (500, len(LABELS))) / 2


@pytest.fixture
def write_recording(tmp_path, small_eeg):
    """Write `small_eeg` with `MARKERS` as .fif, .set, .vhdr, .edf or .xdf; returns the path."""
    writers = {
        ".fif": _write_fif,
        ".set": _write_set,
        ".vhdr": _write_vhdr,
        ".edf": _write_edf,
        ".xdf": _write_xdf,
    }

    def write(ending: str, **options) -> Path:
        path = tmp_path / f"small_eeg{ending}"
        writers[ending](path, small_eeg, **options)
        return path

    write.rate, write.labels, write.markers = RATE, LABELS, MARKERS
    return write


def _write_fif(path, samples):
    import mne

    info = mne.create_info(list(LABELS), RATE, "eeg")
    raw = mne.io.RawArray(samples.T * 1e-6, info, verbose="ERROR")
    rows, names = zip(*MARKERS, strict=True)
    raw.set_annotations(mne.Annotations(np.array(rows) / RATE, 0.0, names))
    raw.save(path, fmt="double", verbose="ERROR")


def _write_set(path, samples):
    events = [{"type": name, "latency": float(row + 1)} for row, name in MARKERS]
    scipy.io.savemat(
        path,
        {
            "EEG": {
                "setname": "small",
                "nbchan": len(LABELS),
                "trials": 1,
                "pnts": len(samples),
                "srate": RATE,
                "xmin": 0.0,
                "xmax": (len(samples) - 1) / RATE,
                "data": samples.T,
                "chanlocs": [{"labels": label} for label in LABELS],
                "event": events,
                "epoch": [],
            }
        },
        appendmat=False,
    )


def _write_vhdr(path, samples):
    channels = "".join(f"Ch{i + 1}={label},,0.5,µV\n" for i, label in enumerate(LABELS))
    path.write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nCodepage=UTF-8\n"
        f"DataFile={path.stem}.eeg\nMarkerFile={path.stem}.vmrk\nDataFormat=BINARY\n"
        f"DataOrientation=MULTIPLEXED\nNumberOfChannels={len(LABELS)}\n"
        f"SamplingInterval={1e6 / RATE:g}\n[Binary Infos]\nBinaryFormat=INT_16\n"
        f"[Channel Infos]\n{channels}",
        encoding="utf-8",
    )
    notes = "".join(
        f"Mk{i + 1}=Comment,{name},{row + 1},1,0\n" for i, (row, name) in enumerate(MARKERS)
    )
    path.with_suffix(".vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n[Common Infos]\nCodepage=UTF-8\n"
        f"DataFile={path.stem}.eeg\n[Marker Infos]\n{notes}",
        encoding="utf-8",
    )
    path.with_suffix(".eeg").write_bytes((samples * 2).astype("<i2").tobytes())


def _write_edf(path, samples):
    """EDF+ with one-second records, as https://www.edfplus.info/specs/edfplus.html lays it out."""
    per_record, n_notes = int(RATE), 60
    n_records = len(samples) // per_record
    n_signals = len(LABELS) + 1

    def texts(width, values):
        return "".join(str(value).ljust(width) for value in values)

    same = len(LABELS)
    head = texts(8, ["0"]) + texts(80, ["X X X X", "Startdate X X X X"])
    head += texts(8, ["01.01.20", "00.00.00", 256 * (n_signals + 1)]) + texts(44, ["EDF+C"])
    head += texts(8, [n_records, 1]) + texts(4, [n_signals])
    head += texts(16, [*LABELS, "EDF Annotations"]) + texts(80, [""] * n_signals)
    head += texts(8, ["uV"] * same + [""])
    head += texts(8, [-16384] * same + [-1]) + texts(8, [16383.5] * same + [1])
    head += texts(8, [-32768] * n_signals) + texts(8, [32767] * n_signals)
    head += texts(80, [""] * n_signals) + texts(8, [per_record] * same + [n_notes])
    head += texts(32, [""] * n_signals)
    body = b""
    for record in range(n_records):
        rows = range(record * per_record, (record + 1) * per_record)
        body += (samples[rows.start : rows.stop] * 2).astype("<i2").T.tobytes()
        notes = f"+{record}\x14\x14\x00"
        notes += "".join(f"+{r / RATE:.6f}\x14{name}\x14\x00" for r, name in MARKERS if r in rows)
        body += notes.encode().ljust(2 * n_notes, b"\x00")
    path.write_bytes(head.encode("ascii") + body)


def _write_xdf(path, samples, gap=0.0, kind="EEG"):
    """XDF as https://github.com/sccn/xdf/wiki/Specifications lays it out, `gap` s in the middle."""
    stamps = 1000.0 + np.arange(len(samples)) / RATE
    stamps[len(samples) // 2 :] += gap

    def chunk(tag, content):
        return struct.pack("<BQH", 8, len(content) + 2, tag) + content

    def header(number, name, kind, n, rate, value_format, channels=""):
        text = (
            f'<?xml version="1.0"?><info><name>{name}</name><type>{kind}</type>'
            f"<channel_count>{n}</channel_count><nominal_srate>{rate}</nominal_srate>"
            f"<channel_format>{value_format}</channel_format><desc>{channels}</desc></info>"
        )
        return chunk(2, struct.pack("<I", number) + text.encode())

    channels = "".join(
        f"<channel><label>{escape(label)}</label><unit>microvolts</unit><type>EEG</type></channel>"
        for label in LABELS
    )
    body = b"".join(
        struct.pack("<Bd", 8, stamp) + row.astype("<f8").tobytes()
        for stamp, row in zip(stamps, samples, strict=True)
    )
    # 0.4 of a sample late: a marker is rarely stamped at the very time of a sample.
    notes = b"".join(
        struct.pack("<BdBI", 8, stamps[row] + 0.4 / RATE, 4, len(name)) + name.encode()
        for row, name in MARKERS
    )
    path.write_bytes(
        b"XDF:"
        + chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')
        + header(1, "Notes", "Markers", 1, 0, "string")
        + header(2, "Amp", kind, len(LABELS), RATE, "double64", f"<channels>{channels}</channels>")
        + chunk(3, struct.pack("<IBI", 2, 4, len(samples)) + body)
        + chunk(3, struct.pack("<IBI", 1, 4, len(MARKERS)) + notes)
    )
