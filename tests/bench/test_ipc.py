"""The ways between processes, what is told of them, and where programs may compute."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.bench.python_ipc import ipc, start
from psychopy_nfb.bench.python_ipc.engines import ENGINES
from psychopy_nfb.bench.python_ipc.findings import design_sentences, ipc_sentences, write_findings
from psychopy_nfb.bench.python_ipc.ipc import SIZES
from psychopy_nfb.bench.python_ipc.link import Link
from psychopy_nfb.bench.python_ipc.start_parent import IMPORTS, start_once
from psychopy_nfb.bench.python_ipc.transports import NUMBER, WAYS, Ours, Pipe
from psychopy_nfb.bench.setting import amplifier
from psychopy_nfb.cli import main
from psychopy_nfb.clock import lsl_now


def echo(way, conversation):
    """Be the sender: send what is told, and say so."""
    way.open_sender()
    conversation.send("open")
    while True:
        try:
            way.send(conversation.recv())
        except EOFError:
            return


@pytest.mark.parametrize("size", [8, 1_000_000])
@pytest.mark.parametrize("kind", WAYS, ids=lambda kind: kind.name)
def test_what_is_sent_arrives_whole_and_in_order(kind, size):
    if kind.name == "ZeroMQ":
        pytest.importorskip("zmq")
    context = multiprocessing.get_context("spawn")
    way = kind(context, size)
    ours, theirs = context.Pipe()
    process = context.Process(target=echo, args=(way, theirs), daemon=True)
    process.start()
    theirs.close()
    way.open_receiver()
    try:
        assert ours.recv() == "open"
        random = np.random.default_rng(1)
        for number in range(1, 6):
            data = NUMBER.pack(number) + random.bytes(size - NUMBER.size)
            ours.send(data)
            received = None
            while received is None:
                received = way.receive()
            assert received == data
    finally:
        ours.close()
        process.join(10)
        if process.is_alive():
            process.kill()
        way.close()


@pytest.mark.slow
@pytest.mark.row(60)
def test_row_060_ipc_tables_every_way_at_every_size(monkeypatch, tmp_path, capsys):
    brief = {size: plan._replace(rounds=1) for size, plan in ipc.PLANS.items()}
    monkeypatch.setattr(ipc, "PLANS", brief)
    monkeypatch.setattr(ipc, "BUSY_ROUNDS", 1)
    monkeypatch.setattr(ipc, "FLOOD_ROUNDS", 1)
    assert min(ipc.SIZES) == 8
    assert max(ipc.SIZES) == 10_000_000
    monkeypatch.setattr(ipc, "SIZES", {8: "8 B", 10_000_000: "10 MB"})
    file = tmp_path / "ipc.json"
    status = main(["bench", "ipc", "--json", str(file)])
    told = json.loads(file.read_text())
    rows = pd.DataFrame(told["rows"])
    names = {kind.name for kind in WAYS}
    reasons = " ".join(told.get("missing", []))
    for size in (8, 10_000_000):
        own = rows[rows.bytes == size].set_index("way")
        assert set(own.index) | {name for name in names if name in reasons} == names
        assert (own.us_p50 > 0).all()
        assert (own.us_p50 <= own.us_max).all()
        assert (own.busy_us_p50 > 0).all()
        waiting = [kind.name for kind in WAYS if kind.waits and kind.name in own.index]
        assert (own.arrived_percent[waiting] == 100).all(), "messages are not lost"
    said = capsys.readouterr().out
    assert "RawArray + Lock" in said
    assert status == int("NOT HELD" in said)


def test_a_way_that_cannot_run_is_told_with_its_reason(monkeypatch):
    class Broken(WAYS[1]):
        name = "broken"

        def __init__(self, context, size):
            raise OSError("no such thing here")

    monkeypatch.setattr(ipc, "WAYS", (Broken,))
    links, missing = {}, []
    ipc._open(links, missing)
    assert links == {}
    assert missing == [f"broken, {label}: OSError: no such thing here" for label in SIZES.values()]


class SmallOnly(WAYS[1]):
    name = "small"

    def __init__(self, context, size):
        if size > 1024:
            raise OSError("too large")
        super().__init__(context, size)


def test_a_way_that_carries_some_sizes_is_kept_for_those(monkeypatch):
    monkeypatch.setattr(ipc, "WAYS", (SmallOnly,))
    links, missing = {}, []
    ipc._open(links, missing)
    try:
        assert links["small"].sizes == [8, 1024]
        assert missing == [
            f"small, {label}: OSError: too large" for label in list(SIZES.values())[2:]
        ]
        assert (ipc._round(links, 8, "idle", missing, lambda: None)["small"] > 0).all()
        assert ipc._round(links, 10_000_000, "idle", missing, lambda: None) == {}
    finally:
        links["small"].close()


def test_each_sort_of_round_comes_first_once_and_then_spreads_over_the_whole_time():
    rounds = ipc.schedule()
    sorts = [(size, what) for size in ipc.SIZES for what in ipc.KINDS]
    assert sorted(rounds[: len(sorts)]) == sorted(sorts)
    for size, plan in ipc.PLANS.items():
        own = [at for at, one in enumerate(rounds) if one == (size, "idle")]
        assert len(own) == plan.rounds
        assert max(np.diff(own)) <= len(rounds) / plan.rounds + len(sorts)


def test_ratios_are_of_the_table_s_medians_and_have_bars():
    medians = {"psychopy_nfb": 4.0, "mp.Queue": 60.0, "pipe": 30.0}
    rows = [{"way": way, "bytes": 8, "us_p50": median} for way, median in medians.items()]
    figures, most, least = ipc._figures(rows)
    assert figures["ipc_queue_over_ours_8B"] == 15
    assert least == {"ipc_queue_over_ours_8B": 10}
    assert figures["ipc_ours_over_best_other_8B"] == pytest.approx(4 / 30)
    assert most == {"ipc_ours_over_best_other_8B": 1}
    assert ipc._figures(rows[1:])[0] == {}


@pytest.mark.parametrize("what", ipc.KINDS)
@pytest.mark.parametrize("kind", [Pipe, Ours], ids=lambda kind: kind.name)
def test_a_way_whose_sender_ends_is_told_and_left_out(kind, what):
    context = multiprocessing.get_context("spawn")
    links, missing = {kind.name: Link({8: kind(context, 8)}, context)}, []
    assert len(ipc._round(links, 8, what, missing, lambda: None)) == 1
    os.kill(links[kind.name]._process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    assert ipc._round(links, 8, what, missing, lambda: None) == {}
    assert links == {}
    assert len(missing) == 1
    assert missing[0].startswith(f"{kind.name}: ")


ROUND_BY_ROUND = """
import sys
from psychopy_nfb.bench.python_ipc import ipc
from psychopy_nfb.cli import main

give_turns = ipc._round

def told(*arguments):
    found = give_turns(*arguments)
    print("round", flush=True)
    return found

ipc.SIZES, ipc._round = {8: "8 B"}, told
sys.exit(main(["bench", "ipc", "--json", sys.argv[1]]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no Ctrl-C for a group of processes there")
def test_ctrl_c_keeps_what_has_been_measured(tmp_path):
    file = tmp_path / "ipc.json"
    with subprocess.Popen(
        [sys.executable, "-c", ROUND_BY_ROUND, str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        for _ in range(len(ipc.KINDS) + 2):
            assert process.stdout.readline() == "round\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
        said, errors = process.communicate(timeout=60)
    told = json.loads(file.read_text())
    assert process.returncode == 1
    assert "Stopped by Ctrl-C. The figures are those measured until then." in said
    assert "Traceback" not in errors
    assert told["complete"] is False
    names = {row["way"] for row in told["rows"]} | {
        one.split(",")[0] for one in told.get("missing", [])
    }
    assert names == {kind.name for kind in WAYS}


@pytest.mark.row(60)
@pytest.mark.parametrize("way", ["fork", "spawn", "subprocess"])
def test_row_060_a_child_tells_its_start_and_its_memory(way):
    if way not in (*multiprocessing.get_all_start_methods(), "subprocess"):
        pytest.skip(f"{way} is not on this system")
    seconds, megabytes = start_once(way, IMPORTS["bare"])
    assert 0 < seconds < 60
    assert megabytes > 1
    if way == "subprocess":  # of a forked child much belongs to its parent
        assert start_once(way, IMPORTS["scipy.signal"])[1] > megabytes + 10


@pytest.mark.slow
@pytest.mark.display
@pytest.mark.row(60)
def test_row_060_start_tables_parents_ways_and_imports(monkeypatch):
    monkeypatch.setattr(start, "ROUNDS", 1)
    outcome = start.measure(None)
    rows = pd.DataFrame(outcome.rows)
    assert outcome.complete
    assert set(rows.parent) == {"bare", "window"}
    assert set(rows.imports) == set(IMPORTS)
    known = {*multiprocessing.get_all_start_methods(), "subprocess"}
    assert set(rows.way) == known
    assert len(rows) == 2 * len(known) * len(IMPORTS)
    assert not [one for one in outcome.missing if one.split()[0] in known]


@pytest.mark.slow
@pytest.mark.parametrize("design", ENGINES)
def test_each_design_gives_the_stream_s_newest_value(design):
    stream = {"channels": 8, "rate": 500.0, "chunk": 10}
    with amplifier(stream) as source_id, ENGINES[design](source_id, 0.0) as newest:
        seen, latest = [], lsl_now() + 15.0
        # Until the filters have settled the value rests.
        while (len(seen) < 10 or np.ptp([value for _, value in seen]) == 0) and lsl_now() < latest:
            value = newest()
            if value is not None and (not seen or value[0] != seen[-1][0]):
                seen.append(value)
    times = [time for time, _ in seen]
    assert times == sorted(times)
    assert len(set(times)) >= 10
    assert np.ptp([value for _, value in seen]) > 0


def designs(dropped, age=10.0):
    return pd.DataFrame(
        [
            {"design": design, "load_ms": load, "hz": 60.0, "frames": 100}
            | {"dropped": dropped.get((design, load), 0), "age_ms_median": age}
            for load in (0.0, 20.0)
            for design in ("thread", "psychopy_nfb")
        ]
    )


def test_findings_say_who_dropped_and_from_which_load_on():
    said = design_sentences(designs({("thread", 20.0): 40}))
    assert said[0] == (
        "At 60 Hz no more than one of a hundred frames due was dropped, at any load, with: "
        "psychopy_nfb. More were dropped with: thread (from 20 ms a chunk)."
    )
    said = design_sentences(designs({("psychopy_nfb", 0.0): 9, ("thread", 0.0): 9}))
    assert "at any load, with: none." in said[0]


def test_findings_tell_the_numbers_of_the_table():
    columns = ("way", "bytes", "us_p50", "busy_us_p50", "mb_per_s")
    rows = [("mp.Queue", 8, 120.0, 6100.0, 1.0), ("psychopy_nfb", 8, 7.0, 900.0, 2.0)]
    said = " ".join(ipc_sentences(pd.DataFrame(rows, columns=columns).assign(bytes=8)))
    assert "after 7 µs" in said
    assert "after 120 µs" in said
    assert "6.1 ms old by a queue and 0.9 ms by shared memory" in said


def test_the_page_leaves_out_what_was_not_measured(tmp_path):
    outcome = Outcome({"rt_factor_64ch_1khz": 30.0}, missing=["fork: not on this system"])
    page = write_findings(tmp_path, {"dsp": outcome, "ipc": Outcome({}, complete=False)})
    text = page.read_text(encoding="utf-8")
    assert "30 times faster than real time" in text
    assert "fork: not on this system" in text
    assert "From one process to another" not in text
