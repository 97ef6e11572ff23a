"""A program that sends markers on LSL in its own way: odd_markers.py JSON.

Each stream sends all its markers, 50 ms apart, once somebody listens to it.
"""

from __future__ import annotations

import json
import sys
import time

import pylsl

EVERY_SECONDS = 0.05
USUAL = {
    "name": "Keys",
    "source_id": "",
    "type": "Markers",
    "format": "string",
    "rate": 0.0,
    "channels": 1,
    "encoding": "utf-8",
    "markers": [],  # a row each; "{t}" in a text is its time by LSL's clock
    "clock": "lsl",  # or: unix, device, nan, 5 s behind
    "joined": True,  # whether a receiver is waited for
}


def main() -> None:
    """Send the markers of all streams, then wait to be ended."""
    streams = [{**USUAL, **stream} for stream in json.loads(sys.argv[1])]
    outlets = [
        pylsl.StreamOutlet(
            pylsl.StreamInfo(
                *(one[key] for key in ("name", "type", "channels", "rate", "format", "source_id"))
            )
        )
        for one in streams
    ]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    ends = time.monotonic() + 50
    awaited = [out for out, one in zip(outlets, streams, strict=True) if one["joined"]]
    while not all(out.have_consumers() for out in awaited) and time.monotonic() < ends:
        time.sleep(0.02)
    time.sleep(0.3)  # a receiver takes what comes after it has opened the stream
    now = pylsl.local_clock()
    shifts = {"lsl": 0.0, "unix": time.time() - now, "device": 5.0 - now, "nan": float("nan")}
    shifts["5 s behind"] = -5.0
    for number in range(max(len(one["markers"]) for one in streams)):
        for one, outlet in zip(streams, outlets, strict=True):
            if number < len(one["markers"]):
                t = pylsl.local_clock()
                row = one["markers"][number]
                if one["format"] == "string":
                    row = [part.replace("{t}", f"{t:.4f}").encode(one["encoding"]) for part in row]
                outlet.push_sample(row, t + shifts[one["clock"]])
        time.sleep(EVERY_SECONDS)
    time.sleep(60)


if __name__ == "__main__":
    main()
