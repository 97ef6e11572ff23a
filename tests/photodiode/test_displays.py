"""Displays and recordings as labs have them: the right figure, or the right sentence."""

from __future__ import annotations

import numpy as np
import pytest
from display_simulation import simulate_display
from examined_light import edge_errors, lost, missed, rms
from light_seed import SEED

from psychopy_nfb.photodiode import NoLight, NoMatch, light_times

MORE = pytest.mark.campaign
REFRESHES, RATES = [60.0, 75.0, 85.0, 100.0, 120.0], [500.0, 1000.0, 2048.0, 5000.0]
PULSED = [
    pytest.param(kind, refresh, rate, marks=() if (number + len(kind)) % 7 == 0 else MORE)
    for kind in ("crt", "strobe", "bfi")
    for number, (refresh, rate) in enumerate((one, two) for one in REFRESHES for two in RATES)
]


def examine(seed=0, rate=1000.0, **conditions):
    """Return the simulation, what was found, and the errors of edges in samples."""
    simulated = simulate_display(np.random.default_rng([SEED, seed]), rate, **conditions)
    found = light_times(simulated.frames, simulated.values, simulated.stamps)
    errors = edge_errors(simulated, found) * rate
    return simulated, found, errors


@pytest.mark.parametrize(("kind", "refresh", "rate"), PULSED)
@pytest.mark.parametrize("averaged", [False, True])
def test_the_first_pulse_of_a_refresh_is_timed(kind, refresh, rate, averaged):
    simulated, found, errors = examine(
        int(refresh), rate, seconds=6, refresh=refresh, kind=kind, averaged=averaged, missed=3
    )
    assert found.summary.pulse_ms > 0
    assert rms(errors) <= 0.5, f"seed {SEED}"
    # Of 2 ms of light, samples every 2 ms may lie on the slopes only: such a refresh is not known.
    between = lost(found)
    assert len(between) < (0.2 * found.summary.frames if kind == "strobe" and rate <= 500 else 1)
    assert missed(found) == simulated.missed - between, f"seed {SEED}"
    assert found.summary.repeated == 0
    assert abs(found.summary.edges / found.summary.frames - 0.5) < 0.1, "each light frame has one"


@pytest.mark.parametrize("kind", ["crt", "strobe", "bfi"])
def test_refreshes_without_samples_have_lost_their_pulse_and_not_missed_it(kind):
    simulated = simulate_display(np.random.default_rng([SEED, 10]), 2048.0, 10.0, kind=kind)
    since = simulated.stamps - simulated.stamps[0]
    kept = since % 0.187 > 0.0225  # 53 times 1.35 refreshes, as a wireless amplifier drops packets
    found = light_times(simulated.frames, simulated.values[kept], simulated.stamps[kept])
    assert found.summary.missed == found.summary.repeated == 0, f"seed {SEED}"
    assert 53 <= found.summary.lost <= 2 * 53


@pytest.mark.parametrize("inverted", [False, True])
def test_a_pulsed_display_with_repeated_frames_and_a_sensor_that_falls_in_light(inverted):
    simulated, found, errors = examine(
        1, kind="crt", refresh=85.0, delays=2, inverted=inverted, hum=0.05, noise=0.02
    )
    assert found.summary.inverted == inverted
    assert rms(errors) <= 0.5, f"seed {SEED}"
    assert found.summary.repeated == len(simulated.delays)
    assert not missed(found)


@pytest.mark.parametrize("rate", [500.0, pytest.param(5000.0, marks=MORE)])
@pytest.mark.parametrize("pwm", [181.0, 239.0])
def test_several_pulses_in_a_refresh_are_a_sentence(rate, pwm):
    with pytest.raises(NoLight, match=r"pulsed light, about .* brightness"):
        examine(2, rate, seconds=5, kind="pwm", pwm=pwm)


def test_late_flip_stamps_are_no_missed_frames():
    simulated, found, errors = examine(3, seconds=30, late=0.01, missed=2)
    assert missed(found) == simulated.missed, f"seed {SEED}"
    assert found.summary.repeated == 0
    assert rms(errors) <= 0.1


@pytest.mark.parametrize("touch", ["dark", "bright", "wobble", "half"])
@pytest.mark.parametrize("seconds", [0.4, pytest.param(0.8, marks=MORE), 1.5])
def test_a_sensor_that_is_touched_is_lost_signal(touch, seconds):
    _, found, errors = examine(int(10 * seconds), seconds=12, touched=seconds, touch=touch)
    assert not missed(found), f"seed {SEED}"
    assert found.summary.repeated == 0
    assert 0.6 * seconds * 60 <= found.summary.lost <= seconds * 60 + 12
    assert rms(errors) <= 0.5


@pytest.mark.parametrize("vrr", [0.03, 0.2])
def test_with_a_variable_refresh_rate_each_flip_has_its_own_light(vrr):
    _, found, errors = examine(4, seconds=15, vrr=vrr)
    assert found.summary.tied == "flips"
    assert rms(errors) <= 0.1, f"seed {SEED}"
    assert not missed(found)
    assert found.summary.repeated == 0


@pytest.mark.parametrize(("free", "refresh"), [(60.2, 59.94), (60.06, 60.0), (59.8, 60.0)])
def test_flips_that_do_not_wait_for_the_display_are_told(free, refresh):
    from psychopy_nfb.photodiode.verdict import judge

    simulated, found, errors = examine(5, seconds=40, free=free, refresh=refresh)
    assert found.summary.tied == "neither", f"seed {SEED}"
    said = " ".join(map(str, judge(found.summary)))
    assert f"{free:.2f}" in said
    assert "do not wait" in said
    assert "clock drifts" not in said
    skipped = (free - refresh) * 40
    assert abs(found.summary.missed - max(skipped, 0)) <= 1, f"seed {SEED}"
    assert abs(found.summary.repeated - max(-skipped, 0)) <= 1, f"seed {SEED}"
    # Those of the same level as the frame before are known by the two rates.
    assert simulated.missed & set(found.frames.frame) <= missed(found), f"seed {SEED}"
    assert "may have been missed" not in said
    assert rms(errors[np.isfinite(errors)]) <= 0.1


def test_latency_that_steps_and_alternates_is_named():
    from psychopy_nfb.photodiode.verdict import judge

    for n, later in (
        (30, (np.arange(1500) > 500) & (np.arange(1500) < 531)),
        (576, (np.arange(1500) // 48) % 2),
    ):
        _, found, errors = examine(6, seconds=20, later=later)
        said = " ".join(map(str, judge(found.summary)))
        assert abs(found.summary.later - n) < 60, f"seed {SEED}"
        assert "one refresh later" in said
        assert rms(errors[np.isfinite(errors)]) <= 0.1


@pytest.mark.parametrize("corner", [0.0, 0.1, 0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("rise", [0.001, 0.006])
def test_the_effect_of_a_high_pass_is_removed_and_told(corner, rise):
    from psychopy_nfb.photodiode.verdict import judge

    simulated, found, errors = examine(7, seconds=12, rise=rise, coupled=corner, missed=2)
    said = " ".join(map(str, judge(found.summary)))
    assert ("high-pass filter of about" in said) == (corner >= 0.5), f"seed {SEED}"
    assert "too short" not in said
    assert abs(found.summary.high_pass_hz - corner) < max(0.2 * corner, 0.11)
    assert abs(found.summary.rise_ms - 1e3 * rise) < 0.3
    assert abs(found.summary.fall_ms - 1e3 * rise) < 0.3
    assert missed(found) == simulated.missed
    assert rms(errors) <= 0.3


def test_a_high_pass_is_removed_from_each_stretch_between_gaps():
    simulated = simulate_display(np.random.default_rng([SEED, 11]), seconds=20, coupled=2.0)
    since = simulated.stamps - simulated.stamps[0]
    kept = ~(((since > 5) & (since < 5.2)) | ((since > 11) & (since < 12)))
    found = light_times(simulated.frames, simulated.values[kept], simulated.stamps[kept])
    assert found.summary.missed == found.summary.repeated == 0, f"seed {SEED}"
    assert abs(found.summary.high_pass_hz - 2) < 0.3
    assert found.summary.lost < 1.4 * 60
    assert rms(edge_errors(simulated, found) * 1000) <= 0.5


@pytest.mark.parametrize("share", [0.1, 0.3, 0.8, 1.0])
def test_samples_that_are_no_numbers_are_right_or_a_sentence(share):
    simulated = simulate_display(np.random.default_rng([SEED, 8]), 1000.0, 8.0)
    wrong = np.random.default_rng(SEED).random(len(simulated.values)) < share
    values = np.where(wrong, np.nan, simulated.values)
    if share > 0.5:
        with pytest.raises((NoLight, NoMatch)):
            light_times(simulated.frames, values, simulated.stamps)
        return
    found = light_times(simulated.frames, values, simulated.stamps)
    assert found.summary.missed == found.summary.repeated == 0, f"seed {SEED}"


def test_eleven_milliseconds_at_240_hz_are_good():
    from psychopy_nfb.photodiode.verdict import judge, passed

    _, found, _ = examine(9, 2000.0, seconds=8, refresh=240.0, rise=0.001, lag=0.011)
    assert 10 < found.summary.lag_median_ms < 12.5
    assert passed(judge(found.summary)), f"seed {SEED}"


class TestShortRecordings:
    """What another lag would explain nearly as well is refused, however long it is."""

    def cut(self, seed, seconds, day=SEED):
        rng = np.random.default_rng([day, seed])
        rate, mains = [500.0, 1000.0, 2000.0][seed % 3], [50.0, 60.0][seed % 2]
        made = simulate_display(rng, rate, 12.0, hum=0.1, mains=mains)
        begin = made.stamps[0] + rng.uniform(2, 9)
        kept = (made.stamps > begin) & (made.stamps < begin + seconds)
        found = light_times(made.frames, made.values[kept], made.stamps[kept])
        errors = edge_errors(made, found)
        return found, np.abs(errors).max()

    @pytest.mark.parametrize("seconds", [0.55, 0.62, 0.7])
    @pytest.mark.parametrize("seeds", [range(8), pytest.param(range(8, 68), marks=MORE)])
    def test_short_ones_with_hum_are_right_or_refused(self, seconds, seeds):
        right = 0
        for seed in seeds:
            try:
                found, worst = self.cut(seed, seconds)
            except (NoMatch, NoLight):
                continue
            assert worst < 0.004, f"seed {SEED}, {seed}"
            assert found.summary.missed == found.summary.repeated == 0, f"seed {SEED}, {seed}"
            right += 1
        assert right >= 0.3 * len(seeds)

    @pytest.mark.parametrize(
        ("seed", "seconds"), [(8, 0.55), (40, 0.55), (16, 0.62), (22, 0.62), (46, 0.62), (54, 0.62)]
    )
    def test_half_of_the_way_is_not_taken_for_that_of_another_edge(self, seed, seconds):
        # From so few edges an answer is learnt a part of a refresh, or more, away from them.
        said = ""
        try:
            found, worst = self.cut(seed, seconds, day=739947)
        except NoMatch as refused:
            said = str(refused)
        if said:
            assert "two ways of timing them differ by" in said
        else:
            assert worst < 0.002
            assert found.summary.missed == found.summary.repeated == 0

    @pytest.mark.parametrize("seed", range(3))
    def test_two_seconds_are_enough(self, seed):
        found, worst = self.cut(seed, 2.0)
        assert worst < 0.002
        assert found.summary.missed == found.summary.repeated == 0
