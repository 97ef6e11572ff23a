"""A study with planted people: from the allocation to the last session, with crashes in it."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from accelerated import accelerate, run_session
from planted_people import Person, settings

HERE = Path(__file__).parent
TASK = "alpha"
PASSPHRASE = "a passphrase of the simulation"
SLOPE_UV = 1.0
"""What learners gain from session to session."""
BLOCKS = 4
DONORS = 4
ENDINGS = {
    "worker killed": (2, None),
    "experiment killed, repeated": (3, "repeat"),
    "experiment killed, continued": (3, "continue"),
    "interrupted, continued": (3, "continue"),
    "interrupted, repeated": (3, "repeat"),
}
"""How sessions in real time end: in which block, and what was decided then."""
ALL_ENDINGS = (
    *["worker killed"] * 2,
    *["experiment killed, repeated"] * 2,
    "experiment killed, continued",
    *["interrupted, continued"] * 2,
    "interrupted, repeated",
)
"""Five kills and three interruptions."""
REAL_SECONDS = 400.0
"""How long a session in real time may take at most."""


@dataclass(frozen=True)
class Layout:
    """How long the parts of a session are, in seconds."""

    settle: float = 3.0
    baseline: float = 30.0
    rest: float = 6.0
    blocks: int = BLOCKS
    block: float = 30.0
    pause: float = 1.0

    @property
    def seconds(self) -> float:
        """Length of a session, with some reserve."""
        return self.settle + self.baseline + 2 * self.rest + self.blocks * 32 + 20


REAL = Layout(settle=3.0, rest=1.0, block=5.0, pause=0.5)


def in_person(folder, person, layout, until, stops):
    """Run sessions of somebody until the next is of number `until`; return stems and what was said.

    `stops`: what happened before: run numbers of the sessions that are begun already.
    """
    done = []
    for number in range(stops[0], until):
        run = stops[1] if number == stops[0] else 1
        done.append(run_session(folder, person, settings(), layout, run=run))
    return done


def donor_sessions(folder, person, layout, sessions):
    """Run the sessions of a donor, who is in no study."""
    for number in range(1, sessions + 1):
        run_session(folder, person, settings(), layout, session=number)


class SimulatedStudy:
    """One study with planted people.

    Parameters
    ----------
    place : Path
        An empty folder.
    seed : int
        Of people and allocation.
    people, sessions : int
        How many people there are in each arm, and how many sessions each of them has.
    endings : sequence of str
        How sessions in real time end.
    processes : int
        How many sessions run at a time.
    """

    def __init__(self, place, seed, people, sessions, endings, processes):
        self.place, self.seed, self.sessions = place, seed, sessions
        self.n, self.endings, self.processes = people, endings, processes
        self.layout = Layout()
        self.said: dict[str, list[str]] = {}

    def command(self, *arguments, types="", status=0):
        """Call ``psychopy-nfb``; return what it says."""
        from psychopy_nfb.cli import main

        said, before = io.StringIO(), sys.stdin
        sys.stdin = io.StringIO(types)
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                found = main([*map(str, arguments)])
        finally:
            sys.stdin = before
        assert found == status, (arguments, found, said.getvalue())
        return said.getvalue()

    def pool(self):
        """Return processes that run sessions by a clock of their own."""
        return ProcessPoolExecutor(self.processes, get_context("spawn"), initializer=accelerate)

    def make(self):
        """Make the study: donors, allocation, participants."""
        self.folder, donors = self.place / "study", self.place / "donors"
        with self.pool() as pool:
            made = [
                pool.submit(
                    donor_sessions,
                    donors,
                    Person(f"donor{n}", 0.0, 9000 + 100 * self.seed + n),
                    Layout(block=31.0),
                    self.sessions,
                )
                for n in range(min(DONORS, self.n))
            ]
            for one in made:
                one.result()
        arms = ("--arm", "real=own", "--arm", f"sham=yoked:training:30:{BLOCKS}")
        plan = ("--sessions", self.sessions, "--blocks", BLOCKS, "--carry-over", "baseline")
        self.command("study", "new", self.folder, "--name", "S", "--task", TASK, *plan, *arms)
        self.key = self.place / "key.json"
        drawn = ("--slots", 2 * self.n, "--seed", self.seed, "--donors", donors)
        typed = f"{PASSPHRASE}\n"
        self.command("study", "allocate", self.folder, "--key", self.key, *drawn, types=typed)
        labels = [f"{n:02d}" for n in range(1, 2 * self.n + 1)]
        for label in labels:
            self.command("study", "add", self.folder, label)
        self._draw_learners(labels)

    def _draw_learners(self, labels):
        """Let half of each arm learn: whether somebody learns must not tell the arm."""
        from psychopy_nfb.study.allocation import Allocation
        from psychopy_nfb.study.plan import StudyFolder

        study = StudyFolder(self.folder)
        allocation = Allocation.read(study)
        self.arms = {
            label: allocation.slot(study.study.participants[label].token, "all").arm
            for label in labels
        }
        self.people = {}
        for arm in ("real", "sham"):
            for place, label in enumerate(one for one in labels if self.arms[one] == arm):
                slope = SLOPE_UV if (place + (arm == "sham")) % 2 == 0 else 0.0
                self.people[label] = Person(label, slope, 1000 * self.seed + int(label))
        # By label: those whose sessions are cut off are of both arms.
        self.people = dict(sorted(self.people.items()))

    def take_part(self):
        """Run all sessions; some are killed or interrupted, of different people."""
        chosen = dict(zip(self.people, self.endings, strict=False))
        number = {label: 2 + place % (self.sessions - 1) for place, label in enumerate(chosen)}
        with self.pool() as pool:
            before = {
                label: pool.submit(
                    in_person,
                    self.folder,
                    person,
                    self.layout,
                    number.get(label, self.sessions + 1),
                    (1, 1),
                )
                for label, person in self.people.items()
            }
            after = {}
            for label, ending in chosen.items():
                self._keep(before.pop(label).result())
                whole = self._in_real_time(label, number[label], ending)
                begins = (number[label] + 1, 1) if whole else (number[label], 2)
                rest = (self.people[label], self.layout, self.sessions + 1, begins)
                after[label] = pool.submit(in_person, self.folder, *rest)
            for one in (*before.values(), *after.values()):
                self._keep(one.result())

    def _keep(self, done):
        for stem, lines in done:
            self.said[Path(stem).name] = lines

    def _in_real_time(self, label, number, ending):
        """Run a session that does not go well; return whether it got to its end by itself."""
        block, decision = ENDINGS[ending]
        person, source_id = self.people[label], str(uuid.uuid4())
        planted = {key: value for key, value in asdict(person).items() if key != "level"}
        told = {"source_id": source_id, "session": number, "run": 1, "seconds": REAL_SECONDS}
        log = self.place / f"{label}_in_real_time.log"
        amplifier = _started("stream", planted | told, log)
        stop_in = block if ending.startswith("interrupted") else None
        order = {"folder": str(self.folder), "label": label, "source_id": source_id}
        order |= {"layout": asdict(REAL), "stop_in": stop_in}
        experiment = _started("session", order, log)
        try:
            restarts = self._watch(experiment, block, ending, log)
        finally:
            for process in (experiment, amplifier):
                process.kill()
                process.wait()
        if ending == "worker killed":
            assert restarts == 1, (label, ending, restarts)
            return True
        says = self.command("study", "next", self.folder, label, status=2)
        assert "cut off" in says, says
        self.command("study", "next", self.folder, label, f"--{decision}")
        return False

    @staticmethod
    def _watch(experiment, block, ending, log):
        """Kill what is to be killed; return how often the background process began anew."""
        import psutil

        for line in experiment.stdout:
            what, *numbers = line.split()
            if what == "ended":
                experiment.wait(REAL_SECONDS)
                return int(numbers[0])
            if what == "block" and int(numbers[0]) == block:
                if ending.startswith("worker"):
                    psutil.Process(int(numbers[1])).kill()
                elif ending.startswith("experiment"):
                    experiment.kill()
                    experiment.wait()
                    while psutil.pid_exists(int(numbers[1])):  # it finishes its files
                        time.sleep(0.05)
                    return None
        ended = f"the session ended with {experiment.wait()}"
        raise AssertionError(f"{ending}: {ended}\n{log.read_text('utf-8')}")


def _started(what, order, log):
    """Start a stream or an experiment as a process of its own; its errors are added to `log`."""
    command = [sys.executable, str(HERE / "real_session.py"), what, json.dumps(order)]
    with open(log, "a", encoding="utf-8") as errors:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
