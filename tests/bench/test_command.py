"""`psychopy-nfb bench`: figures beside their bars, and what is kept of them."""

from __future__ import annotations

import json
import subprocess
import sys

import psutil
import pytest

from psychopy_nfb.bench.dsp import BARS, GROWING, allocation_growth
from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.cli import main


def test_a_figure_is_held_up_to_its_bar_and_not_beyond():
    outcome = Outcome(
        {"lag_ms": 5.0, "late_ms": 5.1, "factor": 10.0, "slow_factor": 9.9, "n": 3.0},
        at_most={"lag_ms": 5, "late_ms": 5},
        at_least={"factor": 10, "slow_factor": 10},
    )
    assert [name for name in outcome.figures if outcome.missed(name)] == ["late_ms", "slow_factor"]
    said = [line.split(maxsplit=2)[2:] for line in outcome.lines()]
    assert said == [
        ["bar ≤ 5: held"],
        ["bar ≤ 5: NOT HELD"],
        ["bar ≥ 10: held"],
        ["bar ≥ 10: NOT HELD"],
        [],
    ]


def test_bench_dsp_keeps_its_figures_and_says_what_missed(tmp_path, capsys):
    file = tmp_path / "dsp.json"
    status = main(["bench", "dsp", "--chunks", "2000", "--json", str(file)])
    told = json.loads(file.read_text())
    figures, said = told["figures"], capsys.readouterr().out
    assert set(figures) >= {*BARS, *(f"chunk_us_{n}ch" for n in GROWING)}
    assert min(figures[f"chunk_us_{n}ch"] for n in GROWING) > 0
    assert status == int("NOT HELD" in said)
    for name, bar in BARS.items():
        assert told["bars"][name] == bar
        assert (f"bar ≥ {bar:g}: held" in said) or figures[name] < bar
    assert "Reference" in told["conditions"]["pipeline"]


def test_a_pipeline_s_memory_does_not_grow():
    assert allocation_growth(20_000) < 4096


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--chunks", "10"], "chunks=10"), (["--json", "/nowhere/here.json"], "json")],
)
def test_what_cannot_be_measured_is_refused_at_once(arguments, said, capsys):
    assert main(["bench", "dsp", *arguments]) == 2
    assert said in capsys.readouterr().err


BENCH = """
import time, psutil
from psychopy_nfb.bench.setting import STREAMS, amplifier
from psychopy_nfb.bench.steal_time import Standstills
with amplifier(STREAMS[""]), Standstills():
    print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
    time.sleep(60)
"""


def test_a_killed_benchmark_leaves_no_process():
    bench = subprocess.Popen([sys.executable, "-c", BENCH], stdout=subprocess.PIPE, text=True)
    children = [psutil.Process(int(pid)) for pid in bench.stdout.readline().split()]
    bench.kill()
    bench.wait()
    bench.stdout.close()
    assert children
    assert not psutil.wait_procs(children, timeout=5)[1]
