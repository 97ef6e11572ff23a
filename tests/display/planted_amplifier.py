"""An amplifier with faults that are known: each channel is a sine and noise, run as a program.

``planted_amplifier.py SOURCE_ID RATE LABEL:AMPLITUDE:FREQUENCY[:NOISE] …`` (microvolts, Hz)
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pylsl

from psychopy_nfb.lsl.outlet import make_outlet

NOISE_UV = 3.0


def main(source_id, rate, *channels):
    rate = float(rate)
    parts = [[*channel.split(":"), NOISE_UV][:4] for channel in channels]
    labels = [part[0] for part in parts]
    amplitude, frequency, noise = np.array([part[1:] for part in parts], float).T
    random = np.random.default_rng(0)
    outlet = make_outlet("Planted", "EEG", labels, rate, source_id=source_id)
    start, sent = pylsl.local_clock(), 0
    while True:
        due = int((pylsl.local_clock() - start) * rate)
        if due > sent:
            t = np.arange(sent, due) / rate
            samples = amplitude * np.sin(2 * np.pi * frequency * t[:, None])
            samples += noise * random.standard_normal(samples.shape)
            outlet.push_chunk(samples.astype(np.float32), (start + t).tolist())
            sent = due
        time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
