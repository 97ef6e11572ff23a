"""What a worker makes of an experiment's computer that sends it rubbish: real processes."""

from __future__ import annotations

import json
import math
import random
import socket
import tempfile
import time

import psutil
import pytest
from computers import TOKEN
from rubbish import NAMES, rubbish

from psychopy_nfb.errors import SettingsError
from psychopy_nfb.recording import read_session
from psychopy_nfb.remote.commands import COMMANDS, check_command
from psychopy_nfb.remote.host_link import HostLink
from psychopy_nfb.remote.line import Line
from psychopy_nfb.remote.worker_address import WorkerAddress
from psychopy_nfb.settings import to_dict

pytestmark = pytest.mark.slow
FEW, MANY = 2_000, 100_000
AT_ONCE = 500
"""Messages that may be on their way."""
MOST_BYTES = 20 * 2**20
"""Memory that the worker and its background process may take more: they keep no rubbish."""
MOST_LINES = 10
"""In the worker's log, whatever it is sent."""
FACTS = {"experiment": {"pid": 1, "simulated": False, "psychopy": "of tests"}}


def hostile_command(by_chance, number):
    """Return what looks like a command and is none, or one that cannot be carried out."""
    while True:
        name = by_chance.choice([*COMMANDS, "eval", "stop", "keep", None])
        content = {"command": name, "number": number, "called": 1.0}
        for field in COMMANDS.get(name, {}):
            content[field] = rubbish(by_chance)
        if by_chance.random() < 0.3:
            content[by_chance.choice(NAMES)] = rubbish(by_chance)
        if name == "set":
            content["changes"] = {"threshold": by_chance.choice(["high", None, {}, [], math.nan])}
            content["signal"] = None
        try:
            check_command(content)
        except SettingsError:
            return content
        if name == "set":
            return content


def hostile_message(by_chance, number):
    """Return the kind of a message to the worker, and the rest of it."""
    kind = by_chance.choice(["open", "command", "command", "frames", "worker", "", None, [], {}])
    if kind == "command":
        return kind, {"command": hostile_command(by_chance, number)}
    names = ("configuration", "facts", "about", "counting", "rows", "command", "message")
    return kind, {name: rubbish(by_chance) for name in names}


class Experiment:
    """The screen's end of a session, which sends whatever it is told to."""

    def __init__(self, worker, training, until):
        self.came = []
        self._until = until
        self.line = Line(self.came.append)
        self.link = HostLink(WorkerAddress(worker.name, TOKEN, 15.0), self.line, None)
        self.link.open()
        about = {"participant": "01", "session": "01", "task": "alpha", "task_name": "alpha"}
        order = {"configuration": to_dict(training), "facts": FACTS, "counting": False}
        self.line.send("open", about=about, **order)
        until(lambda: self.came, 60, "the session")
        assert self.told("ready"), self.came[0]

    def told(self, kind):
        """Return what the background process said of a kind."""
        messages = [one["message"] for one in list(self.came) if one["kind"] == "worker"]
        return [one for one in messages if one["kind"] == kind]

    def bombard(self, by_chance, count):
        """Send hostile messages; return when the worker has taken all."""
        for number in range(count):
            kind, content = hostile_message(by_chance, number + 1)
            self.line.send(kind, **content)
            if self.line.waiting > AT_ONCE:
                self._until(lambda: self.line.waiting < AT_ONCE // 2, 60, "the worker")
                del self.came[:]
        self._until(lambda: not self.line.waiting, 60, "the worker")
        time.sleep(1.0)  # what it has handed on is answered


def memory(processes):
    return [one.memory_info().rss for one in processes]


def check_hostile_experiment(amplifier, training, worker, until, count):
    by_chance = random.Random(2)
    log = tempfile.TemporaryFile("w+")
    eeg = worker(log=log)
    settings = training(amplifier().source_id)
    experiment = Experiment(eeg, settings, until)
    me = psutil.Process(eeg.process.pid)
    processes = [me, *me.children()]
    assert len(processes) == 2
    experiment.bombard(by_chance, FEW)  # what is made once
    before = memory(processes)
    begun = time.monotonic()
    experiment.bombard(by_chance, count)
    more = [now - then for now, then in zip(memory(processes), before, strict=True)]
    print(f"{count} messages in {time.monotonic() - begun:.0f} s; bytes more: {more}")
    assert max(more) < MOST_BYTES
    log.seek(0)
    told = [line for line in log if "cpp:" not in line]  # but for LSL's own greetings
    log.close()
    assert any("was not understood and is left out" in line for line in told)
    assert len(told) < MOST_LINES, told[:30]
    assert all(one.is_running() for one in processes)
    command = {"command": "set", "number": 10**6, "called": 1.0, "signal": None}
    experiment.line.send("command", command={**command, "changes": {"dwell": 0.25}})
    until(lambda: experiment.told("configuration"), 60, "the one change that was right")
    experiment.line.send("stop")
    until(lambda: any(one["kind"] == "closed" for one in experiment.came), 60, "the end")
    experiment.link.close()
    session = read_session(eeg.stem())
    kept = session.settings["configuration"]
    assert kept["reward"].pop("dwell") == 0.25
    wanted = json.loads(json.dumps(to_dict(settings)))
    del wanted["reward"]["dwell"]
    assert kept == wanted
    happened = session.events.trial_type.tolist()
    assert happened.count("set") == 1
    obeyed = {*COMMANDS, "block_begin", "block_end", "note"} - {"set"}
    assert not obeyed.intersection(happened)


def test_a_hostile_experiment_changes_nothing(amplifier, training, worker, until):
    check_hostile_experiment(amplifier, training, worker, until, FEW)


@pytest.mark.campaign
def test_row_128_campaign_of_a_hostile_experiment(amplifier, training, worker, until):
    check_hostile_experiment(amplifier, training, worker, until, MANY)


def test_bytes_of_programs_without_the_token_cost_nothing(worker, until):
    by_chance = random.Random(4)
    eeg = worker()
    (place, *_) = WorkerAddress(eeg.name, TOKEN, 15.0)._places
    process = psutil.Process(eeg.process.pid)
    before = None
    for number in range(1_000):
        with socket.create_connection(place, 5.0) as connection:
            try:
                connection.sendall(by_chance.randbytes(by_chance.randrange(1, 20_000)) + b"\n")
            except OSError:
                pass  # it has hung up
        if number == 100:
            before = process.memory_info().rss
    assert process.memory_info().rss - before < MOST_BYTES
    address = WorkerAddress(eeg.name, TOKEN, 15.0)

    def let_in():
        try:
            address.connect("session", session="none", heard=0)
        except OSError:
            return False
        except Exception as error:
            return "has ended" in str(error)
        return False

    until(let_in, 30, "an answer to who knows the token")
    assert process.is_running()
