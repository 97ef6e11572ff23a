"""Files as LabRecorder writes them, of a simulated light sensor beside EEG."""

from __future__ import annotations

import struct

import numpy as np

LABELS = ["Fz", "Oz", "AUX7"]


def three_channels(simulated):
    """Return EEG-like channels with the sensor's as the third."""
    noise = np.random.default_rng(0).normal(0, 20, (len(simulated.values), 2))
    return np.column_stack((noise, simulated.values)).astype(np.float32)


def chunk(tag, content):
    body = struct.pack("<H", tag) + content
    return b"\x04" + struct.pack("<I", len(body)) + body


def stream_header(number, name, labels, rate, host, source):
    channels = "".join(f"<channel><label>{label}</label></channel>" for label in labels)
    return chunk(
        2,
        struct.pack("<I", number)
        + (
            f'<?xml version="1.0"?><info><name>{name}</name><type>EEG</type>'
            f"<channel_count>{len(labels)}</channel_count><nominal_srate>{rate}</nominal_srate>"
            f"<channel_format>float32</channel_format><source_id>{source}</source_id>"
            f"<hostname>{host}</hostname><desc><channels>{channels}</channels></desc></info>"
        ).encode(),
    )


def samples(number, values, stamps):
    rows = [
        b"\x08" + struct.pack("<d", t) + v.tobytes() for t, v in zip(stamps, values, strict=True)
    ]
    return chunk(
        3, struct.pack("<I", number) + b"\x04" + struct.pack("<I", len(rows)) + b"".join(rows)
    )


def clock_offset(number, collected, offset):
    return chunk(4, struct.pack("<Idd", number, collected, offset))


def footer(number):
    return chunk(6, struct.pack("<I", number) + b"<?xml version='1.0'?><info></info>")


def lab_recorder(path, simulated, *, screens_clock=0.0, rate=500):
    """Write a file as LabRecorder does, chunks of streams in turn and clock offsets between them.

    `screens_clock` is what has to be added to stamps of the computer with the screen to come to
    the recording computer's clock.
    """
    values = three_channels(simulated)
    stamps = simulated.stamps + screens_clock  # the amplifier is at the recording computer
    blocks = np.array_split(np.arange(len(values)), 10)
    with path.open("wb") as file:
        file.write(b"XDF:")
        file.write(chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>'))
        file.write(stream_header(1, "Amp", LABELS, rate, "recorder", "amp-1"))
        file.write(stream_header(2, "Feedback", ["value"], 0, "screen", "psychopy_nfb_x"))
        for block in blocks:
            file.write(samples(1, values[block], stamps[block]))
            now = simulated.stamps[block[0]]
            file.write(samples(2, np.zeros((1, 1), np.float32), [now]))
            file.write(clock_offset(1, now + screens_clock, 0.0))
            file.write(clock_offset(2, now, screens_clock))
        file.write(footer(1) + footer(2))
    return path
