"""The late read's arithmetic on scripted flips: only its clock is not a real one."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.display import late_read
from psychopy_nfb.display.late_read import LARGEST_SHARE, LateRead

PERIOD = 1 / 60


class Display:
    """Frames of a display: what `LateRead` asks of the clock and hears of the flips."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        self.late = LateRead(PERIOD)
        self.late._sleeper = self
        monkeypatch.setattr(late_read, "lsl_now", lambda: self.now)
        self.frame = self.now
        self.missed = 0

    def wait_until(self, deadline):
        self.now = max(self.now, deadline)
        return self.now

    def show(self, work, heard_late=0.0):
        """Show one frame that takes `work` seconds; return the seconds from read to flip."""
        t_read = self.late.wait()
        self.now += work
        self.late.flip_called()
        frames = max(1, int(np.ceil((self.now - self.frame) / PERIOD - 1e-9)))
        self.frame += frames * PERIOD
        self.missed += frames - 1
        self.now = self.frame + heard_late
        self.late.flipped(self.now, frames - 1)
        return self.frame - t_read


@pytest.fixture
def display(monkeypatch):
    """Return a 60 Hz display."""
    return Display(monkeypatch)


def test_row_101_the_margin_follows_the_work(display):
    display.show(0.002)
    assert display.show(0.002) == pytest.approx(LARGEST_SHARE * PERIOD)  # careful at first
    for work in (0.002, 0.006):
        ages = [display.show(work) for _ in range(1500)]
        assert ages[-1] == pytest.approx(work + late_read.GUARD_SECONDS, abs=1e-5)
    assert display.missed == 1  # when the work grew by more than the guard


def test_a_frame_drawn_too_late_widens_the_margin_at_once_and_time_narrows_it(display):
    for _ in range(200):
        display.show(0.002)
    before = display.late.margin
    display.show(0.008)
    assert display.missed == 1
    wide = display.late.margin
    assert wide > before + 0.001
    for _ in range(1500):
        display.show(0.002)
    assert display.missed == 1
    assert display.late.margin == pytest.approx(before, abs=1e-4)


def test_a_stall_of_the_machine_does_not_widen_the_margin(display):
    for _ in range(200):
        display.show(0.002)
    before = display.late.margin
    display.show(0.050)
    assert display.missed == 3
    assert display.late.margin == pytest.approx(before, abs=1e-6)


def test_flips_that_are_heard_of_late_are_foreseen_in_time(display):
    random = np.random.default_rng(4)
    for _ in range(1000):
        display.show(0.002, heard_late=random.exponential(0.001))
    assert display.missed == 0
    assert display.late._frame == pytest.approx(display.frame, abs=0.0005)


def test_a_display_that_wants_its_frames_earlier_gets_them(display):
    """A compositor takes a frame only if it was drawn 5 ms before the flip."""
    missed = []
    for _ in range(300):
        t_read = display.late.wait()
        display.now += 0.002
        display.late.flip_called()
        too_late = display.now > display.frame + PERIOD - 0.005
        missed.append(too_late)
        display.frame += (1 + too_late) * PERIOD
        display.now = display.frame
        display.late.flipped(display.now, int(too_late))
        assert t_read < display.now
    assert any(missed)
    assert sum(missed[-100:]) <= 3


@pytest.mark.alone
@pytest.mark.parametrize("period", [None, 0.0])
def test_without_a_frame_period_it_does_not_wait(period):
    late = LateRead(period)
    assert not late.active
    assert "not known" in late.why_off
    before = late.wait()
    late.flipped(before, 0)
    assert late.wait() - before < 0.01


def test_it_switches_itself_off_once_when_flips_do_not_block(display, caplog):
    for _ in range(100):
        display.now += 0.001
        display.late.flipped(display.now, 0)
    assert not display.late.active
    assert "no vertical sync" in display.late.why_off
    assert len(caplog.records) == 1
