"""Ctrl-C pressed twice at random moments of a session, its start and its end included.

``python -m tests.faults.interrupts --times 40 --seed 1`` starts one experiment after another, sends
each two interrupts, and looks at what is left: files, processes, shared memory, and what was
written to the terminal. Its last line counts what is not as it should be.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from psychopy_nfb.errors import NfbError
from psychopy_nfb.process import child_environment
from psychopy_nfb.recording import read_session

sys.path.insert(0, str(Path(__file__).parent))

from campaign import Amplifier

RUNS_SECONDS = 2.5
LONGEST_SECONDS = 6.0
"""From the moment at which the experiment has loaded: the start, what it does, and its end."""
LEFT_SECONDS = 15.0
"""After the second interrupt the background process finishes the files by itself."""
SHARED_MEMORY = Path("/dev/shm")
EXPERIMENT = f"""
import sys, time
from psychopy_nfb import Neurofeedback, StreamSelection, standard_training
training = standard_training(StreamSelection(source_id=sys.argv[1]), channels="Oz")
print("loaded", flush=True)
with Neurofeedback(training, data=sys.argv[2]) as nfb:
    ends = time.monotonic() + {RUNS_SECONDS}
    while time.monotonic() < ends:
        with nfb.block("training"):
            for number in range(20):
                nfb.update()
                nfb.mark(f"mark {{number}}")
                time.sleep(0.02)
print("ended", flush=True)
"""


def interrupted(source_id: str, folder: Path, after: float, again: float) -> Iterator[str]:
    """Run an experiment, interrupt it twice, and yield what is wrong afterwards.

    Parameters
    ----------
    source_id : str
        Of the amplifier.
    folder : path
        For the experiment's files.
    after : float
        Seconds from when it has loaded to the first interrupt.
    again : float
        Seconds from the first to the second.
    """
    experiment = subprocess.Popen(
        [sys.executable, "-c", EXPERIMENT, source_id, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(),
    )
    experiment.stdout.readline()
    said: list[str] = []
    listener = threading.Thread(target=lambda: said.extend(experiment.stderr), daemon=True)
    listener.start()
    for pause in (after, again):
        time.sleep(pause)
        experiment.send_signal(signal.SIGINT)
    try:
        experiment.wait(30)
    except subprocess.TimeoutExpired:
        yield "the experiment has not ended after 30 s"
        experiment.kill()
        experiment.wait()
    listener.join(5)
    experiment.stdout.close()
    experiment.stderr.close()
    yield from _odd_words("".join(said))
    yield from _left_behind(experiment.pid)
    yield from _odd_files(folder)


def _odd_words(said: str) -> Iterator[str]:
    """Yield what is written beside the traceback that Python has for KeyboardInterrupt."""
    n = said.count("Traceback")
    if n > 1 or "Exception ignored" in said or "atexit" in said:
        yield f"more than one traceback:\n{said}"
    elif n and said.strip().splitlines()[-1] != "KeyboardInterrupt":
        yield f"another error than the interrupt:\n{said}"


def _left_behind(pid: int) -> Iterator[str]:
    """Yield processes and shared memory of an experiment that has ended."""
    ends = time.monotonic() + LEFT_SECONDS
    while (left := _children(pid)) and time.monotonic() < ends:
        time.sleep(0.1)
    yield from (f"still there: {' '.join(command)}" for command in left)
    if SHARED_MEMORY.is_dir():
        yield from (f"still there: {path}" for path in SHARED_MEMORY.glob(f"*nfb_{pid}_*"))


def _children(pid: int) -> list[list[str]]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if "--experiment-pid" in command and str(pid) in command:
            found.append(command)
    return found


def _odd_files(folder: Path) -> Iterator[str]:
    """Yield what is wrong with the session that was interrupted, if it had begun."""
    for settings in folder.glob("*_nfb.json"):
        stem = settings.with_name(settings.name.removesuffix("_nfb.json"))
        try:
            session = read_session(stem)
        except NfbError as error:
            yield f"the session cannot be read: {error}"
            continue
        ends = session.events.trial_type.tolist().count("stopped")
        if ends != 1 or session.settings.get("ended") != "stopped":
            yield f"the files are not complete: {session.settings.get('ended')}, {ends} ends"
        blocks = session.events.trial_type.tolist()
        if blocks.count("block_begin") != blocks.count("block_end"):
            yield "a block has no end"
    yield from (f"left in the folder: {path.name}" for path in folder.glob("*_worker.log"))


def main() -> int:
    """Run the campaign; return 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance, amplifier, n_wrong, n_files = random.Random(options.seed), Amplifier(), 0, 0
    try:
        for number in range(options.times):
            after = chance.uniform(0.0, LONGEST_SECONDS)
            again = chance.choice([0.02, chance.uniform(0.02, 0.3), chance.uniform(0.0, 2.0)])
            with tempfile.TemporaryDirectory() as folder:
                for wrong in interrupted(amplifier.source_id, Path(folder), after, again):
                    n_wrong += 1
                    print(f"{number}: after {after:.2f} s and {again:.2f} s: {wrong}", flush=True)
                n_files += len(list(Path(folder).glob("*_nfb.json")))
    finally:
        amplifier.stop()
    print(f"experiments {options.times}, with files {n_files}, wrong {n_wrong}")
    return int(n_wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
