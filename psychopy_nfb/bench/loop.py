"""`psychopy-nfb bench loop`: from a sample to a flip, measured on this machine."""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from functools import partial
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

import numpy as np
import psutil
from tqdm import tqdm

from psychopy_nfb.bench.frames import DISPLAY, frame_loop
from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.bench.reads import count_torn
from psychopy_nfb.bench.setting import STREAMS, amplifier, training
from psychopy_nfb.bench.steal_time import TURN_SECONDS, Turns, stolen_seconds
from psychopy_nfb.clock import lsl_now
from psychopy_nfb.engine.records import NUMBER, T_PUBLISHED, T_SAMPLE
from psychopy_nfb.process import CREATION_FLAGS, child_environment, python_command

START_SECONDS, READS_A_SECOND = 20, 3e5  # for the progress bar only
BARS: dict[str, float] = {
    "read_us_median": 5,
    "read_us_p999": 50,
    "publish_lag_ms_median": 1.0,
    "publish_lag_ms_p99": 5,
    "publish_over_bare_lsl_ms": 0.4,
    "dense_publish_lag_ms_median": 1.0,
    "dense_publish_lag_ms_p99": 5,
    "dense_publish_over_bare_lsl_ms": 0.4,
    "dense_worker_cpu_percent": 20,
    "flip_read_ms_median": 5,
    "flip_age_ms_median": 6.5,
    "dropped_extra": 0,
    "dropped_extra_stalled": 0,
    "torn_reads": 0,
    "start_s": 1.5,
}
"""What each figure must not exceed."""


def measure(options: argparse.Namespace) -> Outcome:
    """Measure the way of a sample, from its arrival to the flip."""
    seconds, figures = options.seconds, {}
    turns = max(1, round(seconds / TURN_SECONDS))
    publish_turns = min(turns, 5)
    expected = START_SECONDS + len(STREAMS) * publish_turns * TURN_SECONDS
    expected += 4 * turns * TURN_SECONDS + options.reads / READS_A_SECOND
    with tqdm(total=round(expected), desc="bench loop", unit="s", disable=None) as progress:

        def passed(what: str, seconds: float) -> None:
            progress.set_postfix_str(what, refresh=False)
            progress.update(min(seconds, progress.total - progress.n))

        figures |= start_time(5)
        passed("start", START_SECONDS)
        for prefix in STREAMS:
            figures |= publish_lag(prefix, publish_turns)
            passed("publish", publish_turns * TURN_SECONDS)
        figures |= frame_loop(turns, lambda: passed("frames", TURN_SECONDS))
        figures |= count_torn(options.reads, lambda n: passed("reads", n / READS_A_SECOND))
    conditions = {
        "streams": {prefix or "sparse": stream for prefix, stream in STREAMS.items()},
        "display": DISPLAY,
        "seconds": seconds,
    }
    return Outcome(figures, at_most=BARS, conditions=conditions)


def start_time(n: int) -> dict[str, float]:
    """Return the median of `n` times from start() to the first value, with a stream running."""
    from psychopy_nfb.display.neurofeedback import Neurofeedback

    seconds = []
    with amplifier(STREAMS[""]) as source_id, TemporaryDirectory() as folder:
        for _ in range(n):
            nfb = Neurofeedback(training(source_id), data=folder)
            before = lsl_now()
            nfb.start()
            while nfb.records.newest_seq == 0:
                time.sleep(0.001)
            seconds.append(lsl_now() - before)
            nfb.close()
    return {"start_s": float(np.median(seconds)), "start_s_max": max(seconds)}


def publish_lag(prefix: str, turns: int) -> dict[str, float]:
    """Measure newest sample's stamp to published, beside a bare consumer of the same outlet.

    And the worker's use of processor, in percent of one core.

    Counted are the samples that were taken after `start()` has returned. Those before, which came
    while the worker was starting, are published at once when it begins, 20 to 130 ms old: a dozen
    in a thousand, which alone were the 99th percentile. No frame shows them.

    With the first stream also the cost of `update()` with late read off.
    """
    from psychopy_nfb.display.neurofeedback import Neurofeedback

    figures: dict[str, float] = {}
    lags: list[float] = []
    bare_lags: list[float] = []
    counted = Turns(repeats=2 * turns)
    with amplifier(STREAMS[prefix]) as source_id, TemporaryDirectory() as folder:
        with Neurofeedback(training(source_id), data=folder, late_read=False) as nfb:
            worker = psutil.Process(nfb.worker_pid)
            begun, used = lsl_now(), _cpu_seconds(worker)
            turn = partial(_lags_beside_bare, nfb, source_id, begun)
            for _ in range(turns):
                ours, bare = counted.calm(turn)
                lags += ours
                bare_lags += bare
            used = (_cpu_seconds(worker) - used) / (lsl_now() - begun)
            if not prefix:
                figures |= counted.calm(partial(_read_cost, nfb))
    return figures | {
        f"{prefix}publish_lag_ms_median": float(np.median(lags)),
        f"{prefix}publish_lag_ms_p99": float(np.percentile(lags, 99)),
        f"{prefix}bare_lsl_ms_median": float(np.median(bare_lags)),
        f"{prefix}bare_lsl_ms_p99": float(np.percentile(bare_lags, 99)),
        f"{prefix}publish_over_bare_lsl_ms": float(np.median(lags) - np.median(bare_lags)),
        f"{prefix}records": len(lags),
        f"{prefix}worker_cpu_percent": 100 * used,
        f"{prefix}turns_repeated": counted.repeated,
    }


def _cpu_seconds(process: psutil.Process) -> float:
    """Return the seconds of a core that a process has used, all its threads together."""
    times = process.cpu_times()
    return times.user + times.system


def _lags_beside_bare(
    nfb, source_id: str, begun: float
) -> tuple[tuple[list[Any], list[Any]], float]:
    """Return milliseconds to published and to a bare consumer's receipt, and stolen seconds.

    Of samples that were taken after LSL time `begun`.
    """
    command = python_command("bench.bare", "--source-id", source_id, "--seconds", f"{TURN_SECONDS}")
    with TemporaryFile() as told:
        bare = subprocess.Popen(
            command,
            stdout=told,
            env=child_environment(),
            creationflags=CREATION_FLAGS,
            start_new_session=True,
        )
        stolen = stolen_seconds()
        lags, seen = [], nfb.records.newest_seq
        while bare.poll() is None:
            for record in nfb.records.since(seen):
                seen = record[NUMBER]
                if record[T_SAMPLE] > begun:
                    lags.append(1e3 * (record[T_PUBLISHED] - record[T_SAMPLE]))
            time.sleep(0.2)
        stolen = stolen_seconds() - stolen
        told.seek(0)
        return (lags, json.load(told)), stolen


def _read_cost(nfb, n: int = 100_000) -> tuple[dict[str, float], float]:
    """Time single calls of `update()` on a live worker, without a window.

    At the priority that PsychoPy offers to experiments, as the frame loop is measured.
    """
    from psychopy import core

    stolen = stolen_seconds()
    core.rush(True)
    costs = np.empty(n)
    clock = time.perf_counter_ns
    for index in range(n):
        before = clock()
        nfb.update()
        costs[index] = clock() - before
    core.rush(False)
    costs /= 1e3
    figures = {
        "read_us_median": float(np.median(costs)),
        "read_us_p999": float(np.percentile(costs, 99.9)),
    }
    return figures, stolen_seconds() - stolen
