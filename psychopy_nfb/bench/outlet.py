"""An amplifier for benchmarks: noise at a steady pace, each chunk stamped as it is pushed.

Stamping at the push leaves the operating system's sleep out of the lag, so that what is measured
begins where LSL does. What was held up for longer than a sample, because the computer stood still,
is stamped when it was due, as an amplifier does it: the stamps of no two chunks overlap.
``python -m psychopy_nfb.bench.outlet`` runs it in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

import numpy as np
import pylsl

from psychopy_nfb.dsp.montage import STANDARD_POSITIONS
from psychopy_nfb.lsl.outlet import make_outlet
from psychopy_nfb.process import guard


def stream_noise(source_id: str, n_channels: int, rate: float, chunk: int, seconds: float) -> None:
    """Push `chunk` samples of `n_channels` at a time for `seconds`, an alpha rhythm in them."""
    labels = list(STANDARD_POSITIONS)[: n_channels - 1] + ["Oz"]
    if labels.count("Oz") > 1:
        labels = list(STANDARD_POSITIONS)[:n_channels]
    outlet = make_outlet(f"Bench-{source_id}", "EEG", labels, rate, source_id=source_id)
    noise = np.random.default_rng(0).normal(0, 10, (int(rate), n_channels))
    noise += 10 * np.sin(2 * np.pi * 10 * np.arange(len(noise)) / rate)[:, None]
    noise = noise.astype(np.float32)
    start = pylsl.local_clock()
    for number in range(int(seconds * rate / chunk)):
        due = start + number * chunk / rate
        wait = due - pylsl.local_clock()
        if wait > 0:
            time.sleep(wait)
        at = number * chunk % (len(noise) - chunk)
        now = pylsl.local_clock()
        outlet.push_chunk(noise[at : at + chunk], now if now - due < 1 / rate else due)


def main(arguments: list[str] | None = None) -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(prog="psychopy_nfb.bench.outlet")
    parser.add_argument("--source-id", required=True)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--rate", type=float, default=500.0)
    parser.add_argument("--chunk", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--parent", type=int, help="end with the process of this number")
    options = parser.parse_args(arguments)
    if options.parent is not None:
        guard(options.parent, lambda: os._exit(0))
    stream_noise(options.source_id, options.channels, options.rate, options.chunk, options.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
