"""`psychopy-nfb bench ipc`: how late a value is in another process, and how much goes through."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import numpy as np
import pandas as pd
import psutil
from tqdm import tqdm

from psychopy_nfb.bench.command import Outcome
from psychopy_nfb.bench.ways import NUMBER, WAYS, Ours, Queue, Way

SIZES = {8: "8 B", 1024: "1 KB", 65_536: "64 KB", 1_000_000: "1 MB", 10_000_000: "10 MB"}
PACED_HZ = {8: 500, 1024: 500, 65_536: 500, 1_000_000: 50, 10_000_000: 10}
"""Messages a second when latency is measured, far below what any way can carry."""
TURN_SECONDS, ROUNDS = 0.3, 6
"""Many short turns rather than few long ones: a slow spell of the machine then meets every way."""
BUSY_EVERY = 2
"""Rounds from one in which the consumer is busy to the next: its ages hardly differ by the turn."""
FLOOD_BYTES, FLOOD_MESSAGES = 50_000_000, 5000
FRAME_SECONDS, WORK_SECONDS = 1 / 60, 0.012
"""The busy consumer's frame, and for how much of it Python is kept busy."""
COMPUTED_SECONDS = 0.0005
"""For which the sender is busy before each message, as one that computes what it sends."""
READY_SECONDS = 20.0
FEWEST_MESSAGES, FEWEST_FRAMES = 5, 10
"""In a turn."""
LAST = -1
"""The number that says that no more will come."""
OURS_TIMES = 10.0
BARS_AT = (8, 1024)


def measure(options: argparse.Namespace) -> Outcome:
    """Measure every way at every size; ways of one size take turns."""
    rows: list[dict] = []
    missing: list[str] = []
    complete = False
    total = len(SIZES) * len(WAYS) * (ROUNDS + 1)
    try:
        with tqdm(total=total, desc="bench ipc", unit="turn", disable=None) as progress:
            for size in SIZES:
                rows += _measure_size(size, missing, progress.update)
        complete = True
    except KeyboardInterrupt:
        pass  # the sizes that have been measured are kept
    figures, most, least = _figures(rows)
    conditions = {
        "paced_hz": PACED_HZ,
        "rounds": ROUNDS,
        "frame_work_ms": 1e3 * WORK_SECONDS,
        "each_on_a_core_of_its_own": len(cores()) > 1,
    }
    return Outcome(figures, most, least, conditions, rows, missing, complete)


def _figures(rows: list[dict]) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Return ours against the others where values are small, and the bars of that."""
    figures: dict[str, float] = {}
    most: dict[str, float] = {}
    least: dict[str, float] = {}
    for size in BARS_AT:
        medians = {row["way"]: row["us_p50"] for row in rows if row["bytes"] == size}
        ours = medians.pop(Ours.name, None)
        if ours is None or Queue.name not in medians:
            continue
        label = SIZES[size].replace(" ", "")
        figures[f"ipc_us_median_ours_{label}"] = ours
        figures[f"ipc_queue_over_ours_{label}"] = medians[Queue.name] / ours
        figures[f"ipc_ours_over_best_other_{label}"] = ours / min(medians.values())
        least[f"ipc_queue_over_ours_{label}"] = OURS_TIMES
        most[f"ipc_ours_over_best_other_{label}"] = 1.0
    return figures, most, least


def _measure_size(size: int, missing: list[str], turned: Callable[[], object]) -> list[dict]:
    """Return a row for each way."""
    context = multiprocessing.get_context("spawn")
    ends: dict[str, Link] = {}
    found: dict[str, dict[str, list]] = {}
    try:
        for kind in WAYS:
            try:
                ends[kind.name] = Link(kind(context, size), context)
                found[kind.name] = {"idle": [], "busy": [], "flood": []}
            except Exception as error:  # each way fails in its own manner
                missing.append(f"{kind.name}, {SIZES[size]}: {type(error).__name__}: {error}")
        for number in range(ROUNDS):
            for name, link in ends.items():
                found[name]["idle"].append(link.latencies(PACED_HZ[size]))
                if number % BUSY_EVERY == 0:
                    found[name]["busy"].append(link.ages_in_frames(PACED_HZ[size]))
                turned()
        for name, link in ends.items():
            found[name]["flood"].append(link.flood())
            turned()
    finally:
        for link in ends.values():
            link.close()
    return [_row(name, size, parts) for name, parts in found.items()]


def _row(name: str, size: int, parts: dict[str, list]) -> dict:
    idle, busy = (1e6 * np.concatenate(parts[what]) for what in ("idle", "busy"))
    medians = [1e6 * np.median(part) for part in parts["idle"]]
    messages, arrived = parts["flood"][0]
    return {
        "way": name,
        "bytes": size,
        "us_p50": float(np.median(medians)),
        "us_p99": float(np.percentile(idle, 99)),
        "us_max": float(idle.max()),
        "spread_percent": float(100 * np.ptp(medians) / np.median(medians)),
        "busy_us_p50": float(np.median(busy)),
        "busy_us_p99": float(np.percentile(busy, 99)),
        "busy_us_max": float(busy.max()),
        "messages_per_s": messages,
        "mb_per_s": messages * size / 1e6,
        "arrived_percent": 100 * arrived,
    }


class Link:
    """A way with a sender at its other end, in a process of its own."""

    def __init__(self, way: Way, context: multiprocessing.context.SpawnContext):
        self._way = way
        self._orders, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(way, theirs), daemon=True)
        try:
            self._process.start()
            theirs.close()
            way.open_receiver()
            if not self._orders.poll(READY_SECONDS):
                raise RuntimeError("the sender did not start")
            self._orders.recv()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the sender and let go of the way."""
        if self._process.pid is not None:
            self._process.kill()
            self._process.join()
        self._orders.close()
        self._way.close()

    def _next(self) -> tuple[int, float] | None:
        """Return a message's number and when it was there; None if there is none yet."""
        data = self._way.receive()
        there = time.perf_counter()
        if data is None:
            if self._way.waits and not self._process.is_alive():
                raise RuntimeError("the sender ended by itself")
            return None
        return NUMBER.unpack_from(data)[0], there

    def _sent(self, numbers: list[int]) -> np.ndarray:
        """Return when the messages of the turn that has ended were sent."""
        return self._orders.recv()[np.array(numbers, dtype=int) - 1]

    def latencies(self, rate: float) -> np.ndarray:
        """Return seconds from sent to there, for a consumer that does nothing else.

        It stays on the first core and the sender on the last: whether both happen to share one
        would otherwise make half or twice of a latency. In a frame loop it goes where it may.
        """
        self._orders.send(("paced", max(FEWEST_MESSAGES, round(TURN_SECONDS * rate)), rate))
        numbers, there = [], []
        allowed = cores()
        _stay_on(allowed[:1])
        try:
            while True:
                message = self._next()
                if message is None:
                    continue
                if message[0] == LAST:
                    return np.array(there) - self._sent(numbers)
                numbers.append(message[0])
                there.append(message[1])
        finally:
            _stay_on(allowed)

    def ages_in_frames(self, rate: float) -> np.ndarray:
        """Return how old the newest value at hand is when a frame needs it, in seconds.

        The consumer is busy with Python for most of each frame. Where messages wait to be fetched,
        a thread of its own fetches them; where they lie, the frame looks itself.
        """
        seconds = max(TURN_SECONDS, FEWEST_FRAMES * FRAME_SECONDS)
        self._orders.send(("paced", round((seconds + 0.2) * rate), rate))
        newest, done = [0], threading.Event()

        def fetch() -> None:
            message = self._next()
            if message is not None and message[0] == LAST:
                done.set()
            elif message is not None:
                newest[0] = message[0]

        def fetch_all() -> None:
            while not done.is_set():
                fetch()

        thread = threading.Thread(target=fetch_all, daemon=True) if self._way.waits else None
        if thread is not None:
            thread.start()
        numbers, shown, due = [], [], time.perf_counter()
        while not done.is_set():
            due += FRAME_SECONDS
            _keep_busy(WORK_SECONDS)
            if thread is None:
                fetch()
            if newest[0] and not done.is_set():
                numbers.append(newest[0])
                shown.append(time.perf_counter())
            time.sleep(max(0.0, due - time.perf_counter()))
        if thread is not None:
            thread.join()
        ages = np.array(shown) - self._sent(numbers)
        # The last ones were read after the sender had stopped.
        return ages[: round(seconds / FRAME_SECONDS)]

    def flood(self) -> tuple[float, float]:
        """Return messages a second when sent without a pause, and the share that was seen."""
        n = int(np.clip(FLOOD_BYTES // self._way.size, 5, FLOOD_MESSAGES))
        self._orders.send(("flood", n, 0.0))
        seen = 0
        while True:
            message = self._next()
            if message is None:
                continue
            if message[0] == LAST:
                break
            seen += 1
        return n / (message[1] - self._sent([1])[0]), seen / n


def cores() -> list[int]:
    """Return the cores on which this process may run; none where the system does not tell."""
    try:
        return psutil.Process().cpu_affinity()
    except (AttributeError, psutil.Error):  # macOS has no such setting
        return []


def _stay_on(some: list[int]) -> None:
    if some:
        psutil.Process().cpu_affinity(some)


def _keep_busy(seconds: float) -> None:
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        pass


def serve(way: Way, orders: Connection) -> None:
    """Be the sender: do what is ordered until killed, and tell after each order when it sent what.

    A message holds its number and not its time: to put the time in would be a part of the latency,
    and after a pause a larger one than shared memory's own.
    """
    _stay_on(cores()[-1:])
    way.open_sender()
    orders.send("ready")
    data = bytearray(way.size)

    def message(number: int) -> bytes:
        NUMBER.pack_into(data, 0, number)
        return bytes(data)

    while True:
        try:
            what, n, rate = orders.recv()
        except EOFError:
            os._exit(0)
        times = np.zeros(n)
        begun = time.perf_counter()
        for number in range(n):
            if what == "paced":
                due = begun + (number + 1) / rate
                time.sleep(max(0.0, due - COMPUTED_SECONDS - time.perf_counter()))
                ready = message(number + 1)
                _keep_busy(due - time.perf_counter())
            else:
                ready = message(number + 1)
            sent = time.perf_counter()
            way.send(ready)
            times[number] = sent
        # The last value is seen before it is replaced.
        time.sleep(1 / rate if what == "paced" else 0.0 if way.waits else 0.01)
        way.send(message(LAST))
        orders.send(times)


def table(rows: list[dict]) -> pd.DataFrame:
    """Return rows as a table for people."""
    found = pd.DataFrame(rows)
    found["bytes"] = found["bytes"].map(SIZES)
    return found
