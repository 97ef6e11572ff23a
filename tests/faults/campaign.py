"""Sessions that are disturbed again and again, and what is left of them.

``python -m tests.faults.campaign --minutes 20 --seed 1`` kills and stops the background process and
the amplifier at random while marks, blocks and settings go on, with a second amplifier on the
network, and then counts in the files what is not as it should be: sessions of five minutes, and
hostile settings and files in the last fifth of the time. Its last line counts what was given, what
was disturbed, and what is wrong.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from pathlib import Path

import numpy as np

from psychopy_nfb import Neurofeedback
from psychopy_nfb.dsp import CFIR, DCBlock, Pick, Pipeline
from psychopy_nfb.engine.configuration import Configuration
from psychopy_nfb.lsl.selection import StreamSelection
from psychopy_nfb.protocol import Reward, Signal

sys.path.insert(0, str(Path(__file__).parent))

from disturbed_files import LOST, RATE, Done, wrongs

PATIENCE_SECONDS = 15.0
"""How long feedback may take to come back before it counts as gone for good."""
SESSION_MINUTES = 5.0
HOSTILE_SHARE = 0.2
"""Share of the time in which settings and files are hostile, in rounds of so many of each."""
HOSTILE_SETTINGS, HOSTILE_FILES = 200, 40


class Amplifier:
    """A simulated one in a process of its own, which can be lost and come back."""

    def __init__(self) -> None:
        self.source_id = f"amp-{uuid.uuid4()}"
        self.start()

    def start(self) -> None:
        """Switch it on."""
        program = ["-m", "psychopy_nfb.simulate.simulator"]
        command = [*program, "--seconds", "7200", "--rate", f"{RATE:g}"]
        self.process = subprocess.Popen(
            [sys.executable, *command, "--source-id", self.source_id],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.on_since: float | None = None
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen) -> None:
        for _ in process.stdout:  # it says what it sends as soon as that is on the network
            if self.on_since is None:
                self.on_since = time.monotonic()

    def stop(self) -> None:
        """Pull its plug."""
        self.process.kill()
        self.process.wait()


def training(source_id: str) -> Configuration:
    """Return a training whose reward is easy."""
    alpha = Signal(
        Pipeline([Pick(["Oz"]), DCBlock(), CFIR((8.0, 12.0), delay=0.1)]),
        normalise="none",
        threshold=1.0,
        display_range=(0.0, 20.0),
    )
    return Configuration(
        stream=StreamSelection(source_id=source_id, timeout=15.0),
        signals={"alpha": alpha},
        reward=Reward(dwell=0.1),
    )


def disturbed_session(
    folder: Path, seconds: float, faults: list[str], seed: int, amplifier: Amplifier
) -> tuple[Path, Done]:
    """Run one session in which each of `faults` happens once, evenly spread.

    Parameters
    ----------
    faults : list of str
        ``kill`` and ``stop`` of the background process, ``amplifier`` off for a second or two.

    Returns
    -------
    path, Done
        The session's stem, and what was done in it.
    """
    chance, done = random.Random(seed), Done()
    begun = time.monotonic()
    with Neurofeedback(training(amplifier.source_id), data=folder) as nfb:
        other = Amplifier()  # comes later: a new search would find two, or only this one
        try:
            _until_fresh(nfb)
            done.start_seconds = time.monotonic() - begun
            step = seconds / (len(faults) + 1)
            for what in [*faults, None]:
                _work(nfb, done, chance, step * chance.uniform(0.8, 1.2))
                if what is not None:
                    _disturb(nfb, amplifier, what, done, chance)
            done.score = nfb.score
        finally:
            other.stop()
    return nfb.files.stem, done


def _work(nfb: Neurofeedback, done: Done, chance: random.Random, seconds: float) -> None:
    """Mark, set and begin blocks at random moments."""
    from psychopy_nfb.clock import lsl_now

    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        nfb.update()
        draw = chance.random()
        if draw < 0.03:
            label = f"mark {len(done.marks)}"
            before = lsl_now()
            nfb.mark(label)
            done.marks.append((label, before))
        elif draw < 0.036:
            done.thresholds.append(round(1 + chance.random(), 6))
            done.set_at.append(lsl_now())
            nfb.set(threshold=done.thresholds[-1])
        elif draw < 0.042:
            nfb.begin_block(f"block {done.blocks}")
            _sleep(nfb, 0.05)
            nfb.end_block()
            done.blocks += 1
        time.sleep(0.005)


def _sleep(nfb: Neurofeedback, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        nfb.update()
        time.sleep(0.005)


def _until_fresh(nfb: Neurofeedback) -> bool:
    """Wait for feedback; return whether it came in time."""
    ends = time.monotonic() + PATIENCE_SECONDS
    nfb.update()
    while nfb.stale and time.monotonic() < ends:
        nfb.update()
        time.sleep(0.005)
    return not nfb.stale


def _hit(nfb: Neurofeedback, with_signal: signal.Signals) -> None:
    """Send a signal to the background process, or to its successor where it has just gone."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            os.kill(nfb.worker_pid, with_signal)
        except ProcessLookupError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
        else:
            return


def _disturb(
    nfb: Neurofeedback, amplifier: Amplifier, what: str, done: Done, chance: random.Random
) -> None:
    from psychopy_nfb.clock import lsl_now

    done.faults.append(what)
    begun, out_from = time.monotonic(), lsl_now()
    if what == "amplifier":
        amplifier.stop()
        _work(nfb, done, chance, chance.uniform(0.5, 2.0))
        amplifier.start()
    else:
        _hit(nfb, signal.SIGKILL if what == "kill" else signal.SIGSTOP)
    _work(nfb, done, chance, 0.5)  # commands while nobody takes them
    done.hangs += not _until_fresh(nfb)
    done.outages.append((out_from, lsl_now()))
    begun = max(begun, amplifier.on_since or 0.0) if what == "amplifier" else begun
    done.back_seconds.append((time.monotonic() - begun, what))


class Tracebacks(logging.Handler):
    """Counts what this process logs with a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.n = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count it."""
        self.n += record.exc_info is not None


def sessions(
    minutes: float, faults: list[str], seed: int, folder: Path
) -> tuple[list[Done], list[dict[str, object]], int]:
    """Run disturbed sessions; return what was done, what was wrong in each, and tracebacks."""
    heard = Tracebacks()
    logging.getLogger().addHandler(heard)
    amplifier, all_done, all_found = Amplifier(), [], []
    n = max(1, round(minutes / SESSION_MINUTES))
    try:
        for number, part in enumerate(np.array_split(faults, n)):
            stem, done = disturbed_session(
                folder / f"{number}", 60 * minutes / n, part.tolist(), seed + number, amplifier
            )
            all_done.append(done)
            all_found.append(wrongs(stem, done))
    finally:
        amplifier.stop()
        logging.getLogger().removeHandler(heard)
    written = sum(
        path.read_text(errors="replace").count("Traceback")
        for path in Path(tempfile.gettempdir()).glob(f"nfb_{os.getpid()}_*_worker.log")
    )
    return all_done, all_found, heard.n + written


def hostile(minutes: float, seed: int) -> Counter:
    """Use hostile settings and read hostile files for so long; return the outcomes."""
    from fuzz import fuzz_files, fuzz_settings
    from hostile_inputs import in_memory

    found: Counter = Counter()
    ends = time.monotonic() + 60 * minutes
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder, in_memory():
        while time.monotonic() < ends:
            try:
                found += fuzz_settings(HOSTILE_SETTINGS, seed)
                found += fuzz_files(HOSTILE_FILES, seed, Path(tempfile.mkdtemp(dir=folder)))
            except AssertionError as odd:
                found[str(odd).splitlines()[0]] += 1
            seed += 1
    logging.disable(logging.NOTSET)
    return found


def main() -> int:
    """Run the campaign; return 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--faults", type=int, help="12 a minute if it is not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-hostile", action="store_true", help="sessions for the whole time")
    options = parser.parse_args()
    for_hostile = 0.0 if options.no_hostile else HOSTILE_SHARE * options.minutes
    minutes = options.minutes - for_hostile
    n = options.faults or round(12 * minutes)
    faults = random.Random(options.seed).choices(["kill", "stop", "amplifier"], k=n)
    with tempfile.TemporaryDirectory() as folder:
        all_done, all_found, tracebacks = sessions(minutes, faults, options.seed, Path(folder))
    said = hostile(for_hostile, options.seed)
    odd = {what: count for what, count in said.items() if what not in ("done", "refused")}
    for found in all_found:
        for what, detail in found.items():
            print(f"{what}: {detail}")
    for what, count in odd.items():
        print(f"{count} hostile inputs: {what}")
    backs = [back for done in all_done for back in done.back_seconds]
    for kind in sorted(set(faults)):
        took = [seconds for seconds, what in backs if what == kind]
        print(
            f"feedback back after {kind}: median {np.median(took):.1f} s, slowest {max(took):.1f} s"
        )
    n_sets = sum(len(done.thresholds) for done in all_done)
    print(
        f"marks {sum(len(done.marks) for done in all_done)}, "
        f"blocks {sum(done.blocks for done in all_done)}, settings {n_sets}, "
        f"hostile inputs {said.total()}"
    )
    lost = [found.get(LOST, (0, 0)) for found in all_found]
    late = sum(count for what, count in odd.items() if re.match(r"[\d.]+ s, ", what))
    counts = {
        "inputs": sum(done.n_inputs for done in all_done) + said.total(),
        "faults": sum(len(done.faults) for done in all_done),
        "lost samples": sum(one for one, _ in lost),
        "undeclared": sum(other for _, other in lost),
        "tracebacks": tracebacks + sum(odd.values()) - late,
        "hangs": sum(done.hangs for done in all_done) + late,
        "wrong": sum(len(found) for found in all_found),
    }
    print(", ".join(f"{what} {count}" for what, count in counts.items()))
    return int(any(list(counts.values())[2:]))


if __name__ == "__main__":
    sys.exit(main())
