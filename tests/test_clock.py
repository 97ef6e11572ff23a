"""One clock for everything: offsets are recovered, and points in time are not missed."""

from __future__ import annotations

import time

import pytest

from psychopy_nfb import clock
from psychopy_nfb.clock import PsychoPyClock, Sleeper, lsl_now, measure_offset


@pytest.mark.parametrize("offset", [0.0, 0.123, -7.5, 1.7e9])
def test_row_061_an_injected_offset_is_recovered_to_a_millisecond(offset):
    measured = measure_offset(lambda: lsl_now() + offset, lsl_now)
    assert measured.offset == pytest.approx(offset, abs=0.001)
    assert 0 <= measured.uncertainty < 0.001


def test_row_061_a_reading_that_was_interrupted_is_not_believed():
    """Of 50 readings 45 are held up on one side: the narrowest sandwich is one of the others."""
    calls = iter(range(1000))

    def ahead():
        if next(calls) % 10:
            time.sleep(0.002)
        return lsl_now() + 3.0

    assert measure_offset(ahead, lsl_now).offset == pytest.approx(3.0, abs=0.001)


def test_row_061_a_clock_that_is_set_during_the_run_is_followed():
    ahead = [10.0]
    mapping = PsychoPyClock(lambda: lsl_now() + ahead[0])
    assert mapping.offset == pytest.approx(10.0, abs=0.001)
    ahead[0] += 0.05
    mapping.measure()
    first, second = mapping.history
    assert second.offset - first.offset == pytest.approx(0.05, abs=0.001)
    assert mapping.to_lsl(mapping.from_lsl(5.0)) == pytest.approx(5.0)
    now = lsl_now()
    assert mapping.to_lsl(now + ahead[0]) == pytest.approx(now, abs=0.001)


def test_row_061_psychopy_s_own_clock_is_mapped_onto_lsl_s():
    from psychopy import clock as psychopy_clock

    mapping = PsychoPyClock()
    mapping.measure()
    inside = 0
    for _ in range(20):
        before = lsl_now()
        mapped = mapping.to_lsl(psychopy_clock.getTime())
        inside += before - 0.001 <= mapped <= lsl_now() + 0.001
    assert inside == 20


def test_a_sleeper_is_never_early_and_does_not_wait_for_the_past():
    sleeper = Sleeper()
    for wait in (0.0, 0.0005, 0.003, 0.02):
        deadline = lsl_now() + wait
        assert sleeper.wait_until(deadline) >= deadline
    before = lsl_now()
    assert sleeper.wait_until(before - 10) - before < 0.5


def test_a_sleeper_learns_from_sleeping_too_long(monkeypatch):
    now = [100.0]
    overshoot = [0.0]

    def read():
        now[0] += 1e-5
        return now[0]

    def sleep(seconds):
        now[0] += seconds + overshoot[0]

    monkeypatch.setattr(clock, "lsl_now", read)
    monkeypatch.setattr(clock.time, "sleep", sleep)
    sleeper = Sleeper()
    assert sleeper.guard == clock.SMALLEST_GUARD
    overshoot[0] = 0.0015
    assert sleeper.wait_until(now[0] + 0.01) >= now[0] - 1e-5
    grown = sleeper.guard
    assert grown == pytest.approx(1.5 * 0.0015, rel=0.05)
    deadline = now[0] + 0.01
    assert sleeper.wait_until(deadline) - deadline < 2e-5  # in time, though it slept too long
    overshoot[0] = 0.0
    for _ in range(700):
        sleeper.wait_until(now[0] + 0.01)
    assert sleeper.guard == pytest.approx(max(grown / 2, clock.SMALLEST_GUARD), rel=0.05)
