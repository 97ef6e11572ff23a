"""Half of the way from one level to the other, also where light goes dark for a moment."""

from __future__ import annotations

import numpy as np
import pytest

from psychopy_nfb.photodiode.step_response import Answer

PERIOD, DIP = 1 / 60, 0.0012
SINCE = np.arange(-1.2 * PERIOD, 3 * PERIOD, 0.1e-3)


@pytest.mark.parametrize("dip_at", np.arange(0.0006, PERIOD - DIP - 0.0006, 0.0004))
def test_half_of_the_way_is_where_light_comes_or_goes_for_more_than_a_moment(dip_at):
    way = ((SINCE + 0.0005) / 0.001).clip(0, 1)
    level = np.where((SINCE - dip_at) % PERIOD < DIP, 0.05, 1.0) * way
    assert abs(Answer(SINCE, level).middle()) < 0.0002


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("tau", [0.0005, 0.002, 0.006])
def test_half_of_the_way_of_pixels_that_answer_exponentially(tau, noise):
    level = 1 - np.exp(-SINCE.clip(0) / tau)
    level += noise * np.random.default_rng(5).normal(size=len(level))
    # A tenth of noise reaches half-way only near it.
    assert abs(Answer(SINCE, level).middle() - tau * np.log(2)) < (0.1e-3 if not noise else tau / 2)


def test_a_pulse_has_a_rise_and_a_fall_of_its_own():
    level = ((SINCE - 0.001) / 0.0004).clip(0, 1) * ((0.004 - SINCE) / 0.0008).clip(0, 1)
    rise, fall = Answer(SINCE, level), Answer(-SINCE[::-1], level[::-1])
    assert rise.middle() == pytest.approx(0.0012, abs=1e-4)
    assert fall.middle() == pytest.approx(-0.0036, abs=1e-4)
    assert rise.duration() == pytest.approx(0.8 * 0.0004, abs=1e-4)
    assert fall.duration() == pytest.approx(0.8 * 0.0008, abs=1e-4)


@pytest.mark.parametrize(
    ("pulses", "dark", "pulsed"),
    [(1, 0.07, False), (4, 0.1, False), (4, 0.5, True), (3, 0.3, True)],
)
def test_several_pulses_in_a_refresh_are_told_from_moments_without_light(pulses, dark, pulsed):
    on = (SINCE % (PERIOD / pulses)) < (1 - dark) * PERIOD / pulses
    assert Answer(SINCE, on * (SINCE > 0) * 1.0).is_pulsed(PERIOD) == pulsed
