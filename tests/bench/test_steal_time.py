"""What a machine's own standstills count for in a measurement."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pandas as pd
import pytest

from psychopy_nfb.bench.frames import sort_out
from psychopy_nfb.bench.outcome import Outcome
from psychopy_nfb.bench.steal_time import CALM_SECONDS, Pace, Standstills, Turns

# Nothing else runs on a processor while a program of the highest priority spins on it, not even a
# witness: for the witness this is what a host that takes the processor away looks like.
TAKE_A_PROCESSOR = """
import os, sys
from psychopy_nfb.clock import lsl_now
os.sched_setaffinity(0, {int(sys.argv[1])})
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(os.sched_get_priority_max(os.SCHED_FIFO)))
begin = lsl_now()
while lsl_now() < begin + 0.03:
    pass
print(begin, lsl_now())
"""


def test_the_pace_of_the_machine_is_told_beside_the_figures():
    pace = Pace()
    assert pace.facts() == {}
    for _ in range(20):
        pace.look()
    facts = pace.facts()
    assert 0 < facts["loop_us_quartile_1"] <= facts["loop_us_median"] <= facts["loop_us_quartile_3"]
    said = Outcome({"x": 1.0}, conditions=facts).said()
    assert f"a fixed loop of Python took {facts['loop_us_median']:.0f} µs" in said
    assert "fixed loop" not in Outcome({"x": 1.0}).said()


def taken(cpu: int) -> tuple[float, float]:
    """Take a processor away from all others for 30 ms; return when."""
    command = [sys.executable, "-c", TAKE_A_PROCESSOR, str(cpu)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode:
        pytest.skip(f"needs the highest priority: {said.stderr.strip().splitlines()[-1]}")
    begin, end = map(float, said.stdout.split())
    return begin, end


@pytest.fixture
def cpus():
    """Return this machine's processors, or skip."""
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system has no priorities of this kind")
    return sorted(os.sched_getaffinity(0))


def test_a_processor_taken_away_is_a_standstill_on_each_of_them(cpus):
    with Standstills() as standstills:
        spans = [taken(cpu) for cpu in cpus]
        time.sleep(0.05)
        assert standstills.watched
        begins, ends = zip(*spans, strict=True)
        assert standstills.during(begins, ends).all()


def test_what_lay_before_and_after_is_none(cpus):
    with Standstills() as standstills:
        begin, end = taken(cpus[0])
        time.sleep(0.05)
        found = standstills.during(
            [begin - 3600, begin, end + 3600], [begin - 3599, end, end + 3601]
        )
    assert found.tolist() == [False, True, False]


def test_without_a_witness_nothing_counts_as_a_standstill():
    standstills = Standstills()  # never entered: no witness has said anything
    assert not standstills.watched
    assert not standstills.during([0.0, 5.0], [1.0, 1e9]).any()


class OneStandstill:
    """Stands in for witnesses: one standstill whose time is known."""

    def during(self, begins, ends):
        """Return which spans have the moment 10.05 in them."""
        return ((begins < 10.05) & (ends > 10.05)).to_numpy()


def test_missed_frames_are_told_apart_by_when_they_were_missed():
    log = pd.DataFrame(
        {
            "t_flip": [10.0, 10.1, 10.2, 10.5, 10.6],
            "interval": [float("nan"), 0.1, 0.1, 0.3, 0.1],
            "dropped": [0, 2, 2, 5, 5],
        }
    )
    missed, in_standstills, flips_in_standstills = sort_out(log, OneStandstill())
    assert (missed, in_standstills, flips_in_standstills) == (3, 2, 1)


def test_disturbed_turns_are_repeated_as_often_as_allowed_and_then_counted():
    turns = Turns(repeats=2)
    stolen = iter([CALM_SECONDS * 2, 0.0, CALM_SECONDS * 2, CALM_SECONDS * 3])
    assert turns.calm(lambda: ("second", next(stolen))) == "second"
    assert (turns.repeated, turns.disturbed) == (1, 0)
    assert turns.calm(lambda: ("fourth", next(stolen))) == "fourth"
    assert (turns.repeated, turns.disturbed) == (2, 1)
