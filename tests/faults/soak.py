"""A long session with many channels: what is lost, what grows, how old the shown sample is.

``python -m tests.faults.soak --channels 64 --rate 1000 --minutes 30`` streams noise and a counter
from a process of its own, reads values 60 times a second as an experiment does, and then finds
each sample in the recording. It returns 0 if nothing was lost, memory stood still and the newest
sample was young at each read.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import numpy as np
import psutil
from tqdm import tqdm

from psychopy_nfb import Neurofeedback
from psychopy_nfb.dsp import CFIR, DCBlock, Pick, Pipeline
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.protocol import Reward, Signal
from psychopy_nfb.recording import read_session

CHUNK_SECONDS = 0.004
"""Samples of how long the amplifier sends at once."""
READS_PER_SECOND = 60.0
COUNT = 1 << 16
"""The counter begins anew after as many samples: exact in float32."""
SETTLED_SECONDS = 120.0
"""Growth of memory before this is the start's."""
MOST_GROWTH = 0.05
"""MB a minute."""
OLDEST = 0.025
"""Seconds: age of the newest sample in 99 % of the reads."""


def amplifier(source_id: str, channels: int, rate: float) -> None:
    """Stream noise in microvolts and, last, a counter, until this process is ended."""
    import pylsl

    info = pylsl.StreamInfo("Soak", "EEG", channels + 1, rate, "float32", source_id)
    listed = info.desc().append_child("channels")
    for n in range(channels + 1):
        one = listed.append_child("channel")
        counts = n == channels
        one.append_child_value("label", "Counter" if counts else f"E{n + 1}")
        one.append_child_value("type", "misc" if counts else "EEG")
        one.append_child_value("unit", "none" if counts else "microvolts")
    outlet = pylsl.StreamOutlet(info)
    noise = np.random.default_rng(1).normal(0.0, 10.0, (round(10 * rate), channels + 1))
    noise = noise.astype(np.float32)
    begun, sent = pylsl.local_clock(), 0
    while True:
        due = int((pylsl.local_clock() - begun) * rate)
        if due > sent:
            numbers = np.arange(sent, due)
            chunk = noise[numbers % len(noise)]
            chunk[:, -1] = numbers % COUNT
            outlet.push_chunk(chunk, begun + due / rate)
            sent = due
        time.sleep(CHUNK_SECONDS)


def training(source_id: str) -> Configuration:
    """Return a training of alpha at the first electrode."""
    alpha = Signal(
        Pipeline([Pick(["E1"]), DCBlock(), CFIR((8.0, 12.0), delay=0.1)]),
        normalise="none",
        threshold=1.0,
        display_range=(0.0, 20.0),
    )
    return Configuration(
        stream=StreamSelection(source_id=source_id, timeout=30.0),
        signals={"alpha": alpha},
        reward=Reward(dwell=0.1),
    )


def session(folder: Path, source_id: str, seconds: float) -> tuple[Path, np.ndarray, np.ndarray]:
    """Run one; return its stem, the ages of the newest sample, and (seconds, MB) of the worker."""
    ages: list[float] = []
    memory: list[tuple[float, float]] = []
    with Neurofeedback(training(source_id), data=folder) as nfb:
        worker = psutil.Process(nfb.worker_pid)
        while nfb.update() or nfb.stale:
            time.sleep(0.01)
        nfb.begin_block("training")
        begun = time.monotonic()
        with tqdm(total=round(seconds), unit="s", mininterval=10.0) as bar:
            for n in range(round(seconds * READS_PER_SECOND)):
                time.sleep(max(0.0, begun + n / READS_PER_SECOND - time.monotonic()))
                nfb.update()
                ages.append(nfb.age)
                if n % round(READS_PER_SECOND) == 0:
                    bar.update()
                    memory.append((time.monotonic() - begun, worker.memory_info().rss / 1e6))
        nfb.end_block()
        if nfb.restarts:
            raise RuntimeError(f"the background process was started again {nfb.restarts} times")
    return nfb.files.stem, np.array(ages), np.array(memory)


def lost_samples(stem: Path, rate: float) -> int:
    """Return how many samples of the amplifier's count the recording lacks or has twice."""
    recorded = read_session(stem)
    counts = recorded.eeg.samples[:, -1].astype(int)
    steps = np.diff(counts) % COUNT
    signals = len(recorded.signals)
    lacking = int((steps != 1).sum()) + abs(len(counts) - signals)
    print(f"{len(counts)} samples of {len(counts) / rate:.1f} s, {signals} of the signal")
    return lacking


def main() -> int:
    """Run it; return 0 if all held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--amplifier", metavar="ID", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.amplifier:
        amplifier(options.amplifier, options.channels, options.rate)
        return 0
    source_id = f"soak-{uuid.uuid4()}"
    command = [sys.executable, "-m", "tests.faults.soak", *sys.argv[1:], "--amplifier", source_id]
    sender = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        with tempfile.TemporaryDirectory() as folder:
            stem, ages, memory = session(Path(folder), source_id, 60 * options.minutes)
            lost = lost_samples(stem, options.rate)
    finally:
        sender.kill()
        sender.wait()
    later = memory[memory[:, 0] > min(SETTLED_SECONDS, 30 * options.minutes)]
    growth = 60 * float(np.polyfit(later[:, 0], later[:, 1], 1)[0])
    oldest = float(np.percentile(ages, 99))
    load = psutil.getloadavg()[1]
    print(
        f"channels {options.channels}, {options.rate:g} Hz, {options.minutes:g} min, load "
        f"{load:.1f}: lost samples {lost}, worker {memory[-1, 1]:.0f} MB growing by "
        f"{growth:.3f} MB a minute, age of the newest sample median {1000 * np.median(ages):.1f}, "
        f"p99 {1000 * oldest:.1f}, most {1000 * ages.max():.1f} ms"
    )
    return int(lost > 0 or growth >= MOST_GROWTH or oldest >= OLDEST)


if __name__ == "__main__":
    sys.exit(main())
