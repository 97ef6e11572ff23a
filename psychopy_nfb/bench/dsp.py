"""`psychopy-nfb bench dsp`: how much faster than real time the usual pipeline is."""

from __future__ import annotations

import argparse
import time
import tracemalloc

import numpy as np
from tqdm import tqdm

from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.dsp import Pipeline, SignalInfo
from psychopy_nfb.engine.presets import standard_pipeline

SETUPS = {"rt_factor_64ch_1khz": (64, 1000.0, 1), "rt_factor_256ch_2khz": (256, 2000.0, 20)}
"""Channels, samples per second, samples in a chunk."""
GROWING = (8, 32, 128, 512)
"""Channels for which the cost is compared, in chunks of one sample."""
CHUNKS, ROUNDS = 3000, 5
WARM_CHUNKS = 2000
BARS = {"rt_factor_64ch_1khz": 10, "rt_factor_256ch_2khz": 50}
MOST: dict[str, float] = {"channel_cost_exponent": 1.0, "growth_bytes": 4096}
"""A kilobyte or two is Python's own, such as numbers that it keeps for later."""


def measure(options: argparse.Namespace) -> Outcome:
    """Measure pipelines fed with noise; setups take turns, the median of five rounds counts."""
    setups = {**SETUPS, **{f"{n}ch": (n, 1000.0, 1) for n in GROWING}}
    seconds: dict[str, list[float]] = {name: [] for name in setups}
    total = ROUNDS * len(setups) + 10
    with tqdm(total=total, desc="bench dsp", unit="part", disable=None) as progress:
        for _ in range(ROUNDS):
            for name, setup in setups.items():
                seconds[name].append(chunk_seconds(*setup))
                progress.update()
        growth = allocation_growth(options.chunks)
        progress.update(10)
    figures = {}
    for name, (_, rate, chunk) in SETUPS.items():
        figures[name] = chunk / rate / float(np.median(seconds[name]))
    costs = [1e6 * float(np.median(seconds[f"{n}ch"])) for n in GROWING]
    figures |= {f"chunk_us_{n}ch": cost for n, cost in zip(GROWING, costs, strict=True)}
    figures["channel_cost_exponent"] = float(np.polyfit(np.log(GROWING), np.log(costs), 1)[0])
    figures["growth_bytes"] = growth
    names = [type(step).__name__ for step in standard_pipeline().steps]
    return Outcome(figures, MOST, BARS, {"pipeline": names, "chunks": options.chunks})


def chunk_seconds(n_channels: int, rate: float, chunk: int) -> float:
    """Return the mean seconds that the pipeline takes for a chunk."""
    pipeline, samples = _ready(n_channels, rate, chunk)
    for part in samples[:100]:
        pipeline.process(part)
    begun = time.perf_counter()
    for part in samples:
        pipeline.process(part)
    return (time.perf_counter() - begun) / len(samples)


def allocation_growth(n_chunks: int) -> int:
    """Return by how many bytes Python's and numpy's memory has grown after so many chunks."""
    pipeline, samples = _ready(2, 1000.0, 1)
    tracemalloc.start()
    for number in range(WARM_CHUNKS):
        pipeline.process(samples[number % len(samples)])
    before = tracemalloc.get_traced_memory()[0]
    for number in range(n_chunks):
        pipeline.process(samples[number % len(samples)])
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return after - before


def _ready(n_channels: int, rate: float, chunk: int) -> tuple[Pipeline, np.ndarray]:
    """Return the usual pipeline, and chunks of noise: (chunks, samples, channels)."""
    labels = ("Oz", *(f"E{number}" for number in range(2, n_channels + 1)))
    pipeline = standard_pipeline()
    pipeline.prepare(SignalInfo(rate, labels))
    n_chunks = max(200, CHUNKS // max(1, n_channels * chunk // 64))
    random = np.random.default_rng(0)
    return pipeline, 10 * random.standard_normal((n_chunks, chunk, n_channels))
