"""The line between two computers over real sockets, and what hostile programs send to it."""

import json
import random
import socket
import threading
import time

import numpy as np
import psutil
import pytest
from rubbish import rubbish

from psychopy_nfb.engine.command_handler import CommandHandler
from psychopy_nfb.errors import SettingsError, WorkerError
from psychopy_nfb.remote.commands import COMMANDS, check_command
from psychopy_nfb.remote.handshake import Door, NotWelcome, greet
from psychopy_nfb.remote.host_session import HostSession
from psychopy_nfb.remote.line import Line
from psychopy_nfb.remote.other_clock import OtherClock

TOKEN = "a token of tests"


class Ends:
    """Both ends of a line, with connections that break."""

    def __init__(self):
        self.came = {"here": [], "there": []}
        self.lines = {end: Line(self.came[end].append) for end in self.came}

    def connect(self):
        pair = socket.socketpair()
        lines = list(self.lines.values())
        heard = [line.received for line in lines]
        threads = [
            threading.Thread(target=lines[place].serve, args=(pair[place], heard[1 - place]))
            for place in (0, 1)
        ]
        for thread in threads:
            thread.start()
        return threads

    def numbers(self, end):
        return [message["n"] for message in self.came[end]]


def test_messages_come_once_and_in_order_through_connections_that_break(until):
    ends = Ends()
    sent = {"here": 0, "there": 0}
    for turn in range(6):
        threads = ends.connect()
        for end, line in ends.lines.items():
            for _ in range(100):
                line.send("test", n=sent[end], text="x" * 1000 * turn)
                sent[end] += 1
        ends.lines["here" if turn % 2 else "there"].hang_up()
        for thread in threads:
            thread.join()
    threads = ends.connect()
    wanted = list(range(600))
    until(lambda: ends.numbers("here") == wanted == ends.numbers("there"), 30, "all messages")
    until(lambda: not any(line.waiting for line in ends.lines.values()), 30, "confirmations")
    ends.lines["here"].hang_up()
    for thread in threads:
        thread.join()


def test_a_silent_connection_ends_and_its_messages_come_over_the_next_one(until):
    came = []
    line = Line(came.append)
    here, there = socket.socketpair()
    line.send("test", n=1)
    begun = time.monotonic()
    line.serve(here, 0)  # nobody answers
    assert time.monotonic() - begun > 2.5
    assert b'"n": 1' in there.recv(1000)
    there.close()
    assert line.waiting == 1


def test_who_does_not_know_the_token_is_not_let_in():
    here, there = socket.socketpair()
    refused = []

    def host():
        try:
            Door(there, TOKEN)
        except NotWelcome as error:
            refused.append(error)
        there.close()

    thread = threading.Thread(target=host)
    thread.start()
    with pytest.raises(WorkerError, match="does not take this token"):
        greet(here, "EEG", "a wrong token", "session", session=None, heard=None)
    thread.join()
    here.close()
    assert len(refused) == 1


def test_a_worker_that_does_not_know_the_token_is_not_believed():
    here, there = socket.socketpair()

    def impostor():
        there.sendall(json.dumps({"protocol": 1, "nonce": "0" * 32}).encode() + b"\n")
        there.recv(4096)
        answer = {"session": "x", "heard": 0, "proof": "0" * 64}
        there.sendall(json.dumps(answer).encode() + b"\n")

    thread = threading.Thread(target=impostor)
    thread.start()
    with pytest.raises(WorkerError, match="does not know the token"):
        greet(here, "EEG", TOKEN, "session", session=None, heard=None)
    thread.join()
    here.close()
    there.close()


def test_each_command_of_the_worker_can_be_sent():
    known = {name.removeprefix("_on_") for name in vars(CommandHandler) if name.startswith("_on_")}
    assert known - COMMANDS.keys() == {"keep", "stop"}  # which have messages of their own
    assert COMMANDS.keys() <= known


def test_no_rubbish_is_a_command():
    by_chance = random.Random(1)
    for _ in range(20_000):
        content = {"command": by_chance.choice([*COMMANDS, "eval", "stop", None])}
        content |= {"number": 1, "called": 1.0, by_chance.choice("abt"): rubbish(by_chance)}
        for field in COMMANDS.get(content["command"], {}):
            content[field] = rubbish(by_chance)
        try:
            name, number, fields = check_command(content)
        except SettingsError:
            continue
        assert fields.keys() <= {"called", "source", *COMMANDS[name]}


def test_rubbish_starts_nothing_and_takes_no_memory(tmp_path):
    by_chance = random.Random(2)
    told = []
    session = HostSession(tmp_path, told.append)
    kinds = ["open", "command", "frames", "worker", "", None]
    memory = psutil.Process().memory_info().rss
    for _ in range(20_000):
        message = {"kind": by_chance.choice(kinds), "command": rubbish(by_chance)}
        message |= {"rows": rubbish(by_chance), "configuration": rubbish(by_chance)}
        message |= {"facts": {}, "about": rubbish(by_chance)}
        try:
            session._take(message)
        except (ValueError, LookupError, TypeError):
            pass  # the line goes on with the next one
    assert told == []
    assert not list(tmp_path.rglob("*"))
    assert psutil.Process().memory_info().rss - memory < 50 * 2**20


def pair(by_chance):
    """Return how wrong LSL's offset is, and how long its pair took: the quicker one of two."""
    ways = [[by_chance.uniform(0.015, 0.025) for _ in "ab"] for _ in "ab"]
    there, back = min(ways, key=sum)
    return (there - back) / 2, there + back


@pytest.mark.parametrize("drift", [0.0, 50e-6, -50e-6])
def test_row_129_the_other_clock_is_known_better_than_single_measurements(drift):
    by_chance = random.Random(3)
    errors = {24: [], 120: []}  # by how many seconds it has been measured for
    for _ in range(300):
        clock = OtherClock()
        for number in range(61):
            since = 2.0 * number
            wrong, took = pair(by_chance)
            clock.add(1000.0 + since, 3.0 + drift * since + wrong, took)
            if since in errors:
                true = 3.0 + drift * (since + 2.0)
                errors[since].append(abs(clock.offset(1002.0 + since) - true))
        assert clock.to_there(clock.to_here(1050.0)) == pytest.approx(1050.0, abs=1e-6)
    assert np.quantile(errors[24], 0.99) < 0.002
    assert np.quantile(errors[120], 0.99) < 0.0012


def test_of_a_few_exchanges_no_drift_is_made_up_before_the_network_is_cut():
    by_chance = random.Random(3)
    errors = []
    for turn in range(600):
        clock, drift = OtherClock(), (0.0, 50e-6, -50e-6)[turn % 3]
        for since in (0.0, 2.0, 4.0):
            wrong, took = pair(by_chance)
            clock.add(1000.0 + since, 3.0 + drift * since + wrong, took)
        errors.append(abs(clock.offset(1034.0) - 3.0 - drift * 34.0))
    assert np.quantile(errors, 0.99) < 0.005
